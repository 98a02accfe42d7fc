"""What can be set, each setting documented beside its field.

The manual's table, the template of a new ``config.toml`` and ``wptui config docs`` are made from these
fields, and ``load`` checks a file against them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType
from typing import Any, Literal, get_args

from wptui.config.kinds import Choice, Choices, Duration, Keys, Kind, QuietHours, RelayUrl, Word
from wptui.i18n import LANGUAGES, N_

Switch = Literal["auto", "on", "off"]
Density = Literal["comfortable", "compact"]
MarkRead = Literal["on_open", "on_reply", "manual"]
Sort = Literal["waiting", "due", "priority", "unread", "last", "campaign", "window"]
View = Literal["mine", "unassigned", "all", "late", "mentions", "following", "snoozed", "resolved"]
Desktop = Literal["off", "osc9", "osc99", "osc777"]
Event = Literal["new_message", "mention", "waiting_late", "send_failed", "connection_lost"]
Channel = Literal["bell", "title", "desktop"]

CHANNELS: tuple[Channel, ...] = get_args(Channel)


def setting(kind: Kind, default: Any, doc: str) -> Any:
    """A field that can be set: *default* as it would be written in TOML, *doc* marked with ``N_``."""
    value = kind.read(default)
    metadata = {"kind": kind, "default": default, "doc": doc}
    if isinstance(value, dict):
        return field(default_factory=lambda: MappingProxyType(value), metadata=metadata)
    return field(default=value, metadata=metadata)


def section(factory: Any, doc: str) -> Any:
    """A field that is a TOML table of further settings."""
    return field(default_factory=factory, metadata={"section": factory, "doc": doc})


@dataclass(frozen=True)
class NotificationRule:
    """By which channels one kind of event makes itself known."""

    focused: frozenset[Channel]
    unfocused: frozenset[Channel]
    quiet: frozenset[Channel]


def _rule(in_front: str, behind: str, at_night: str, doc: str) -> Any:
    """A rule's table, each state's default channels given as words."""
    some = Choices(CHANNELS)

    @dataclass(frozen=True)
    class Rule(NotificationRule):
        focused: frozenset[Channel] = setting(some, in_front.split(), N_("While the terminal has the focus."))
        unfocused: frozenset[Channel] = setting(some, behind.split(), N_("While it has not, or cannot tell."))
        quiet: frozenset[Channel] = setting(
            some, at_night.split(), N_("During quiet hours, with or without the focus.")
        )

    return section(Rule, doc)


@dataclass(frozen=True)
class Notifications:
    """Which event is told how. Messages that were old when they arrived are never announced."""

    desktop: Desktop = setting(
        Choice(get_args(Desktop)),
        "off",
        N_(
            "How the `desktop` channel reaches your desktop: OSC 9 (iTerm2, Windows Terminal, WezTerm), "
            "OSC 777 (urxvt, foot, Ghostty) or OSC 99 (kitty). Inside tmux it needs "
            "`set -g allow-passthrough on`."
        ),
    )
    quiet_hours: tuple[int, int] | None = setting(
        QuietHours(), "", N_('Hours of the `quiet` column, for example `"22:00-08:00"`.')
    )
    new_message: NotificationRule = _rule("title", "bell title desktop", "title", N_("A customer wrote."))
    mention: NotificationRule = _rule("bell title", "bell title desktop", "title", N_("A colleague's note names you."))
    waiting_late: NotificationRule = _rule(
        "title", "bell title desktop", "title", N_("A customer has waited longer than the target.")
    )
    send_failed: NotificationRule = _rule(
        "bell title", "bell title desktop", "title", N_("A message of yours did not reach the customer.")
    )
    connection_lost: NotificationRule = _rule("title", "title", "title", N_("The relay cannot be reached."))

    def is_quiet(self, now: time) -> bool:
        """Whether *now*, the agent's local time of day, lies in the quiet hours (which may pass midnight)."""
        if self.quiet_hours is None:
            return False
        start, end = self.quiet_hours
        minute = now.hour * 60 + now.minute
        return start <= minute < end if start <= end else minute >= start or minute < end

    def channels(self, event: Event, *, focused: bool, now: time) -> frozenset[Channel]:
        """By which channels *event* is announced, the desktop only when a way to reach it is set."""
        rule: NotificationRule = getattr(self, event)
        chosen = rule.quiet if self.is_quiet(now) else rule.focused if focused else rule.unfocused
        return chosen - {"desktop"} if self.desktop == "off" else chosen


@dataclass(frozen=True)
class RelaySettings:
    """Where the relay is."""

    url: str = setting(RelayUrl(), "", N_("The relay to connect to. Empty: the one of the last `wptui login`."))


@dataclass(frozen=True)
class Settings:
    """Everything an agent can set. Immutable; `wptui.config.change` writes a new value to the file."""

    lang: str = setting(
        Choice(("auto", *LANGUAGES)),
        "auto",
        N_("Language. `auto` follows `LC_ALL`, `LC_MESSAGES` and `LANG`."),
    )
    theme: str = setting(
        Word(), "dark", N_("A theme that comes with wptui, or the name of a file in the `themes` folder.")
    )
    density: Density = setting(
        Choice(get_args(Density)), "comfortable", N_("Rows of an inbox entry: two, or one with `compact`.")
    )
    frugal: Switch = setting(
        Choice(get_args(Switch)),
        "auto",
        N_("Send the terminal as few bytes as possible. `auto` is on over SSH."),
    )
    mouse: Switch = setting(
        Choice(get_args(Switch)),
        "auto",
        N_("Follow the mouse. `auto` is off over SSH, where each movement costs bytes."),
    )
    first_response_target: int = setting(Duration(), "10m", N_("What the figures of first responses are held against."))
    mark_read: MarkRead = setting(
        Choice(get_args(MarkRead)),
        "on_open",
        N_("When a conversation counts as read and the customer sees blue ticks."),
    )
    sort: Sort = setting(Choice(get_args(Sort)), "waiting", N_("The inbox's order at start."))
    view: View = setting(Choice(get_args(View)), "all", N_("The inbox's view at start."))
    relay: RelaySettings = section(RelaySettings, N_("The relay."))
    notifications: Notifications = section(
        Notifications, N_("Which event is told by which channels: `bell`, `title` (a count), `desktop`.")
    )
    keys: Mapping[str, tuple[str, ...]] = setting(
        Keys(), {}, N_("Other keys for commands; `?` in wptui lists the commands and their ids.")
    )

    def frugal_on(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether to save bytes here and now."""
        return over_ssh(environ) if self.frugal == "auto" else self.frugal == "on"

    def mouse_on(self, environ: Mapping[str, str] = os.environ) -> bool:
        """Whether to ask the terminal for mouse reports here and now."""
        return not over_ssh(environ) if self.mouse == "auto" else self.mouse == "on"


def over_ssh(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this terminal is at the far end of an SSH connection."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
