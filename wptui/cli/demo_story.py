"""One customer's story, told step by step through the real path: for ``wptui demo`` without a terminal.

signed webhook → relay → sync → cache → answer by the outbox → Graph call → delivered and read statuses. Each step is
awaited where it can be seen from outside: the sandbox's own record, and the terminal's cache.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from wptui.cli import demo, line_text
from wptui.cli.demo_team import SALES
from wptui.cli.line_text import Names
from wptui.i18n import _, language
from wptui.model.commands import AddNote, AnyCommand, Resolve, SendMessage, Transfer
from wptui.model.delivery import RANK, Delivery
from wptui.model.errors import LinkError, RefusedError, WptuiError
from wptui.store import inbox, thread, workload
from wptui.store.database import open_database
from wptui.store.inbox import InboxQuery, InboxRow, Sort
from wptui.store.thread import ThreadRow
from wptui.sync import credentials
from wptui.sync.http import Http
from wptui.sync.link import Link
from wptui.sync.outbox import Outbox
from wptui.waiting import set_within
from wptui.widgets.glyphs import FULL
from wptui.widgets.render.inbox import TICKS

STEP_SECONDS = 20.0
T = TypeVar("T")


class StepFailed(WptuiError):
    """A step of the story did not happen. The message names it."""


def tell(home: Path, seed: str) -> int:
    """Plays the story and prints it; the exit code. A failed step is named, and makes it 1."""
    click.echo(_("wptui demo: one customer's story through sandbox, relay and terminal."))
    begun = time.monotonic()
    with ExitStack() as running:
        with _step(_("sandbox and relay start")):
            found = running.enter_context(demo.services(home, {"conversations": 0, "pace": 0.05, "seed": seed}))
        with _step(_("an agent signs in with a one-time code")):
            demo.sign_in(found)
        asyncio.run(_Story(found).play())
    seconds = time.monotonic() - begun
    click.echo(_("Every step worked, in {seconds} s.").format(seconds=f"{seconds:.1f}"))
    return 0


class _step:
    """Prints a step when it is done; turns whatever stops it into StepFailed."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._begun = time.monotonic()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            ms = int((time.monotonic() - self._begun) * 1000)
            click.echo(_("ok    {step} ({ms} ms)").format(step=self._title, ms=ms))
        elif isinstance(error, Exception):
            click.echo(_("FAIL  {step}").format(step=self._title))
            reason = str(error) or type(error).__name__
            hint = error.hint if isinstance(error, WptuiError) else ""
            raise StepFailed(
                _("the demo failed at: {step}: {reason}").format(step=self._title, reason=reason), hint=hint
            ) from error


