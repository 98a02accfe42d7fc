"""``wptui hours``: whether the business is open, when it opens next, and today's opening hours."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

import click

from wptui.cli.line import json_option, offline_option
from wptui.i18n import _, format_day, format_time
from wptui.model.errors import UsageError

if TYPE_CHECKING:
    from wptui.model.hours import Calendar


@click.command(help=_("Print whether it is open, when it opens next, and the day's opening hours."))
@click.option("--at", "when", metavar="WHEN", help=_("At another time: 14:00, 2026-12-31 or 2026-12-31T14:00."))
@click.option("--department", metavar="DEPARTMENT", default="", help=_("Whose hours: an id or a name."))
@json_option()
@offline_option()
def hours_command(when: str | None, department: str, as_json: bool, offline: bool) -> int:
    """Print the hours."""
    from wptui.cli import line_find, line_json
    from wptui.cli.line_link import open_line, run
    from wptui.store.deadlines import terms

    async def work() -> int:
        async with open_line(offline=offline) as line:
            whose = line_find.department(line.db, department)
            calendar = terms(line.db).calendar(whose)
            at = line.now if when is None else moment(when, line.now, calendar)
            if as_json:
                line_json.emit(line, department=whose or None, at=at, **facts(calendar, at))
            else:
                for text in sentences(calendar, at, line.now):
                    click.echo(text)
            return 0

    return run(work())


def moment(text: str, now: int, calendar: Calendar) -> int:
    """What `--at` says, by the clock of the business; a date alone is its noon. Raises UsageError."""
    try:
        if len(text) <= 5:
            day = datetime.fromtimestamp(now, calendar.zone)
            read = datetime.combine(day, time.fromisoformat(text.zfill(5)))
        else:
            read = datetime.fromisoformat(text)
            if len(text) <= 10:
                read = read.replace(hour=12)
        return int((read if read.tzinfo else read.replace(tzinfo=calendar.zone)).timestamp())
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            _("{text} is no time").format(text=text), hint=_("For example 14:00, 2026-12-31 or 2026-12-31T14:00")
        ) from None


def facts(calendar: Calendar, at: int) -> dict[str, object]:
    """What `--json` prints; times are Unix seconds."""
    day = calendar.day(at)
    return {
        "open": calendar.is_open(at),
        "always_open": calendar.always,
        "next_opening": calendar.next_opening(at),
        "next_closing": calendar.next_closing(at),
        "closed_for": calendar.closed_for(day),
        "spans": [] if calendar.always else [list(opening) for opening in calendar.openings(day)],
        "timezone": str(calendar.zone),
    }


def sentences(calendar: Calendar, at: int, now: int) -> list[str]:
    """The same in words, a fact a line."""
    if calendar.always:
        return [_("Always open: no opening hours are set.")]
    day = calendar.day(at)
    spans = ", ".join(f"{_clock(calendar, begin)}-{_end(calendar, end)}" for begin, end in calendar.openings(day))
    closing = calendar.next_closing(at)
    if closing is None:
        first = _("Open around the clock.")
    elif calendar.is_open(at):
        first = _("Open until {time}.").format(time=_when(calendar, closing, at))
    else:
        first = _("Closed until {time}.").format(time=_when(calendar, calendar.next_opening(at), at))
    heading = format_day(day, calendar.day(now))
    reason = calendar.closed_for(day)
    if reason is not None:
        spans = _("closed, {reason}").format(reason=reason) if reason else _("closed")
    return [
        first,
        _("{day}: {spans}").format(day=heading, spans=spans or _("closed")),
        _("Time zone {zone}").format(zone=calendar.zone),
    ]


def _clock(calendar: Calendar, ts: int) -> str:
    return format_time(datetime.fromtimestamp(ts, calendar.zone))


def _end(calendar: Calendar, ts: int) -> str:
    """When a span ends; midnight as the day's end, not as the next one's beginning."""
    moment = datetime.fromtimestamp(ts, calendar.zone)
    return "24:00" if (moment.hour, moment.minute) == (0, 0) else format_time(moment)


def _when(calendar: Calendar, ts: int, at: int) -> str:
    """A time of day, with its day where that is another."""
    day = calendar.day(ts)
    clock = _clock(calendar, ts)
    return clock if day == calendar.day(at) else f"{format_day(day, calendar.day(at))}, {clock}"
