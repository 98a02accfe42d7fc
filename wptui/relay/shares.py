"""What each scope is given of a run of the log: conversations to forget, conversations whole, and events.

Who sees everything is given the events, and conversations whole only where a merge is undone. For a limited scope a
conversation that comes into view is given whole, and one that leaves it is to be forgotten, both before the events
whose cursor passes over what moved it: a connection that breaks in between has it derived again. Contacts reach a
limited scope only with a conversation, and leave its cache with the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from wptui.model import events as ev
from wptui.model import protocol
from wptui.model.events import Event
from wptui.model.permissions import Scope, See
from wptui.model.protocol import Events, Forget
from wptui.relay.visibility import Visibility
from wptui.store.visible import Place

BATCH = 512
"""Events in a frame, at most."""
TOGETHER = 100
"""Conversations in a bundle, at most."""

INTERNAL = frozenset({ev.WebhookParked.TYPE, ev.WebhookLogged.TYPE, ev.MessageStatus.TYPE})
"""Without a conversation these concern the relay only: a status of a message nobody has seen, a body put aside."""

_SHARED = frozenset(
    {ev.WorkspaceConfigured.TYPE, ev.NumberUpdated.TYPE, ev.TemplateUpdated.TYPE, ev.CampaignSaved.TYPE,
     ev.CannedSaved.TYPE, ev.CannedRemoved.TYPE, ev.SettingsSaved.TYPE, ev.AgentAdded.TYPE, ev.AgentRevoked.TYPE,
     ev.AgentDutyChanged.TYPE}
)  # fmt: skip
"""What everybody is told of the workspace. What Meta tells the operator is for those who see everything."""

_OWNED = frozenset({ev.CannedSaved.TYPE, ev.CannedRemoved.TYPE, ev.SettingsSaved.TYPE})
"""May be one agent's own: then nobody else is told."""

_WITH_BUNDLES = frozenset({ev.ContactCreated.TYPE, ev.ContactMerged.TYPE, ev.ContactSplit.TYPE})
"""Who a contact is: a limited scope is given the conversations whole instead."""

MOVING = frozenset(
    {ev.ConversationOpened.TYPE, ev.ConversationAssigned.TYPE, ev.ConversationMoved.TYPE, ev.ConversationMerged.TYPE}
)
"""Events that may bring their conversation into somebody's view, or out of it."""

_Pair = tuple[str, str]
"""Department and assignee."""


class _Named(msgspec.Struct):
    """What the events looked into here have in common."""

    contact: str = ""
    into: str = ""
    taken: str = ""
    owner: str = ""


_named = msgspec.json.Decoder(_Named)


def _read(event: Event) -> _Named:
    try:
        return _named.decode(event.data)
    except msgspec.MsgspecError:
        return _Named()


@dataclass
class Share:
    """What a scope is given of a run. `last` is the run's last event."""

    forget: list[str]
    whole: list[list[str]]
    """Conversations to be given whole, in bundles."""
    events: list[Event]
    last: int
    mended: list[list[str]] = field(default_factory=list)
    """Conversations to be given whole after the events: a merge was undone, and a cache that is ahead with one of
    those who were one has lost the other."""
    _ends: list[int] = field(default_factory=list)
    """Where the run is cut into frames."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to send."""
        return not (self.forget or self.whole or self.events)

    @cached_property
    def forget_frame(self) -> str:
        """`forget` as it travels."""
        return text(Forget(conversations=self.forget))

    @cached_property
    def frames(self) -> list[tuple[str, int]]:
        """The events as they travel, each frame with its cursor; the last cursor is `last` unless all is empty."""
        made: list[tuple[str, int]] = []
        at = 0
        for end in self._ends or [self.last]:
            begun = at
            while at < len(self.events) and self.events[at].seq <= end:
                at += 1
            if at > begun or (end == self.last and not self.empty):
                made.append((text(Events(events=self.events[begun:at], cursor=end)), end))
        return made


