"""The frames between terminal and relay (DESIGN.md §5), as JSON text, tagged by `frame`.

    terminal → relay   hello · command · presence · pull
    relay → terminal   welcome · events · result · presence · bundle · synced · forget · sorry

A connection: `hello{cursor, schema}` → `welcome{…}` → if the cache is new (cursor 0) or of another `epoch`, the
terminal fetches the snapshot over HTTP (`GET /v1/snapshot`, the same `bundle` frames, one a line) → `events` from
the cursor on, live. The same frames travel by HTTP polling (`POST /v1/poll`) where WebSockets do not.
Unknown frame types are skipped by the reader; `SCHEMA` guards what rows look like.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wptui.model.commands import AnyCommand
from wptui.model.events import Event

SUBPROTOCOL = "wptui.v1"
SCHEMA = 2
"""Version of the store's tables as shipped in bundles. Terminal and relay must agree; `sorry` says who is older."""

POLL_SECONDS = 10


class Frame(msgspec.Struct, tag_field="frame", omit_defaults=True, kw_only=True):
    """Base of all frames."""


class Hello(Frame, tag="hello"):
    """First frame of a terminal: the last event applied, of which log (`epoch`), and the table version."""

    cursor: int
    schema: int
    epoch: str = ""
    version: str = ""
    """wptui's own version, for the relay's log."""
    scope: str = ""
    """Under which scope (`permissions.Scope.key`) the cache was filled."""
    mode: str = "terminal"
    """`terminal`, or `line` for a command that looks in for a moment: only the former is somebody on duty."""


class Welcome(Frame, tag="welcome"):
    """Who the relay takes the terminal for, and where the log stands. `epoch` changes when the log was rebuilt."""

    agent: str
    name: str
    permissions: list[str]
    head: int
    clock: int
    """Relay's clock, Unix milliseconds: the terminal shows times by it."""
    epoch: str
    workspace: str = ""
    version: str = ""
    role: str = ""
    scope: str = ""
    """What the agent sees now: a cache filled under another scope is filled again."""


class Sorry(Frame, tag="sorry"):
    """The relay will not go on: `code` is unauthorized, revoked, older_terminal, older_relay, busy or malformed.

    `changed` asks to connect again at once: what the agent may do or see is another.
    """

    code: str
    message: str = ""


class Events(Frame, tag="events"):
    """A run of the log as this agent may see it. `cursor` is the last event looked at, shown or not."""

    events: list[Event]
    cursor: int


class CommandFrame(Frame, tag="command"):
    """A command under its client-made id."""

    id: str
    command: AnyCommand


class Result(Frame, tag="result"):
    """What became of command `id`. Once the cursor has passed `seq`, its last event, the effect is in the cache."""

    id: str
    ok: bool
    seq: int = 0
    code: str = ""
    """When refused: stable reason, e.g. window_closed, answered_meanwhile, not_found, already_assigned, too_long."""
    message: str = ""


class Presence(Frame, tag="presence"):
    """Ephemeral: an agent looks at or types in a conversation (`state` viewing, typing, gone, online, offline).

    From a terminal `agent` is empty and filled in by the relay. "typing" towards the customer is sent on to Meta.
    """

    state: str
    conversation: str | None = None
    agent: str = ""
    name: str = ""


class Bundle(Frame, tag="bundle"):
    """Rows of whole aggregates in the store's own schema: table → columns and rows (`store.bundles`).

    `seq` is the log position they were read at. `after` is where to resume a broken snapshot.
    """

    seq: int
    tables: dict[str, dict[str, Any]]
    after: str = ""


class Synced(Frame, tag="synced"):
    """End of a snapshot: everything up to `seq` is in the bundles sent."""

    seq: int
    epoch: str


class Forget(Frame, tag="forget"):
    """These conversations are no longer this agent's to see: drop all their rows."""

    conversations: list[str]


class Pull(Frame, tag="pull"):
    """Ask for a conversation whole, or for older messages before (`ts`, `seq`); answered by a `bundle`."""

    conversation: str
    before: tuple[int, int] | None = None
    limit: int = 100


AnyFrame = Hello | Welcome | Sorry | Events | CommandFrame | Result | Presence | Bundle | Synced | Forget | Pull

encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)


def decode(text: bytes | str) -> AnyFrame:
    """The frame in `text`. Raises msgspec.ValidationError (unknown tag, wrong shape) or msgspec.DecodeError."""
    return _decoder.decode(text)
