"""WhatsApp's own markup: *bold*, _italic_, ~struck~, `code`, ```typewriter```; and web addresses."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from wptui.widgets.render.cells import Line, wrap


class Marked(NamedTuple):
    """A text without its marks, and (start, end, style name) of what stood between them."""

    text: str
    runs: list[tuple[int, int, str]]


_CODE = re.compile(r"```(.+?)```|`([^`\n]+)`", re.S)
_LINK = re.compile(r"\bhttps?://[^\s<>\"]+|\bwww\.[^\s<>\"]+")


def _between(mark: str) -> re.Pattern[str]:
    """What stands between two `mark`s, as WhatsApp reads them: no word around them, no blank inside them."""
    mark = re.escape(mark)
    return re.compile(rf"(?<![\w{mark}])({mark})(?=\S)([^\n]+?)(?<=\S){mark}(?![\w{mark}])")


_MARKS = [(_between(mark), style) for mark, style in (("*", "md-bold"), ("_", "md-italic"), ("~", "md-strike"))]
_ANY = re.compile(r"[*_~`]|https?://|www\.")


def marked(text: str, *, keep: bool = False) -> Marked:
    """Reads WhatsApp's markup as WhatsApp does. `keep` leaves the marks in the text (where styles cannot be seen)."""
    if not _ANY.search(text):
        return Marked(text, [])
    drop: set[int] = set()
    runs: list[tuple[int, int, str]] = []
    verbatim: list[tuple[int, int]] = []
    for code in _CODE.finditer(text):
        mark = 3 if code.group(1) is not None else 1
        verbatim.append(code.span())
        runs.append((code.start() + mark, code.end() - mark, "md-mono"))
        drop.update(range(code.start(), code.start() + mark), range(code.end() - mark, code.end()))
    for link in _LINK.finditer(text):
        if not any(start <= link.start() < end for start, end in verbatim):
            verbatim.append(link.span())
            runs.append((*link.span(), "md-link"))
    for pattern, style in _MARKS:
        for found in pattern.finditer(text):
            start, end = found.start(), found.end() - 1
            if any(left <= at < right for at in (start, end) for left, right in verbatim):
                continue
            runs.append((start + 1, end, style))
            drop.update((start, end))
    if keep or not drop:
        return Marked(text, sorted(runs))
    places, kept = [], 0
    for index in range(len(text) + 1):
        places.append(kept)
        kept += index not in drop
    left = "".join(char for index, char in enumerate(text) if index not in drop)
    return Marked(left, sorted((places[start], places[end], style) for start, end, style in runs))


def filled(text: Marked, cells: int, style: str) -> list[Line]:
    """The marked text filled into lines of `cells`, each piece in `style` and its own."""
    lines: list[Line] = []
    for start, end in wrap(text.text, cells):
        lines.append(_line(text, start, end, style))
    return lines


def _line(text: Marked, start: int, end: int, style: str) -> Line:
    runs = [run for run in text.runs if run[0] < end and run[1] > start]
    if not runs:
        return [(text.text[start:end], style)] if end > start else []
    edges = sorted({start, end, *(min(max(at, start), end) for run in runs for at in run[:2])})
    line: Line = []
    for left, right in pairwise(edges):
        names = [name for begin, stop, name in runs if begin <= left and right <= stop]
        line.append((text.text[left:right], " ".join([style, *names])))
    return line
