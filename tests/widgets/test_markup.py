"""WhatsApp's markup as WhatsApp reads it."""

from __future__ import annotations

import pytest

from wptui.widgets.render.markup import filled, marked


def styled(text: str) -> list[tuple[str, str]]:
    """(part, style) of everything marked."""
    found = marked(text)
    return [(found.text[start:end], style) for start, end, style in found.runs]


@pytest.mark.parametrize(
    ("text", "shown", "runs"),
    [
        ("*bold*", "bold", [("bold", "md-bold")]),
        ("_it_ ~no~", "it no", [("it", "md-italic"), ("no", "md-strike")]),
        ("```a *b*```", "a *b*", [("a *b*", "md-mono")]),
        ("*_both_*", "both", [("both", "md-bold"), ("both", "md-italic")]),
        ("2 * 3 * 4", "2 * 3 * 4", []),
        ("a*b*c", "a*b*c", []),
        ("snake_case_name", "snake_case_name", []),
        ("* not*", "* not*", []),
        ("*over\nlines*", "*over\nlines*", []),
        ("fiyat *%20*.", "fiyat %20.", [("%20", "md-bold")]),
    ],
)
def test_marks(text: str, shown: str, runs: list[tuple[str, str]]) -> None:
    assert marked(text).text == shown
    assert styled(text) == runs


def test_addresses_keep_their_underscores() -> None:
    text = "see https://shop.example/_a_/b_c?x=*1* now"
    assert marked(text).text == text
    assert styled(text) == [("https://shop.example/_a_/b_c?x=*1*", "md-link")]


def test_textual_markup_is_text() -> None:
    text = "[link=file:///etc/passwd]click[/link] [@click=app.quit]x[/]"
    assert marked(text) == (text, [])


def test_marks_can_be_kept_where_styles_cannot_be_seen() -> None:
    assert marked("*a* b", keep=True).text == "*a* b"


def test_styles_go_on_over_line_ends() -> None:
    lines = filled(marked("one *two three* four"), 9, "base")
    assert lines == [
        [("one ", "base"), ("two", "base md-bold")],
        [("three", "base md-bold")],
        [("four", "base")],
    ]
