"""Whether a rule fits an occasion: first by what the event itself says, then by how the conversation stands."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from functools import cached_property, lru_cache

from wptui.model.priority import Priority
from wptui.model.settings.rules import If, Rule
from wptui.model.text import fold
from wptui.relay.rules.occasions import Occasion
from wptui.store.variables import opening_hours

_PUNCTUATION = re.compile(r"[^\w\s]")


def may_fit(rule: Rule, occasion: Occasion) -> bool:
    """Whether `rule` can fit at all, as far as it shows without the conversation: cheap, and no for most."""
    wanted = rule.if_
    return (
        rule.on
        and rule.when in occasion.whens
        and (not wanted.kind or occasion.kind in wanted.kind)
        and (not wanted.keyword or _pattern(tuple(wanted.keyword)).search(_folded(occasion.text)) is not None)
        and (not wanted.exact or bare(occasion.text) in _bare_words(tuple(wanted.exact)))
        and (wanted.score_below is None or (occasion.score is not None and occasion.score < wanted.score_below))
        and (rule.when != "labelled" or not wanted.label or fold(occasion.value) in _folded_words(tuple(wanted.label)))
        and (
            rule.when != "campaign"
            or not wanted.campaign
            or fold(occasion.value) in _folded_words(tuple(wanted.campaign))
        )
    )


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Any of `words` as whole words; one that ends in * is a beginning."""
    parts = (re.escape(_folded(word.rstrip("*"))) + (r"\w*" if word.endswith("*") else "") for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")


@lru_cache(maxsize=64)
def _folded(text: str) -> str:
    return " ".join(fold(text).split())


def bare(text: str) -> str:
    """`text` folded, without punctuation and symbols, on one line."""
    return " ".join(_PUNCTUATION.sub(" ", fold(text)).split())


@lru_cache(maxsize=256)
def _bare_words(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(bare(word) for word in words)


@lru_cache(maxsize=256)
def _folded_words(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


@dataclass
class Standing:
    """How a conversation stands now; read once for all rules of an occasion, until one of them acts."""

    db: sqlite3.Connection
    id: str
    contact: str
    number: str
    state: str
    department: str
    assignee: str
    priority: int
    campaign: str
    owner: str
    window_expires: int | None
    requests: int
    request: str | None
    opened_message: str
    answered: bool
    resolved: bool
    campaign_how: str
    blocked: bool
    opted_out: bool

    @cached_property
    def labels(self) -> frozenset[str]:
        """The labels, as written."""
        rows = self.db.execute("SELECT label FROM labels WHERE conversation = ?", (self.id,))
        return frozenset(label for (label,) in rows)


def standing(db: sqlite3.Connection, conversation: str) -> Standing | None:
    """The conversation as it stands; None where there is none, or a group: rules talk to persons."""
    row = db.execute(
        """SELECT c.contact, c.number, c.state, c.department, c.assignee, c.priority, c.campaign, c.owner,
               c.window_expires, c.requests, r.id, COALESCE(r.opened_message, ''),
               r.first_response_at IS NOT NULL, r.resolved_at IS NOT NULL, COALESCE(r.campaign_how, ''),
               t.blocked, t.opted_out
           FROM conversations c JOIN contacts t ON t.id = c.contact LEFT JOIN requests r ON r.id = c.request
           WHERE c.id = ? AND c.kind = 'person'""",
        (conversation,),
    ).fetchone()
    return None if row is None else Standing(db, conversation, *row)


def fits(rule: Rule, id: str, occasion: Occasion, stands: Standing, now: int) -> bool:
    """Whether `rule` (called `id`), which may fit, does as the conversation stands at `now` (Unix seconds)."""
    if rule.when == "first_message" and stands.opened_message != occasion.message:
        return False
    if rule.when == "opened" and not stands.requests:
        return False  # an old chat was imported, or the business wrote first
    return _holds(rule, occasion, stands) and not (rule.every is not None and _fired(id, stands, now - rule.every))


def _holds(rule: Rule, occasion: Occasion, stands: Standing) -> bool:
    wanted: If = rule.if_
    checks = (
        not wanted.department or stands.department in wanted.department,
        not wanted.number or stands.number in wanted.number,
        not wanted.priority or Priority(stands.priority).name.lower() in wanted.priority,
        wanted.assigned is None or bool(stands.assignee) == wanted.assigned,
        wanted.answered is None or bool(stands.answered) == wanted.answered,
        wanted.first_time is None or (stands.requests <= 1) == wanted.first_time,
        wanted.opted_out is None or bool(stands.opted_out) == wanted.opted_out,
    )
    if not all(checks):
        return False
    campaigns = wanted.campaign if rule.when != "campaign" else []
    if campaigns and fold(stands.campaign) not in _folded_words(tuple(campaigns)):
        return False
    if (wanted.label and rule.when != "labelled") or wanted.not_label:
        labels = {fold(label) for label in stands.labels}
        if wanted.label and rule.when != "labelled" and not labels & _folded_words(tuple(wanted.label)):
            return False
        if labels & _folded_words(tuple(wanted.not_label)):
            return False
    if wanted.survey is not None:
        row = stands.db.execute("SELECT kind FROM surveys WHERE id = ?", (occasion.value,)).fetchone()
        if row is None or row[0] != wanted.survey:
            return False
    if wanted.hours:
        return opening_hours(stands.db, stands.department).is_open(occasion.ts) == (wanted.hours == "open")
    return True


def _fired(rule: str, stands: Standing, since: int) -> bool:
    """Whether the rule has acted in the conversation after `since` (Unix seconds)."""
    row = stands.db.execute(
        "SELECT 1 FROM messages WHERE conversation = ? AND ts > ? AND kind = 'rule_fired' AND dir = 'event' "
        "AND json_extract(body, '$.rule') = ? LIMIT 1",
        (stands.id, since, rule),
    ).fetchone()
    return row is not None
