"""What customers were promised, and whether it was kept (METRICS.md, "SLA").

A **policy** of the settings sets targets in business or calendar time; the first in the document that fits a request's
department, priority and campaign counts. Where none fits, the default does: first and next response within the
workspace's target, in business time, which is calendar time where no hours are set.

A request has three **clocks**, all on WhatsApp's own timestamps:

- `first`: first inbound message → first response by a human.
- `next`: each later stretch of waiting, its earliest unanswered inbound → the human's response. Further messages of the
  customer do not move it, automatic replies do not stop it, a reply that fails later never stopped it.
- `resolution`: opened → resolved for the first time. Snoozing does not stop it: whoever snoozes promises the customer
  nothing new.

The **state** of a clock follows from timestamps at the moment of asking: *met* (stopped at its deadline or before),
*breached* (stopped later, or still running past it), *running*. A first response that was never given because the
request was resolved before its deadline was neither kept nor broken: it has no state, and counts nowhere.
**Compliance** = met / (met + breached).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from wptui.model.hours import Calendar, calendar
from wptui.model.priority import NAMES
from wptui.model.settings.base import Duration
from wptui.model.settings.hours import Hours
from wptui.model.settings.sla import Policy, Sla
from wptui.model.text import fold


class Clock(StrEnum):
    """What is promised, in the words of `conversations.due_what`."""

    FIRST = "first"
    NEXT = "next"
    RESOLUTION = "resolution"


class State(StrEnum):
    """How a promise stands."""

    MET = "met"
    BREACHED = "breached"
    RUNNING = "running"


class Request(NamedTuple):
    """What a request's clocks follow from; times are Unix seconds, None where it has not happened."""

    department: str
    priority: int
    campaign: str
    opened_at: int
    first_response_at: int | None
    waiting_since: int | None
    resolved_at: int | None
    first_resolved_at: int | None


class Due(NamedTuple):
    """The next deadline of a request."""

    at: int
    what: Clock


@dataclass(frozen=True)
class Compliance:
    """How many promises were kept, were broken, and are still to be kept."""

    met: int = 0
    breached: int = 0
    running: int = 0

    @property
    def share(self) -> float | None:
        """Met of met and breached, 0 to 1; None where there is neither."""
        settled = self.met + self.breached
        return self.met / settled if settled else None


def state(due: int, stopped: int | None, closed: int | None, now: int) -> State | None:
    """The state of a clock that was due at `due`, as of `now`.

    `stopped` is when what was promised happened, `closed` when the request was resolved without it; None is not yet.
    """
    end = stopped if stopped is not None else closed
    if (now if end is None else end) > due:
        return State.BREACHED
    if stopped is not None:
        return State.MET
    return State.RUNNING if closed is None else None


def compliance(states: Iterable[State | None]) -> Compliance:
    """Counts states."""
    counts = dict.fromkeys(State, 0)
    for each in states:
        if each is not None:
            counts[each] += 1
    return Compliance(counts[State.MET], counts[State.BREACHED], counts[State.RUNNING])


class Terms:
    """The policies of a workspace with the calendars their time is counted in."""

    def __init__(self, sla: Sla, hours: Hours, timezone: str, target: int) -> None:
        """`timezone` is the workspace's, `target` its first-response target in seconds."""
        self._policies = [
            (policy, frozenset(NAMES[name] for name in policy.priority), frozenset(map(_code, policy.campaign)))
            for policy in sla.values()
        ]
        self._default = Policy(first_response=Duration(target), next_response=Duration(target))
        self._hours, self._timezone = hours, timezone
        self._calendars: dict[str, Calendar] = {}

    def calendar(self, department: str) -> Calendar:
        """The opening hours of a department (an id, "" for none)."""
        known = self._calendars.get(department)
        if known is None:
            known = self._calendars[department] = calendar(self._hours, department, self._timezone)
        return known

    def policy(self, department: str, priority: int, campaign: str) -> Policy:
        """The policy that counts for a request."""
        for policy, priorities, campaigns in self._policies:
            if (
                (not policy.department or department in policy.department)
                and (not priorities or priority in priorities)
                and (not campaigns or _code(campaign) in campaigns)
            ):
                return policy
        return self._default

    def deadline(self, request: Request, what: Clock) -> int | None:
        """Until when a clock of the request must have stopped; None where nothing is promised, or it has not begun.

        Of `next` it is the present stretch of waiting.
        """
        return self._deadline(self.policy(request.department, request.priority, request.campaign), request, what)

    def _deadline(self, policy: Policy, request: Request, what: Clock) -> int | None:
        target, start = policy.resolution, request.opened_at
        if what is Clock.FIRST:
            target = policy.first_response
        elif what is Clock.NEXT:
            if request.waiting_since is None:
                return None
            target, start = policy.next_response, request.waiting_since
        if target is None:
            return None
        return start + target if policy.time == "calendar" else self.calendar(request.department).add(start, target)

    def due(self, request: Request) -> Due | None:
        """The earliest deadline whose clock still runs, passed or not; None where none does."""
        if request.resolved_at is not None:
            return None
        policy = self.policy(request.department, request.priority, request.campaign)
        earliest: Due | None = None
        if request.waiting_since is not None:
            what = Clock.FIRST if request.first_response_at is None else Clock.NEXT
            at = self._deadline(policy, request, what)
            earliest = Due(at, what) if at is not None else None
        if policy.resolution is not None and request.first_resolved_at is None:
            at = self._deadline(policy, request, Clock.RESOLUTION)
            if at is not None and (earliest is None or at < earliest.at):
                earliest = Due(at, Clock.RESOLUTION)
        return earliest

    def first_response_target(self, department: str, priority: int, campaign: str) -> tuple[int | None, bool]:
        """Seconds promised for a first response, None where nothing is; and whether every second of a day counts."""
        policy = self.policy(department, priority, campaign)
        return policy.first_response, policy.time == "calendar" or self.calendar(department).always

    def first_response(self, request: Request, now: int) -> State | None:
        """How the promise of a first response stands as of `now`; None where there is none, or it fell away."""
        due = self.deadline(request, Clock.FIRST)
        return None if due is None else state(due, request.first_response_at, request.resolved_at, now)

    def resolution(self, request: Request, now: int) -> State | None:
        """How the promise of a resolution stands as of `now`; None where there is none."""
        due = self.deadline(request, Clock.RESOLUTION)
        return None if due is None else state(due, request.first_resolved_at, None, now)


def _code(campaign: str) -> str:
    return fold(campaign.lstrip("#"))
