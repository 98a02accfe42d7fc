"""A conversation as the inbox shows it, as a pure function of the row and the moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.store.inbox import InboxRow
from wptui.widgets.glyphs import ASCII, CELL, FULL, Glyphs
from wptui.widgets.render.cells import line_width, width
from wptui.widgets.render.inbox import InboxContext, body, head, head_cells

NOW = 1_795_444_320  # 14:32 UTC
ROW = InboxRow(
    id="c1", contact="p1", number="n1", kind="person", title="Ahmet Yılmaz", state="open", assignee="", unread=3,
    waiting_since=NOW - 461, snoozed_until=None, window_expires=NOW + 80_000, free_until=None, campaign="KIŞ24",
    labels=("iade", "kargo"), owner="human", last_at=NOW - 461, preview="Merhaba, siparişim nerede?", preview_dir="in",
    preview_kind="text", preview_status=None, read_seq=0, seq=9, request="r1", department="",
    priority=1, due_at=NOW + 139, due_what="first", assigned_at=None,
)  # fmt: skip
CONTEXT = InboxContext(width=44, now=NOW, me="a1", agents={"a1": "Ayşe Demir", "a2": "Mehmet Kurt"}, zone=UTC)


def drawn(row: InboxRow, context: InboxContext = CONTEXT) -> list[str]:
    """The row's lines as text."""
    return [
        "".join(text for text, _style in head(row, context, line) + body(row, context, line)).rstrip()
        for line in range(context.lines)
    ]


def styles_of(row: InboxRow, context: InboxContext = CONTEXT) -> str:
    """All style names of the row's first head."""
    return " ".join(style for _text, style in head(row, context, 0))


def test_a_waiting_customer_shows_the_clock_the_count_the_name_and_the_campaign() -> None:
    first, second = drawn(ROW)
    assert first.split() == ["07:41", "3", "Ahmet", "Yılmaz", "#KIŞ24", "+2"]
    assert second.strip() == "Merhaba, siparişim nerede?"


def test_late_is_a_sign_and_not_only_a_colour() -> None:
    late = replace(ROW, waiting_since=NOW - 600, due_at=NOW)
    assert drawn(late)[0].split()[0] == "10:00!"
    assert "late" in styles_of(late)
    assert "!" not in drawn(replace(ROW, waiting_since=NOW - 599, due_at=NOW + 1))[0]


@pytest.mark.parametrize(
    ("waited", "clock"), [(0, "00:00"), (59, "00:59"), (3600, "1h00!"), (45_296, "12h34!"), (200_000, "2d!")]
)
def test_the_clock_fits_its_column_however_long_they_wait(waited: int, clock: str) -> None:
    assert drawn(replace(ROW, waiting_since=NOW - waited, due_at=NOW - waited + 600))[0].split()[0] == clock


def test_who_does_not_wait_shows_when_they_last_wrote() -> None:
    row = replace(ROW, waiting_since=None, unread=0)
    assert drawn(replace(row, last_at=NOW - 120))[0].split()[0] == "14:30"
    assert drawn(replace(row, last_at=NOW - 86_400))[0].split()[0] == "Sun"
    assert drawn(replace(row, last_at=NOW - 20 * 86_400))[0].split()[:2] == ["3", "Nov"]


def test_snoozed_resolved_and_a_closing_window_are_told() -> None:
    assert drawn(replace(ROW, state="snoozed", snoozed_until=NOW + 3600))[0].split()[0] == "15:32z"
    assert "✓" in drawn(replace(ROW, state="resolved", waiting_since=None))[0]
    assert drawn(replace(ROW, window_expires=NOW + 2800))[1].split()[0] == "◔46m"
    assert "◔" not in drawn(replace(ROW, window_expires=NOW - 1))[1]


def test_whose_it_is_stands_in_initials() -> None:
    assert drawn(replace(ROW, assignee="a2"))[1].split()[0] == "MK"
    mine = head(replace(ROW, assignee="a1"), CONTEXT, 1)
    assert mine[0] == ("you", "inbox-mine")
    assert drawn(replace(ROW, assignee="a3"), replace(CONTEXT, agents={"a3": "ilker ışık"}))[1].split()[0] == "İI"


