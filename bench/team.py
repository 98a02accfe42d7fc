"""What a team costs: deadlines computed again, work handed out and taken back, rules that do not fit, who sees what.

    python -m bench.team [--quick] [--conversations 100000]

A store of so many conversations, a tenth of them waiting, in three departments of ten agents each. Beside each
figure stands what reading the same rows costs, or the same question where there is little to look at.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import arguments, tell
from bench.filled import fill
from bench.queries import milliseconds
from wptui.model import events as ev
from wptui.relay import assigner
from wptui.relay.rules.firing import candidates, firings
from wptui.relay.rules.occasions import occasion_of
from wptui.relay.visibility import Visibility
from wptui.store import deadlines, fold, people, team, visible, workload
from wptui.store.database import transaction

DEPARTMENTS = ("satis", "destek", "iade")
AGENTS = 30
WEEK = "\n".join(f'{day} = ["09:00-12:30", "13:30-18:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))
HOURS = f'timezone = "Europe/Istanbul"\nholidays = "TR"\n[week]\n{WEEK}\n'
SLA = "".join(f'[{id}]\ndepartment = ["{id}"]\nfirst_response = "{n}m"\nresolution = "8h"\n' for n, id in enumerate(
    DEPARTMENTS, 5
))  # fmt: skip
RULES = "".join(
    f'[rule{n}]\non = true\nwhen = "message"\nif = {{ keyword = ["hiç geçmeyen sözcük {n}"] }}\n'
    f'then = [{{ label = "l{n}" }}]\n'
    for n in range(10)
)
EVENTS = 1000


def settle(db: sqlite3.Connection) -> None:
    """Spreads the conversations over the departments, every second one with an owner."""
    with transaction(db):
        db.execute(
            "UPDATE conversations SET department = CASE n % 3 WHEN 0 THEN 'satis' WHEN 1 THEN 'destek' ELSE 'iade' "
            "END, assignee = iif(n % 2, 'a' || (n / 2 % 30), ''), assigned_at = iif(n % 2, last_at, NULL) FROM "
            "(SELECT id AS own, CAST(substr(id, 2) AS INTEGER) AS n FROM conversations) "
            "WHERE conversations.id = own"
        )
        db.executemany(
            "INSERT INTO agents (id, name, role, duty, seq) VALUES (?, ?, 'agent', 'on', 1)",
            [(f"a{n}", f"Agent {n}") for n in range(AGENTS)],
        )


def save(db: sqlite3.Connection, section: str, text: str) -> None:
    """Writes a section of the settings."""
    with transaction(db):
        db.execute("INSERT OR REPLACE INTO settings VALUES (?, '', ?, ?, 'owner', 1)", (section, text, 0))


def departments(capacity: int, give_back: str = "") -> str:
    """The section `departments`, each with a third of the agents."""
    more = f'give_back = "{give_back}"\n' if give_back else ""
    return "".join(
        f'[{id}]\nname = "{id}"\nassign = "least_busy"\ncapacity = {capacity}\n{more}'
        f"members = {json.dumps([f'a{n}' for n in range(place, AGENTS, 3)])}\n"
        for place, id in enumerate(DEPARTMENTS)
    )


def recomputing(db: sqlite3.Connection) -> None:
    """What saving `sla` and `hours` costs the fold."""
    rows = milliseconds(
        lambda: db.execute(
            "SELECT c.*, r.* FROM conversations c JOIN requests r ON r.id = c.request WHERE r.resolved_at IS NULL"
        ).fetchall(),
        3,
    )
    for name, sla, hours in (("policies", SLA, ""), ("policies and opening hours", SLA, HOURS)):
        save(db, "sla", sla)
        save(db, "hours", hours)
        start = time.perf_counter()
        with transaction(db):
            moved = deadlines.recompute(db)
        took = (time.perf_counter() - start) * 1000
        tell(f"{name} saved: {len(moved):,} deadlines moved", took, "ms", peer=("reading the rows", rows))
        tell("… saved again, nothing moves", milliseconds(lambda: deadlines.recompute(db), 3), "ms")


def assigning(db: sqlite3.Connection) -> None:
    """One turn of the assigner."""
    free = "SELECT COUNT(*) FROM conversations WHERE waiting_since IS NOT NULL AND assignee {} ''"
    queue, held = (db.execute(free.format(sign)).fetchone()[0] for sign in ("=", "<>"))

    def first(found: object) -> Callable[[], object]:
        return lambda: [each for each, _ in zip(found(db), range(assigner.AT_ONCE), strict=False)]  # type: ignore[operator]

    save(db, "departments", departments(capacity=1))
    full = milliseconds(first(assigner.hand_out))
    save(db, "departments", departments(capacity=9999))
    took = milliseconds(first(assigner.hand_out))
    tell(f"{assigner.AT_ONCE} of {queue:,} waiting handed out", took, "ms", peer=("nobody has room", full))
    now = int(time.time())
    for name, give_back, hours in (("nothing is due", "8h", HOURS), ("all are due", "1m", "")):
        save(db, "hours", hours)
        save(db, "departments", departments(9999, give_back))
        took = milliseconds(lambda: assigner.due_back(db, now))
        tell(f"taken back of {held:,} with an owner: {name}", took, "ms")


def ruling(db: sqlite3.Connection) -> None:
    """Rules that fit nothing, asked about messages."""
    save(db, "rules", RULES)
    rules = {id: rule for id, rule in team.document(db, "rules").items() if rule.on}
    ids = [id for (id,) in db.execute("SELECT id FROM conversations LIMIT ?", (EVENTS,))]
    now = int(time.time())
    events = []
    for n, id in enumerate(ids):
        said = ev.MessageReceived(
            message=f"b{n}", kind="text", ts=now, received_at=now, text="Merhaba, siparişim nerede?"
        )
        event = ev.make(said, at=now * 1000, actor="customer", conversation=id)
        event.seq = 10**9 + n
        events.append(event)

    def ask() -> None:
        for event in events:
            occasion = occasion_of(event)
            if occasion is not None and candidates(rules, occasion):
                list(firings(db, rules, occasion, now=now, files=None))  # type: ignore[arg-type]

    asked = milliseconds(ask, 5)
    start = time.perf_counter()
    with transaction(db):
        fold.apply(db, events)
    folded = (time.perf_counter() - start) * 1000
    tell(f"{len(rules)} rules that do not fit, {EVENTS:,} messages", asked, "ms", peer=("folding them", folded))


def seeing(db: sqlite3.Connection) -> None:
    """What the relay reads when it starts, and the screens of the team."""
    rows = milliseconds(lambda: db.execute("SELECT id, department, assignee, contact FROM conversations").fetchall(), 3)
    took = milliseconds(lambda: Visibility().load(visible.places(db), visible.standings(db)), 3)
    tell("who sees what, loaded", took, "ms", peer=("reading the rows", rows))
    now = int(time.time())
    tell("team screen: departments", milliseconds(lambda: workload.departments(db, now)), "ms")
    tell("team screen: agents", milliseconds(lambda: workload.agents(db, now - now % 86400)), "ms")
    tell("a customer looked for, nobody of that name", milliseconds(lambda: people.find(db, "nobodyatall")), "ms")


def main() -> None:
    """Prints a line a figure."""
    parser = arguments(__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        db = fill(
            Path(folder) / "view.db",
            asked.conversations // 10 if asked.quick else asked.conversations,
            indexed=False,
            waiting=0.2,
        )
        settle(db)
        for part in (seeing, recomputing, assigning, ruling):
            part(db)
        db.close()


if __name__ == "__main__":
    main()
