"""Which conversation, agent, department or message somebody means who types a few letters or digits."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from wptui.i18n import _
from wptui.model.errors import UsageError
from wptui.model.text import fold
from wptui.store import inbox, search, team, thread
from wptui.store.inbox import InboxRow

CANDIDATES = 8


def conversation(db: sqlite3.Connection, wanted: str) -> InboxRow:
    """The conversation `wanted`: an id or its beginning, a phone number or its end, a @username, or a name.

    Raises UsageError, with the candidates where there are several.
    """
    wanted = wanted.strip()
    found = _by_id(db, wanted) or _by_alias(db, wanted) or _by_name(db, wanted)
    if len(found) == 1:
        row = inbox.conversation(db, found[0])
        assert row is not None
        return row
    if not found:
        raise UsageError(
            _("There is no conversation {wanted}").format(wanted=wanted),
            hint=_("`wptui list` shows those that are open, `wptui search WORDS` looks in all messages."),
        )
    rows = [row for id in found[:CANDIDATES] if (row := inbox.conversation(db, id)) is not None]
    lines = "\n".join(f"  {row.id}  {row.title}  {_number(db, row.number)}".rstrip() for row in rows)
    raise UsageError(
        _("{wanted} may be one of {n} conversations:").format(wanted=wanted, n=len(found)) + "\n" + lines,
        hint=_("Give the id, or more of the name."),
    )


def _by_id(db: sqlite3.Connection, wanted: str) -> list[str]:
    if not wanted or not wanted.isalnum():
        return []
    if db.execute("SELECT 1 FROM conversations WHERE id = ?", (wanted,)).fetchone():
        return [wanted]
    if len(wanted) < 3 or not wanted.startswith("k"):
        return []
    rows = db.execute("SELECT id FROM conversations WHERE id >= ? AND id < ? LIMIT 50", (wanted, wanted + "~"))
    return [id for (id,) in rows]


def _by_alias(db: sqlite3.Connection, wanted: str) -> list[str]:
    digits = "".join(char for char in wanted if char in "0123456789")
    if wanted.startswith("@"):
        where, value = "ct.username IN (?1, '@' || ?1)", wanted[1:].lower()
    elif len(digits) >= 4 and not any(char.isalpha() for char in wanted):
        # The end of a number is what people remember; a leading 0 is the country's, not the number's.
        where = (
            "ct.id IN (SELECT contact FROM aliases WHERE kind = 'wa_id' AND retired = 0 AND value LIKE '%' || ?1) "
            "OR replace(ct.phone, ' ', '') LIKE '%' || ?1"
        )
        value = digits.lstrip("0")
    else:
        where, value = "ct.id IN (SELECT contact FROM aliases WHERE value = ?1)", wanted
    rows = db.execute(
        f"SELECT c.id FROM conversations c JOIN contacts ct ON ct.id = c.contact WHERE {where} "
        "ORDER BY c.last_at DESC LIMIT 50",
        (value,),
    )
    return [id for (id,) in rows]


def _by_name(db: sqlite3.Connection, wanted: str) -> list[str]:
    found = search.find_conversations(db, wanted, 50)
    exact = [id for id, title in found if fold(title) == fold(wanted)]
    return exact if len(exact) == 1 else [id for id, _title in found]


def _number(db: sqlite3.Connection, number: str) -> str:
    row = db.execute("SELECT name, display FROM numbers WHERE id = ?", (number,)).fetchone()
    return (row[0] or row[1]) if row else number


def agent(db: sqlite3.Connection, wanted: str, me: str) -> str | None:
    """The id of the agent `wanted` (id, name, "me"); None for "nobody". Raises UsageError."""
    if wanted in ("nobody", "-", ""):
        return None
    if wanted == "me":
        return me
    rows = db.execute("SELECT id, name FROM agents WHERE revoked = 0 ORDER BY name").fetchall()
    key = fold(wanted)
    found = [id for id, _name in rows if id == wanted]
    found = found or [id for id, name in rows if fold(name) == key]
    found = found or [id for id, name in rows if key in fold(name)]
    if len(found) == 1:
        return str(found[0])
    names = ", ".join(f"{id} ({name})" for id, name in rows if not found or id in found)
    text = _("{wanted} may be several colleagues") if found else _("There is no colleague {wanted}")
    raise UsageError(text.format(wanted=wanted), hint=_("There are: {names}").format(names=names) if names else "")


def department(db: sqlite3.Connection, wanted: str) -> str:
    """The id of the department `wanted` (id, name, or the beginning of one); "" for "none". Raises UsageError."""
    if wanted in ("none", "-", ""):
        return ""
    known = team.departments(db)
    if wanted in known:
        return wanted
    asked = fold(wanted)
    found = [id for id, each in known.items() if asked in (fold(id), fold(each.name))]
    found = found or [id for id, each in known.items() if fold(each.name).startswith(asked)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{each.name} ({id})" for id, each in known.items())
    raise UsageError(
        _("There is no department {name}").format(name=wanted),
        hint=_("There are: {names}").format(names=names) if names else _("`wptui edit departments` makes them."),
    )


def quoted(db: sqlite3.Connection, row: InboxRow, wanted: str) -> str:
    """The wamid of the message to reply to: an id, or "last" for the customer's last one. Raises UsageError."""
    if wanted == "last":
        found = db.execute(
            "SELECT wamid FROM messages WHERE conversation = ? AND dir = 'in' AND wamid IS NOT NULL "
            "ORDER BY ts DESC, seq DESC LIMIT 1",
            (row.id,),
        ).fetchone()
        if found:
            return str(found[0])
    message = thread.message(db, wanted)
    if message is None or message.conversation != row.id or not message.wamid:
        raise UsageError(
            _("There is no message {wanted} to reply to").format(wanted=wanted),
            hint=_("`wptui read ID --ids` shows the messages' ids; `--quote last` is the customer's last one."),
        )
    return message.wamid


_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
MORNING = 9
"""Hour at which "tomorrow" begins."""


def until(text: str, now: int) -> int:
    """Unix seconds of `2h`, `30m`, `3d`, `1w`, `tomorrow`, an ISO date or time (local), or 0 for `off`.

    Raises UsageError.
    """
    wanted = text.strip().lower()
    if wanted in ("off", "now", "0"):
        return 0
    if wanted[:-1].isdigit() and wanted[-1] in _UNITS:
        return now + int(wanted[:-1]) * _UNITS[wanted[-1]]
    here = datetime.fromtimestamp(now)
    if wanted in ("tomorrow", "yarın", "yarin"):
        return int((here + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0).timestamp())
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(
            _("{text} is no time").format(text=text), hint=_("For example 2h, 30m, 3d, tomorrow, 2026-11-30T09:00, off")
        ) from error
    if len(text.strip()) <= 10:
        moment = moment.replace(hour=MORNING)
    at = int(moment.timestamp())
    if at <= now:
        raise UsageError(_("{text} is over already").format(text=text))
    return at
