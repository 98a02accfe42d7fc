"""A table of figures with headings, some of whose lines can be chosen. Only the lines in sight are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.events import Click
from textual.message import Message

from wptui.widgets.listing import Listing
from wptui.widgets.render.cells import Line, clip, fit, fit_right, line_width, simple

_FIRST_MOST = 36
"""Cells of the first column, at most: further away, figures no longer belong to their name."""


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells; the first column takes what the others leave. Figures stand right."""

    title: str
    width: int = 0
    right: bool = False
    least: int = 0
    """Columns of the window under which this one is left out."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in its style."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; the `id` of what can be chosen, "" for what cannot."""

    id: str
    cells: tuple[Cell, ...]
    style: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Columns with their rows; `empty` stands where there are none."""

    columns: tuple[Column, ...]
    rows: Sequence[Row] = field(default_factory=tuple)
    empty: str = ""


class Table(Listing):
    """Sections below each other, and one of all their rows chosen."""

    HEAD = 2

    @dataclass
    class Picked(Message):
        """A row was clicked twice over: once to choose it, once more to take it."""

        id: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._sections: Sequence[Section] = ()
        self._at = ""
        self._top = 0

    @property
    def chosen(self) -> str:
        """The id of the chosen row; "" where there is none."""
        return self._at

    def show(self, sections: Sequence[Section]) -> None:
        """Shows other figures; the choice stays on its row."""
        self._sections = sections
        ids = self._ids()
        if self._at not in ids:
            self._at = ids[0] if ids else ""
        self._follow()

    def move(self, lines: int) -> None:
        """Chooses another row, further down by `lines`."""
        ids = self._ids()
        if ids:
            place = ids.index(self._at) if self._at in ids else 0
            self._at = ids[max(0, min(len(ids) - 1, place + lines))]
            self._follow()

    def _ids(self) -> list[str]:
        return [row.id for section in self._sections for row in section.rows if row.id]

    def _listed(self) -> list[tuple[Section, Row | None]]:
        """Every line: a section's heading as None, its rows, an empty line between sections."""
        lines: list[tuple[Section, Row | None]] = []
        for number, section in enumerate(self._sections):
            if number:
                lines.append((section, Row("", ())))
            lines.append((section, None))
            if section.rows:
                lines += [(section, row) for row in section.rows]
            else:
                lines.append((section, Row("", (Cell(section.empty, "muted"),))))
        return lines

    def _follow(self) -> None:
        listed, rows = self._listed(), max(1, self.size.height)
        place = next((n for n, (_section, row) in enumerate(listed) if row is not None and row.id == self._at), 0)
        if place < self._top or place >= self._top + rows:
            self._top = max(0, min(place - rows // 2, len(listed) - rows))
        self._top = max(0, min(self._top, len(listed) - rows))
        if place <= rows - 1:
            self._top = 0
        self.renew()

    def on_click(self, event: Click) -> None:
        """A click chooses, another one takes."""
        listed = self._listed()
        place = self._top + event.y
        row = listed[place][1] if place < len(listed) else None
        if row is None or not row.id:
            return
        if row.id == self._at:
            self.post_message(self.Picked(row.id))
        self._at = row.id
        self._follow()

    def lines(self, cells: int, rows: int) -> list[Line]:
        listed = self._listed()[self._top : self._top + rows]
        return [self._line(section, row, cells) for section, row in listed]

    def _line(self, section: Section, row: Row | None, cells: int) -> Line:
        columns = [(n, column) for n, column in enumerate(section.columns) if cells >= column.least]
        taken = sum(column.width + 2 for _n, column in columns[1:])
        first = max(8, min(_FIRST_MOST, cells - 3 - taken))
        if row is not None and len(row.cells) <= 1:
            only = row.cells[0] if row.cells else Cell("")
            return [("  ", ""), (clip(simple(only.text), cells - 3), only.style)]
        over = " chosen" if row is not None and row.id and row.id == self._at else ""
        line: Line = [((self.looks.glyphs.choice if over else " ") + " ", f"key{over}")]
        for place, (number, column) in enumerate(columns):
            room = column.width if place else first
            if row is None:
                cell = Cell(column.title, "heading" if not place else "muted")
            else:
                cell = row.cells[number] if number < len(row.cells) else Cell("")
            text = simple(cell.text)
            shown = fit_right(text, room) if column.right else fit(text, room)
            if place:
                line.append(("  ", over))
            line.append((shown, f"{cell.style}{over}"))
        rest = cells - line_width(line)
        return [*line, (" " * max(1, rest), over)]
