"""What rules would have done on a stretch of the log: the same code, in a store of its own, nothing sent.

What stands in the log from rules of that time is left out of the stretch, so that the rules asked about meet the
customers as they came, and not what other rules made of them. Only conversations that something happened in, or
could have become due, are folded.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from wptui.model import events as ev
from wptui.model.settings.rules import Rules
from wptui.relay.eventlog.contract import EventLog
from wptui.relay.outgoing import Files
from wptui.relay.rules import timing
from wptui.relay.rules.firing import Firing, candidates, firings
from wptui.relay.rules.occasions import RULE, Occasion, occasion_of
from wptui.relay.rules.timing import DAY, Look
from wptui.store import fold
from wptui.store.database import open_database, transaction

AT_ONCE = 2000
CASES = 500
"""Cases that are told one by one; all are counted."""
_STIRRING = frozenset(
    cls.TYPE
    for cls in (
        ev.MessageReceived, ev.MessageEchoed, ev.MessageAccepted, ev.MessageStatus, ev.ConversationResolved
    )
)  # fmt: skip
"""Events after which another wait, silence or resolution may be the next whose time is over."""


class Case(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One time that a rule would have acted. `at` is Unix seconds; `text` what the customer wrote, if it was that."""

    rule: str
    at: int
    conversation: str
    customer: str
    subject: str
    text: str = ""
    acts: list[str] = []
    skipped: dict[str, str] = {}


class Tally(msgspec.Struct, kw_only=True):
    """How often a rule would have acted."""

    rule: str
    title: str
    on: bool
    fired: int = 0
    skipped: int = 0
    """Times that something was left out."""


class Rehearsed(msgspec.Struct, kw_only=True):
    """The outcome. `cases` are the first `CASES`, in the order of time."""

    tallies: list[Tally]
    cases: list[Case]
    events: int
    """Events in the stretch."""


@dataclass
class _Stretch:
    """Where in the log the stretch lies, and who is concerned."""

    first: int = 0
    """Number of its first event."""
    last: int = 0
    concerned: set[str] = field(default_factory=set)


async def rehearse(log: EventLog, rules: Rules, begin: int, end: int, files: Files) -> Rehearsed:
    """What `rules`, also those that are off, would have done from `begin` up to `end` (Unix seconds).

    Raises StorageError.
    """
    tallies = {id: Tally(rule=id, title=rule.title, on=rule.on) for id, rule in rules.items()}
    awake: Rules = {id: msgspec.structs.replace(rule, on=True) for id, rule in rules.items()}
    stretch = await _stretch(log, awake, begin, end)
    stage = _Stage(awake, stretch, begin, end, files)
    try:
        at = 0
        while at < stretch.last and (events := await log.read(at, min(AT_ONCE, stretch.last - at))):
            at = events[-1].seq
            await asyncio.to_thread(stage.play, events)
        await asyncio.to_thread(stage.finish)
    finally:
        stage.db.close()
    for case in stage.cases:
        tallies[case.rule].fired += bool(case.acts)
        tallies[case.rule].skipped += bool(case.skipped)
    counted = max(0, stretch.last - stretch.first + 1) if stretch.first else 0
    return Rehearsed(tallies=list(tallies.values()), cases=stage.cases[:CASES], events=counted)


async def _stretch(log: EventLog, rules: Rules, begin: int, end: int) -> _Stretch:
    """Finds the stretch. The log is in the order of time, but for clocks that were set back: a few events."""
    after = max((int(rule.after or 0) for rule in timing.timed(rules).values()), default=0)
    found = _Stretch()
    at = await _before(log, begin - after)
    while events := await log.read(at, AT_ONCE):
        at = events[-1].seq
        for event in events:
            if event.at >= end * 1000:
                return found
            found.last = event.seq
            if event.at >= begin * 1000 and not found.first:
                found.first = event.seq
            if event.conversation is not None:
                found.concerned.add(event.conversation)
    return found


async def _before(log: EventLog, ts: int) -> int:
    """The number of an event before which all happened before `ts` (Unix seconds)."""
    low, high = 0, await log.head()
    while low < high:
        middle = (low + high) // 2
        found = await log.read(middle, 1)
        if found and found[0].at < ts * 1000:
            low = middle + 1
        else:
            high = middle
    return low


