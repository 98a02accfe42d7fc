"""The tables, as named migrations. `model.protocol.SCHEMA` counts up when a shipped table changes.

Times are Unix seconds unless a column says otherwise; `seq` is the log position of the last event that touched the
row. Keys for sorting are single values that `store.requests.refresh` keeps, so that each order of the inbox is one
index; generated columns would do the same, but SQLite does not read them from the index alone.
"""

from __future__ import annotations

FAR = 100_000_000_000
"""Later than any timestamp: what sorts behind everything that has a time."""

URGENCY = f"priority DESC, COALESCE(due_at, {FAR}), waiting_since, id"
"""In which order the waiting are taken; an index of its own, which only the same words find."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE contacts (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'person',
    name TEXT NOT NULL DEFAULT '', username TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '',
    book_name TEXT NOT NULL DEFAULT '', profile_ts INTEGER NOT NULL DEFAULT 0,
    opted_out INTEGER NOT NULL DEFAULT 0, opted_ts INTEGER NOT NULL DEFAULT 0,
    identity_hash TEXT NOT NULL DEFAULT '', identity_ts INTEGER NOT NULL DEFAULT 0,
    attributes TEXT NOT NULL DEFAULT '{}', remark TEXT NOT NULL DEFAULT '', blocked INTEGER NOT NULL DEFAULT 0,
    names_fold TEXT NOT NULL DEFAULT '',
    created_seq INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE aliases (
    kind TEXT NOT NULL, value TEXT NOT NULL, contact TEXT NOT NULL,
    verified INTEGER NOT NULL DEFAULT 0, retired INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, value)
) WITHOUT ROWID;

CREATE TABLE conversations (
    id TEXT PRIMARY KEY, contact TEXT NOT NULL, number TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'person',
    title TEXT NOT NULL DEFAULT '', title_fold TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'resolved', assignee TEXT NOT NULL DEFAULT '', assigned_at INTEGER,
    returned_from TEXT NOT NULL DEFAULT '', department TEXT NOT NULL DEFAULT '', priority INTEGER NOT NULL DEFAULT 1,
    due_at INTEGER, due_what TEXT NOT NULL DEFAULT '',
    unread INTEGER NOT NULL DEFAULT 0, read_seq INTEGER NOT NULL DEFAULT 0,
    waiting_since INTEGER, snoozed_until INTEGER, window_expires INTEGER, free_until INTEGER,
    campaign TEXT NOT NULL DEFAULT '', labels TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT 'human',
    request TEXT, requests INTEGER NOT NULL DEFAULT 0, last_in_ts INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0, preview TEXT NOT NULL DEFAULT '', preview_dir TEXT NOT NULL DEFAULT '',
    preview_kind TEXT NOT NULL DEFAULT '', preview_status TEXT,
    waiting_key INTEGER NOT NULL DEFAULT 0, unread_key INTEGER NOT NULL DEFAULT 0,
    campaign_key TEXT NOT NULL DEFAULT '~', priority_key INTEGER NOT NULL DEFAULT 0,
    due_key INTEGER NOT NULL DEFAULT 0,
    created_seq INTEGER NOT NULL, seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE requests (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL,
    opened_at INTEGER NOT NULL, opened_message TEXT NOT NULL DEFAULT '',
    first_response_at INTEGER, first_response_by TEXT NOT NULL DEFAULT '',
    first_response_message TEXT NOT NULL DEFAULT '',
    first_any_at INTEGER, waiting_since INTEGER, waiting_message TEXT NOT NULL DEFAULT '',
    resolved_at INTEGER, resolved_by TEXT NOT NULL DEFAULT '', resolved_seq INTEGER NOT NULL DEFAULT 0,
    first_resolved_at INTEGER, reopens INTEGER NOT NULL DEFAULT 0, closed_unanswered INTEGER NOT NULL DEFAULT 0,
    snoozed_seconds INTEGER NOT NULL DEFAULT 0, snoozed_at INTEGER,
    campaign TEXT NOT NULL DEFAULT '', campaign_how TEXT NOT NULL DEFAULT '',
    department TEXT NOT NULL DEFAULT '', priority INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;

CREATE TABLE messages (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL, request TEXT, wamid TEXT,
    dir TEXT NOT NULL, author TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, ts INTEGER NOT NULL, seq INTEGER NOT NULL,
    received_at INTEGER, original_ts TEXT, text TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT '{}', quote TEXT,
    sender TEXT NOT NULL DEFAULT '', forwarded INTEGER NOT NULL DEFAULT 0, source TEXT NOT NULL DEFAULT 'live',
    counted INTEGER NOT NULL DEFAULT 0, human INTEGER NOT NULL DEFAULT 0, automatic INTEGER NOT NULL DEFAULT 0,
    status TEXT, status_ts INTEGER, attempts INTEGER NOT NULL DEFAULT 0, retry_at INTEGER,
    error_code INTEGER, error_text TEXT NOT NULL DEFAULT '', pricing TEXT,
    edited_at INTEGER, earlier TEXT, revoked_at INTEGER, media TEXT, media_key TEXT, media_state TEXT,
    canned TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT ''
);

CREATE TABLE reactions (
    target TEXT NOT NULL, by TEXT NOT NULL, emoji TEXT NOT NULL, ts INTEGER NOT NULL, message TEXT NOT NULL DEFAULT '',
    conversation TEXT NOT NULL, PRIMARY KEY (target, by)
) WITHOUT ROWID;

CREATE TABLE receipts (
    wamid TEXT NOT NULL, recipient TEXT NOT NULL, status TEXT NOT NULL, ts INTEGER NOT NULL,
    conversation TEXT NOT NULL, PRIMARY KEY (wamid, recipient)
) WITHOUT ROWID;

CREATE TABLE pending (
    target TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL,
    data TEXT NOT NULL, conversation TEXT, PRIMARY KEY (target, seq)
) WITHOUT ROWID;

CREATE TABLE labels (
    conversation TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (conversation, label)
) WITHOUT ROWID;

CREATE TABLE mentions (
    note TEXT NOT NULL, agent TEXT NOT NULL, conversation TEXT NOT NULL, ts INTEGER NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (note, agent)
) WITHOUT ROWID;

CREATE TABLE followers (
    conversation TEXT NOT NULL, agent TEXT NOT NULL, PRIMARY KEY (conversation, agent)
) WITHOUT ROWID;

CREATE TABLE surveys (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL, request TEXT NOT NULL, kind TEXT NOT NULL,
    message TEXT NOT NULL, sent_at INTEGER NOT NULL, score INTEGER, comment TEXT NOT NULL DEFAULT '',
    answered_at INTEGER, answer TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE merges (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, contact TEXT NOT NULL, into_contact TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0, data TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE settings (
    section TEXT NOT NULL, owner TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (section, owner)
) WITHOUT ROWID;

CREATE TABLE partial (conversation TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE numbers (
    id TEXT PRIMARY KEY, display TEXT NOT NULL DEFAULT '', name TEXT NOT NULL DEFAULT '', waba TEXT NOT NULL DEFAULT '',
    quality TEXT NOT NULL DEFAULT '', throughput TEXT NOT NULL DEFAULT '', seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE templates (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, status TEXT NOT NULL,
    category TEXT NOT NULL DEFAULT '', quality TEXT NOT NULL DEFAULT '',
    components TEXT NOT NULL DEFAULT '[]', reason TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE campaigns (
    code TEXT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', ads TEXT NOT NULL DEFAULT '[]', seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE canned (
    owner TEXT NOT NULL DEFAULT '', shortcut TEXT NOT NULL, text TEXT NOT NULL, title TEXT NOT NULL DEFAULT '',
    texts TEXT NOT NULL DEFAULT '{}', media TEXT NOT NULL DEFAULT '', filename TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL, PRIMARY KEY (owner, shortcut)
) WITHOUT ROWID;

CREATE TABLE agents (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL DEFAULT 'agent', revoked INTEGER NOT NULL DEFAULT 0,
    duty TEXT NOT NULL DEFAULT 'away', duty_at INTEGER NOT NULL DEFAULT 0, duty_how TEXT NOT NULL DEFAULT '',
    seq INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, field TEXT NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL
);
"""

