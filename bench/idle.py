"""What the terminal costs while nothing happens: 120×40, 100,000 conversations, linked to an idle relay.

    python -m bench.idle [--quick] [--seconds 20]

Once with nobody waiting, so that no clock is on the screen, and once with every visible customer waiting, so that
every row's clock ticks. An empty Textual app stands beside both. The header shows the time of day: the stretch is laid
between two full minutes, so that this clock does not tick in it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import arguments, tell
from bench.ptyharness import run_once
from bench.serving import fill_cache, relay, sign_in, spec, wptui
from bench.terminal import EMPTY, READY

LOADED_S = 6.0
"""Seconds after the first screen until everything is loaded."""


def span(each: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One stretch of doing nothing, after everything has been loaded."""
    while not 1 < time.time() % 60 < 57 - LOADED_S - seconds:
        time.sleep(0.5)
    outcome = run_once(each | {"steps": [{"sleep_s": LOADED_S}, {"label": "idle", "idle_s": seconds}]})
    if outcome["start"]["status"] != "ok":
        raise SystemExit(f"{each['name']} did not start: {outcome['start']}")
    found: dict[str, Any] = outcome["steps"]["idle"][0]
    return found


def main() -> None:
    """Prints a line a figure."""
    parser = arguments(__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20)
    asked = parser.parse_args()
    if asked.seconds > 40:
        parser.error("at most 40 seconds fit between two full minutes")
    seconds = 3 if asked.quick else asked.seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY)
        with relay(folder / "relay") as (url, _pid):
            found = {}
            for label, waiting in (("no clocks", 0.0), ("clocks", 0.1)):
                home = folder / label
                sign_in(url, folder / "relay", home, name=label)
                fill_cache(home, asked.conversations, waiting=waiting)
                found[label] = span(spec(label, wptui(), home, ready={"regex": READY}), seconds)
            empty = [sys.executable, str(folder / "empty.py")]
            found["empty"] = span(spec("empty", empty, home, ready={"regex": "ready"}), seconds)
    blank = found["empty"]
    for label, what in (("no clocks", "idle, no clock visible"), ("clocks", "idle, a clock in every row")):
        one = found[label]
        peer = ("empty Textual app", blank["cpu_ms_per_s"] / 10)
        tell(f"{what}: processor", one["cpu_ms_per_s"] / 10, "% core", peer=peer, at_most=1.5)
        target = {"at_most": 0} if label == "no clocks" else {}
        tell(f"{what}: to the terminal", one["bytes_per_s"], "B/s", **target)
        tell(f"{what}: wake-ups", one["wakeups_per_s"], "/s", peer=("empty Textual app", blank["wakeups_per_s"]))


if __name__ == "__main__":
    main()
