"""Section `departments`: who serves which numbers, and how conversations are handed out.

[satis]
name = "Satış"
members = ["ayse", "mehmet"]
numbers = ["106540352242922"]
assign = "round_robin"
capacity = 8
give_back = "15m"
"""

from __future__ import annotations

from typing import Literal

from wptui.model.settings.base import Duration, Entry


class Department(Entry):
    """One department; its id is the table's name."""

    name: str
    members: list[str] = []
    """Ids of agents."""
    numbers: list[str] = []
    """Ids of the business numbers whose new conversations come here."""
    assign: Literal["off", "round_robin", "least_busy"] = "off"
    capacity: int = 10
    """Open conversations an agent is given at most; more can be claimed by hand."""
    give_back: Duration | None = None
    """A claimed conversation whose customer has waited so long goes back to the queue."""


Departments = dict[str, Department]


def of_agent(departments: Departments, agent: str) -> frozenset[str]:
    """The departments that `agent` is a member of."""
    return frozenset(id for id, department in departments.items() if agent in department.members)


def of_number(departments: Departments, number: str) -> str:
    """The department that new conversations on `number` belong to; "" for none."""
    return next((id for id, department in departments.items() if number in department.numbers), "")
