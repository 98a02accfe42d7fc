"""Runs the rules: reads the log as it grows, and the clock, and appends what follows.

It stands in the log at a bookmark, so that after a restart nothing is missed for as long as a day, and nothing is
done twice: what a rule does on an occasion has a key of its own, kept in the same append. An occasion that no rule
can fit costs no turn at the clerk's desk; one that none fits after all, no append.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.model.settings.rules import Rules
from wptui.relay.eventlog.contract import Append
from wptui.relay.outgoing import Files
from wptui.relay.projection import is_storage
from wptui.relay.rules import timing
from wptui.relay.rules.firing import Firing, candidates, firings, key
from wptui.relay.rules.occasions import Occasion, occasion_of
from wptui.relay.rules.timing import DAY, Look
from wptui.store import fold, team
from wptui.store.database import cursor
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.relay.clerk import Clerk
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.rules")

BOOKMARK = "rules"
"""Name of the place up to which the log has been read."""
AT_ONCE = 200
"""Events looked at in one turn."""
KEPT = 10_000
"""Events kept in memory that are still to be looked at; more are read from the log again."""
_SAVE_EVERY = 5.0
_LOOK_EVERY = 1.0
_AT_MOST = 3600.0
_RETRY = 5.0


@dataclass
class Ruleset:
    """The rules that are on, and since when: what happened before they were saved does not concern them."""

    rules: Rules = field(default_factory=dict)
    revision: int = 0
    saved_at: int = 0

    @property
    def timed(self) -> bool:
        """Whether any of them waits for a time."""
        return bool(timing.timed(self.rules))


def ruleset(db: sqlite3.Connection) -> Ruleset:
    """The workspace's rules."""
    row = db.execute("SELECT seq, at FROM settings WHERE section = 'rules' AND owner = ''").fetchone()
    rules: Rules = team.document(db, "rules")
    on = {id: rule for id, rule in rules.items() if rule.on}
    return Ruleset(on, *row) if row is not None else Ruleset()


