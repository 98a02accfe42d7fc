"""``wptui relay``: run the server, set it up, look after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wptui.cli.report import show, verdict
from wptui.i18n import _
from wptui.model.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from wptui.model.events import Event
    from wptui.relay.accounts import Accounts, Device
    from wptui.relay.config import RelayConfig

_CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The relay's configuration file; by default relay.toml in the configuration folder."),
)


@click.group(help=_("Run and manage the server that takes Meta's webhooks and serves the terminals."))
def relay() -> None:
    """The group."""


# ── run ──────────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(help=_("Serve until stopped by SIGINT or SIGTERM."))
@_CONFIG
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help=_("How much is told on stderr."),
)
def run(config_file: Path | None, log_level: str) -> int:
    """Serve."""
    import logging

    from wptui.relay import config, server

    settings = config.load(config_file)
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    # uvicorn tells every connection, httpx every request: what counts is in /metrics.
    for name in ("uvicorn.error", "uvicorn", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)

    def ready(started: server.Relay) -> None:
        click.echo(_("The relay listens on {url}").format(url=started.url))
        if settings.is_public:
            told = _("It listens to more than this machine: put a server with HTTPS in front of it.")
            click.echo(told, err=True)

    try:
        server.run(settings, ready=ready)
    except OSError as error:
        from wptui.model.errors import StorageError

        raise StorageError(
            _("{host}:{port} cannot be listened on: {reason}").format(
                host=settings.host, port=settings.port, reason=error.strerror or error
            ),
            hint=_("Set another address with WPTUI_LISTEN=127.0.0.1:8081."),
        ) from error
    return 0


# ── init ─────────────────────────────────────────────────────────────────────────────────────────────────

_TEMPLATE = """\
# The relay of wptui. `wptui relay doctor` checks it; the environment (WPTUI_…) goes before this file.
# Secrets are not in here: they are in {secrets}, which only you may read.

[relay]
# Where it listens. Leave it on this machine and put a server with HTTPS in front.
listen = {listen}
# The event log: everything that happened. Back it up.
# database = {database}
# What your terminals show in the corner.
workspace = {workspace}
# timezone = "Europe/Istanbul"
# A resolved request is reopened by a message that comes this soon after.
# reopen_within = "24h"
# From when a waiting customer counts as late.
# first_response_target = "10m"

[meta]
# The WhatsApp Business Account, and the ids (not the numbers) of its phone numbers. Without numbers: all of them.
waba = {waba}
{numbers}

[media]
# Customers' files. `largest` in MB; `keep` removes them after a time, for example "90d".
# folder = "…"
# largest = 100
# keep = "0s"

# A campaign is recognised by its code in the first message, or by the ad it came from.
# [[campaigns]]
# code = "KIŞ24"
# name = "Winter sale"
# ads = ["120210000000000001"]

