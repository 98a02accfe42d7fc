"""What every dialogue over the main screen has: a box with a title, keys at its foot, and Escape."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from wptui.widgets.cell_view import CellView
from wptui.widgets.footer import footer_line
from wptui.widgets.render.cells import Line, clip, simple

R = TypeVar("R")


class TextLines(CellView):
    """Lines handed in from outside."""

    def __init__(self, lines: list[Line] | None = None, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._given: list[Line] = lines or []

    def show(self, lines: list[Line]) -> None:
        """Shows other lines."""
        self._given = lines
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return self._given


class Told(CellView):
    """The line on which a screen answers."""

    DEFAULT_CSS = "Told { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._text = self._style = ""

    def say(self, text: str, style: str = "muted") -> None:
        """Says something else; "" clears the line."""
        self._text, self._style = simple(text), style
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [[(f" {clip(self._text, cells - 2)}", self._style)]] if self._text else []


class DialogueTitle(CellView):
    """The first line of a dialogue."""

    DEFAULT_CSS = "DialogueTitle { height: 1; }"
    OVER = "panel"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [[(" ", ""), (clip(simple(self._title), cells - 2), "heading")]]


class DialogueKeys(CellView):
    """The last line of a dialogue."""

    DEFAULT_CSS = "DialogueKeys { height: 1; }"

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._keys = keys

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [footer_line(self._keys, cells, self.looks.glyphs)]


class Entry(Input):
    """An input line that does not blink and does not select what it already holds."""

    DEFAULT_CSS = """
    Entry { height: 1; border: none; padding: 0 1; }
    Entry:focus { border: none; }
    """

    def __init__(self, value: str = "", placeholder: str = "", *, id: str | None = None) -> None:
        super().__init__(value, placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False


class Dialogue(ModalScreen[R], Generic[R]):
    """A box over the main screen. Subclasses compose into `Vertical(id="box")`."""

    DEFAULT_CSS = """
    Dialogue { align: center middle; background: transparent; }
    Dialogue #box {
        width: 76; max-width: 96%; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 0;
    }
    """
    AUTO_FOCUS = "Input"

    def __init__(self) -> None:
        super().__init__()
        self._early: list[events.Key] = []

    def on_descendant_focus(self) -> None:
        """The entry is there: what was typed before it was is typed into it now."""
        early, self._early = self._early, []
        for key in early:
            self.app.post_message(events.Key(key.key, key.character))

    def on_key(self, event: events.Key) -> None:
        """Escape leaves without a choice; everything else stays in here."""
        if self.focused is None and self.AUTO_FOCUS and self.query(self.AUTO_FOCUS):
            self._early.append(event)
        elif event.key == "escape":
            event.stop()
            event.prevent_default()
            self.cancel()

    def cancel(self) -> None:
        """Leaves without a result."""
        self.dismiss(None)
