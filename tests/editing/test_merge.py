"""Two changes of one text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wptui.editing.merge import merge

LINES = st.lists(st.sampled_from("abcdef"), max_size=8).map("\n".join)


def merged(base: str, mine: str, theirs: str) -> tuple[str, dict[int, list[str]]]:
    found = merge(base.replace(" ", "\n"), mine.replace(" ", "\n"), theirs.replace(" ", "\n"))
    return " ".join(found.lines), found.clashes


def test_changes_at_different_places_are_both_there() -> None:
    assert merged("a b c d e", "a x c d e", "a b c d y") == ("a x c d y", {})
    assert merged("a b c", "a b c z", "x a b c") == ("x a b c z", {})
    assert merged("a b c d", "a c d", "a b c d e") == ("a c d e", {})
    assert merged("a b c", "a n b c", "a b c m") == ("a n b c m", {})


def test_changes_of_the_same_line_are_a_clash() -> None:
    assert merged("a b c", "a x c", "a y c") == ("a y c", {1: ["x"]})
    assert merged("a b c", "a x c", "a c") == ("a c", {1: ["x"]})


@given(LINES, LINES, LINES)
def test_nothing_of_either_is_lost(base: str, mine: str, theirs: str) -> None:
    found = merge(base, mine, theirs)
    everything = [*found.lines, *(line for lines in found.clashes.values() for line in lines)]
    for line in set(mine.splitlines()) - set(base.splitlines()):
        assert line in everything
    for line in set(theirs.splitlines()) - set(base.splitlines()):
        assert line in everything


@given(LINES, LINES)
def test_only_one_changed(base: str, changed: str) -> None:
    assert merge(base, changed, base).lines == changed.splitlines()
    assert merge(base, base, changed).lines == changed.splitlines()
    assert not merge(base, changed, base).clashes
