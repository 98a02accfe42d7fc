"""Opening hours: a table of traps, and a slow reference that looks at the clock minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wptui.model import settings as documents
from wptui.model.hours import Calendar, calendar
from wptui.model.settings.base import SettingsError
from wptui.model.settings.hours import DAYS, Hours, Week, span

BERLIN, NEW_YORK, ISTANBUL = "Europe/Berlin", "America/New_York", "Europe/Istanbul"


def at(zone: str, text: str, *, fold: int = 0) -> int:
    """Unix seconds of a local time like `2026-03-29 01:30`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def daily(*spans: str, zone: str, holidays: str = "", closed: dict[str, str] | None = None) -> Calendar:
    """Open the same every day."""
    week = Week(**{day: list(spans) for day in DAYS})
    return calendar(Hours(timezone=zone, week=week, holidays=holidays, closed=closed or {}))


HOUR = 3600


@pytest.mark.parametrize(
    ("zone", "spans", "start", "end", "hours"),
    [
        # The clocks go forward: 02:00 → 03:00 in Berlin on 29 March 2026, in New York on 8 March.
        (BERLIN, ["01:00-04:00"], "2026-03-29 00:00", "2026-03-29 12:00", 2),
        (BERLIN, ["00:00-24:00"], "2026-03-29 00:00", "2026-03-30 00:00", 23),
        (BERLIN, ["02:30-05:00"], "2026-03-29 00:00", "2026-03-29 12:00", 2),
        (BERLIN, ["02:00-03:00"], "2026-03-29 00:00", "2026-03-29 12:00", 0),
        (BERLIN, ["02:15-02:45"], "2026-03-29 00:00", "2026-03-29 12:00", 0),
        (NEW_YORK, ["22:00-06:00"], "2026-03-07 12:00", "2026-03-08 12:00", 7),
        # … and back: 03:00 → 02:00 in Berlin on 25 October 2026, 02:00 → 01:00 in New York on 1 November.
        (BERLIN, ["01:00-04:00"], "2026-10-25 00:00", "2026-10-25 12:00", 4),
        (BERLIN, ["00:00-24:00"], "2026-10-25 00:00", "2026-10-26 00:00", 25),
        (BERLIN, ["02:30-03:30"], "2026-10-25 00:00", "2026-10-25 12:00", 2),
        (BERLIN, ["00:00-02:30"], "2026-10-25 00:00", "2026-10-25 12:00", 2.5),
        (NEW_YORK, ["22:00-06:00"], "2026-10-31 12:00", "2026-11-01 12:00", 9),
        # Turkey has changed no clock since 2016.
        (ISTANBUL, ["01:00-04:00"], "2026-03-29 00:00", "2026-03-29 12:00", 3),
        (ISTANBUL, ["00:00-24:00"], "2026-10-25 00:00", "2026-10-26 00:00", 24),
        # Over midnight, on a leap day, at the turn of the year.
        (ISTANBUL, ["22:00-02:00"], "2026-05-04 23:00", "2026-05-05 23:00", 4),
        (ISTANBUL, ["09:00-12:00", "13:00-18:00"], "2028-02-28 17:00", "2028-03-01 10:00", 10),
        (ISTANBUL, ["20:00-04:00"], "2026-12-31 00:00", "2027-01-01 12:00", 12),
        # Night shifts that run into the next day's opening count once.
        (ISTANBUL, ["00:00-04:00", "22:00-02:00"], "2026-05-04 12:00", "2026-05-05 12:00", 6),
        (ISTANBUL, ["09:00-18:00"], "2026-05-04 10:00", "2026-05-04 09:00", 0),
    ],
)
def test_business_time_of_traps(zone: str, spans: list[str], start: str, end: str, hours: float) -> None:
    open_hours = daily(*spans, zone=zone)
    begin = at(zone, start)
    assert open_hours.business_seconds(begin, at(zone, end)) == hours * HOUR
    if hours:
        assert open_hours.business_seconds(begin, open_hours.add(begin, int(hours * HOUR))) == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "spans", "asked", "seconds", "due"),
    [
        (ISTANBUL, ["09:00-18:00"], "2026-05-04 17:55", 600, "2026-05-05 09:05"),
        (ISTANBUL, ["09:00-18:00"], "2026-05-04 17:50", 600, "2026-05-04 18:00"),
        (ISTANBUL, ["09:00-18:00"], "2026-05-04 03:00", 600, "2026-05-04 09:10"),
        (ISTANBUL, ["22:00-02:00"], "2026-05-05 01:59", 600, "2026-05-05 22:09"),
        (BERLIN, ["22:00-06:00"], "2026-03-28 22:00", 7 * HOUR, "2026-03-29 06:00"),
        (BERLIN, ["02:00-03:00"], "2026-03-28 02:30", HOUR, "2026-03-30 02:30"),
    ],
)
def test_deadlines(zone: str, spans: list[str], asked: str, seconds: int, due: str) -> None:
    assert daily(*spans, zone=zone).add(at(zone, asked), seconds) == at(zone, due)


