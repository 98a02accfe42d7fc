"""What is shown where nobody is signed in, or where access was withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from wptui.i18n import _
from wptui.screens.dialogue import TextLines
from wptui.widgets.footer import Hints
from wptui.widgets.render.cells import Line, wrap

if TYPE_CHECKING:
    from wptui.app import WptuiApp


class WelcomeLines(TextLines):
    """The words, filled into the width there is."""

    why = ""

    def lines(self, cells: int, rows: int) -> list[Line]:
        return welcome_lines(cells, self.why)


def welcome_lines(cells: int, why: str = "") -> list[Line]:
    """What to do next, in at most `cells` columns; `why` says that access was withdrawn."""
    made: list[Line] = [[]]

    def say(text: str, style: str = "", indent: int = 2) -> None:
        for start, end in wrap(text, max(10, min(cells, 76) - indent - 1)):
            made.append([(" " * indent, ""), (text[start:end], style)])

    if why:
        say(why, "error")
        say(_("The conversations on this machine have been removed, as they are not yours to see any more."))
        made.append([])
        say(_("To sign in again, ask whoever runs the relay for a code:"))
        say("wptui login https://…", "key", 4)
        return made
    say(_("Welcome to wptui"), "heading")
    say(_("A terminal inbox for WhatsApp customer service."))
    made.append([])
    say(_("To try it, with a WhatsApp of its own and customers who write:"))
    say("wptui demo", "key", 4)
    made.append([])
    say(_("To join your colleagues, ask whoever runs the relay for a code, then:"))
    say("wptui login https://…", "key", 4)
    made.append([])
    say(_("To connect a business number of your own:"))
    say("wptui relay init", "key", 4)
    return made


class WelcomeScreen(Screen[None]):
    """The first steps."""

    DEFAULT_CSS = "WelcomeLines { height: 1fr; }"

    def __init__(self, why: str = "") -> None:
        super().__init__()
        self._lines = WelcomeLines()
        self._lines.why = why
        self._hints = Hints()

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._lines
        yield self._hints

    def on_mount(self) -> None:
        """Shows the words."""
        self._lines.repaint()
        self._hints.show([(cast("WptuiApp", self.app).keymap.label("app.quit"), _("quit"))])

    def on_key(self, event: events.Key) -> None:
        """Any key that quits elsewhere quits here."""
        app = cast("WptuiApp", self.app)
        action = app.keymap.find(event.key, event.character, ["main"])
        if event.key == "escape" or (action is not None and action.id == "app.quit"):
            event.stop()
            app.leave()
