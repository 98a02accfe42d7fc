"""What an agent writes, checked and made ready for the queue."""

from __future__ import annotations

import sqlite3
from typing import Any, Protocol

import msgspec

from wptui.cloudapi import limits, payloads
from wptui.cloudapi.content import MEDIA_KINDS, read_content
from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.templates import fill_template
from wptui.i18n import _
from wptui.model import events as ev
from wptui.model.errors import RefusedError
from wptui.model.text import safe

CONTENT_BYTES = 64 * 1024
"""Of a whole message object; Meta's own limits are far below."""


class Stored(msgspec.Struct, frozen=True):
    """A file the relay keeps, and what it can be sent as."""

    key: str
    kind: str
    mime: str
    size: int
    filename: str = ""
    voice: bool = False
    animated: bool = False
    sha256: str = ""


class Files(Protocol):
    """Where uploaded files are kept."""

    def describe(self, key: str) -> Stored | None:
        """What is kept under `key`."""
        ...


def refused(code: str, message: str, hint: str = "") -> RefusedError:
    """A refusal with its stable code."""
    return RefusedError(code, message, hint=hint)


def own_text(field: str, text: str, limit: int) -> str:
    """A colleague's text, made safe. Raises RefusedError where it is empty or too long."""
    text = safe(text).strip()
    if not text:
        raise refused("invalid", _("{field}: the text is missing.").format(field=field))
    if len(text) > limit:
        told = _("{field}: {n} characters are the most, this has {length}.")
        raise refused("too_long", told.format(field=field, n=limit, length=len(text)))
    return text


def message_data(
    db: sqlite3.Connection,
    *,
    id: str,
    number: str,
    now: int,
    content: dict[str, Any],
    text: str,
    quote: str | None,
    files: Files,
) -> ev.MessageQueued:
    """The event of a message to be sent. Raises RefusedError: invalid (naming the field) or too_long."""
    if len(msgspec.json.encode(content)) > CONTENT_BYTES:
        raise refused("too_long", _("This message is too long."))
    kind = _checked(content)
    if kind == "reaction":
        raise refused("invalid", _("{field}: {reason}").format(field="type", reason=_("Reactions have a command.")))
    value = content[kind]
    shown = read_content(kind, {kind: value})
    return ev.MessageQueued(
        message=id,
        number=number,
        kind=kind,
        ts=now,
        text=_shown_text(db, kind, value, shown.text, text),
        body={key: part for key, part in shown.body.items() if key != "refused"},
        quote=quote,
        media=_file(kind, value, files),
        content={"type": kind, kind: value},
    )


def _checked(content: dict[str, Any]) -> str:
    try:
        return payloads.check_content(content)
    except PayloadError as error:
        text = content.get("text")
        body = text.get("body") if isinstance(text, dict) else None
        long = isinstance(body, str) and len(body) > limits.TEXT
        told = _("{field}: {reason}").format(field=error.field, reason=error)
        raise refused("too_long" if long else "invalid", told, error.hint) from error


def _shown_text(db: sqlite3.Connection, kind: str, value: Any, own: str, given: str) -> str:
    """What to show in the thread: the message's own words; of a template, as the customer will read it."""
    if kind == "template":
        language = value.get("language")
        row = db.execute(
            "SELECT components FROM templates WHERE name = ? AND language = ?",
            (value.get("name"), language.get("code") if isinstance(language, dict) else ""),
        ).fetchone()
        if row is not None:
            own = fill_template(msgspec.json.decode(row[0]), value.get("components") or ())
    return safe(own or given)[: limits.TEXT]


def uploads(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The file objects in a message that name a file of the relay's (`{"upload": key}`), to be read or filled."""
    found: list[dict[str, Any]] = []
    kind = content.get("type")
    value = content.get(kind) if isinstance(kind, str) else None
    if not isinstance(value, dict):
        return found
    if "upload" in value:
        found.append(value)
    if kind == "template":
        for component in value.get("components") or ():
            for parameter in component.get("parameters") or ():
                file = parameter.get(parameter.get("type"))
                if isinstance(file, dict) and "upload" in file:
                    found.append(file)
    return found


def _file(kind: str, value: dict[str, Any], files: Files) -> ev.Media | None:
    named = uploads({"type": kind, kind: value})
    media: ev.Media | None = None
    for file in named:
        key = file["upload"]
        stored = files.describe(key) if isinstance(key, str) else None
        field = f"{kind}.upload"
        if stored is None:
            told = _("{field}: the relay does not have this file (any more). Attach it again.")
            raise refused("invalid", told.format(field=field))
        if kind in MEDIA_KINDS and stored.kind != kind:
            told = _("{field}: a file of type {mime} cannot be sent as {kind}.")
            raise refused("invalid", told.format(field=field, mime=stored.mime, kind=kind))
        media = media or ev.Media(
            mime=stored.mime,
            sha256=stored.sha256,
            size=stored.size,
            filename=safe(str(file.get("filename") or stored.filename)),
            voice=bool(value.get("voice")),
            animated=stored.animated,
            key=stored.key,
        )
    return media
