"""What customers answer to lists and surveys, found as their messages are expanded.

A score is no work: the message does not count, so that it neither opens nor reopens a request. An answer is

- a row of the survey's own list,
- a reply to the survey's message: a score, or anything else as a comment,
- within two days a bare score, while the survey is the last thing that was sent.

A comment counts like any message: who says what went wrong waits for somebody.

The same survey answered again replaces the former answer.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from wptui.model import events as ev
from wptui.model.delivery import REACHED_META
from wptui.model.settings.acts import SCORES
from wptui.relay.rules import lists
from wptui.store import team

WITHIN = 48 * 3600
"""Seconds after a survey in which a bare number answers it."""
COMMENT = 1000
"""Characters of a comment that are kept."""

_SCORE = re.compile(r"\s*(\d{1,2})\s*(?:/\s*(?:5|10))?\s*[.!]*\s*")


def survey_answer(db: sqlite3.Connection, conversation: str, data: ev.MessageReceived) -> ev.SurveyAnswered | None:
    """The answer that a message of `conversation`, not yet in `db`, is; None for all others."""
    row = _row(data)
    if row is not None:
        return _chosen(db, conversation, data, row)
    if data.quote is not None:
        found = db.execute(
            "SELECT s.id, s.kind FROM surveys s JOIN messages m ON m.id = s.message "
            "WHERE m.wamid = ? AND s.conversation = ?",
            (data.quote, conversation),
        ).fetchone()
        return None if found is None or not data.text.strip() else _said(found[0], found[1], data)
    if data.kind == "text":
        return _bare(db, conversation, data)
    return None


def chosen_department(db: sqlite3.Connection, data: ev.MessageReceived) -> str | None:
    """The department that the customer chose from a menu of ours, if there still is such a one."""
    row = _row(data)
    department = lists.chosen_department(row) if row is not None else None
    return department if department is not None and department in team.departments(db) else None


def _row(data: ev.MessageReceived) -> str | None:
    """The id of the list row a message is."""
    if data.kind != "interactive" or data.body.get("subtype") != "list_reply":
        return None
    id: Any = data.body.get("id")
    return id if isinstance(id, str) and id.startswith(lists.PREFIX) else None


def _chosen(db: sqlite3.Connection, conversation: str, data: ev.MessageReceived, row: str) -> ev.SurveyAnswered | None:
    chosen = lists.chosen_score(row)
    if chosen is None:
        return None
    survey, score = chosen
    found = db.execute("SELECT kind FROM surveys WHERE id = ? AND conversation = ?", (survey, conversation)).fetchone()
    if found is None or not _valid(found[0], score):
        return None
    return ev.SurveyAnswered(survey=survey, ts=data.ts, score=score, message=data.message)


def _said(survey: str, kind: str, data: ev.MessageReceived) -> ev.SurveyAnswered:
    score = _score(kind, data.text)
    if score is not None:
        return ev.SurveyAnswered(survey=survey, ts=data.ts, score=score, message=data.message)
    return ev.SurveyAnswered(survey=survey, ts=data.ts, comment=data.text.strip()[:COMMENT], message=data.message)


def _bare(db: sqlite3.Connection, conversation: str, data: ev.MessageReceived) -> ev.SurveyAnswered | None:
    if _SCORE.fullmatch(data.text) is None:
        return None
    found = db.execute(
        "SELECT s.id, s.kind, s.sent_at, m.status FROM surveys s JOIN messages m ON m.id = s.message "
        "WHERE s.conversation = ?1 AND s.message = "
        "(SELECT id FROM messages WHERE conversation = ?1 AND dir = 'out' ORDER BY ts DESC, seq DESC LIMIT 1)",
        (conversation,),
    ).fetchone()
    # Who has not seen the question means something else, and waits for an answer.
    if found is None or found[3] not in REACHED_META or not 0 <= data.ts - found[2] <= WITHIN:
        return None
    score = _score(found[1], data.text)
    return None if score is None else ev.SurveyAnswered(survey=found[0], ts=data.ts, score=score, message=data.message)


def _score(kind: str, text: str) -> int | None:
    match = _SCORE.fullmatch(text)
    score = int(match[1]) if match is not None else -1
    return score if _valid(kind, score) else None


def _valid(kind: str, score: int) -> bool:
    low, high = SCORES[kind]
    return low <= score <= high
