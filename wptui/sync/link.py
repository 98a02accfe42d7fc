"""The link to the relay: connects, and connects again, whatever the network does, and says how it stands.

`connection` is one connection; this is what lies between them: back-off, the choice of WebSocket or polling, filling
a new cache, mending a damaged one, and keeping house. Nothing here blocks the event loop: files are written in the
cache's thread, libraries are imported in another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from wptui import __version__
from wptui.i18n import _
from wptui.model.commands import AnyCommand
from wptui.model.errors import LinkError, StorageError
from wptui.model.protocol import Presence, Pull, Welcome
from wptui.store.changes import Changes
from wptui.sync.cache import Cache, CacheDamaged, is_damage
from wptui.sync.connection import Connection
from wptui.sync.credentials import Account
from wptui.sync.http import Http
from wptui.sync.outbox import Outbox
from wptui.sync.session import Phase, Session
from wptui.sync.snapshot import Progress, fill
from wptui.sync.state import Kind, LinkChange, LinkState
from wptui.sync.trouble import Retry, diagnose
from wptui.sync.wire import NoSocket, Polling, Socket, Wire
from wptui.waiting import set_within

SHORTEST, LONGEST = 0.5, 30.0
"""Seconds between two attempts, at first and at most; each is jittered."""
REFUSED_SECONDS = 300.0
"""Until a relay that refused is asked again by itself."""
SOCKET_AGAIN, SOCKET_AGAIN_MOST = 60.0, 600.0
"""Seconds of polling after which a WebSocket is tried again; doubled each time."""
POKE_SECONDS, REFUSED_POKE_SECONDS = 0.5, 5.0
"""Held keys bring a new attempt at most so often."""
PULL_SECONDS = 30.0
CHANGED_MOST = 5
"""Connections in a row that end because the agent is somebody else now, until that counts as trouble."""
FILL_TOLD = 0.3
"""Seconds between two reports of a snapshot's progress."""
INDEX_SECONDS = 0.2
"""Of each second, at most, for the search index."""
ASLEEP = 10.0
"""Seconds: a housekeeping tick so late means that the machine slept, and the connection is most likely dead."""

_log = logging.getLogger("wptui.sync.link")


