"""Section `hours`: when the business, or one of its departments, is open.

timezone = "Europe/Istanbul"
holidays = "TR"

[week]                       # the whole business
mon = ["09:00-18:00"]
sat = ["10:00-14:00"]

[closed]
2026-12-31 = "Inventory"

[department.satis.week]      # a department that differs
mon = ["09:00-20:00"]
"""

from __future__ import annotations

from wptui.model.settings.base import Entry


class Week(Entry):
    """Opening hours by weekday: spans like `09:00-18:00`, in order; a day without any is closed."""

    mon: list[str] = []
    tue: list[str] = []
    wed: list[str] = []
    thu: list[str] = []
    fri: list[str] = []
    sat: list[str] = []
    sun: list[str] = []


class DepartmentHours(Entry):
    """What a department has of its own; None takes the business's."""

    week: Week | None = None
    holidays: str | None = None
    closed: dict[str, str] | None = None


class Hours(Entry):
    """The document. Without a `week` the business is always open, and business time is calendar time."""

    timezone: str = ""
    """IANA name; "" for the workspace's."""
    holidays: str = ""
    """Country (and subdivision, `DE-BY`) whose public holidays are closed; "" for none."""
    week: Week | None = None
    closed: dict[str, str] = {}
    """Further closed days, ISO date → why."""
    department: dict[str, DepartmentHours] = {}
