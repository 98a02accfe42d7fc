"""Working together: departments, priority, followers, mentions, surveys, duty and the team's settings."""

from __future__ import annotations

import sqlite3

from wptui.model import events as ev
from wptui.store.changes import Changes, Handler
from wptui.store.fold_contacts import thread_event


def _at(event: ev.Event) -> int:
    return event.at // 1000


def moved(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationMoved, changes: Changes) -> None:
    db.execute(
        "UPDATE conversations SET department = ?, returned_from = '' WHERE id = ?",
        (data.department, event.conversation),
    )
    _of_request(db, event.conversation)
    changes.placed.add(str(event.conversation))
    body = {"department": data.department, "reason": data.reason, "how": data.how}
    thread_event(db, event, "moved", _at(event), body)


def prioritised(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationPrioritised, changes: Changes) -> None:
    db.execute("UPDATE conversations SET priority = ? WHERE id = ?", (data.priority, event.conversation))
    _of_request(db, event.conversation)
    thread_event(db, event, "prioritised", _at(event), {"priority": data.priority})


def _of_request(db: sqlite3.Connection, conversation: str | None) -> None:
    """An open request is where its conversation is; a resolved one stays what it was."""
    db.execute(
        "UPDATE requests SET (department, priority) = (SELECT department, priority FROM conversations WHERE id = ?1) "
        "WHERE id = (SELECT request FROM conversations WHERE id = ?1) AND resolved_at IS NULL",
        (conversation,),
    )


def followed(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationFollowed, changes: Changes) -> None:
    db.execute("INSERT OR IGNORE INTO followers VALUES (?, ?)", (event.conversation, data.agent))


def unfollowed(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationUnfollowed, changes: Changes) -> None:
    db.execute("DELETE FROM followers WHERE conversation = ? AND agent = ?", (event.conversation, data.agent))


def mention_seen(db: sqlite3.Connection, event: ev.Event, data: ev.MentionSeen, changes: Changes) -> None:
    db.execute("UPDATE mentions SET seen = 1 WHERE conversation = ? AND agent = ?", (event.conversation, data.agent))


def survey_sent(db: sqlite3.Connection, event: ev.Event, data: ev.SurveySent, changes: Changes) -> None:
    db.execute(
        "INSERT OR IGNORE INTO surveys (id, conversation, request, kind, message, sent_at) VALUES (?, ?, ?, ?, ?, ?)",
        (data.survey, event.conversation, data.request, data.kind, data.message, _at(event)),
    )


def survey_answered(db: sqlite3.Connection, event: ev.Event, data: ev.SurveyAnswered, changes: Changes) -> None:
    db.execute(
        "UPDATE surveys SET score = COALESCE(?1, score), comment = COALESCE(?2, comment), answered_at = ?3, "
        "answer = ?4 WHERE id = ?5 AND COALESCE(answered_at, 0) <= ?3",
        (data.score, data.comment, data.ts, data.message, data.survey),
    )
    row = db.execute("SELECT kind, score, comment FROM surveys WHERE id = ?", (data.survey,)).fetchone()
    if row is not None:
        thread_event(db, event, "survey_answered", data.ts, {"kind": row[0], "score": row[1], "comment": row[2]})


def rule_fired(db: sqlite3.Connection, event: ev.Event, data: ev.RuleFired, changes: Changes) -> None:
    body = {"rule": data.rule, "acts": data.acts, "skipped": data.skipped}
    thread_event(db, event, "rule_fired", _at(event), body)


def notified(db: sqlite3.Connection, event: ev.Event, data: ev.AgentNotified, changes: Changes) -> None:
    changes.notified.append((str(event.conversation), data.agents, data.text))
    thread_event(db, event, "notified", _at(event), {"agents": data.agents, "text": data.text})


def settings_saved(db: sqlite3.Connection, event: ev.Event, data: ev.SettingsSaved, changes: Changes) -> None:
    db.execute(
        "INSERT INTO settings VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (section, owner) DO UPDATE SET "
        "text = excluded.text, at = excluded.at, by = excluded.by, seq = excluded.seq WHERE excluded.seq > seq",
        (data.section, data.owner, data.text, _at(event), event.actor, event.seq),
    )
    changes.settings.add(data.section)
    changes.workspace = True


def duty_changed(db: sqlite3.Connection, event: ev.Event, data: ev.AgentDutyChanged, changes: Changes) -> None:
    db.execute(
        "UPDATE agents SET duty = ?, duty_at = ?, duty_how = ?, seq = ?5 WHERE id = ?4 AND seq < ?5",
        (data.state, _at(event), data.how, data.agent, event.seq),
    )
    changes.workspace = True


HANDLERS: dict[str, Handler] = {
    cls.TYPE: handler
    for cls, handler in (
        (ev.ConversationMoved, moved),
        (ev.ConversationPrioritised, prioritised),
        (ev.ConversationFollowed, followed),
        (ev.ConversationUnfollowed, unfollowed),
        (ev.MentionSeen, mention_seen),
        (ev.SurveySent, survey_sent),
        (ev.SurveyAnswered, survey_answered),
        (ev.RuleFired, rule_fired),
        (ev.AgentNotified, notified),
        (ev.SettingsSaved, settings_saved),
        (ev.AgentDutyChanged, duty_changed),
    )
}
