"""`wptui hours`: what it says, of whom, and at what time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.store.story import Story
from wptui import i18n
from wptui.cli import hours, line_find
from wptui.model import events as ev
from wptui.model.errors import UsageError
from wptui.store.deadlines import terms

ISTANBUL = ZoneInfo("Europe/Istanbul")
DOCUMENT = """
holidays = "TR"
[week]
mon = ["09:00-12:30", "13:30-18:00"]
tue = ["09:00-18:00"]
fri = ["22:00-02:00"]
[closed]
2026-11-30 = "Inventory"
[department.destek]
closed = {}
holidays = ""
[department.destek.week]
mon = ["00:00-24:00"]
tue = ["00:00-24:00"]
wed = ["00:00-24:00"]
thu = ["00:00-24:00"]
fri = ["00:00-24:00"]
sat = ["00:00-24:00"]
sun = ["00:00-24:00"]
"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ISTANBUL).timestamp())


NOW = at("2026-11-24 14:32")  # a Tuesday


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Story]:
    i18n.install("en")
    story = Story(tmp_path / "cache.db")
    story.tell(ev.WorkspaceConfigured(name="Kahve", timezone="Europe/Istanbul"))
    story.tell(ev.SettingsSaved(section="hours", text=DOCUMENT))
    story.tell(ev.SettingsSaved(section="departments", text='[destek]\nname = "Müşteri Destek"'))
    story.play()
    yield story
    story.db.close()


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("14:32", ["Open until 18:00.", "Today: 09:00-18:00"]),
        ("8:30", ["Closed until 09:00.", "Today: 09:00-18:00"]),
        ("2026-11-24T18:00", ["Closed until Friday 27 November, 22:00.", "Today: 09:00-18:00"]),
        ("2026-11-27T23:00", ["Open until Saturday 28 November, 02:00.", "Friday 27 November: 22:00-02:00"]),
        ("2026-11-30", ["Closed until Tuesday 1 December, 09:00.", "Monday 30 November: closed, Inventory"]),
        ("2026-12-07T13:00", ["Closed until 13:30.", "Monday 7 December: 09:00-12:30, 13:30-18:00"]),
        ("2026-11-25", ["Closed until Friday 27 November, 22:00.", "Wednesday 25 November: closed"]),
    ],
)
def test_it_says_when_it_opens_or_closes_and_the_days_hours(shop: Story, when: str, said: list[str]) -> None:
    calendar = terms(shop.db).calendar("")
    asked = hours.moment(when, NOW, calendar)
    assert hours.sentences(calendar, asked, NOW) == [*said, "Time zone Europe/Istanbul"]


def test_a_department_is_found_by_id_or_name(shop: Story) -> None:
    assert line_find.department(shop.db, "müşteri destek") == line_find.department(shop.db, "destek") == "destek"
    calendar = terms(shop.db).calendar("destek")
    assert hours.sentences(calendar, NOW, NOW)[0] == "Open around the clock."
    with pytest.raises(UsageError, match="satis"):
        line_find.department(shop.db, "satis")


def test_without_hours_it_says_so(tmp_path: Path) -> None:
    i18n.install("en")
    calendar = terms(Story(tmp_path / "other.db").db).calendar("")
    assert hours.sentences(calendar, NOW, NOW) == ["Always open: no opening hours are set."]
    assert hours.facts(calendar, NOW) == {
        "open": True, "always_open": True, "next_opening": NOW, "next_closing": None, "closed_for": None, "spans": [],
        "timezone": "UTC",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["25:00", "noon", "2026-02-30", "99999-01-01", ""])
def test_what_is_no_time_is_told(shop: Story, text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        hours.moment(text, NOW, terms(shop.db).calendar(""))


def test_programs_get_seconds(shop: Story) -> None:
    found = hours.facts(terms(shop.db).calendar(""), NOW)
    assert found["open"] is True and found["next_closing"] == at("2026-11-24 18:00")
    assert found["spans"] == [[at("2026-11-24 09:00"), at("2026-11-24 18:00")]]


def test_a_day_that_ends_at_midnight_ends_at_24(shop: Story) -> None:
    calendar = terms(shop.db).calendar("destek")
    assert "Today: 00:00-24:00" in hours.sentences(calendar, NOW, NOW)
