"""Section `rules`: what the relay does by itself.

[welcome]
on = true
when = "first_message"
if = {hours = "open"}
then = [{reply = "Merhaba!"}]
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wptui.model.settings.acts import Act
from wptui.model.settings.base import Duration, Entry

When = Literal[
    "message",
    "first_message",
    "opened",
    "waiting",
    "silent",
    "resolved",
    "labelled",
    "campaign",
    "moved",
    "survey_answered",
]


class If(Entry):
    """Conditions, all of which must hold; a list holds with one of its values, an empty one always."""

    keyword: list[str] = []
    """Words or phrases of the message, in Turkish folding, on word boundaries."""
    department: list[str] = []
    number: list[str] = []
    label: list[str] = []
    not_label: list[str] = []
    campaign: list[str] = []
    priority: list[str] = []
    kind: list[str] = []
    """Message types: text, image, audio, …"""
    hours: Literal["", "open", "closed"] = ""
    assigned: bool | None = None
    answered: bool | None = None
    """Whether a human has answered the request."""
    score_below: int | None = None
    """Of a survey's answer."""


class Rule(Entry):
    """One rule; its id is the table's name. Rules are tried in the document's order."""

    when: When
    then: list[Act]
    on: bool = True
    title: str = ""
    after: Duration | None = None
    """For `waiting` (the customer waits so long), `silent` (nobody has written for so long), `resolved`."""
    if_: If = msgspec.field(default_factory=If, name="if")
    stop: bool = False
    """Rules after this one are not tried for the same event."""
    every: Duration | None = None
    """At most once in this time for a conversation."""


Rules = dict[str, Rule]
