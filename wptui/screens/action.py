"""What a command of the terminal is. No Textual here: `actions` holds the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wptui.i18n import N_

Where = Literal["main", "inbox", "thread", "composer"]
"""Which pane must have the focus; `main` is any of them. A printable key never leaves the composer by itself."""

Need = Literal["", "conversation", "message", "media", "customer", "failed", "quoted", "refused"]
"""What a command works on, beside the screen."""

NEEDS: dict[Need, str] = {
    "conversation": N_("Choose a conversation first."),
    "message": N_("Choose a message first: enter opens a conversation, ↑ and ↓ move in it."),
    "media": N_("There is no file in this message."),
    "customer": N_("This works on messages that have reached WhatsApp."),
    "failed": N_("This works on a message that was not sent."),
    "quoted": N_("This message quotes no other."),
    "refused": N_("Nothing waits for your decision."),
}
"""What to tell an agent who gives a command that has nothing to work on."""

INBOX = N_("Inbox")
CONVERSATION = N_("Conversation")
MESSAGE = N_("Message")
WRITING = N_("Writing")
TEAM = N_("Team")
WINDOW = N_("Window")
GROUPS = (INBOX, CONVERSATION, MESSAGE, WRITING, TEAM, WINDOW)
"""Groups of commands, in the order of the help."""


@dataclass(frozen=True, slots=True)
class Action:
    """One command. `title`, `help`, `group` and `hint` are marked for translation: show them through ``_``."""

    id: str
    title: str
    keys: tuple[str, ...]
    help: str
    group: str
    where: Where = "main"
    need: Need = ""
    hint: str = ""
    """One or two words for the footer; empty keeps the command out of it."""
    order: int = 50
    """Place among the footer's hints: the lowest are shown first where there is little room."""
    may: tuple[str, ...] = ()
    """Permissions (`model.permissions`) of which one is enough; empty: everybody may."""