# Canned replies to begin with; agents change them in the terminal.
# [[canned]]
# shortcut = "kargo"
# text = "Merhaba {{{{customer.first_name|efendim}}}}, kargonuz yola çıktı."
"""


@relay.command(help=_("Write a configuration, with the secrets in a file of their own, and say what comes next."))
@_CONFIG
@click.option("--waba", help=_("Id of the WhatsApp Business Account."))
@click.option("--numbers", help=_("Phone number ids, separated by commas; without: all of the account."))
@click.option("--workspace", help=_("What the shop is called."))
@click.option("--listen", default="127.0.0.1:8080", show_default=True, help=_("Host and port to listen on."))
@click.option("--database", type=click.Path(path_type=Path), help=_("Where the event log is kept."))
@click.option("--force", is_flag=True, help=_("Replace files that are there."))
def init(
    config_file: Path | None,
    waba: str | None,
    numbers: str | None,
    workspace: str | None,
    listen: str,
    database: Path | None,
    force: bool,
) -> int:
    """Ask for what is missing, in the terminal; secrets come from the environment or are typed unseen."""
    import json
    import os
    import secrets
    import sys

    from wptui import paths
    from wptui.relay import config

    path = config_file or config.default_file()
    secrets_path = path.parent / "relay-secrets.toml"
    for each in (path, secrets_path):
        if each.exists() and not force:
            raise ConfigError(_("{path} is there already.").format(path=each), hint=_("`--force` replaces it."))
    asking = sys.stdin.isatty()

    def ask(given: str | None, prompt: str, variable: str, *, hidden: bool = False, needed: bool = True) -> str:
        value = given if given is not None else os.environ.get(variable, "").strip() if variable else ""
        if not value and asking:
            value = str(click.prompt(prompt, hide_input=hidden, default="" if not needed else None)).strip()
        if not value and needed:
            raise UsageError(_("{variable} is missing, and there is no terminal to ask.").format(variable=variable))
        return value

    values = {
        "waba": ask(waba, _("WhatsApp Business Account id"), "WPTUI_WABA_ID"),
        "numbers": ask(numbers, _("Phone number ids, by commas (empty: all)"), "WPTUI_PHONE_NUMBER_IDS", needed=False),
        "workspace": ask(workspace, _("Name of the shop"), "", needed=False),
    }
    found = {
        "app_secret": ask(None, _("App secret"), "WPTUI_APP_SECRET", hidden=True),
        "access_token": ask(None, _("Access token of the system user"), "WPTUI_ACCESS_TOKEN", hidden=True),
        "verify_token": os.environ.get("WPTUI_VERIFY_TOKEN", "").strip() or secrets.token_urlsafe(24),
    }
    ids = [part.strip() for part in values["numbers"].split(",") if part.strip()]
    text = _TEMPLATE.format(
        secrets=secrets_path.name,
        listen=json.dumps(listen),
        database=json.dumps(str(database or paths.data_dir() / "relay.db")),
        workspace=json.dumps(values["workspace"], ensure_ascii=False),
        waba=json.dumps(values["waba"]),
        numbers=f"numbers = {json.dumps(ids)}" if ids else '# numbers = ["109876500000010"]',
    )
    if database is not None:
        text = text.replace("# database =", "database =")
    _check_written(text, path)
    lines = [f"{name} = {json.dumps(value)}" for name, value in found.items()]
    paths.write_atomic(secrets_path, ("\n".join(lines) + "\n").encode())
    paths.write_atomic(path, text.encode())
    click.echo(_("Written: {path} and {secrets}").format(path=path, secrets=secrets_path))
    click.echo()
    click.echo(_("Next:"))
    host = listen.rpartition(":")[0]
    for number, step in enumerate(
        (
            _("`wptui relay run` starts the relay on {listen}.").format(listen=listen),
            _("Put HTTPS in front of it (Caddy, cloudflared; see docs/operations.md)."),
            _(
                "App Dashboard → WhatsApp → Configuration: callback URL https://YOUR-HOST/webhook, verify token {token}"
            ).format(token=found["verify_token"]),
            _("Tick the webhook field messages, and set the app to Live."),
            _("`wptui relay doctor --subscribe`, then `wptui relay doctor` checks all of it."),
            _("`wptui relay agent add NAME` for everybody who is to answer."),
        ),
        1,
    ):
        click.echo(f"  {number}. {step}")
    if host not in ("127.0.0.1", "localhost", "[::1]"):
        click.echo(_("Note: this address is reached by others, without HTTPS."), err=True)
    return 0


def _check_written(text: str, path: Path) -> None:
    """Read the configuration as the relay will, before it is written: a wrong id is told now."""
    import tempfile

    from wptui.relay import config

    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / path.name
        trial.write_text(text, encoding="utf-8")
        try:
            config.load(trial, environment={}, secrets=False)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(trial), str(path)), hint=error.hint) from error


# ── doctor ───────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(
    help=_(
        "Check configuration, token, subscription, webhook, disk, clock and log, and say what to do about each "
        "failure. Exit code 1 if something failed."
    )
)
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
@click.option("--subscribe", is_flag=True, help=_("First subscribe the app to the account's webhooks."))
def doctor(config_file: Path | None, as_json: bool, subscribe: bool) -> int:
    """Run every check and report."""
    import asyncio

    from wptui.relay import config
    from wptui.relay.doctor import Doctor, Finding
    from wptui.relay.doctor import subscribe as do_subscribe

    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            show(finding)

    async def check(settings: RelayConfig) -> None:
        if subscribe:
            await do_subscribe(settings)
        async for finding in Doctor(settings).findings():
            tell(finding)

    try:
        settings = config.load(config_file)
    except ConfigError as error:
        tell(Finding("config.file", "fail", str(error), error.hint))
    else:
        asyncio.run(check(settings))
    return verdict(found, as_json=as_json)


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(help=_("Print the event log; works while the relay runs."))
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object a line."))
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="N", help=_("Only events after number N."))
@click.option("--follow", "-f", is_flag=True, help=_("Go on with what happens."))
def events(config_file: Path | None, as_json: bool, after: int, follow: bool) -> int:
    """Print the log."""
    import asyncio

    from wptui.relay import config

    settings = config.load(config_file, secrets=False)
    _needs_log(settings)
    try:
        asyncio.run(_print_events(settings.database, after, follow, _json_line if as_json else _text_line))
    except KeyboardInterrupt:
        if not follow:
            raise
    return 0


def _needs_log(settings: RelayConfig) -> None:
    if "://" not in settings.database and not Path(settings.database).exists():
        from wptui.model.errors import StorageError

        raise StorageError(
            _("There is no event log at {path}.").format(path=settings.database),
            hint=_("`wptui relay run` makes it; `--config` or WPTUI_DATABASE name another."),
        )


async def _print_events(database: str, after: int, follow: bool, line: Any) -> None:
    import asyncio
    import sys

    from wptui.relay.eventlog import make_log

    async with make_log(database, read_only=True) as log:
        while True:
            page = await log.read(after, 1000)
            for event in page:
                sys.stdout.write(line(event))
            if page:
                after = page[-1].seq
                sys.stdout.flush()
            elif not follow:
                return
            else:
                await asyncio.sleep(0.2)


def _json_line(event: Event) -> str:
    import msgspec

    row = {
        "seq": event.seq,
        "at": event.at,
        "actor": event.actor,
        "type": event.type,
        "conversation": event.conversation,
        "data": event.data,
    }
    return msgspec.json.encode(row).decode() + "\n"


def _text_line(event: Event) -> str:
    from datetime import datetime

    from wptui.model.text import safe_line

    at = datetime.fromtimestamp(event.at / 1000).strftime("%Y-%m-%d %H:%M:%S")
    data = safe_line(bytes(event.data).decode("utf-8", "replace"))
    return f"{event.seq:>8}  {at}  {event.type:<24} {event.conversation or '-':<14}  {event.actor:<16} {data}\n"


# ── replay ───────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(help=_("Build the log again from the stored webhook bodies; the relay must be stopped."))
@_CONFIG
def replay(config_file: Path | None) -> int:
    """Replay."""
    import asyncio
    import sys

    from wptui.relay import config
    from wptui.relay.replay import replay as build_again

    settings = config.load(config_file, secrets=False)
    _needs_log(settings)
    shown = sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown:
            click.echo(f"\r{done}/{total}", nl=False, err=True)

    backup = asyncio.run(build_again(Path(settings.database), settings.view_path, progress=progress))
    if shown:
        click.echo(err=True)
    click.echo(_("Done. The former log is kept as {path}").format(path=backup))
    return 0


# ── agents ───────────────────────────────────────────────────────────────────────────────────────────────


@relay.group(help=_("Who may sign in. Works while the relay runs, and while it does not."))
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
@_CONFIG
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
@_CONFIG
def agent_code(name: str, config_file: Path | None) -> int:
    """A new code."""
    from wptui.relay import config

    settings = config.load(config_file, secrets=False)
    accounts = _accounts(settings)
    _tell_code(settings, accounts.code(accounts.find(name).id))
    return 0


@agent.command("revoke", help=_("Shut somebody out, on all devices, at once."))
@click.argument("name")
@_CONFIG
def agent_revoke(name: str, config_file: Path | None) -> int:
    """Revoke an agent."""
    from wptui.relay import config

    accounts = _accounts(config.load(config_file, secrets=False))
    found = accounts.find(name)
    accounts.revoke(found.id)
    click.echo(_("{name} is shut out.").format(name=found.name))
    return 0


@agent.command("list", help=_("Show the agents and their devices."))
@_CONFIG
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
