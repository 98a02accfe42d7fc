"""``wptui relay init``: a first configuration, and what comes next."""

from __future__ import annotations

from pathlib import Path

import click

from wptui.cli.relay_options import CONFIG
from wptui.i18n import _
from wptui.model.errors import ConfigError, UsageError

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


@click.command(help=_("Write a configuration, with the secrets in a file of their own, and say what comes next."))
@CONFIG
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
