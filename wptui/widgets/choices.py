"""A list to choose from, of which only the visible lines are made. It turns pages at its edges: fewest bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.events import Click
from textual.message import Message

from wptui.widgets.glyphs import Glyphs
from wptui.widgets.listing import Listing
from wptui.widgets.render.cells import Line, clip, simple, width


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: `title`, more about it, and what stands at the right edge. `words` are looked through as well."""

    id: str
    title: str
    detail: str = ""
    right: str = ""
    words: str = ""
    style: str = ""
    marked: bool = False


class ChoiceList(Listing):
    """The choices, one of them chosen."""

    OVER = ""

    @dataclass
    class Picked(Message):
        """A line was clicked."""

        choice: Choice

    @dataclass
    class Moved(Message):
        """Another line is chosen."""

        choice: Choice | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices: Sequence[Choice] = ()
        self._at = 0
        self._top = 0
        self.empty = ""
        """What to say where there is nothing to choose."""

    @property
    def chosen(self) -> Choice | None:
        """The chosen line."""
        return self._choices[self._at] if self._at < len(self._choices) else None

    def offer(self, choices: Sequence[Choice], at: int = 0) -> None:
        """Shows other choices, the one at `at` chosen."""
        self._choices = choices
        self._at = min(at, max(0, len(choices) - 1))
        self._follow()

    def move(self, lines: int) -> None:
        """Chooses another line, further down by `lines`."""
        self._at = max(0, min(len(self._choices) - 1, self._at + lines))
        self._follow()

    def _follow(self) -> None:
        rows = max(1, self.size.height)
        if not self._top <= self._at < self._top + rows:
            self._top = max(0, min(self._at // rows * rows, len(self._choices) - rows))
            if not self._top <= self._at < self._top + rows:
                self._top = self._at
        self.renew()
        self.post_message(self.Moved(self.chosen))

    def on_click(self, event: Click) -> None:
        """A click chooses and takes."""
        place = self._top + event.y
        if place < len(self._choices):
            self._at = place
            self._follow()
            self.post_message(self.Picked(self._choices[place]))

    def lines(self, cells: int, rows: int) -> list[Line]:
        if not self._choices:
            return [[(" " + self.empty, "muted")]] if self.empty else []
        # The list may have been filled before it had its height.
        self._top = max(0, min(self._top, len(self._choices) - rows))
        made: list[Line] = []
        for place in range(self._top, min(self._top + rows, len(self._choices))):
            made.append(choice_line(self._choices[place], cells, place == self._at, self.looks.glyphs))
        return made


def choice_line(choice: Choice, cells: int, chosen: bool, g: Glyphs) -> Line:
    """One line of the list in exactly `cells`; what is so already is marked."""
    over = " chosen" if chosen else ""
    right = clip(simple(choice.right), cells // 3, g.ellipsis)
    room = cells - 3 - (width(right) + 2 if right else 0)
    title = clip(simple(choice.title), room, g.ellipsis)
    detail = simple(choice.detail)
    left = room - width(title) - 2
    if detail and width(detail) > left:
        detail = clip(detail, left, g.ellipsis) if left >= 8 else ""
    gap = room - width(title) - (width(detail) + 2 if detail else 0)
    front = (g.choice if chosen else " ") + (g.dot if choice.marked else " ")
    line: Line = [(front, f"key{over}"), (title, f"{choice.style}{over}")]
    if detail:
        line += [("  ", over), (detail, f"muted{over}")]
    line.append((" " * max(0, gap), over))
    if right:
        line += [("  ", over), (right, f"key{over}")]
    return [*line, (" ", over)]
