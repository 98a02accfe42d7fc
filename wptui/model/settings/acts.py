"""What rules and macros do: a list of acts, each an inline table with one verb.

{reply = "Merhaba {{customer.first_name|efendim}}"}   {canned = "kargo"}   {label = "iade"}   {resolve = true}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from wptui.model.settings.base import Duration, Entry, SettingsError
from wptui.model.words import N_

TEXT = 4096
"""Characters of a reply or note."""
BODY = 1024
"""Characters above a list."""
LABEL = 40
TITLE = 20
"""Characters on the button that opens a list."""
SNOOZE = 366 * 86400
"""Seconds a conversation can be put aside."""

Survey = Literal["csat", "nps"]

SCORES: dict[str, tuple[int, int]] = {"csat": (1, 5), "nps": (0, 10)}
"""Kind of survey → the lowest and the highest answer."""


class Act(Entry):
    """One act: exactly one of the verbs; `language`, `values`, `text` and `button` belong to some of them."""

    reply: str | None = None
    canned: str | None = None
    """Shortcut of a canned reply, in the customer's language where it has it."""
    template: str | None = None
    """Name of a template of Meta's; the one message that goes out with the window closed."""
    menu: str | None = None
    """A text over an interactive list of the departments; who chooses is moved there."""
    note: str | None = None
    label: str | None = None
    unlabel: str | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    department: str | None = None
    """A department's id; "" for none."""
    assign: str | None = None
    """An agent's id, `me` (macros), `nobody`, or `auto` (to whoever of the department has least to do)."""
    campaign: str | None = None
    snooze: Duration | None = None
    resolve: bool | None = None
    survey: Survey | None = None
    notify: list[str] | None = None
    """Agents' ids, `@department`, or `assignee`."""
    opt: Literal["out", "in"] | None = None
    """Marketing messages."""
    language: str = ""
    """Of a template; "" for the customer's."""
    values: list[str] = []
    """Of a template's places, in the order of the message."""
    text: str = ""
    """Of a notification or survey."""
    button: str = ""
    """Of a menu or csat: what opens the list."""

    @property
    def verb(self) -> str:
        """The verb; the first where `check` would object to several, "" where there is none."""
        return next((verb for verb in VERBS if getattr(self, verb) is not None), "")


VERBS = (
    "reply", "canned", "template", "menu", "note", "label", "unlabel", "priority", "department", "assign", "campaign",
    "snooze", "resolve", "survey", "notify", "opt",
)  # fmt: skip

MESSAGES = frozenset({"reply", "canned", "template", "menu", "survey"})
"""Verbs that send something to the customer."""

REASONS: dict[str, str] = {
    "window_closed": N_("the 24-hour window was closed"),
    "opted_out": N_("the customer has stopped marketing messages"),
    "blocked": N_("the customer is blocked"),
    "handed": N_("Meta Business Agent had the conversation"),
    "blocked_template": N_("Meta does not let the template out"),
    "not_found": N_("there is no such thing"),
    "unfilled": N_("a variable was unknown and has no fallback"),
    "no_file": N_("the file is gone"),
    "no_request": N_("there was no request"),
    "asked_already": N_("the customer was asked already"),
    "nobody": N_("there was nobody"),
    "too_often": N_("rules had sent too many messages in a few minutes"),
    "too_long": N_("the text was too long"),
    "invalid": N_("Meta would refuse it"),
}
"""Why a rule left an act out: `rule.fired.skipped` has the codes."""

_BELONGS = {
    "language": ("template",),
    "values": ("template",),
    "text": ("notify", "survey"),
    "button": ("menu", "survey"),
}
_LONGEST = {"reply": TEXT, "note": TEXT, "menu": BODY, "label": LABEL, "unlabel": LABEL, "campaign": 80}
_SHORTCUT = re.compile(r"[\w-]{1,32}")


def check(acts: Sequence[Act], path: tuple[str | int, ...], *, by_agent: bool) -> Iterator[SettingsError]:
    """What the types alone allow, in the list of acts at `path`; `by_agent` for what only a macro can do."""
    if not acts:
        yield SettingsError(N_("at least one act is needed"), path=path)
    for place, act in enumerate(acts):
        yield from _act(act, (*path, place), by_agent)


def _act(act: Act, path: tuple[str | int, ...], by_agent: bool) -> Iterator[SettingsError]:
    verbs = [verb for verb in VERBS if getattr(act, verb) is not None]
    if not verbs:
        yield SettingsError(N_("says nothing to do: one of {verbs} is needed"), {"verbs": ", ".join(VERBS)}, path=path)
        return
    if len(verbs) > 1:
        sentence = N_('does two things, "{one}" and "{other}": write one act for each')
        yield SettingsError(sentence, {"one": verbs[0], "other": verbs[1]}, path=(*path, verbs[1]))
        return
    verb = verbs[0]
    for key, owners in _BELONGS.items():
        if getattr(act, key) and verb not in owners:
            sentence = N_('"{key}" does not belong to "{verb}"')
            yield SettingsError(sentence, {"key": key, "verb": verb}, path=(*path, key))
    yield from _value(act, verb, (*path, verb), by_agent)
    if len(act.button) > TITLE:
        yield SettingsError(N_("at most {n} characters"), {"n": TITLE}, path=(*path, "button"))
    if act.survey is not None:
        if not act.text.strip():
            yield SettingsError(N_('a survey needs its question as "text"'), path=(*path, "survey"))
        elif len(act.text) > BODY:
            yield SettingsError(N_("at most {n} characters"), {"n": BODY}, path=(*path, "text"))


def _value(act: Act, verb: str, path: tuple[str | int, ...], by_agent: bool) -> Iterator[SettingsError]:
    value = getattr(act, verb)
    if verb in _LONGEST:
        if not value.strip():
            yield SettingsError(N_("the text is missing"), path=path)
        elif len(value) > _LONGEST[verb]:
            yield SettingsError(N_("at most {n} characters"), {"n": _LONGEST[verb]}, path=path)
    if verb in ("label", "unlabel") and ("," in value or "\n" in value):
        yield SettingsError(N_("a label is one line without commas"), path=path)
    if value is False:
        yield SettingsError(N_("must be true, or be left out"), path=path)
    if verb == "canned" and not _SHORTCUT.fullmatch(value):
        yield SettingsError(N_("a shortcut has 1 to 32 letters, digits, dashes and underscores"), path=path)
    if verb == "template" and not value.strip():
        yield SettingsError(N_("the name of a template is needed"), path=path)
    if verb == "snooze" and not 0 < value <= SNOOZE:
        yield SettingsError(N_("longer than nothing, and at most a year"), path=path)
    if verb == "notify" and not value:
        yield SettingsError(N_("names nobody"), path=path)
    if verb == "assign" and not value.strip():
        yield SettingsError(N_('an agent\'s id, "nobody" or "auto" is needed'), path=path)
    if verb == "assign" and value == "me" and not by_agent:
        yield SettingsError(N_('"me" is for macros: a rule is nobody'), path=path)
