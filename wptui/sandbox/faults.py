"""What goes wrong, by switch: set at the start or while running, over HTTP or from a test."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Mode = Literal["auto", "sync", "status"]

PAIR_BURST = 45
PAIR_INTERVAL = 6.0
"""A pair of numbers may exchange a burst, then one message per so many seconds (131056)."""


@dataclass(slots=True)
class FailRule:
    """The next *times* sends (to *recipient*, if given) fail with *code*.

    *mode*: ``sync`` refuses the call, ``status`` accepts it and fails it afterwards, ``auto`` does what Meta
    does for that code.
    """

    code: int
    times: int = 1
    mode: Mode = "auto"
    recipient: str | None = None  # customer key, phone number or BSUID


@dataclass(slots=True)
class Faults:
    """The switches. Numbers that count down name the calls still to be hit; 0, 0.0 and False mean off."""

    fail: list[FailRule] = field(default_factory=list)
    """Sends that fail with a code, in order."""
    delay_ms: int = 0
    """Every Graph answer is held back this long."""
    http_500: int = 0
    """The next so many sends get a bare HTTP 500 and do nothing."""
    timeout: int = 0
    """The next so many sends are accepted, bring their statuses, and are never answered."""
    drop: int = 0
    """The next so many sends find the connection closed and do nothing."""
    drop_after: int = 0
    """The next so many sends are accepted, bring their statuses, and find the connection closed."""
    duplicate: float = 0.0
    """Share of webhooks that come twice, 0 to 1."""
    reorder: float = 0.0
    """Share of webhooks that later ones overtake, 0 to 1; statuses of a send come in any order."""
    overtake: bool = False
    """A send's first status arrives before the call is answered."""
    skip_delivered: bool = False
    """``read`` comes without ``delivered``, as for an open chat."""
    drop_statuses: int = 0
    """The next so many sends bring no status at all."""
    no_read: bool = False
    """Nobody sends read receipts."""
    media_404: int = 0
    """The next so many media downloads answer 404."""
    pair_rate: bool = False
    """131056 beyond a burst of 45 and one message per 6 seconds to one customer."""
    bad_signature: int = 0
    """The next so many webhooks are signed with a wrong secret."""

    def update(self, changes: Mapping[str, Any]) -> None:
        """Set the switches named in *changes* (the JSON of ``POST /sandbox/faults``).

        ``fail`` is one rule or a list of rules, each ``{"code", "times", "mode", "recipient"}``; rules
        add up.
        Raises ValueError for an unknown switch or a wrong type; nothing has changed then.
        """
        known = {f.name: getattr(Faults(), f.name) for f in fields(Faults)}
        new: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"unknown switch {name!r}; there are: {', '.join(known)}")
            if name == "fail":
                new[name] = [*self.fail, *map(_rule, value if isinstance(value, list) else [value])]
            elif isinstance(known[name], bool):
                if not isinstance(value, bool):
                    raise ValueError(f"{name}: true or false expected")
                new[name] = value
            elif not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{name}: a number of at least 0 expected")
            elif isinstance(known[name], float):
                if value > 1:
                    raise ValueError(f"{name}: a share between 0 and 1 expected")
                new[name] = float(value)
            else:
                new[name] = int(value)
        for name, value in new.items():
            setattr(self, name, value)

    def clear(self) -> None:
        """Everything works again."""
        for f in fields(Faults):
            setattr(self, f.name, getattr(Faults(), f.name))

    def take(self, name: str) -> bool:
        """Whether the counting switch *name* is on; counts it down by one."""
        left: int = getattr(self, name)
        if left <= 0:
            return False
        setattr(self, name, left - 1)
        return True

    def take_failure(self, aliases: set[str]) -> FailRule | None:
        """The rule the next send to the customer known by *aliases* falls under, if any; counts it down."""
        for rule in self.fail:
            if rule.recipient is None or rule.recipient.lstrip("+") in aliases:
                rule.times -= 1
                if rule.times <= 0:
                    self.fail.remove(rule)
                return rule
        return None


def _rule(value: Any) -> FailRule:
    if isinstance(value, int) and not isinstance(value, bool):
        return FailRule(value)
    if not isinstance(value, dict) or not isinstance(value.get("code"), int):
        raise ValueError("fail: a code, or an object with a code, expected")
    unknown = set(value) - {"code", "times", "mode", "recipient"}
    if unknown:
        raise ValueError(f"fail: unknown {', '.join(sorted(unknown))}")
    mode = value.get("mode", "auto")
    if mode not in ("auto", "sync", "status"):
        raise ValueError("fail: mode is auto, sync or status")
    times = value.get("times", 1)
    if not isinstance(times, int) or times < 1:
        raise ValueError("fail: times is a number of at least 1")
    return FailRule(value["code"], times, mode, value.get("recipient"))


def parse_option(text: str) -> dict[str, Any]:
    """A ``--fault`` option as the JSON of `Faults.update`.

    ``delay_ms=250``, ``overtake``, ``fail=131056``, ``fail=131056:3`` (three times), ``fail=131026:1:sync``.
    """
    name, given, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not given:
        flag = getattr(Faults(), name, None)
        return {name: True if isinstance(flag, bool) else 1}
    if name == "fail":
        code, _, rest = value.partition(":")
        times, _, mode = rest.partition(":")
        return {"fail": {"code": int(code), "times": int(times or 1), "mode": mode or "auto"}}
    if value in ("true", "false", "on", "off"):
        return {name: value in ("true", "on")}
    return {name: float(value) if "." in value else int(value)}


MAGIC = re.compile(r"^(?:!|/fail\s+)(?P<sync>!?)(?P<what>\d{1,6}|[a-z_]+\w*)\s*$")
MAGIC_WORDS = frozenset({"timeout", "drop", "drop_after", "http_500", "overtake", "drop_statuses", "no_read"})


@dataclass(slots=True)
class Magic:
    """What an agent provokes by the text he sends: a code, or one of the switches for this one send."""

    code: int | None = None
    mode: Mode = "auto"
    switch: str | None = None


def magic(text: str) -> Magic | None:
    """The fault asked for by a message that consists of nothing else.

    ``!131026`` (or ``/fail 131026``) fails as Meta would, ``!!131026`` is refused on the spot. ``!timeout``,
    ``!drop``, ``!drop_after``, ``!http_500``, ``!overtake``, ``!drop_statuses`` and ``!no_read`` are the
    switches of the same names, for this one send.
    """
    found = MAGIC.match(text)
    if found is None:
        return None
    what = found["what"]
    if what.isdigit():
        return Magic(code=int(what), mode="sync" if found["sync"] else "auto")
    return Magic(switch=what) if what in MAGIC_WORDS else None


class PairRate:
    """Counts messages per pair of business number and customer; says when 131056 is due."""

    def __init__(self) -> None:
        self._sent: dict[tuple[str, str], deque[float]] = {}

    def exceeded(self, number: str, customer: str, now: float) -> bool:
        """Whether one more message at *now* is too many; if not, it is counted.

        A burst borrows from the future: after 45 at once the next is allowed when all are paid back but 44.
        """
        sent = self._sent.setdefault((number, customer), deque())
        while sent and sent[0] <= now:
            sent.popleft()
        if len(sent) >= PAIR_BURST:
            return True
        # Each entry is the moment its message is paid back.
        sent.append(max(now, sent[-1] if sent else now) + PAIR_INTERVAL)
        return False