INDEXES = f"""
CREATE INDEX conversations_waiting ON conversations (state, waiting_key, id);
CREATE INDEX conversations_unread ON conversations (state, unread_key, id);
CREATE INDEX conversations_last ON conversations (state, last_at DESC, id);
CREATE INDEX conversations_campaign ON conversations (state, campaign_key, last_at DESC, id);
CREATE INDEX conversations_window ON conversations (state, window_expires, id);
CREATE INDEX conversations_assignee ON conversations (assignee, state, waiting_key, id, department);
CREATE INDEX conversations_priority ON conversations (state, priority_key, id);
CREATE INDEX conversations_due ON conversations (state, due_key, id, department);
CREATE INDEX conversations_department ON conversations (department, state, waiting_key, id);
CREATE INDEX conversations_urgent ON conversations ({URGENCY}) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversations_since ON conversations (waiting_since, department, due_at) WHERE waiting_since IS NOT NULL;
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX conversations_contact ON conversations (contact, number);
CREATE INDEX conversations_created ON conversations (created_seq);
CREATE INDEX aliases_contact ON aliases (contact);
CREATE INDEX requests_conversation ON requests (conversation, opened_at);
CREATE INDEX requests_opened ON requests (
    opened_at, department, priority, campaign, first_response_at, resolved_at
);
CREATE INDEX requests_answered ON requests (first_response_at) WHERE first_response_at IS NOT NULL;
CREATE INDEX requests_resolved ON requests (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX messages_thread ON messages (conversation, ts, seq);
CREATE INDEX messages_wamid ON messages (wamid) WHERE wamid IS NOT NULL;
CREATE INDEX messages_human ON messages (conversation, ts, seq) WHERE human = 1;
CREATE INDEX messages_counted ON messages (request, ts, seq) WHERE counted = 1;
CREATE INDEX messages_unread ON messages (conversation, seq) WHERE dir = 'in' AND source = 'live';
CREATE INDEX messages_inbound ON messages (counted, ts) WHERE counted = 1;
CREATE INDEX messages_answers ON messages (human, ts, author, conversation) WHERE human = 1;
CREATE INDEX messages_unsent ON messages (seq) WHERE status IN ('queued', 'attempted', 'unknown');
CREATE INDEX messages_media ON messages (seq) WHERE media_state = 'wanted';
CREATE INDEX messages_media_key ON messages (media_key) WHERE media_key IS NOT NULL;
CREATE INDEX messages_canned ON messages (canned, ts) WHERE canned <> '';
CREATE INDEX messages_handed ON messages (seq) WHERE kind = 'assigned' AND author = 'relay';
CREATE INDEX merges_into ON merges (into_contact);
CREATE INDEX merges_contact ON merges (contact);
CREATE INDEX mentions_conversation ON mentions (conversation);
CREATE INDEX mentions_agent ON mentions (agent, seen, ts);
CREATE INDEX followers_agent ON followers (agent, conversation);
CREATE INDEX surveys_conversation ON surveys (conversation, sent_at);
CREATE INDEX surveys_message ON surveys (message);
CREATE INDEX reactions_conversation ON reactions (conversation);
CREATE INDEX pending_conversation ON pending (conversation) WHERE conversation IS NOT NULL;
"""

SEARCH = """
CREATE VIRTUAL TABLE search USING fts5(text, tokenize = "unicode61 remove_diacritics 0", prefix = '2 3');
CREATE TABLE search_changed (no INTEGER PRIMARY KEY);
"""
