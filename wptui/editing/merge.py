"""Two people changed one text: both changes in one, where they do not touch the same lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff


@dataclass(frozen=True)
class Merged:
    """`lines` of both; `clashes` are places (line numbers from 0) before which `mine` lines were left out."""

    lines: list[str]
    clashes: dict[int, list[str]]


def merge(base: str, mine: str, theirs: str) -> Merged:
    """`theirs` with what `mine` changed against `base`. Where both changed the same lines, theirs stay."""
    old, ours, new = base.splitlines(), mine.splitlines(), theirs.splitlines()
    kept: dict[int, int] = {}
    """Line of `base` → where it stands in `theirs`."""
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        kept.update((block.a + n, block.b + n) for n in range(block.size))
    lines: list[str] = []
    clashes: dict[int, list[str]] = {}
    done = 0
    for tag, start, end, first, last in SequenceMatcher(None, old, ours, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        before, after = _place(kept, start, end, len(old), len(new))
        if before is None or after is None or after - before != end - start:
            where = _nearest(kept, start)
            lines += new[done : max(done, where)]
            done = max(done, where)
            clashes.setdefault(len(lines), []).extend(ours[first:last])
            continue
        lines += new[done:before] + ours[first:last]
        done = after
    return Merged(lines + new[done:], clashes)


def _place(kept: dict[int, int], start: int, end: int, old: int, new: int) -> tuple[int | None, int | None]:
    """Where lines `start` to `end` of the base stand in the new text: None where they are no longer as they were."""
    if start < end:
        found = [kept.get(n) for n in range(start, end)]
        first, last = found[0], found[-1]
        return first, (last + 1 if last is not None and None not in found else None)
    # An insertion stands behind the line before it, or before the line after it.
    if start == 0 and (old == 0 or 0 in kept):
        place = kept.get(0, 0) if old else new
        return place, place
    behind, ahead = kept.get(start - 1), kept.get(start)
    if start == old:
        ahead = new
    if behind is not None and ahead is not None and ahead != behind + 1:
        return None, None  # something else was inserted at the same place
    place_ = behind + 1 if behind is not None else None
    return place_, place_


def _nearest(kept: dict[int, int], start: int) -> int:
    """The place in the new text behind the last line before `start` that is still there."""
    return next((kept[n] + 1 for n in range(start - 1, -1, -1) if n in kept), 0)


def diff(before: str, after: str) -> Iterable[str]:
    """What changed between two texts, a line each, as `diff -u` writes it, without the head."""
    made = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return [line for line in made if not line.startswith(("---", "+++"))]