def test_who_is_hardly_ever_open_does_not_make_everybody_wait_for_a_deadline() -> None:
    shop = calendar(Hours(week=Week(sun=["00:00-00:01"])))
    assert shop.add(0, 90 * 86400) == 3 * 366 * 86400


def test_without_hours_business_time_is_calendar_time_and_never_nothing() -> None:
    always = calendar(Hours(holidays="TR", closed={"2026-05-04": "x"}), "satis", ISTANBUL)
    assert always.always
    for ts in (0, at(ISTANBUL, "2026-05-04 12:00")):
        assert always.is_open(ts) and always.next_opening(ts) == ts and always.next_closing(ts) is None
        assert (always.business_seconds(ts, ts + 90), always.add(ts, 90)) == (90, ts + 90)


def test_around_the_clock_never_closes() -> None:
    assert daily("00:00-24:00", zone=BERLIN).next_closing(at(BERLIN, "2026-03-01 12:00")) is None
    assert daily("09:00-24:00", zone=BERLIN).next_closing(at(BERLIN, "2026-03-01 12:00")) == at(
        BERLIN, "2026-03-02 00:00"
    )


def test_public_holidays_and_closed_days_have_no_openings() -> None:
    shop = daily("09:00-18:00", zone=ISTANBUL, holidays="TR", closed={"2026-12-31": "Sayım"})
    republic = at(ISTANBUL, "2026-10-29 12:00")
    assert not shop.is_open(republic) and shop.closed_for(date(2026, 10, 29))
    assert shop.next_opening(republic) == at(ISTANBUL, "2026-10-30 09:00")
    assert shop.closed_for(date(2026, 12, 31)) == "Sayım" and shop.closed_for(date(2026, 12, 30)) is None
    # Inventory, then New Year: two days in a row.
    assert shop.add(at(ISTANBUL, "2026-12-30 17:59"), 120) == at(ISTANBUL, "2027-01-02 09:01")


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert daily("09:00-18:00", zone=BERLIN, holidays="DE-BY").closed_for(epiphany)
    assert daily("09:00-18:00", zone=BERLIN, holidays="DE").closed_for(epiphany) is None


def test_the_night_before_a_holiday_ends_as_always() -> None:
    bar = daily("22:00-02:00", zone=ISTANBUL, closed={"2026-05-05": "x"})
    assert bar.is_open(at(ISTANBUL, "2026-05-05 01:00"))
    assert not bar.is_open(at(ISTANBUL, "2026-05-05 22:30")) and not bar.is_open(at(ISTANBUL, "2026-05-06 01:00"))


DOCUMENT = """
timezone = "Europe/Istanbul"
holidays = "TR"
[week]
mon = ["09:00-18:00"]
[closed]
2026-05-04 = "Sayım"
[department.satis.week]
mon = ["09:00-20:00"]
[department.destek]
closed = {}
holidays = ""
"""


def test_a_department_takes_what_it_does_not_say_from_the_business() -> None:
    hours = documents.parse("hours", DOCUMENT)
    evening = at(ISTANBUL, "2026-05-11 19:00")
    assert calendar(hours, "satis").is_open(evening)
    assert not calendar(hours, "kargo").is_open(evening) and not calendar(hours).is_open(evening)
    closed = date(2026, 5, 4)
    assert (
        calendar(hours, "satis").closed_for(closed) == "Sayım" and calendar(hours, "destek").closed_for(closed) is None
    )


