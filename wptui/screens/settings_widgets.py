"""Fields of forms that are not typed into: one of several, several of many."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from wptui.i18n import _
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle
from wptui.widgets.cell_view import CellView
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.render.cells import Line, clip, simple


class OneOf(CellView, can_focus=True):
    """One of a few choices: left, right and space go to another."""

    DEFAULT_CSS = "OneOf { height: 1; }"

    def __init__(self, choices: Sequence[Choice], value: str) -> None:
        super().__init__()
        self.choices = choices
        self._at = next((n for n, choice in enumerate(choices) if choice.id == value), 0)

    @property
    def value(self) -> str:
        """The id of the choice."""
        return self.choices[self._at].id

    def lines(self, cells: int, rows: int) -> list[Line]:
        choice = self.choices[self._at]
        over = " chosen" if self.has_focus else ""
        text = clip(simple(choice.title or choice.id), cells - 6)
        return [[(" ", over), (text, f"{choice.style}{over}"), ("  ‹ ›" if self.has_focus else "", f"key{over}")]]

    def on_key(self, event: events.Key) -> None:
        """Goes to another choice."""
        steps = {"right": 1, "space": 1, "left": -1}
        if event.key in steps:
            event.stop()
            event.prevent_default()
            self._at = (self._at + steps[event.key]) % len(self.choices)
            self.renew()

    def on_click(self) -> None:
        """A click goes to the next one."""
        self._at = (self._at + 1) % len(self.choices)
        self.renew()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Shows whether keys work here."""
        super().watch_has_focus(has_focus)
        self.renew()


class Several(CellView, can_focus=True):
    """Some of many: space opens the list. `none` is said where none is chosen."""

    DEFAULT_CSS = "Several { height: 1; }"

    def __init__(self, title: str, choices: Sequence[Choice], value: Sequence[str], none: str) -> None:
        super().__init__()
        self._title = title
        known = {choice.id for choice in choices}
        # What the document names and nobody knows any more can still be taken out.
        self.choices = [*choices, *(Choice(id, id) for id in value if id not in known)]
        self.value = list(value)
        self._none = none

    def lines(self, cells: int, rows: int) -> list[Line]:
        over = " chosen" if self.has_focus else ""
        titles = {choice.id: choice.title or choice.id for choice in self.choices}
        text = ", ".join(titles[id] for id in self.value) if self.value else self._none
        style = "" if self.value else "muted"
        more = "  …" if self.has_focus else ""
        return [[(" ", over), (clip(simple(text), cells - 5), f"{style}{over}"), (more, f"key{over}")]]

    def on_key(self, event: events.Key) -> None:
        """Opens the list."""
        if event.key == "space":
            event.stop()
            event.prevent_default()
            self._open()

    def on_click(self) -> None:
        """So does a click."""
        self._open()

    def _open(self) -> None:
        def chosen(value: list[str] | None) -> None:
            if value is not None:
                self.value = value
                self.renew()

        self.app.push_screen(Checklist(self._title, self.choices, self.value), chosen)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Shows whether keys work here."""
        super().watch_has_focus(has_focus)
        self.renew()


class Checklist(Dialogue[list[str]]):
    """Answers the ids that are checked, in the order they were listed; None where it was left."""

    DEFAULT_CSS = "Checklist ChoiceList { height: auto; max-height: 16; min-height: 1; }"
    AUTO_FOCUS = ""

    def __init__(self, title: str, choices: Sequence[Choice], checked: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._checked = set(checked)
        self.list = ChoiceList()
        self.list.empty = _("There is nothing to choose from.")

    def compose(self) -> ComposeResult:
        keys = [("space", _("check")), ("enter", _("done")), ("esc", _("cancel"))]
        with Vertical(id="box"):
            yield DialogueTitle(self._title)
            yield self.list
            yield DialogueKeys(keys)

    def on_mount(self) -> None:
        """Shows all of them."""
        self.list.styles.height = max(1, min(16, len(self._choices)))
        self._offer(0)

    def _offer(self, at: int) -> None:
        self.list.offer([checked(choice, choice.id in self._checked) for choice in self._choices], at)

    def _toggle(self, choice: Choice | None) -> None:
        if choice is not None:
            self._checked ^= {choice.id}
            self._offer(next(n for n, each in enumerate(self._choices) if each.id == choice.id))

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        """A click checks."""
        self._toggle(event.choice)

    def on_key(self, event: events.Key) -> None:
        """Moves, checks, and ends."""
        if event.key == "space":
            self._toggle(self.list.chosen)
        elif event.key == "enter":
            self.dismiss([choice.id for choice in self._choices if choice.id in self._checked])
        elif not self.list.step(event.key):
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()


def checked(choice: Choice, on: bool) -> Choice:
    """`choice` with a box before it."""
    title = ("[x] " if on else "[ ] ") + (choice.title or choice.id)
    return Choice(choice.id, title, choice.detail, choice.right, choice.words, choice.style)
