"""A rule acts: the events it leads to, once for a subject, with the event that says so in the same append."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Container, Iterator
from dataclasses import dataclass

from wptui.model import events as ev
from wptui.model.settings.rules import Rule, Rules
from wptui.relay.eventlog.contract import Append
from wptui.relay.outgoing import Files
from wptui.relay.rules.acts import Planned, Scene, plan_acts
from wptui.relay.rules.conditions import Standing, fits, may_fit, standing
from wptui.relay.rules.occasions import RULE, Occasion

_log = logging.getLogger("wptui.relay.rules")


@dataclass(frozen=True)
class Firing:
    """A rule that fits, and what follows."""

    rule: str
    occasion: Occasion
    planned: Planned

    def append(self, at: int) -> Append:
        """The group for the log; `at` is the relay's clock in Unix milliseconds."""
        fired = ev.RuleFired(
            rule=self.rule, subject=self.occasion.subject, acts=self.planned.acts, skipped=self.planned.skipped
        )
        events = [
            ev.make(data, at=at, actor=RULE + self.rule, conversation=self.occasion.conversation)
            for data in (*self.planned.data, fired)
        ]
        return Append(events, unique=key(self.rule, self.occasion))


def key(rule: str, occasion: Occasion) -> str:
    """The idempotency key of what `rule` does on `occasion`."""
    return f"r:{rule}:{occasion.subject}"


def candidates(rules: Rules, occasion: Occasion) -> dict[str, Rule]:
    """The rules that can fit, as far as shows without the conversation."""
    if occasion.rule:
        return {id: rule for id, rule in rules.items() if id == occasion.rule}
    return {id: rule for id, rule in rules.items() if rule.after is None and may_fit(rule, occasion)}


def firings(
    db: sqlite3.Connection,
    rules: Rules,
    occasion: Occasion,
    *,
    now: int,
    files: Files,
    known: Container[str] = frozenset(),
) -> Iterator[Firing]:
    """What `rules` lead to on `occasion`, in their order, at `now` (Unix seconds).

    Each is to be folded into `db` before the next is asked for: later rules see what former ones did. `known` are
    the keys of what was done before. A rule that fails is told in the relay's log; the others go on.
    """
    stands: Standing | None = None
    for id, rule in candidates(rules, occasion).items():
        if key(id, occasion) in known:
            if rule.stop:
                return
            continue
        stands = stands or standing(db, occasion.conversation)
        if stands is None:
            return
        try:
            if not fits(rule, id, occasion, stands, now):
                continue
            planned = plan_acts(_scene(db, id, rule, occasion, stands, now, files), rule.then)
        except sqlite3.Error:
            raise
        except Exception:
            _log.exception("rule %s failed on %s", id, occasion.conversation)
            continue
        if planned.data or planned.skipped:
            yield Firing(id, occasion, planned)
            stands = None
        if rule.stop:
            return


def _scene(
    db: sqlite3.Connection, id: str, rule: Rule, occasion: Occasion, stands: Standing, now: int, files: Files
) -> Scene:
    digest = hashlib.blake2b(key(id, occasion).encode(), digest_size=12).hexdigest()
    return Scene(
        db,
        stands,
        now,
        f"r{digest}",
        files,
        title=rule.title or id,
        follow_up=rule.when == "silent",
    )
