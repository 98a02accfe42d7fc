"""Who else looks at which conversation, or types in it: for the title of the chat and the rows of the inbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wptui.i18n import ngettext
from wptui.model.protocol import Presence
from wptui.store.changes import Changes

if TYPE_CHECKING:
    from wptui.screens.desk import Desk
    from wptui.widgets.glyphs import Glyphs

SHOWN_FOR = {"typing": 15.0, "viewing": 600.0}
"""Seconds after which a colleague of whom nothing more was heard is no longer shown."""


@dataclass(frozen=True, slots=True)
class _Here:
    name: str
    state: str
    until: float
    seq: int
    """Where the conversation stood when this was heard."""


class Colleagues:
    """What was heard of colleagues, as long as it holds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._here: dict[str, dict[str, _Here]] = {}

    def heard(self, presence: Presence) -> bool:
        """A colleague looks or types somewhere; whether that changes what is shown."""
        if presence.agent == self._desk.me:
            return False
        if presence.state in ("gone", "offline"):
            for conversation, here in self._here.items():
                if presence.conversation in (None, conversation):
                    here.pop(presence.agent, None)
            return True
        if not presence.conversation or presence.state not in SHOWN_FOR:
            return False
        self._put(presence.conversation, presence.agent, presence.name, presence.state)
        return True

    def _put(self, conversation: str, agent: str, name: str, state: str) -> None:
        until = time.monotonic() + SHOWN_FOR[state]
        name = name or self._desk.name(agent)
        self._here.setdefault(conversation, {})[agent] = _Here(name, state, until, self._seq(conversation, agent))

    def _seq(self, conversation: str, agent: str) -> int:
        """Number of the newest thing the agent wrote in a conversation."""
        found = self._desk.db.execute(
            "SELECT IFNULL(MAX(seq), 0) FROM messages WHERE conversation = ? AND author = ? AND dir IN ('out', 'note')",
            (conversation, f"agent:{agent}"),
        ).fetchone()
        return int(found[0])

    def changed(self, changes: Changes) -> None:
        """Who has sent what they typed types no longer, though they may still be there."""
        for conversation in self._here.keys() & changes.conversations:
            for agent, here in list(self._here[conversation].items()):
                if here.state == "typing" and self._seq(conversation, agent) > here.seq:
                    self._put(conversation, agent, here.name, "viewing")

    def expire(self) -> None:
        """Forgets what is too long ago."""
        now = time.monotonic()
        for conversation, here in list(self._here.items()):
            for agent in [agent for agent, each in here.items() if each.until < now]:
                del here[agent]
            if not here:
                del self._here[conversation]

    def marks(self) -> dict[str, str]:
        """Conversation → typing or viewing, whichever is more."""
        return {
            conversation: "typing" if any(each.state == "typing" for each in here.values()) else "viewing"
            for conversation, here in self._here.items()
            if here
        }

    def words(self, conversation: str) -> str:
        """Who types, else who looks, in a conversation; "" for nobody."""
        state, names = self._who(conversation)
        if not names:
            return ""
        if state == "typing":
            told = ngettext("{names} is typing", "{names} are typing", len(names))
        else:
            told = ngettext("{names} is viewing", "{names} are viewing", len(names))
        return told.format(names=", ".join(names))

    def sign(self, conversation: str, glyphs: Glyphs) -> str:
        """The same with a sign instead of a verb, for where there is little room."""
        state, names = self._who(conversation)
        return f"{glyphs.typing if state == 'typing' else glyphs.viewing} {', '.join(names)}" if names else ""

    def _who(self, conversation: str) -> tuple[str, list[str]]:
        """What they do, and who: those who type, else all."""
        here = self._here.get(conversation, {}).values()
        typing = [each.name for each in here if each.state == "typing"]
        return ("typing", typing) if typing else ("viewing", [each.name for each in here])
