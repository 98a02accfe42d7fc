"""Canned replies."""

from __future__ import annotations

import re

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe, safe_line
from wptui.relay.acts.base import Act, Plans
from wptui.relay.outgoing import own_text, refused

CANNED = 4096

_SHORTCUT = re.compile(r"[\w-]{1,32}")


def save(act: Act, command: c.SaveCanned) -> list[ev.Data]:
    if not _SHORTCUT.fullmatch(command.shortcut):
        raise refused("invalid", _("shortcut: up to 32 letters, digits, - and _."))
    text = own_text("text", command.text, CANNED)
    title = safe_line(command.title, 80)
    row = act.db.execute("SELECT text, title FROM canned WHERE shortcut = ?", (command.shortcut,)).fetchone()
    if row == (text, title):
        return []
    return [ev.CannedSaved(shortcut=command.shortcut, text=safe(text), title=title)]


def remove(act: Act, command: c.RemoveCanned) -> list[ev.Data]:
    if not act.db.execute("SELECT 1 FROM canned WHERE shortcut = ?", (command.shortcut,)).fetchone():
        text = _("There is no canned reply {name}.")
        raise refused("not_found", text.format(name=safe_line(command.shortcut, 40)))
    return [ev.CannedRemoved(shortcut=command.shortcut)]


PLANS: Plans = {
    c.SaveCanned: save,
    c.RemoveCanned: remove,
}
