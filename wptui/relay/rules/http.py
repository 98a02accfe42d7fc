"""`POST /v1/rules/test`: what rules would have done on a stretch of the log, for those who may edit them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wptui.i18n import _
from wptui.model import settings
from wptui.model.settings.base import SettingsError
from wptui.model.settings.rules import Rules
from wptui.relay.accounts import Session
from wptui.relay.acts.base import forbidden
from wptui.relay.http import Handler, json_answer, read_body, sorry
from wptui.relay.outgoing import Files
from wptui.relay.rules.rehearsal import Case, rehearse
from wptui.store import team

if TYPE_CHECKING:
    from wptui.relay.eventlog.contract import EventLog
    from wptui.relay.view import View

LONGEST = 31 * 86400
"""Seconds of log that are gone through at once."""


class _Test(msgspec.Struct):
    """`begin` and `end` in Unix seconds; `text` is the document to try, None for the one in force."""

    begin: int
    end: int
    text: str | None = None


class RulesApi:
    """The endpoint."""

    def __init__(self, log: EventLog, view: View, files: Files) -> None:
        self._log = log
        self._view = view
        self._files = files
        self._one = asyncio.Lock()
        """Rehearsals take memory: one after the other."""

    def routes(self, guarded: Callable[[Handler], Callable[[Request], Awaitable[Response]]]) -> list[Route]:
        """All of them; `guarded` (`http.Api.guarded`) lets in who has a token."""
        return [Route("/v1/rules/test", guarded(self._test), methods=["POST"])]

    async def _test(self, request: Request, session: Session) -> Response:
        agent = session.agent.id
        if "rules.edit" not in await self._view.ask(lambda db: team.allowed(db, agent)):
            refusal = forbidden("rules.edit")
            return sorry(403, refusal.code, str(refusal))
        try:
            asked = msgspec.json.decode(await read_body(request), type=_Test)
            text = asked.text
            if text is None:
                text, _revision = await self._view.ask(lambda db: team.source(db, "rules"))
            rules: Rules = settings.parse("rules", text)
        except msgspec.MsgspecError:
            return sorry(400, "malformed", _("begin and end are expected, in seconds."))
        except SettingsError as error:
            told = _("line {line}: {key}: {reason}")
            return sorry(422, "invalid", told.format(line=error.line, key=error.where, reason=error.message))
        if not 0 <= asked.begin < asked.end < 2**40 or asked.end - asked.begin > LONGEST:
            return sorry(400, "malformed", _("The stretch is empty, or longer than {n} days.").format(n=31))
        async with self._one:
            found = await rehearse(self._log, rules, asked.begin, asked.end, self._files)
        # Counted are all; who is shown is only who the agent may see.
        found.cases = await self._view.ask(lambda db: _seen(db, agent, found.cases))
        return json_answer(found)


def _seen(db: sqlite3.Connection, agent: str, cases: list[Case]) -> list[Case]:
    scope = team.scope(db, agent)
    covered: dict[str, bool] = {}
    for conversation in {case.conversation for case in cases}:
        row = db.execute("SELECT department, assignee FROM conversations WHERE id = ?", (conversation,)).fetchone()
        covered[conversation] = row is not None and scope.covers(*row)
    return [case for case in cases if covered[case.conversation]]
