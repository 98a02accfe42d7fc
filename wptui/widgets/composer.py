"""Where an agent writes: an answer, a caption, or a note for colleagues."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import TextArea

from wptui.cloudapi.limits import TEXT
from wptui.i18n import _, format_number
from wptui.model.text import safe_line
from wptui.widgets.cell_view import CellView, spread
from wptui.widgets.render.cells import Line, line_width, simple

if TYPE_CHECKING:
    from textual.document._document import Document

NEAR = TEXT - 400
"""From how many characters on the counter is shown."""

PLACE = re.compile(r"\{\{[^{}\n]{1,80}\}\}")
"""A place in a canned reply that is still to be filled in."""

Command = Callable[[events.Key], bool]
"""Gives the command of a key in the composer, if it has one; whether it had."""


@dataclass(frozen=True)
class ComposerState:
    """What the line above the text says. `window_key` is the key that offers templates."""

    open: bool = False
    """Whether a conversation is open."""
    note: bool = False
    closed: str = ""
    """Why nothing can go to the customer from here, whatever the window says."""
    quote: str = ""
    enclosed: str = ""
    """Name of the file that goes along."""
    window_open: bool = True
    window_key: str = ""
    hint: str = ""
    length: int = 0


def composer_line(state: ComposerState, cells: int, rule: str, reply: str) -> Line:
    """The line above the text: what is being written, to whom it goes, and how much still fits."""
    if not state.open:
        return [(rule * cells, "muted")]
    right: Line = []
    if state.length > NEAR:
        counted = f"{format_number(state.length)}/{format_number(TEXT)}"
        right = [(" " + counted + " ", "error" if state.length > TEXT else "warning")]
    if state.note:
        left: Line = [(rule * 2 + " ", "thread-note"), (_("Note: only colleagues see this"), "thread-note-author")]
    elif state.closed:
        left = [(rule * 2 + " ", "muted"), (simple(safe_line(state.closed, 160)), "warning")]
    elif state.enclosed:
        left = [
            (rule * 2 + " ", "muted"),
            (_("with the file {name}").format(name=simple(state.enclosed)), "thread-media"),
        ]
    elif state.quote:
        left = [
            (rule * 2 + " ", "muted"),
            (f"{reply} ", "accent"),
            (simple(safe_line(state.quote, 80)), "thread-quote"),
        ]
    elif not state.window_open:
        left = [(rule * 2 + " ", "muted"), (_("24 hours are over: only templates"), "warning")]
        if state.window_key:
            left += [(f" {rule * 2} ", "muted"), (state.window_key, "key"), (" " + _("template"), "")]
    else:
        left = [(rule * 2 + " ", "muted"), (state.hint, "muted")] if state.hint else [(rule * 2, "muted")]
    *shown, (gap, _style) = spread([*left, (" ", "")], [], cells - line_width(right))
    # The gap between both is drawn as a rule, so that the line parts thread and text.
    return [*shown, (rule * len(gap), "muted"), *right]


class ComposerLine(CellView):
    """The line above the text."""

    DEFAULT_CSS = "ComposerLine { height: 1; }"

    state: ComposerState = ComposerState()

    def show(self, state: ComposerState) -> None:
        """Shows another state."""
        if state != self.state:
            self.state = state
            self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        g = self.looks.glyphs
        return [composer_line(self.state, cells, g.rule, g.reply)]


class Editor(TextArea):
    """The text itself. Keys that are commands of the composer are handed to `command` before they are text."""

    DEFAULT_CSS = """
    Editor { height: auto; min-height: 1; max-height: 6; border: none; padding: 0 1; scrollbar-size-vertical: 1; }
    Editor:focus { border: none; }
    """

    def __init__(self, command: Command) -> None:
        super().__init__(highlight_cursor_line=False, show_line_numbers=False, max_checkpoints=200)
        self.cursor_blink = False
        self._command = command

    def on_key(self, event: events.Key) -> None:
        """The composer's own keys go first."""
        if self._command(event):
            event.stop()
            event.prevent_default()


class Composer(Vertical):
    """The editor with its line. It knows of no conversation: the screen opens and closes it."""

    DEFAULT_CSS = "Composer { height: auto; }"

    @dataclass
    class Submitted(Message):
        """The agent wants `text` sent, or kept as a note."""

        text: str
        note: bool

    @dataclass
    class Edited(Message):
        """The text is another, by the agent or by `load`."""

        text: str

    class CallWanted(Message):
        """An @ was typed in a note, where a name may begin."""

    class CannedWanted(Message):
        """A slash was typed where nothing stood."""

    def __init__(self, command: Command, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._line = ComposerLine()
        self._command = command
        self.editor = Editor(self._key)
        self.state = ComposerState()

    def compose(self) -> ComposeResult:
        yield self._line
        yield self.editor

    def _key(self, event: events.Key) -> bool:
        if event.character == "/" and not self.editor.text and self._answering():
            self.post_message(self.CannedWanted())
            return True
        if event.character == "@" and self.state.note and self._at_word():
            self.post_message(self.CallWanted())
            return True
        if event.key == "tab" and self.next_place():
            return True
        return self._command(event)

    def _answering(self) -> bool:
        """Whether what is typed goes to the customer."""
        return self.state.open and not self.state.note and not self.state.closed

    def _at_word(self) -> bool:
        """Whether a word begins at the cursor."""
        row, column = self.editor.cursor_location
        before = self.editor.document.get_line(row)[:column]
        return not before or before[-1].isspace() or before[-1] in "(["

    # ── state ────────────────────────────────────────────────────────────────────────────────────────────

    def describe(self, **changes: object) -> None:
        """Changes fields of the state and shows it."""
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._line.show(self.state)
        self.editor.set_class(self.state.note, "note")
        self.editor.read_only = bool(self.state.closed) and not self.state.note

    def repaint(self) -> None:
        """The colours changed."""
        self._line.repaint()

    @property
    def text(self) -> str:
        """What is written."""
        return self.editor.text

    def load(self, text: str) -> None:
        """Puts another text in place, the cursor behind it."""
        self.editor.load_text(text)
        self.editor.move_cursor(self.editor.document.end)
        self.describe(length=len(text))

    def insert(self, text: str) -> None:
        """Writes `text` at the cursor; a place to fill in is selected."""
        self.editor.insert(text)
        self.next_place(first=True)

    def submit(self) -> None:
        """Asks to have the text sent. An empty one is not."""
        text = self.editor.text.strip()
        if text:
            self.post_message(self.Submitted(text, self.state.note))

    def newline(self) -> None:
        """Begins another line."""
        self.editor.insert("\n")

    def next_place(self, *, first: bool = False) -> bool:
        """Selects the next place to fill in, behind the cursor or from the beginning; whether there is one."""
        text = self.editor.text
        places = list(PLACE.finditer(text))
        if not places:
            return False
        document = cast("Document", self.editor.document)
        at = 0 if first else document.get_index_from_location(self.editor.selection.end)
        found = next((place for place in places if place.start() >= at), places[0])
        locate = document.get_location_from_index
        self.editor.move_cursor(locate(found.start()))
        self.editor.move_cursor(locate(found.end()), select=True)
        return True

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tells the screen, which knows whether it is another text than before."""
        event.stop()
        text = self.editor.text
        self.describe(length=len(text))
        self.post_message(self.Edited(text))
