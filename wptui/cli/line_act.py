"""What line mode changes in a conversation, and how it says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from wptui.cli import line_find, line_json
from wptui.cli.line_link import Line, open_line, run
from wptui.cli.line_text import Names
from wptui.i18n import _
from wptui.model.commands import AddNote, AnyCommand, Assign, Label, Reopen, Resolve, Snooze
from wptui.model.errors import RefusedError, UsageError
from wptui.store.inbox import InboxRow
from wptui.widgets.render.words import when

RESULT_SECONDS = 15.0

Plan = Callable[[Line, InboxRow], list[tuple[AnyCommand, str]]]
"""The commands to give, each with the sentence that says it is done."""


def note(wanted: str, text: str, mentions: Sequence[str] = (), *, as_json: bool, offline: bool) -> int:
    """Writes a note that calls the agents `mentions` (ids or names)."""
    if not text.strip():
        raise UsageError(_("the text is missing"))

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        called = [line_find.agent(line.db, each, line.me) or "" for each in mentions]
        return [(AddNote(conversation=row.id, text=text, mentions=called), _("Note written."))]

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def assign(wanted: str, agent: str, *, as_json: bool, offline: bool) -> int:
    """Gives it to an agent or to nobody."""

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        to = line_find.agent(line.db, agent, line.me)
        name = Names(line.db, line.me).agent(to) if to else ""
        told = _("Assigned to {name}.").format(name=name) if to else _("Assigned to nobody.")
        return [(Assign(conversation=row.id, agent=to, expect=row.assignee or None), told)]

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def resolve(wanted: str, *, as_json: bool, offline: bool) -> int:
    """Closes the request."""

    def plan(_line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        return [(Resolve(conversation=row.id), _("Resolved."))]

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def reopen(wanted: str, *, as_json: bool, offline: bool) -> int:
    """Opens the request again."""

    def plan(_line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        return [(Reopen(conversation=row.id), _("Open again."))]

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def snooze(wanted: str, until: str, *, as_json: bool, offline: bool) -> int:
    """Puts it aside, or brings it back."""

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        at = line_find.until(until, line.now)
        told = _("Snoozed until {time}.").format(time=when(at, line.now, None)) if at else _("Back from snooze.")
        return [(Snooze(conversation=row.id, until=at), told)]

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def label(wanted: str, labels: Sequence[str], *, as_json: bool, offline: bool) -> int:
    """Puts labels on and takes them off."""

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        steps: list[tuple[AnyCommand, str]] = []
        for each in labels:
            on = not each.startswith("-")
            name = each.removeprefix("+" if on else "-").strip()
            if not name:
                raise UsageError(_("{label} is no label").format(label=each))
            told = _("Label {name} put on.") if on else _("Label {name} taken off.")
            steps.append((Label(conversation=row.id, label=name, on=on), told.format(name=name)))
        return steps

    return carry_out(wanted, plan, as_json=as_json, offline=offline)


def carry_out(wanted: str, plan: Plan, *, as_json: bool, offline: bool) -> int:
    """Carries the plan out, a command at a time; stops at the first that is refused."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            row = line_find.conversation(line.db, wanted)
            for command, told in plan(line, row):
                try:
                    result = await line.execute(row.id, command, RESULT_SECONDS)
                except RefusedError as error:
                    return refused(line, row, error, as_json=as_json)
                if result is None:
                    return kept(line, row, as_json=as_json, offline=offline)
                if not as_json:
                    click.echo(f"{row.title}: {told}")
            if as_json:
                line_json.emit(line, ok=True, conversation=row.id, status="done", error=None)
            return 0

    return run(work())


def refused(line: Line, row: InboxRow, error: RefusedError, *, as_json: bool) -> int:
    """Says that the relay refused. In JSON it is an answer like any other; the exit code is 1 in both."""
    if not as_json:
        raise error
    problem = {"code": error.code, "text": str(error), "advice": error.hint}
    line_json.emit(line, ok=False, conversation=row.id, status="refused", error=problem)
    return 1


def kept(line: Line, row: InboxRow, *, as_json: bool, offline: bool, id: str | None = None) -> int:
    """Says that a command lies in the outbox: done as far as --offline goes, else not."""
    if as_json:
        found = {"id": id} if id else {}
        line_json.emit(line, ok=offline, conversation=row.id, status="waiting", error=None, **found)
    else:
        text = _("{title}: in the outbox; it goes out with the next connection.").format(title=row.title)
        click.echo(text, err=not offline)
    return 0 if offline else 1
