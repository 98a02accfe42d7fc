"""A list with one of its lines chosen, and the keys that choose another: the same in every list."""

from __future__ import annotations

from wptui.widgets.cell_view import CellView

_FAR = 1_000_000_000
_LINES = {"up": -1, "k": -1, "down": 1, "j": 1, "home": -_FAR, "end": _FAR}
_PAGES = {"pageup": -1, "pagedown": 1, "space": 1}


class Listing(CellView):
    """What `ChoiceList` and `Table` have in common. Subclasses choose: `move`."""

    HEAD = 1
    """Lines of a page that are seen on the next one, too."""

    def move(self, lines: int) -> None:
        """Chooses another line, further down by `lines`, or the last there is."""
        raise NotImplementedError

    def page(self, pages: int) -> None:
        """Moves by pages."""
        self.move(pages * max(1, self.size.height - self.HEAD))

    def step(self, key: str) -> bool:
        """Moves as `key` (Textual's name of it) says; False where it moves nothing."""
        if key in _LINES:
            self.move(_LINES[key])
        elif key in _PAGES:
            self.page(_PAGES[key])
        else:
            return False
        return True
