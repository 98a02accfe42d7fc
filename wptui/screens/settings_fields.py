"""What the form of each kind of entry asks, and how what was typed becomes TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from wptui.editing.changes import Keys
from wptui.editing.context import Known
from wptui.i18n import N_, _
from wptui.model.priority import NAMES
from wptui.model.settings.labels import Colour
from wptui.screens.settings_form import Field, Values
from wptui.store.inbox import Sort
from wptui.widgets.choices import Choice

ID: Keys = ("#id",)
"""The path of the field with the entry's name, which is no key of its table."""
LANGUAGE: Keys = ("#language",)
VARIANT: Keys = ("#variant",)
"""A language that is added, and the text in it."""

Table = Mapping[str, Any]
Offer = Callable[[Known], Sequence[Choice]]

DAYS = (
    ("mon", N_("Monday")),
    ("tue", N_("Tuesday")),
    ("wed", N_("Wednesday")),
    ("thu", N_("Thursday")),
    ("fri", N_("Friday")),
    ("sat", N_("Saturday")),
    ("sun", N_("Sunday")),
)


@dataclass(frozen=True)
class Spec:
    """A key of an entry: how it is asked for, and what stands for its absence."""

    key: Keys
    label: str
    how: Literal["line", "text", "number", "one", "many", "spans", "days", "acts"] = "line"
    offer: Offer | None = None
    absent: str = ""
    help: str = ""


def _words(*pairs: tuple[str, str]) -> Offer:
    return lambda known: [Choice(id, _(title)) for id, title in pairs]


def _colours(known: Known) -> list[Choice]:
    return [Choice(id, _(id) if id else _("plain"), style=f"label-{id}" if id else "") for id in get_args(Colour)]


def _rows(sql: str) -> Offer:
    return lambda known: [Choice(str(id), str(name or id)) for id, name in known.db.execute(sql)]


_agents = _rows("SELECT id, name FROM agents WHERE NOT revoked ORDER BY name")
_numbers = _rows("SELECT id, CASE name WHEN '' THEN display ELSE name || ' ' || display END FROM numbers ORDER BY id")
_campaigns = _rows("SELECT code, name FROM campaigns ORDER BY code")


def _departments(known: Known) -> list[Choice]:
    from wptui.store import team

    return [Choice(id, department.name) for id, department in team.departments(known.db).items()]


def _priorities(known: Known) -> list[Choice]:
    return [Choice(name, _(name)) for name in reversed(NAMES)]


def _orders(known: Known) -> list[Choice]:
    from wptui.screens.inbox_pane import SORTS

    return [Choice(sort.value, _(SORTS[sort]) if sort in SORTS else sort.value) for sort in Sort]


# Colours and priorities are said in the agent's language, too.
_MARKED = (N_("red"), N_("orange"), N_("yellow"), N_("green"), N_("cyan"), N_("blue"), N_("purple"), N_("pink"),
           N_("grey"), N_("low"), N_("normal"), N_("high"), N_("urgent"))  # fmt: skip

SPECS: dict[str, tuple[Spec, ...]] = {
    "canned": (
        Spec(("title",), N_("Title")),
        Spec(("text",), N_("Text"), "text"),
        Spec(("file",), N_("File"), help=N_("a file that goes with it, for example ~/prices.pdf")),
    ),
    "departments": (
        Spec(("name",), N_("Name")),
        Spec(("members",), N_("Members"), "many", _agents),
        Spec(("numbers",), N_("Numbers"), "many", _numbers),
        Spec(("assign",), N_("Hand out"), "one", _words(
            ("off", N_("no, agents take what they want")),
            ("round_robin", N_("one after the other")),
            ("least_busy", N_("to whoever has least")),
        ), "off"),
        Spec(("capacity",), N_("At once, at most"), "number", help="10"),
        Spec(("give_back",), N_("Back to the queue"), help=N_("after so long without an answer, for example 15m")),
    ),
    "labels": (
        Spec(("colour",), N_("Colour"), "one", _colours),
        Spec(("group",), N_("Group"), help=N_("labels of a group are shown together")),
        Spec(("help",), N_("Meaning")),
    ),
    "sla": (
        Spec(("department",), N_("Departments"), "many", _departments, N_("all")),
        Spec(("priority",), N_("Priorities"), "many", _priorities, N_("all")),
        Spec(("campaign",), N_("Campaigns"), "many", _campaigns, N_("all")),
        Spec(("first_response",), N_("First response"), help=N_("for example 10m")),
        Spec(("next_response",), N_("Next response"), help=N_("for example 30m")),
        Spec(("resolution",), N_("Resolution"), help=N_("for example 8h")),
        Spec(("time",), N_("Counted in"), "one", _words(
            ("business", N_("business hours")), ("calendar", N_("calendar time")),
        ), "business"),
    ),
    "filters": (
        Spec(("title",), N_("Title")),
        Spec(("filter",), N_("Filter line"), help="is:late label:iade"),
        Spec(("sort",), N_("Sorted by"), "one", _orders, "waiting"),
    ),
    "macros": (
        Spec(("title",), N_("Title")),
        Spec(("key",), N_("Key"), help=N_("for example f6; empty: from the list")),
        Spec(("do",), N_("Acts, one a line"), "acts", help=N_("canned: shipping  label: shipping  resolve")),
    ),
    "hours": (
        *(Spec(("week", day), title, "spans", help=N_("closed; for example 09:00-12:00, 13:00-18:00"))
          for day, title in DAYS),
        Spec(("timezone",), N_("Time zone"), help="Europe/Istanbul"),
        Spec(("holidays",), N_("Public holidays"), help=N_("of a country: TR, DE-BY")),
        Spec(("closed",), N_("Closed days"), "days", help=N_("2026-12-31 Inventory")),
    ),
}  # fmt: skip
"""What is asked, by kind of document."""


