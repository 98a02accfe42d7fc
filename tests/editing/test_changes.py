"""Single changes, as a form makes them."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.editing.desk import StoreBench
from wptui.editing.changes import Change, applied, submit
from wptui.model.errors import ConflictError
from wptui.model.text import safe

TEXT = """# who serves whom
[satis]        # the oldest
name = "Satış"   # as shown
members = ["a1"]

# the others
[destek]
name = "Destek"
"""


def test_comments_and_order_survive() -> None:
    new = applied(TEXT, Change(("satis",), {("name",): "Satışlar", ("capacity",): 5, ("members",): None}))
    assert new == TEXT.replace('"Satış"', '"Satışlar"').replace('members = ["a1"]\n', "capacity = 5\n")
    assert applied(TEXT, Change(("destek",), {("name",): "Destek"})) == TEXT
    added = applied(TEXT, Change(("yeni",), {("name",): "Yeni"}))
    assert added.startswith(TEXT) and added.endswith('\n[yeni]\nname = "Yeni"\n')
    assert "[destek]" not in applied(TEXT, Change(("destek",), remove=True))


def test_tables_within_come_and_go() -> None:
    week = applied("", Change(("department", "satis"), {("week", "mon"): ["09:00-18:00"]}))
    assert tomllib.loads(week) == {"department": {"satis": {"week": {"mon": ["09:00-18:00"]}}}}
    gone = applied(week, Change(("department", "satis"), {("week", "mon"): None}))
    assert not tomllib.loads(gone).get("department", {}).get("satis")
    assert tomllib.loads(applied(TEXT, Change(("boş",)))) == {**tomllib.loads(TEXT), "boş": {}}
    acts = applied("", Change(("m",), {("do",): [{"canned": "x"}, {"resolve": True}]}))
    assert tomllib.loads(acts) == {"m": {"do": [{"canned": "x"}, {"resolve": True}]}}


@given(st.text(max_size=60).map(safe))
def test_any_text_is_written_as_it_was_typed(text: str) -> None:
    assert tomllib.loads(applied("[a]\nx = 1\n", Change(("a",), {("text",): text})))["a"]["text"] == text


async def test_a_change_is_submitted_on_top_of_what_is_there_now(bench: StoreBench) -> None:
    bench.saves("departments", TEXT)
    before = tomllib.loads(TEXT)["satis"]
    bench.saves("departments", TEXT.replace("Destek", "Yardım"))
    assert await submit(bench, "departments", Change(("satis",), {("capacity",): 5}, before), own=False) == []
    text = bench.text("departments")
    assert "capacity = 5" in text and "Yardım" in text and "# the others" in text
    with pytest.raises(ConflictError):
        await submit(bench, "departments", Change(("satis",), {("capacity",): 6}, before), own=False)
    (wrong,) = await submit(bench, "departments", Change(("yeni",), {("name",): " "}), own=False)
    assert wrong.path == ("yeni", "name") and "[yeni]" not in bench.text("departments")


async def test_of_two_at_once_both_are_saved(bench: StoreBench) -> None:
    bench.saves("departments", TEXT)
    submitted = bench.submit

    async def late(command: object) -> bool:
        if "Yardım" not in bench.text("departments"):
            bench.saves("departments", TEXT.replace("Destek", "Yardım"))
        return await submitted(command)  # type: ignore[arg-type]

    bench.submit = late  # type: ignore[method-assign]
    change = Change(("satis",), {("name",): "S"}, tomllib.loads(TEXT)["satis"])
    assert await submit(bench, "departments", change, own=False) == []
    assert '"S"' in bench.text("departments") and "Yardım" in bench.text("departments")
