"""Today's figures over the inbox, where the window is too narrow for their pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from wptui.i18n import _
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle
from wptui.widgets.stats_pane import StatsPane

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class StatsScreen(Dialogue[None]):
    """The figures in a box; any key leaves."""

    DEFAULT_CSS = "StatsScreen #box { width: 36; } StatsScreen StatsPane { height: 27; max-height: 100%; }"
    AUTO_FOCUS = ""

    def __init__(self, main: MainScreen) -> None:
        super().__init__()
        self._main = main
        self.pane = StatsPane()

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield DialogueTitle(_("Figures"))
            yield self.pane
            yield DialogueKeys([("esc", _("back"))])

    def on_mount(self) -> None:
        """Shows what is true now."""
        self.pane.show(self._main.figures.count_stats())
        self.set_interval(1.0, lambda: self.pane.show(self._main.figures.count_stats()))

    def on_key(self, event: events.Key) -> None:
        """Any key leaves."""
        event.stop()
        event.prevent_default()
        self.cancel()
