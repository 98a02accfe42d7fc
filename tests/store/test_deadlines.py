"""When a conversation is due: told in events, equal at the relay and in every cache, whatever order things come in."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.store import bundles, fold, inbox
from wptui.store.database import bulk_load, open_database, set_meta, transaction
from wptui.store.deadlines import recompute
from wptui.store.inbox import InboxQuery, Sort, View

AGENT = "agent:a1"
HOUR = 3600
WEEKDAYS = "\n".join(f'{day} = ["09:00-18:00"]' for day in ("mon", "tue", "wed", "thu", "fri"))
HOURS = f'timezone = "Europe/Istanbul"\n[week]\n{WEEKDAYS}\n'
SLA = """
[vip]
priority = ["urgent"]
first_response = "2m"
next_response = "3m"
resolution = "1h"
time = "calendar"

[kampanya]
campaign = ["kış24"]
first_response = "5m"

[iade]
department = ["iade"]
first_response = "1h"
resolution = "8h"
"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Istanbul")).timestamp())


@pytest.fixture
def shop(story: Story) -> Story:
    story.customer("k1")
    return story


def due(shop: Story, id: str = "k1") -> tuple[int | None, str]:
    shop.play()
    row = shop.row("conversations", id=id)
    return row["due_at"], row["due_what"]


def saved(shop: Story, section: str, text: str) -> None:
    shop.tell(ev.SettingsSaved(section=section, text=text), actor=AGENT)


def test_without_any_settings_an_answer_is_due_within_ten_minutes(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    assert due(shop) == (T0 + 600, "first")
    shop.answers("k1", "o1", ts=T0 + 60)
    assert due(shop) == (None, "")
    shop.writes("k1", "m2", ts=T0 + 120)
    assert due(shop) == (T0 + 720, "next")


def test_a_nudge_does_not_move_it_and_an_automatic_reply_does_not_clear_it(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.writes("k1", "m2", ts=T0 + 300)
    queued = ev.MessageQueued(message="o1", number="n1", kind="text", ts=T0 + 310, automatic=True)
    shop.tell(queued, "k1", actor="rule:welcome", at=T0 + 310)
    shop.tell(ev.MessageAccepted(message="o1", wamid="w1"), "k1", at=T0 + 310)
    shop.tell(ev.ConversationNoted(note="n", text="bakıyorum"), "k1", actor=AGENT, at=T0 + 320)
    assert due(shop) == (T0 + 600, "first")


def test_a_reply_that_fails_restarts_it_at_the_original_start(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 90)
    assert due(shop) == (None, "")
    shop.status("k1", "wamid.o1", "failed", ts=T0 + 95, problems=[ev.Problem(code=131026)])
    assert due(shop) == (T0 + 600, "first")


def test_resolving_clears_it_and_taking_that_back_brings_it_again(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 + 60)
    assert due(shop) == (None, "")
    shop.tell(ev.ConversationReopened(), "k1", actor=AGENT, at=T0 + 90)
    assert due(shop) == (T0 + 600, "first")


def test_a_customer_who_comes_back_to_an_answered_request_waits_for_the_next_response(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 60)
    shop.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 + 120)
    shop.writes("k1", "m2", ts=T0 + 2 * HOUR)
    assert due(shop) == (T0 + 2 * HOUR + 600, "next")


def test_who_writes_outside_the_hours_is_due_after_the_next_opening(shop: Story) -> None:
    saved(shop, "hours", HOURS)
    shop.writes("k1", "m1", ts=at("2026-11-20 22:00"))  # a Friday
    assert due(shop) == (at("2026-11-23 09:10"), "first")


def test_the_policy_follows_priority_campaign_and_department(shop: Story) -> None:
    saved(shop, "sla", SLA)
    shop.writes("k1", "m1", ts=T0)
    assert due(shop) == (T0 + 600, "first"), "none fits: the workspace's target"
    shop.tell(ev.ConversationMoved(department="iade"), "k1", actor=AGENT)
    assert due(shop) == (T0 + HOUR, "first")
    shop.tell(ev.ConversationTagged(campaign="KIŞ24", how="code"), "k1")
    assert due(shop) == (T0 + 300, "first")
    shop.tell(ev.ConversationPrioritised(priority=3), "k1", actor=AGENT)
    assert due(shop) == (T0 + 120, "first")


def test_snoozing_stops_no_clock_and_the_resolution_is_promised_once(shop: Story) -> None:
    saved(shop, "sla", SLA)
    shop.tell(ev.ConversationMoved(department="iade"), "k1", actor=AGENT)
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 60)
    assert due(shop) == (T0 + 8 * HOUR, "resolution")
    shop.tell(ev.ConversationSnoozed(until=T0 + 24 * HOUR), "k1", actor=AGENT, at=T0 + 120)
    assert due(shop) == (T0 + 8 * HOUR, "resolution")
    shop.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 + HOUR)
    shop.tell(ev.ConversationReopened(), "k1", actor=AGENT, at=T0 + 2 * HOUR)
    assert due(shop) == (None, ""), "resolved for the first time: met"


