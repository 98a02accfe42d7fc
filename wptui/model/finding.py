"""What a doctor (`wptui doctor`, `wptui relay doctor`) reports: a line of what was looked at, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the report: `id` is stable, `text` and `todo` are in the user's language."""

    id: str
    status: Status
    text: str
    todo: str = ""
