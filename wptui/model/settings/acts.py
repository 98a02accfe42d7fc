"""What rules and macros do: a list of acts, each an inline table with one verb.

{reply = "Merhaba {{customer.first_name|efendim}}"}   {canned = "kargo"}   {label = "iade"}   {resolve = true}
"""

from __future__ import annotations

from wptui.model.settings.base import Duration, Entry


class Act(Entry):
    """One act: exactly one of the verbs; `language`, `values` and `text` belong to some of them."""

    reply: str | None = None
    canned: str | None = None
    template: str | None = None
    menu: str | None = None
    """A text over an interactive list of the departments; who chooses is moved there."""
    note: str | None = None
    label: str | None = None
    unlabel: str | None = None
    priority: str | None = None
    department: str | None = None
    assign: str | None = None
    """An agent's id, `me` (macros), `nobody`, or `auto` (as the department hands out)."""
    campaign: str | None = None
    snooze: Duration | None = None
    resolve: bool | None = None
    survey: str | None = None
    """`csat` or `nps`."""
    notify: list[str] | None = None
    """Agents' ids, `@department`, or `assignee`."""
    opt: str | None = None
    """`out` or `in`: marketing messages."""
    language: str = ""
    """Of a template."""
    values: list[str] = []
    """Of a template's variables."""
    text: str = ""
    """Of a notification or survey."""
