"""One line above the panes for what needs the agent's eye: a failure with its next step, or what was just done."""

from __future__ import annotations

from typing import Literal

from wptui.model.text import safe_line
from wptui.widgets.cell_view import CellView
from wptui.widgets.render.cells import Line, simple

Severity = Literal["info", "warning", "error"]

_STYLES: dict[str, str] = {"info": "accent", "warning": "warning", "error": "error"}


class Banner(CellView):
    """A sentence and what to do next. Hidden while there is nothing to say.

    A standing message (the link was refused, say) stays until `stand` takes it back; a passing one lies over it
    for some seconds.
    """

    DEFAULT_CSS = "Banner { height: 1; display: none; } Banner.shown { display: block; }"
    OVER = "panel"
    SECONDS = 8

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._standing: tuple[Severity, str, str] | None = None
        self._passing: tuple[Severity, str, str] | None = None
        self._left = 0

    def stand(self, severity: Severity = "info", text: str = "", hint: str = "") -> None:
        """Says something until it is taken back by an empty text."""
        self._standing = (severity, text, hint) if text else None
        self._redo()

    def say(self, text: str, hint: str = "", severity: Severity = "info") -> None:
        """Says something for some seconds."""
        self._passing = (severity, text, hint)
        self._left = self.SECONDS
        self._redo()

    def hush(self) -> bool:
        """Takes the passing message away; whether there was one."""
        had, self._passing = self._passing is not None, None
        self._redo()
        return had

    def tick(self) -> None:
        """A second has passed."""
        if self._passing is not None:
            self._left -= 1
            if self._left <= 0:
                self.hush()

    @property
    def message(self) -> str:
        """What is shown now, hint and all."""
        shown = self._passing or self._standing
        return " ".join(shown[1:]).strip() if shown else ""

    def _redo(self) -> None:
        self.set_class(bool(self._passing or self._standing), "shown")
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        shown = self._passing or self._standing
        if shown is None:
            return []
        severity, text, hint = shown
        line: Line = [(" ", ""), (simple(safe_line(text)), _STYLES[severity])]
        if hint:
            line += [("  ", ""), (simple(safe_line(hint)), "")]
        return [line]
