"""Finding what an agent means by a few letters, in Turkish folding: pickers, palette, canned replies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from wptui.model.text import fold

T = TypeVar("T")


def score(query: str, text: str, *, letters: bool = True) -> int:
    """How well `query` fits `text`, both folded; 0 not at all. Beginnings beat words, words beat letters in order.

    Without `letters`, letters in order are not enough: in a sentence nearly any few letters stand in order.
    """
    if not query:
        return 1
    if text == query:
        return 1000
    if text.startswith(query):
        return 900 - min(len(text), 200)
    words = text.split()
    if any(word.startswith(query) for word in words):
        return 600 - min(len(text), 200)
    at = text.find(query)
    if at >= 0:
        return 380 - min(at, 150)
    parts = query.split()
    if len(parts) > 1 and all(any(word.startswith(part) for word in words) for part in parts):
        return 350
    if not letters:
        return 0
    # Letters in order: the closer together, the better; spread too thin it is an accident.
    at = text.find(query[0])
    first = at
    for letter in query[1:]:
        at = text.find(letter, at + 1)
        if at < 0:
            return 0
    spread = at - first + 1
    return max(0, 120 - 12 * (spread - len(query)) - min(first, 20)) if first >= 0 else 0


def best(query: str, items: Iterable[T], texts: Callable[[T], Iterable[str]]) -> list[T]:
    """The items one of whose texts fits, best first; equal ones keep their order. Everything for an empty query.

    The first text is the item's name, in which letters in order are enough.
    """
    wanted = fold(query.strip())
    if not wanted:
        return list(items)
    found: list[tuple[int, int, T]] = []
    for place, item in enumerate(items):
        points = 0
        for rank, text in enumerate(texts(item)):
            found_here = score(wanted, fold(text), letters=rank == 0)
            if found_here:
                points = max(points, found_here - 10 * rank)
        if points > 0:
            found.append((-points, place, item))
    found.sort(key=lambda each: each[:2])
    return [item for _points, _place, item in found]
