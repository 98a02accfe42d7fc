"""The form of one entry: lines, texts, choices and lists, saved when nothing is wrong with them any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, TextArea

from wptui.i18n import _
from wptui.model.errors import WptuiError
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle, Entry, TextLines
from wptui.screens.settings_widgets import OneOf, Several
from wptui.widgets.choices import Choice
from wptui.widgets.render.cells import simple, wrap

Path = tuple[str, ...]
Values = dict[Path, Any]
"""What stands in the fields: a string, or a list of ids for `many`."""


@dataclass(frozen=True)
class Field:
    """One field: `path` is its key in the entry's table, `help` stands in it while it is empty."""

    path: Path
    label: str
    kind: Literal["line", "text", "one", "many"] = "line"
    value: Any = ""
    choices: Sequence[Choice] = ()
    help: str = ""


Submit = Callable[[Values], Awaitable["tuple[Path, str] | None"]]
"""Saves; or what is wrong: the field it is about (() for none), and a sentence. May raise WptuiError."""


class TextBox(TextArea):
    """A text of several lines; Tab and Escape are the form's."""

    DEFAULT_CSS = """
    TextBox { height: 6; border: none; padding: 0 1; background: $panel; }
    TextBox:focus { border: none; }
    """

    def __init__(self, value: str, help: str) -> None:
        super().__init__(value, tab_behavior="focus", placeholder=help)
        self.cursor_blink = False

    def on_mount(self) -> None:
        """Typing goes on where the text ends."""
        self.move_cursor(self.document.end)


class SettingsForm(Dialogue[bool]):
    """Answers True when something was saved."""

    DEFAULT_CSS = """
    SettingsForm #fields { height: auto; max-height: 100%; scrollbar-size-vertical: 1; }
    SettingsForm .row { height: auto; }
    SettingsForm .label { width: 22; height: 1; }
    SettingsForm .wide .label { width: 1fr; }
    SettingsForm .row Entry { width: 1fr; }
    SettingsForm .row OneOf, SettingsForm .row Several { width: 1fr; }
    SettingsForm .row TextBox { width: 1fr; }
    SettingsForm .wrong { height: auto; min-height: 1; max-height: 4; }
    """
    AUTO_FOCUS = "Entry, TextBox, OneOf, Several"

    def __init__(self, title: str, fields: Sequence[Field], submit: Submit) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._submit = submit
        self._widgets: list[Widget] = [self._widget(field) for field in fields]
        self._wrong = TextLines(classes="wrong")
        self._saving = False

    def _widget(self, field: Field) -> Widget:
        match field.kind:
            case "one":
                return OneOf(field.choices, field.value)
            case "many":
                return Several(field.label, field.choices, field.value, field.help or _("none"))
            case "text":
                return TextBox(field.value, field.help)
        return Entry(field.value, field.help)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield DialogueTitle(self._title)
            with VerticalScroll(id="fields", can_focus=False):
                for field, widget in zip(self._fields, self._widgets, strict=True):
                    with Horizontal(classes="row"):
                        yield TextLines([[(f" {simple(field.label)}", "muted")]], classes="label")
                        yield widget
            yield self._wrong
            yield DialogueKeys([("^s", _("save")), ("tab", _("next")), ("space", _("choose")), ("esc", _("cancel"))])

    def on_mount(self) -> None:
        """As high as what is in it, and no higher than the window."""
        rows = sum(6 if field.kind == "text" else 1 for field in self._fields)
        self.query_one("#fields").styles.height = max(1, min(rows, int(self.app.size.height * 0.9) - 6))

    @property
    def values(self) -> Values:
        """What stands in the fields."""
        found: Values = {}
        for field, widget in zip(self._fields, self._widgets, strict=True):
            if isinstance(widget, TextBox):
                found[field.path] = widget.text.rstrip()
            elif isinstance(widget, OneOf | Several):
                found[field.path] = widget.value
            elif isinstance(widget, Entry):
                found[field.path] = widget.value.strip()
        return found

    def _say(self, text: str, style: str = "error") -> None:
        told = simple(text)
        spans = wrap(told, max(10, (self._wrong.size.width or 74) - 2)) or [(0, 0)]
        self._wrong.styles.height = min(4, len(spans))
        self._wrong.show([[(" " + told[begin:end], style)] for begin, end in spans[:4]])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field."""
        event.stop()
        self._step(1)

    def on_key(self, event: events.Key) -> None:
        """Tab moves between fields, ^s saves."""
        typing = isinstance(self.focused, TextBox)
        if event.key == "ctrl+s":
            self.save()
        elif event.key == "tab" or (event.key in ("down", "enter") and not typing):
            self._step(1)
        elif event.key == "shift+tab" or (event.key == "up" and not typing):
            self._step(-1)
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _step(self, step: int) -> None:
        place = next((n for n, widget in enumerate(self._widgets) if widget is self.focused), -1)
        self._widgets[(place + step) % len(self._widgets)].focus()

    def save(self) -> None:
        """Saves, and leaves if that is done."""
        if not self._saving:
            self._saving = True
            self._say(_("Saving…"), "muted")
            self.run_worker(self._save())

    async def _save(self) -> None:
        try:
            wrong = await self._submit(self.values)
        except WptuiError as error:
            wrong = ((), f"{error} {error.hint}".strip())
        finally:
            self._saving = False
        if wrong is None:
            self.dismiss(True)
            return
        path, reason = wrong
        self._say(reason)
        for field, widget in zip(self._fields, self._widgets, strict=True):
            if path and field.path == path:
                widget.focus()
