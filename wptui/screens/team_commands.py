"""Commands about the team: one's own duty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import SetDuty
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
