"""Macros: several acts with one key, chosen from a list or by their own key."""

from __future__ import annotations

from wptui.i18n import N_, _, format_duration
from wptui.model.commands import RunMacro
from wptui.model.settings.acts import Act
from wptui.model.settings.macros import Macro
from wptui.screens.actions import key_label
from wptui.screens.conversation_base import ConversationBase
from wptui.store.inbox import InboxRow
from wptui.widgets.choices import Choice
from wptui.widgets.render.cells import Line, wrap

WORDS: dict[str, str] = {
    "reply": N_("answers: {value}"),
    "canned": N_("sends /{value}"),
    "template": N_("sends the template {value}"),
    "menu": N_("asks for the department: {value}"),
    "note": N_("notes: {value}"),
    "label": N_("label {value} on"),
    "unlabel": N_("label {value} off"),
    "priority": N_("priority {value}"),
    "department": N_("moves to {value}"),
    "assign": N_("assigns to {value}"),
    "campaign": N_("campaign #{value}"),
    "snooze": N_("snoozes for {value}"),
    "resolve": N_("resolves"),
    "survey": N_("asks the survey {value}"),
    "notify": N_("calls {value}"),
    "opt": N_("marketing messages: {value}"),
}
"""Verb of an act → what it does, in words."""


def act_words(act: Act, departments: dict[str, str], agents: dict[str, str]) -> str:
    """What an act does, in one line."""
    verb = act.verb
    value = getattr(act, verb, "")
    match verb:
        case "snooze":
            told = format_duration(float(value))
        case "notify":
            told = ", ".join(agents.get(agent, agent) for agent in value)
        case "department":
            told = departments.get(value, value) or _("no department")
        case "assign":
            told = {"me": _("you"), "nobody": _("nobody"), "auto": _("whoever is free")}.get(value, "")
            told = told or agents.get(value, value)
        case _:
            told = str(value)
    return _(WORDS[verb]).format(value=" ".join(told.split())) if verb else ""


class MacroCommands(ConversationBase):
    """Choosing a macro and running it."""

    def macro(self) -> None:
        """Chooses a macro; what it would do is shown first."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        macros = self.main.team.macros
        departments = dict(self.main.team.departments)
        agents = self.desk.agents
        choices = [
            Choice(
                f"{int(own)}{id}",
                macro.title or id,
                _("own") if own else "",
                key_label(macro.key) if macro.key else "",
                " ".join([id, *(act_words(act, departments, agents) for act in macro.do)]),
            )
            for (id, own), macro in macros.items()
        ]

        def preview(choice: Choice, cells: int) -> list[Line]:
            macro: Macro = macros[(choice.id[1:], choice.id[0] == "1")]
            lines: list[Line] = []
            for number, act in enumerate(macro.do, 1):
                text = f"{number}. {act_words(act, departments, agents)}"
                lines += [[(" ", ""), (text[begin:end], "")] for begin, end in wrap(text, max(10, cells - 2))]
            return lines

        def chosen(id: str | None) -> None:
            if id is not None:
                self._run(row, id[1:], id[0] == "1")

        empty = _("No macros yet: they are kept in the settings, section macros.")
        self.main.app.push_screen(
            Picker(_("Macros for {name}").format(name=row.title), choices, preview=preview, empty=empty), chosen
        )

    def run_macro(self, id: str, own: bool) -> None:
        """Runs a macro by its own key."""
        row = self._row()
        if row is not None:
            self._run(row, id, own)

    def _run(self, row: InboxRow, id: str, own: bool) -> None:
        macro = self.main.team.macros.get((id, own))
        if macro is None:
            self.main.banner.say(_("This macro is no longer there."), severity="warning")
            return
        last = self.desk.db.execute("SELECT MAX(seq) FROM messages WHERE conversation = ?", (row.id,)).fetchone()[0]
        seen = row.assignee or None
        command = RunMacro(conversation=row.id, macro=id, own=own, answering=last, expect=seen)
        self._give(row, command, macro.title or id)
        self.main.chat.outgoing.renew()
