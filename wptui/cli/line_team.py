"""Line mode for the team: ``wptui duty|team|transfer|priority|follow|mentions|macro``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from wptui.cli.line import act_options, json_option, offline_option
from wptui.i18n import _
from wptui.model.errors import UsageError
from wptui.model.priority import NAMES

STATES = ("on", "busy", "away")


@click.command(help=_("Print your duty, or set it: conversations are handed out only to those who are on."))
@click.argument("state", metavar="[on|busy|away]", type=click.Choice(STATES), required=False)
@click.option("--agent", metavar="AGENT", default="me", help=_("Whose: an id or a name; you without it."))
@act_options
def duty_command(state: str | None, agent: str, as_json: bool, offline: bool) -> int:
    """Print or set duty."""
    from wptui.cli import line_find, line_json
    from wptui.cli.line_act import RESULT_SECONDS
    from wptui.cli.line_link import open_line, run
    from wptui.cli.line_text import Names
    from wptui.model.commands import SetDuty
    from wptui.model.errors import RefusedError
    from wptui.widgets.render.words import DUTIES

    async def work() -> int:
        async with open_line(offline=offline) as line:
            who = line_find.agent(line.db, agent, line.me)
            if who is None:
                raise UsageError(_("{name} is no agent").format(name=agent))
            known = line.db.execute("SELECT duty FROM agents WHERE id = ?", (who,)).fetchone()
            now, status, problem = known[0] if known else "away", "done", None
            if state is not None:
                try:
                    command = SetDuty(state=state, agent="" if who == line.me else who)
                    result = await line.execute(None, command, RESULT_SECONDS)
                except RefusedError as error:
                    if not as_json:
                        raise
                    status = "refused"
                    problem = {"code": error.code, "text": str(error), "advice": error.hint}
                else:
                    now, status = (state, "done") if result is not None else (now, "waiting")
            ok = status == "done" or (status == "waiting" and offline)
            if as_json:
                line_json.emit(line, ok=ok, agent=who, duty=now, status=status, error=problem)
            elif status == "waiting":
                click.echo(_("In the outbox; it goes out with the next connection."), err=not offline)
            else:
                click.echo(f"{Names(line.db, line.me).agent(who)}: {_(DUTIES[now].title)}")
            return 0 if ok else 1

    return run(work())


@click.command(help=_("Print the departments and the colleagues: who is on duty, who waits, who has how much."))
@json_option()
@offline_option()
def team_command(as_json: bool, offline: bool) -> int:
    """Print the team."""
    from wptui.cli import line_json
    from wptui.cli.line_link import open_line, run
    from wptui.cli.team_text import agent_line, department_line
    from wptui.store import team, workload

    async def work() -> int:
        async with open_line(offline=offline) as line:
            day = datetime.fromtimestamp(line.now).replace(hour=0, minute=0, second=0, microsecond=0)
            departments = workload.departments(line.db, line.now)
            agents = workload.agents(line.db, int(day.timestamp()))
            figures = "see.agents" in team.allowed(line.db, line.me)
            if as_json:
                told = [asdict(each) for each in agents]
                for row in told:
                    if not figures and row["id"] != line.me:
                        row["answered"] = None
                line_json.emit(line, departments=[asdict(each) for each in departments], agents=told)
                return 0
            for department in departments:
                click.echo(department_line(department, line.now))
            for each in agents:
                click.echo(agent_line(each, line.now, figures=figures or each.id == line.me))
            return 0

    return run(work())


@click.command(help=_("Move a conversation to another department, to a colleague, or to both."))
@click.argument("id", metavar="ID")
@click.option(
    "--to", "department", metavar="DEPARTMENT", help=_("A department's id or name; none for the common queue.")
)
@click.option("--agent", metavar="AGENT", help=_("Whose it is then: an id or a name; nobody's without it."))
@click.option("--reason", default="", metavar="TEXT", help=_("What those who get it should know."))
@act_options
def transfer_command(
    id: str, department: str | None, agent: str | None, reason: str, as_json: bool, offline: bool
) -> int:
    """Move it."""
    if department is None and agent is None:
        raise UsageError(_("give --to, --agent or both"))
    from wptui.cli import line_act, line_find
    from wptui.cli.line_link import Line
    from wptui.model.commands import AnyCommand, Transfer
    from wptui.store import team
    from wptui.store.inbox import InboxRow

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        to = None if department is None else line_find.department(line.db, department)
        who = line_find.agent(line.db, agent, line.me) if agent is not None else None
        known = team.departments(line.db)
        name = known[to].name if to in known else _("the common queue")
        told = _("Handed on.") if to is None else _("Moved to {name}.").format(name=name)
        command = Transfer(conversation=row.id, department=to, agent=who, reason=reason, expect=row.assignee or None)
        return [(command, told)]

    return line_act.carry_out(id, plan, as_json=as_json, offline=offline)


@click.command(help=_("Set how urgent a conversation is: low, normal, high or urgent."))
@click.argument("id", metavar="ID")
@click.argument("level", metavar="LEVEL", type=click.Choice(tuple(NAMES)))
@act_options
def priority_command(id: str, level: str, as_json: bool, offline: bool) -> int:
    """Set the priority."""
    from wptui.cli import line_act
    from wptui.model.commands import SetPriority

    told = _("Priority {level}.").format(level=level)
    return line_act.carry_out(
        id,
        lambda _line, row: [(SetPriority(conversation=row.id, priority=int(NAMES[level])), told)],
        as_json=as_json,
        offline=offline,
    )


@click.command(help=_("Be told of what happens in a conversation; no more with --off."))
@click.argument("id", metavar="ID")
@click.option("--off", is_flag=True, help=_("Do not follow it any more."))
@act_options
def follow_command(id: str, off: bool, as_json: bool, offline: bool) -> int:
    """Follow it."""
    from wptui.cli import line_act
    from wptui.model.commands import Follow

    told = _("Not followed any more.") if off else _("Followed.")
    return line_act.carry_out(
        id, lambda _line, row: [(Follow(conversation=row.id, on=not off), told)], as_json=as_json, offline=offline
    )


@click.command(help=_("Print the notes that call you, those you have not seen first."))
@click.option("--seen", is_flag=True, help=_("Say that you have seen them now."))
@act_options
def mentions_command(seen: bool, as_json: bool, offline: bool) -> int:
    """Print the mentions."""
    from wptui.cli import line_json
    from wptui.cli.line_act import RESULT_SECONDS
    from wptui.cli.line_link import open_line, run
    from wptui.cli.line_text import Names
    from wptui.cli.team_text import mention_line
    from wptui.model.commands import SeeMentions
    from wptui.store import workload

    async def work() -> int:
        async with open_line(offline=offline) as line:
            found = workload.mentions(line.db, line.me)
            if as_json:
                line_json.emit(line, mentions=[asdict(each) for each in found])
            else:
                names = Names(line.db, line.me)
                for each in found:
                    click.echo(mention_line(each, names, line.now))
                if not found:
                    click.echo(_("No note calls you."))
            if seen:
                for conversation in dict.fromkeys(each.conversation for each in found if not each.seen):
                    await line.execute(conversation, SeeMentions(conversation=conversation), RESULT_SECONDS)
            return 0

    return run(work())


@click.command(help=_("Do a macro's acts in a conversation: its id, one's own before a shared one."))
@click.argument("id", metavar="ID")
@click.argument("name", metavar="NAME")
@click.option("--force", is_flag=True, help=_("Even if a colleague has answered meanwhile."))
@act_options
def macro_command(id: str, name: str, force: bool, as_json: bool, offline: bool) -> int:
    """Run it."""
    from wptui.cli import line_act
    from wptui.cli.line_link import Line
    from wptui.model.commands import AnyCommand, RunMacro
    from wptui.store import team
    from wptui.store.inbox import InboxRow

    def plan(line: Line, row: InboxRow) -> list[tuple[AnyCommand, str]]:
        own, shared = team.document(line.db, "macros", line.me), team.document(line.db, "macros")
        if name not in own and name not in shared:
            names = ", ".join(sorted({*own, *shared}))
            hint = _("There are: {names}").format(names=names) if names else ""
            raise UsageError(_("There is no macro {name}").format(name=name), hint=hint)
        macro = (own if name in own else shared)[name]
        command = RunMacro(
            conversation=row.id,
            macro=name,
            own=name in own,
            answering=row.seq,
            force=force,
            expect=row.assignee or None,
        )
        return [(command, _("Done: {name}.").format(name=macro.title or name))]

    return line_act.carry_out(id, plan, as_json=as_json, offline=offline)