class _Stage:
    """The store in which the rules act."""

    def __init__(self, rules: Rules, stretch: _Stretch, begin: int, end: int, files: Files) -> None:
        self.db = open_database(":memory:")
        self.cases: list[Case] = []
        self._rules = rules
        self._stretch = stretch
        self._end = end
        self._files = files
        self._seq = 0
        self._last = Look(begin, 0)
        self._due: int | None = begin
        self._begun = False
        self._left_out: set[str] = set()
        """Messages of rules of that time: nothing that became of them happened here."""

    def play(self, events: Sequence[ev.Event]) -> None:
        """Goes on by `events`."""
        with transaction(self.db):
            for event in events:
                if event.conversation is not None and event.conversation not in self._stretch.concerned:
                    continue
                if event.seq < self._stretch.first or not self._stretch.first:
                    self._fold([event])
                    continue
                if not self._begun:
                    self._begun = True
                    self._last = Look(self._last.at, self._seq)
                now = event.at // 1000
                self._clock(now)
                if self._is_rules(event):
                    continue
                self._fold([event])
                occasion = self._occasion(event)
                if occasion is not None:
                    self._act(occasion, now)
                if event.type in _STIRRING:
                    self._due = now  # a new wait, or silence, may be the next that is over

    def finish(self) -> None:
        """What is due up to the end of the stretch, after its last event."""
        with transaction(self.db):
            self._clock(self._end - 1)

    def _fold(self, events: Sequence[ev.Event]) -> None:
        copies = []
        for event in events:
            self._seq += 1
            copies.append(ev.Event(self._seq, event.at, event.actor, event.type, event.data, event.conversation))
        self.db.execute("SAVEPOINT one")
        try:
            fold.apply(self.db, copies)
        except sqlite3.OperationalError:
            raise
        except Exception:  # the relay's own view skips it, too
            self.db.execute("ROLLBACK TO one")
        self.db.execute("RELEASE one")

    def _is_rules(self, event: ev.Event) -> bool:
        """Whether `event` is a rule's of that time, or tells what became of its messages."""
        if event.actor.startswith(RULE):
            if event.type == ev.MessageQueued.TYPE:
                self._left_out.add(_message(event))
            return True
        return event.type in _FATES and _message(event) in self._left_out

    def _occasion(self, event: ev.Event) -> Occasion | None:
        try:
            occasion = occasion_of(event)
        except msgspec.MsgspecError:
            return None
        if occasion is None or occasion.ts < event.at // 1000 - DAY:
            return None
        return occasion if candidates(self._rules, occasion) else None

    def _act(self, occasion: Occasion, now: int) -> None:
        for firing in firings(self.db, self._rules, occasion, now=now, files=self._files):
            self._fold(firing.append(now * 1000).events)
            self._tell(firing, now)

    def _clock(self, now: int) -> None:
        """What became due up to `now`, each at its time."""
        while self._due is not None and self._due <= now:
            at = max(self._due, self._last.at)
            for occasion in list(timing.due(self.db, self._rules, self._last, at, not_before=self._last.at - DAY)):
                self._act(occasion, max(at, occasion.ts))
            self._last = Look(at, self._seq)
            self._due = timing.next_due(self.db, self._rules, at)

    def _tell(self, firing: Firing, now: int) -> None:
        occasion, planned = firing.occasion, firing.planned
        row = self.db.execute("SELECT title FROM conversations WHERE id = ?", (occasion.conversation,)).fetchone()
        self.cases.append(
            Case(
                rule=firing.rule,
                at=now,
                conversation=occasion.conversation,
                customer=row[0] if row else "",
                subject=occasion.subject,
                text=occasion.text[:200],
                acts=planned.acts,
                skipped=planned.skipped,
            )
        )


_FATES = frozenset(
    cls.TYPE
    for cls in (
        ev.MessageAttempted,
        ev.MessageAccepted,
        ev.MessageDeferred,
        ev.MessageFailed,
        ev.MessageUnknown,
        ev.MessageDiscarded,
        ev.MessageStatus,
    )
)


def _message(event: ev.Event) -> str:
    data: dict[str, Any] = msgspec.json.decode(event.data)
    return str(data.get("message") or "")
