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

from typing import Literal

from wptui.model.settings.base import Duration, Entry


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
