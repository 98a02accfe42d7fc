"""A pane that stays as it is when the focus comes or goes.

Textual repaints a widget whole in both cases: about 5 kB a pane, and a frame more before a conversation is open.
"""

from __future__ import annotations

from typing import Self

from textual import events
from textual.scroll_view import ScrollView


class Pane(ScrollView):
    """What looks different with the focus, a subclass refreshes in its own `on_focus` and `on_blur`."""

    def focus(self, scroll_visible: bool = True) -> Self:
        """Gives the focus to this pane, once what is under way has been done."""

        def take() -> None:
            if self.is_attached:
                self.screen.set_focus(self, scroll_visible=scroll_visible)

        self.app.call_later(take)
        return self

    def _on_focus(self, event: events.Focus) -> None:
        event.prevent_default()  # Widget's handler, which is this one but for the repainting
        self.has_focus = True
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self))

    def _on_blur(self, event: events.Blur) -> None:
        event.prevent_default()
        self.has_focus = False
        if self.parent is not None:
            self.parent.post_message(events.DescendantBlur(self))
