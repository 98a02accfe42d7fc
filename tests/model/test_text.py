"""The one boundary: whatever comes in, nothing that a terminal obeys goes out; and the fold finds Turkish words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.model.text import fold, safe, safe_line

_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
anything = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\r\n\t\x07\x7f\u202e\u2066\ud83d\U000e0041")
)


@given(anything)
def test_safe_lets_nothing_through_that_a_terminal_obeys(text: str) -> None:
    made = safe(text)
    assert not _OBEYED.search(made)
    assert safe(made) == made
    made.encode()


@given(anything)
def test_safe_line_is_one_line(text: str) -> None:
    assert "\n" not in safe_line(text, 40)
    assert len(safe_line(text, 40)) <= 40


@pytest.mark.parametrize(
    "text",
    [
        "Ayşe Yılmaz",
        "a\nb",
        "👩‍👩‍👧 🇹🇷 1️⃣ 👍🏽",
        "محمد العلي",
        "स्त्री",
        "e\u0301",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_safe_leaves_writing_alone(text: str) -> None:
    assert safe(text) == text


def test_safe_shows_what_was_sent() -> None:
    assert safe("\x1b]52;c;aGk=\x07") == "␛]52;c;aGk=␇"
    assert safe("a\r\nb\rc") == "a\nb\nc"
    assert len(safe("e" + "\u0301" * 500)) < 20


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("ışık", "isik"),
        ("İSTANBUL", "istanbul"),
        ("IŞIK", "ışık"),
        ("Çağrı", "cagri"),
        ("GÜMÜŞ", "gumus"),
        ("Straße", "strasse"),
    ],
)
def test_fold_meets(stored: str, asked: str) -> None:
    assert fold(stored) == fold(asked)


@given(st.text())
def test_fold_is_stable_and_blind_to_normal_forms(text: str) -> None:
    from unicodedata import normalize

    assert fold(fold(text)) == fold(text)
    assert fold(normalize("NFD", text)) == fold(normalize("NFC", text))
