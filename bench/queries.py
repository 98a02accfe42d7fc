"""What the screens ask the store for: milliseconds with 100 and with 100,000 conversations, side by side."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.filled import fill
from wptui.store import filters, inbox, search, stats, thread
from wptui.store.inbox import InboxQuery, Sort


def milliseconds(work: Callable[[], object], runs: int = 15) -> float:
    """Median of `runs`, after one warm-up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    """Prints a line a query."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    sizes = (100, parser.parse_args().conversations)
    figures: dict[str, list[float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            db = fill(Path(folder) / "cache.db", size)
            now = int(time.time())
            for sort in Sort:
                query = InboxQuery(sort=sort, now=now)
                figures.setdefault(f"inbox, first 50 by {sort}", []).append(
                    milliseconds(lambda q=query: inbox.window(db, q, 0, 50))
                )
            query = InboxQuery(now=now)
            middle = inbox.window(db, query, inbox.count(db, query) // 2, 1)[0].id
            for name, work in {
                "inbox, page in the middle": lambda: inbox.window(db, query, size // 3, 50),
                "inbox, count": lambda: inbox.count(db, query),
                "inbox, place of a conversation": lambda: inbox.position(db, query, middle),
                "header counters": lambda: inbox.counters(db, "a1", now, 600),
                "thread, last 100": lambda: thread.latest(db, middle, 100),
                "live pane": lambda: stats.day_figures(db, now - 86400, now, now, 600),
                "search, newest 50 of a word": lambda: search.find(db, "isik", 50),
                "search, newest 50 of a prefix": lambda: search.find(db, "kar", 50),
                "filter, campaign": lambda: inbox.count(
                    db, InboxQuery(filter=filters.parse("campaign:kış24"), now=now)
                ),
            }.items():
                figures.setdefault(name, []).append(milliseconds(work))
            db.close()
    print(f"{'milliseconds (median)':40} {sizes[0]:>10} {sizes[1]:>10}")
    for name, (small, large) in figures.items():
        print(f"{name:40} {small:10.2f} {large:10.2f}")


if __name__ == "__main__":
    main()
