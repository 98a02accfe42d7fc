"""The figures of a day, counted by SQL, are those of METRICS.md's definitions asked about each request."""

from __future__ import annotations

import random

import pytest

from tests.store.story import T0, Story
from wptui.metrics.sla import Request, compliance
from wptui.store import people, stats
from wptui.store.deadlines import terms

HOURS = '[week]\nmon = ["09:00-18:00"]\ntue = ["09:00-18:00"]\n\n[department.night]\nweek = {}\n'
SLA = """
[a]
department = ["satis"]
first_response = "5m"
time = "calendar"

[b]
priority = ["high"]
resolution = "1h"
"""


@pytest.mark.parametrize("hours", ["", HOURS])
@pytest.mark.parametrize("sla", ["", SLA])
@pytest.mark.parametrize("seed", range(4))
def test_the_promises_of_a_day_are_counted_as_each_clock_says(story: Story, hours: str, sla: str, seed: int) -> None:
    rng = random.Random(seed)
    for section, text in (("hours", hours), ("sla", sla)):
        story.db.execute("INSERT INTO settings VALUES (?, '', ?, 0, '', 1)", (section, text))
    for n in range(150):
        opened = T0 - rng.randrange(200_000)
        story.db.execute(
            "INSERT INTO requests (id, conversation, opened_at, first_response_at, resolved_at, department, priority, "
            "campaign) VALUES (?, 'k', ?, ?, ?, ?, ?, ?)",
            (f"k-{n}", opened, opened + rng.randrange(3000) if rng.random() < 0.5 else None,
             opened + rng.randrange(90_000) if rng.random() < 0.4 else None,
             rng.choice(["", "satis", "night"]), rng.randrange(4), rng.choice(["", "KIŞ24"])),
        )  # fmt: skip
    start = T0 - 150_000
    promised = terms(story.db)
    requests = [
        Request(*row)
        for row in story.db.execute(f"SELECT {', '.join(Request._fields)} FROM requests WHERE opened_at >= ?", (start,))
    ]
    figures = stats.day_figures(story.db, start, T0 + 1, T0)
    assert figures.sla == compliance(promised.first_response(each, T0) for each in requests)
    assert figures.opened == len(requests)
    assert figures.still_waiting == sum(r.first_response_at is None and r.resolved_at is None for r in requests)


def test_who_is_looked_for_is_found_by_every_name_and_the_end_of_the_number(story: Story) -> None:
    story.customer("k1", name="Işıl Çağlar", phone="+905551234567")
    story.customer("k2", name="Veli", phone="+905550000002")
    story.play()
    for wanted in ("isil", "caglar işıl", "1234567", "0555 123 45 67", "+905551234567"):
        assert [each.id for each in people.find(story.db, wanted)] == ["c-k1"], wanted
    assert people.find(story.db, "nobody") == people.find(story.db, "%") == people.find(story.db, "") == []