def specs(kind: str, at: Keys, table: Table) -> list[Spec]:
    """What is asked for the entry at `at`."""
    found = list(SPECS[kind])
    if kind == "hours" and at:
        found = [spec for spec in found if spec.key != ("timezone",)]  # a department is where the business is
    if kind == "canned":
        variants = [Spec(("texts", code), _("Text ({language})").format(language=code), "text")
                    for code in table.get("texts", {})]  # fmt: skip
        found[2:2] = [*variants, Spec(LANGUAGE, N_("Another language"), help=N_("its code, for example en")),
                      Spec(VARIANT, N_("Text in it"), "text")]  # fmt: skip
    return found


def fields(kind: str, at: Keys | None, table: Table, known: Known) -> list[Field]:
    """The fields of an entry; `at` is None for one that is new and needs a name."""
    found: list[Field] = []
    if at is None:
        label, help = NAMES_OF[kind]
        found.append(Field(ID, _(label), help=_(help)))
    for spec in specs(kind, at or (), table):
        value = _value(table, spec.key)
        form: Literal["line", "text", "one", "many"] = "line"
        if spec.how in ("text", "one", "many"):
            form = spec.how
        elif spec.how in ("acts", "days"):
            form = "text"
        choices = spec.offer(known) if spec.offer else ()
        help = _(spec.absent) if spec.how == "many" else _(spec.help)
        found.append(Field(spec.key, _(spec.label), form, _shown(spec, value), choices, help))
    return found


NAMES_OF = {
    "canned": (N_("Shortcut"), N_("what is typed after /")),
    "departments": (N_("Id"), N_("a short name that stays: sales")),
    "labels": (N_("Label"), ""),
    "sla": (N_("Id"), N_("a short name that stays: vip")),
    "filters": (N_("Id"), N_("a short name that stays: late-sales")),
    "macros": (N_("Id"), N_("a short name that stays: shipping")),
}
"""What the name of a new entry is called, by kind, and what it is."""


def _value(table: Table, key: Keys) -> Any:
    found: Any = table
    for name in key:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _shown(spec: Spec, value: Any) -> Any:
    """A TOML value as it stands in its field."""
    match spec.how:
        case "many":
            return list(value or [])
        case "one":
            return value if value is not None else spec.absent
        case "spans":
            return ", ".join(value or [])
        case "days":
            return "\n".join(f"{day} {why}" for day, why in (value or {}).items())
        case "acts":
            return "\n".join(map(act_line, value or []))
    return "" if value is None else str(value)


def read(kind: str, at: Keys, table: Table, values: Values) -> dict[Keys, Any]:
    """What was typed as TOML values by key; None for what is to be absent."""
    found: dict[Keys, Any] = {}
    for spec in specs(kind, at, table):
        typed = values[spec.key]
        match spec.how:
            case "days":
                days = dict(_day(line) for line in typed.splitlines() if line.strip())
                gone = [day for day in (_value(table, spec.key) or {}) if day not in days]
                found |= {(*spec.key, day): None for day in gone} | {(*spec.key, day): why for day, why in days.items()}
            case "acts":
                found[spec.key] = [act(line) for line in typed.splitlines() if line.strip()] or None
            case "number":
                found[spec.key] = int(typed) if typed.isdecimal() else typed or None
            case "spans":
                found[spec.key] = [span.strip() for span in typed.split(",") if span.strip()] or None
            case "one":
                # What stands there as its default may stay.
                same = typed == spec.absent and _value(table, spec.key) is None
                found[spec.key] = None if same else typed
            case _:
                found[spec.key] = typed or None
    if kind == "canned":
        _canned(found, table)
    return found


def _canned(found: dict[Keys, Any], table: Table) -> None:
    """A language that was added becomes one of the texts; another file is one to upload."""
    language, text = found.pop(LANGUAGE), found.pop(VARIANT)
    if language or text:
        found["texts", language or ""] = text or ""
    if found[("file",)] != table.get("file"):
        found[("media",)] = None


def _day(line: str) -> tuple[str, str]:
    day, _space, why = line.strip().partition(" ")
    return day, why.strip()


def act_line(act: Table) -> str:
    """An act in a line: `label: iade`, `resolve`, or as TOML where it is more than a verb and a word."""
    (verb, value), *more = act.items()
    if not more and value is True:
        return str(verb)
    if not more and verb == "notify" and isinstance(value, list):
        return f"notify: {', '.join(value)}"
    if not more and isinstance(value, str) and value == value.strip() and "\n" not in value and value:
        return f"{verb}: {value}"
    import tomlkit

    inline = tomlkit.inline_table()
    inline.update(act)
    return inline.as_string()


def act(line: str) -> dict[str, Any]:
    """The act that a line says. Whether there is such a verb is judged with the document."""
    line = line.strip()
    if line.startswith("{"):
        try:
            found = tomllib.loads(f"x = {line}")["x"]
            return found if isinstance(found, dict) else {line: ""}
        except tomllib.TOMLDecodeError:
            return {line: ""}
    verb, colon, value = line.partition(":")
    verb, value = verb.strip(), value.strip()
    if not colon:
        return {verb: True}
    if verb == "notify":
        return {verb: [name.strip() for name in value.split(",") if name.strip()]}
    return {verb: value}
