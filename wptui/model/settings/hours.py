"""Section `hours`: when the business, or one of its departments, is open.

timezone = "Europe/Istanbul"
holidays = "TR"

[week]                       # the whole business
mon = ["09:00-18:00"]
sat = ["10:00-14:00"]

[closed]
2026-12-31 = "Inventory"

[department.satis.week]      # a department that differs
mon = ["09:00-20:00"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from wptui.model.settings.base import Entry, SettingsError
from wptui.model.words import N_

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Week(Entry):
    """Opening hours by weekday: spans like `09:00-18:00`, in order; a day without any is closed."""

    mon: list[str] = []
    tue: list[str] = []
    wed: list[str] = []
    thu: list[str] = []
    fri: list[str] = []
    sat: list[str] = []
    sun: list[str] = []


class DepartmentHours(Entry):
    """What a department has of its own; None takes the business's."""

    week: Week | None = None
    holidays: str | None = None
    closed: dict[str, str] | None = None


class Hours(Entry):
    """The document. Without a `week` the business is always open, and business time is calendar time."""

    timezone: str = ""
    """IANA name; "" for the workspace's."""
    holidays: str = ""
    """Country (and subdivision, `DE-BY`) whose public holidays are closed; "" for none."""
    week: Week | None = None
    closed: dict[str, str] = {}
    """Further closed days, ISO date → why."""
    department: dict[str, DepartmentHours] = {}


_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-4]):([0-5]\d)")
_HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,4})?")


def span(text: str) -> tuple[int, int]:
    """`09:00-18:00` as minutes of the day; one that ends after midnight ends past 1440. Raises ValueError."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    begin, end = (int(found[place]) * 60 + int(found[place + 1]) for place in (1, 3))
    if begin >= 1440 or end > 1440 or begin == end:
        raise ValueError(text)
    return begin, end if end > begin else end + 1440


def check(hours: Hours) -> Iterator[SettingsError]:
    """What the types alone allow: times, zones, holidays and dates that there are not."""
    if hours.timezone and not _zone_exists(hours.timezone):
        sentence = N_('"{zone}" is no time zone; write one such as Europe/Istanbul')
        yield SettingsError(sentence, {"zone": hours.timezone}, path=("timezone",))
    yield from _check_days(hours, ())
    for id, own in hours.department.items():
        yield from _check_days(own, ("department", id))


def _check_days(hours: Hours | DepartmentHours, path: tuple[str, ...]) -> Iterator[SettingsError]:
    if hours.week is not None:
        yield from _check_week(hours.week, (*path, "week"))
    for day in hours.closed or {}:
        try:
            date.fromisoformat(day)
        except ValueError:
            sentence = N_('"{date}" is no date; write one such as 2026-12-31')
            yield SettingsError(sentence, {"date": day}, path=(*path, "closed", day))
    if hours.holidays:
        yield from _check_holidays(hours.holidays, (*path, "holidays"))


def _check_week(week: Week, path: tuple[str, ...]) -> Iterator[SettingsError]:
    if not any(getattr(week, day) for day in DAYS):
        yield SettingsError(N_("no day has opening hours; leave the week out to be always open"), path=path)
    for day in DAYS:
        end = 0
        for place, text in enumerate(getattr(week, day)):
            try:
                begin, until = span(text)
            except ValueError:
                sentence = N_('"{span}" is no opening time; write one such as 09:00-18:00')
                yield SettingsError(sentence, {"span": text}, path=(*path, day, place))
                continue
            if begin < end:
                sentence = N_('"{span}" begins before the opening time in front of it ends')
                yield SettingsError(sentence, {"span": text}, path=(*path, day, place))
            end = until


def _check_holidays(code: str, path: tuple[str, ...]) -> Iterator[SettingsError]:
    from wptui.model.holidays import of_year  # 50 ms, which only who has set a country pays

    try:
        if not _HOLIDAYS.fullmatch(code):
            raise ValueError(code)
        of_year(code, 2026)
    except ValueError:
        sentence = N_('no public holidays are known for "{code}"; write a country such as TR, or a part of it as DE-BY')
        yield SettingsError(sentence, {"code": code}, path=path)


def _zone_exists(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
