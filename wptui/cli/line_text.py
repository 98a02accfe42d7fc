"""Line mode's output as text: one thing a line, no frames, no colours, so that a screen reader reads it in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from wptui.cloudapi.errors import is_known, rule
from wptui.i18n import N_, _, format_day, format_duration, format_time, ngettext
from wptui.model.delivery import Delivery
from wptui.model.priority import Priority
from wptui.model.text import safe_line
from wptui.model.window import is_open
from wptui.store import team
from wptui.store.inbox import Counters, InboxRow
from wptui.store.search import Hit
from wptui.store.thread import ThreadRow
from wptui.sync.outbox import REFUSED, Pending
from wptui.widgets.glyphs import ASCII
from wptui.widgets.render import attachments, happenings
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.words import kind_word, when, who

_STATES = {
    Delivery.QUEUED: lambda: _("queued"),
    Delivery.ATTEMPTED: lambda: _("being sent"),
    Delivery.UNKNOWN: lambda: _("unknown whether sent"),
    Delivery.ACCEPTED: lambda: _("accepted by WhatsApp"),
    Delivery.SENT: lambda: _("sent"),
    Delivery.DELIVERED: lambda: _("delivered"),
    Delivery.READ: lambda: _("read"),
    Delivery.PLAYED: lambda: _("listened to"),
    Delivery.FAILED: lambda: _("failed"),
}

_SILENT = replace(
    ASCII, image="", video="", voice="", audio="", document="", sticker="", location="", contacts="", order="", call="",
    choice="",
)  # fmt: skip
"""A picture beside its own name would be read out twice."""


_PRIORITIES = {
    Priority.LOW: N_("low priority"),
    Priority.HIGH: N_("high priority"),
    Priority.URGENT: N_("urgent"),
}


class Names:
    """Names of agents, numbers and departments, and the contact's phone, looked up once."""

    def __init__(self, db: sqlite3.Connection, me: str) -> None:
        self.me = me
        self.agents = dict(db.execute("SELECT id, name FROM agents").fetchall())
        numbers = db.execute("SELECT id, name, display FROM numbers")
        self.numbers = {id: name or display or id for id, name, display in numbers}
        self.departments = {id: each.name for id, each in team.departments(db).items()}
        self._db = db

    def agent(self, id: str) -> str:
        """An agent's name."""
        return str(self.agents.get(id, id))

    def number(self, id: str) -> str:
        """A business number's name."""
        return str(self.numbers.get(id, id))

    def phone(self, contact: str) -> str:
        """A contact's phone number, else @username, else nothing."""
        row = self._db.execute("SELECT phone, username FROM contacts WHERE id = ?", (contact,)).fetchone()
        if row is None:
            return ""
        return str(row[0] or (f"@{row[1].removeprefix('@')}" if row[1] else ""))


def status(state: str | None) -> str:
    """The state of an outgoing message in a word or two."""
    return _STATES[Delivery(state)]() if state in set(Delivery) else ""


def failure(code: int | None, details: str) -> str:
    """Why a message failed, and the next step; Meta's own words where its code is not known."""
    if code is not None and is_known(code):
        return f"{_(rule(code).tell)} ({code})"
    words = details or _("Meta gave no reason")
    return f"{words} ({code})" if code is not None else words


def summary(row: InboxRow, names: Names, now: int) -> str:
    """A conversation on one line: who, how urgent, whose, the last message, and at the end its id."""
    parts = [row.title or names.phone(row.contact) or row.id]
    if row.waiting_since is not None:
        waited = format_duration(now - row.waiting_since)
        late = row.due_at is not None and row.due_at <= now
        parts.append((_("waiting {time}, late") if late else _("waiting {time}")).format(time=waited))
    if row.state == "snoozed" and row.snoozed_until:
        parts.append(_("snoozed until {time}").format(time=when(row.snoozed_until, now, None)))
    elif row.state == "resolved":
        parts.append(_("resolved"))
    if row.unread:
        parts.append(ngettext("{n} unread", "{n} unread", row.unread).format(n=row.unread))
    if row.priority != Priority.NORMAL:
        parts.append(_(_PRIORITIES[Priority(row.priority)]))
    if row.department:
        parts.append(names.departments.get(row.department, row.department))
    if row.campaign:
        parts.append(f"#{row.campaign.lstrip('#')}")
    parts += row.labels
    if row.assignee:
        mine = row.assignee == names.me
        parts.append(_("assigned to you") if mine else _("assigned to {name}").format(name=names.agent(row.assignee)))
    if row.state != "resolved" and not is_open(row.window_expires, now):
        parts.append(_("window closed"))
    return f"{', '.join(parts)}: {preview(row, now)} [{row.id}]"


def preview(row: InboxRow, now: int) -> str:
    """The last message in short, with its state if it is ours, and when it was."""
    text = safe_line(row.preview, 80)
    if not text or row.preview_kind not in ("text", "button", "interactive"):
        kind = f"[{kind_word(row.preview_kind)}]" if row.preview_kind not in ("text", "") else ""
        text = f"{kind} {text}".strip()
    if row.preview_dir == "out":
        text = f"{_('we')}: {text} ({status(row.preview_status)})"
    return f"{text}, {when(row.last_at, now, None)}" if row.last_at else text


