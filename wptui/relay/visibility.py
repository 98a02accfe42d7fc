"""Who sees what, in memory: where every conversation stands, and what every agent is.

As of the last event that log and view have (`hub.known`): the clerk's thread reads it from the view in the turn that
folds the events (`store.visible.note`), so that nothing here is ever older or newer than what it is told with.
"""

from __future__ import annotations

from collections.abc import Mapping

from wptui.model.permissions import Scope
from wptui.store.changes import Changes
from wptui.store.visible import NOBODY, Place, Standing


class Visibility:
    """Answers for agents by their ids. Belongs to the event loop."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._of_contact: dict[str, str | tuple[str, ...]] = {}
        """Contact → the conversation, or the conversations where there is not one: most contacts have one."""
        self._team: dict[str, Standing] = {}

    # ── what may be asked ────────────────────────────────────────────────────────────────────────────────

    def standing(self, agent: str) -> Standing:
        """What `agent` may do and see; `NOBODY` for one who is not known (yet) or shut out."""
        return self._team.get(agent, NOBODY)

    def scope(self, agent: str) -> Scope:
        """What `agent` sees."""
        return self.standing(agent).scope

    def may_see(self, agent: str, conversation: str) -> bool:
        """Whether `agent` sees the conversation. To be asked before a command's turn at the clerk's desk, too:
        inside the turn `store.visible.sees` asks the view once more, for it may have moved while the command waited.
        """
        place = self._places.get(conversation)
        return place is not None and self.scope(agent).covers(place.department, place.assignee)

    def covers_contact(self, scope: Scope, contact: str) -> bool:
        """Whether one of the contact's conversations is covered by `scope`."""
        return any(scope.covers(*self._places[id][:2]) for id in self.conversations_of(contact))

    def place(self, conversation: str) -> Place | None:
        """Where the conversation stands; None if there is none such."""
        return self._places.get(conversation)

    def conversations_of(self, contact: str) -> tuple[str, ...]:
        """The contact's conversations."""
        found = self._of_contact.get(contact, ())
        return (found,) if isinstance(found, str) else found

    # ── what is told ─────────────────────────────────────────────────────────────────────────────────────

    def load(self, places: Mapping[str, Place], team: Mapping[str, Standing]) -> None:
        """Begin with what the view holds."""
        self._places, self._of_contact = {}, {}
        for conversation, place in places.items():
            self._put(conversation, place)
        self._team = dict(team)

    def take(self, changes: Changes) -> dict[str, Place | None]:
        """Takes in what a run of events has changed; where the conversations that moved, came or went stood before."""
        if changes.team is not None:
            self._team = changes.team
        told: dict[str, Place | None] = changes.places
        if changes.every_place:
            told = {**dict.fromkeys(self._places), **told}
        before: dict[str, Place | None] = {}
        for conversation, place in told.items():
            known = self._places.get(conversation)
            if known != place:
                before[conversation] = known
                self._put(conversation, place)
        return before

    def _put(self, conversation: str, place: Place | None) -> None:
        known = self._places.get(conversation)
        if known is not None and (place is None or place.contact != known.contact):
            rest = tuple(id for id in self.conversations_of(known.contact) if id != conversation)
            if rest:
                self._of_contact[known.contact] = rest[0] if len(rest) == 1 else rest
            else:
                del self._of_contact[known.contact]
        if place is None:
            self._places.pop(conversation, None)
            return
        if known is None or place.contact != known.contact:
            others = self.conversations_of(place.contact)
            self._of_contact[place.contact] = (*others, conversation) if others else conversation
        self._places[conversation] = place
