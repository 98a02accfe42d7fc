"""``wptui sandbox``: a WhatsApp Cloud API to develop against, and the strings of its puppets."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from wptui.i18n import _
from wptui.model.errors import LinkError, UsageError

if TYPE_CHECKING:
    from wptui.sandbox.server import Sandbox

LISTEN = "127.0.0.1:8090"
RELAY = "http://127.0.0.1:8080/webhook"
CONNECT_EVERY = 1.0
"""Seconds between attempts to reach a relay that is not there yet."""
SECRETS = {
    "app_secret": "WPTUI_APP_SECRET",
    "verify_token": "WPTUI_VERIFY_TOKEN",
    "access_token": "WPTUI_ACCESS_TOKEN",
}


@click.group("sandbox", help=_("A WhatsApp Cloud API to develop against, with customers who write."))
def sandbox() -> None:
    """The group itself does nothing."""


@sandbox.command(
    help=_(
        "Run the sandbox until it is interrupted. It prints the environment for `wptui relay run`, waits "
        "for the relay, and lets customers write to it. An agent who sends `!131026` sees that error, "
        "`!timeout` a call that is never answered."
    )
)
@click.option("--relay", default=RELAY, show_default=True, help=_("Where the relay takes webhooks."))
@click.option("--listen", default=LISTEN, show_default=True, help=_("HOST:PORT of the Graph API; port 0: any."))
@click.option(
    "--secret-from-env",
    is_flag=True,
    help=_("Take WPTUI_APP_SECRET, WPTUI_VERIFY_TOKEN and WPTUI_ACCESS_TOKEN from the environment."),
)
@click.option("--conversations", type=click.IntRange(0), default=12, show_default=True, help=_("How many customers."))
@click.option(
    "--rate",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help=_("Messages per second, endlessly; 0: at a human pace."),
)
@click.option(
    "--history",
    type=click.FloatRange(0, 23.5),
    default=0.0,
    show_default=True,
    help=_("Hours over which most first messages lie back."),
)
@click.option("--seed", help=_("Makes names, words, ids, order and secrets repeat."))
@click.option(
    "--lang",
    type=click.Choice(["tr", "en", "both"]),
    default="both",
    show_default=True,
    help=_("The customers' language."),
)
@click.option(
    "--pace",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help=_("Scales all waiting: 1 is life-like, 0.1 ten times as fast, 0 at once."),
)
@click.option("--hostile", is_flag=True, help=_("Add customers who attack the terminal."))
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=VALUE]",
    help=_("Something that goes wrong, for example `fail=131056:3`, `delay_ms=250`, `duplicate=0.2`."),
)
def run(
    relay: str,
    listen: str,
    secret_from_env: bool,
    conversations: int,
    rate: float,
    history: float,
    seed: str | None,
    lang: str,
    pace: float,
    hostile: bool,
    faults: tuple[str, ...],
) -> int:
    """Start, print the environment, connect, play."""
    import asyncio

    from wptui.sandbox.server import Sandbox

    host, port = _host_port(listen)
    given = _secrets_from_env() if secret_from_env else {}
    box = Sandbox(
        seed=seed,
        pace=pace,
        first_retry=1.0,
        app_secret=given.get("app_secret"),
        verify_token=given.get("verify_token"),
        access_token=given.get("access_token"),
    )
    _set_faults(box, faults)
    plan = {"rate": rate, "history": history, "lang": lang, "hostile": hostile}
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_serve(box, host, port, _webhook(relay), conversations, plan, tell_secrets=not given))


async def _serve(
    box: Sandbox,
    host: str,
    port: int,
    webhook: str,
    conversations: int,
    plan: dict[str, Any],
    *,
    tell_secrets: bool,
) -> int:
    import asyncio
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            break
    try:
        await box.start(host, port)
    except OSError as error:
        raise LinkError(
            _("cannot listen on {host}:{port}: {reason}").format(host=host, port=port, reason=error.strerror or error)
        ) from error
    try:
        for name, value in box.environment.items():
            if tell_secrets or name not in SECRETS.values():
                click.echo(f"export {name}={value}")
        sys.stdout.flush()
        stopping = asyncio.create_task(stop.wait())
        playing = asyncio.create_task(_connect_and_play(box, webhook, conversations, plan))
        done, _pending = await asyncio.wait({stopping, playing}, return_when=asyncio.FIRST_COMPLETED)
        if playing in done:
            playing.result()
            await stopping
        playing.cancel()
        return 0
    finally:
        await box.stop()


async def _connect_and_play(box: Sandbox, webhook: str, conversations: int, plan: dict[str, Any]) -> None:
    import asyncio

    from wptui.sandbox.webhooks import NotVerified

    said = ""
    while True:
        try:
            await box.connect(webhook)
            break
        except NotVerified as error:
            if str(error) != said:
                said = str(error)
                click.echo(_("waiting for the relay: {reason}").format(reason=said), err=True)
            await asyncio.sleep(CONNECT_EVERY)
    click.echo(_("connected to {url}").format(url=webhook), err=True)
    if conversations:
        box.play(conversations, **plan)


def _fast_loop() -> Any:
    """uvloop's loop where it exists: load at hundreds of messages a second is what it is for."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _host_port(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise UsageError(_("--listen: HOST:PORT expected, not {value}").format(value=listen))
    return host.strip("[]"), int(port)


