"""Who is where: ephemeral, passed from terminal to terminal and never logged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from wptui.model.protocol import Presence

TYPING_SECONDS = 8.0
"""Typing that is not said again by then was given up."""

POLLER_SECONDS = 30.0
"""A terminal that polls and has not been heard of for so long is gone."""

STATES = frozenset({"viewing", "typing", "gone"})
"""What a terminal may say of itself; online and offline are the relay's to say."""


@dataclass
class _Place:
    agent: str
    name: str
    state: str = "online"
    conversation: str | None = None
    typing_until: float = 0.0
    lives_until: float | None = None
    terminal: bool = True


class Roster:
    """Where the agent of every connection is. `tell(presence, source)` passes a change on to the others.

    `changed` is called when a connection came or went; to be set by who wants to know.
    """

    def __init__(self, tell: Callable[[Presence, object], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self.changed: Callable[[], None] = _nothing
        self._clock = clock
        self._places: dict[object, _Place] = {}

    def arrive(self, source: object, agent: str, name: str, *, polling: bool = False, mode: str = "terminal") -> None:
        """A terminal of `agent` is there; `source` names it, `mode` is `Hello.mode`. A poller is to be named with
        every poll.
        """
        place = self._places.get(source)
        if place is None:
            first = not any(other.agent == agent for other in self._places.values())
            place = self._places[source] = _Place(agent, name, terminal=mode == "terminal")
            if first:
                self._tell(Presence(state="online", agent=agent, name=name), source)
            self.changed()
        elif mode == "terminal" and not place.terminal:
            place.terminal = True
            self.changed()
        if polling:
            place.lives_until = self._clock() + POLLER_SECONDS

    def leave(self, source: object) -> None:
        """The terminal is gone."""
        place = self._places.pop(source, None)
        if place is None:
            return
        if place.conversation is not None:
            self._say(source, place, "gone")
        if not any(other.agent == place.agent for other in self._places.values()):
            self._tell(Presence(state="offline", agent=place.agent, name=place.name), source)
        self.changed()

    def move(self, source: object, state: str, conversation: str | None) -> bool:
        """The terminal says where its agent is; whether that was news. States it may not say are passed over."""
        place = self._places.get(source)
        if place is None or state not in STATES or (conversation is None and state != "gone"):
            return False
        if state == "typing":
            place.typing_until = self._clock() + TYPING_SECONDS
        if (place.state, place.conversation) == (state, conversation):
            return False
        if place.conversation is not None and place.conversation != conversation:
            self._say(source, place, "gone")
        place.state, place.conversation = state, conversation
        if conversation is not None:
            self._say(source, place, state)
        if state == "gone":
            place.state, place.conversation = "online", None
        return True

    def expire(self) -> None:
        """Ends typing that was not renewed, and pollers not heard of. To be called every second or so."""
        now = self._clock()
        for source, place in list(self._places.items()):
            if place.lives_until is not None and place.lives_until < now:
                self.leave(source)
            elif place.state == "typing" and place.typing_until < now:
                place.state = "viewing"
                self._say(source, place, "viewing")

    def at_work(self) -> frozenset[str]:
        """The agents with a terminal open: a command line that looks in for a moment is none."""
        return frozenset(place.agent for place in self._places.values() if place.terminal)

    def others(self, agent: str) -> Iterator[Presence]:
        """Where everybody but `agent` is, for a terminal that has just come."""
        seen: set[str] = set()
        for place in self._places.values():
            if place.agent == agent:
                continue
            if place.agent not in seen:
                seen.add(place.agent)
                yield Presence(state="online", agent=place.agent, name=place.name)
            if place.conversation is not None:
                yield Presence(state=place.state, conversation=place.conversation, agent=place.agent, name=place.name)

    def _say(self, source: object, place: _Place, state: str) -> None:
        presence = Presence(state=state, conversation=place.conversation, agent=place.agent, name=place.name)
        self._tell(presence, source)


def _nothing() -> None:
    """Nobody wants to know."""
