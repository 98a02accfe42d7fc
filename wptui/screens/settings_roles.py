"""Roles as a matrix: a line for each permission, a column for each role, a check mark where it may."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from wptui.editing import changes, documents
from wptui.editing.changes import Change, Keys
from wptui.i18n import _
from wptui.model.errors import WptuiError
from wptui.model.permissions import PERMISSIONS, ROLE_TITLES, ROLES
from wptui.screens.dialogue import Dialogue, DialogueKeys, DialogueTitle, Told
from wptui.screens.editing import DeskBench, title
from wptui.screens.settings_form import Field, SettingsForm, Values
from wptui.widgets.cell_view import CellView
from wptui.widgets.render.cells import Line, clip, simple, width

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

COLUMN = 9
"""Cells of a role's column."""


@dataclass
class Column:
    """One role. `before` is its table as it was read; None for a built-in one, which cannot be changed."""

    id: str
    title: str
    permissions: list[str] = field(default_factory=list)
    before: dict[str, Any] | None = None


class Matrix(CellView, can_focus=True):
    """The check marks, and the cursor among them."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: list[Column] = []
        self.row = 0
        self.column = 0
        self._top = 0
        self._left = 0

    @property
    def chosen(self) -> Column | None:
        """The role under the cursor."""
        return self.columns[self.column] if self.column < len(self.columns) else None

    def move(self, rows: int, columns: int) -> None:
        """Moves the cursor."""
        self.row = max(0, min(len(PERMISSIONS) - 1, self.row + rows))
        self.column = max(0, min(len(self.columns) - 1, self.column + columns))
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        shown = max(1, (cells - 30) // COLUMN)
        self._left = min(max(self._left, self.column - shown + 1), self.column)
        columns = self.columns[self._left : self._left + shown]
        room = cells - COLUMN * len(columns) - 1
        height = max(1, rows - 1)
        self._top = min(max(self._top, self.row - height + 1), self.row)
        head: Line = [(" " * (room + 1), "")]
        for n, column in enumerate(columns, self._left):
            name = clip(simple(column.title), COLUMN - 1)
            style = "heading" if n == self.column else "muted"
            head.append((name + " " * (COLUMN - width(name)), style))
        made = [head]
        for n in range(self._top, min(self._top + height, len(PERMISSIONS))):
            permission = PERMISSIONS[n]
            over = " chosen" if n == self.row else ""
            text = clip(simple(_(permission.title)), room - 1)
            line: Line = [(" " + text + " " * (room - width(text)), over.strip())]
            for place, column in enumerate(columns, self._left):
                mark = "[x]" if permission.id in column.permissions else "[ ]"
                here = n == self.row and place == self.column
                style = "key" if here else "" if column.before is not None else "muted"
                line.append((mark.ljust(COLUMN), f"{style}{over}"))
            made.append(line)
        return made


class RolesScreen(Dialogue[str]):
    """The matrix. Answers "editor" where the agent would rather have the text in their editor."""

    DEFAULT_CSS = """
    RolesScreen #box { width: 110; max-width: 98%; }
    RolesScreen Matrix { height: 30; max-height: 100%; }
    """
    AUTO_FOCUS = "Matrix"
    KIND = "roles"

    def __init__(self, main: MainScreen) -> None:
        super().__init__()
        self.bench = DeskBench(main.wptui.desk)
        self.matrix = Matrix()
        self._told = Told()
        self._doubtful = ""

    def compose(self) -> ComposeResult:
        keys = [
            ("space", _("check")),
            ("^s", _("save")),
            ("a", _("add a role")),
            ("d", _("delete")),
            ("^e", _("editor")),
            ("esc", _("back")),
        ]
        with Vertical(id="box"):
            yield DialogueTitle(title(self.KIND, False))
            yield self.matrix
            yield self._told
            yield DialogueKeys(keys)

    def on_mount(self) -> None:
        """Shows what there is, the cursor on the first role of the workspace's own."""
        self.matrix.styles.height = max(4, min(len(PERMISSIONS) + 1, int(self.app.size.height * 0.9) - 5))
        self.read()
        self.matrix.column = min(len(ROLES), len(self.matrix.columns) - 1)
        if len(self.matrix.columns) == len(ROLES):
            self._told.say(_("The built-in roles cannot be changed; add one of your own."), "muted")

    @property
    def text(self) -> str:
        """The document as it is now."""
        return documents.source(self.bench.db, self.KIND, self.bench.agent).entries

    def read(self) -> None:
        """Takes the roles from the store; what was checked and not saved is gone."""
        columns = [Column(id, _(ROLE_TITLES[id]), sorted(allowed)) for id, allowed in ROLES.items()]
        for id, table in (changes.table_at(self.text, ()) or {}).items():
            columns.append(Column(id, table.get("title") or id, list(table.get("permissions", [])), table))
        self.matrix.columns = columns
        self.matrix.column = min(self.matrix.column, len(columns) - 1)
        self.matrix.renew()

    def on_key(self, event: events.Key) -> None:
        """The matrix's keys."""
        moves = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1), "k": (-1, 0), "j": (1, 0),
                 "h": (0, -1), "l": (0, 1), "pageup": (-10, 0), "pagedown": (10, 0)}  # fmt: skip
        if event.key not in ("d", "delete"):
            self._doubtful = ""
        if event.key in moves:
            self.matrix.move(*moves[event.key])
        elif event.key in ("space", "enter"):
            self._toggle()
        elif event.key == "ctrl+s":
            self.run_worker(self._save())
        elif event.key in ("a", "n"):
            self._add()
        elif event.key in ("d", "delete"):
            self._delete()
        elif event.key == "ctrl+e":
            self.dismiss("editor")
        else:
            super().on_key(event)
            return
        event.stop()
        event.prevent_default()

    def _toggle(self) -> None:
        column = self.matrix.chosen
        if column is None or column.before is None:
            self._told.say(_("The built-in roles cannot be changed; add one of your own."), "warning")
            return
        permission = PERMISSIONS[self.matrix.row].id
        wanted = {*column.permissions} ^ {permission}
        column.permissions = [each.id for each in PERMISSIONS if each.id in wanted]
        self.matrix.renew()
        self._told.say(_("Not saved yet."), "muted")

    async def _save(self) -> None:
        for column in self.matrix.columns:
            if column.before is None or sorted(column.permissions) == sorted(column.before.get("permissions", [])):
                continue
            change = Change((column.id,), {("permissions",): column.permissions}, column.before)
            if not await self._submit(change):
                return
        self.read()
        self._told.say(_("Saved."), "ok")

    async def _submit(self, change: Change) -> bool:
        try:
            findings = await changes.submit(self.bench, self.KIND, change, own=False)
        except WptuiError as error:
            self._told.say(f"{error} {error.hint}", "error")
            return False
        if findings:
            self._told.say(str(findings[0]), "error")
        return not findings

    def _add(self) -> None:
        id_, title_ = ("#id",), ("title",)
        asked = [Field(id_, _("Id"), help=_("a short name that stays: supervisor")), Field(title_, _("Title"))]

        async def submit(values: Values) -> tuple[Keys, str] | None:
            id = values[id_]
            if not id or changes.table_at(self.text, (id,)) is not None:
                return id_, _("A name is needed.") if not id else _("There is one of this name already.")
            change = Change((id,), {title_: values[title_] or None, ("permissions",): []})
            findings = await changes.submit(self.bench, self.KIND, change, own=False)
            return (id_, findings[0].text) if findings else None

        def done(saved: bool | None) -> None:
            if saved:
                self.read()
                self.matrix.move(0, len(self.matrix.columns))

        self.app.push_screen(SettingsForm(_("New role"), asked, submit), done)

    def _delete(self) -> None:
        column = self.matrix.chosen
        if column is None or column.before is None:
            return
        if self._doubtful != column.id:
            self._doubtful = column.id
            self._told.say(_("Once more to delete {name}.").format(name=simple(column.title)), "warning")
            return

        async def work() -> None:
            if await self._submit(Change((column.id,), before=column.before, remove=True)):
                self.read()
                self._told.say("", "")

        self.run_worker(work())
