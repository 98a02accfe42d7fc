"""The files of messages, both ways: in one folder, under names made by us, 0600.

Beside each file lies a small JSON: what it is, and under which ids Meta knows it. Nothing of a file's own name or
content decides where it is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Container
from pathlib import Path

import msgspec

from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.media import DOWNLOAD_LIMIT, check_size, file_name, kind_of, sniff
from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.model.text import safe_line
from wptui.paths import ensure_dir, open_private, write_atomic
from wptui.relay.outgoing import Stored

_KEY = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{1,8}", re.ASCII)

META_KEEPS = 29 * 86400
"""Seconds an uploaded id is used again; Meta keeps it for 30 days."""

_HEAD = 4096

_BROKEN_OFF = 86400
"""Seconds after which half a file is what a crash has left."""


class _Card(msgspec.Struct, omit_defaults=True):
    stored: Stored
    ids: dict[str, tuple[str, int]] = {}
    """Business number → (Meta's media id, when it was uploaded)."""
    by: str = ""
    """The agent who uploaded it."""


class TooBig(PayloadError):
    """More bytes than Meta takes for this kind of file."""


class FileStore:
    """The folder of files."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = ensure_dir(folder)
        self._clock = clock

    def path(self, key: str) -> Path | None:
        """Where the file `key` is; None for what is no key, or not there."""
        if not _KEY.fullmatch(key):
            return None
        path = self.folder / key
        return path if path.is_file() else None

    def place(self, seed: str, mime: str) -> Path:
        """Where a file belongs whose origin is `seed` (a message id): the same on every try."""
        name = file_name(seed, mime)
        return self.folder / (name if _KEY.fullmatch(name) else name.partition(".")[0] + ".bin")

    def describe(self, key: str) -> Stored | None:
        """What is kept under `key`."""
        card = self._card(key)
        return card.stored if card is not None and self.path(key) is not None else None

    def _card(self, key: str) -> _Card | None:
        if not _KEY.fullmatch(key):
            return None
        try:
            return msgspec.json.decode((self.folder / f"{key}.json").read_bytes(), type=_Card)
        except (OSError, msgspec.MsgspecError):
            return None

    def uploader(self, key: str) -> str:
        """The agent who uploaded the file `key`; "" for what customers sent."""
        card = self._card(key)
        return card.by if card is not None else ""

    def note(self, stored: Stored, by: str = "") -> None:
        """Write down what a file is, and which agent uploaded it. Raises StorageError."""
        self._write(_Card(stored, by=by))

    def _write(self, card: _Card) -> None:
        try:
            write_atomic(self.folder / f"{card.stored.key}.json", msgspec.json.encode(card))
        except OSError as error:
            raise self._full(error) from error

    def known_to_meta(self, key: str, number: str) -> str | None:
        """The id under which `number` has uploaded the file before, while Meta still has it."""
        card = self._card(key)
        id, at = card.ids.get(number, ("", 0)) if card is not None else ("", 0)
        return id if id and at > self._clock() - META_KEEPS else None

    def remember(self, key: str, number: str, id: str) -> None:
        """`number` has uploaded the file as `id`; an empty id forgets it. Raises StorageError."""
        card = self._card(key)
        if card is not None:
            card.ids[number] = (id, int(self._clock()))
            self._write(card)

    def prune(self, older: int, spared: Container[str] = ()) -> int:
        """Remove files that came more than `older` seconds ago (0 keeps all), and what was broken off; how many.

        Those of the keys `spared` stay.
        """
        now = self._clock()
        gone = 0
        for path in self.folder.iterdir():
            if _KEY.fullmatch(path.name) and older and path.stat().st_mtime < now - older:
                if path.name in spared:
                    continue
                path.unlink(missing_ok=True)
                path.with_name(f"{path.name}.json").unlink(missing_ok=True)
                gone += 1
            elif path.suffix == ".part" and path.stat().st_mtime < now - _BROKEN_OFF:
                path.unlink(missing_ok=True)
        return gone

    async def receive(self, chunks: AsyncIterator[bytes], filename: str, by: str = "") -> Stored:
        """Keep a file that the agent `by` wants to send. Raises PayloadError (type, size), StorageError."""
        part = self.folder / f"{secrets.token_hex(16)}.part"
        size, digest, head = 0, hashlib.sha256(), b""
        try:
            with open_private(part, "wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > DOWNLOAD_LIMIT:
                        raise TooBig("file", _("The file is too big for WhatsApp."))
                    digest.update(chunk)
                    if len(head) < _HEAD:
                        head += chunk[: _HEAD - len(head)]
                    await asyncio.to_thread(file.write, chunk)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            stored = self._judge(head, size, digest.hexdigest(), filename)
            part.replace(self.folder / stored.key)
        except OSError as error:
            raise self._full(error) from error
        finally:
            part.unlink(missing_ok=True)
        await asyncio.to_thread(self.note, stored, by)
        return stored

    def _judge(self, head: bytes, size: int, sha256: str, filename: str) -> Stored:
        mime = sniff(head, filename)
        kind = kind_of(mime)
        if kind is None:
            raise PayloadError(
                "file",
                _("WhatsApp does not take files of this type ({mime}).").format(mime=mime),
                hint=_("JPEG, PNG, MP4, 3GP, MP3, M4A, AAC, AMR, Ogg, PDF, text and Office files can be sent."),
            )
        animated = mime == "image/webp" and b"ANIM" in head
        try:
            check_size(kind, size, animated=animated)
        except PayloadError as error:
            raise TooBig(error.field, str(error)) if size else error from error
        return Stored(
            key=file_name(secrets.token_hex(16), mime),
            kind=kind,
            mime=mime,
            size=size,
            filename=safe_line(filename.replace("\\", "/").rpartition("/")[2], 240),
            voice=mime == "audio/ogg" and b"OpusHead" in head,
            animated=animated,
            sha256=sha256,
        )

    def _full(self, error: OSError) -> StorageError:
        return StorageError(
            _("The folder {path} cannot be written: {error}").format(path=self.folder, error=error.strerror),
            hint=_("Is the disk full?"),
        )
