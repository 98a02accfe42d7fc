"""Cold sync: a new terminal's cache, filled from a real relay over loopback HTTP.

    python -m bench.sync [--quick] [--messages 20000]

The relay is given signed webhooks of 500 messages each, and folds them; then a terminal with an empty cache connects
and is measured until it is live. `events/s` counts the log positions the cache stands for afterwards, `rows/s` the
rows that travelled. Beside it stands the same rows in one process by `executemany` into an empty store of the same
tables, its indexes built at the end, without HTTP, JSON or a relay: what SQLite alone would take. A second terminal
is an agent's who does not see everything, and gets the same rows through the conditions of what they see.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sqlite3
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.figures import arguments, tell
from bench.serving import NUMBER, SECRET, relay, sign_in
from wptui.store.database import bulk_load, cursor, open_database, transaction
from wptui.sync import credentials
from wptui.sync.link import Link
from wptui.sync.outbox import Outbox

BATCH = 500
EACH = 10
"""Messages of one customer."""
TABLES = ("contacts", "aliases", "conversations", "requests", "messages", "numbers", "agents")


def deliver(url: str, messages: int) -> None:
    """Brings so many messages to the relay, and waits until it has folded them."""
    now = int(time.time())
    for start in range(0, messages, BATCH):
        contacts, items = {}, []
        for n in range(start, min(start + BATCH, messages)):
            phone = f"9055{n // EACH:08}"
            contacts[phone] = {
                "profile": {"name": f"Müşteri {n // EACH}"},
                "wa_id": phone,
                "user_id": f"TR.{10**9 + n // EACH}",
            }
            items.append(
                {
                    "from": phone,
                    "from_user_id": f"TR.{10**9 + n // EACH}",
                    "id": f"wamid.{n}",
                    "timestamp": str(now - messages + n),
                    "type": "text",
                    "text": {"body": f"Merhaba, {n} numaralı siparişim nerede? Teşekkürler, iyi günler dilerim."},
                }
            )
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "905550000010", "phone_number_id": NUMBER},
            "contacts": list(contacts.values()),
            "messages": items,
        }
        entry = [{"id": "200000000000777", "changes": [{"value": value, "field": "messages"}]}]
        body = json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()
        signature = hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()
        request = urllib.request.Request(
            f"{url}/webhook", body, {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        )
        urllib.request.urlopen(request).close()
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz") as answer:
                state = json.load(answer)
            if state["view"]["caught_up"] and not state["webhooks"]["waiting"]:
                return
        except OSError:
            pass  # 503 until it has caught up
        time.sleep(0.2)


async def cold(account: credentials.Account, folder: Path) -> float:
    """Seconds from an empty cache to a live link."""
    outbox = Outbox(folder / "outbox.db")
    live = asyncio.Event()
    link = Link(folder / "cache.db", outbox, account, on_change=lambda _change: link.state.connected and live.set())
    begun = time.perf_counter()
    running = asyncio.create_task(link.run())
    await live.wait()
    seconds = time.perf_counter() - begun
    await link.close()
    await running
    outbox.close()
    return seconds


def raw(db: sqlite3.Connection, path: Path) -> float:
    """Seconds for the same rows by `executemany` alone."""
    rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    names = {table: [row[1] for row in db.execute(f"PRAGMA table_xinfo({table})") if row[6] == 0] for table in TABLES}
    fresh = open_database(path)
    begun = time.perf_counter()
    with bulk_load(fresh), transaction(fresh):
        for table in TABLES:
            marks = ", ".join("?" * len(names[table]))
            fresh.executemany(f"INSERT INTO {table} ({', '.join(names[table])}) VALUES ({marks})", rows[table])
    seconds = time.perf_counter() - begun
    fresh.close()
    return seconds


def main() -> None:
    """Run as a program."""
    parser = arguments(__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    given = parser.parse_args()
    messages = given.messages // 10 if given.quick else given.messages
    with tempfile.TemporaryDirectory(prefix="wptui-bench-") as name:
        home = Path(name)
        with relay(home / "relay") as (url, _process):
            sign_in(url, home / "relay", home / "terminal")
            os.environ["WPTUI_HOME"] = str(home / "terminal")
            account = credentials.load()
            deliver(url, messages)
            seconds = asyncio.run(cold(account, home / "cold"))
            # The first agent is the owner, who sees everything; the second one sees departments, and what is in none.
            sign_in(url, home / "relay", home / "second", name="Mehmet Kaya")
            os.environ["WPTUI_HOME"] = str(home / "second")
            limited = asyncio.run(cold(credentials.load(), home / "limited"))
        db = open_database(home / "cold" / "cache.db", read_only=True)
        count = sum(db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for table in TABLES)
        bare = raw(db, home / "raw.db")
        tell("cold sync, connect to live", seconds * 1000, "ms")
        tell("cold sync, events the cache stands for", cursor(db) / seconds, "events/s")
        tell("cold sync, rows", count / seconds, "rows/s", peer=("executemany alone", count / bare))
        tell("cold sync of a limited scope", limited * 1000, "ms", peer=("all of it", seconds * 1000))
        db.close()


if __name__ == "__main__":
    main()
