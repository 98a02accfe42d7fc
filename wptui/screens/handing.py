"""Commands that say whose a conversation is, how urgent it is, and who wants to hear of it."""

from __future__ import annotations

from wptui.i18n import N_, _, ngettext
from wptui.model.commands import Assign, Follow, SetPriority, Transfer
from wptui.model.priority import Priority
from wptui.model.text import fold
from wptui.screens.conversation_base import ConversationBase
from wptui.screens.desk import Desk
from wptui.store.inbox import InboxRow
from wptui.widgets.choices import Choice
from wptui.widgets.render.words import DUTIES

PRIORITIES: dict[Priority, tuple[str, str]] = {
    Priority.URGENT: (N_("urgent"), "priority-urgent"),
    Priority.HIGH: (N_("high"), "priority-high"),
    Priority.NORMAL: (N_("normal"), ""),
    Priority.LOW: (N_("low"), "priority-low"),
}
"""Level → its word and its style."""


def colleague_choices(desk: Desk, department: str, marked: str = "") -> list[Choice]:
    """Everybody who may see and answer a conversation of `department` ("" for none): oneself first, then by duty.

    Each with duty and how many open conversations they have, as far as this cache knows.
    """
    from wptui.model.permissions import See, scope_of
    from wptui.model.settings.departments import of_agent
    from wptui.store import team

    departments = team.departments(desk.db)
    members = departments[department].members if department in departments else []
    busy = dict(
        desk.db.execute(
            "SELECT assignee, COUNT(*) FROM conversations WHERE state = 'open' AND assignee <> '' GROUP BY assignee"
        )
    )
    order = {state: place for place, state in enumerate(DUTIES)}
    found: list[tuple[tuple[object, ...], Choice]] = []
    for id, name, duty in desk.db.execute("SELECT id, name, duty FROM agents WHERE NOT revoked"):
        allowed = team.allowed(desk.db, id)
        scope = scope_of(id, allowed, of_agent(departments, id))
        if "message.send" not in allowed or not (scope.see is See.OWN or scope.covers(department, "")):
            continue
        words = DUTIES.get(duty)
        open_ = busy.get(id, 0)
        told = ngettext("{n} open", "{n} open", open_).format(n=open_)
        detail = " · ".join(
            part for part in (_("you") if id == desk.me else "", _(words.title) if words else "") if part
        )
        choice = Choice(id, name, detail, told, marked=id == marked)
        found.append(
            ((id != desk.me, bool(members) and id not in members, order.get(duty, 9), open_, fold(name)), choice)
        )
    return [choice for _rank, choice in sorted(found, key=lambda each: each[0])]


