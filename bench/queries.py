"""What the screens ask the store for: milliseconds with 100 and with 100,000 conversations, side by side."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.figures import arguments, tell
from bench.filled import fill
from wptui.store import filters, inbox, search, stats, thread
from wptui.store.inbox import InboxQuery, Sort, View


def milliseconds(work: Callable[[], object], runs: int = 15) -> float:
    """Median of `runs`, after one warm-up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measured(db: sqlite3.Connection, size: int) -> dict[str, float]:
    """What each query takes in a store of `size` conversations."""
    now = int(time.time())
    query = InboxQuery(now=now)
    middle = inbox.window(db, query, inbox.count(db, query) // 2, 1)[0].id
    works: dict[str, Callable[[], object]] = {
        f"inbox, first 50 by {sort}": partial(inbox.window, db, InboxQuery(sort=sort, now=now), 0, 50) for sort in Sort
    }
    works |= {
        "inbox, page in the middle": lambda: inbox.window(db, query, size // 3, 50),
        "inbox, count": lambda: inbox.count(db, query),
        "inbox, place of a conversation": lambda: inbox.position(db, query, middle),
        "most urgent": lambda: inbox.most_urgent(db, "a1"),
        "most urgent of a department": lambda: inbox.most_urgent(db, "a1", {"satis", "destek"}),
        "view late, first 50 by deadline": lambda: inbox.window(
            db, InboxQuery(view=View.LATE, sort=Sort.DUE, now=now), 0, 50
        ),
        "view late, count": lambda: inbox.count(db, InboxQuery(view=View.LATE, now=now)),
        "view mine, by deadline": lambda: inbox.window(
            db, InboxQuery(view=View.MINE, sort=Sort.DUE, me="a1", now=now), 0, 50
        ),
        "filter, unread: count": lambda: inbox.count(db, InboxQuery(filter=filters.parse("is:unread"), now=now)),
        "filter, urgent by last message": lambda: inbox.window(
            db, InboxQuery(filter=filters.parse("is:urgent"), sort=Sort.LAST, now=now), 0, 50
        ),
        "filter, name: count": lambda: inbox.count(db, InboxQuery(filter=filters.parse("from:ayse"), now=now)),
        "view mentions": lambda: inbox.window(db, InboxQuery(view=View.MENTIONS, me="a1", now=now), 0, 50),
        "view following": lambda: inbox.window(db, InboxQuery(view=View.FOLLOWING, me="a1", now=now), 0, 50),
        "filter, due soon": lambda: inbox.count(db, InboxQuery(filter=filters.parse("is:due"), now=now)),
        "header counters": lambda: inbox.counters(db, "a1", now),
        "thread, last 100": lambda: thread.latest(db, middle, 100),
        "live pane": lambda: stats.day_figures(db, now - 86400, now, now),
        "search, newest 50 of a word": lambda: search.find(db, "isik", 50),
        "search, newest 50 of a prefix": lambda: search.find(db, "kar", 50),
        "filter, campaign": lambda: inbox.count(db, InboxQuery(filter=filters.parse("campaign:kış24"), now=now)),
    }
    return {name: milliseconds(work) for name, work in works.items()}


def main() -> None:
    """Prints a line a query."""
    parser = arguments(__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    asked = parser.parse_args()
    many = asked.conversations // 10 if asked.quick else asked.conversations
    figures = {}
    for size in (100, many):
        with tempfile.TemporaryDirectory() as folder:
            db = fill(Path(folder) / "cache.db", size)
            figures[size] = measured(db, size)
            db.close()
    for name, value in figures[many].items():
        tell(name, value, "ms", peer=("with 100 conversations", figures[100][name]))


if __name__ == "__main__":
    main()
