"""English and Turkish: the catalogue says what the code says; numbers and dates are each language's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from babel import dates, numbers
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from tools import messages
from wptui import i18n
from wptui.i18n import _, ngettext


@pytest.fixture
def turkish() -> Iterator[None]:
    i18n.install("tr")
    yield
    i18n.install("en")


def test_there_is_a_catalogue_for_every_language_but_the_source() -> None:
    assert [po.parent.parent.name for po in messages.po_files()] == sorted(i18n.LANGUAGES[1:])


def test_catalogues_are_complete_and_current() -> None:
    template = messages.extract()
    assert len(template) > 50
    for po in messages.po_files():
        catalog = messages.merged(messages.read(po), template)
        assert messages.problems(catalog) == []
        assert po.read_bytes() == messages.po_text(catalog), "make messages"
        assert po.with_suffix(".mo").read_bytes() == messages.mo_bytes(catalog), "make messages"


@pytest.mark.parametrize(
    ("source", "translation", "problem"),
    [
        ("{n} left", "kaldı", "has other placeholders than its translation"),
        ("{n} left", "{m} kaldı", "has other placeholders than its translation"),
        (("{n} day", "{n} days"), ("{n} gün", "gün"), "a form of"),
        ("late", "", "is not translated"),
        ("{n} left", "{n} kaldı", None),
        (("one day", "{n} days"), ("bir gün", "{n} gün"), None),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(
    source: str | tuple[str, str], translation: str | tuple[str, str], problem: str | None
) -> None:
    catalog = Catalog(locale="tr")
    catalog.add(source, translation)
    found = messages.problems(catalog)
    assert (problem in found[0]) if problem else not found


def test_every_message_can_be_looked_up() -> None:
    """``_(f"…")``, ``_("a" + b)`` and ``_("…".format(…))`` never find their translation."""
    wrong = []
    for path in sorted(messages.PACKAGE.rglob("*.py")):
        for call in messages.calls(path):
            for text in call.texts:
                formatted = (
                    isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr == "format"
                )
                if formatted or isinstance(text, ast.JoinedStr | ast.BinOp | ast.IfExp):
                    wrong.append(f"{path.relative_to(messages.ROOT)}:{call.line}")
    assert wrong == []


def test_messages_are_found_wherever_they_are_written(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        'f"{_(\'in an f-string\')}"; _(NAMES["not this"]); ngettext("{n} day", "{n} days", n); '
        'pgettext("verb", "open"); _("two " "parts"); N_("marked")'
    )
    found = [
        ([ast.literal_eval(t) for t in call.texts], call.context)
        for call in messages.calls(module)
        if all(isinstance(t, ast.Constant) for t in call.texts)
    ]
    assert sorted(found, key=str) == [
        (["in an f-string"], None),
        (["marked"], None),
        (["open"], "verb"),
        (["two parts"], None),
        (["{n} day", "{n} days"], None),
    ]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "tr_TR.UTF-8"}, "tr"),
        ({"LANG": "tr_TR.UTF-8", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "en_GB", "LC_ALL": "tr"}, "tr"),
        ({"LC_ALL": "tr_TR", "WPTUI_LANG": "en"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"WPTUI_LANG": "tr-TR"}, "tr"),
    ],
)
def test_language_of_the_environment(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in i18n.LOCALE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert i18n.choose() == language


def test_command_line_comes_before_setting_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "tr_TR.UTF-8")
    assert i18n.choose("en", "tr") == "en"
    assert i18n.choose(None, "en") == "en"
    assert i18n.choose(None, "auto") == "tr"


def test_a_name_imported_before_the_language_is_known_speaks_it_afterwards() -> None:
    assert _("Today") == "Today"
    i18n.install("tr")
    assert _("Today") == "Bugün"
    assert _("") == ""
    assert _("never translated") == "never translated"


def test_plural_forms() -> None:
    text = "{n} check failed.", "{n} checks failed."
    assert [ngettext(*text, n).format(n=n) for n in (0, 1, 2)] == [
        "0 checks failed.",
        "1 check failed.",
        "2 checks failed.",
    ]
    i18n.install("tr")
    assert ngettext(*text, 1) != text[0] and ngettext(*text, 2) != text[1]


@given(st.integers(-(10**20), 10**20), st.sampled_from(i18n.LANGUAGES))
def test_whole_numbers_as_unicode_has_them(n: int, language: str) -> None:
    i18n.install(language)
    assert i18n.format_number(n) == numbers.format_decimal(n, locale=language)


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(i18n.LANGUAGES))
def test_decimals_as_unicode_has_them(value: float, language: str) -> None:
    i18n.install(language)
    written = i18n.format_decimal(value, 2)
    assert written == numbers.format_decimal(value, "#,##0.00", locale=language) or not value


def test_percent(turkish: None) -> None:
    assert i18n.format_percent(0.456) == "%46"
    assert i18n.format_percent(0.456, 1) == "%45,6"
    i18n.install("en")
    assert i18n.format_percent(0.456, 1) == "45.6%"


@given(st.dates(), st.sampled_from(i18n.LANGUAGES))
def test_dates_as_unicode_has_them(day: date, language: str) -> None:
    i18n.install(language)
    for style, pattern in (("short", "d MMM"), ("medium", "d MMM y"), ("long", "d MMMM y")):
        assert i18n.format_date(day, style) == dates.format_date(day, pattern, locale=language)
    assert i18n.format_weekday(day) == dates.format_date(day, "EEEE", locale=language)
    assert i18n.format_weekday(day, short=True) == dates.format_date(day, "EEE", locale=language)


def test_days_are_named_as_people_name_them() -> None:
    today = date(2025, 11, 25)
    assert i18n.format_day(today, today) == "Today"
    assert i18n.format_day(today - timedelta(1), today) == "Yesterday"
    assert i18n.format_day(today - timedelta(8), today) == "Monday 17 November"
    assert i18n.format_day(date(2024, 11, 25), today) == "Monday 25 November 2024"
    assert i18n.format_day(datetime(2025, 11, 24, 23, 59), datetime(2025, 11, 25, 0, 1)) == "Yesterday"
    i18n.install("tr")
    assert i18n.format_day(today - timedelta(1), today) == "Dün"
    assert i18n.format_day(today - timedelta(8), today) == "17 Kasım Pazartesi"
    assert i18n.format_day(date(2024, 11, 25), today) == "25 Kasım 2024 Pazartesi"


def test_tomorrow_is_not_yesterday() -> None:
    """A message may be from a clock that is ahead of ours."""
    assert i18n.format_day(date(2025, 11, 26), date(2025, 11, 25)) == "Wednesday 26 November"


def test_times_are_of_24_hours() -> None:
    assert i18n.format_time(time(9, 5, 7)) == "09:05"
    assert i18n.format_time(datetime(2025, 1, 1, 21, 5, 7), seconds=True) == "21:05:07"


@pytest.mark.parametrize(
    ("seconds", "english", "turkish_text"),
    [
        (0, "00:00", "00:00"),
        (-5, "00:00", "00:00"),
        (461.9, "07:41", "07:41"),
        (3599, "59:59", "59:59"),
        (3600, "1h00", "1sa00"),
        (15_000, "4h10", "4sa10"),
        (86_399, "23h59", "23sa59"),
        (86_400, "1d", "1g"),
        (300_000, "3d", "3g"),
    ],
)
def test_durations(seconds: float, english: str, turkish_text: str) -> None:
    assert i18n.format_duration(seconds) == english
    i18n.install("tr")
    assert i18n.format_duration(seconds) == turkish_text
