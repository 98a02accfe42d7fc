"""Canned replies: one at a time, or all of an owner's as an editor leaves them."""

from __future__ import annotations

import re

import msgspec

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe_line
from wptui.relay.acts.base import Act, Plans, changed_meanwhile
from wptui.relay.outgoing import own_text, refused
from wptui.store import team
from wptui.store.database import get_meta
from wptui.store.fold_workspace import CANNED_BY

CANNED = 4096
TITLE = 80
FILENAME = 240
REPLIES = 1000
"""Of one owner."""

_SHORTCUT = re.compile(r"[\w-]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?", re.ASCII)


def save(act: Act, command: c.SaveCanned) -> list[ev.Data]:
    saved = _checked(act, command, act.agent if command.own else "")
    return [] if _as_it_is(act, saved) else [saved]


def remove(act: Act, command: c.RemoveCanned) -> list[ev.Data]:
    owner = act.agent if command.own else ""
    known = "SELECT 1 FROM canned WHERE owner = ? AND shortcut = ?"
    if not act.db.execute(known, (owner, command.shortcut)).fetchone():
        text = _("There is no canned reply {name}.")
        raise refused("not_found", text.format(name=safe_line(command.shortcut, 40)))
    return [ev.CannedRemoved(shortcut=command.shortcut, owner=owner)]


def edit(act: Act, command: c.EditCanned) -> list[ev.Data]:
    owner = act.agent if command.own else ""
    if len(command.replies) > REPLIES:
        raise refused("too_long", _("{field}: {n} are the most.").format(field="replies", n=REPLIES))
    wanted: dict[str, ev.CannedSaved] = {}
    for each in command.replies:
        if each.shortcut in wanted:
            text = _("The shortcut {name} stands there twice.")
            raise refused("invalid", text.format(name=safe_line(each.shortcut, 40)))
        wanted[each.shortcut] = _checked(act, each, owner)
    known = [row[0] for row in act.db.execute("SELECT shortcut FROM canned WHERE owner = ?", (owner,))]
    data: list[ev.Data] = [ev.CannedRemoved(shortcut=name, owner=owner) for name in known if name not in wanted]
    data += [saved for saved in wanted.values() if not _as_it_is(act, saved)]
    if data and team.canned_revision(act.db, owner) != command.expect:
        at, _space, by = str(get_meta(act.db, CANNED_BY + owner, "") or "").partition(" ")
        raise changed_meanwhile(act, by, int(at or act.now))
    return data


def _checked(act: Act, command: c.SaveCanned, owner: str) -> ev.CannedSaved:
    """The event of a reply as it was written. Raises RefusedError, naming reply and field."""
    shortcut = command.shortcut
    if not _SHORTCUT.fullmatch(shortcut):
        raise refused("invalid", _("shortcut: up to 32 letters, digits, - and _."))
    texts: dict[str, str] = {}
    for language, text in command.texts.items():
        if not _LANGUAGE.fullmatch(language):
            told = _("{field}: a language is written like tr or pt_BR, not {language}.")
            raise refused("invalid", told.format(field=f"{shortcut}.texts", language=safe_line(language, 20)))
        texts[language] = own_text(f"{shortcut}.texts.{language}", text, CANNED)
    filename = ""
    if command.media:
        stored = act.files.describe(command.media)
        if stored is None:
            told = _("{field}: the relay does not have this file (any more). Attach it again.")
            raise refused("invalid", told.format(field=f"{shortcut}.media"))
        filename = safe_line(command.filename or stored.filename, FILENAME)
    # A file may speak for itself.
    text = "" if command.media and not command.text.strip() else own_text(f"{shortcut}.text", command.text, CANNED)
    return ev.CannedSaved(
        shortcut=shortcut,
        text=text,
        title=safe_line(command.title, TITLE),
        owner=owner,
        texts=texts,
        media=command.media,
        filename=filename,
    )


def _as_it_is(act: Act, saved: ev.CannedSaved) -> bool:
    row = act.db.execute(
        "SELECT text, title, texts, media, filename FROM canned WHERE owner = ? AND shortcut = ?",
        (saved.owner, saved.shortcut),
    ).fetchone()
    if row is None:
        return False
    text, title, texts, media, filename = row
    return (text, title, msgspec.json.decode(texts), media, filename) == (
        saved.text, saved.title, saved.texts, saved.media, saved.filename
    )  # fmt: skip


PLANS: Plans = {
    c.SaveCanned: save,
    c.RemoveCanned: remove,
    c.EditCanned: edit,
}
