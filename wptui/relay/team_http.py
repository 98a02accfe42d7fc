"""`/v1/agents` and `/v1/audit`: who may sign in, and who did what.

What agents may do is asked for every call, of the accounts' file and the view as they are now. Nobody makes anybody
more than they are themselves, and nobody lays hands on somebody who may do more: else a manager could become owner
by a one-time code for the owner's next device.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wptui.i18n import _
from wptui.model import events as ev
from wptui.model.errors import RefusedError, UsageError
from wptui.model.permissions import See
from wptui.model.settings import roles as _roles
from wptui.model.text import fold, safe_line
from wptui.relay.accounts import CODE_MINUTES, Agent, Session, role_named
from wptui.relay.acts.base import forbidden
from wptui.relay.http import Handler, json_answer, read_body, sorry
from wptui.relay.outgoing import refused
from wptui.store import audit, team, visible

if TYPE_CHECKING:
    from wptui.relay.accounts import Accounts
    from wptui.relay.clerk import Clerk
    from wptui.relay.eventlog.contract import EventLog
    from wptui.relay.view import View

PAGE = 100
PAGE_MOST = 500
_LOOKED = 5000
"""Events looked at for one page of the trail, at most, where an agent sees few of them."""

_STATUS = {"forbidden": 403}


class _NewAgent(msgspec.Struct):
    name: str
    role: str = ""


class _Role(msgspec.Struct):
    role: str


class TeamApi:
    """The endpoints. `follow` tells the log what changed in the accounts."""

    def __init__(
        self,
        accounts: Accounts,
        clerk: Clerk,
        view: View,
        log: EventLog,
        follow: Callable[[], Awaitable[None]],
    ) -> None:
        self._accounts = accounts
        self._clerk = clerk
        self._view = view
        self._log = log
        self._follow = follow

    def routes(self, guarded: Callable[[Handler], Callable[[Request], Awaitable[Response]]]) -> list[Route]:
        """All of them; `guarded` (`http.Api.guarded`) lets in who has a token."""

        def route(path: str, handler: Handler, method: str) -> Route:
            return Route(path, guarded(_answering(handler)), methods=[method])

        return [
            route("/v1/agents", self._list, "GET"),
            route("/v1/agents", self._add, "POST"),
            route("/v1/agents/{id}/code", self._code, "POST"),
            route("/v1/agents/{id}/role", self._role, "POST"),
            route("/v1/agents/{id}/revoke", self._revoke, "POST"),
            route("/v1/audit", self._audit, "GET"),
        ]

    # ── agents ───────────────────────────────────────────────────────────────────────────────────────────

    async def _list(self, _request: Request, session: Session) -> Response:
        await self._managing(session)
        return json_answer({"agents": [self._described(agent) for agent in self._accounts.agents()]})

    def _described(self, agent: Agent) -> dict[str, Any]:
        devices = self._accounts.devices(agent.id)
        return {
            "id": agent.id,
            "name": agent.name,
            "role": agent.role,
            "revoked": agent.revoked_at is not None,
            "created_at": agent.created_at,
            "used_at": max((device.used_at for device in devices), default=None),
            "devices": [
                {
                    "device": device.device,
                    "created_at": device.created_at,
                    "used_at": device.used_at,
                    "revoked": device.revoked_at is not None,
                }
                for device in devices
            ],
        }

    async def _add(self, request: Request, session: Session) -> Response:
        asked = await _asked(request, _NewAgent)
        if not safe_line(asked.name):
            raise refused("invalid", _("A name is needed."))
        own, mine = await self._managing(session)
        role = role_named(asked.role or "agent", own)
        _may_give(mine, own, role)
        added = self._accounts.add(asked.name, role)
        code = self._accounts.code(added.id)
        await self._follow()
        return json_answer(
            {"id": added.id, "name": added.name, "role": added.role, "code": code, "minutes": CODE_MINUTES}
        )

    async def _code(self, request: Request, session: Session) -> Response:
        own, mine = await self._managing(session)
        agent = self._known(request)
        _may_touch(mine, own, agent)
        code = self._accounts.code(agent.id)
        return json_answer({"id": agent.id, "name": agent.name, "code": code, "minutes": CODE_MINUTES})

    async def _role(self, request: Request, session: Session) -> Response:
        asked = await _asked(request, _Role)
        own, mine = await self._managing(session)
        agent, role = self._known(request), role_named(asked.role, own)
        _may_touch(mine, own, agent)
        _may_give(mine, own, role)
        self._accounts.set_role(agent.id, role)
        await self._follow()
        return json_answer({"id": agent.id, "name": agent.name, "role": role})

    async def _revoke(self, request: Request, session: Session) -> Response:
        own, mine = await self._managing(session)
        agent = self._known(request)
        _may_touch(mine, own, agent)
        self._accounts.revoke(agent.id)
        await self._follow()
        return json_answer({"id": agent.id, "name": agent.name, "revoked": True})

    def _known(self, request: Request) -> Agent:
        wanted = str(request.path_params["id"])
        agent = self._accounts.agent(wanted)
        if agent is None:
            raise refused("not_found", _("There is no agent {name}.").format(name=safe_line(wanted, 60)))
        return agent

    async def _managing(self, session: Session) -> tuple[_roles.Roles, frozenset[str]]:
        """The workspace's own roles, and what the agent may do, who may manage agents. Raises RefusedError."""
        own: _roles.Roles = await self._clerk.look(lambda db: team.document(db, "roles"))
        me = self._accounts.agent(session.agent.id)
        mine = _roles.allowed(own, me.role) if me is not None and me.revoked_at is None else frozenset[str]()
        if "agents.manage" not in mine:
            raise forbidden("agents.manage")
        return own, mine

    # ── the trail ────────────────────────────────────────────────────────────────────────────────────────

    async def _audit(self, request: Request, session: Session) -> Response:
        """Entries, the latest first. `next` is the `before` of the next page, null where there is none."""
        asked = request.query_params
        before, limit = _number(asked.get("before", "")), _number(asked.get("limit", "")) or PAGE
        limit = max(1, min(limit, PAGE_MOST))
        conversation = asked.get("conversation", "")
        me = session.agent.id
        agent = await self._clerk.look(lambda db: _whose(db, me, conversation, asked.get("agent", "")))
        entries: list[audit.Entry] = []
        looked = 0
        while len(entries) < limit and looked < _LOOKED:
            events = await self._log.trail(
                audit.audited(), limit, before=before, conversation=conversation, agent=agent
            )
            looked += limit
            page = events
            shown = await self._view.ask(lambda db: _shown(db, me, page))  # noqa: B023 - awaited at once
            room = limit - len(entries)
            entries += shown[:room]
            if len(events) < limit and len(shown) <= room:
                before = None
                break
            before = entries[-1].seq if len(entries) == limit else events[-1].seq
        return json_answer({"entries": entries, "next": before})


