"""The team: who waits in which department, who is on duty, and who has how much."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import N_, _, format_duration, format_number, pgettext
from wptui.model.commands import SetDuty
from wptui.model.errors import LinkError, WptuiError
from wptui.model.permissions import ROLE_TITLES
from wptui.screens.dialogue import DialogueTitle, Told
from wptui.store import team, workload
from wptui.widgets.choices import Choice
from wptui.widgets.footer import Hints
from wptui.widgets.render.cells import simple
from wptui.widgets.render.words import DUTIES, short_when
from wptui.widgets.table import Cell, Column, Row, Section, Table

if TYPE_CHECKING:
    from wptui.screens.desk import Desk, Remote

_AGENT = "agent:"
_DEPARTMENT = "department:"

EVERY = 10
"""Seconds after which figures are counted again though nothing has happened."""

_WAYS = {"off": "", "round_robin": N_("in turn"), "least_busy": N_("least busy")}


class TeamScreen(Screen[str]):
    """Answers a filter line (`agent:ayse`, `department:satis`) for the inbox, or None."""

    DEFAULT_CSS = """
    TeamScreen Table { height: 1fr; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.table = Table()
        self._told = Told()
        self._hints = Hints()
        self._said = False
        self._loads: list[workload.DepartmentLoad] = []
        self._colleagues: list[workload.AgentLoad] = []
        self._version = (0, 0)
        """Which cache was counted, and how far it had come."""
        self._counted = 0

    def compose(self) -> ComposeResult:
        yield DialogueTitle(_("Team"))
        yield self.table
        yield self._told
        yield self._hints

    def on_mount(self) -> None:
        """Shows what is true now, and keeps it so."""
        keys = [("enter", _("list")), ("esc", _("back")), ("d", _("duty"))]
        if self._desk.may("see.audit"):
            keys.append(("t", _("trail")))
        if self._desk.may("agents.manage"):
            keys += [("n", _("new agent")), ("r", _("role")), ("c", _("code")), ("x", _("shut out"))]
        self._hints.show(keys)
        self.call_after_refresh(self.renew)
        self.set_interval(1.0, self.renew)

    def on_resize(self) -> None:
        """Another width, other columns."""
        self.call_after_refresh(self.renew)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────

    def renew(self) -> None:
        """Counts again, and paints what changed."""
        now = int(self._desk.now())
        try:
            self._count(now)
        except sqlite3.Error as error:
            self._say(_("The cache cannot be read: {error}").format(error=error), "error")
            return
        self.table.show([self._departments(self._loads, now), self._agents(self._colleagues, now)])
        if not self._said:
            state = self._desk.state
            offline = state is None or not state.connected
            told = _("Not connected: as it was last known here.") if offline else self._everything()
            self._told.say(told, "warning" if offline else "muted")

    def _count(self, now: int) -> None:
        """Counts again where the cache has changed, or a deadline may have passed."""
        db = self._desk.db
        version = (id(db), db.execute("PRAGMA data_version").fetchone()[0])
        if version == self._version and now - self._counted < EVERY:
            return
        day = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
        self._loads = workload.departments(db, now)
        self._colleagues = workload.agents(db, int(day.timestamp()))
        self._version, self._counted = version, now

    def _everything(self) -> str:
        return "" if self._desk.may("see.all") else _("Counted is what you may see.")

    def _departments(self, loads: list[workload.DepartmentLoad], now: int) -> Section:
        columns = (
            Column(_("Department")),
            Column(_("handed out"), 11, least=100),
            Column(_("on duty"), 9, right=True),
            Column(_("waiting"), 9, right=True),
            Column(_("late"), 8, right=True),
            Column(_("oldest"), 8, right=True),
            Column(_("unassigned"), 11, right=True),
        )
        rows = []
        for load in loads:
            duty = f"{load.on_duty}/{load.members}" if load.members else ""
            nobody = bool(load.members) and not load.on_duty and load.waiting > 0
            rows.append(
                Row(
                    _DEPARTMENT + (load.id or "none"),
                    (
                        Cell(load.name or _("No department"), "" if load.id else "muted"),
                        Cell(_(_WAYS.get(load.assign, "")) if load.assign != "off" else "–", "muted"),
                        Cell(duty, "error" if nobody else ""),
                        Cell(_count(load.waiting)),
                        Cell(_count(load.late), "error" if load.late else "muted"),
                        Cell(
                            format_duration(now - load.oldest) if load.oldest is not None else "–",
                            "error" if load.late else "",
                        ),
                        Cell(_count(load.unassigned), "warning" if load.unassigned else "muted"),
                    ),
                )
            )
        return Section(columns, rows, _("There are no departments, and nobody waits."))

    def _agents(self, loads: list[workload.AgentLoad], now: int) -> Section:
        columns = (
            Column(_("Colleague")),
            Column(_("role"), 10, least=90),
            Column(_("duty"), 9),
            Column(_("since"), 6, right=True),
            Column(_("there"), 6),
            Column(pgettext("request", "open"), 6, right=True),
            Column(_("waiting"), 9, right=True),
            Column(_("answered"), 10, right=True),
        )
        glyphs = self.app.glyphs  # type: ignore[attr-defined]
        rows = []
        for load in loads:
            mine = load.id == self._desk.me
            there = mine or load.id in self._desk.online
            duty = DUTIES.get(load.duty)
            figure = _count(load.answered) if mine or self._desk.may("see.agents") else "·"
            rows.append(
                Row(
                    _AGENT + load.id,
                    (
                        Cell(_("{name} (you)").format(name=load.name) if mine else load.name),
                        Cell(self._role(load.role), "muted"),
                        Cell(_(duty.title) if duty else load.duty, duty.style if duty else ""),
                        Cell(short_when(load.duty_at, now, None) if load.duty_at else "–", "muted"),
                        Cell(glyphs.dot if there else "", "ok"),
                        Cell(_count(load.open)),
                        Cell(_count(load.waiting), "warning" if load.waiting else "muted"),
                        Cell(figure, "muted"),
                    ),
                )
            )
        return Section(columns, rows, _("Nobody is known here yet."))

    def _role(self, role: str) -> str:
        if role in ROLE_TITLES:
            return _(ROLE_TITLES[role])
        own = team.document(self._desk.db, "roles").get(role)
        return own.title if own is not None and own.title else role

    def _say(self, text: str, style: str = "") -> None:
        self._said = True
        self._told.say(text, style)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Moves in the table, or does something with who is chosen."""
        acts: dict[str, Callable[[], object]] = {
            "enter": self._open, "d": self._duty, "t": self._trail, "n": self._add, "r": self._change_role,
            "c": self._code, "x": self._shut_out,
        }  # fmt: skip
        self._said = False
        if event.key in ("escape", "q"):
            self.dismiss(None)
        elif event.key in acts:
            acts[event.key]()
        elif not self.table.step(event.key):
            return
        event.stop()
        event.prevent_default()

    def on_table_picked(self) -> None:
        """A click on who is chosen already."""
        self._open()

    def _open(self) -> None:
        if self.table.chosen:
            self.dismiss(self.table.chosen)

    def _agent(self) -> str:
        """The chosen agent's id; "" where a department is chosen, which is said."""
        if self.table.chosen.startswith(_AGENT):
            return self.table.chosen.removeprefix(_AGENT)
        self._say(_("Choose a colleague first."))
        return ""

    def _may(self, permission: str) -> bool:
        if self._desk.may(permission):
            return True
        self._say(_("Your role does not allow this."), "warning")
        return False

    # ── duty and trail ───────────────────────────────────────────────────────────────────────────────────

    def _duty(self) -> None:
        from wptui.screens.picker import Picker

        agent = self._agent()
        mine = agent == self._desk.me
        if not agent or not (mine or self._may("agents.duty")):
            return
        current = self._desk.duty(agent)
        choices = [Choice(id, _(duty.title), marked=id == current, style=duty.style) for id, duty in DUTIES.items()]

        def chosen(state: str | None) -> None:
            if state is not None and state != current:
                try:
                    self._desk.give(None, SetDuty(state=state, agent="" if mine else agent))
                except WptuiError as error:
                    self._trouble(error)

        title = _("Your duty") if mine else _("Duty of {name}").format(name=self._desk.name(agent))
        self.app.push_screen(Picker(title, choices), chosen)

    def _trail(self) -> None:
        from wptui.screens.audit import AuditScreen

        agent = self._agent()
        if agent and self._may("see.audit"):
            self.app.push_screen(AuditScreen(self._desk, agent=agent), self._jump)

    def _jump(self, place: tuple[str, str] | None) -> None:
        if place is not None:
            from wptui.screens.main import MainScreen

            self.dismiss(None)
            main = next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))
            main.chat.open(place[0], at=place[1])

    # ── who may sign in ──────────────────────────────────────────────────────────────────────────────────

    def _add(self) -> None:
        from wptui.screens.form import Field, Form

        if not self._may("agents.manage"):
            return

        def named(values: dict[str, str] | None) -> None:
            if values is not None:
                self._choose_role(values["name"], "agent", lambda role: self._ask(self._added, values["name"], role))

        form = Form(_("New agent"), [Field("name", _("Name, as colleagues see it"))], button=_("next"))
        self.app.push_screen(form, named)

    def _change_role(self) -> None:
        agent = self._agent()
        if not agent or not self._may("agents.manage"):
            return
        row = self._desk.db.execute("SELECT role FROM agents WHERE id = ?", (agent,)).fetchone()
        current = row[0] if row else ""
        self._choose_role(self._desk.name(agent), current, lambda role: self._ask(self._given, agent, role))

    def _choose_role(self, name: str, current: str, then: Callable[[str], None]) -> None:
        from wptui.screens.picker import Picker

        own = team.document(self._desk.db, "roles")
        choices = [Choice(id, _(title), marked=id == current) for id, title in ROLE_TITLES.items()]
        choices += [Choice(id, role.title or id, marked=id == current) for id, role in own.items()]
        at = next((n for n, choice in enumerate(choices) if choice.id == current), 0)

        def chosen(role: str | None) -> None:
            if role is not None:
                then(role)

        self.app.push_screen(Picker(_("Role of {name}").format(name=name), choices, at=at), chosen)

    def _code(self) -> None:
        agent = self._agent()
        if agent and self._may("agents.manage"):
            self._ask(self._coded, agent)

    def _shut_out(self) -> None:
        from wptui.screens.form import Form

        agent = self._agent()
        if not agent or not self._may("agents.manage"):
            return
        if agent == self._desk.me:
            self._say(_("Somebody else has to shut you out."), "warning")
            return
        name = self._desk.name(agent)
        told = _("Every device of {name} loses its access at once; open conversations go back to the queue.")
        form = Form(
            _("Shut out {name}?").format(name=name),
            [],
            show=lambda _values, cells: _paragraph(told.format(name=name), cells),
            button=_("shut out"),
        )

        def agreed(values: dict[str, str] | None) -> None:
            if values is not None:
                self._ask(self._gone, agent)

        self.app.push_screen(form, agreed)

    def _ask(self, work: Callable[..., Awaitable[None]], *given: Any) -> None:
        async def asked() -> None:
            try:
                if self._desk.remote is None:
                    raise LinkError(_("There is no connection to the relay, which this needs"))
                await work(self._desk.remote, *given)
            except WptuiError as error:
                self._trouble(error)

        self.run_worker(asked())

    def _trouble(self, error: WptuiError) -> None:
        self._say(f"{error} {error.hint}".strip(), "error")

    async def _added(self, remote: Remote, name: str, role: str) -> None:
        self._show_code(await remote.add_agent(name, role))

    async def _coded(self, remote: Remote, agent: str) -> None:
        self._show_code(await remote.new_code(agent))

    async def _given(self, remote: Remote, agent: str, role: str) -> None:
        await remote.set_role(agent, role)
        self._say(_("{name} is {role} now.").format(name=self._desk.name(agent), role=self._role(role)), "ok")

    async def _gone(self, remote: Remote, agent: str) -> None:
        await remote.shut_out(agent)
        self._say(_("{name} has no access any more.").format(name=self._desk.name(agent)), "ok")

    def _show_code(self, answer: dict[str, Any]) -> None:
        """The one-time code, which nobody can look up again."""
        from wptui.screens.form import Form

        account = self._desk.account
        url = account.url if account is not None else ""
        name, code = str(answer.get("name", "")), str(answer.get("code", ""))
        minutes = answer.get("minutes")
        told = _("Once, and within {n} minutes, {name} signs in with:").format(n=minutes, name=simple(name))

        def lines(_values: dict[str, str], cells: int) -> Any:
            return [
                *_paragraph(told, cells),
                [],
                [("   ", ""), (simple(code), "accent")],
                [],
                [("   ", ""), (f"wptui login {simple(url)}", "key")],
                [],
                *_paragraph(_("It is shown only here and now."), cells),
            ]

        title = _("One-time code for {name}").format(name=name)
        self.app.push_screen(Form(title, [], show=lines, button=_("done")))


def _count(count: int) -> str:
    return format_number(count) if count else "0"


def _paragraph(text: str, cells: int) -> Any:
    from wptui.widgets.render.cells import wrap

    return [[(" " + text[begin:end], "")] for begin, end in wrap(text, max(10, cells - 2))]
