"""Customers' files: fetched at once, as a job apart from the message, which is on screen already.

A link in the webhook lives five minutes, a media id seven days; the link of an id is asked for anew whenever the
old one is refused. What has failed is tried again with growing pauses until Meta no longer has it. The token goes
to Meta's hosts alone (`cloudapi.graph`), and files are kept under names of ours.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wptui.cloudapi.media import DOWNLOAD_LIMIT, bare, kind_of
from wptui.model import events as ev
from wptui.model.errors import LinkError, StorageError, WptuiError
from wptui.relay.eventlog.contract import Append
from wptui.relay.outgoing import Stored
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.cloudapi.graph import Downloaded, GraphClient
    from wptui.relay.clerk import Clerk
    from wptui.relay.files import FileStore
    from wptui.relay.meters import Meters
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.downloads")

AT_ONCE = 4
META_KEEPS = 7 * 86400
"""Seconds Meta keeps a customer's file."""
LINK_SECONDS = 240
"""Seconds the link of a webhook is used; it lives five minutes."""
_PAUSE_MOST = 3600.0
_LISTED = 500
"""Files looked at in one round."""
_GONE = frozenset({404, 410})


class Wanted(msgspec.Struct, frozen=True):
    """A file that has to be fetched."""

    message: str
    conversation: str
    received_at: int
    media: ev.Media


def wanted(db: sqlite3.Connection) -> list[Wanted]:
    """The files still to be fetched, newest first: what cannot be had must not hold up what has just come."""
    rows = db.execute(
        "SELECT id, conversation, COALESCE(received_at, ts), media FROM messages "
        "WHERE media_state = 'wanted' ORDER BY seq DESC LIMIT ?",
        (_LISTED,),
    )
    return [
        Wanted(id, conversation, at, msgspec.json.decode(media, type=ev.Media)) for id, conversation, at, media in rows
    ]


class NotWhole(WptuiError):
    """Other bytes came than Meta announced."""


