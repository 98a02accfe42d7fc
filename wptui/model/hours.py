"""When a department is open: business time, deadlines in it, the next opening.

A calendar answers in Unix seconds and counts in real ones: on the day the clocks go forward an opening of 01:00-04:00
has two hours, on the day they go back four.

- A span belongs to the day it begins on. On a closed day (a public holiday, or one of the `closed` dates) no span
  begins; the night shift of the evening before ends when it always does.
- A time of day stands for the first moment at which the clock shows it or something later. So one that the clock
  shows twice is meant the first time, and one that it skips is the moment of the change.
- Without a week it is always open, and business time is calendar time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from wptui.model.settings.hours import DAYS, Hours, Week, span

_DAY = timedelta(days=1)
_KEPT = 4096
"""Days of which a calendar remembers the openings."""
_FOREVER = 366 * 86400
_HORIZON = 3 * _FOREVER


class Opening(NamedTuple):
    """Open from `begin` up to, not including, `end`; Unix seconds."""

    begin: int
    end: int


class Calendar:
    """The opening hours of a department, or of the whole business."""

    def __init__(self, week: Week | None, zone: tzinfo, holidays: str = "", closed: dict[str, str] | None = None):
        self.zone = zone
        self._spans = [[span(text) for text in getattr(week, day)] for day in DAYS] if week is not None else []
        self._holidays = holidays
        self._closed = {date.fromisoformat(day): why for day, why in (closed or {}).items()}
        self._days: dict[date, tuple[Opening, ...]] = {}

    @property
    def always(self) -> bool:
        """Whether it never closes: no hours are set."""
        return not any(self._spans)

    def day(self, ts: int) -> date:
        """The day that `ts` lies in, where the business is."""
        return datetime.fromtimestamp(ts, self.zone).date()

    def closed_for(self, day: date) -> str | None:
        """Why a whole day is closed: the name of the holiday or what was written; None where it is a day like others.

        A day without hours in the week is not closed for a reason, it has just no openings.
        """
        if self.always:
            return None
        if day in self._closed:
            return self._closed[day]
        if self._holidays:
            from wptui.model.holidays import of_year

            return of_year(self._holidays, day.year).get(day)
        return None

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The spans that begin on `day`, in order. Of a calendar without hours: the whole day."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _KEPT:
                self._days.clear()
            known = self._days[day] = self._read(day)
        return known

    def _read(self, day: date) -> tuple[Opening, ...]:
        spans = [(0, 1440)] if self.always else self._spans[day.weekday()]
        if not spans or self.closed_for(day) is not None:
            return ()
        found = (Opening(self._moment(day, begin), self._moment(day, end)) for begin, end in spans)
        return tuple(opening for opening in found if opening.begin < opening.end)

    def _moment(self, day: date, minutes: int) -> int:
        """The first moment at which the clock shows so many minutes of `day`, or something later."""
        wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)
        ts = int(wanted.replace(tzinfo=self.zone).timestamp())
        if self._clock(ts) == wanted:
            return ts
        # The clock skips it. By the offset after the change it lies before the change, and the other way round.
        before, after = int(wanted.replace(tzinfo=self.zone, fold=1).timestamp()), ts
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (before, middle) if self._clock(middle) >= wanted else (middle, after)
        return after

    def _clock(self, ts: int) -> datetime:
        return datetime.fromtimestamp(ts, self.zone).replace(tzinfo=None)

    def _from(self, ts: int) -> Iterator[Opening]:
        """Openings that end after `ts`, in order, without end; no moment stands in two of them."""
        reached = ts
        first = self.day(ts) - _DAY  # whose night shift may run on
        for number in count():
            for begin, end in self.openings(first + number * _DAY):
                if end > reached:
                    yield Opening(max(begin, reached), end)
                    reached = end

    def is_open(self, ts: int) -> bool:
        """Whether it is open at `ts`."""
        return self.always or next(self._from(ts)).begin <= ts

    def next_opening(self, ts: int) -> int:
        """The first moment from `ts` on at which it is open; `ts` itself where it is."""
        return ts if self.always else next(self._from(ts)).begin

    def next_closing(self, ts: int) -> int | None:
        """The first moment from `ts` on at which it is closed; None where that is more than a year away."""
        if self.always:
            return None
        if not self.is_open(ts):
            return ts
        end = ts
        for opening in self._from(ts):
            if opening.begin > end:
                return end
            if opening.end - ts > _FOREVER:
                break
            end = opening.end
        return None

    def business_seconds(self, start: int, end: int) -> int:
        """Open seconds from `start` to `end`; 0 if `end` is not later."""
        if self.always or end <= start:
            return max(0, end - start)
        total = 0
        for opening in self._from(start):
            if opening.begin >= end:
                break
            total += min(opening.end, end) - opening.begin
        return total

    def add(self, ts: int, seconds: int) -> int:
        """The deadline of something that may take `seconds` of business time from `ts` on.

        Asked outside the hours, they begin at the next opening. What ends with the last second before closing is due
        at the closing, not at the next opening. What would be due in more than three years, because it is hardly ever
        open, is due in three years.
        """
        if self.always:
            return ts + seconds
        left = seconds
        for opening in self._from(ts):
            if opening.begin - ts > _HORIZON:
                break
            if left <= opening.end - opening.begin:
                return opening.begin + left
            left -= opening.end - opening.begin
        return ts + _HORIZON


def calendar(hours: Hours, department: str = "", timezone: str = "") -> Calendar:
    """The calendar of a department by the settings; `timezone` is the workspace's, where the hours name none.

    Neither depends on where it is asked: without any time zone it is UTC, not the machine's own.
    """
    own = hours.department.get(department)
    week, holidays, closed = hours.week, hours.holidays, hours.closed
    if own is not None:
        week = week if own.week is None else own.week
        holidays = holidays if own.holidays is None else own.holidays
        closed = closed if own.closed is None else own.closed
    return Calendar(week, _zone(hours.timezone or timezone), holidays, closed)


@lru_cache(maxsize=32)
def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
