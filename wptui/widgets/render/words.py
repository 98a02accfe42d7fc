"""What is said in words in more than one place: kinds of messages, who somebody is, times and sizes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from wptui.i18n import (
    N_,
    _,
    format_date,
    format_decimal,
    format_number,
    format_time,
    format_weekday,
)

KINDS: dict[str, str] = {
    "image": N_("photo"),
    "video": N_("video"),
    "audio": N_("audio"),
    "voice": N_("voice"),
    "document": N_("document"),
    "sticker": N_("sticker"),
    "location": N_("location"),
    "contacts": N_("contact"),
    "order": N_("order"),
    "template": N_("template"),
    "interactive": N_("answer"),
    "button": N_("answer"),
    "system": N_("notice"),
    "call": N_("call"),
    "reaction": N_("reaction"),
    "revoked": N_("deleted"),
    "unsupported": N_("cannot be shown"),
    "media_placeholder": N_("file not brought along"),
}
"""Kind of message → what an agent calls it."""


class Duty(NamedTuple):
    """A state of duty: what it is called, what it means, and what is said when it is chosen."""

    title: str
    help: str
    told: str
    style: str


DUTIES: dict[str, Duty] = {
    "on": Duty(N_("on duty"), N_("new conversations are handed to you"), N_("You are on duty."), "ok"),
    "busy": Duty(
        N_("busy"), N_("you are there, but are handed nothing new"), N_("You are busy: nothing new is handed to you."),
        "warning",
    ),
    "away": Duty(
        N_("away"), N_("nothing is handed to you, and nothing rings"), N_("You are away: nothing rings."), "muted"
    ),
}  # fmt: skip
"""State of duty (`agents.duty`) → its words."""


def kind_word(kind: str) -> str:
    """A kind in words; one this build does not know keeps its own name."""
    word = KINDS.get(kind)
    return _(word) if word else kind


def who(actor: str, me: str, agents: Mapping[str, str], customer: str = "") -> str:
    """An actor's name as colleagues see it; `agents` may know rules' titles, under `rule:` and their ids."""
    kind, _colon, rest = actor.partition(":")
    if kind == "agent" or (kind not in ("customer", "rule") and actor in agents):
        agent = rest or actor
        return _("you") if agent == me else agents.get(agent, agent)
    if kind == "customer":
        return rest or customer or _("customer")
    if kind == "rule":
        return _("rule {name}").format(name=agents.get(actor, rest))
    return {"phone": _("phone"), "ai": _("Meta's assistant"), "relay": _("relay"), "meta": _("Meta")}.get(kind, actor)


def automatic(actor: str, agents: Mapping[str, str]) -> str:
    """Over a message nobody wrote: that it is automatic, and by which rule."""
    kind, _colon, rest = actor.partition(":")
    word = _("automatic")
    return f"{word} · {agents.get(actor, rest)}" if kind == "rule" and rest else word


def initials(name: str) -> str:
    """One or two letters for a name."""
    words = name.split()
    if not words:
        return ""
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])
    # Turkish: "i".upper() is İ; upper() of one letter must stay one letter.
    return "".join({"i": "İ", "ı": "I"}.get(char, char.upper()[:1]) for char in letters)


def local(ts: int, zone: tzinfo | None) -> datetime:
    """A moment on the agent's clock; the ends of what a clock can show for what lies beyond."""
    try:
        return datetime.fromtimestamp(max(0, min(ts, 253_402_300_799 - 86_400)), zone)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, zone)


def clock_time(ts: int, zone: tzinfo | None) -> str:
    """Time of day."""
    return format_time(local(ts, zone))


def short_when(ts: int, now: int, zone: tzinfo | None) -> str:
    """When, in at most six cells: today the time, this week the day, else the date or the year."""
    moment, today = local(ts, zone), local(now, zone)
    age = today.toordinal() - moment.toordinal()
    if age == 0:
        return format_time(moment)
    if 0 < age < 7:
        return format_weekday(moment, short=True)
    if -7 < age < 0 or abs(age) < 300:
        return format_date(moment, "short")
    return str(moment.year)


def when(ts: int, now: int, zone: tzinfo | None) -> str:
    """When, in a sentence: the time, with the date unless it is today."""
    moment = local(ts, zone)
    time = format_time(moment)
    if moment.date() == local(now, zone).date():
        return time
    return f"{format_date(moment, 'short')} {time}"


def size(count: int) -> str:
    """A file's size: 182 kB, 1.4 MB."""
    if count < 1000:
        return _("{n} bytes").format(n=format_number(count))
    for unit in ("kB", "MB", "GB"):
        count_in = count / 1000
        if count_in < 1000 or unit == "GB":
            return f"{format_decimal(count_in, 0 if unit == 'kB' or count_in >= 100 else 1)} {unit}"
        count = round(count_in)
    raise AssertionError("unreachable")
