"""Canned replies ↔ one TOML document.

[kargo]
title = "Shipping"
text = \"\"\"
Merhaba {{customer.first_name|efendim}},
siparişiniz yolda.\"\"\"
texts.en = "Hello {{customer.first_name|there}}, your order is on its way."
file = "~/tarife.pdf"
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from wptui.model.commands import SaveCanned
from wptui.model.settings import entries, read_document
from wptui.model.settings.base import Entry, SettingsError
from wptui.model.words import N_

LONGEST, LONGEST_TITLE = 4096, 80
"""Characters of a text (WhatsApp's limit) and of a title."""

_LANGUAGE = re.compile(r"[a-z]{2,3}([_-][A-Za-z]{2,4})?", re.ASCII)
_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f]')
_ESCAPED_LONG = re.compile('\\\\|"""|"$|[\x00-\x09\x0b-\x1f\x7f]')
_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", '"""': '""\\"'}


class CannedEntry(Entry):
    """One reply; its shortcut is the table's name. `media` is the relay's key of the file called `file`.

    Without `media`, `file` is a path on this machine, to be uploaded.
    """

    text: str = ""
    title: str = ""
    texts: dict[str, str] = {}
    file: str = ""
    media: str = ""


Canned = dict[str, CannedEntry]


def replies(db: sqlite3.Connection, owner: str) -> Canned:
    """The canned replies of `owner` ("" for the shared ones), by shortcut."""
    rows = db.execute(
        "SELECT shortcut, text, title, texts, media, filename FROM canned WHERE owner = ? ORDER BY shortcut", (owner,)
    )
    return {
        shortcut: CannedEntry(text=text, title=title, texts=msgspec.json.decode(texts), file=filename, media=media)
        for shortcut, text, title, texts, media, filename in rows
    }


def command(shortcut: str, entry: CannedEntry, *, own: bool) -> SaveCanned:
    """The entry as the command that saves it; a file still to be uploaded is not in it."""
    return SaveCanned(
        shortcut=shortcut,
        text=entry.text,
        title=entry.title,
        texts=entry.texts,
        own=own,
        media=entry.media,
        filename=entry.file if entry.media else "",
    )


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────


def write(found: Canned) -> str:
    """The replies as a document; `parse` reads exactly them."""
    return "\n".join(_table(shortcut, entry) for shortcut, entry in found.items())


def _table(shortcut: str, entry: CannedEntry) -> str:
    lines = [f"[{_key(shortcut)}]"]
    if entry.title:
        lines.append(f"title = {string(entry.title)}")
    if entry.text or not entry.file:
        lines.append(f"text = {string(entry.text)}")
    lines += [f"texts.{_key(language)} = {string(text)}" for language, text in entry.texts.items()]
    if entry.file:
        lines.append(f"file = {string(entry.file)}")
    if entry.media:
        lines.append(f"media = {string(entry.media)}")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else string(name.replace("\n", " "))


def string(text: str) -> str:
    """`text` as a TOML string: over several lines where it has them."""
    if "\n" in text:
        return '"""\n' + _ESCAPED_LONG.sub(_escape, text) + '"""'
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT.get(char) or f"\\u{ord(char):04x}"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────


def parse(text: str) -> Canned:
    """The replies of a document. Raises SettingsError for the first thing that is wrong."""
    found, wrong = _read(text)
    if wrong:
        raise wrong[0]
    return found


def problems(text: str) -> list[SettingsError]:
    """Everything that is wrong with a document, by line."""
    return sorted(_read(text)[1], key=lambda error: error.line)


def _read(text: str) -> tuple[Canned, list[SettingsError]]:
    return read_document(text, lambda table: entries(table, CannedEntry, "shipping"), _check)


def _check(found: Canned) -> Iterator[SettingsError]:
    for shortcut, entry in found.items():
        if entry.text or not entry.file:  # a file may speak for itself
            yield from _length(entry.text, (shortcut, "text"))
        if len(entry.title) > LONGEST_TITLE or "\n" in entry.title:
            yield SettingsError(N_("must be one line of up to {n} characters"), {"n": LONGEST_TITLE},
                                path=(shortcut, "title"))  # fmt: skip
        for language, text in entry.texts.items():
            if not _LANGUAGE.fullmatch(language):
                sentence = N_('"{code}" is no language code such as tr, en or pt_BR')
                yield SettingsError(sentence, {"code": language}, path=(shortcut, "texts", language))
            yield from _length(text, (shortcut, "texts", language))
        if entry.file and not entry.media and not Path(entry.file).expanduser().is_file():
            sentence = N_("there is no file {file} on this machine")
            yield SettingsError(sentence, {"file": entry.file}, path=(shortcut, "file"))
        if entry.media and not entry.file:
            yield SettingsError(N_('the key "media" goes with "file"'), path=(shortcut, "media"))


def _length(text: str, path: tuple[str, ...]) -> Iterable[SettingsError]:
    if not text.strip():
        yield SettingsError(N_("the text is missing"), path=path)
    elif len(text) > LONGEST:
        yield SettingsError(N_("is {n} characters too long"), {"n": len(text) - LONGEST}, path=path)
