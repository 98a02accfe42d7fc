"""Every sign wptui draws beside words, with its one-cell and its plain ASCII form.

List rows use the one-cell form only: terminals disagree about the width of emoji, and a row that is a cell off
shifts everything behind it. The full form stands in the thread, where there is room.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple


class Glyph(NamedTuple):
    """One sign: `full` may be two cells wide, `cell` is one cell a character, `ascii` prints anywhere."""

    full: str
    cell: str
    ascii: str


TABLE: dict[str, Glyph] = {
    "bar": Glyph("▌", "▌", ">"),
    "message": Glyph("┃", "┃", "|"),
    "note": Glyph("┆", "┆", ":"),
    "quote": Glyph("│", "│", "|"),
    "rule": Glyph("─", "─", "-"),
    "dot": Glyph("·", "·", "-"),
    "ellipsis": Glyph("…", "…", "~"),
    "up": Glyph("↑", "↑", "^"),
    "down": Glyph("↓", "↓", "v"),
    "reply": Glyph("↳", "↳", "+"),
    "to": Glyph("→", "→", "->"),
    "forward": Glyph("↪", "↪", ">"),
    "choice": Glyph("▸", "▸", ">"),
    "times": Glyph("×", "×", "x"),
    "queued": Glyph("◷", "◷", ".."),
    "sent": Glyph("✓", "✓", "v"),
    "delivered": Glyph("✓✓", "✓✓", "vv"),
    # Heavier marks, not only another colour: read must differ from delivered without one.
    "read": Glyph("✔✔", "✔✔", "VV"),
    "failed": Glyph("!", "!", "!"),
    "unknown": Glyph("?", "?", "?"),
    "late": Glyph("!", "!", "!"),
    "snoozed": Glyph("z", "z", "z"),
    "resolved": Glyph("✓", "✓", "="),
    "closing": Glyph("◔", "◔", "%"),
    "urgent": Glyph("▲", "▲", "^"),
    "high": Glyph("△", "△", "+"),
    "low": Glyph("▽", "▽", "-"),
    "typing": Glyph("✎", "✎", "/"),
    "viewing": Glyph("◇", "◇", "o"),
    "followed": Glyph("★", "★", "*"),
    "mention": Glyph("@", "@", "@"),
    "unread": Glyph("●", "●", "*"),
    "group": Glyph("∷", "∷", "&"),
    "doubtful": Glyph("≈", "≈", "~"),
    "live": Glyph("●", "●", "*"),
    "connecting": Glyph("◌", "◌", "~"),
    "offline": Glyph("○", "○", "o"),
    "good": Glyph("✔", "✔", "ok"),
    "bad": Glyph("✘", "✘", "x"),
    "spark": Glyph("▁▂▃▄▅▆▇█", "▁▂▃▄▅▆▇█", "_.:-=+*#"),
    "image": Glyph("📷", "▣", "[i]"),
    "video": Glyph("🎬", "▷", "[v]"),
    "voice": Glyph("🎤", "◉", "[a]"),
    "audio": Glyph("🎵", "♪", "[a]"),
    "document": Glyph("📄", "▤", "[d]"),
    "sticker": Glyph("🌟", "☆", "[s]"),
    "location": Glyph("📍", "◎", "[@]"),
    "contacts": Glyph("👤", "☺", "[c]"),
    "order": Glyph("🛒", "▦", "[#]"),
    "call": Glyph("📞", "☏", "[t]"),
    "advert": Glyph("📣", "◁", "[ad]"),
}
"""Name → its forms."""


@dataclass(frozen=True)
class Glyphs:
    """One form of every glyph, as attributes; `emoji` says whether customers' emoji may be drawn as they came."""

    bar: str
    message: str
    note: str
    quote: str
    rule: str
    dot: str
    ellipsis: str
    up: str
    down: str
    reply: str
    to: str
    forward: str
    choice: str
    times: str
    queued: str
    sent: str
    delivered: str
    read: str
    failed: str
    unknown: str
    late: str
    snoozed: str
    resolved: str
    closing: str
    urgent: str
    high: str
    low: str
    typing: str
    viewing: str
    followed: str
    mention: str
    unread: str
    group: str
    doubtful: str
    live: str
    connecting: str
    offline: str
    good: str
    bad: str
    spark: str
    image: str
    video: str
    voice: str
    audio: str
    document: str
    sticker: str
    location: str
    contacts: str
    order: str
    call: str
    advert: str
    emoji: bool = True
    bidi: bool = False
    """Whether the terminal orders right-to-left text itself and honours isolates."""

    def named(self, name: str, default: str = "") -> str:
        """The glyph of a name made of data (a message kind), or `default`."""
        return str(getattr(self, name, default)) if name in TABLE else default


def _set(form: int, *, emoji: bool, bidi: bool = False) -> Glyphs:
    return Glyphs(**{f.name: TABLE[f.name][form] for f in fields(Glyphs) if f.name in TABLE}, emoji=emoji, bidi=bidi)


FULL = _set(0, emoji=True)
CELL = _set(1, emoji=False)
ASCII = _set(2, emoji=False)


def choose(environ: Mapping[str, str] = os.environ, encoding: str | None = None, wanted: str = "auto") -> Glyphs:
    """The set this terminal can show: `wanted` full, cell or ascii; auto decides.

    Without UTF-8, and on the Linux console, whose fonts have few signs, ASCII. Under tmux and screen, which
    measure joined emoji in their own way, one cell a sign.
    """
    if wanted != "auto":
        return {"full": FULL, "cell": CELL, "ascii": ASCII}[wanted]
    encoding = encoding or sys.stdout.encoding or "ascii"
    term = environ.get("TERM", "")
    if encoding.lower().replace("-", "") != "utf8" or term in ("linux", "dumb", "vt100", "vt220"):
        return ASCII
    if environ.get("TMUX") or environ.get("STY") or term.startswith(("screen", "tmux")):
        return CELL
    return _set(0, emoji=True, bidi=orders_text(environ))


def orders_text(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal reorders right-to-left text by itself (VTE from 0.58, mlterm, Konsole)."""
    version = environ.get("VTE_VERSION", "")
    return (
        (version.isdecimal() and int(version) >= 5800)
        or environ.get("TERM", "").startswith("mlterm")
        or "KONSOLE_VERSION" in environ
    )
