"""What the acts of a rule or macro lead to, in the conversation as it stands: events, and what could not be done.

Acts are planned in order, each knowing what those before it have changed; the database is only read. What a rule
cannot do it leaves out and says why; a macro does all of its acts or none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from wptui.cloudapi.content import MEDIA_KINDS
from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.templates import template_components, template_parameters, unfillable
from wptui.i18n import _
from wptui.model import events as ev
from wptui.model.canned import fill, unfilled
from wptui.model.errors import RefusedError
from wptui.model.priority import NAMES
from wptui.model.settings.acts import MESSAGES, Act
from wptui.model.settings.macros import Macros
from wptui.model.text import fold, safe_line
from wptui.model.window import is_open
from wptui.relay.assigner import Hands
from wptui.relay.outgoing import Files, message_data, refused
from wptui.relay.rules import lists
from wptui.relay.rules.conditions import Standing, standing
from wptui.store import team, variables

if TYPE_CHECKING:
    from wptui.model import commands as c
    from wptui.relay.acts.base import Act as Command

SENDABLE = frozenset({"APPROVED", "FLAGGED", "REINSTATED"})
"""States of a template in which a rule sends it."""

_WORDS = 80

BRAKE, BRAKE_SECONDS = 10, 600
"""So many messages rules send in a conversation in so many seconds. A customer is no faster; another machine that
answers each of ours is.
"""


@dataclass
class Scene:
    """Who acts where: what the acts of one rule or macro have in common, and what has changed on the way."""

    db: sqlite3.Connection
    stands: Standing
    now: int
    """Unix seconds."""
    id: str
    """Of the first message; the next ones are `<id>-2` …"""
    files: Files
    agent: str = ""
    """The id of the agent whose macro it is; "" for a rule."""
    title: str = ""
    """What a notification says that has no text of its own."""
    follow_up: bool = False
    """Nobody asked for these messages: who has opted out does not get them."""
    messages: int = 0
    department: str = field(init=False)
    assignee: str = field(init=False)

    def __post_init__(self) -> None:
        self.department = self.stands.department
        self.assignee = self.stands.assignee

    @property
    def how(self) -> str:
        """How what is done was done, as assignments and attributions have it."""
        return "hand" if self.agent else "rule"

    def values(self) -> dict[str, str]:
        """The variables of texts."""
        row = self.db.execute("SELECT name FROM agents WHERE id = ?", (self.agent,)).fetchone()
        return variables.known_values(self.db, self.stands.id, agent=row[0] if row else "", now=self.now)

    def next_id(self) -> str:
        """The id of the next message or note."""
        self.messages += 1
        return self.id if self.messages == 1 else f"{self.id}-{self.messages}"


@dataclass
class Planned:
    """What acts lead to. `acts` are those done, in words of the settings; `skipped` the others, with a code why."""

    data: list[ev.Data] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def words(act: Act) -> str:
    """An act as a line: `label: iade`."""
    value = getattr(act, act.verb)
    if isinstance(value, list):
        value = ", ".join(value)
    return safe_line(act.verb if value is True else f"{act.verb}: {value}", _WORDS)


def plan_acts(scene: Scene, acts: Sequence[Act]) -> Planned:
    """The events of `acts`, as far as they can be done."""
    planned = Planned()
    for act in acts:
        try:
            data = plan_act(scene, act)
        except RefusedError as error:
            planned.skipped[words(act)] = error.code
        except PayloadError:
            planned.skipped[words(act)] = "invalid"
        else:
            planned.data += data
            if data:
                planned.acts.append(words(act))
    return planned


def plan_macro(act: Command, command: c.RunMacro) -> list[ev.Data]:
    """The events of a macro, all of its acts or none. Raises RefusedError."""
    from wptui.relay.acts import authority, messages  # they import this module
    from wptui.relay.acts import team as colleagues

    macros: Macros = team.document(act.db, "macros", act.agent if command.own else "")
    macro = macros.get(command.macro)
    if macro is None:
        raise refused("not_found", _("There is no macro {name}.").format(name=safe_line(command.macro, 40)))
    stands = standing(act.db, command.conversation)
    if stands is None:
        raise refused("not_found", _("This conversation does not exist (any more)."))
    scene = Scene(act.db, stands, act.now, act.id, act.files, agent=act.agent, title=macro.title or command.macro)
    if command.answering is not None and not command.force and any(each.verb in MESSAGES for each in macro.do):
        messages.check_answered(act, command.conversation, command.answering)
    try:
        data = [each for one in macro.do for each in plan_act(scene, one)]
    except PayloadError as error:
        raise refused("invalid", _("{field}: {reason}").format(field=error.field, reason=error), error.hint) from error
    authority.check_events(act, command.conversation, data)
    if stands.assignee != act.agent and any(isinstance(each, ev.ConversationAssigned) for each in data):
        colleagues.unchanged(act, stands.assignee, command.expect)
    return data


def plan_act(scene: Scene, act: Act) -> list[ev.Data]:
    """The events of one act; none where all is so already. Raises RefusedError, PayloadError."""
    if act.verb in MESSAGES:
        return _message(scene, act)
    return _PLANS[act.verb](scene, act)


# ── to the customer ──────────────────────────────────────────────────────────────────────────────────────


def _message(scene: Scene, act: Act) -> list[ev.Data]:
    stands = scene.stands
    if stands.blocked:
        raise refused("blocked", _("This customer is blocked."))
    if stands.owner != "human" and not scene.agent:
        raise refused("handed", _("Meta Business Agent has this conversation."))
    if not scene.agent and _brake(scene):
        raise refused("too_often", _("Rules have just sent this customer {n} messages.").format(n=BRAKE))
    if scene.follow_up and stands.opted_out:
        raise refused("opted_out", _("The customer has stopped marketing messages."))
    if act.verb != "template" and not is_open(stands.window_expires, scene.now):
        raise refused(
            "window_closed",
            _("The 24-hour window is closed."),
            _("Send a template; when the customer answers, the window opens again."),
        )
    if act.survey is not None:
        return _survey(scene, act)
    if act.template is not None:
        return [_queued(scene, _template(scene, act))]
    if act.canned is not None:
        return [_canned(scene, act.canned)]
    if act.menu is not None:
        departments = team.departments(scene.db)
        if not departments:
            raise refused("not_found", _("There are no departments."))
        return [_queued(scene, lists.menu(_filled(scene, act.menu), departments, act.button))]
    return [_queued(scene, _text(_filled(scene, act.reply or "")))]


def _brake(scene: Scene) -> bool:
    (sent,) = scene.db.execute(
        "SELECT COUNT(*) FROM messages WHERE conversation = ? AND ts > ? AND dir = 'out' AND author LIKE 'rule:%'",
        (scene.stands.id, scene.now - BRAKE_SECONDS),
    ).fetchone()
    return int(sent) + scene.messages >= BRAKE


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


def _filled(scene: Scene, text: str) -> str:
    """`text` with its variables. Raises RefusedError where one is unknown and has no fallback."""
    found = fill(text, scene.values())
    missing = unfilled(found)
    if missing:
        raise refused("unfilled", _("Nobody knows {name} here.").format(name="{{" + missing + "}}"))
    return found


def _queued(scene: Scene, content: dict[str, Any], *, automatic: bool = False, canned: str = "") -> ev.MessageQueued:
    data = message_data(
        scene.db,
        id=scene.next_id(),
        number=scene.stands.number,
        now=scene.now,
        content=content,
        text="",
        quote=None,
        files=scene.files,
    )
    data.automatic = automatic or not scene.agent
    data.canned = canned
    return data


def _canned(scene: Scene, shortcut: str) -> ev.Data:
    row = scene.db.execute(
        "SELECT text, texts, media, filename FROM canned WHERE shortcut = ? AND owner IN ('', ?) "
        "ORDER BY owner DESC LIMIT 1",
        (shortcut, scene.agent),
    ).fetchone()
    if row is None:
        raise refused("not_found", _("There is no canned reply {name}.").format(name=shortcut))
    text = _filled(scene, variables.canned_text(scene.db, scene.stands.id, row[0], row[1]))
    content = _file(scene, row[2], row[3], text) if row[2] else _text(text)
    return _queued(scene, content, canned=shortcut)


def _file(scene: Scene, key: str, filename: str, caption: str) -> dict[str, Any]:
    stored = scene.files.describe(key)
    if stored is None or stored.kind not in MEDIA_KINDS:
        raise refused("no_file", _("The relay does not have the file of this reply (any more)."))
    value: dict[str, Any] = {"upload": key}
    if stored.kind not in ("audio", "sticker"):
        value["caption"] = caption
    if stored.kind == "document" and (filename or stored.filename):
        value["filename"] = filename or stored.filename
    return {"type": stored.kind, stored.kind: value}


def _template(scene: Scene, act: Act) -> dict[str, Any]:
    name = act.template or ""
    rows = scene.db.execute(
        "SELECT language, status, category, components FROM templates WHERE name = ? ORDER BY language", (name,)
    ).fetchall()
    row = _in_language(rows, act.language or variables.language(scene.db, scene.stands.id))
    if row is None:
        raise refused("not_found", _("There is no template {name}.").format(name=safe_line(name, 80)))
    language, status, category, encoded = row
    if status not in SENDABLE:
        text = _("The template {name} cannot be sent: Meta says {status}.")
        raise refused("blocked_template", text.format(name=safe_line(name, 80), status=status))
    if category == "MARKETING" and scene.stands.opted_out:
        raise refused("opted_out", _("The customer has stopped marketing messages."))
    components = msgspec.json.decode(encoded)
    asked = template_parameters(components)
    if unfillable(components) or len(asked) != len(act.values) or any(each.kind in _FILES for each in asked):
        raise refused("invalid", _("The template {name} needs other values.").format(name=safe_line(name, 80)))
    values = {each.key: _filled(scene, value) for each, value in zip(asked, act.values, strict=True)}
    template: dict[str, Any] = {"name": name, "language": {"code": language}}
    if built := template_components(components, values):
        template["components"] = built
    return {"type": "template", "template": template}


_FILES = frozenset({"image", "video", "document", "location"})


def _in_language(rows: list[tuple[str, str, str, str]], wanted: str) -> tuple[str, str, str, str] | None:
    """The row whose language fits best: the same, the same without its country, the only one there is."""
    wanted = wanted.replace("-", "_").lower()
    short = wanted.partition("_")[0]
    exact = [row for row in rows if row[0].lower() == wanted]
    alike = [row for row in rows if short and row[0].lower().partition("_")[0] == short]
    return next(iter(exact or alike or (rows if len(rows) == 1 else [])), None)


def _survey(scene: Scene, act: Act) -> list[ev.Data]:
    request = scene.stands.request
    if request is None:
        raise refused("no_request", _("There is no request to ask about."))
    if scene.db.execute("SELECT 1 FROM surveys WHERE request = ?", (request,)).fetchone():
        raise refused("asked_already", _("The customer was asked about this request already."))
    text = _filled(scene, act.text)
    id = scene.next_id()
    scene.messages -= 1
    content = lists.scores(text, id, act.button) if act.survey == "csat" else _text(text)
    sent = ev.SurveySent(survey=id, kind=act.survey or "", request=request, message=id)
    return [_queued(scene, content, automatic=True), sent]


# ── in the conversation ──────────────────────────────────────────────────────────────────────────────────


def _note(scene: Scene, act: Act) -> list[ev.Data]:
    return [ev.ConversationNoted(note=scene.next_id(), text=fill(act.note or "", scene.values()))]


def _label(scene: Scene, act: Act) -> list[ev.Data]:
    label = safe_line(act.label or "")
    return [] if label in scene.stands.labels else [ev.ConversationLabelled(label=label)]


def _unlabel(scene: Scene, act: Act) -> list[ev.Data]:
    label = safe_line(act.unlabel or "")
    return [ev.ConversationUnlabelled(label=label)] if label in scene.stands.labels else []


def _priority(scene: Scene, act: Act) -> list[ev.Data]:
    priority = NAMES[act.priority or "normal"]
    return [] if priority == scene.stands.priority else [ev.ConversationPrioritised(priority=priority)]


def _department(scene: Scene, act: Act) -> list[ev.Data]:
    department = act.department or ""
    if department and department not in team.departments(scene.db):
        raise refused("not_found", _("There is no department {name}.").format(name=safe_line(department, 40)))
    if department == scene.department:
        return []
    scene.department = department
    return [ev.ConversationMoved(department=department, how=scene.how)]


def _assign(scene: Scene, act: Act) -> list[ev.Data]:
    wanted: str | None = act.assign
    if wanted == "me":
        wanted = scene.agent
    elif wanted == "nobody":
        wanted = None
    elif wanted == "auto":
        if scene.assignee:
            return []
        wanted = _least_busy(scene)
        if wanted is None:
            raise refused("nobody", _("Nobody of this department is on duty and free."))
    elif not scene.db.execute("SELECT 1 FROM agents WHERE id = ? AND NOT revoked", (wanted,)).fetchone():
        raise refused("not_found", _("There is no agent {name}.").format(name=safe_line(wanted or "", 60)))
    elif "message.send" not in team.allowed(scene.db, str(wanted)):
        text = _("{name} could not answer this customer: their role does not allow it.")
        raise refused("invalid", text.format(name=safe_line(str(wanted), 60)))
    if (wanted or "") == scene.assignee:
        return []
    scene.assignee = wanted or ""
    return [ev.ConversationAssigned(agent=wanted, how=scene.how)]


def _least_busy(scene: Scene) -> str | None:
    """Who of the department gets it; an act before may have moved the conversation there."""
    hands = Hands(scene.db)
    if scene.department == scene.stands.department:
        return hands.pick(scene.stands.id, how="least_busy")
    return hands.choose(scene.department, "", how="least_busy")


def _campaign(scene: Scene, act: Act) -> list[ev.Data]:
    wanted = fold(act.campaign or "")
    codes = [code for (code,) in scene.db.execute("SELECT code FROM campaigns") if fold(code) == wanted]
    if not codes:
        raise refused("not_found", _("There is no campaign {name}.").format(name=safe_line(act.campaign or "", 80)))
    # METRICS.md: what an ad, a reply or a code says stands before a rule, and what an agent says before all.
    if codes[0] == scene.stands.campaign or (not scene.agent and scene.stands.campaign_how not in ("", "rule")):
        return []
    return [ev.ConversationTagged(campaign=codes[0], how=scene.how)]


def _snooze(scene: Scene, act: Act) -> list[ev.Data]:
    if scene.stands.state == "resolved":
        return []
    return [ev.ConversationSnoozed(until=scene.now + int(act.snooze or 0))]


def _resolve(scene: Scene, act: Act) -> list[ev.Data]:
    return [] if scene.stands.state == "resolved" else [ev.ConversationResolved()]


def _notify(scene: Scene, act: Act) -> list[ev.Data]:
    departments = team.departments(scene.db)
    agents: list[str] = []
    for each in act.notify or ():
        if each == "assignee":
            agents.append(scene.assignee)
        elif each.startswith("@"):
            named = departments.get(each[1:])
            agents += named.members if named is not None else []
        else:
            agents.append(each)
    known = {id for (id,) in scene.db.execute("SELECT id FROM agents WHERE NOT revoked")}
    called = [agent for agent in dict.fromkeys(agents) if agent in known]
    if not called:
        raise refused("nobody", _("There is nobody to tell."))
    text = safe_line(fill(act.text, scene.values()) or scene.title, 300)
    return [ev.AgentNotified(agents=called, text=text)]


def _opt(scene: Scene, act: Act) -> list[ev.Data]:
    out = act.opt == "out"
    if out == bool(scene.stands.opted_out):
        return []
    return [ev.ContactOpted(contact=scene.stands.contact, ts=scene.now, out=out)]


_PLANS = {
    "note": _note,
    "label": _label,
    "unlabel": _unlabel,
    "priority": _priority,
    "department": _department,
    "assign": _assign,
    "campaign": _campaign,
    "snooze": _snooze,
    "resolve": _resolve,
    "notify": _notify,
    "opt": _opt,
}
