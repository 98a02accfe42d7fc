"""What an editor shows where nothing has been written yet: every key, explained, all of it commented out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from textwrap import wrap
from typing import get_args

from msgspec.structs import fields

from wptui.editing.canned import string
from wptui.i18n import _, language
from wptui.model.permissions import PERMISSIONS, ROLE_TITLES, ROLES
from wptui.model.settings import acts, rules
from wptui.model.settings.ready import ready_made

Lines = Iterator[str]


def template(db: sqlite3.Connection, kind: str, *, own: bool) -> str:
    """The template of a kind of document, in the agent's language, with the names the store has."""
    head = [_("What is written here is yours alone.")] if own else []
    body = list(_TEMPLATES[kind](db))
    return "\n".join([*(f"# {line}" for line in head), *body]) + "\n"


def _intro(*sentences: str) -> Lines:
    for sentence in sentences:
        yield f"# {sentence}"
    yield "# " + _("Take away the # in front of what you want.")
    yield "#"


def _key(example: str, meaning: str) -> str:
    return f"#{example:<38} # {meaning}"


def _listed(db: sqlite3.Connection, head: str, sql: str) -> Lines:
    """A comment with the names that may be written."""
    found = [f"{id} ({name})" if name and name != id else str(id) for id, name in db.execute(sql)]
    if found:
        yield f"# {head} {', '.join(found)}"


def _agents(db: sqlite3.Connection) -> Lines:
    yield from _listed(db, _("Agents:"), "SELECT id, name FROM agents WHERE NOT revoked ORDER BY name")


def _numbers(db: sqlite3.Connection) -> Lines:
    sql = "SELECT id, CASE name WHEN '' THEN display ELSE name || ' ' || display END FROM numbers ORDER BY id"
    yield from _listed(db, _("Numbers:"), sql)


_NAMES = {"departments": (_agents, _numbers)}


def names(db: sqlite3.Connection, kind: str) -> list[str]:
    """The names a kind of document refers to, a sentence for each sort: ids are known to nobody by heart."""
    return [line.removeprefix("# ") for each in _NAMES.get(kind, ()) for line in each(db)]


def _canned(db: sqlite3.Connection) -> Lines:
    yield from _intro(
        _("Canned replies. The name in [ ] is the shortcut, typed after / in an empty composer."),
        _("Variables: {names}").format(
            names="{{customer.first_name|…}} {{customer.name}} {{agent.name}} {{workspace}} {{campaign}}"
        ),
    )
    yield "#[shipping]"
    yield _key('title = "Shipping"', _("shown in the list"))
    yield '#text = """'
    yield "#" + _("Hello {{customer.first_name|there}},")
    yield "#" + _('your order is on its way."""')
    yield _key('texts.en = "Hello, …"', _("the same in another language"))
    yield _key('file = "~/prices.pdf"', _("a file on this machine that goes with it"))


def _departments(db: sqlite3.Connection) -> Lines:
    yield from _intro(_("Departments: who serves which numbers, and how conversations are handed out."))
    yield from _agents(db)
    yield from _numbers(db)
    yield "#"
    yield "#[sales]"
    yield _key(f"name = {string(_('Sales'))}", _("as it is shown"))
    yield _key('members = ["ayse", "mehmet"]', _("ids of agents"))
    yield _key('numbers = ["106540352242922"]', _("ids of numbers whose new conversations come here"))
    yield _key('assign = "off"', _("hand out to those on duty: off, round_robin, least_busy"))
    yield _key("capacity = 10", _("open conversations an agent is given at most"))
    yield _key('give_back = "15m"', _("a claimed conversation that waits so long goes back to the queue"))


def _roles(db: sqlite3.Connection) -> Lines:
    yield from _intro(_("Roles: named sets of permissions, beside those built in."))
    for id, permissions in ROLES.items():
        title = _(ROLE_TITLES[id])
        yield f"# {id} ({title}): " + _("{n} permissions").format(n=len(permissions))
    yield "#"
    yield "#[supervisor]"
    yield _key(f"title = {string(_('Supervisor'))}", _("as it is shown"))
    yield "#permissions = ["
    for group, found in groupby(PERMISSIONS, lambda permission: permission.group):
        yield f"# {_(group)}"
        for permission in found:
            yield f"#{string(permission.id) + ',':<27} # {_(permission.title)}"
    yield "#]"