@pytest.mark.parametrize(
    ("status", "shown"),
    [("queued", "◷"), ("sent", "✓"), ("delivered", "✓✓"), ("read", "✔✔"), ("failed", "! not sent"),
     ("unknown", "? perhaps not sent")],
)  # fmt: skip
def test_our_own_last_message_shows_how_far_it_got(status: str, shown: str) -> None:
    row = replace(ROW, preview_dir="out", preview_status=status, preview="Kargonuz yola çıktı")
    assert drawn(row)[1].strip().startswith(f"{shown} Kargonuz")


def test_what_is_no_text_is_named() -> None:
    assert drawn(replace(ROW, preview_kind="image", preview="Kırık"))[1].strip() == "[photo] Kırık"
    assert drawn(replace(ROW, preview_kind="hologram", preview="[hologram]"))[1].strip() == "[hologram]"
    assert drawn(replace(ROW, preview_kind="revoked", preview=""))[1].strip() == "[deleted]"


def test_markup_is_not_shown_in_previews() -> None:
    assert drawn(replace(ROW, preview="*Acil* bakar\nmısınız"))[1].strip() == "Acil bakar mısınız"


def test_the_number_is_named_only_where_there_are_several() -> None:
    two = replace(CONTEXT, width=60, numbers={"n1": "satış", "n2": "destek"})
    assert drawn(ROW, two)[1].strip().startswith("satış · Merhaba")
    assert "satış" not in drawn(ROW, replace(two, numbers={"n1": "satış"}))[1]
    # Names that begin alike are told apart by what follows, which clipping would take away.
    alike = replace(two, numbers={"n1": "Kahve Dükkânı Destek", "n2": "Kahve Dükkânı"})
    assert drawn(ROW, alike)[1].strip().startswith("Destek · Merhaba")


def test_compact_puts_name_and_message_on_one_line() -> None:
    context = replace(CONTEXT, density="compact", width=78)
    (line,) = drawn(ROW, context)
    assert "Ahmet Yılmaz" in line and "Merhaba, siparişim" in line


ROWS = st.builds(
    replace,
    st.just(ROW),
    title=st.text(max_size=40),
    preview=st.text(max_size=80),
    unread=st.integers(0, 5000),
    labels=st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=12), max_size=4).map(tuple),
    campaign=st.sampled_from(["", "KIŞ24", "ÇOK-UZUN-BİR-KAMPANYA-KODU-2026"]),
    preview_kind=st.sampled_from(["text", "image", "order", "hologram", ""]),
    preview_dir=st.sampled_from(["in", "out", ""]),
    preview_status=st.sampled_from([None, "read", "failed", "unknown", "from the future"]),
    kind=st.sampled_from(["person", "group"]),
    state=st.sampled_from(["open", "snoozed", "resolved"]),
    owner=st.sampled_from(["human", "ai"]),
    assignee=st.sampled_from(["", "a1", "a2", "gone"]),
    waiting_since=st.none() | st.integers(NOW - 10**9, NOW + 10**9),
    snoozed_until=st.none() | st.integers(0, NOW + 10**9),
    window_expires=st.none() | st.integers(NOW - 10_000, NOW + 10_000),
    last_at=st.integers(0, 2**40),
    priority=st.integers(0, 3),
    due_at=st.none() | st.integers(NOW - 10**9, NOW + 10**9),
    department=st.sampled_from(["", "satis", "gone"]),
)


@given(ROWS, st.integers(20, 80), st.sampled_from([FULL, CELL, ASCII]), st.sampled_from(["comfortable", "compact"]),
       st.booleans())  # fmt: skip
