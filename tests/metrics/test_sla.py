"""Policies, deadlines and states as METRICS.md defines them, without a store."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.metrics.sla import Clock, Compliance, Request, State, Terms, compliance, state
from wptui.model import settings
from wptui.model.settings.base import SettingsError

HOURS = 'timezone = "Europe/Berlin"\n[week]\n' + "\n".join(
    f'{day} = ["09:00-18:00"]' for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
)
SLA = """
[vip]
priority = ["urgent", "high"]
first_response = "5m"
time = "calendar"

[ads]
campaign = ["#KIŞ24"]
department = ["satis"]
next_response = "20m"

[rest]
first_response = "30m"
resolution = "8h"
"""


def terms(sla: str = SLA, hours: str = HOURS) -> Terms:
    return Terms(settings.parse("sla", sla), settings.parse("hours", hours), "", 600)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp())


def asked(opened: int, **more: object) -> Request:
    known = {
        "department": "", "priority": 1, "campaign": "", "opened_at": opened, "first_response_at": None,
        "waiting_since": opened, "resolved_at": None, "first_resolved_at": None,
    }  # fmt: skip
    return Request(**(known | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("department", "priority", "campaign", "first"),
    [
        ("", 1, "", 1800),
        ("satis", 1, "", 1800),
        ("satis", 2, "", 300),
        ("satis", 3, "KIŞ24", 300),  # the first in the document, not the closest
        ("satis", 1, "kış24", None),
        ("iade", 1, "kış24", 1800),
    ],
)
def test_the_first_policy_that_fits_counts(department: str, priority: int, campaign: str, first: int | None) -> None:
    assert terms().policy(department, priority, campaign).first_response == first


def test_what_a_policy_does_not_promise_is_not_taken_from_another() -> None:
    request = asked(at("2026-05-04 10:00"), department="satis", campaign="kış24")
    assert terms().due(request) is None


def test_without_policies_the_workspaces_target_holds_for_every_wait() -> None:
    opened = at("2026-05-04 10:00")
    default = terms("", "")
    assert default.due(asked(opened)) == (opened + 600, Clock.FIRST)
    later = asked(opened, first_response_at=opened + 60, waiting_since=opened + 7200)
    assert default.due(later) == (opened + 7800, Clock.NEXT)
    assert default.due(asked(opened, first_response_at=opened + 60, waiting_since=None)) is None


def test_business_time_leaves_out_the_night_and_counts_changed_clocks() -> None:
    # 18:00 on Saturday to 09:00 on Sunday, the clocks having gone forward: 15 hours less one, none of them business.
    opened = at("2026-03-28 17:50")
    assert terms().due(asked(opened)) == (at("2026-03-29 09:20"), Clock.FIRST)
    assert terms().due(asked(opened, priority=3)) == (opened + 300, Clock.FIRST), "calendar time does not stop"


def test_the_earliest_running_clock_is_due() -> None:
    opened = at("2026-05-04 09:00")
    waiting = asked(opened, first_response_at=opened + 60, waiting_since=None)
    assert terms().due(waiting) == (at("2026-05-04 17:00"), Clock.RESOLUTION)
    assert terms().due(waiting._replace(resolved_at=opened + 90, first_resolved_at=opened + 90)) is None
    assert terms().due(waiting._replace(first_resolved_at=opened + 90)) is None, "reopened: resolved once, met"


@pytest.mark.parametrize(
    ("stopped", "closed", "now", "found"),
    [
        (99, None, 500, State.MET),
        (100, None, 500, State.MET),
        (101, None, 500, State.BREACHED),
        (None, None, 100, State.RUNNING),
        (None, None, 101, State.BREACHED),
        (None, 101, 500, State.BREACHED),
        (None, 100, 500, None),
        (99, 300, 500, State.MET),
    ],
)
def test_states(stopped: int | None, closed: int | None, now: int, found: State | None) -> None:
    assert state(100, stopped, closed, now) is found


def test_compliance_is_met_of_met_and_breached() -> None:
    states = [State.MET, State.MET, State.BREACHED, State.RUNNING, None]
    assert compliance(states) == Compliance(met=2, breached=1, running=1)
    assert compliance(states).share == pytest.approx(2 / 3)
    assert Compliance(running=3).share is None, "never 0, never 100 %"


@given(st.integers(0, 10**6), st.none() | st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_state_once_settled_never_changes(due: int, stopped: int | None, now: int, later: int) -> None:
    """Asking late tells the same as asking every second: nothing happens between two polls."""
    first = state(due, stopped, None, now)
    if first is not State.RUNNING:
        assert state(due, stopped, None, now + later) is first


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[a]\npriority = ["hihg"]', ("a", "priority", 0)),
        ('[a]\nfirst_response = "0s"', ("a", "first_response")),
        ('[a]\nresolution = "91d"', ("a", "resolution")),
        ('[a]\ntime = "office"', ("a", "time")),
    ],
)
def test_what_nobody_can_mean_is_refused_by_its_key(text: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.parse("sla", text)
    assert refused.value.path == path