class Run:
    """A run of the log, to be shared out. `visibility` stands at its end, or later.

    `before` says where the conversations that moved stood at its beginning; None where nobody knows (a terminal comes
    back after a while): then what may have moved is given whole, or forgotten.
    """

    def __init__(
        self, events: Sequence[Event], visibility: Visibility, before: Mapping[str, Place | None] | None
    ) -> None:
        self._events = events
        self._visibility = visibility
        self._before = before
        self._last = events[-1].seq
        self._ends = [events[min(at + BATCH, len(events)) - 1].seq for at in range(0, len(events), BATCH)]
        self._shares: dict[Any, Share] = {}
        self._owners = {owner: None for event in events if event.type in _OWNED and (owner := _read(event).owner)}

    def share(self, scope: Scope) -> Share:
        """What `scope` is given; the same object for all who are given the same."""
        mine = scope.agent if scope.agent in self._owners else ""
        key: Any = (See.ALL, mine)
        if scope.see is not See.ALL:
            key = (frozenset(pair for pair in self._pairs if scope.covers(*pair)), mine)
        share = self._shares.get(key)
        if share is None:
            share = self._shares[key] = self._everything(mine) if scope.see is See.ALL else self._limited(*key)
        return share

    def _everything(self, mine: str) -> Share:
        events = [
            event
            for event in self._events
            if (event.conversation is not None or event.type not in INTERNAL) and self._is_for(event, mine)
        ]
        return Share([], [], events, self._last, list(_pieces([*self._parted])), self._ends)

    def _is_for(self, event: Event, mine: str) -> bool:
        return not self._owners or event.type not in _OWNED or _read(event).owner in ("", mine)

    @cached_property
    def _parted(self) -> dict[str, None]:
        """Conversations of contacts who were one and are two again."""
        found: dict[str, None] = {}
        for event in self._events:
            if event.type == ev.ContactSplit.TYPE:
                data = _read(event)
                for contact in (data.contact, data.into):
                    found.update(dict.fromkeys(self._visibility.conversations_of(contact)))
        return found

    # ── limited scopes ───────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _whole(self) -> dict[str, None]:
        """Conversations that no single event brings up to date: what was merged or split is in them."""
        found: dict[str, None] = {}
        for event in self._events:
            if event.type == ev.ConversationMerged.TYPE:
                found[_read(event).into] = None
            elif event.type in (ev.ContactMerged.TYPE, ev.ContactSplit.TYPE, ev.ContactAliased.TYPE):
                data = _read(event)
                contacts = (data.taken,) if event.type == ev.ContactAliased.TYPE else (data.contact, data.into)
                found.update((id, None) for contact in contacts for id in self._visibility.conversations_of(contact))
        return found

    @cached_property
    def _moved(self) -> dict[str, Place | None]:
        """Conversations that may have come into view or left it, and where they stood before, if that is known."""
        if self._before is not None:
            return dict(self._before)
        found: dict[str, Place | None] = {
            event.conversation: None
            for event in self._events
            if event.type in MOVING and event.conversation is not None
        }
        found.update(dict.fromkeys(self._whole))
        return found

    @cached_property
    def _pairs(self) -> set[_Pair]:
        """All that what a scope is given depends on."""
        places: set[Place | None] = {self._visibility.place(id) for id in (*self._moved, *self._whole)}
        places.update(self._moved.values())
        for event in self._events:
            if event.conversation is not None:
                places.add(self._visibility.place(event.conversation))
            if event.type.startswith("contact."):
                places.update(map(self._visibility.place, self._visibility.conversations_of(_read(event).contact)))
        return {place[:2] for place in places if place is not None}

    def _limited(self, covered: frozenset[_Pair], mine: str) -> Share:
        def covers(place: Place | None) -> bool:
            return place is not None and place[:2] in covered

        forget: list[str] = []
        whole = [id for id in self._whole if covers(self._visibility.place(id))]
        given = set(whole)
        for id, before in self._moved.items():
            if not covers(self._visibility.place(id)):
                if self._before is None or covers(before):
                    forget.append(id)
            elif id not in given and not covers(before):
                whole.append(id)
                given.add(id)
        events: list[Event] = []
        for event in self._events:
            where = event.conversation
            seen = where is not None and where not in given and covers(self._visibility.place(where))
            if event.type.startswith("contact."):
                if event.type in _WITH_BUNDLES or where in given:
                    continue
                if seen:
                    events.append(event)
                elif any(map(covers, map(self._visibility.place, self._contact_conversations(event)))):
                    # Told in a conversation that is not in view, of a contact who is.
                    events.append(event if where is None else _without_conversation(event))
            elif seen or (where is None and event.type in _SHARED and self._is_for(event, mine)):
                events.append(event)
        return Share(forget, list(_pieces(whole)), events, self._last, [], self._ends)

    def _contact_conversations(self, event: Event) -> tuple[str, ...]:
        return self._visibility.conversations_of(_read(event).contact)


def _without_conversation(event: Event) -> Event:
    return Event(event.seq, event.at, event.actor, event.type, event.data)


def _pieces(ids: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(ids), TOGETHER):
        yield list(ids[start : start + TOGETHER])


def text(frame: protocol.AnyFrame) -> str:
    """A frame as it travels."""
    return protocol.encode(frame).decode()
