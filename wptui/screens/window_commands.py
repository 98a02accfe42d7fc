"""Commands of the window: back, help, palette, figures, theme, quit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.screens.actions import ACTIONS, BY_ID
from wptui.store.filters import Filter
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class WindowCommands:
    """What is about the window and not about a customer."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def back(self) -> None:
        """One step back: from what is being written to the thread, from the thread to the inbox."""
        main = self.main
        chat = main.chat
        if main.focused is chat.composer.editor:
            if chat.outgoing.refused():
                chat.outgoing.take_back()
            elif chat.note:
                chat.take_note(False)
            elif chat.quote is not None:
                chat.reply_to(None)
            elif chat.enclosed is not None:
                chat.enclose("", "")
                main.renew_hints()
            else:
                chat.save_draft()
                self.main.set_focus(chat.thread)
        elif main.focused is chat.thread:
            if chat.outgoing.refused():
                chat.outgoing.take_back()
                return
            main.show_chat(False)
            main.set_focus(main.inbox.list)
        elif main.inbox.query.filter.source:
            main.inbox.ask(filter=Filter())
        else:
            main.show_chat(False)
            main.set_focus(main.inbox.list)

    def palette(self) -> None:
        """Every command by its name."""
        from wptui.screens.picker import Picker

        keymap = self.main.wptui.keymap
        where = self.main.where()
        choices = [
            Choice(
                action.id, _(action.title), _(action.help), keymap.label(action.id), f"{_(action.group)} {action.id}"
            )
            for action in ACTIONS
            if action.id != "app.palette"
            and (action.where in (*where, "main") or action.id == "inbox.open")
            and self.main.offered(action)
        ]

        def run(chosen: str | None) -> None:
            if chosen in BY_ID:
                self.main.run_command(chosen)

        self.main.app.push_screen(Picker(_("All commands"), choices), run)

    def help(self) -> None:
        """Every command and its keys."""
        from wptui.screens.help import HelpScreen

        self.main.app.push_screen(HelpScreen(self.main.wptui.keymap, self.main.allowed))

    def stats(self) -> None:
        """Shows or hides the figures; on a narrow window in a dialogue."""
        if not self.main.has_class("wide"):
            from wptui.screens.stats_screen import StatsScreen

            self.main.app.push_screen(StatsScreen(self.main))
            return
        self.main.toggle_class("hide-stats")
        self.main.figures.renew()

    def theme(self) -> None:
        """Other colours."""
        from wptui.screens.picker import Picker
        from wptui.screens.theming import load_themes

        app = self.main.wptui
        themes = load_themes()
        if themes.problems:
            self.main.banner.say(themes.problems[0], severity="warning")
        choices = [
            Choice(name, _(theme.title), marked=name == app.theme) for name, theme in sorted(themes.found.items())
        ]

        def wear(chosen: str | None) -> None:
            if chosen is not None:
                app.dress(themes.found[chosen])
                self.main.banner.say(_("To keep it: {command}").format(command=f"wptui config set theme {chosen}"))

        self.main.app.push_screen(Picker(_("Theme"), choices), wear)

    def resync(self) -> None:
        """Asks the relay at once."""
        link = self.main.wptui.desk.link
        if link is None:
            return
        link.poke()
        self.main.inbox.list.refresh_rows()
        self.main.banner.say(_("Up to date.") if link.state.connected else _("Connecting…"))

    def quit(self) -> None:
        """Leaves. Nothing is lost: drafts and outbox are on disk."""
        self.main.wptui.leave()
