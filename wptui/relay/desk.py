"""What the relay does with a terminal's frames, whichever way they came (`socket`, or `http`'s polling)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from wptui import __version__
from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import StorageError
from wptui.model.protocol import SCHEMA, CommandFrame, Hello, Presence, Result, Sorry, Welcome
from wptui.relay.accounts import Session
from wptui.relay.commands import Commands
from wptui.relay.hub import Hub
from wptui.relay.view import View
from wptui.store.database import get_meta
from wptui.store.visible import NOBODY, Standing


class Unreadable(Exception):
    """A frame that is none; `answer` is what to tell the terminal, None to pass the frame over."""

    def __init__(self, answer: Sorry | Result | None) -> None:
        super().__init__()
        self.answer = answer


def read_frame(text: str | bytes) -> protocol.AnyFrame:
    """The frame in `text`. Raises Unreadable: unknown kinds are passed over, broken commands are answered."""
    try:
        return protocol.decode(text)
    except msgspec.ValidationError as error:
        try:
            found: Any = msgspec.json.decode(text)
        except msgspec.DecodeError:
            found = None
        id = found.get("id") if isinstance(found, dict) and found.get("frame") == "command" else None
        if isinstance(id, str):
            raise Unreadable(Result(id=id, ok=False, code="malformed", message=str(error))) from error
        raise Unreadable(None) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        message = _("This is not a frame of {protocol}.").format(protocol=protocol.SUBPROTOCOL)
        raise Unreadable(Sorry(code="malformed", message=message)) from error


class Desk:
    """Answers hello, command, pull and presence for agents whose token was checked."""

    def __init__(
        self,
        *,
        hub: Hub,
        commands: Commands,
        view: View,
        epoch: Callable[[], str],
        typing: Callable[[str], None],
        arriving: Callable[[], Awaitable[None]],
    ) -> None:
        """*typing* is told where an agent types; *arriving* makes sure that the log knows who comes."""
        self.hub = hub
        self.commands = commands
        self.view = view
        self._epoch = epoch
        self._typing = typing
        self._arriving = arriving

    async def arrive(self) -> None:
        """Make sure that the log knows who comes: somebody may have been added a moment ago."""
        await self._arriving()

    @property
    def epoch(self) -> str:
        """Which log the numbers are of."""
        return self._epoch()

    def refuse(self, hello: Hello) -> Sorry | None:
        """Why the relay cannot go on with this terminal; None if it can."""
        if hello.schema < SCHEMA:
            text = _("This wptui ({theirs}) is older than the relay's ({ours}). Update it on this machine.")
        elif hello.schema > SCHEMA:
            text = _("This wptui ({theirs}) is newer than the relay's ({ours}). The relay has to be updated.")
        else:
            return None
        code = "older_terminal" if hello.schema < SCHEMA else "older_relay"
        return Sorry(code=code, message=text.format(theirs=hello.version or hello.schema, ours=__version__))

    def knows(self, hello: Hello, scope: str) -> bool:
        """Whether the terminal's cursor is a position of this log, and what it holds is what the agent sees now.

        `scope` is the one of the `Welcome`. If not, the terminal needs a snapshot.
        """
        return hello.epoch == self.epoch and hello.cursor <= self.hub.known and hello.scope in ("", scope)

    def standing(self, session: Session) -> Standing:
        """What the agent is at this moment. Raises StorageError where the view does not know the agent yet."""
        standing = self.hub.visibility.standing(session.agent.id)
        if standing == NOBODY:
            raise StorageError(_("The relay is busy or restarting"))
        return standing

    async def welcome(self, session: Session) -> Welcome:
        """The answer to `hello`, as of the moment in which it returns. Raises StorageError."""
        await self.arrive()
        workspace = await self.view.ask(lambda db: str(get_meta(db, "workspace", "") or ""))
        standing = self.standing(session)
        return Welcome(
            agent=session.agent.id,
            name=session.agent.name,
            permissions=sorted(standing.permissions),
            role=standing.role,
            scope=standing.scope.key,
            head=self.hub.known,
            clock=time.time_ns() // 1_000_000,
            epoch=self.epoch,
            workspace=workspace,
            version=__version__,
        )

    async def command(self, session: Session, frame: CommandFrame) -> Result:
        """What became of a command."""
        return await self.commands.execute(session.agent, frame.id, frame.command)

    def presence(self, source: object, session: Session, frame: Presence) -> None:
        """Where the agent is, for the others; typing is shown to the customer too."""
        conversation = frame.conversation
        if conversation is not None and not self.hub.visibility.may_see(session.agent.id, conversation):
            if frame.state == "gone":  # it has left the agent's view, and now the agent leaves it
                self.hub.roster.move(source, frame.state, None)
            return
        state = frame.state
        if state == "typing" and "message.send" not in self.hub.visibility.standing(session.agent.id).permissions:
            state = "viewing"  # at Meta typing marks what the customer wrote as read
        self.hub.roster.move(source, state, conversation)
        if state == "typing" and conversation is not None:
            self._typing(conversation)