def _labels(db: sqlite3.Connection) -> Lines:
    yield from _intro(
        _("Labels: their colours, groups and meanings. The name in [ ] is the label; in quotes where it has spaces."),
        _("A label that is not listed works, in the plain colour."),
    )
    yield from _listed(db, _("In use:"), "SELECT label, '' FROM labels GROUP BY label ORDER BY count(*) DESC LIMIT 20")
    yield "#"
    yield f"#[{_('return')}]"
    yield _key('colour = "red"', _("red, orange, yellow, green, cyan, blue, purple, pink, grey"))
    yield _key(f"group = {string(_('orders'))}", _("labels of a group are shown together"))
    yield _key(f"help = {string(_('Something comes back'))}", _("what it means"))


def _hours(db: sqlite3.Connection) -> Lines:
    yield from _intro(
        _("Business hours. Without a week the business is always open."),
        _("Waiting times, rules and service levels count by them."),
    )
    yield _key('timezone = "Europe/Istanbul"', _("without it, the workspace's"))
    yield _key('holidays = "TR"', _("country (or DE-BY) whose public holidays are closed"))
    yield "#"
    yield "#[week]"
    for day in ("mon", "tue", "wed", "thu", "fri"):
        yield f'#{day} = ["09:00-18:00"]'
    yield _key('sat = ["10:00-13:00", "14:00-17:00"]', _("several spans; a day that is not here is closed"))
    yield "#"
    yield "#[closed]"
    yield _key(f"2026-12-31 = {string(_('Inventory'))}", _("a single day, and why"))
    yield "#"
    yield "#[department.sales.week]"
    yield _key('mon = ["09:00-20:00"]', _("a department that differs"))


def _sla(db: sqlite3.Connection) -> Lines:
    yield from _intro(_("Service levels. The first that fits a request counts: write the special ones first."))
    yield "#[vip]"
    yield _key('priority = ["urgent", "high"]', _("low, normal, high, urgent; without it, all"))
    yield _key('department = ["sales"]', _("ids of departments; without it, all"))
    yield _key('campaign = ["WINTER24"]', _("codes of campaigns; without it, all"))
    yield _key('first_response = "5m"', _("until a human has answered"))
    yield _key('next_response = "10m"', _("until each further message is answered"))
    yield _key('resolution = "8h"', _("until the request is resolved"))
    yield _key('time = "business"', _("business hours, or calendar"))


def _rules(db: sqlite3.Connection) -> Lines:
    yield "# " + _("Rules: what the relay does by itself. They are tried in this order.")
    yield "# " + _("Those that come with wptui are off: write on = true, and your own words.")
    yield "# " + _("`wptui rules test` shows what they would have done yesterday.")
    yield "#"
    yield from _wrapped("when:", get_args(rules.When))
    yield from _wrapped("if:  ", (field.encode_name for field in fields(rules.If)))
    yield from _wrapped("then:", acts.VERBS)
    yield ""
    yield ready_made(language())


def _wrapped(head: str, words: Iterable[str]) -> Lines:
    yield from wrap(", ".join(words), 100, initial_indent=f"# {head} ", subsequent_indent="#" + " " * (len(head) + 2))


def _macros(db: sqlite3.Connection) -> Lines:
    yield from _intro(_("Macros: several acts on one key."))
    yield from _wrapped(_("Acts:"), acts.VERBS)
    yield "#"
    yield "#[shipping]"
    yield _key(f"title = {string(_('Shipping delayed'))}", _("as it is shown"))
    yield _key('key = "f6"', _("a key, or none: macros are also chosen from a list"))
    yield '#do = [{canned = "shipping"}, {label = "shipping"}, {resolve = true}]'


def _filters(db: sqlite3.Connection) -> Lines:
    yield from _intro(_("Saved filters: views by a filter line, as it is typed in the inbox."))
    yield "#[late-sales]"
    yield _key(f"title = {string(_('Late in sales'))}", _("as it is shown"))
    yield _key('filter = "is:late department:sales"', _("the line"))
    yield _key('sort = "waiting"', _("the order: waiting, unread, last, campaign, window, priority"))


_TEMPLATES: dict[str, Callable[[sqlite3.Connection], Lines]] = {
    "canned": _canned,
    "departments": _departments,
    "roles": _roles,
    "labels": _labels,
    "hours": _hours,
    "sla": _sla,
    "rules": _rules,
    "macros": _macros,
    "filters": _filters,
}