class RuleEngine:
    """The job. `run` until cancelled, by the relay that holds the lease; `hear` is the clerk's listener."""

    def __init__(self, clerk: Clerk, files: Files, clock: Callable[[], float] = time.time) -> None:
        self._clerk = clerk
        self._files = files
        self._clock = clock
        self._changed = asyncio.Event()
        self._running = False
        self._heard: deque[ev.Event] = deque()
        self._set = Ruleset()
        self._at = 0
        """The last event that was looked at."""
        self._begun = 0
        """The head of the log when `run` began: what happened up to there may have been acted on before."""
        self._last = Look(0, 0)
        self._look_at: float | None = None
        """When to look at the clock again, Unix seconds; None for not at all."""
        self._saved = 0
        self._save_at = 0.0

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells."""
        if not self._running:
            return
        if len(self._heard) + len(events) > KEPT:
            self._heard.clear()
        self._heard.extend(events)
        self._changed.set()

    async def run(self) -> None:
        """Apply the rules to what happens, until cancelled."""
        self._heard.clear()
        self._running = True
        try:
            await self._begin()
            while True:
                self._changed.clear()
                try:
                    pause = await self._turn()
                except StorageError as error:
                    _log.error("rules wait: %s", error)
                    pause = _RETRY
                    self._begun = max(self._begun, self._at + 1)  # it may be kept all the same
                if pause > 0:
                    await set_within(self._changed, pause)
        finally:
            self._running = False

    async def _begin(self) -> None:
        log = self._clerk.log
        self._begun = await log.head()
        place = (await log.bookmarks()).get(BOOKMARK)
        self._at = min(self._begun if place is None else place, self._begun)
        if place is None:
            await log.set_bookmarks({BOOKMARK: self._at})
        self._saved = self._at
        found = await log.read(self._at - 1, 1) if self._at else []
        since = found[0].at // 1000 if found and place is not None else int(self._clock())
        self._last = Look(since, self._at)
        self._set = await self._clerk.look(ruleset)
        self._look_at = self._clock() if self._set.timed else None

    async def _turn(self) -> float:
        """Look at the next events, and at the clock where it is time; how long to wait then (seconds)."""
        events = await self._next()
        fired = 0
        if events:
            fired = await self._look_at_events(events)
            self._at = events[-1].seq
        elif self._look_at is not None and self._look_at <= self._clock():
            fired = await self._look_at_clock()
        await self._save(urgent=fired > 0)
        if events or fired:
            return 0.0
        pause = _AT_MOST if self._look_at is None else max(0.05, self._look_at - self._clock())
        return min(pause, _AT_MOST if self._at == self._saved else _SAVE_EVERY)

    async def _next(self) -> list[ev.Event]:
        """The next events in order: those heard, or where there is a gap, from the log."""
        while self._heard and self._heard[0].seq <= self._at:
            self._heard.popleft()
        if not self._heard or self._heard[0].seq != self._at + 1:
            return await self._clerk.log.read(self._at, AT_ONCE)
        some = list(islice(self._heard, AT_ONCE))
        return some if some[-1].seq == self._at + len(some) else await self._clerk.log.read(self._at, AT_ONCE)

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────

    async def _look_at_events(self, events: Sequence[ev.Event]) -> int:
        """Apply the rules to `events`; how many fired."""
        if any(event.type == ev.SettingsSaved.TYPE for event in events):
            self._set = await self._clerk.look(ruleset)
        if self._set.timed:
            soon = self._clock() + _LOOK_EVERY
            self._look_at = soon if self._look_at is None else min(soon, self._look_at)
        else:
            self._look_at = None
        if not self._set.rules:
            return 0
        found = [occasion for event in events if (occasion := self._occasion(event)) is not None]
        if not found:
            return 0
        known: Container[str] = frozenset()
        if events[0].seq <= self._begun:
            keys = [key(id, each) for each in found for id in candidates(self._set.rules, each)]
            known = await self._clerk.log.known(keys)
        return await self._act(lambda db: self._plan(db, found, known))

    def _occasion(self, event: ev.Event) -> Occasion | None:
        """What `event` is an occasion for, where a rule can fit."""
        oldest = self._clock() - DAY
        if event.seq <= self._set.revision or event.at / 1000 < oldest:
            return None
        try:
            occasion = occasion_of(event)
        except Exception:  # a newer build's shape of an event: the fold skips it, too
            return None
        if occasion is None or occasion.ts < oldest:
            return None
        return occasion if candidates(self._set.rules, occasion) else None

    # ── what time it is ──────────────────────────────────────────────────────────────────────────────────

    async def _look_at_clock(self) -> int:
        """Apply the rules to what is due; how many fired."""
        now = int(self._clock())
        seen = 0

        def build(db: sqlite3.Connection) -> list[Append]:
            nonlocal seen
            seen = cursor(db)
            found = list(timing.due(db, self._set.rules, self._last, now, not_before=self._set.saved_at))
            return self._plan(db, found)

        fired = await self._act(build)
        self._last = Look(now, seen)
        following = await self._clerk.look(lambda db: timing.next_due(db, self._set.rules, now))
        self._look_at = None if following is None else max(float(following), now + _LOOK_EVERY)
        return fired

    # ── acting ───────────────────────────────────────────────────────────────────────────────────────────

    def _plan(
        self, db: sqlite3.Connection, found: Iterable[Occasion], known: Container[str] = frozenset()
    ) -> list[Append]:
        """The groups for the log. The view is folded along, so that each rule sees the others' work, and put back."""
        now = self._clock()
        groups: list[Append] = []
        seq = cursor(db)
        db.execute("BEGIN")
        try:
            for occasion in found:
                for firing in firings(db, self._set.rules, occasion, now=int(now), files=self._files, known=known):
                    group = _folded(db, firing, int(now * 1000), seq)
                    if group is not None:
                        groups.append(group)
                        seq += len(group.events)
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        return groups

    async def _act(self, build: Callable[[sqlite3.Connection], list[Append]]) -> int:
        outcomes = await self._clerk.act(build)
        return sum(not outcome.repeated for outcome in outcomes)

    async def _save(self, *, urgent: bool) -> None:
        now = time.monotonic()
        if self._at > self._saved and (urgent or now >= self._save_at):
            self._saved = self._at
            self._save_at = now + _SAVE_EVERY
            await self._clerk.log.set_bookmarks({BOOKMARK: self._saved})


def _folded(db: sqlite3.Connection, firing: Firing, at: int, seq: int) -> Append | None:
    """The group of `firing`, folded into `db` behind event `seq`; None where the fold cannot take it."""
    group: Append | None = firing.append(at)
    assert group is not None
    for event in group.events:
        seq += 1
        event.seq = seq
    db.execute("SAVEPOINT firing")
    try:
        fold.apply(db, group.events)
    except Exception as error:
        if is_storage(error):
            raise
        _log.exception("what rule %s does cannot be folded", firing.rule)
        db.execute("ROLLBACK TO firing")
        group = None
    db.execute("RELEASE firing")
    return group