def _answering(handler: Handler) -> Handler:
    """`handler`, whose refusals become answers."""

    async def answering(request: Request, session: Session) -> Response:
        try:
            return await handler(request, session)
        except msgspec.MsgspecError as error:
            return sorry(400, "malformed", str(error))
        except RefusedError as error:
            return sorry(_STATUS.get(error.code, 422), error.code, f"{error} {error.hint}".strip())
        except UsageError as error:
            return sorry(422, "invalid", f"{error} {error.hint}".strip())

    return answering


async def _asked(request: Request, kind: type[Any]) -> Any:
    return msgspec.json.decode(await read_body(request), type=kind)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _may_give(mine: frozenset[str], own: _roles.Roles, role: str) -> None:
    if not _roles.allowed(own, role) <= mine:
        text = _("The role {role} may do more than you: you cannot give it.")
        raise refused("forbidden", text.format(role=role))


def _may_touch(mine: frozenset[str], own: _roles.Roles, agent: Agent) -> None:
    if not _roles.allowed(own, agent.role) <= mine:
        text = _("{name} may do more than you: this is for somebody with the same role.")
        raise refused("forbidden", text.format(name=agent.name))


def _whose(db: sqlite3.Connection, me: str, conversation: str, wanted: str) -> str:
    """The id of the agent whose acts are asked for, "" for everybody's. Raises RefusedError."""
    if "see.audit" not in team.allowed(db, me):
        raise forbidden("see.audit")
    if conversation and not visible.sees(db, team.scope(db, me), conversation):
        raise refused("not_found", _("This conversation does not exist (any more)."))
    if not wanted:
        return ""
    rows = db.execute("SELECT id, name FROM agents ORDER BY revoked, id").fetchall()
    found = [id for id, _name in rows if id == wanted] or [id for id, name in rows if fold(name) == fold(wanted)]
    if not found:
        raise refused("not_found", _("There is no agent {name}.").format(name=safe_line(wanted, 60)))
    return str(found[0])


def _shown(db: sqlite3.Connection, me: str, events: Sequence[ev.Event]) -> list[audit.Entry]:
    """What the agent sees of `events`: those of conversations and contacts in view, and of what is everybody's."""
    if "see.audit" not in team.allowed(db, me):
        return []
    scope, names = team.scope(db, me), audit.names(db)
    seen = set(visible.among(db, scope, list({event.conversation for event in events if event.conversation})))
    found: list[audit.Entry] = []
    for event in events:
        data: dict[str, Any] = msgspec.json.decode(event.data)
        contact = data.get("contact") if event.type.startswith("contact.") else None
        if scope.see is See.ALL and (event.conversation is not None or contact is not None):
            shown = True  # also what is told of somebody who was merged into somebody else since
        elif event.conversation is not None:
            shown = event.conversation in seen
        elif contact is not None:
            shown = visible.sees_contact(db, scope, contact)
        else:
            shown = data.get("owner", "") in ("", me)
        if shown:
            where, key = ("contact", contact) if event.conversation is None else ("id", event.conversation)
            title = db.execute(f"SELECT title FROM conversations WHERE {where} = ? LIMIT 1", (key,)).fetchone()
            found.append(
                audit.Entry(
                    seq=event.seq,
                    at=event.at,
                    actor=event.actor,
                    name=names.get(event.actor.removeprefix("agent:"), "") if event.actor.startswith("agent:") else "",
                    type=event.type,
                    conversation=event.conversation,
                    title=str(title[0]) if title else "",
                    data=audit.fields(event.type, data),
                )
            )
    return found