def figures(counters: Counters, now: int) -> str:
    """The header's figures in a sentence."""
    parts = [
        ngettext("{n} open", "{n} open", counters.open).format(n=counters.open),
        ngettext("{n} waiting", "{n} waiting", counters.waiting).format(n=counters.waiting),
        ngettext("{n} late", "{n} late", counters.late).format(n=counters.late),
    ]
    if counters.oldest is not None:
        parts.append(_("longest wait {time}").format(time=format_duration(now - counters.oldest)))
    return ", ".join(parts)


def heading(row: InboxRow, names: Names, now: int) -> Iterator[str]:
    """What stands above a thread: a fact a line."""
    phone = names.phone(row.contact)
    yield row.title if not phone or phone == row.title else f"{row.title}, {phone}"
    yield _("Conversation {id} on {number}").format(id=row.id, number=names.number(row.number))
    if row.waiting_since is not None:
        waited = format_duration(now - row.waiting_since)
        late = row.due_at is not None and row.due_at <= now
        yield (_("Waiting {time}, late") if late else _("Waiting {time}")).format(time=waited)
    elif row.state == "snoozed" and row.snoozed_until:
        yield _("Snoozed until {time}").format(time=when(row.snoozed_until, now, None))
    elif row.state == "resolved":
        yield _("Resolved")
    else:
        yield _("Answered")
    if is_open(row.window_expires, now):
        left = format_duration((row.window_expires or 0) - now)
        yield _("Window open for {time}").format(time=left)
    else:
        yield _("Window closed: only templates can be sent")
    yield _("Assigned to {name}").format(name=names.agent(row.assignee)) if row.assignee else _("Assigned to nobody")
    if row.department:
        yield _("Department {name}").format(name=names.departments.get(row.department, row.department))
    if row.campaign:
        yield _("Campaign {name}").format(name=row.campaign)
    if row.labels:
        yield _("Labels {names}").format(names=", ".join(row.labels))


def messages(rows: Sequence[ThreadRow], title: str, names: Names, now: int, *, ids: bool = False) -> Iterator[str]:
    """A thread: a line for each day, then each message as `14:25 name: text`, further lines of a text indented."""
    today = datetime.fromtimestamp(now)
    context = ThreadContext(
        width=200,
        today=today.date(),
        me=names.me,
        agents=names.agents,
        departments=names.departments,
        title=title,
        glyphs=_SILENT,
    )
    day = ""
    for row in rows:
        moment = datetime.fromtimestamp(row.ts)
        heading = format_day(moment, today)
        if heading != day:
            day = heading
            yield heading
        text = message(row, context) + (f" [{row.wamid or row.id}]" if ids else "")
        first, *rest = text.split("\n")
        yield f"{format_time(moment)} {first}"
        yield from (f"      {line}" for line in rest)


def message(row: ThreadRow, context: ThreadContext) -> str:
    """One row of a thread, without its time; may have several lines."""
    if row.dir == "event":
        return happenings.sentence(row, context)
    name = row.sender or who(row.author, context.me, context.agents, context.title)
    if row.dir == "note":
        return _("note by {name}: {text}").format(name=name, text=row.text)
    words = [f"{name}:"]
    if row.quoted is not None:
        quoted = safe_line(row.quoted.text, 40) or kind_word(row.quoted.kind)
        words.append(_("(reply to: {text})").format(text=quoted))
    if row.forwarded:
        words.append(_("(forwarded)"))
    if row.revoked_at is not None:
        words.append(_("(deleted)"))
    else:
        words += _said(row, context)
    if row.edited_at is not None:
        words.append(_("(edited)"))
    if row.dir == "out":
        words.append(f"({status(row.status)})")
    if row.reactions:
        said = ", ".join(f"{who(by, context.me, context.agents, context.title)} {emoji}" for by, emoji in row.reactions)
        words.append(_("(reactions: {list})").format(list=said))
    text = " ".join(words)
    if row.status == Delivery.FAILED:
        text += "\n" + _("Not sent: {reason}").format(reason=failure(row.error_code, row.error_text))
    return text


def _said(row: ThreadRow, context: ThreadContext) -> list[str]:
    lines = [" ".join("".join(text for text, _style in line).split()) for line in attachments.attachment(row, context)]
    carried = "; ".join(line for line in lines if line)
    # The hint at a key of the full-screen terminal means nothing here.
    carried = carried.removesuffix(f"{context.keys['open']} {_('to open')}").rstrip()
    return [part for part in (f"[{carried}]" if carried else "", row.text) if part]


def pending(items: Sequence[Pending]) -> Iterator[str]:
    """What waits in the outbox for this conversation."""
    for item in items:
        said = safe_line(str(getattr(item.command, "text", "")) or type(item.command).__name__, 60)
        if item.state == REFUSED:
            yield _("Refused: {text}: {reason}").format(text=said, reason=item.message or item.code)
        else:
            yield _("Not sent yet: {text}").format(text=said)


def hit(found: Hit, now: int) -> str:
    """A message that was found, on one line."""
    moment = when(found.ts, now, None)
    side = _("we") if found.dir == "out" else _("note") if found.dir == "note" else found.title
    text = safe_line(found.text, 120)
    return f"{found.title}, {moment}, {side}: {text} [{found.conversation}]"