def test_an_open_request_is_where_its_conversation_is_and_a_resolved_one_stays(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationMoved(department="iade"), "k1", actor=AGENT)
    shop.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 + 60)
    shop.tell(ev.ConversationMoved(department="satis"), "k1", actor=AGENT)
    shop.tell(ev.ConversationPrioritised(priority=3), "k1", actor=AGENT)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["department"], request["priority"]) == ("iade", 1)
    shop.writes("k1", "m2", ts=T0 + 3600)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["department"], request["priority"]) == ("satis", 3)


def test_saving_settings_moves_every_running_clock_and_tells_which(shop: Story) -> None:
    for n in (2, 3):
        shop.customer(f"k{n}", phone=f"+90555000000{n}")
    for n in (1, 2, 3):
        shop.writes(f"k{n}", f"m{n}", ts=T0)
    shop.answers("k3", "o3", ts=T0 + 60)
    shop.play()
    shop.tell(ev.WorkspaceConfigured(name="Kahve", first_response_target=300))
    assert shop.play().conversations == {"k1", "k2"}
    assert [due(shop, id)[0] for id in ("k1", "k2", "k3")] == [T0 + 300, T0 + 300, None]
    saved(shop, "sla", '[all]\nfirst_response = "2m"\nresolution = "4h"')
    assert shop.play().conversations == {"k1", "k2", "k3"}
    assert [due(shop, id) for id in ("k1", "k3")] == [(T0 + 120, "first"), (T0 + 4 * HOUR, "resolution")]
    saved(shop, "labels", "")
    assert shop.play().conversations == set()


def test_late_due_and_the_soonest(shop: Story) -> None:
    for n, since in ((2, 700), (3, 550), (4, 0)):
        shop.customer(f"k{n}", phone=f"+90555000000{n}")
        shop.writes(f"k{n}", f"m{n}", ts=T0 - since)
    shop.writes("k1", "m1", ts=T0 - 100)
    shop.answers("k1", "o1", ts=T0 - 90)
    shop.play()

    def ids(**query: Any) -> list[str]:
        return [row.id for row in inbox.window(shop.db, InboxQuery(now=T0, me="a1", **query), 0, 10)]

    assert ids(view=View.LATE) == ["k2"] and inbox.counters(shop.db, "a1", T0).late == 1
    assert ids(sort=Sort.DUE) == ["k2", "k3", "k4", "k1"]
    assert inbox.counters(shop.db, "a1", T0 + 50).late == 2, "at its deadline it is late"


def test_the_most_urgent_is_by_priority_then_deadline_among_what_one_may_take(shop: Story) -> None:
    places = {"k2": "satis", "k3": "iade", "k4": "", "k5": "satis"}
    for id, department in places.items():
        shop.customer(id, phone=f"+9055500000{id}")
        shop.tell(ev.ConversationMoved(department=department), id, actor=AGENT)
        shop.writes(id, f"m{id}", ts=T0 + int(id[1]))
    shop.tell(ev.ConversationPrioritised(priority=3), "k5", actor=AGENT)
    saved(shop, "sla", '[iade]\ndepartment = ["iade"]\nfirst_response = "1m"')
    shop.play()
    assert inbox.most_urgent(shop.db, "a1") == "k5"
    shop.tell(ev.ConversationAssigned(agent="a2"), "k5", actor="agent:a2")
    shop.play()
    assert inbox.most_urgent(shop.db, "a2") == "k5", "one's own"
    assert inbox.most_urgent(shop.db, "a1") == "k3", "due first, though others wait longer"
    assert inbox.most_urgent(shop.db, "a1", {"satis"}) == "k2"
    assert inbox.most_urgent(shop.db, "a1", {"kargo"}) == "k4", "the common queue is everybody's"
    for id in ("k3", "k2", "k4"):
        shop.tell(ev.ConversationSnoozed(until=T0 + HOUR), id, actor=AGENT)
    shop.play()
    assert inbox.most_urgent(shop.db, "a1") is None