def _webhook(relay: str) -> str:
    """The webhook's address; ``/webhook`` is added to a bare one."""
    parts = urlsplit(relay)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(_("--relay: an http or https address expected, not {value}").format(value=relay))
    return relay if parts.path.strip("/") else f"{relay.rstrip('/')}/webhook"


def _secrets_from_env() -> dict[str, str]:
    missing = [variable for variable in SECRETS.values() if not os.environ.get(variable)]
    if missing:
        raise UsageError(_("--secret-from-env: {names} not set").format(names=", ".join(missing)))
    return {key: os.environ[variable] for key, variable in SECRETS.items()}


def _set_faults(box: Sandbox, options: tuple[str, ...]) -> None:
    from wptui.sandbox.faults import parse_option

    for option in options:
        try:
            box.faults.update(parse_option(option))
        except ValueError as error:
            raise UsageError(_("--fault {option}: {reason}").format(option=option, reason=error)) from error


# -- strings to a running sandbox

_url = click.option(
    "--url",
    envvar="WPTUI_GRAPH_URL",
    default=f"http://{LISTEN}",
    show_default=True,
    help=_("The running sandbox's address."),
)


@sandbox.command(
    help=_(
        "Make CUSTOMER (a key such as ayse, a phone number, a user id) write TEXT. With --type it is something "
        'else than text; --with adds fields, as JSON: --type image --with \'{"caption": "Bak"}\'.'
    )
)
@click.argument("customer")
@click.argument("text", required=False)
@click.option("--type", "kind", default="text", show_default=True, help=_("The kind of message."))
@click.option("--with", "more", default="{}", metavar="JSON", help=_("More fields of the message."))
@_url
def say(customer: str, text: str | None, kind: str, more: str, url: str) -> None:
    """Print the new message's id."""
    try:
        fields = json.loads(more)
    except ValueError as error:
        raise UsageError(_("--with: {reason}").format(reason=error)) from error
    if not isinstance(fields, dict):
        raise UsageError(_("--with: a JSON object expected"))
    what = {"from": customer, "type": kind, **fields}
    if text is not None:
        what["text"] = text
    click.echo(_ask(url, "POST", "say", what)["wamid"])


@sandbox.command(help=_("Set what goes wrong from now on (NAME or NAME=VALUE); without one, all is well again."))
@click.argument("faults", nargs=-1)
@_url
def fault(faults: tuple[str, ...], url: str) -> None:
    """Print the switches as they are now."""
    from wptui.sandbox.faults import parse_option

    answer = {} if faults else _ask(url, "DELETE", "faults")
    for option in faults:
        try:
            changes = parse_option(option)
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from error
        answer = _ask(url, "POST", "faults", changes)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))


@sandbox.command(help=_("Print what the sandbox has seen and sent, as JSON."))
@_url
def state(url: str) -> None:
    """Print ``/sandbox/state``."""
    click.echo(json.dumps(_ask(url, "GET", "state"), ensure_ascii=False, indent=2))


def _ask(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    import httpx

    try:
        answer = httpx.request(method, f"{url.rstrip('/')}/sandbox/{path}", json=body, trust_env=False)
        told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise LinkError(
            _("no sandbox answers at {url}: {reason}").format(url=url, reason=error),
            hint=_("Start one with: wptui sandbox run"),
        ) from error
    if answer.status_code != 200 or not isinstance(told, dict):
        raise UsageError(str(told.get("error", told)) if isinstance(told, dict) else str(told))
    return told
