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

from collections.abc import Iterator
from typing import Literal

from wptui.model.settings.base import Duration, Entry, SettingsError
from wptui.model.words import N_


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


def check(departments: Departments) -> Iterator[SettingsError]:
    """What the types alone allow."""
    taken: dict[str, str] = {}
    for id, department in departments.items():
        if not department.name.strip():
            yield SettingsError(N_("a department needs a name"), path=(id, "name"))
        if not 1 <= department.capacity <= 10_000:
            yield SettingsError(N_("must be between 1 and 10000"), path=(id, "capacity"))
        if department.give_back is not None and department.give_back < 60:
            yield SettingsError(N_("must be a minute at least"), path=(id, "give_back"))
        for place, number in enumerate(department.numbers):
            other = taken.setdefault(number, id)
            if other != id:
                sentence = N_("the number {number} belongs to {department} already")
                values = {"number": number, "department": other}
                yield SettingsError(sentence, values, path=(id, "numbers", place))
