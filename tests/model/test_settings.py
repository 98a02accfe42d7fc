"""Settings documents: what is wrong with one is said with the line it stands in."""

from __future__ import annotations

import time
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.model import settings
from wptui.model.errors import UsageError
from wptui.model.settings.base import Duration, SettingsError
from wptui.model.toml_lines import line_of, lines

TEXT = '''# a comment = [not a table]
top = 1

[a]            # heading
one = 1
"two words" = """
three = 3
[b]
"""
'fo.ur' = 'x # no comment'
list = [
    "zero",    # ]
    "one", "two",
    { key = "deep", more = [1,
        2] },
]
inline = { x = 1, "y.z" = { w = 2 } }
long = \'\'\'
a = 1\'\'\'
dotted.way.down = true

[a.b.c]
d = 1979-05-27T07:32:00Z
[[many]]
id = 1
[many.sub]
k = 1
[[many]]
id = 2
[many.sub]
k = 2
[ "quoted name" . x ]
end = "\\"]"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("a",), 4),
        (("a", "one"), 5),
        (("a", "two words"), 6),
        (("a", "fo.ur"), 10),
        (("a", "list"), 11),
        (("a", "list", 0), 12),
        (("a", "list", 2), 13),
        (("a", "list", 3, "key"), 14),
        (("a", "list", 3, "more", 1), 15),
        (("a", "inline", "y.z", "w"), 17),
        (("a", "long"), 18),
        (("a", "dotted", "way", "down"), 20),
        (("a", "b"), 22),
        (("a", "b", "c", "d"), 23),
        (("many", 1, "id"), 29),
        (("many", 1, "sub", "k"), 31),
        (("many", "id"), 25),
        (("quoted name", "x", "end"), 33),
        (("a", "missing"), 4),
        (("a", "list", 9), 11),
        (("nowhere",), 1),
    ],
)
def test_every_key_has_its_line(path: tuple[Any, ...], line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


def test_a_quoted_name_with_dots_may_count_as_several() -> None:
    assert line_of('[keys]\n"inbox.open" = "o"\n', ("keys", "inbox", "open"), dotted=True) == 2
    assert line_of("[keys]\ninbox.open = 'o'\n", ("keys", "inbox", "open"), dotted=True) == 2


VALUES = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=5))
def test_any_document_is_followed_to_its_end(document: dict[str, Any]) -> None:
    import tomlkit

    text = tomlkit.dumps(document)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a lone surrogate, say

    def paths(value: Any, path: tuple[Any, ...]) -> set[tuple[Any, ...]]:
        found = {path} if path else set()
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, each in items:
            found |= paths(each, (*path, key))
        return found

    assert set(lines(text)) == paths(read, ())


@pytest.mark.parametrize(
    ("section", "text", "line", "says"),
    [
        ("departments", '[satis]\nname = "Satış"\nmembres = ["ayse"]\n', 3, 'did you mean "members"?'),
        ("departments", '[satis]\nname = "Satış"\nassign = "rund_robin"\n', 3, 'did you mean "round_robin"?'),
        ("departments", "[satis]\nmembers = []\n", 1, 'the key "name" is missing'),
        ("departments", '[satis]\nname = "S"\nmembers = [\n  "a",\n  2,\n]\n', 5, "must be text"),
        ("departments", '[satis]\nname = "S"\ngive_back = "soon"\n', 3, "duration"),
        ("departments", '[satis]\nname = "S"\ncapacity = "8"\n', 3, "whole number"),
        ("departments", '[satis]\nname = "S"\ncapacity = 0\n', 3, "between 1"),
        (
            "departments",
            '[a]\nname="A"\nnumbers=["1"]\n[b]\nname="B"\nnumbers=["2",\n"1"]\n',
            7,
            "to a already",
        ),
        ("departments", 'name = "S"\n', 1, "[sales]"),
        ("departments", '["sa tis"]\nname = "S"\n', 1, "letters"),
        ("roles", '[boss]\npermissions = ["see.al"]\n', 2, 'did you mean "see.all"?'),
        ("roles", "[owner]\npermissions = []\n", 1, "built in"),
        ("labels", '[iade]\ncolour = "rde"\n', 2, 'did you mean "red"?'),
        ("labels", '[iade]\n["İADE"]\n', 2, "the same label"),
        ("filters", '[x]\nfilter = " "\n', 2, "one line"),
        ("rules", '[w]\nwhen = "message"\nthen = [\n{reply = "a"},\n{replay = "b"}]\n', 5, 'did you mean "reply"?'),
        ("macros", "[m]\ndo = [{label = 1}]\n", 2, "must be text"),
        ("hours", "[department.satis.week]\nmno = []\n", 2, 'did you mean "mon"?'),
        ("sla", "[vip]\n\nfirst_response = 5\n", 3, "duration"),
        ("labels", "[iade]\n\ncolour = red\n", 3, "not valid TOML"),
        ("labels", '[iade]\nhelp = """never closed\n\n', 2, "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(section: str, text: str, line: int, says: str) -> None:
    with pytest.raises(SettingsError) as told:
        settings.parse(section, text)
    assert (told.value.line, says in str(told.value)) == (line, True), str(told.value)


def test_everything_that_is_wrong_is_found_in_one_go() -> None:
    text = '[b]\nname = 1\ncolor = 2\n[a]\nassign = "none"\n'
    found = settings.problems("departments", text)
    assert [(error.line, error.where) for error in found] == [(2, "b.name"), (3, "b.color"), (4, "a"), (5, "a.assign")]
    assert settings.problems("departments", '[a]\nname = "A"\n') == []


def test_there_is_no_such_section() -> None:
    with pytest.raises(UsageError, match='did you mean "departments"') as told:
        settings.parse("departmants", "")
    assert "macros" in told.value.hint


def test_escapes_cannot_write_what_a_terminal_would_obey() -> None:
    found = settings.parse("labels", '[iade]\nhelp = "\\u001b[2J\\u202e"\n')
    assert found["iade"].help == "␛[2J"


@given(st.integers(0, 10**8))
def test_a_duration_reads_what_it_writes(seconds: int) -> None:
    assert Duration.read(Duration(seconds).written) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nfilter = 'x'\n" + "".join(f"k{n} = 1\n" for n in range(20_000)),
        "".join(f"[k{n}]\nx = 1\n" for n in range(15_000)),
        ".".join(["a"] * 100_000) + " = 1",
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 50_000,
        "a = " + "9" * 200_000,
        'a = """' + '""a' * 80_000,
        "a = 2026-13-45",
    ],
    ids=["keys", "tables", "dots", "lists", "inline", "digits", "quotes", "date"],
)
def test_a_hostile_document_is_refused_before_anybody_notices(text: str) -> None:
    # It is looked through in the relay's only turn, and every agent may write filters of their own.
    begun = time.process_time()
    found = settings.problems("filters", text)
    assert 0 < len(found) <= settings.MOST
    assert time.process_time() - begun < 2


def test_many_dots_in_texts_are_no_key() -> None:
    text = "# " + "a." * 50 + '\n[a]\nfilter = "' + "b." * 50 + "\"\ntitle = '" + "c." * 50 + "'\n"
    assert settings.parse("filters", text)["a"].filter == "b." * 50
