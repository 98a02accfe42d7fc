"""``wptui login`` and ``wptui logout``: who this terminal is, and where."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys

import click

from wptui.i18n import _, ngettext
from wptui.model.errors import AuthError, UsageError, WptuiError
from wptui.model.text import safe_line


def _device() -> str:
    """What the relay's operator sees of this machine in the list of an agent's terminals."""
    return safe_line(platform.node() or "?", 60)


@click.command(
    help=_(
        "Connect this terminal to the relay at URL. The one-time code comes from whoever runs the relay "
        "(`wptui relay agent add NAME`); it is asked for unless --code gives it."
    )
)
@click.argument("url", metavar="URL")
@click.option("--code", metavar="CODE", help=_("The one-time code."))
def login(url: str, code: str | None) -> int:
    """Exchange the code for a token and keep that."""
    from wptui.sync import credentials, http

    url = credentials.relay_url(url)
    if not code:
        if not sys.stdin.isatty():
            code = sys.stdin.readline().strip()
            if not code:
                raise UsageError(_("the one-time code is missing"), hint=_("Give it with --code."))
        else:
            # Shown while typed: it is read from a screen or told on the phone, and works once.
            code = click.prompt(_("One-time code"), type=str)
    account = asyncio.run(http.login(url, code.strip(), _device()))
    where = credentials.save(account)
    click.echo(
        _("Signed in to {workspace} as {name}.").format(
            workspace=account.workspace or account.url, name=account.name or account.agent
        )
    )
    if where == "keyring":
        click.echo(_("The token is in the keyring."))
    else:
        click.echo(_("The token is in {path}, which only you can read.").format(path=where))
    click.echo(_("Next: `wptui` opens the inbox, `wptui list` prints it."))
    return 0


@click.command(
    help=_("Forget the relay's token, the cache and the drafts on this machine. URL: which relay, if not the last one.")
)
@click.argument("url", metavar="[URL]", required=False)
@click.option("--force", is_flag=True, help=_("Even if messages have not been sent yet: they are lost."))
def logout(url: str | None, force: bool) -> int:
    """Forget the account and everything of it that lies here."""
    from wptui.sync import credentials, http
    from wptui.sync.outbox import Outbox

    account = credentials.load(url or "")
    places = credentials.places(account)
    if places.outbox.exists():
        outbox = Outbox(places.outbox)
        waiting = len([item for item in outbox.pending() if item.state != "refused"])
        outbox.close()
        if waiting and not force:
            told = ngettext("{n} message is not sent yet", "{n} messages are not sent yet", waiting)
            raise UsageError(
                told.format(n=waiting),
                hint=_("Start wptui to send what waits, or use --force to throw it away."),
            )
    try:
        asyncio.run(http.logout(account))
    except AuthError:
        pass  # void already
    except WptuiError:
        click.echo(
            _("The relay still has this terminal in its list; `wptui relay agent revoke` there takes it off."), err=True
        )
    credentials.forget(account.url)
    for folder in {places.cache.parent, places.outbox.parent}:
        shutil.rmtree(folder, ignore_errors=True)
    click.echo(_("Signed out of {url}. Nothing of it is left on this machine.").format(url=account.url))
    return 0
