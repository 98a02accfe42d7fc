"""Commands for the team's settings and canned replies: forms, and the agent's own editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wptui.editing import documents
from wptui.i18n import _
from wptui.screens.editing import edit_in_editor, sources, title
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class SettingsCommands:
    """One command for each kind of document, and two that ask which."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def edit(self) -> None:
        """Chooses a document, and shows its form."""
        self._choose(documents.KINDS, _("Settings"), self._show)

    def editor(self) -> None:
        """Chooses a document, and opens it in the agent's editor."""
        self._choose(documents.KINDS, _("Edit in your editor"), self._open)

    def canned(self) -> None:
        """Canned replies."""
        self._one("canned")

    def departments(self) -> None:
        """Departments."""
        self._one("departments")

    def roles(self) -> None:
        """Roles."""
        self._one("roles")

    def labels(self) -> None:
        """The list of labels."""
        self._one("labels")

    def hours(self) -> None:
        """Business hours."""
        self._one("hours")

    def sla(self) -> None:
        """Service levels."""
        self._one("sla")

    def rules(self) -> None:
        """Rules."""
        self._one("rules")

    def macros(self) -> None:
        """Macros."""
        self._one("macros")

    def filters(self) -> None:
        """Saved filters."""
        self._one("filters")

    def _one(self, kind: str) -> None:
        self._choose((kind,), _(documents.TITLES[kind]), self._show)

    def _choose(self, kinds: tuple[str, ...], heading: str, then: Callable[[str, bool], None]) -> None:
        """Asks which of the documents the agent may edit; not where there is only one."""
        found = [(kind, own) for kind, own in sources(self.main.wptui.desk) if kind in kinds]
        if not found:
            self.main.banner.say(_("Your role may not do this."), severity="warning")
            return
        if len(found) == 1:
            then(*found[0])
            return
        from wptui.screens.picker import Picker

        choices = [Choice(f"{kind} {int(own)}", title(kind, own), words=kind) for kind, own in found]

        def chosen(id: str | None) -> None:
            if id is not None:
                kind, _space, own = id.partition(" ")
                then(kind, own == "1")

        self.main.app.push_screen(Picker(heading, choices), chosen)

    def _show(self, kind: str, own: bool) -> None:
        def done(wanted: str | None) -> None:
            if wanted == "editor":
                self._open(kind, own)

        if kind == "roles":
            from wptui.screens.settings_roles import RolesScreen

            self.main.app.push_screen(RolesScreen(self.main), done)
            return
        from wptui.screens.settings_list import EntriesScreen

        self.main.app.push_screen(EntriesScreen(self.main, kind, own), done)

    def _open(self, kind: str, own: bool) -> None:
        self.main.run_worker(self.main.finish(self._edit(kind, own)))

    async def _edit(self, kind: str, own: bool) -> None:
        desk = self.main.wptui.desk
        outcome = await edit_in_editor(self.main.wptui, documents.source(desk.db, kind, desk.me, own=own))
        hint = " ".join(str(finding) for finding in outcome.notes[:2])
        self.main.banner.say(outcome.text, hint, "error" if outcome.failed else "info")