class HandingCommands(ConversationBase):
    """Claim, assign, give back, transfer; priority; follow."""

    def take(self) -> None:
        """To the agent."""
        row = self._row()
        if row is not None:
            self._assign(row, self.desk.me)

    def give_back(self) -> None:
        """To nobody."""
        row = self._row()
        if row is None:
            return
        if not row.assignee:
            self.main.banner.say(_("Nobody has it: it is in the queue."))
            return
        self._assign(row, "")

    def assign(self) -> None:
        """To a colleague, or to nobody."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        choices = colleague_choices(self.desk, row.department, row.assignee)
        if not self.desk.may("conversation.assign"):
            choices = [choice for choice in choices if choice.id == self.desk.me]
        choices.append(Choice("", _("nobody"), marked=not row.assignee))

        def chosen(agent: str | None) -> None:
            if agent is not None:
                self._assign(row, agent)

        self.main.app.push_screen(Picker(_("Assign {name} to").format(name=row.title), choices), chosen)

    def _assign(self, row: InboxRow, agent: str) -> None:
        desk = self.desk
        if agent == row.assignee:
            self.main.banner.say(_("It is so already."))
            return
        if row.assignee not in ("", desk.me) and not desk.may("conversation.assign"):
            self.main.banner.say(
                _("{name} has it: your role does not take conversations away.").format(name=desk.name(row.assignee)),
                severity="warning",
            )
            return
        done = _("assigned to {agent}").format(agent=desk.name(agent)) if agent else _("back in the queue")
        self._give(row, Assign(conversation=row.id, agent=agent or None, expect=row.assignee or None), done)

    # ── to another department ────────────────────────────────────────────────────────────────────────────

    def transfer(self) -> None:
        """To a department, there to somebody or to whoever is free, with the reason."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker
        from wptui.store import team

        desk = self.desk
        departments = team.departments(desk.db)
        if not departments:
            self.main.banner.say(
                _("There are no departments."), _("{key} assigns.").format(key=self._key("conversation.assign"))
            )
            return
        duty = dict(desk.db.execute("SELECT id, duty FROM agents WHERE NOT revoked"))
        waiting = dict(
            desk.db.execute(
                "SELECT department, COUNT(*) FROM conversations WHERE waiting_since IS NOT NULL GROUP BY department"
            )
        )
        choices: list[Choice] = []
        for id, department in departments.items():
            ready = sum(duty.get(member) == "on" for member in department.members)
            there = ngettext("{n} on duty", "{n} on duty", ready).format(n=ready)
            queue = waiting.get(id, 0)
            told = ngettext("{n} waiting", "{n} waiting", queue).format(n=queue) if queue else ""
            choices.append(Choice(id, department.name, there, told, id, marked=id == row.department))

        def chosen(id: str | None) -> None:
            if id is not None:
                self._transfer_to(row, id, departments[id].name)

        self.main.app.push_screen(Picker(_("Transfer {name} to").format(name=row.title), choices), chosen)

    def _transfer_to(self, row: InboxRow, department: str, name: str) -> None:
        from wptui.screens.picker import Picker

        choices = [Choice("", _("whoever is free"), _("it waits in the queue of {name}").format(name=name))]
        choices += [each for each in colleague_choices(self.desk, department) if each.id != self.desk.me]

        def chosen(agent: str | None) -> None:
            if agent is not None:
                self._transfer_because(row, department, name, agent)

        self.main.app.push_screen(Picker(_("To whom in {name}?").format(name=name), choices), chosen)

    def _transfer_because(self, row: InboxRow, department: str, name: str, agent: str) -> None:
        from wptui.screens.form import Field, Form, Values

        def chosen(values: Values | None) -> None:
            if values is None:
                return
            command = Transfer(
                conversation=row.id,
                department=department,
                agent=agent or None,
                reason=values["reason"],
                expect=row.assignee or None,
            )
            to = f"{name}, {self.desk.name(agent)}" if agent else name
            self._give(row, command, _("transferred to {where}").format(where=to))

        to = f"{name}, {self.desk.name(agent)}" if agent else name
        fields = [Field("reason", _("Reason"), placeholder=_("what the colleague should know"), optional=True)]
        form = Form(_("Transfer to {where}").format(where=to), fields, button=_("transfer"))
        self.main.app.push_screen(form, chosen)

    def _key(self, command: str) -> str:
        return self.main.wptui.keymap.label(command)

    # ── how urgent, and for whom ─────────────────────────────────────────────────────────────────────────

    def priority(self) -> None:
        """How urgent it is."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        named = self.main.wptui.glyphs.named
        choices = [
            Choice(str(int(level)), _(word), named(level.name.lower()), style=style, marked=level == row.priority)
            for level, (word, style) in PRIORITIES.items()
        ]

        def chosen(id: str | None) -> None:
            if id is not None and int(id) != row.priority:
                done = _("priority {priority}").format(priority=_(PRIORITIES[Priority(int(id))][0]))
                self._give(row, SetPriority(conversation=row.id, priority=int(id)), done)

        at = next((place for place, choice in enumerate(choices) if choice.marked), 0)
        self.main.app.push_screen(Picker(_("Priority of {name}").format(name=row.title), choices, at=at), chosen)

    def follow(self) -> None:
        """To be told of what happens there, or no more."""
        row = self._row()
        if row is None:
            return
        desk = self.desk
        following = desk.db.execute(
            "SELECT 1 FROM followers WHERE conversation = ? AND agent = ?", (row.id, desk.me)
        ).fetchone()
        done = _("you follow it no longer") if following else _("you follow it")
        self._give(row, Follow(conversation=row.id, on=not following), done)
