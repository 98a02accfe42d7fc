"""Text in cells: whatever a customer writes, a line is as wide as it says and no sign is cut in half."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.widgets.render.cells import FSI, PDI, clip, clip_line, clusters, fit, fit_right, isolate, simple, width, wrap

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇹🇷"
SIGNS = st.sampled_from(
    [
        "a",
        "ş",
        " ",
        "\n",
        "日",
        FAMILY,
        FLAG,
        "👍🏽",
        "❤️",
        "1️⃣",
        "é",
        "नि",
        "م",
        "﷽",
        "\u200b",
        "\u0301",
        "wordy ",
        "x" * 30,
    ]
)
TEXTS = st.lists(SIGNS, max_size=60).map("".join) | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)


@given(TEXTS, st.integers(0, 30))
def test_clipped_text_fits_and_ends_between_signs(text: str, cells: int) -> None:
    clipped = clip(text, cells)
    assert width(clipped) <= cells
    if clipped != text and clipped not in ("", "…"):
        whole = [cluster for cluster, _cells in clusters(text)]
        kept = clipped.removesuffix("…")
        while kept and whole:
            assert kept.startswith(whole[0]) or not whole[0].strip() or whole[0].startswith(kept)
            if not kept.startswith(whole[0]):
                break
            kept = kept.removeprefix(whole.pop(0))


@given(TEXTS, st.integers(1, 30))
def test_padded_text_is_exactly_as_wide_as_asked(text: str, cells: int) -> None:
    text = text.replace("\n", " ")
    assert width(fit(text, cells)) == cells
    assert width(fit_right(text, cells)) == cells


@given(TEXTS, st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, cells: int) -> None:
    spans = wrap(text, cells)
    lines = [text[start:end] for start, end in spans]
    assert all(width(line) <= max(cells, 2) for line in lines), lines
    assert [char for char in "".join(lines) if not char.isspace()] == [char for char in text if not char.isspace()]
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


@pytest.mark.parametrize("sign", [FAMILY, FLAG, "👍🏽", "❤️", "1️⃣", "नि"])
def test_a_sign_at_the_edge_goes_to_the_next_line_whole(sign: str) -> None:
    text = "x" * 9 + sign + sign
    lines = [text[start:end] for start, end in wrap(text, 10)]
    assert "".join(lines) == text
    assert all(line.count(sign) * len(sign) + line.count("x") == len(line) for line in lines), lines


def test_words_stay_whole_where_they_can() -> None:
    text = "Merhaba, siparişim nerede acaba?"
    assert [text[start:end] for start, end in wrap(text, 12)] == ["Merhaba,", "siparişim", "nerede", "acaba?"]


def test_line_breaks_and_indents_are_the_writers() -> None:
    text = "Adres:\n\n    Kadıköy"
    assert [text[start:end] for start, end in wrap(text, 20)] == ["Adres:", "", "    Kadıköy"]


@pytest.mark.parametrize("text", ["a" * 65_536, "şöyle " * 11_000, "日" * 30_000, "👨‍👩‍👧‍👦" * 5_000])
def test_the_longest_bodies_are_wrapped_fast(text: str) -> None:
    start = time.process_time()
    spans = wrap(text, 60)
    assert len(spans) > 100
    # A tenth of this on a quiet machine; the point is that it is not seconds.
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "plain"),
    [(FAMILY, "👨"), (FLAG, "TR"), ("👍🏽", "👍"), ("❤️", "❤"), ("1️⃣", "1"), ("Ayşe 🌸", "Ayşe 🌸")],
)
def test_list_rows_get_signs_whose_width_nobody_doubts(text: str, plain: str) -> None:
    assert simple(text) == plain


def test_a_line_is_cut_at_its_last_piece() -> None:
    line = [("abc", "one"), ("defgh", "two"), ("ij", "three")]
    assert clip_line(line, 10) == line
    assert clip_line(line, 6) == [("abc", "one"), ("de…", "two")]
    assert clip_line(line, 8) == [("abc", "one"), ("defg…", "two")]


def test_right_to_left_runs_are_isolated_and_the_number_between_them_stays_readable() -> None:
    assert isolate("order KLY-1042") == "order KLY-1042"
    assert isolate("KLY-1042 مرحبا") == f"KLY-1042 {FSI}مرحبا{PDI}"
    isolated = isolate("أين طلبي KLY-1042 شكراً!")
    assert isolated.count(FSI) == isolated.count(PDI) == 1
    assert "KLY-1042" in isolated and isolated.endswith(f"{PDI}!")
