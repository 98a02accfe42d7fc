"""Files of messages, both ways: fetched into a bounded folder of the cache, checked and uploaded before a send.

A file's place is the key the relay made for it; what a customer called it never becomes a path.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from wptui import paths
from wptui.cloudapi.media import DOWNLOAD_LIMIT, Upload, inspect
from wptui.i18n import _
from wptui.model.errors import LinkError, StorageError
from wptui.sync.http import Http
from wptui.sync.outbox import is_full

FOLDER_LIMIT = 512 << 20
"""Bytes all fetched files may take; those not used for longest go first."""
UPLOAD_SECONDS = 120.0

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}(\.[A-Za-z0-9]{1,8})?", re.ASCII)
_CHUNK = 256 << 10


class Uploaded(NamedTuple):
    """A file at the relay, ready to be sent."""

    key: str
    kind: str
    """image, audio, video, sticker or document: the type of the message."""
    mime: str
    size: int
    filename: str
    voice: bool

    def content(self, caption: str = "") -> dict[str, Any]:
        """The message object that sends it (`commands.SendMessage.content`)."""
        inner: dict[str, Any] = {"upload": self.key}
        if caption and self.kind in ("image", "video", "document"):
            inner["caption"] = caption
        if self.kind == "document":
            inner["filename"] = self.filename
        if self.kind == "audio" and self.voice:
            inner["voice"] = True
        return {"type": self.kind, self.kind: inner}


class MediaFolder:
    """The folder of fetched files, bounded in size."""

    def __init__(self, folder: Path, *, limit: int = FOLDER_LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._fetching: dict[str, asyncio.Task[Path]] = {}

    def path(self, key: str) -> Path | None:
        """Where the file `key` is, if it has been fetched."""
        if not _KEY.fullmatch(key):
            return None
        path = self.folder / key
        return path if path.is_file() else None

    async def fetch(self, http: Http, key: str) -> Path:
        """The file `key`, from here or from the relay. Raises LinkError, RefusedError, AuthError, StorageError."""
        if not _KEY.fullmatch(key):
            raise LinkError(_("The relay named a file in a way that is not safe"))
        here = self.path(key)
        if here is not None:
            os.utime(here)  # used now: the last to go
            return here
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetch(http, key))
            task.add_done_callback(lambda _task: self._fetching.pop(key, None))
        return await asyncio.shield(task)

    async def _fetch(self, http: Http, key: str) -> Path:
        try:
            paths.ensure_dir(self.folder)
            handle, name = await asyncio.to_thread(tempfile.mkstemp, prefix=".fetching-", dir=self.folder)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    async with http.stream("GET", f"/v1/media/{quote(key)}") as response:
                        size = 0
                        async for chunk in response.aiter_bytes(_CHUNK):
                            size += len(chunk)
                            if size > DOWNLOAD_LIMIT:
                                raise LinkError(_("The file is larger than WhatsApp allows"))
                            await asyncio.to_thread(file.write, chunk)
                os.replace(temporary, self.folder / key)
            finally:
                temporary.unlink(missing_ok=True)
            await asyncio.to_thread(self._bound, key)
        except OSError as error:
            text = _("the disk is full") if is_full(error) else str(error.strerror)
            raise StorageError(_("The file cannot be kept: {error}").format(error=text)) from error
        return self.folder / key

    def _bound(self, newest: str) -> None:
        found = [(entry.stat(), Path(entry.path)) for entry in os.scandir(self.folder) if entry.is_file()]
        total = sum(stat.st_size for stat, _path in found)
        for stat, path in sorted(found, key=lambda each: each[0].st_mtime_ns):
            if total <= self._limit:
                return
            if path.name != newest and not path.name.startswith(".fetching-"):
                path.unlink(missing_ok=True)
                total -= stat.st_size


async def upload(http: Http, path: Path) -> Uploaded:
    """Sends a file to the relay, for a message to carry.

    Raises PayloadError before anything is sent where Meta would not take the file, else as `Http.call`.
    """
    found = await asyncio.to_thread(inspect, path)
    headers = {
        "Content-Type": found.mime,
        "Content-Length": str(found.size),
        "X-Filename": quote(found.filename),
    }
    answer = await http.call_json(
        "POST", "/v1/media", content=_chunks(path, found), headers=headers, timeout=UPLOAD_SECONDS
    )
    key, kind = answer.get("key"), answer.get("kind")
    if not isinstance(key, str) or not isinstance(kind, str):
        raise LinkError(_("The relay took the file, but did not say under which name"))
    return Uploaded(
        key=key,
        kind=kind,
        mime=str(answer.get("mime") or found.mime),
        size=int(answer.get("size") or found.size),
        filename=found.filename,
        voice=bool(answer.get("voice", found.voice)),
    )


async def _chunks(path: Path, found: Upload) -> AsyncIterator[bytes]:
    left = found.size  # the file may grow meanwhile, the length is promised
    with await asyncio.to_thread(path.open, "rb") as file:
        while left > 0:
            chunk = await asyncio.to_thread(file.read, min(_CHUNK, left))
            if not chunk:
                raise LinkError(_("The file became shorter while it was sent"))
            left -= len(chunk)
            yield chunk
