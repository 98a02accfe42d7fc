"""Agents' commands, executed: permission, idempotency, one at a time at the clerk's desk.

A command is known by its id: executing it again gives the first outcome, whoever lost the answer in between.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.errors import RefusedError, StorageError
from wptui.model.protocol import Result
from wptui.relay.acts import Act, Elsewhere, conversation_of, event_number, permit, plan
from wptui.relay.eventlog.contract import Append
from wptui.relay.outgoing import Files

if TYPE_CHECKING:
    from wptui.relay.accounts import Agent
    from wptui.relay.clerk import Clerk

_log = logging.getLogger("wptui.relay.commands")

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_REMEMBERED = 4096


class Effects(Protocol):
    """What commands do at Meta beside their events; never in the way of the answer."""

    def read(self, conversation: str, upto: int) -> None:
        """Show the customer blue ticks for what came up to event `upto`."""
        ...

    async def react(self, id: str, conversation: str, target: str, emoji: str) -> None:
        """Send a reaction. Doing it twice does no harm. Raises RefusedError if it did not reach Meta."""
        ...

    async def block(self, contact: str, blocked: bool) -> list[str]:
        """Block a customer at Meta, or lift it: the business numbers it was done on. Raises RefusedError."""
        ...


class Commands:
    """Executes commands."""

    def __init__(
        self,
        clerk: Clerk,
        files: Files,
        effects: Effects,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clerk = clerk
        self._files = files
        self._effects = effects
        self._clock = clock
        self._refusals: OrderedDict[tuple[str, str], Result] = OrderedDict()
        self._running: dict[str, asyncio.Future[Result]] = {}

    async def execute(self, agent: Agent, id: str, command: c.AnyCommand) -> Result:
        """What became of the command; never raises for what an agent can do wrong.

        Raises StorageError where it could not be kept: nothing has happened, and it is to be sent again.
        """
        if not _ID.fullmatch(id):
            return Result(id=id[:64], ok=False, code="malformed", message=_("This is no command id."))
        digest = hashlib.blake2b(agent.id.encode() + b"\0" + msgspec.json.encode(command), digest_size=12).hexdigest()
        running = self._running.get(id)
        if running is not None:
            # The same frame again, by another connection, while the first is at work.
            await asyncio.wait((running,))
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._running[id] = future
        try:
            result = await self._once(agent, id, command, digest)
        except RefusedError as error:
            result = Result(id=id, ok=False, code=error.code, message=f"{error} {error.hint}".strip())
            self._remember((id, digest), result)
        except StorageError:
            raise
        except Exception:
            # A fault of ours. Unanswered, the command would come again with every connection, for ever.
            _log.exception("command %s (%s) met a fault", id, command.__struct_config__.tag)
            result = await self._after_fault(id, digest)
        finally:
            future.set_result(Result(id=id, ok=False))
            if self._running.get(id) is future:
                del self._running[id]
        return result

    async def _after_fault(self, id: str, digest: str) -> Result:
        """What to answer: what was kept must not be called refused, or the agent would do it again."""
        known = (await self._clerk.log.known([f"c:{id}"])).get(f"c:{id}")
        if known is not None and known.digest == digest:
            return Result(id=id, ok=True, seq=known.last)
        told = _("The relay has a problem (HTTP {status})").format(status=500)
        return Result(id=id, ok=False, code="malformed", message=told)

    def _remember(self, key: tuple[str, str], result: Result) -> None:
        self._refusals[key] = result
        if len(self._refusals) > _REMEMBERED:
            self._refusals.popitem(last=False)

    async def _once(self, agent: Agent, id: str, command: c.AnyCommand, digest: str) -> Result:
        unique = f"c:{id}"
        known = (await self._clerk.log.known([unique])).get(unique)
        if known is not None:
            if known.digest != digest:
                raise RefusedError("malformed", _("This command id was used for another command."))
            return Result(id=id, ok=True, seq=known.last)
        before = self._refusals.get((id, digest))
        if before is not None:
            return before
        checked = False
        if isinstance(command, c.React):
            # Checked first, so that nothing goes to Meta that would be refused here. What went there is logged.
            await self._clerk.look(lambda db: self._planned(self._act(db, agent, id), command, checked=False))
            await self._effects.react(id, command.conversation, command.target, command.emoji)
            checked = True
        numbers: list[str] = []
        if isinstance(command, c.BlockContact):
            asked = await self._clerk.look(lambda db: self._planned(self._act(db, agent, id), command, checked=False))
            if asked:
                numbers = await self._effects.block(command.contact, command.blocked)
            checked = True

        def build(db: sqlite3.Connection) -> list[Append]:
            act = self._act(db, agent, id)
            at = int(self._clock() * 1000)
            conversation = conversation_of(command)
            planned = self._planned(act, command, checked=checked)
            events = []
            for data in planned:
                if isinstance(data, ev.ContactBlocked):
                    data.numbers = numbers
                if isinstance(data, Elsewhere):
                    events.append(ev.make(data.data, at=at, actor=act.actor, conversation=data.conversation))
                else:
                    events.append(ev.make(data, at=at, actor=act.actor, conversation=conversation))
            return [Append(events, unique=unique, digest=digest)]

        (outcome,) = await self._clerk.act(build)
        if isinstance(command, c.MarkRead) and command.receipt and outcome.last >= outcome.first:
            self._effects.read(command.conversation, event_number(command.upto))
        return Result(id=id, ok=True, seq=outcome.last)

    def _act(self, db: sqlite3.Connection, agent: Agent, id: str) -> Act:
        return Act(db, agent.id, id, int(self._clock()), self._files)

    def _planned(self, act: Act, command: c.AnyCommand, *, checked: bool) -> list[ev.Data]:
        """The command's events, by a view that nobody changes meanwhile: a role just taken away counts."""
        if not checked:
            permit(act, command)
        return plan(act, command)
