"""An edit from opening to saved, with an editor that is a real process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editing.desk import FakeEditor, StoreBench, cut_off
from wptui.editing import documents
from wptui.model import settings
from wptui.model.errors import UsageError

LABELS = '# ours\n[iade]\ncolour = "red"\n\n[kargo]\ncolour = "blue"\n'


async def test_a_good_edit_is_saved_as_written_without_our_lines(bench: StoreBench, fake: FakeEditor) -> None:
    bench.saves("labels", LABELS)
    fake.does({"replace": [('"red"', '"green"')]})
    outcome = await bench.edit("labels")
    assert (outcome.saved, outcome.kept, outcome.text) == (True, None, "List of labels: saved.")
    assert bench.text("labels") == LABELS.replace("red", "green")
    assert fake.seen[0].startswith("#! List of labels\n") and fake.seen[0].endswith(LABELS)
    assert fake.mode == "0o600 labels.toml"


async def test_errors_stand_above_their_lines_until_they_are_gone(bench: StoreBench, fake: FakeEditor) -> None:
    bench.saves("labels", LABELS)
    fake.does(
        {"replace": [('colour = "red"', 'colour = "rde"\ncolor = "x"')]},
        {"replace": [('"rde"', '"red"')]},
        {"replace": [('color = "x"\n', 'group = "x"\n')]},
    )
    outcome = await bench.edit("labels")
    assert outcome.saved
    assert bench.text("labels") == LABELS.replace('"red"', '"red"\ngroup = "x"')
    first, second, third = fake.seen
    assert "#! iade.colour: must be one of " in second and 'did you mean "red"?\ncolour = "rde"' in second
    assert "#! iade.color: there is no such key here" in second
    assert second.index("iade.color:") < second.index('color = "x"') < second.index("[kargo]")
    assert "iade.colour" not in third and "#! iade.color: " in third and "cannot be saved yet" not in first


@pytest.mark.parametrize("step", [{}, {"whole": ""}, {"whole": "  \n"}])
async def test_leaving_without_a_change_or_empty_saves_nothing(
    bench: StoreBench, fake: FakeEditor, step: dict[str, str], private_home: Path
) -> None:
    bench.saves("labels", LABELS)
    fake.does(step)
    outcome = await bench.edit("labels")
    assert (outcome.saved, outcome.failed) == (False, False)
    assert bench.text("labels") == LABELS
    assert not list(private_home.rglob("*.toml"))


async def test_giving_up_on_an_error_keeps_the_text(bench: StoreBench, fake: FakeEditor) -> None:
    bench.saves("labels", LABELS)
    fake.does({"replace": [('"red"', "red")]}, {})
    outcome = await bench.edit("labels")
    assert outcome.kept is not None and str(outcome.kept) in outcome.text
    assert outcome.kept.read_text() == LABELS.replace('"red"', "red")
    assert oct(outcome.kept.stat().st_mode & 0o777) == "0o600"
    assert bench.text("labels") == LABELS


async def test_what_cannot_be_sent_is_kept(bench: StoreBench, fake: FakeEditor) -> None:
    bench.saves("labels", LABELS)
    bench.trouble = cut_off()
    fake.does({"replace": [('"red"', '"pink"')]})
    outcome = await bench.edit("labels")
    assert outcome.kept is not None and '"pink"' in outcome.kept.read_text()
    assert outcome.text == f"Not saved: There is no connection to the relay. Try later. Your text is in {outcome.kept}"


async def test_a_colleagues_change_is_shown_and_merged(bench: StoreBench, fake: FakeEditor) -> None:
    bench.saves("labels", LABELS)
    theirs = LABELS.replace("blue", "cyan") + "\n[yeni]\n"
    fake.does({"replace": [('"red"', '"pink"')]}, {})
    submit = bench.submit

    async def late(command: object) -> bool:
        if bench.text("labels") == LABELS:
            bench.saves("labels", theirs)
        return await submit(command)  # type: ignore[arg-type]

    bench.submit = late  # type: ignore[method-assign]
    outcome = await bench.edit("labels")
    assert outcome.saved
    assert bench.text("labels") == theirs.replace("red", "pink")
    second = fake.seen[1]
    assert "#! Mehmet Kurt has changed it meanwhile:" in second
    assert '#! -colour = "blue"\n#! +colour = "cyan"' in second


async def test_where_both_changed_the_same_line_theirs_stays_and_mine_is_shown(
    bench: StoreBench, fake: FakeEditor
) -> None:
    bench.saves("labels", LABELS)
    fake.does({"replace": [('"red"', '"pink"')]}, {"replace": [('"cyan"', '"pink"')]})
    submit = bench.submit

    async def late(command: object) -> bool:
        if bench.text("labels") == LABELS:
            bench.saves("labels", LABELS.replace("red", "cyan"))
        return await submit(command)  # type: ignore[arg-type]

    bench.submit = late  # type: ignore[method-assign]
    assert (await bench.edit("labels")).saved
    assert '#! yours: colour = "pink"\ncolour = "cyan"' in fake.seen[1]
    assert bench.text("labels") == LABELS.replace("red", "pink")


async def test_an_editor_that_fails_or_is_not_there_changes_nothing(
    bench: StoreBench, fake: FakeEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.does({"code": 3})
    with pytest.raises(UsageError, match="code 3"):
        await bench.edit("labels")
    bench.saves("labels", LABELS)
    fake.does({"replace": [('"red"', "red")]}, {"code": 3})
    with pytest.raises(UsageError) as told:
        await bench.edit("labels")
    kept = Path(told.value.hint.rpartition(" ")[2])
    assert kept.read_text() == LABELS.replace('"red"', "red")
    monkeypatch.setenv("VISUAL", "/nowhere/editor")
    with pytest.raises(UsageError, match="cannot be started"):
        await bench.edit("labels")
    assert bench.text("labels") == LABELS


@pytest.mark.parametrize("kind", [kind for kind in documents.KINDS if kind != "rules"])
async def test_templates_explain_every_kind_and_become_documents(
    bench: StoreBench, fake: FakeEditor, kind: str
) -> None:
    source = documents.source(bench.db, kind, "a1")
    assert source.fresh and source.revision == 0
    assert documents.check(bench.db, kind, source.text, "a1") == []
    # What is commented out becomes a document when the # goes: only the names in it may be unknown here.
    lines = source.text.splitlines()
    freed = "\n".join(line[1:] if line.startswith("#") and not line.startswith("# ") and line != "#" else line
                      for line in lines)  # fmt: skip
    found = [str(finding) for finding in documents.check(bench.db, kind, freed, "a1")]
    assert all("there is no" in each for each in found), found
    assert freed != source.text


async def test_rules_begin_with_those_that_are_ready_made_and_off(bench: StoreBench, fake: FakeEditor) -> None:
    source = documents.source(bench.db, "rules", "a1")
    assert source.fresh and "[welcome]" in source.text
    assert all(not rule.on for rule in settings.parse("rules", source.text).values())
    assert [each for each in documents.check(bench.db, "rules", source.text, "a1") if each.wrong] == []
    fake.does({})
    assert (await bench.edit("rules")).text == "Nothing changed."


async def test_the_store_is_asked_about_names(bench: StoreBench) -> None:
    def said(kind: str, text: str, agent: str = "a1") -> list[tuple[int, bool, str]]:
        return [(each.line, each.wrong, each.text) for each in documents.check(bench.db, kind, text, agent)]

    text = '[s]\nname = "S"\nmembers = ["a1",\n"a22"]\nnumbers = ["n11"]\n'
    assert said("departments", text) == [
        (4, True, 'there is no agent with the id "a22"; did you mean "a2"?'),
        (5, True, 'there is no number with the id "n11"; did you mean "n1"?'),
    ]
    assert said("filters", '[f]\nfilter = "is:lat"\nsort = "waitin"\n')[0][:2] == (2, True)
    (sort,) = said("filters", '[f]\nfilter = "is:late"\nsort = "waitin"\n')
    assert sort[0] == 3 and 'did you mean "waiting"?' in sort[2]
    rules = '[w]\nwhen = "message"\nif = {department = ["s"]}\nthen = [{canned = "x"},\n{assign = "nn"}]\n'
    assert [(line, wrong) for line, wrong, _text in said("rules", rules)] == [(3, False), (4, False), (5, False)]
    roles = '[r]\npermissions = ["see.all",\n"roles.edit"]\n'
    assert said("roles", roles) == []
    (own,) = said("roles", roles.replace("see.all", "see.own"), "a2")[:1] or [(0, False, "")]
    assert own[:2] == (2, True)