class _Story:
    """The story, and what it needs of terminal and sandbox."""

    def __init__(self, found: demo.Services) -> None:
        account = credentials.load()
        self._places = credentials.places(account)
        self._outbox = Outbox(self._places.outbox)
        self._changed = asyncio.Event()
        self._link = Link(self._places.cache, self._outbox, account, on_change=lambda _change: self._changed.set())
        self._sandbox = Http(credentials.Account(url=found.sandbox))
        self._db: sqlite3.Connection | None = None

    @property
    def _cache(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = open_database(self._places.cache, read_only=True)
        return self._db

    async def play(self) -> None:
        """From the first word to the resolved request."""
        linked = asyncio.create_task(self._link.run())
        try:
            await self._tell()
        finally:
            await self._link.close()
            await asyncio.gather(linked, return_exceptions=True)
            await self._sandbox.close()
            if self._db is not None:
                self._db.close()
            self._outbox.close()

    async def _tell(self) -> None:
        turkish = language() == "tr"
        question = "Merhaba, siparişim nerede?" if turkish else "Hello, where is my order?"
        answer = "Bugün yola çıktı, yarın sizde." if turkish else "It left today and reaches you tomorrow."
        thanks = "Çok teşekkürler 🙏" if turkish else "Thank you so much 🙏"
        hero, others = ("ayse", ("mehmet", "emily")) if turkish else ("emily", ("ayse", "mehmet"))

        with _step(_("the terminal connects and syncs")):
            await self._until(lambda: self._link.state.connected)
        with _step(_("a customer writes; the signed webhook is stored and answered 200")):
            await self._say(hero, {"type": "text", "text": question})
            counts = await self._until_true(self._webhooks_through)
            if counts["refused"]:
                raise LinkError(_("the relay answered {answers}").format(answers=", ".join(counts["refused"])))
        with _step(_("the message is in the terminal's inbox, and the customer waits")):
            row = await self._until(lambda: self._conversation(question))
            if row.waiting_since is None or row.unread != 1:
                raise LinkError(_("nobody waits"))
        with _step(_("two more customers write: a photo, and a click on an ad")):
            await self._say(others[0], {"type": "image", "caption": _("It came like this")})
            await self._say(others[1], {"type": "text", "text": _("Is this still available?"), "referral": True})
            await self._until(lambda: inbox.count(self._cache, InboxQuery()) == 3)
        content = {"type": "text", "text": {"body": answer}}
        with _step(_("the agent's answer goes through the outbox, and the relay queues it")):
            command = SendMessage(conversation=row.id, content=content, text=answer, answering=row.seq)
            message = await self._execute(row.id, command)
        with _step(_("the Graph API is called, once, and accepts")):
            await self._until(lambda: self._reached(message, Delivery.ACCEPTED))
            calls = (await self._state())["accepted"]["by_callback"].get(message, 0)
            if calls != 1:
                raise LinkError(_("the sandbox got {n} calls").format(n=calls))
        with _step(_("the status 'delivered' comes back")):
            await self._until(lambda: self._reached(message, Delivery.DELIVERED))
        with _step(_("the status 'read' comes back")):
            await self._until(lambda: self._reached(message, Delivery.READ))
        with _step(_("the agent moves the conversation to another department, with the reason")):
            reason = _("Would like to order more.")
            await self._execute(row.id, Transfer(conversation=row.id, department=SALES, reason=reason))
            await self._until(lambda: self._department(row.id) == SALES)
        with _step(_("a note calls a colleague")):
            called = next(id for id, name in self._cache.execute("SELECT id, name FROM agents") if name == "Emily")
            text = _("Tracked with the courier.") + " @Emily"
            await self._execute(row.id, AddNote(conversation=row.id, text=text, mentions=[called]))
            await self._until(lambda: workload.mentions(self._cache, called))
        with _step(_("the customer thanks; the agent resolves the request")):
            await self._say(hero, {"type": "text", "text": thanks, "quote": "last"})
            await self._until(lambda: self._conversation(thanks))
            await self._execute(row.id, Resolve(conversation=row.id))
        with _step(_("nothing is left in the outbox")):
            await self._until(lambda: not self._outbox.pending())
        self._print(row.id)

    # ── watching ─────────────────────────────────────────────────────────────────────────────────────────

    async def _until(self, look: Callable[[], T | None]) -> T:
        """What `look` answers once it is true, looked at whenever the link tells something."""

        async def looking() -> T | None:
            return look()

        return await self._until_true(looking)

    async def _until_true(self, look: Callable[[], Awaitable[T | None]]) -> T:
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            self._changed.clear()
            found = await look()
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                detail = self._link.state.detail
                raise LinkError(_("it did not happen in {n} s").format(n=int(STEP_SECONDS)), hint=detail)
            await set_within(self._changed, min(left, 0.1))

    async def _execute(self, conversation: str, command: AnyCommand) -> str:
        id = self._link.send(conversation, command)
        result = await self._until(lambda: self._outbox.outcome(id))
        if not result.ok:
            raise RefusedError(result.code, result.message or result.code)
        return id

    def _conversation(self, preview: str) -> InboxRow | None:
        rows = inbox.window(self._cache, InboxQuery(), 0, 10)
        return next((row for row in rows if row.preview == preview), None)

    def _department(self, conversation: str) -> str:
        row = inbox.conversation(self._cache, conversation)
        return row.department if row is not None else ""

    def _reached(self, message: str, wanted: Delivery) -> ThreadRow | None:
        row = thread.message(self._cache, message)
        if row is None or row.status is None or RANK.get(row.status, -1) < RANK[wanted]:
            return None
        if row.status == Delivery.FAILED:
            raise LinkError(line_text.failure(row.error_code, row.error_text))
        return row

    # ── the sandbox, by its own endpoints ────────────────────────────────────────────────────────────────

    async def _say(self, who: str, what: dict[str, Any]) -> None:
        await self._sandbox.call_json("POST", "/sandbox/say", json={"from": who, **what})

    async def _state(self) -> dict[str, Any]:
        return await self._sandbox.call_json("GET", "/sandbox/state")

    async def _webhooks_through(self) -> dict[str, Any] | None:
        counts: dict[str, Any] = (await self._state())["webhooks"]
        return counts if counts["refused"] or (counts["posted"] and not counts["pending"]) else None

    # ── what it ended with ───────────────────────────────────────────────────────────────────────────────

    def _print(self, conversation: str) -> None:
        db, now = self._cache, int(time.time())
        me = self._link.state.agent
        names = Names(db, me)
        click.echo()
        click.echo(_("The inbox:"))
        for row in inbox.window(db, InboxQuery(sort=Sort.WAITING, me=me, now=now), 0, 10):
            click.echo("  " + line_text.summary(row, names, now))
        resolved = inbox.conversation(db, conversation)
        assert resolved is not None
        click.echo("  " + line_text.summary(resolved, names, now))
        click.echo()
        click.echo(_("The thread:"))
        rows = thread.latest(db, conversation, 50)
        for line in line_text.heading(resolved, names, now):
            click.echo("  " + line)
        for each in rows:
            (text,) = list(line_text.messages([each], resolved.title, names, now))[1:2]
            click.echo("  " + text + _tick(each))
        click.echo()


def _tick(row: ThreadRow) -> str:
    if row.dir != "out" or row.status not in set(Delivery):
        return ""
    return " " + str(getattr(FULL, TICKS[Delivery(row.status)]))
