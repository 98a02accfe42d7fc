"""What the commands about one conversation share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import AnyCommand
from wptui.store import inbox
from wptui.store.inbox import InboxRow

if TYPE_CHECKING:
    from wptui.screens.desk import Desk
    from wptui.screens.main import MainScreen


class ConversationBase:
    """The conversation that is open, or under the cursor, and giving commands about it."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    @property
    def desk(self) -> Desk:
        """What the screens work with."""
        return self.main.wptui.desk

    def _row(self) -> InboxRow | None:
        target = self.main.target()
        row = inbox.conversation(self.desk.db, target) if target else None
        if row is None:
            self.main.banner.say(_("This conversation is no longer here."), severity="warning")
        return row

    def _give(self, row: InboxRow, command: AnyCommand, done: str) -> None:
        """Gives a command and says so; where there is no link, says when it will happen."""
        desk = self.desk
        desk.give(row.id, command)
        connected = desk.link is not None and desk.link.state.connected
        later = "" if connected else _("It goes out when the relay is back.")
        self.main.banner.say(f"{row.title}: {done}", later)