ACTS = "writes writes writes answers fails resolve reopen snooze move priority tag sla hours target".split()
DAYS = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 3), st.integers(0, 2)), min_size=4, max_size=25)


def live(story: Story, day: list[tuple[str, int, int]]) -> None:
    """What happens to three customers; the third number chooses among variants."""
    for n in (1, 2, 3):
        story.customer(f"k{n}", phone=f"+90555000000{n}")
    for number, (what, who, how) in enumerate(day):
        k, moment, id = f"k{who}", T0 + number * 200 - how * 250, f"x{number}"
        if what == "writes":
            story.writes(k, id, ts=moment)
        elif what == "answers":
            story.answers(k, id, ts=moment)
        elif what == "fails":
            story.status(k, f"wamid.x{max(0, number - 1 - how)}", "failed", ts=moment)
        elif what in ("sla", "hours"):
            saved(story, what, {"sla": (SLA, "", "[broken"), "hours": (HOURS, "", HOURS + "sat = ['x']")}[what][how])
        elif what == "target":
            story.tell(ev.WorkspaceConfigured(name="x", first_response_target=60 * (how + 1), timezone="Asia/Tokyo"))
        else:
            data: dict[str, ev.Data] = {
                "resolve": ev.ConversationResolved(),
                "reopen": ev.ConversationReopened(),
                "snooze": ev.ConversationSnoozed(until=moment + 900),
                "move": ev.ConversationMoved(department=("", "iade", "satis")[how]),
                "priority": ev.ConversationPrioritised(priority=how + 1),
                "tag": ev.ConversationTagged(campaign=("X", "KIŞ24", None)[how], how="hand"),
            }
            story.tell(data[what], k, actor=AGENT, at=moment)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(day=DAYS, seed=st.integers(0, 999))
def test_relay_and_cache_agree_on_every_deadline(
    tmp_path_factory: pytest.TempPathFactory, day: list[tuple[str, int, int]], seed: int
) -> None:
    folder: Path = tmp_path_factory.mktemp("due")
    story = Story(folder / "relay.db")
    live(story, day)
    chance = random.Random(seed)
    reached = start = chance.randrange(len(story.events) + 1)
    with transaction(story.db):
        fold.apply(story.db, story.events[:reached])
    cache = open_database(folder / "cache.db")
    with bulk_load(cache):
        for bundle in bundles.snapshot(story.db, size=1):
            with transaction(cache):
                bundles.apply_bundle(cache, bundle)
            more = reached + chance.randrange(4)  # the log goes on under the snapshot
            with transaction(story.db):
                fold.apply(story.db, story.events[reached:more])
            reached = more
    with transaction(story.db):
        fold.apply(story.db, story.events[reached:])
    with transaction(cache):
        set_meta(cache, "cursor", start)
    rest = story.events[start:]
    while rest:  # in runs of any length
        some = chance.randrange(1, 5)
        with transaction(cache):
            fold.apply(cache, rest[:some])
        rest = rest[some:]
    columns = "SELECT id, due_at, due_what, due_key, priority_key, waiting_since FROM conversations ORDER BY id"
    assert cache.execute(columns).fetchall() == story.db.execute(columns).fetchall()
    clocks = "SELECT id, department, priority, waiting_since, resolved_at FROM requests ORDER BY id"
    assert cache.execute(clocks).fetchall() == story.db.execute(clocks).fetchall()
    with transaction(story.db):
        assert recompute(story.db) == set(), "computed again from the rows, nothing moves"
    story.db.close()
    cache.close()