class Link:
    """The terminal's link to `account`'s relay. `on_change` is called in the event loop that runs `run`.

    Everything else of the link belongs to that loop too, except the outbox, which may be added to from any thread.
    """

    def __init__(
        self,
        cache_path: Path,
        outbox: Outbox,
        account: Account,
        *,
        on_change: Callable[[LinkChange], None],
        mode: str = "terminal",
    ) -> None:
        """`mode` is `Hello.mode`: who looks in for a moment is `line`, and not on duty for it."""
        self.account = account
        self.outbox = outbox
        self.cache = Cache(cache_path)
        """Belongs to the cache's thread."""
        self.state = LinkState(since=time.time())
        self.http = Http(account)
        """For other calls to the same relay."""
        self.tell = on_change
        self._mode = mode
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wptui-cache")
        self._connection: Connection | None = None
        self._poked = asyncio.Event()
        self._closed = asyncio.Event()
        self._socket_from = 0.0
        self._socket_pause = SOCKET_AGAIN
        self._mute = 0
        """Connections in a row that opened and then said nothing: some proxies do that to WebSockets."""

    # ── what the terminal asks for ───────────────────────────────────────────────────────────────────────

    def send(self, conversation: str | None, command: AnyCommand) -> str:
        """Puts a command into the outbox, on disk before this returns, and sends it as soon as may be; its id.

        Raises StorageError, and then nothing was kept.
        """
        return self.outbox.add(conversation, command)

    def poke(self) -> None:
        """A key was pressed: when there is no connection, try at once."""
        self._poked.set()

    def presence(self, state: str, conversation: str | None) -> None:
        """Tells colleagues (and, typing, the customer) where the agent is. Lost where there is no connection."""
        if self._connection is not None and self.state.connected:
            self._connection.say(Presence(state=state, conversation=conversation))

    async def pull_older(self, conversation: str, before: tuple[int, int], limit: int = 100) -> None:
        """Brings the page of messages before (`ts`, `seq`) into the cache. Raises LinkError without a connection."""
        await self._pull(Pull(conversation=conversation, before=before, limit=limit))

    async def pull(self, conversation: str) -> None:
        """Brings a conversation into the cache whole. Raises LinkError without a connection."""
        await self._pull(Pull(conversation=conversation))

    async def _pull(self, frame: Pull) -> None:
        if self._connection is None or not self.state.connected:
            raise LinkError(_("This lies at the relay, which cannot be reached now"))
        await self._connection.pull(frame, PULL_SECONDS)

    async def close(self) -> None:
        """Ends `run` in good order."""
        self._closed.set()
        self._poked.set()
        await self._hang_up()

    async def _hang_up(self) -> None:
        if self._connection is not None:
            await self._connection.wire.close()

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Connects, and connects again, until `close` or cancellation. Raises nothing that network or disk may do."""
        loop = asyncio.get_running_loop()
        self.outbox.on_add = lambda: _in_loop(loop, self._wake)
        keeper = asyncio.create_task(self._keep_house())
        attempts = 0
        try:
            while not self._closed.is_set():
                try:
                    if not self.cache.is_open:
                        await self._open()
                    await self._connect()
                    attempts = 0
                except Exception as error:
                    if self.state.connected:
                        attempts = 0
                    pause = 0.0 if self._closed.is_set() else await self._after(error, attempts)
                    attempts += 1
                    await self._rest(pause)
        finally:
            self.outbox.on_add = None
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self.http.close()
            await self.run_cache(self.cache.close)
            self._thread.shutdown(wait=False)
            self._mark("")

    def _wake(self) -> None:
        if self._connection is not None:
            self._connection.wake()

    async def _open(self) -> None:
        """Opens the cache; after a crash every page of it is looked at first."""
        user = self.outbox.get("cache_user")
        try:
            await self.run_cache(lambda: self.cache.open(check=bool(user) and not _lives(user)))
        except CacheDamaged as error:
            await self._rebuild(error)
        self._mark(str(os.getpid()))

    def _mark(self, user: str) -> None:
        """Notes which process uses the cache, unless another one does: found at a start, it tells of a crash."""
        try:
            before = self.outbox.get("cache_user")
            if not before or before == str(os.getpid()) or not _lives(before):
                self.outbox.set("cache_user", user)
        except StorageError:
            pass  # a full disk; the worst is a check too many, or one too few, at the next start

    async def _rebuild(self, error: Exception) -> None:
        _log.warning("the cache is damaged (%s) and is built again", error)
        await self.run_cache(self.cache.set_aside)
        self.tell(LinkChange(rebuilt=True))

    async def _after(self, error: Exception, attempts: int) -> float:
        """What to do about a failed attempt; the seconds to wait before the next."""
        if isinstance(error, CacheDamaged) or (isinstance(error, sqlite3.DatabaseError) and is_damage(error)):
            try:
                await self._rebuild(error)
                return 0.0 if attempts == 0 else SHORTEST
            except Exception as again:
                error = again
        trouble = diagnose(error)
        if trouble.code == "changed" and attempts < CHANGED_MOST:
            return 0.0  # nothing is wrong: the next welcome says who we are now
        if trouble.code == "bug":
            _log.error("the link broke", exc_info=error)
        else:
            _log.info("no link: %s", trouble.detail)
        kind = Kind.REFUSED if trouble.retry is Retry.RARELY else Kind.OFFLINE
        self._set(kind, code=trouble.code, detail=trouble.detail, hint=trouble.hint)
        if kind is Kind.REFUSED:
            return REFUSED_SECONDS
        return min(LONGEST, SHORTEST * 2.0 ** min(attempts, 10)) * random.uniform(0.5, 1.0)

    async def _rest(self, seconds: float) -> None:
        """Waits; a key press ends it."""
        if seconds <= 0 or self._closed.is_set():
            return
        begun = time.monotonic()
        self._poked.clear()
        if not await set_within(self._poked, seconds):
            return
        least = REFUSED_POKE_SECONDS if self.state.kind is Kind.REFUSED else POKE_SECONDS
        closed = await set_within(self._closed, max(0.0, min(least, seconds) - (time.monotonic() - begun)))
        if not closed and self.state.kind is not Kind.REFUSED:
            self._set(Kind.CONNECTING)

    # ── one connection ───────────────────────────────────────────────────────────────────────────────────

    async def _connect(self) -> None:
        """One connection from hello to its end. Returns where the next one should follow at once."""
        wire, until = await self._dial()
        try:
            cursor, epoch, agent = await self.run_cache(self.cache.position)
            scope = await self.run_cache(self.cache.scope)
            session = Session(
                cursor=cursor, epoch=epoch, agent=agent, scope=scope, version=__version__, mode=self._mode
            )
            self._connection = Connection(self, wire, session)
            if self._closed.is_set():
                return
            try:
                await self._connection.run(until=until)
            finally:
                self._count_mute(wire, session)
        finally:
            self._connection = None
            await wire.close()
        if session.phase is Phase.SNAPSHOT:
            await self._fill(session)

    async def _dial(self) -> tuple[Wire, float | None]:
        """A way to the relay, and until when to use it."""
        if time.monotonic() >= self._socket_from:
            try:
                return await Socket.open(self.account), None
            except NoSocket:
                self._poll_for_a_while()
        return Polling(self.http), self._socket_from

    def _poll_for_a_while(self) -> None:
        self._socket_from = time.monotonic() + self._socket_pause
        self._socket_pause = min(SOCKET_AGAIN_MOST, self._socket_pause * 2)

    def _count_mute(self, wire: Wire, session: Session) -> None:
        if wire.polling:
            return
        self._mute = self._mute + 1 if session.phase is Phase.GREETING else 0
        if self._mute >= 3:
            self._mute = 0
            self._poll_for_a_while()

    def greeted(self, welcome: Welcome, seconds: float) -> None:
        """The relay has answered `hello`; for the connection."""
        # The relay's clock was read about half a round trip ago.
        skew = welcome.clock - int((time.time() - seconds / 2) * 1000)
        known = self.state
        state = replace(
            known,
            skew_ms=skew if abs(skew - known.skew_ms) > 250 else known.skew_ms,
            agent=welcome.agent,
            name=welcome.name,
            workspace=welcome.workspace,
            permissions=tuple(welcome.permissions),
            role=welcome.role,
            scope=welcome.scope,
            latency=seconds if not known.connected else known.latency,
        )
        if not known.connected:
            since = known.since if known.kind is Kind.SYNCING else time.time()
            state = replace(state, kind=Kind.SYNCING, since=since, code="", detail="", hint="")
        self._change_state(state)

    def live(self) -> None:
        """The cache is up to date; for the connection."""
        polling = self._connection is not None and self._connection.wire.polling
        if not polling:
            self._socket_pause = SOCKET_AGAIN
        self._set(Kind.POLLING if polling else Kind.LIVE, progress=1.0)

    async def _fill(self, session: Session) -> None:
        told = 0.0
        touched: set[str] = set()

        def progress(step: Progress) -> None:
            nonlocal told, touched
            touched |= step.conversations
            if time.monotonic() - told < FILL_TOLD and step.share < 1:
                return
            told = time.monotonic()
            self._set(Kind.SYNCING, progress=step.share)
            self.tell(LinkChange(changes=Changes(conversations=touched, workspace=True)))
            touched = set()

        self._set(Kind.SYNCING, progress=0.0)
        rebuilt = await fill(
            self.cache,
            self.http,
            session.epoch,
            session.agent,
            self.run_cache,
            scope=session.scope,
            told=progress,
            begun=lambda: self.tell(LinkChange(rebuilt=True)),
            head=session.head,
        )
        self.tell(LinkChange(changes=Changes(conversations=touched, workspace=True), rebuilt=rebuilt))

    # ── housekeeping ─────────────────────────────────────────────────────────────────────────────────────

    async def _keep_house(self) -> None:
        """Once a second: what other processes did, and the search index when nothing else is to do."""
        expected = time.time() + 1.0
        while True:
            await asyncio.sleep(1.0)
            late, expected = time.time() - expected, time.time() + 1.0
            try:
                if late > ASLEEP:
                    await self._hang_up()
                await self._tend()
            except Exception as error:
                # A full disk or a broken cache shows in the connection's own work, and is treated there.
                if diagnose(error).code == "bug":
                    _log.exception("housekeeping failed")

    async def _tend(self) -> None:
        if await asyncio.to_thread(self.outbox.changed):
            self.tell(LinkChange(outbox=True))
            self._wake()
        connection = self._connection
        if connection is None or not connection.session.greeted:
            return
        await connection.do(connection.session.tick())
        changes, replaced = await self.run_cache(self._look_around)
        if replaced:
            self.tell(LinkChange(rebuilt=True))
            await self._hang_up()  # the new file has a cursor of its own
        elif changes is not None:
            self.tell(LinkChange(changes=changes))
            await connection.do(connection.session.applied(changes.cursor))

    def _look_around(self) -> tuple[Changes | None, bool]:
        if self.cache.replaced():
            self.cache.open()
            return None, True
        changes = self.cache.others()
        self.cache.index(INDEX_SECONDS)
        return changes, False

    # ── small things ─────────────────────────────────────────────────────────────────────────────────────

    async def run_cache(self, work: Callable[[], Any]) -> Any:
        """Runs `work` in the cache's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _set(self, kind: Kind, **fields: Any) -> None:
        blank: dict[str, Any] = {"code": "", "detail": "", "hint": ""}
        state = replace(self.state, kind=kind, **(blank | fields))
        if kind is not self.state.kind:
            fresh = time.time() if self.state.connected or state.connected else self.state.fresh
            state = replace(state, since=time.time(), fresh=fresh)
        self._change_state(state)

    def _change_state(self, state: LinkState) -> None:
        if state != self.state:
            self.state = state
            self.tell(LinkChange(state=state))


def _lives(process: str) -> bool:
    """Whether a process of this number runs here."""
    if os.name == "nt" or not process.isdigit():
        return False  # asking there would end it
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
