"""``wptui relay agent``: who may sign in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wptui.cli.relay_options import CONFIG
from wptui.i18n import _
from wptui.model.errors import UsageError

if TYPE_CHECKING:
    from wptui.relay.accounts import Accounts, Device
    from wptui.relay.config import RelayConfig


@click.group(help=_("Who may sign in. Works while the relay runs, and while it does not."))
def agent() -> None:
    """The group."""


def _accounts(settings: RelayConfig) -> Accounts:
    from wptui.relay.accounts import Accounts, accounts_path

    path = settings.view_path if "://" in settings.database else Path(settings.database)
    return Accounts(accounts_path(path))


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
@CONFIG
def agent_add(name: str, config_file: Path | None) -> int:
    """Add an agent."""
    from wptui.relay import config

    if not name.strip():
        raise UsageError(_("A name is needed."))
    settings = config.load(config_file, secrets=False)
    accounts = _accounts(settings)
    added = accounts.add(name)
    click.echo(_("{name} may sign in; the id is {id}.").format(name=added.name, id=added.id))
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
        state = _("shut out") if each.revoked_at is not None else ""
        click.echo(f"{each.id:<20} {each.name}  {state}".rstrip())
        for device in accounts.devices(each.id):
            if device.revoked_at is None:
                click.echo(f"    {device.device}  {_minute(device.used_at)}")
    return 0


def _device_row(device: Device) -> dict[str, Any]:
    return {
        "device": device.device,
        "created_at": device.created_at,
        "used_at": device.used_at,
        "revoked": device.revoked_at is not None,
    }


def _minute(ts: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(ts).strftime("%Y-%m-%d %H:%M")
