"""Section `sla`: in which time customers are answered and requests resolved (METRICS.md).

[vip]
priority = ["urgent", "high"]
department = ["satis"]
first_response = "5m"
next_response = "10m"
resolution = "8h"
time = "business"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from wptui.model.priority import NAMES
from wptui.model.settings.base import Duration, Entry, SettingsError, choices, near
from wptui.model.words import N_

LONGEST = 90 * 86400
"""The longest target, seconds."""


class Policy(Entry):
    """One policy; the first in the document that fits a request is the one that counts. Empty lists fit all."""

    department: list[str] = []
    priority: list[str] = []
    campaign: list[str] = []
    first_response: Duration | None = None
    next_response: Duration | None = None
    resolution: Duration | None = None
    time: Literal["business", "calendar"] = "business"


Sla = dict[str, Policy]


def check(sla: Sla) -> Iterator[SettingsError]:
    """What the types alone allow: a priority that there is not, a target that nobody means."""
    for id, policy in sla.items():
        for place, name in enumerate(policy.priority):
            if name not in NAMES:
                sentence = N_('there is no priority "{priority}"; there are {choices}')
                values = {"priority": name, "choices": choices(list(NAMES))}
                yield SettingsError(sentence, values, path=(id, "priority", place), near=near(name, list(NAMES)))
        for key in ("first_response", "next_response", "resolution"):
            target = getattr(policy, key)
            if target is not None and not 0 < target <= LONGEST:
                yield SettingsError(N_("must be between 1s and 90d"), path=(id, key))
