"""Commands about customers as people: their profile, whole address lists, and links that bring new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class ContactCommands:
    """What is about a customer beyond the conversation."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def profile(self) -> None:
        """Who the customer is; a choice there is shown in the thread."""
        from wptui.screens.contact import ContactScreen, Place

        desk = self.main.wptui.desk
        row = desk.db.execute("SELECT contact FROM conversations WHERE id = ?", (self.main.target(),)).fetchone()
        if row is None:
            return

        def chosen(place: Place | None) -> None:
            if place is not None:
                self.main.chat.open(place[0], at=place[1])

        self.main.app.push_screen(ContactScreen(desk, row[0]), chosen)

    def import_list(self) -> None:
        """An address list, looked through before it is imported."""
        from wptui.screens.import_screen import ask_for_list

        ask_for_list(self.main)

    def link(self) -> None:
        """A wa.me link and its QR code."""
        from wptui.screens.link_screen import LinkScreen

        self.main.app.push_screen(LinkScreen(self.main.wptui.desk))
