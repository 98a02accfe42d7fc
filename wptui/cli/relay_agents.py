"""``wptui relay agent``: who may sign in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wptui.cli.relay_options import CONFIG
from wptui.i18n import _
from wptui.model.errors import UsageError

if TYPE_CHECKING:
    from wptui.relay.accounts import Accounts
    from wptui.relay.config import RelayConfig


@click.group(help=_("Who may sign in. Works while the relay runs, and while it does not."))
def agent() -> None:
    """The group."""


def _accounts(settings: RelayConfig) -> Accounts:
    from wptui.relay.accounts import Accounts, accounts_path

    path = settings.view_path if "://" in settings.database else Path(settings.database)
    return Accounts(accounts_path(path))


def _known_role(settings: RelayConfig, role: str) -> str:
    """`role`, if it is built in or one of the workspace's own. Raises UsageError."""
    from wptui.relay.accounts import own_roles, role_named

    return role_named(role, own_roles(settings.view_path))


def _tell_code(settings: RelayConfig, code: str) -> None:
    from wptui.relay.accounts import CODE_MINUTES

    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    shown = f"[{host}]" if ":" in host else host
    click.echo(_("One-time code: {code}").format(code=code))
    click.echo(_("It works once, within {n} minutes. On the agent's terminal:").format(n=CODE_MINUTES))
    click.echo()
    click.echo(f"    wptui login http://{shown}:{settings.port}")
    click.echo()
    if not settings.is_public:
        click.echo(_("From another machine: the address with https:// that leads to this relay."))


@agent.command("add", help=_("Let somebody in, and print a one-time code for their terminal."))
@click.argument("name")
@click.option("--role", metavar="ROLE", help=_("owner, manager, agent, viewer, or a role of your own."))
@CONFIG
def agent_add(name: str, role: str | None, config_file: Path | None) -> int:
    """Add an agent."""
    from wptui.relay import config

    if not name.strip():
        raise UsageError(_("A name is needed."))
    settings = config.load(config_file, secrets=False)
    wanted = _known_role(settings, role) if role else ""
    accounts = _accounts(settings)
    if wanted not in ("", "owner") and not any(each.revoked_at is None for each in accounts.agents()):
        raise UsageError(
            _("The first agent is the owner."), hint=_("Add them without --role; colleagues may be anything.")
        )
    added = accounts.add(name, wanted)
    told = _("{name} may sign in as {role}; the id is {id}.")
    click.echo(told.format(name=added.name, role=added.role, id=added.id))
    _tell_code(settings, accounts.code(added.id))
    return 0


@agent.command("code", help=_("Print a new one-time code, for another device."))
@click.argument("name")
@CONFIG
def agent_code(name: str, config_file: Path | None) -> int:
    """A new code."""
    from wptui.relay import config

    settings = config.load(config_file, secrets=False)
    accounts = _accounts(settings)
    _tell_code(settings, accounts.code(accounts.find(name).id))
    return 0


@agent.command("role", help=_("Give somebody a role: owner, manager, agent, viewer, or one of your own."))
@click.argument("name")
@click.argument("role")
@CONFIG
def agent_role(name: str, role: str, config_file: Path | None) -> int:
    """Change an agent's role."""
    from wptui.relay import config

    settings = config.load(config_file, secrets=False)
    accounts = _accounts(settings)
    found = accounts.find(name)
    wanted = _known_role(settings, role)
    accounts.set_role(found.id, wanted)
    click.echo(_("{name} is {role} now.").format(name=found.name, role=wanted))
    return 0


@agent.command("revoke", help=_("Shut somebody out, on all devices, at once."))
@click.argument("name")
@CONFIG
def agent_revoke(name: str, config_file: Path | None) -> int:
    """Revoke an agent."""
    from wptui.relay import config

    accounts = _accounts(config.load(config_file, secrets=False))
    found = accounts.find(name)
    accounts.revoke(found.id)
    click.echo(_("{name} is shut out.").format(name=found.name))
    return 0


@agent.command("list", help=_("Show the agents and their devices."))
@CONFIG
@click.option("--json", "as_json", is_flag=True, help=_("For programs: a JSON list."))
def agent_list(config_file: Path | None, as_json: bool) -> int:
    """List the agents."""
    import msgspec

    from wptui.relay import config

    accounts = _accounts(config.load(config_file, secrets=False))
    agents = accounts.agents()
    if as_json:
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "role": each.role,
                "revoked": each.revoked_at is not None,
                "devices": [
                    {
                        "device": d.device,
                        "created_at": d.created_at,
                        "used_at": d.used_at,
                        "revoked": d.revoked_at is not None,
                    }
                    for d in accounts.devices(each.id)
                ],
            }
            for each in agents
        ]
        click.echo(msgspec.json.encode(rows).decode())
        return 0
    if not agents:
        click.echo(_("There are no agents yet. `wptui relay agent add NAME` adds one."))
    for each in agents:
        state = _("shut out") if each.revoked_at is not None else each.role
        click.echo(f"{each.id:<20} {state:<12} {each.name}")
        for device in accounts.devices(each.id):
            if device.revoked_at is None:
                click.echo(f"    {device.device}  {_minute(device.used_at)}")
    return 0


def _minute(ts: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(ts).strftime("%Y-%m-%d %H:%M")