class Downloads:
    """The job. `run` until cancelled; `hear` is the clerk's listener."""

    def __init__(
        self,
        clerk: Clerk,
        graph: GraphClient,
        files: FileStore,
        meters: Meters,
        *,
        largest: int = DOWNLOAD_LIMIT,
        clock: Callable[[], float] = time.time,
        pace: float = 1.0,
    ) -> None:
        """*pace* scales every pause; tests make it small."""
        self._clerk = clerk
        self._graph = graph
        self._files = files
        self._meters = meters
        self._largest = largest
        self._clock = clock
        self._pace = pace
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._tries: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._waiting = 0
        meters.watch("media", lambda: self._waiting)

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells."""
        if any(event.type in (ev.MessageReceived.TYPE, ev.MessageEchoed.TYPE) for event in events):
            self._wake.set()

    async def run(self) -> None:
        """Fetch what is wanted, until cancelled."""
        try:
            while True:
                self._wake.clear()
                pause = await self._start_due()
                await set_within(self._wake, pause)
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _start_due(self) -> float:
        try:
            waiting = await self._clerk.look(wanted)
        except StorageError as error:
            _log.error("files wait: %s", error)
            return 5.0
        self._waiting = len(waiting)
        if len(waiting) < _LISTED:  # then these are all: what is no longer wanted is no longer remembered
            still = {item.message for item in waiting} | self._busy.keys()
            self._tries = {message: tries for message, tries in self._tries.items() if message in still}
            self._due = {message: due for message, due in self._due.items() if message in still}
        now = time.monotonic()
        soonest = now + _PAUSE_MOST
        for item in waiting:
            if item.message in self._busy:
                continue
            due = self._due.get(item.message, 0.0)
            if due > now:
                soonest = min(soonest, due)
            elif len(self._busy) < AT_ONCE:
                task = asyncio.create_task(self._work(item))
                self._busy[item.message] = task
                task.add_done_callback(partial(self._done, item.message))
        return soonest - now

    def _done(self, message: str, task: asyncio.Task[None]) -> None:
        self._busy.pop(message, None)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a download failed", exc_info=task.exception())
            self._later(message)
        self._wake.set()

    def _later(self, message: str) -> None:
        tries = self._tries[message] = self._tries.get(message, 0) + 1
        self._due[message] = time.monotonic() + min(_PAUSE_MOST, 2.0**tries) * self._pace

    # ── one file ─────────────────────────────────────────────────────────────────────────────────────────

    async def _work(self, item: Wanted) -> None:
        from wptui.cloudapi.graph import GraphRefused, MediaRefused

        try:
            stored = await self._fetch(item)
        except (MediaRefused, NotWhole) as error:
            self._count("refused")
            await self._failed(item, str(error), final=isinstance(error, MediaRefused))
        except GraphRefused as error:
            self._count("refused")
            # 100: Meta knows no such id; it may still appear (a webhook overtakes the file's own store).
            gone = error.code in (100, 404, 410) and self._tries.get(item.message, 0) >= 3
            await self._failed(item, str(error), final=gone or self._is_old(item))
        except LinkError as error:
            self._count("unreachable")
            await self._failed(item, str(error), final=self._is_old(item))
        except (OSError, StorageError) as error:
            self._count("storage")
            _log.error("the file of %s cannot be kept: %s", item.message, error)
            self._later(item.message)
        else:
            self._count("stored")
            self._tries.pop(item.message, None)
            self._due.pop(item.message, None)
            await self._log_event(
                item,
                ev.MediaStored(
                    message=item.message, key=stored.key, mime=stored.mime, size=stored.size, sha256=stored.sha256
                ),
            )

    def _count(self, outcome: str) -> None:
        self._meters.graph.labels("media", outcome).inc()

    def _is_old(self, item: Wanted) -> bool:
        return self._clock() - item.received_at > META_KEEPS

    async def _failed(self, item: Wanted, reason: str, *, final: bool) -> None:
        first = item.message not in self._tries
        self._later(item.message)
        # The first failure is told, and the last; what lies between would only fill the log.
        if final or first:
            await self._log_event(item, ev.MediaFailed(message=item.message, reason=reason, final=final))

    async def _log_event(self, item: Wanted, data: ev.Data) -> None:
        event = ev.make(data, at=int(self._clock() * 1000), actor="relay", conversation=item.conversation)
        unique = f"f:{item.message}:{'stored' if isinstance(data, ev.MediaStored) else ''}"
        await self._clerk.act(lambda db: [Append([event], unique=unique if isinstance(data, ev.MediaStored) else None)])

    async def _fetch(self, item: Wanted) -> Stored:
        media = item.media
        path = self._files.place(item.message, media.mime)
        sha256 = media.sha256
        got: Downloaded | None = None
        if media.url and self._clock() - item.received_at < LINK_SECONDS and not self._tries.get(item.message):
            got = await self._by_link(media.url, path)
        mime = media.mime
        if got is None:
            link = await self._graph.media_url(media.id)
            sha256, mime = link.sha256 or sha256, media.mime or link.mime
            got = await self._graph.download_media(link.url, path, limit=self._largest)
        if sha256 and not _same_digest(sha256, got.sha256):
            path.unlink(missing_ok=True)
            raise NotWhole("the file is not the one Meta announced")
        mime = bare(mime or got.mime) or "application/octet-stream"
        stored = Stored(
            key=path.name,
            kind=kind_of(mime) or "document",
            mime=mime,
            size=got.size,
            filename=media.filename,
            voice=media.voice,
            animated=media.animated,
            sha256=got.sha256,
        )
        await asyncio.to_thread(self._files.note, stored)
        return stored

    async def _by_link(self, url: str, path: Path) -> Downloaded | None:
        """The file by the webhook's own link; None where the link is no good and the id must be asked."""
        from wptui.cloudapi.graph import GraphRefused, MediaRefused

        try:
            return await self._graph.download_media(url, path, limit=self._largest)
        except (GraphRefused, MediaRefused) as error:
            _log.info("the link of a file is no good: %s", error)
            return None


def _same_digest(announced: str, found: str) -> bool:
    """Meta announces SHA-256 as base64 in webhooks and as hex in answers."""
    if announced.lower() == found:
        return True
    try:
        return base64.b64decode(announced, validate=True).hex() == found
    except ValueError:
        return False