def test_no_row_is_ever_wider_than_its_pane(
    row: InboxRow, cells: int, glyphs: Glyphs, density: str, by_due: bool
) -> None:
    context = replace(CONTEXT, width=cells, glyphs=glyphs, density=density, numbers={"n1": "satış", "n2": "x"})
    context = replace(
        context, departments={"satis": "Satış 部門"}, here={"c1": "typing"}, mentioned=frozenset({"c1"}), by_due=by_due
    )
    for line in range(context.lines):
        assert line_width(head(row, context, line)) == head_cells(context, line)
        assert line_width(body(row, context, line)) <= cells - head_cells(context, line)


@pytest.mark.parametrize("cells", range(20, 81, 4))
def test_the_name_is_the_last_thing_to_go(cells: int) -> None:
    first = drawn(ROW, replace(CONTEXT, width=cells))[0]
    assert "Ahmet" in first


def test_a_wider_pane_never_shows_less() -> None:
    lengths = [width(drawn(ROW, replace(CONTEXT, width=cells))[1]) for cells in range(20, 81)]
    assert all(narrow <= wide for narrow, wide in pairwise(lengths))


@pytest.mark.parametrize("glyphs", [FULL, CELL, ASCII])
def test_priority_is_a_sign_of_its_own_and_not_only_a_colour(glyphs: Glyphs) -> None:
    shown = {}
    for level in range(4):
        row = replace(ROW, priority=level)
        shown[level] = "".join(text for text, _style in head(row, replace(CONTEXT, glyphs=glyphs), 0))
    assert len(set(shown.values())) == 4
    assert shown[1].endswith(" ")
    urgent = head(replace(ROW, priority=3), CONTEXT, 0)
    assert urgent[-1] == (FULL.urgent, "priority-urgent")


def test_the_clock_counts_to_when_the_answer_is_due_where_that_is_the_order() -> None:
    due = replace(CONTEXT, by_due=True)
    assert drawn(ROW, due)[0].split()[0] == "02:19"
    assert drawn(replace(ROW, due_at=NOW - 461), due)[0].split()[0] == "+07:41!"


def test_a_clock_that_runs_out_says_so_before_it_is_late() -> None:
    assert "inbox-clock-soon" not in styles_of(ROW)
    assert "inbox-clock-soon" in styles_of(replace(ROW, due_at=NOW + 120))


def test_a_deadline_passes_also_where_nobody_waits_for_the_next_word() -> None:
    resolution = replace(ROW, waiting_since=None, due_at=NOW - 5, due_what="resolution")
    assert "!" in drawn(resolution)[0]
    assert "late" in styles_of(resolution)


def test_the_department_is_told_where_there_are_several() -> None:
    row = replace(ROW, department="satis", labels=(), campaign="")
    assert "Satış" not in drawn(row)[0]
    assert "Satış" in drawn(row, replace(CONTEXT, departments={"satis": "Satış"}))[0]


def test_labels_wear_the_colours_of_the_team() -> None:
    context = replace(CONTEXT, labels={"iade": "label-red"}, width=70)
    styles = dict(body(replace(ROW, campaign=""), context, 0))
    assert styles["iade"] == "label-red"
    assert styles["kargo"] == "inbox-label"


def test_who_is_there_and_what_calls_stands_before_the_preview() -> None:
    second = drawn(ROW, replace(CONTEXT, here={"c1": "typing"}, followed=frozenset({"c1"})))[1]
    assert second.split()[0] == FULL.typing + FULL.followed
    called = replace(CONTEXT, followed=frozenset({"c1"}), mentioned=frozenset({"c1"}))
    assert drawn(ROW, called)[1].split()[0] == FULL.mention
    assert drawn(ROW, replace(CONTEXT, here={"c1": "viewing"}, glyphs=ASCII))[1].split()[0] == "o"


def test_a_compact_row_tells_whose_it_is_where_there_is_room() -> None:
    row = replace(ROW, assignee="a2")
    wide = replace(CONTEXT, width=90, density="compact", here={"c1": "viewing"})
    assert "MK" + FULL.viewing in drawn(row, wide)[0]
    assert "MK" not in drawn(row, replace(wide, width=50))[0]
