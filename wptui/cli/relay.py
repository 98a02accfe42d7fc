"""``wptui relay``: run the server, set it up, look after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wptui.cli.relay_agents import agent
from wptui.cli.relay_init import init
from wptui.cli.relay_options import CONFIG
from wptui.cli.report import show, verdict
from wptui.i18n import _
from wptui.model.errors import ConfigError

if TYPE_CHECKING:
    from wptui.model.events import Event
    from wptui.relay.config import RelayConfig


@click.group(help=_("Run and manage the server that takes Meta's webhooks and serves the terminals."))
def relay() -> None:
    """The group."""


relay.add_command(init)
relay.add_command(agent)


# ── run ──────────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(help=_("Serve until stopped by SIGINT or SIGTERM."))
@CONFIG
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


# ── doctor ───────────────────────────────────────────────────────────────────────────────────────────────


@relay.command(
    help=_(
        "Check configuration, token, subscription, webhook, disk, clock and log, and say what to do about each "
        "failure. Exit code 1 if something failed."
    )
)
@CONFIG
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
@click.option("--subscribe", is_flag=True, help=_("First subscribe the app to the account's webhooks."))
def doctor(config_file: Path | None, as_json: bool, subscribe: bool) -> int:
    """Run every check and report."""
    import asyncio

    from wptui.model.finding import Finding
    from wptui.relay import config
    from wptui.relay.doctor import Doctor
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
@CONFIG
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
@CONFIG
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
