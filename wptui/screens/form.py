"""A dialogue with a few fields: the values of a template, a file with its caption, a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from wptui.i18n import _
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle, Entry, TextLines
from wptui.screens.file_paths import complete
from wptui.widgets.render.cells import Line, simple, wrap

Values = dict[str, str]
Check = Callable[[Values], "tuple[str, str] | None"]
"""What is wrong: (key of the field, sentence)."""
Show = Callable[[Values, int], list[Line]]


@dataclass(frozen=True)
class Field:
    """One line to fill in. `path` completes file names with Tab; `optional` may stay empty."""

    key: str
    label: str
    value: str = ""
    placeholder: str = ""
    path: bool = False
    optional: bool = False


class Form(Dialogue[Values]):
    """Answers the values by key, or None. Nothing leaves that `check` objects to."""

    DEFAULT_CSS = """
    Form .label { height: 1; padding: 0; }
    Form .preview { height: auto; max-height: 9; border-top: solid $border-blurred; display: none; }
    Form .preview.shown { display: block; }
    Form .wrong { height: auto; min-height: 1; max-height: 4; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        check: Check | None = None,
        show: Show | None = None,
        button: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._check = check
        self._show = show
        self._button = button or _("send")
        self._preview = TextLines(classes="preview" + (" shown" if show else ""))
        self._wrong = TextLines(classes="wrong")

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield DialogueTitle(self._title)
            for place, field in enumerate(self._fields):
                optional = f" ({_('optional')})" if field.optional else ""
                yield TextLines([[(f" {simple(field.label)}{optional}", "muted")]], classes="label")
                yield Entry(field.value, field.placeholder, id=f"field{place}")
            yield self._preview
            yield self._wrong
            move = [("↑↓", _("field"))] if len(self._fields) > 1 else []
            yield DialogueKeys([("enter", self._button), *move, ("esc", _("cancel"))])

    def on_mount(self) -> None:
        """Shows what is filled in already."""
        self.call_after_refresh(self._renew)

    @property
    def values(self) -> Values:
        """What stands in the fields."""
        entries = list(self.query(Entry))
        return {field.key: entry.value.strip() for field, entry in zip(self._fields, entries, strict=True)}

    def _renew(self) -> None:
        for label in self.query(".label").results(TextLines):
            label.repaint()
        if self._show is not None:
            lines = self._show(self.values, max(20, self._preview.size.width or 72))
            self._preview.styles.height = max(1, min(9, len(lines)) + 1)
            self._preview.show(lines)
            self._preview.repaint()

    def _say(self, text: str, style: str = "error") -> None:
        told = simple(text)
        spans = wrap(told, max(10, (self._wrong.size.width or 74) - 2)) or [(0, 0)]
        self._wrong.styles.height = min(4, len(spans))
        self._wrong.show([[(" " + told[begin:end], style)] for begin, end in spans[:4]])

    def on_input_changed(self, event: Input.Changed) -> None:
        """The preview follows the typing."""
        event.stop()
        self._say("")
        self._renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to what is missing, and sends when nothing is."""
        event.stop()
        if self._missing():
            return
        entries = list(self.query(Entry))
        # With optional fields below, Enter first goes there.
        place = next((n for n, entry in enumerate(entries) if entry is self.focused), len(entries) - 1)
        if place + 1 < len(entries):
            entries[place + 1].focus()
            return
        self.accept(self.values)

    def _missing(self) -> bool:
        """Goes to the first field that must be filled in and is not; whether there is one."""
        values = self.values
        for field, entry in zip(self._fields, self.query(Entry), strict=True):
            if not values[field.key] and not field.optional:
                if entry is self.focused:
                    self._say(_("{field} is still missing.").format(field=field.label))
                entry.focus()
                return True
        return False

    def accept(self, values: Values) -> None:
        """Leaves with the values, if nothing is wrong with them."""
        wrong = self._check(values) if self._check is not None else None
        if wrong is None:
            self.dismiss(values)
            return
        key, reason = wrong
        self._say(reason)
        for field, entry in zip(self._fields, self.query(Entry), strict=True):
            if field.key == key:
                entry.focus()

    def on_key(self, event: events.Key) -> None:
        """Up, down and Tab move between fields; Tab completes a path first. Ctrl+S sends, without fields Enter."""
        entries = list(self.query(Entry))
        place = next((n for n, entry in enumerate(entries) if entry is self.focused), -1)
        if event.key == "enter" and not entries:
            self.accept({})
        elif event.key == "ctrl+s" and entries:  # from every field, as in the forms of the settings
            if not self._missing():
                self.accept(self.values)
        elif event.key == "tab" and place >= 0 and self._fields[place].path and self._complete(entries[place]):
            pass
        elif event.key in ("tab", "down") and entries:
            entries[(place + 1) % len(entries)].focus()
        elif event.key in ("shift+tab", "up") and entries:
            entries[(place - 1) % len(entries)].focus()
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _complete(self, entry: Entry) -> bool:
        """Completes a path as far as it is clear; whether there was anything to complete or to choose from."""
        completed, candidates = complete(entry.value)
        if completed != entry.value:
            entry.value = completed
            entry.cursor_position = len(completed)
        elif not candidates:
            return False
        if len(candidates) > 1:
            self.call_after_refresh(self._say, "  ".join(candidates), "muted")
        return True
