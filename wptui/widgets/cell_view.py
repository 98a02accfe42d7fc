"""The base of every panel of figures: lines of styled pieces, of which only what changed is painted again.

Textual sends a widget's whole region when it is refreshed. A clock in a header would cost a screen line a second;
comparing pieces costs microseconds and sends the five cells that changed (ENGINES.md: 40 clocks, 1.3 kB/s).
"""

from __future__ import annotations

from typing import Protocol, cast

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, clip_line, width
from wptui.widgets.styles import Styles


class Looks(Protocol):
    """What the app gives every widget that draws itself."""

    look: Styles
    glyphs: Glyphs


class CellView(Widget):
    """Lines of pieces, made by `lines` from the widget's state. Call `renew` when that state may have changed."""

    OVER = ""
    """Style names laid over every piece."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: list[Line] = []
        self._made_for = (0, 0)

    @property
    def looks(self) -> Looks:
        """Styles and glyphs of the app."""
        return cast("Looks", self.app)

    def lines(self, cells: int, rows: int) -> list[Line]:
        """What to show in `cells` × `rows`."""
        raise NotImplementedError

    def renew(self) -> None:
        """Makes the lines anew and paints the pieces that are others than before."""
        cells, rows = self.size
        if not cells or not rows:
            self._made_for = (0, 0)  # hidden: what was made before is not what it shows when it comes back
            return
        old = self._shown
        self._make(cells, rows)
        regions: list[Region] = []
        for y in range(rows):
            before = old[y] if y < len(old) else []
            after = self._shown[y] if y < len(self._shown) else []
            if before != after:
                regions.append(Region(*_changed(before, after, cells, y)))
        if regions:
            self.refresh(*regions)

    def repaint(self) -> None:
        """Makes the lines anew and paints everything: the colours changed."""
        self._make(*self.size)
        self.refresh()

    def _make(self, cells: int, rows: int) -> None:
        self._made_for = (cells, rows)
        self._shown = [clip_line(line, cells) for line in self.lines(cells, rows)[:rows]] if cells else []

    def render_line(self, y: int) -> Strip:
        """One line as Textual wants it. Each piece is a segment of its own, so that it can be painted alone."""
        if self._made_for != self.size:  # another size: made where it is drawn, and not drawn twice
            self._make(*self.size)
        look = self.looks.look
        line = self._shown[y] if y < len(self._shown) else []
        segments = [segment for piece in line for segment in look.segments([piece], self.OVER)]
        return Strip(segments).adjust_cell_length(self.size.width, look[self.OVER])


def _changed(before: Line, after: Line, cells: int, y: int) -> tuple[int, int, int, int]:
    """The region of line `y` from the first piece that changed to the last, while those behind stay in place."""
    start = 0
    first = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        start += width(new[0])
        first += 1
    end = cells
    # Pieces behind the change that stand where they stood need not be painted.
    old_tail, new_tail = before[first:], after[first:]
    if sum(width(text) for text, _ in old_tail) == sum(width(text) for text, _ in new_tail):
        end = start + sum(width(text) for text, _ in new_tail)
        while old_tail and new_tail and old_tail[-1] == new_tail[-1]:
            end -= width(new_tail.pop()[0])
            old_tail.pop()
    return start, y, max(1, end - start), 1


def spread(left: Line, right: Line, cells: int) -> Line:
    """`left` at the left edge and `right` at the right one; `left` is cut where there is no room for both."""
    taken = sum(width(text) for text, _ in right)
    left = clip_line(left, max(0, cells - taken - 1))
    gap = cells - taken - sum(width(text) for text, _ in left)
    return [*left, (" " * max(0, gap), ""), *right]
