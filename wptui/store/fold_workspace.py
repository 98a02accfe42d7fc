"""What belongs to the whole workspace: settings, numbers, templates, campaigns, canned replies, agents, alerts."""

from __future__ import annotations

import sqlite3

import msgspec

from wptui.model import events as ev
from wptui.store.changes import Changes, Handler
from wptui.store.database import set_meta

CANNED_BY = "canned_by:"
"""Before an owner's id: the key of `meta` that says when (Unix seconds) and by whom their replies were last changed."""


def configured(db: sqlite3.Connection, event: ev.Event, data: ev.WorkspaceConfigured, changes: Changes) -> None:
    set_meta(db, "workspace", data.name)
    set_meta(db, "reopen_within", data.reopen_within)
    set_meta(db, "first_response_target", data.first_response_target)
    set_meta(db, "timezone", data.timezone)
    changes.workspace = True


def number_updated(db: sqlite3.Connection, event: ev.Event, data: ev.NumberUpdated, changes: Changes) -> None:
    db.execute(
        """INSERT INTO numbers VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
               display = CASE excluded.display WHEN '' THEN display ELSE excluded.display END,
               name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END,
               waba = CASE excluded.waba WHEN '' THEN waba ELSE excluded.waba END,
               quality = CASE excluded.quality WHEN '' THEN quality ELSE excluded.quality END,
               throughput = CASE excluded.throughput WHEN '' THEN throughput ELSE excluded.throughput END,
               seq = excluded.seq WHERE excluded.seq > seq""",
        (data.number, data.display, data.name, data.waba, data.quality, data.throughput, event.seq),
    )
    changes.workspace = True


def template_updated(db: sqlite3.Connection, event: ev.Event, data: ev.TemplateUpdated, changes: Changes) -> None:
    changes.workspace = True
    if data.status == "DELETED":
        db.execute("DELETE FROM templates WHERE id = ?", (data.id,))
        return
    # Status webhooks carry no components: those known stay until the list is read again.
    db.execute(
        """INSERT INTO templates VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
               name = excluded.name, language = excluded.language,
               status = CASE excluded.status WHEN '' THEN status ELSE excluded.status END,
               category = CASE excluded.category WHEN '' THEN category ELSE excluded.category END,
               quality = CASE excluded.quality WHEN '' THEN quality ELSE excluded.quality END,
               components = CASE excluded.components WHEN '[]' THEN components ELSE excluded.components END,
               reason = excluded.reason, seq = excluded.seq WHERE excluded.seq > seq""",
        (data.id, data.name, data.language, data.status, data.category, data.quality,
         msgspec.json.encode(data.components).decode(), data.reason, event.seq),
    )  # fmt: skip


def campaign_saved(db: sqlite3.Connection, event: ev.Event, data: ev.CampaignSaved, changes: Changes) -> None:
    db.execute(
        "INSERT INTO campaigns VALUES (?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name, "
        "ads = excluded.ads, seq = excluded.seq WHERE excluded.seq > seq",
        (data.code, data.name, msgspec.json.encode(data.ads).decode(), event.seq),
    )
    changes.workspace = True


def canned_saved(db: sqlite3.Connection, event: ev.Event, data: ev.CannedSaved, changes: Changes) -> None:
    db.execute(
        "INSERT INTO canned VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, shortcut) DO UPDATE SET "
        "text = excluded.text, title = excluded.title, texts = excluded.texts, media = excluded.media, "
        "filename = excluded.filename, seq = excluded.seq WHERE excluded.seq > seq",
        (
            data.owner,
            data.shortcut,
            data.text,
            data.title,
            msgspec.json.encode(data.texts).decode(),
            data.media,
            data.filename,
            event.seq,
        ),
    )
    _canned_changed(db, event, data.owner, changes)


def canned_removed(db: sqlite3.Connection, event: ev.Event, data: ev.CannedRemoved, changes: Changes) -> None:
    db.execute(
        "DELETE FROM canned WHERE owner = ? AND shortcut = ? AND seq < ?", (data.owner, data.shortcut, event.seq)
    )
    _canned_changed(db, event, data.owner, changes)


def _canned_changed(db: sqlite3.Connection, event: ev.Event, owner: str, changes: Changes) -> None:
    set_meta(db, CANNED_BY + owner, f"{event.at // 1000} {event.actor}")
    changes.workspace = True


def agent_added(db: sqlite3.Connection, event: ev.Event, data: ev.AgentAdded, changes: Changes) -> None:
    db.execute(
        "INSERT INTO agents (id, name, role, revoked, seq) VALUES (?, ?, ?, 0, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role, revoked = 0, "
        "seq = excluded.seq WHERE excluded.seq > seq",
        (data.agent, data.name, data.role, event.seq),
    )
    changes.workspace = True


def agent_revoked(db: sqlite3.Connection, event: ev.Event, data: ev.AgentRevoked, changes: Changes) -> None:
    db.execute("UPDATE agents SET revoked = 1, seq = ?1 WHERE id = ?2 AND seq < ?1", (event.seq, data.agent))
    changes.workspace = True


def alerted(db: sqlite3.Connection, event: ev.Event, data: ev.AccountAlerted, changes: Changes) -> None:
    db.execute(
        "INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?, ?)",
        (event.seq, data.ts or event.at // 1000, data.field, data.severity, data.text),
    )
    changes.alerts.append(event.seq)


def kept(db: sqlite3.Connection, event: ev.Event, data: ev.Data, changes: Changes) -> None:
    """Stands in the log for operators (`wptui relay events`); no table needs it."""


HANDLERS: dict[str, Handler] = {
    cls.TYPE: handler
    for cls, handler in (
        (ev.WorkspaceConfigured, configured),
        (ev.NumberUpdated, number_updated),
        (ev.TemplateUpdated, template_updated),
        (ev.CampaignSaved, campaign_saved),
        (ev.CannedSaved, canned_saved),
        (ev.CannedRemoved, canned_removed),
        (ev.AgentAdded, agent_added),
        (ev.AgentRevoked, agent_revoked),
        (ev.AccountAlerted, alerted),
        (ev.WebhookParked, kept),
        (ev.WebhookLogged, kept),
    )
}
