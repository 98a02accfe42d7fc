"""A store filled with as many conversations as a benchmark wants, without a relay: the same for every run."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

from wptui.model.text import fold
from wptui.store.database import bulk_load, open_database, set_meta, transaction
from wptui.store.schema import FAR
from wptui.store.search import index_behind

NAMES = (
    "Ayşe Mehmet Zeynep Ali Elif Mustafa Fatma Can Deniz Burak Emily James Olivia Noah Selin İrem Çağla Ömer".split()
)
FAMILIES = "Yılmaz Kaya Demir Çelik Şahin Yıldız Öztürk Aydın Arslan Doğan Smith Brown Wilson Taylor".split()
TEXTS = (
    "Merhaba, siparişim nerede?", "Kargo ne zaman gelir?", "İade etmek istiyorum, beden küçük geldi",
    "Hi, do you ship to Izmir?", "Teşekkürler, iyi günler 🙏", "Fatura kesebilir misiniz?",
    "Bu kolye stokta var mı? Işık altında rengi nasıl?", "I would like to change my address please",
)  # fmt: skip
CAMPAIGNS = ("", "", "", "KIŞ24", "BAHAR")


def fill(
    path: Path,
    conversations: int,
    messages_each: int = 4,
    seed: int = 1,
    indexed: bool = True,
    waiting: float = 0.1,
) -> sqlite3.Connection:
    """A store at `path` with `conversations`, this share of them `waiting`; returns the open connection."""
    rng = random.Random(seed)
    now = int(time.time())
    db = open_database(path)
    contacts, talks, requests, messages = [], [], [], []
    seq = 0
    for n in range(conversations):
        seq += messages_each + 4
        name = f"{rng.choice(NAMES)} {rng.choice(FAMILIES)}"
        phone = f"+90555{n:07d}"
        waits = rng.random() < waiting
        last = now - rng.randrange(60, 3000 if waits else 30 * 86400)
        text = rng.choice(TEXTS)
        id = f"k{n:012d}"
        contacts.append((f"c{n}", name, fold(name), phone, seq, seq))
        talks.append(
            (id, f"c{n}", "n1", name, f"{name.lower()} {phone}", "open" if waits or n % 3 else "resolved",
             1 if waits else 0, last if waits else None, last + 86400, rng.choice(CAMPAIGNS), f"{id}-1", 1,
             last, last, text, "in" if waits else "out", "text", None if waits else "read", seq, seq)
        )  # fmt: skip
        requests.append((f"{id}-1", id, last - 600, last - 500 if not waits else None, last if waits else None))
        for m in range(messages_each):
            back = messages_each - 1 - m
            inbound = (back % 2 == 0) == waits
            messages.append(
                (f"{id}.{m}", id, f"{id}-1", f"wamid.{id}.{m}", "in" if inbound else "out",
                 "customer" if inbound else "agent:a1", "text", last - back * 60, seq - messages_each + m,
                 text if back == 0 else rng.choice(TEXTS), int(inbound), int(not inbound), None if inbound else "read")
            )  # fmt: skip
    with bulk_load(db), transaction(db):
        db.execute(
            "INSERT OR REPLACE INTO numbers (id, display, name, seq) VALUES ('n1', '+90 555 000 00 10', 'Satış', 1)"
        )
        db.executemany(
            "INSERT INTO contacts (id, name, names_fold, phone, created_seq, seq) VALUES (?, ?, ?, ?, ?, ?)", contacts
        )
        db.executemany(
            "INSERT INTO conversations (id, contact, number, title, title_fold, state, unread, waiting_since,"
            " window_expires, campaign, request, requests, last_in_ts, last_at, preview, preview_dir, preview_kind,"
            f" preview_status, created_seq, seq) VALUES ({', '.join('?' * 20)})",
            talks,
        )
        db.execute(
            "UPDATE conversations SET waiting_key = COALESCE(waiting_since, ?1 - last_at), unread_key = "
            "CASE WHEN unread > 0 THEN 0 ELSE ?1 END - last_at, "
            "priority = 1 + (created_seq % 104 = 0), due_at = waiting_since + 600, "
            "due_what = iif(waiting_since IS NULL, '', 'next'), due_key = COALESCE(waiting_since + 600, ?1 - last_at), "
            "campaign_key = CASE campaign WHEN '' THEN '~' ELSE campaign END",
            (FAR,),
        )
        db.execute(
            "UPDATE conversations SET priority_key = (3 - priority) * 10 * ?1 + COALESCE(waiting_since, ?1 - last_at)",
            (FAR,),
        )
        db.execute(
            "INSERT INTO mentions (note, agent, conversation, ts) SELECT 'n' || id, 'a1', id, last_at "
            "FROM conversations WHERE created_seq % 8000 = 8"
        )
        db.execute("INSERT INTO followers SELECT id, 'a1' FROM conversations WHERE created_seq % 8000 = 16")
        db.executemany(
            "INSERT INTO requests (id, conversation, opened_at, first_response_at, waiting_since)"
            " VALUES (?, ?, ?, ?, ?)",
            requests,
        )
        db.executemany(
            "INSERT INTO messages (id, conversation, request, wamid, dir, author, kind, ts, seq, text, counted, human,"
            f" status) VALUES ({', '.join('?' * 13)})",
            messages,
        )
        set_meta(db, "cursor", seq)
        set_meta(db, "workspace", "Kahve Dükkânı")
    if indexed:
        more = True
        while more:
            with transaction(db):
                more = bool(index_behind(db, 20_000))
    return db
