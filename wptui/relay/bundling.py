"""Conversations whole, and pages of them, read for an agent from the view in the moment they are sent.

In the transaction that reads the rows it is asked once more what the agent sees: what has left the view meanwhile is
left out, and who has become somebody else is given nothing (the connection is about to end).
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import StorageError
from wptui.model.permissions import Scope, See
from wptui.model.protocol import Bundle, Pull
from wptui.relay.view import View
from wptui.store import bundles, team, visible
from wptui.store.database import cursor

T = TypeVar("T")

PULL_MOST = 500
"""Messages of one page, at most."""

_Key = tuple[int, int, bool, tuple[str, ...]]
"""Position, messages of each, whether for a limited scope, conversations."""

_FURTHEST = 2**62
"""JSON has no bounds, SQLite has."""

_REMEMBERED = 16
_REMEMBERED_BYTES = 4 << 20


class Bundling:
    """Reads bundles as they travel. A bundle several terminals need at the same position is made once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._made: OrderedDict[_Key, str] = OrderedDict()
        """Frames by what is in them. Used in the view's thread only."""

    async def whole(self, scope: Scope, ids: Sequence[str], least: int, recent: int = bundles.RECENT) -> str | None:
        """Those of the conversations `ids` that `scope` covers, as of event `least` or later; None for none of them.

        Raises StorageError where the view cannot be read, or is being built again.
        """

        def read(db: sqlite3.Connection) -> str | None:
            at = _position(db, scope, least)
            seen = tuple(visible.among(db, scope, ids)) if at is not None else ()
            if at is None or not seen:
                return None
            limited = scope.see is not See.ALL
            key = (at, recent, limited, seen)
            frame = self._made.get(key)
            if frame is None:
                frame = _text(bundles.conversation_bundle(db, seen, recent, limited=limited))
                self._remember(key, frame)
            return frame

        return await self._view.ask(read)

    async def pulled(self, scope: Scope, pull: Pull, least: int) -> str | None:
        """What a terminal asked for, as `whole`."""
        limit = max(1, min(pull.limit, PULL_MOST))
        if pull.before is None:
            return await self.whole(scope, (pull.conversation,), least, limit)
        before = (min(pull.before[0], _FURTHEST), min(pull.before[1], _FURTHEST))

        def read(db: sqlite3.Connection) -> str | None:
            if _position(db, scope, least) is None or not visible.sees(db, scope, pull.conversation):
                return None
            return _text(bundles.older_messages(db, pull.conversation, before, limit))

        return await self._view.ask(read)

    def _remember(self, key: _Key, frame: str) -> None:
        self._made[key] = frame
        while len(self._made) > _REMEMBERED or sum(map(len, self._made.values())) > _REMEMBERED_BYTES:
            self._made.popitem(last=False)


def _position(db: sqlite3.Connection, scope: Scope, least: int) -> int | None:
    """Where the view stands, None where the agent's scope is another now. Raises StorageError if behind `least`."""
    at = cursor(db)
    if at < least:  # the view is being built again
        raise StorageError(_("The relay is busy or restarting"))
    return at if team.scope(db, scope.agent) == scope else None


def _text(bundle: Bundle) -> str:
    return protocol.encode(bundle).decode()
