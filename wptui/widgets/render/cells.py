"""Terminal cells: measuring, clipping and wrapping by grapheme clusters, never through one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, split_graphemes

Piece = tuple[str, str]
"""Text and the names of its styles, separated by blanks (`wptui.widgets.styles`)."""
Line = list[Piece]

width = cell_len
"""How many cells a text takes."""

_REGIONAL = range(0x1F1E6, 0x1F200)
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_JOINED = re.compile("\u200d.[\ufe0f\U0001f3fb-\U0001f3ff]*")
_KEYCAP = re.compile("\ufe0f?\u20e3")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_TAGGED = re.compile("[\U000e0020-\U000e007f]+")
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_RTL_RUN = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff](?:[^\n]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff])?")
FSI, PDI = "\u2068", "\u2069"


def clusters(text: str) -> list[tuple[str, int]]:
    """The grapheme clusters of `text` with their widths; a flag's two letters stay together."""
    found: list[tuple[str, int]] = []
    half_flag = False
    for start, end, cells in split_graphemes(text)[0]:
        cluster = text[start:end]
        letter = ord(cluster[0]) in _REGIONAL
        if letter and half_flag:
            before, before_cells = found[-1]
            found[-1] = (before + cluster, before_cells + cells)
            half_flag = False
        else:
            found.append((cluster, cells))
            half_flag = letter and len(cluster) == 1
    return found


def simple(text: str) -> str:
    """`text` with every emoji whose width terminals disagree about in its plain form.

    Joined families become their first member, flags their letters, keycaps their digit; skin tones and
    presentation marks go. For list rows, where a cell too many would shift the row.
    """
    if text.isascii():
        return text
    text = _TAGGED.sub("", _KEYCAP.sub("", _SKIN.sub("", _JOINED.sub("", text)))).replace("\ufe0f", "")
    return _FLAG.sub(lambda flag: chr(ord(flag.group()) - 0x1F1E6 + 65), text)


def clip(text: str, cells: int, mark: str = "…") -> str:
    """`text` if it fits into `cells`, else as many clusters as fit before `mark`."""
    if cells <= 0:
        return ""
    if width(text) <= cells:
        return text
    room = cells - width(mark)
    if room <= 0:
        return mark[:cells]
    if text.isascii():
        return text[:room].rstrip() + mark
    kept: list[str] = []
    # A cluster takes characters, most of them a cell: what lies far behind the edge need not be looked at.
    for cluster, size in clusters(text[: room * 8 + 64]):
        if size > room:
            break
        room -= size
        kept.append(cluster)
    return "".join(kept).rstrip() + mark


def fit(text: str, cells: int, mark: str = "…") -> str:
    """`text` clipped or padded on the right to exactly `cells`."""
    text = clip(text, cells, mark)
    return text + " " * (cells - width(text))


def fit_right(text: str, cells: int, mark: str = "…") -> str:
    """`text` clipped or padded on the left to exactly `cells`."""
    text = clip(text, cells, mark)
    return " " * (cells - width(text)) + text


def line_width(line: Line) -> int:
    """Cells of a line."""
    return sum(width(text) for text, _ in line)


def clip_line(line: Line, cells: int, mark: str = "…") -> Line:
    """`line` cut to `cells`; the piece at the edge ends in `mark`."""
    kept: Line = []
    for index, (text, style) in enumerate(line):
        size = width(text)
        more = index + 1 < len(line)
        if size < cells or (size == cells and not more):
            kept.append((text, style))
            cells -= size
            continue
        text = clip(text + (" " if more else ""), cells, mark)
        if text:
            kept.append((text, style))
        break
    return kept


_WORD = re.compile(r"[ \u3000]*[^ \u3000]+")


def wrap(text: str, cells: int) -> list[tuple[int, int]]:
    """Where the lines of `text` begin and end when it is filled into `cells`, at blanks where there are any.

    Line breaks of the text are kept. The blanks at which a line was broken belong to no line.
    """
    cells = max(1, cells)
    spans: list[tuple[int, int]] = []
    start = 0
    for paragraph in text.split("\n"):
        _wrap_paragraph(paragraph, start, cells, spans)
        start += len(paragraph) + 1
    return spans


def _wrap_paragraph(text: str, base: int, cells: int, spans: list[tuple[int, int]]) -> None:
    narrow = text.isascii()
    if (len(text) if narrow else width(text)) <= cells:
        spans.append((base, base + len(text)))
        return
    begin = end = used = 0
    for match in _WORD.finditer(text):
        word = match.group()
        size = len(word) if narrow else width(word)
        if used + size <= cells:
            end, used = match.end(), used + size
            continue
        stripped = word.lstrip(" \u3000")
        start = match.end() - len(stripped)
        if end > begin:
            spans.append((base + begin, base + end))
        size = len(stripped) if narrow else width(stripped)
        begin, end, used = start, match.end(), size
        if size > cells:
            begin, used = _chop(stripped, start, base, cells, narrow, spans)
    spans.append((base + begin, base + (end if end > begin else len(text))))


def _chop(word: str, start: int, base: int, cells: int, narrow: bool, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """Breaks a word longer than a line; returns where its last part begins and how wide that is."""
    if narrow:
        full = (len(word) - 1) // cells
        spans.extend((base + start + i * cells, base + start + (i + 1) * cells) for i in range(full))
        return start + full * cells, len(word) - full * cells
    begin = offset = start
    used = 0
    for cluster, size in clusters(word):
        if used + size > cells and offset > begin:
            spans.append((base + begin, base + offset))
            begin, used = offset, 0
        used += size
        offset += len(cluster)
    return begin, used


def centred(texts: Iterable[Piece], cells: int) -> list[Line]:
    """Each text filled into lines in the middle of `cells`, with a margin: what a pane says that has no rows."""
    lines: list[Line] = []
    for text, style in texts:
        for start, end in wrap(text, max(1, cells - 4)):
            part = text[start:end]
            lines.append([(" " * max(0, (cells - width(part)) // 2), "text"), (part, style)])
    return lines


@lru_cache(1024)
def isolate(text: str) -> str:
    """`text` with each right-to-left run isolated, so that a terminal that orders text leaves the rest in place."""
    if not _RTL.search(text):
        return text
    return _RTL_RUN.sub(lambda run: f"{FSI}{run.group()}{PDI}", text)
