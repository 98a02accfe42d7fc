"""Commands about the team: duty, who has how much, the notes that call one, who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import SetDuty
from wptui.store.inbox import View
from wptui.widgets.choices import Choice
from wptui.widgets.render.words import DUTIES

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class TeamCommands:
    """What is about colleagues and not about a customer."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def duty(self) -> None:
        """Says whether the agent is on duty."""
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        current = desk.duty()
        choices = [
            Choice(state, _(duty.title), _(duty.help), marked=state == current, style=duty.style)
            for state, duty in DUTIES.items()
        ]

        def chosen(state: str | None) -> None:
            if state is not None and state != current:
                desk.give(None, SetDuty(state=state))
                self.main.banner.say(_(DUTIES[state].told))

        at = list(DUTIES).index(current) if current in DUTIES else 0
        self.main.app.push_screen(Picker(_("Your duty"), choices, at=at), chosen)

    def show(self) -> None:
        """Who waits, who is on duty, who has how much; a choice is listed in the inbox."""
        from wptui.screens.team import TeamScreen
        from wptui.store.filters import parse

        def chosen(line: str | None) -> None:
            if line is not None:
                self.main.show_chat(False)
                self.main.inbox.ask(view=View.ALL, filter=parse(line))
                self.main.set_focus(self.main.inbox.list)

        self.main.app.push_screen(TeamScreen(self.main.wptui.desk), chosen)

    def mentions(self) -> None:
        """The notes that call the agent."""
        from wptui.screens.mentions import MentionsScreen

        self.main.app.push_screen(MentionsScreen(self.main.wptui.desk), self._jump)

    def audit(self) -> None:
        """What happened in the conversation."""
        from wptui.screens.audit import AuditScreen

        conversation = self.main.target()
        if conversation is not None:
            self.main.app.push_screen(AuditScreen(self.main.wptui.desk, conversation=conversation), self._jump)

    def _jump(self, place: tuple[str, str] | None) -> None:
        if place is not None:
            self.main.chat.open(place[0], at=place[1])
