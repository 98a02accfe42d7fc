"""The last line: the keys that help most where the agent is."""

from __future__ import annotations

from collections.abc import Sequence

from wptui.widgets.cell_view import CellView
from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, width


def footer_line(hints: Sequence[tuple[str, str]], cells: int, g: Glyphs) -> Line:
    """As many of `hints` (key, word) as fit, the first ones first."""
    line: Line = []
    used = 1
    for name, word in hints:
        key = name.replace("↑", g.up).replace("↓", g.down)
        size = width(key) + 1 + width(word) + (3 if line else 0)
        if used + size > cells:
            continue
        line += [(f" {g.dot} ", "muted")] if line else [(" ", "")]
        line += [(key, "key"), (f" {word}", "")]
        used += size
    return line


class Hints(CellView):
    """The footer."""

    DEFAULT_CSS = "Hints { height: 1; dock: bottom; }"
    OVER = "panel"

    hints: Sequence[tuple[str, str]] = ()

    def show(self, hints: Sequence[tuple[str, str]]) -> None:
        """Shows other hints."""
        if hints != self.hints:
            self.hints = hints
            self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [footer_line(self.hints, cells, self.looks.glyphs)]
