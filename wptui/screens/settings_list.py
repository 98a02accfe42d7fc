"""The entries of a document: replies, departments, labels, hours, levels, rules, macros, filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from wptui.editing import changes, documents
from wptui.editing.changes import Change, Keys
from wptui.editing.context import Known
from wptui.i18n import _, language, ngettext
from wptui.model.errors import WptuiError
from wptui.model.settings import acts
from wptui.model.settings.ready import ready_made
from wptui.screens import settings_fields
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle, Told
from wptui.screens.editing import DeskBench, title
from wptui.screens.settings_form import SettingsForm, Values
from wptui.screens.settings_widgets import checked
from wptui.store import team
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.render.cells import simple

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

Table = Mapping[str, Any]
WHOLE = "*"
"""The id of the whole business among departments."""


class EntriesScreen(Dialogue[str]):
    """The list. Answers "editor" where the agent would rather have the text in their editor."""

    DEFAULT_CSS = """
    EntriesScreen ChoiceList { height: auto; max-height: 16; min-height: 1; }
    """
    AUTO_FOCUS = ""

    def __init__(self, main: MainScreen, kind: str, own: bool) -> None:
        super().__init__()
        self.bench = DeskBench(main.wptui.desk)
        self.kind = kind
        self.own = own
        self.list = ChoiceList()
        self.list.empty = _("Nothing here yet.")
        self._told = Told()
        self._doubtful = ""
        """The entry whose deletion was asked for once."""

    def compose(self) -> ComposeResult:
        rules = self.kind == "rules"
        keys = [("enter", _("on or off") if rules else _("edit"))]
        if self.kind != "hours":
            keys.append(("a", _("add")))
        keys += [("d", _("delete")), ("^e", _("editor")), ("esc", _("back"))]
        with Vertical(id="box"):
            yield DialogueTitle(title(self.kind, self.own))
            yield self.list
            yield self._told
            yield DialogueKeys(keys)

    def on_mount(self) -> None:
        """Shows what there is."""
        self.renew()

    # ── what there is ────────────────────────────────────────────────────────────────────────────────────

    @property
    def text(self) -> str:
        """The document as it is now."""
        return documents.source(self.bench.db, self.kind, self.bench.agent, own=self.own).entries

    def renew(self, at: str = "") -> None:
        """Lists the entries again, the cursor on `at`."""
        choices = self._choices()
        self.list.styles.height = max(1, min(16, len(choices), int(self.app.size.height * 0.9) - 5))
        place = next((n for n, choice in enumerate(choices) if choice.id == at), 0)
        self.list.offer(choices, place)

    def _choices(self) -> list[Choice]:
        document = changes.table_at(self.text, ()) or {}
        if self.kind == "hours":
            return self._hours(document)
        return [self._choice(id, entry) for id, entry in document.items() if isinstance(entry, dict)]

    def _hours(self, document: Table) -> list[Choice]:
        own = document.get("department", {})
        week = settings_fields.DAYS
        open_ = [_(name) for day, name in week if document.get("week", {}).get(day)]
        whole = ", ".join(open_) if open_ else _("always open")
        found = [Choice(WHOLE, _("The whole business"), whole)]
        for id, department in team.departments(self.bench.db).items():
            found.append(Choice(id, department.name, _("hours of its own") if own.get(id) else _("as the business")))
        return found

    def _choice(self, id: str, entry: Table) -> Choice:
        match self.kind:
            case "canned":
                sql = "SELECT count(*) FROM messages WHERE canned = ? AND canned <> ''"  # the index is of these
                (uses,) = self.bench.db.execute(sql, (id,)).fetchone()
                used = ngettext("used {n} time", "used {n} times", uses).format(n=uses) if uses else ""
                detail = str(entry.get("text") or entry.get("file") or "").replace("\n", " ")
                return Choice(id, f"/{id}", detail, used)
            case "departments":
                n = len(entry.get("members", []))
                members = ngettext("{n} member", "{n} members", n).format(n=n)
                return Choice(id, str(entry.get("name") or id), members, id)
            case "labels":
                colour = str(entry.get("colour", ""))
                style = f"label-{colour}" if colour else ""
                return Choice(id, id, str(entry.get("help", "")), str(entry.get("group", "")), style=style)
            case "sla":
                parts = [str(entry[key]) for key in ("first_response", "next_response", "resolution") if key in entry]
                return Choice(id, id, " · ".join(parts))
            case "rules":
                return checked(Choice(id, str(entry.get("title") or id), _rule(entry), id), entry.get("on", True))
            case "macros":
                lines = [settings_fields.act_line(act) for act in entry.get("do", [])]
                return Choice(id, str(entry.get("title") or id), " · ".join(lines), str(entry.get("key", "")))
        return Choice(id, str(entry.get("title") or id), str(entry.get("filter", "")), id)

    # ── what can be done ─────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """The list's keys."""
        chosen = self.list.chosen
        if event.key not in ("d", "delete"):
            self._doubtful = ""
        if event.key in ("enter", "space") and chosen is not None:
            self._take(chosen)
        elif event.key in ("a", "n") and self.kind == "rules":
            self._offer_ready_made()
        elif event.key in ("a", "n") and self.kind != "hours":
            self._form(None)
        elif event.key in ("d", "delete") and chosen is not None:
            self._delete(chosen)
        elif event.key == "ctrl+e":
            self.dismiss("editor")
        elif not self.list.step(event.key):
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        """A click takes a line."""
        self._take(event.choice)

    def _take(self, choice: Choice) -> None:
        if self.kind == "rules":
            entry = changes.table_at(self.text, (choice.id,)) or {}
            on = not entry.get("on", True)
            self._submit(Change((choice.id,), {("on",): on}, entry), choice.id)
        else:
            self._form(self._at(choice.id))

    def _at(self, id: str) -> Keys:
        if self.kind == "hours":
            return () if id == WHOLE else ("department", id)
        return (id,)

    def _delete(self, choice: Choice) -> None:
        if self._doubtful != choice.id:
            self._doubtful = choice.id
            self._told.say(_("Once more to delete {name}.").format(name=simple(choice.title)), "warning")
            return
        self._doubtful = ""
        at = self._at(choice.id)
        table = changes.table_at(self.text, at)
        if not at:
            values: dict[Keys, Any] = {(key,): None for key in table or {} if key != "department"}
            self._submit(Change((), values, table), choice.id)
        elif table is not None:
            self._submit(Change(at, before=table, remove=True), choice.id)

    def _submit(self, change: Change, at: str) -> None:
        self._told.say(_("Saving…"), "muted")

        async def work() -> None:
            try:
                findings = await changes.submit(self.bench, self.kind, change, own=self.own)
            except WptuiError as error:
                self._told.say(f"{error} {error.hint}", "error")
            else:
                self._told.say(str(findings[0]) if findings else "", "error")
            self.renew(at)

        self.run_worker(work())

    def _offer_ready_made(self) -> None:
        """Chooses one of the rules that come with wptui and are not here."""
        from wptui.screens.picker import Picker

        here = changes.table_at(self.text, ()) or {}
        ready = {
            id: table for id, table in (changes.table_at(ready_made(language()), ()) or {}).items() if id not in here
        }
        choices = [Choice(id, str(table.get("title", id)), _rule(table)) for id, table in ready.items()]

        def chosen(id: str | None) -> None:
            if id is not None:
                self._submit(Change((id,), {(key,): value for key, value in ready[id].items()}), id)

        empty = _("All of them are here. Write your own in the editor.")
        self.app.push_screen(Picker(_("Ready-made rules"), choices, empty=empty), chosen)

    def _form(self, at: Keys | None) -> None:
        table = (changes.table_at(self.text, at) if at is not None else None) or {}
        asked = settings_fields.fields(self.kind, at, table, Known(self.bench.db))

        async def submit(values: Values) -> tuple[Keys, str] | None:
            return await self._save(at, table, values)

        def done(saved: bool | None) -> None:
            self.renew(at[-1] if at else WHOLE)
            if saved:
                self._told.say(_("Saved."), "ok")

        name = _("New") if at is None else self._named(at)
        heading = f"{title(self.kind, self.own)} · {name}"
        self.app.push_screen(SettingsForm(heading, asked, submit), done)

    def _named(self, at: Keys) -> str:
        if not at:
            return _("The whole business")
        if self.kind == "hours":
            department = team.departments(self.bench.db).get(at[-1])
            return department.name if department else at[-1]
        return at[-1]

    async def _save(self, at: Keys | None, table: Table, values: Values) -> tuple[Keys, str] | None:
        place = at
        if place is None:
            id = values[settings_fields.ID].removeprefix("/")
            if not id:
                return settings_fields.ID, _("A name is needed.")
            place = (id,)
            if changes.table_at(self.text, place) is not None:
                return settings_fields.ID, _("There is one of this name already.")
        read = settings_fields.read(self.kind, place, table, values)
        change = Change(place, read, table if at is not None else None)
        findings = await changes.submit(self.bench, self.kind, change, own=self.own)
        if not findings:
            return None
        return _field(findings[0].path, place, values), findings[0].text


def _field(path: tuple[str | int, ...], at: Keys, values: Values) -> Keys:
    """The field that a finding at `path` is about."""
    if path == at:
        return settings_fields.ID
    rest = path[len(at) :]
    return max((key for key in values if rest[: len(key)] == key), key=len, default=())


def _rule(entry: Table) -> str:
    """What a rule does, in a line."""
    when = str(entry.get("when", ""))
    if "after" in entry:
        when += f" {entry['after']}"
    done = ", ".join(verb for act in entry.get("then", []) for verb in act if verb in acts.VERBS)
    return f"{when} → {done}"
