"""The team in line mode's words."""

from __future__ import annotations

from wptui.cli.line_text import Names
from wptui.i18n import _, format_duration, ngettext
from wptui.model.permissions import ROLE_TITLES
from wptui.model.text import safe_line
from wptui.store.workload import AgentLoad, DepartmentLoad, Mention
from wptui.widgets.render.words import DUTIES, when, who


def department_line(load: DepartmentLoad, now: int) -> str:
    """A department on one line."""
    parts = [
        ngettext("{n} waiting", "{n} waiting", load.waiting).format(n=load.waiting),
        ngettext("{n} late", "{n} late", load.late).format(n=load.late),
        ngettext("{n} unassigned", "{n} unassigned", load.unassigned).format(n=load.unassigned),
    ]
    if load.oldest is not None:
        parts.append(_("longest wait {time}").format(time=format_duration(now - load.oldest)))
    if load.members:
        parts.append(_("{n} of {all} on duty").format(n=load.on_duty, all=load.members))
    name = load.name or _("No department")
    return f"{name}: {', '.join(parts)}" + (f" [{load.id}]" if load.id else "")


def agent_line(load: AgentLoad, now: int, *, figures: bool) -> str:
    """A colleague on one line; `figures` says whether how much they answered is to be told."""
    duty = DUTIES.get(load.duty)
    state = _(duty.title) if duty is not None else load.duty
    if load.duty_at:
        state = _("{state} since {time}").format(state=state, time=when(load.duty_at, now, None))
    parts = [
        _(ROLE_TITLES.get(load.role, load.role)),
        state,
        ngettext("{n} open", "{n} open", load.open).format(n=load.open),
        ngettext("{n} waiting", "{n} waiting", load.waiting).format(n=load.waiting),
    ]
    if figures:
        parts.append(ngettext("{n} answered today", "{n} answered today", load.answered).format(n=load.answered))
    return f"{load.name}: {', '.join(parts)} [{load.id}]"


def mention_line(mention: Mention, names: Names, now: int) -> str:
    """A note that calls the agent, on one line."""
    new = "" if mention.seen else _("new") + ", "
    author = who(mention.author, names.me, names.agents)
    text = safe_line(mention.text, 120)
    return f"{new}{mention.title}, {when(mention.ts, now, None)}, {author}: {text} [{mention.conversation}]"
