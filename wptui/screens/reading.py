"""A full screen of text to read: help, a message's raw story."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import _
from wptui.screens.dialogue import DialogueTitle
from wptui.widgets.cell_view import CellView
from wptui.widgets.footer import Hints
from wptui.widgets.render.cells import Line


class Pages(CellView, can_focus=True):
    """Lines made for the width there is, of which a page is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Line] = []
        self._top = 0

    def fill(self, lines: list[Line]) -> None:
        """Shows other lines, from where the reader is."""
        self._all = lines
        self.scroll_lines(0)

    @property
    def texts(self) -> list[str]:
        """All lines as plain text."""
        return ["".join(text for text, _style in line) for line in self._all]

    def scroll_lines(self, by: int) -> None:
        """Moves by lines."""
        self._top = max(0, min(self._top + by, len(self._all) - self.size.height))
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return self._all[self._top : self._top + rows]


class ReadingScreen(Screen[None]):
    """Text to read. Subclasses make `made` lines for a width."""

    DEFAULT_CSS = "Pages { height: 1fr; }"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._head = DialogueTitle(title)
        self.pages = Pages()
        self._hints = Hints()

    def made(self, cells: int) -> list[Line]:
        """The lines, filled into `cells`."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.pages
        yield self._hints

    def on_mount(self) -> None:
        """Ready to read."""
        self._hints.show([("esc", _("back")), ("↑↓", _("lines")), ("pgup pgdn", _("pages"))])
        self.pages.focus()

    def on_resize(self, event: events.Resize) -> None:
        """Another width, other lines."""
        self.call_after_refresh(self.again)

    def again(self) -> None:
        """Makes the lines anew."""
        self.pages.fill(self.made(max(20, self.size.width)))
        self._head.repaint()

    def on_key(self, event: events.Key) -> None:
        """Moves, or leaves."""
        page = max(1, self.pages.size.height - 1)
        moves = {
            "up": -1, "k": -1, "down": 1, "j": 1, "enter": 1, "pageup": -page, "pagedown": page, "space": page,
            "home": -1_000_000, "g": -1_000_000, "end": 1_000_000, "G": 1_000_000,
        }  # fmt: skip
        if event.key in ("escape", "q", "question_mark", "f1", "x"):
            self.dismiss(None)
        elif event.key in moves:
            self.pages.scroll_lines(moves[event.key])
        else:
            return
        event.stop()
        event.prevent_default()
