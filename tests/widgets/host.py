"""A tiny app around one widget, over a real store, at a fixed moment: what the stories drive."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message

from tests.widgets.seed import NOW, Shop
from wptui.screens.theming import load_themes
from wptui.widgets.glyphs import FULL
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.thread_view import ThreadView

AGENTS = {"a1": "Ayşe Demir", "a2": "Mehmet Kurt"}


class Host(App[None]):
    """Shows one widget, dressed, and keeps the messages it posts."""

    def __init__(
        self, widget: InboxList | ThreadView, shop: Shop, theme: str = "dark", *, frugal: bool = False, **look: Any
    ) -> None:
        super().__init__()
        self.shown, self.shop = widget, shop
        self.told: list[Message] = []
        self.now = NOW
        self._dress(theme, frugal, look)

    def _dress(self, name: str, frugal: bool, look: dict[str, Any]) -> None:
        theme = load_themes().found[name]
        self.register_theme(theme.textual(frugal=frugal))
        self.theme = theme.name
        more = {"clock": lambda: self.now} if isinstance(self.shown, InboxList) else {}
        look = {"styles": theme.styles(frugal=frugal), "me": "a1", "agents": AGENTS, "glyphs": FULL, "zone": UTC} | look
        self.shown.configure(**look, **more)

    def compose(self) -> ComposeResult:
        yield self.shown

    def on_mount(self) -> None:
        self.shown.focus()

    def on_inbox_list_selected(self, message: InboxList.Selected) -> None:
        self.told.append(message)

    def on_inbox_list_opened(self, message: InboxList.Opened) -> None:
        self.told.append(message)

    def on_inbox_list_new_above(self, message: InboxList.NewAbove) -> None:
        self.told.append(message)

    def on_thread_view_older_wanted(self, message: ThreadView.OlderWanted) -> None:
        self.told.append(message)

    def on_thread_view_media_wanted(self, message: ThreadView.MediaWanted) -> None:
        self.told.append(message)

    def on_thread_view_end_reached(self, message: ThreadView.EndReached) -> None:
        self.told.append(message)

    def on_thread_view_message_selected(self, message: ThreadView.MessageSelected) -> None:
        self.told.append(message)

    @property
    def lines(self) -> list[str]:
        """What the widget draws, line by line."""
        return [self.shown.render_line(y).text.rstrip() for y in range(self.shown.size.height)]

    def painted(self) -> list[Region]:
        """Collects the regions the widget asks to be painted from now on."""
        regions: list[Region] = []
        refresh = self.shown.refresh

        def collect(*asked: Region, **options: Any) -> Any:
            regions.extend(asked or [self.shown.size.region])
            return refresh(*asked, **options)

        self.shown.refresh = collect  # type: ignore[method-assign]
        return regions
