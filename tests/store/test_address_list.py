"""Address lists as spreadsheets write them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wptui.model.errors import UsageError
from wptui.store import address_list

TURKISH = "Ad;Soyad;Cep Telefonu;Şehir;İzin;Not\nAyşe;Yılmaz;0555 123 45 67;İzmir;Evet;kapıda öder\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1254", "utf-16"])
def test_a_turkish_spreadsheet_is_understood(encoding: str) -> None:
    found = address_list.read(TURKISH.encode(encoding), country="TR")
    (row,) = found.rows
    assert (row.phone, row.name, row.opted, row.remark) == ("+905551234567", "Ayşe Yılmaz", True, "kapıda öder")
    assert row.attributes == {"Şehir": "İzmir"}
    assert found.delimiter == ";"


def test_english_names_and_every_spelling_of_a_number() -> None:
    lines = ["phone,name,consent"]
    lines += [f"{n},A,no" for n in ("+90 555 123 45 67", "00905551234568", "905551234569", "0 (555) 123 45 70")]
    found = address_list.read("\n".join(lines).encode(), country="tr")
    assert [row.phone[-2:] for row in found.rows] == ["67", "68", "69", "70"]
    assert {row.opted for row in found.rows} == {False}


def test_what_is_wrong_is_said_with_its_line_and_column() -> None:
    text = (
        "Telefon,Ad,İzin\n05551234567,A,\n12,B,\n,C,\n05551234567,D,\n9.05555E+11,E,\n0555 123 45 68,F,belki\n"
        '"0555 123 45 69","G\nH",evet\n0555,I,\n'
    )
    found = address_list.read(text.encode(), country="TR")
    assert [(each.line, each.column) for each in found.problems] == [
        (3, "Telefon"),
        (4, "Telefon"),
        (5, "Telefon"),
        (6, "Telefon"),
        (7, "İzin"),
        (10, "Telefon"),
    ]
    assert "2" in found.problems[2].reason  # the same number as in line 2
    assert [row.name for row in found.rows] == ["A", "G H"]


def test_columns_are_named_by_hand_where_they_have_other_names() -> None:
    data = b"who;where;id\nAli;05551234567;7\n"
    with pytest.raises(UsageError) as told:
        address_list.read(data, country="TR")
    assert "--map phone=COLUMN" in told.value.hint and "where" in told.value.hint
    found = address_list.read(data, country="TR", mapping={"phone": "where", "name": "WHO", "skip": "id"})
    assert [(row.phone, row.name, row.attributes) for row in found.rows] == [("+905551234567", "Ali", {})]
    for mapping in ({"phone": "nowhere"}, {"colour": "who"}):
        with pytest.raises(UsageError):
            address_list.read(data, country="TR", mapping=mapping)


@pytest.mark.parametrize("data", [b"", b"phone\n", b"\xff\xfe", b"phone\n\n\n"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        address_list.read(data, country="TR")
    with pytest.raises(UsageError):
        address_list.read(b"phone\n0555", country="XX")


def test_the_same_rows_have_the_same_command_ids() -> None:
    rows = address_list.read(("phone\n" + "\n".join(f"0555123{n:04d}" for n in range(450))).encode(), country="TR").rows
    first, again = (address_list.commands(rows, "a1") for _ in range(2))
    assert [len(command.rows) for _id, command in first] == [200, 200, 50]
    assert [id for id, _command in first] == [id for id, _command in again]
    assert len({id for id, _command in [*first, *address_list.commands(rows, "a2")]}) == 6
    assert {id for id, _ in first}.isdisjoint(id for id, _ in address_list.commands(rows, "a1", update=False))


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_no_file_is_too_strange(data: bytes) -> None:
    try:
        address_list.read(b"phone,name\n" + data, country="TR")
    except UsageError:
        pass


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 9999), st.text(max_size=20)), min_size=1, max_size=20))
def test_what_is_written_is_read(people: list[tuple[int, str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["phone", "name"], *((f"0555123{n:04d}", name) for n, name in people)])
    found = address_list.read(out.getvalue().encode("utf-8", "replace"), country="TR")
    assert {row.phone for row in found.rows} == {f"+90555123{n:04d}" for n, _name in people}
