"""The lists that rules send, and what it means when a customer chooses a row.

A row's id says all: `wptui:dept:<department>` moves the conversation, `wptui:<survey>:<score>` answers a survey.
"""

from __future__ import annotations

from typing import Any

from wptui.cloudapi import limits
from wptui.model.settings.acts import SCORES
from wptui.model.settings.departments import Departments
from wptui.model.text import safe_line

PREFIX = "wptui:"
_DEPARTMENT = "wptui:dept:"
_OPENS_MENU = "☰"
_OPENS_SCORES = "★ 1–5"


def menu(text: str, departments: Departments, button: str = "") -> dict[str, Any]:
    """A message that offers the departments, as many as a list holds, under `text`."""
    rows = [
        {"id": _DEPARTMENT + id, "title": safe_line(department.name, limits.ROW_TITLE) or id[: limits.ROW_TITLE]}
        for id, department in list(departments.items())[: limits.LIST_ROWS]
    ]
    return _list(text, button or _OPENS_MENU, rows)


def scores(text: str, survey: str, button: str = "") -> dict[str, Any]:
    """A message that asks for one to five stars, best first."""
    low, high = SCORES["csat"]
    rows = [{"id": f"{PREFIX}{survey}:{n}", "title": f"{n} {'★' * n}"} for n in range(high, low - 1, -1)]
    return _list(text, button or _OPENS_SCORES, rows)


def _list(text: str, button: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    action = {"button": button, "sections": [{"rows": rows}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": text}, "action": action}}


def chosen_department(row: str) -> str | None:
    """The department that list row `row` (an id) stands for; None where it is another list's."""
    return row.removeprefix(_DEPARTMENT) if row.startswith(_DEPARTMENT) else None


def chosen_score(row: str) -> tuple[str, int] | None:
    """(survey, score) that list row `row` (an id) stands for; None where it is another list's."""
    if not row.startswith(PREFIX) or row.startswith(_DEPARTMENT):
        return None
    survey, _colon, score = row.removeprefix(PREFIX).rpartition(":")
    return (survey, int(score)) if survey and score.isascii() and score.isdigit() and len(score) < 3 else None
