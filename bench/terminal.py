"""The terminal in a real pty at 120×40 over a cache of 100,000 conversations, signed in to a real, idle relay.

    python -m bench.terminal [--quick] [--conversations N] [--runs N]

Start-up beside an empty Textual app, memory, what a key costs in time and bytes, and what doing nothing costs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import arguments, percentile, tell
from bench.ptyharness import run_once
from bench.serving import fill_cache, relay, sign_in, spec, wptui

Run = dict[str, Any]

EMPTY = """
from textual.app import App
from textual.screen import Screen

class Blank(Screen):
    def render(self):
        return "ready"

class Empty(App):
    def on_mount(self):
        self.push_screen(Blank())

Empty().run()
"""
"""The least that Textual can show: one word, so that its arrival can be seen."""

READY = r"Merhaba|siparişim|Kargo|İade|ship to|Teşekkürler|Fatura|kolye|address"
"""Some conversation's last message is on the screen."""

LIVE_S = 4.0
"""Seconds after which everything is loaded and the link is live."""


def start(empty: dict[str, Any], inbox: dict[str, Any], runs: int) -> None:
    """exec → inbox on the screen, the two programs in turn."""
    kept: dict[str, list[Run]] = {"empty": [], "inbox": []}
    for turn in range(runs + 1):
        for each in (empty, inbox):
            outcome = run_once(each)
            if outcome["start"]["status"] != "ok":
                raise SystemExit(f"{each['name']} did not start: {outcome['start']}")
            if turn:  # the first one compiles
                kept[each["name"]].append(outcome["start"])

    def of(name: str, key: str) -> float:
        return median(run[key] for run in kept[name])

    tell(
        "exec → inbox on the screen",
        of("inbox", "ready_ms"),
        "ms",
        peer=("empty Textual app", of("empty", "ready_ms")),
        ratio_at_most=1.6,
    )
    tell("… processor time until then", of("inbox", "cpu_ms"), "ms", peer=("empty Textual app", of("empty", "cpu_ms")))
    tell("… bytes of the first screen", of("inbox", "bytes"), "B", peer=("empty Textual app", of("empty", "bytes")))
    tell(
        "RSS with the inbox on the screen",
        of("inbox", "rss") / 1024,
        "MiB",
        peer=("empty Textual app", of("empty", "rss") / 1024),
        at_most=60,
    )


def keys(inbox: dict[str, Any], quick: bool) -> None:
    """What one key press costs."""
    few, many = (5, 20) if quick else (40, 200)
    steps = [
        {"label": "loaded", "sleep_s": LIVE_S},
        {"label": "rss", "mem": True},
        {"label": "down", "keys": "<Down>", "count": many, "quiet_ms": 40},
        {"label": "page", "keys": "<PageDown>", "count": few, "quiet_ms": 60},
        {"label": "first", "keys": "<Home>", "quiet_ms": 200},
        {"loop": few, "steps": [
            {"label": "open", "keys": "<Enter>", "quiet_ms": 150, "expect": "enter write"},
            {"label": "back", "keys": "<Esc>", "quiet_ms": 150},
            {"label": "next", "keys": "<Down>", "quiet_ms": 100},
        ]},
        {"label": "search", "keys": "<C-f>", "quiet_ms": 150},
        {"loop": few // 5, "steps": [
            {"label": "word", "keys": "isik", "quiet_ms": 200, "expect": "Işık"},
            {"label": "clear", "keys": "<BS><BS><BS><BS>", "quiet_ms": 200},
        ]},
        {"label": "typed", "mem": True},
    ]  # fmt: skip
    outcome = run_once(inbox | {"steps": steps})
    found = outcome["steps"]
    for label, name, limits in (
        ("down", "key down", {"at_most": 6.0}),
        ("page", "page down", {}),
        ("open", "open a conversation", {}),
        ("word", "search all messages for a word", {}),
    ):
        samples = [each for each in found[label] if each["settled_ms"] is not None]
        times = [each["settled_ms"] for each in samples]
        tell(f"{name}, p50", percentile(times, 50), "ms", **limits)
        tell(f"{name}, p99", percentile(times, 99), "ms")
        sizes = [each["bytes"] for each in found[label]]
        tell(f"{name}, bytes p50", percentile(sizes, 50), "B", **({"at_most": 400} if label == "down" else {}))
        if label == "down":
            tell(f"{name}, bytes on average (pages flip)", sum(sizes) / len(sizes), "B")
    tell("RSS with a live link", found["rss"][0]["rss"] / 1024, "MiB", at_most=60)
    tell("RSS after all these keys", found["typed"][0]["rss"] / 1024, "MiB")


def main() -> None:
    """Prints a line a figure."""
    parser = arguments(__doc__)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    asked = parser.parse_args()
    runs = 2 if asked.quick else asked.runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "agent"
        (folder / "empty.py").write_text(EMPTY)
        with relay(folder / "relay") as (url, _pid):
            sign_in(url, folder / "relay", home)
            fill_cache(home, asked.conversations)
            (home / "config").mkdir(exist_ok=True)
            # The relay knows none of these conversations, and would refuse to mark them read.
            (home / "config" / "config.toml").write_text('mark_read = "on_reply"\n')
            empty = spec("empty", [sys.executable, str(folder / "empty.py")], home, ready={"regex": "ready"})
            inbox = spec("inbox", wptui(), home, ready={"regex": READY})
            start(empty, inbox, runs)
            keys(inbox, asked.quick)


if __name__ == "__main__":
    main()