def test_the_zone_is_the_workspaces_and_never_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    week = Week(mon=["09:00-18:00"])
    assert calendar(Hours(week=week), timezone=ISTANBUL).zone == ZoneInfo(ISTANBUL)
    assert calendar(Hours(week=week)).zone is UTC


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('timezone = "Europe/Konstantinopel"', ("timezone",)),
        ('timezone = "../../etc/passwd"', ("timezone",)),
        ('timezone = "Europe"', ("timezone",)),
        ('holidays = "XX"', ("holidays",)),
        ('holidays = "DE-ZZ"', ("holidays",)),
        ('holidays = "tr"', ("holidays",)),
        ("[week]", ("week",)),
        ('[week]\nmon = ["9-18"]', ("week", "mon", 0)),
        ('[week]\nmon = ["09:00-12:00", "11:00-18:00"]', ("week", "mon", 1)),
        ('[week]\nmon = ["24:00-25:00"]', ("week", "mon", 0)),
        ('[week]\nmon = ["09:00-09:00"]', ("week", "mon", 0)),
        ('[closed]\n2026-02-29 = "x"', ("closed", "2026-02-29")),
        ('[department.satis.week]\nsun = ["x"]', ("department", "satis", "week", "sun", 0)),
        ('[department.satis]\nholidays = "Q"', ("department", "satis", "holidays")),
    ],
)
def test_what_cannot_be_is_refused_by_its_key(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(SettingsError) as refused:
        documents.parse("hours", text)
    assert refused.value.path == path and refused.value.line >= 1


SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda span: span[0] != span[1])
WEEKS = st.builds(
    lambda days: Week(**dict(zip(DAYS, days, strict=True))),
    st.lists(
        st.lists(SPANS, max_size=1).map(
            lambda spans: [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in spans]
        ),
        min_size=7,
        max_size=7,
    ).filter(any),
)
NEAR_CHANGES = st.sampled_from(
    [
        (BERLIN, "2026-03-28 00:00"),
        (BERLIN, "2026-10-24 00:00"),
        (NEW_YORK, "2026-03-07 00:00"),
        (NEW_YORK, "2026-10-31 00:00"),
        (ISTANBUL, "2028-02-28 00:00"),
        ("Africa/Cairo", "2026-04-23 00:00"),  # the clock skips midnight
        ("Australia/Lord_Howe", "2026-04-04 00:00"),  # half an hour
    ]
)


def minutes_open(week: Week, zone: ZoneInfo, start: int, end: int, closed: date) -> list[bool]:
    """For each minute from `start` to `end` whether it is open, by looking at the clock from two days before on.

    A door opens at the minute whose clock first reads its time or later, and shuts likewise.
    """
    doors: list[tuple[datetime, datetime]] = []
    day = datetime.fromtimestamp(start, zone).date() - timedelta(days=2)
    for _n in range(3 + (end - start) // 86400 + 2):
        if day != closed:
            for text in getattr(week, DAYS[day.weekday()]):
                begin, until = span(text)
                midnight = datetime(day.year, day.month, day.day)
                doors.append((midnight + timedelta(minutes=begin), midnight + timedelta(minutes=until)))
        day += timedelta(days=1)
    found = []
    opened, shut = set[int](), set[int]()
    for ts in range(start - 3 * 86400, end, 60):
        clock = datetime.fromtimestamp(ts, zone).replace(tzinfo=None)
        for number, (begin_at, end_at) in enumerate(doors):
            if clock >= begin_at:
                opened.add(number)
            if clock >= end_at:
                shut.add(number)
        if ts >= start:
            found.append(bool(opened - shut))
    return found


@settings(max_examples=25, deadline=None)
@given(WEEKS, NEAR_CHANGES, st.integers(0, 2 * 1440), st.integers(0, 1440), st.booleans())
def test_it_agrees_with_a_look_at_the_clock_every_minute(
    week: Week, place: tuple[str, str], late: int, long: int, close: bool
) -> None:
    zone, text = place
    start = at(zone, text) + late * 60
    end = start + long * 60
    closed = date.fromisoformat(text[:10]) + timedelta(days=1) if close else date(1999, 1, 1)
    shop = calendar(Hours(timezone=zone, week=week, closed={str(closed): "x"}))
    wanted = minutes_open(week, ZoneInfo(zone), start, end, closed)
    assert [shop.is_open(start + 60 * n) for n in range(0, len(wanted), 7)] == wanted[::7]
    assert shop.business_seconds(start, end) == 60 * sum(wanted)
    if any(wanted):
        first = wanted.index(True)
        assert shop.next_opening(start) == start + 60 * first
        # The deadline is the earliest moment by which so much business time is over.
        assert shop.add(start, 60 * sum(wanted)) == start + 60 * (len(wanted) - wanted[::-1].index(True))


@settings(deadline=None)
@given(WEEKS, NEAR_CHANGES, st.integers(0, 3 * 86400), st.integers(1, 10 * 86400))
def test_a_deadline_leaves_exactly_the_time_that_was_given(
    week: Week, place: tuple[str, str], late: int, seconds: int
) -> None:
    shop = calendar(Hours(timezone=place[0], week=week))
    start = at(*place) + late
    due = shop.add(start, seconds)
    assume(due - start < 3 * 366 * 86400)
    assert shop.business_seconds(start, due) == seconds
    assert shop.business_seconds(start, due - 1) == seconds - 1
    assert shop.next_opening(due - 1) == due - 1
