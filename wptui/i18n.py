"""Words, plural forms, numbers, dates and durations in the agent's language.

English is the source language; catalogues lie in ``wptui/locale`` (``make messages`` brings them along).
Modules import ``_`` once, at any time: the language is looked up when it is called, so ``install`` may
come later, or again. Text in a table that is built at import time is marked with ``N_`` and translated
with ``_`` where it is shown.

Numbers and dates come from the small tables below: two languages do not need a library at start-up.
Dates and times are written as given: the caller turns them into the agent's time zone first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import date, datetime, time
    from gettext import NullTranslations

LANGUAGES = ("en", "tr")
LOCALE_DIR = Path(__file__).resolve().parent / "locale"
LOCALE_VARIABLES = ("WPTUI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")

DateStyle = Literal["short", "medium", "long"]


class _Conventions(NamedTuple):
    thousands: str
    decimal: str
    percent: str
    months: tuple[str, ...]
    months_short: tuple[str, ...]
    weekdays: tuple[str, ...]
    weekdays_short: tuple[str, ...]
    day: str  # a day with its weekday
    hours: str  # a duration from an hour
    days: str  # a duration from a day


_CONVENTIONS = {
    "en": _Conventions(
        thousands=",",
        decimal=".",
        percent="{n}%",
        months=tuple("January February March April May June July August September October November December".split()),
        months_short=tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()),
        weekdays=tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()),
        weekdays_short=tuple("Mon Tue Wed Thu Fri Sat Sun".split()),
        day="{weekday} {date}",
        hours="{h}h{m:02}",
        days="{d}d",
    ),
    "tr": _Conventions(
        thousands=".",
        decimal=",",
        percent="%{n}",
        months=tuple("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık".split()),
        months_short=tuple("Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara".split()),
        weekdays=tuple("Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar".split()),
        weekdays_short=tuple("Pzt Sal Çar Per Cum Cmt Paz".split()),
        day="{date} {weekday}",
        hours="{h}sa{m:02}",
        days="{d}g",
    ),
}

_language = "en"
_catalogue: NullTranslations | None = None
_conventions = _CONVENTIONS["en"]


def _(message: str) -> str:
    """*message* in the installed language."""
    if _catalogue is None or not message:  # gettext answers "" with the catalogue's header
        return message
    return _catalogue.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """*singular* or *plural*, whichever the installed language uses for *n* things."""
    if _catalogue is None:
        return singular if n == 1 else plural
    return _catalogue.ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """*message* where the same English word has several translations; *context* tells them apart."""
    return message if _catalogue is None else _catalogue.pgettext(context, message)


def N_(message: str) -> str:
    """*message* itself, marked for the catalogue; translate it with ``_`` where it is shown."""
    return message


def language() -> str:
    """The installed language, ``en`` or ``tr``."""
    return _language


def choose(lang: str | None = None, setting: str | None = None) -> str:
    """The language to use: *lang* (the command line's), else *setting*, else the environment's, else English.

    The environment is ``WPTUI_LANG``, ``LC_ALL``, ``LC_MESSAGES``, ``LANG``, the first that is set. ``tr``,
    ``tr_TR.UTF-8`` and ``tr-TR`` all mean Turkish. ``auto`` and empty mean "ask the next"; a language
    without a catalogue counts as English.
    """
    for value in (lang, setting, *map(os.environ.get, LOCALE_VARIABLES)):
        if value and value != "auto":
            code = value.replace("-", "_").partition(".")[0].partition("_")[0].lower()
            return code if code in LANGUAGES else "en"
    return "en"


def install(lang: str | None = None, setting: str | None = None) -> str:
    """Choose the language (see `choose`), load its catalogue, and return its code."""
    global _language, _catalogue, _conventions
    _language = choose(lang, setting)
    _conventions = _CONVENTIONS[_language]
    _catalogue = None
    if _language != "en":
        from gettext import translation  # imports `re` and reads files: only when there is something to read

        _catalogue = translation("wptui", LOCALE_DIR, [_language], fallback=True)
    return _language


def format_number(n: int) -> str:
    """A whole number with thousands separators: ``1,234``, Turkish ``1.234``."""
    return f"{n:,}".replace(",", _conventions.thousands)


def format_decimal(value: float, places: int = 1) -> str:
    """A number with *places* decimals: ``1,234.6``, Turkish ``1.234,6``."""
    whole, point, fraction = f"{value:,.{places}f}".partition(".")
    return whole.replace(",", _conventions.thousands) + (_conventions.decimal if point else "") + fraction


def format_percent(fraction: float, places: int = 0) -> str:
    """A share of one as percent: 0.45 is ``45%``, Turkish ``%45``."""
    return _conventions.percent.format(n=format_decimal(fraction * 100, places))


def format_time(moment: datetime | time, *, seconds: bool = False) -> str:
    """The time of day, 24 hours in both languages: ``14:32``, with *seconds* ``14:32:07``."""
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def format_date(moment: date, style: DateStyle = "medium") -> str:
    """A date: short ``24 Nov``, medium ``24 Nov 2026``, long ``24 November 2026``."""
    months = _conventions.months if style == "long" else _conventions.months_short
    text = f"{moment.day} {months[moment.month - 1]}"
    return text if style == "short" else f"{text} {moment.year}"


def format_weekday(moment: date, *, short: bool = False) -> str:
    """The day of the week: ``Monday``, short ``Mon``."""
    return (_conventions.weekdays_short if short else _conventions.weekdays)[moment.weekday()]


def format_day(day: date, today: date) -> str:
    """The heading of a day in a thread: ``Today``, ``Yesterday``, ``Monday 24 November``.

    A day of another year than *today*'s carries its year. Both may be datetimes of one time zone.
    """
    age = today.toordinal() - day.toordinal()
    if age == 0:
        return _("Today")
    if age == 1:
        return _("Yesterday")
    written = f"{day.day} {_conventions.months[day.month - 1]}"
    if day.year != today.year:
        written += f" {day.year}"
    return _conventions.day.format(weekday=format_weekday(day), date=written)


def format_duration(seconds: float) -> str:
    """How long something takes or has taken, in at most six cells.

    ``07:41`` (minutes and seconds) below an hour, ``4h10`` (hours and minutes) below a day, ``3d`` from
    there on; Turkish ``4sa10`` and ``3g``. Each is rounded down, as a clock is. A negative duration
    (two machines' clocks disagree) is shown as ``00:00``.
    """
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60:02}:{whole % 60:02}"
    if whole < 86_400:
        return _conventions.hours.format(h=whole // 3600, m=whole % 3600 // 60)
    return _conventions.days.format(d=whole // 86_400)


def format_ago(seconds: float) -> str:
    """How long ago something was, in a sentence: ``8 s``, from a minute on as `format_duration`."""
    return _("{n} s").format(n=max(0, int(seconds))) if seconds < 60 else format_duration(seconds)
