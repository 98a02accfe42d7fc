"""The dialogue that lets an agent choose by a few letters: colleagues, labels, times, canned replies, commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from wptui.i18n import _
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle, Entry, TextLines
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.fuzzy import best
from wptui.widgets.render.cells import Line

Preview = Callable[[Choice, int], list[Line]]
Free = Callable[[str], "Choice | None"]


class Picker(Dialogue[str]):
    """Answers the id of the choice, or None.

    `free` may make a choice of what was typed (a new label, a time of day), offered below those that fit.
    `preview` draws what the chosen one would bring.
    """

    DEFAULT_CSS = """
    Picker ChoiceList { height: auto; max-height: 14; min-height: 1; }
    Picker .preview { height: 7; border-top: solid $border-blurred; padding: 0; display: none; }
    Picker .preview.shown { display: block; }
    """

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        free: Free | None = None,
        preview: Preview | None = None,
        at: int = 0,
        typed: str = "",
        empty: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._all = choices
        self._free = free
        self._preview = preview
        self._start = at
        self._typed = typed
        self.list = ChoiceList()
        self.list.empty = empty or _("Nothing fits.")
        self._preview_view = TextLines(classes="preview" + (" shown" if preview else ""))

    def compose(self) -> ComposeResult:
        keys = [("↑↓", _("choose")), ("enter", _("take")), ("esc", _("cancel"))]
        with Vertical(id="box"):
            yield DialogueTitle(self._title)
            yield Entry(self._typed, _("Type to find"))
            yield self.list
            yield self._preview_view
            yield DialogueKeys(keys)

    def on_mount(self) -> None:
        """Shows everything there is."""
        self._offer(self._typed, self._start)
        self.set_class(True, "ready")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keeps what fits what was typed."""
        event.stop()
        self._offer(event.value)

    def _offer(self, typed: str, at: int = 0) -> None:
        found = best(typed, self._all, lambda choice: (choice.title, choice.words, choice.detail))
        if self._free is not None and typed.strip():
            made = self._free(typed.strip())
            if made is not None and all(choice.id != made.id for choice in found):
                found = [*found, made]
        rows = max(1, min(14, len(found)))
        if self.list.styles.height is None or self.list.styles.height.value != rows:
            self.list.styles.height = rows
        self.list.offer(found, at)

    def on_key(self, event: events.Key) -> None:
        """Moves in the list while the typing goes on."""
        moves = {"up": -1, "down": 1, "ctrl+p": -1, "ctrl+n": 1}
        pages = {"pageup": -1, "pagedown": 1}
        if event.key in moves:
            self.list.move(moves[event.key])
        elif event.key in pages:
            self.list.page(pages[event.key])
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes the chosen line."""
        event.stop()
        if self.list.chosen is not None:
            self.dismiss(self.list.chosen.id)

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        """So does a click."""
        self.dismiss(event.choice.id)

    def on_choice_list_moved(self, event: ChoiceList.Moved) -> None:
        """Shows what the chosen line would bring."""
        if self._preview is not None:
            width = self._preview_view.size.width or 72
            lines = self._preview(event.choice, width) if event.choice is not None else []
            self._preview_view.show(lines)
