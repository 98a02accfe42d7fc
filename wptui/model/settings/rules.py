"""Section `rules`: what the relay does by itself. docs/rules.md explains it with examples.

[welcome]
when = "first_message"
if = {hours = "open"}
then = [{reply = "Merhaba!"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from wptui.model.settings import acts
from wptui.model.settings.acts import SCORES, Act, Survey
from wptui.model.settings.base import Duration, Entry, SettingsError
from wptui.model.words import N_

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
"""message: a customer wrote. first_message: … for the first time in a request. opened: a customer was never here
before. waiting: the customer has waited `after` for an answer. silent: nobody has written for `after` since our last
answer. resolved, labelled, campaign, moved: somebody (no rule) did so. survey_answered: a score came."""

MESSAGE = frozenset({"message", "first_message"})
TIMED = frozenset({"waiting", "silent"})
_LONGEST_AFTER = 90 * 86400


class If(Entry):
    """Conditions, all of which must hold; a list holds with one of its values, an empty one always."""

    keyword: list[str] = []
    """Words or phrases of the message, in Turkish folding, on word boundaries."""
    exact: list[str] = []
    """What the whole message must be, in Turkish folding, punctuation aside."""
    kind: list[str] = []
    """Message types: text, image, audio, …"""
    department: list[str] = []
    """Ids; "" is none."""
    number: list[str] = []
    """Ids of business numbers."""
    label: list[str] = []
    """Of `labelled`: the label that was put on."""
    not_label: list[str] = []
    campaign: list[str] = []
    priority: list[Literal["low", "normal", "high", "urgent"]] = []
    hours: Literal["", "open", "closed"] = ""
    """Of the conversation's department, at the time of what happened."""
    assigned: bool | None = None
    answered: bool | None = None
    """Whether a human has answered the request."""
    first_time: bool | None = None
    """Whether this is the customer's first request on the number."""
    opted_out: bool | None = None
    """Whether the customer has stopped marketing messages."""
    survey: Survey | None = None
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


def check(rules: Rules) -> Iterator[SettingsError]:
    """What the types alone allow."""
    for id, rule in rules.items():
        yield from acts.check(rule.then, (id, "then"), by_agent=False)
        yield from _times(id, rule)
        yield from _conditions(id, rule)


def _times(id: str, rule: Rule) -> Iterator[SettingsError]:
    if rule.after is None:
        if rule.when in TIMED:
            sentence = N_('"{when}" needs a time: after = "30m"')
            yield SettingsError(sentence, {"when": rule.when}, path=(id, "when"))
    elif rule.when not in TIMED | {"resolved"}:
        yield SettingsError(N_('"after" does not belong to "{when}"'), {"when": rule.when}, path=(id, "after"))
    elif not 0 < rule.after <= _LONGEST_AFTER:
        yield SettingsError(N_("longer than nothing, and at most 90 days"), path=(id, "after"))
    if rule.every is not None and rule.every <= 0:
        yield SettingsError(N_("longer than nothing"), path=(id, "every"))


def _conditions(id: str, rule: Rule) -> Iterator[SettingsError]:
    condition = rule.if_
    for key in ("keyword", "exact", "kind"):
        words: list[str] = getattr(condition, key)
        if words and rule.when not in MESSAGE:
            sentence = N_('"{key}" looks at a message: it belongs to "message" and "first_message"')
            yield SettingsError(sentence, {"key": key}, path=(id, "if", key))
        for place, word in enumerate(words):
            if not word.strip():
                yield SettingsError(N_("the text is missing"), path=(id, "if", key, place))
    for key in ("survey", "score_below"):
        if getattr(condition, key) is not None and rule.when != "survey_answered":
            sentence = N_('"{key}" looks at an answer: it belongs to "survey_answered"')
            yield SettingsError(sentence, {"key": key}, path=(id, "if", key))
    if condition.score_below is not None and not 0 < condition.score_below <= SCORES["nps"][1]:
        yield SettingsError(N_("a number from 1 to {n}"), {"n": SCORES["nps"][1]}, path=(id, "if", "score_below"))
