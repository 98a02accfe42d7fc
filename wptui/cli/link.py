"""``wptui link``: a wa.me link for one of our numbers, and its QR code."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path

import click

from wptui.i18n import _


@click.command(
    help=_(
        "Print a link that opens WhatsApp with our number, and its QR code. NUMBER is one of ours (its name, its "
        "number or the end of it), or any number with its country code; the first of ours without it."
    )
)
@click.argument("number", metavar="[NUMBER]", default="")
@click.option("--campaign", metavar="CODE", default="", help=_("A campaign's code: who comes by the link is counted."))
@click.option("--text", default="", help=_("What is filled in for the customer to send."))
@click.option(
    "--qr", "file", type=click.Path(path_type=Path, dir_okay=False), help=_("Save the QR code: .svg or .png.")
)
@click.option("--no-qr", is_flag=True, help=_("The link only."))
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
def link_command(number: str, campaign: str, text: str, file: Path | None, no_qr: bool, as_json: bool) -> int:
    """Print a link."""
    from wptui import qr
    from wptui.model.errors import UsageError
    from wptui.model.text import safe_line
    from wptui.model.wa_link import TEXT, wa_link, with_code

    words = with_code(safe_line(text), safe_line(campaign))
    if len(words) > TEXT:
        raise UsageError(_("The text is too long: {n} characters are the most.").format(n=TEXT))
    phone = _phone(number)
    link = wa_link(phone, words)
    if file is not None:
        qr.save(link, file)
    if as_json:
        click.echo(json.dumps({"link": link, "number": phone, "text": words, "file": str(file) if file else None}))
        return 0
    click.echo(link)
    if file is not None:
        click.echo(_("QR code saved: {path}").format(path=file))
    elif not no_qr:
        ascii_only = "utf" not in (sys.stdout.encoding or "").lower()
        # White on black whatever the terminal's own colours are: an inverted code is hard to scan.
        begin, end = ("\x1b[38;5;231;48;5;16m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
        for line in qr.drawn(link, ascii_only=ascii_only):
            click.echo(f"{begin}{line}{end}")
    return 0


def _phone(wanted: str) -> str:
    """The number meant. Raises UsageError."""
    import phonenumbers

    from wptui.model.errors import UsageError

    ours = _ours()
    if not wanted:
        if not ours:
            raise UsageError(
                _("give a number: none of ours is known on this machine"),
                hint=_("Ours are known here once `wptui` or `wptui list` has run."),
            )
        return ours[0][1]
    from wptui.model.text import fold

    digits = "".join(char for char in wanted if char in "0123456789")
    tail = digits.lstrip("0")
    for id, display, name in ours:
        plain = "".join(char for char in display if char in "0123456789")
        if wanted == id or fold(wanted) == fold(name) or (len(tail) >= 4 and plain.endswith(tail)):
            return display
    try:
        parsed = phonenumbers.parse(wanted if wanted.startswith("+") else f"+{digits}", None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        names = ", ".join(f"{name or display}" for _id, display, name in ours)
        raise UsageError(
            _("{number} is neither one of our numbers nor a number with its country code").format(number=wanted),
            hint=_("There are: {names}").format(names=names) if names else "",
        )
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _ours() -> list[tuple[str, str, str]]:
    """(id, display, name) of our numbers, as the cache knows them; nothing where nobody is signed in."""
    from wptui import config
    from wptui.model.errors import WptuiError
    from wptui.store.database import open_database
    from wptui.sync import credentials

    try:
        places = credentials.places(credentials.load(config.load().relay.url))
        if not places.cache.exists():
            return []
        db = open_database(places.cache, read_only=True)
    except (WptuiError, OSError, sqlite3.Error):
        return []  # a link for any number can be made without
    try:
        return list(db.execute("SELECT id, display, name FROM numbers WHERE display <> '' ORDER BY id"))
    finally:
        db.close()
