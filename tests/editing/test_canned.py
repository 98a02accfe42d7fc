"""Canned replies as one document."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.editing.desk import FakeEditor, StoreBench
from wptui.editing import canned, documents
from wptui.editing.canned import CannedEntry
from wptui.model import events as ev
from wptui.model.settings.base import SettingsError
from wptui.model.text import safe

TEXT = st.text(max_size=60).map(safe).filter(str.strip) | st.sampled_from(
    [
        '"""',
        'a\n"""b""""\n',
        '\\n"',
        "\n\n x \n",
        'ends with "',
        'ends\n"',
        "tab\\t",
        "'''\n",
        "çok satır\nşöyle\\",
        "# no\n[x]",
    ]
)
LINE = st.text(max_size=20).map(lambda text: " ".join(safe(text).split()))
ENTRY = st.builds(
    CannedEntry,
    text=TEXT,
    title=LINE,
    texts=st.dictionaries(st.sampled_from(["tr", "en", "pt_BR", "de"]), TEXT, max_size=3),
) | st.builds(CannedEntry, text=TEXT, file=LINE.filter(bool), media=st.just("abc-1.pdf"))


@given(st.dictionaries(st.from_regex(r"[\w-]{1,32}", fullmatch=True), ENTRY, max_size=5))
def test_what_is_written_is_read_again(replies: dict[str, CannedEntry]) -> None:
    replies = {safe(shortcut): entry for shortcut, entry in replies.items()}
    assert canned.parse(canned.write(replies)) == replies


def test_texts_stand_over_several_lines() -> None:
    entry = CannedEntry(text='Merhaba {{customer.first_name|efendim}},\n"yolda".', title="Kargo", texts={"en": "Hi"})
    assert canned.write({"kargo": entry}) == (
        '[kargo]\ntitle = "Kargo"\ntext = """\nMerhaba {{customer.first_name|efendim}},\n"yolda"."""\ntexts.en = "Hi"\n'
    )


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[a]\ntitle = "x"\n', 1, "the text is missing"),
        ('[a]\ntext = "x"\ntexts.english = "y"\n', 3, "language code"),
        ('[a]\ntext = "x"\nfile = "/nowhere/x.pdf"\n', 3, "no file"),
        ('[a]\ntext = "x"\nmedia = "k"\n', 3, "goes with"),
        ('[a]\ntext = """\n' + "x" * 4097 + '"""\n', 2, "1 characters too long"),
        ('[a]\ntxt = "x"\n', 2, 'did you mean "text"?'),
        ('["a b"]\ntext = "x"\n', 1, "letters"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(SettingsError) as told:
        canned.parse(text)
    assert told.value.line == line and says in str(told.value)


async def test_all_replies_are_edited_at_once(bench: StoreBench, fake: FakeEditor, tmp_path: Path) -> None:
    for shortcut, text in (("kargo", "Yolda"), ("iban", "TR00"), ("eski", "Gider")):
        bench.story.tell(ev.CannedSaved(shortcut=shortcut, text=text), actor="agent:a2")
    bench.story.tell(ev.CannedSaved(shortcut="benim", text="Yalnız benim", owner="a1"), actor="agent:a1")
    bench.story.play()
    file = tmp_path / "liste.pdf"
    file.write_bytes(b"%PDF-1.4")
    fake.does({"replace": [("Yolda", "Yola çıktı"), ('[eski]\ntext = "Gider"\n', f'[liste]\nfile = "{file}"\n')]})
    assert (await bench.edit("canned")).saved
    assert bench.uploads == [file]
    assert canned.replies(bench.db, "") == {
        "iban": CannedEntry(text="TR00"),
        "kargo": CannedEntry(text="Yola çıktı"),
        "liste": CannedEntry(file="liste.pdf", media="key1"),
    }
    fake.does({"replace": [("Yalnız", "Sadece")]})
    assert (await bench.edit("canned", own=True)).saved
    assert canned.replies(bench.db, "a1") == {"benim": CannedEntry(text="Sadece benim")}
    # A file that is at the relay already is not sent again.
    fake.does({"replace": [("TR00", "TR01")]})
    assert (await bench.edit("canned")).saved and len(bench.uploads) == 1


def test_a_variable_that_there_is_not_is_worth_a_second_look(bench: StoreBench) -> None:
    bench.story.tell(ev.ContactCreated(contact="c1"))
    bench.story.tell(ev.ContactEdited(contact="c1", attributes={"surname": "Kaya"}))
    bench.story.play()
    text = """[selam]
text = "{{customer.frist_name}} {{customer.surname}} {{customer.size|M}} {{order.date}} {{hours.today}}"
texts.en = "{{agnt.name}}"
"""
    notes = documents.check(bench.db, "canned", text, "a1")
    assert [(note.line, note.wrong) for note in notes] == [(2, False), (3, False)]
    assert "customer.first_name" in notes[0].text and "agent.name" in notes[1].text
    rule = '[r]\nwhen = "message"\nthen = [{reply = "{{custmer.name}}"}]\n'
    assert [note.wrong for note in documents.check(bench.db, "rules", rule, "a1")] == [False]
