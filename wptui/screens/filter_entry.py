"""The filter line of the inbox, while it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

from wptui.i18n import _
from wptui.screens.dialogue import Entry

if TYPE_CHECKING:
    from wptui.screens.inbox_pane import InboxPane


class FilterEntry(Entry):
    """The filter line while it is written."""

    def __init__(self, pane: InboxPane, value: str) -> None:
        super().__init__(value, _('Words, is:late, campaign:, label:, "phrase"'), id="filter")
        self._pane = pane

    def on_input_changed(self, event: Entry.Changed) -> None:
        """Lists while it is typed."""
        event.stop()
        self._pane.filter_by(event.value)

    def on_input_submitted(self, event: Entry.Submitted) -> None:
        """Enter goes to what was found."""
        event.stop()
        self._pane.close_filter(clear=False)

    def on_key(self, event: events.Key) -> None:
        """Escape lists everything again; down goes to the list."""
        if event.key in ("escape", "down"):
            event.stop()
            event.prevent_default()
            self._pane.close_filter(clear=event.key == "escape")
