"""Blocking a customer at Meta, before it is logged that they are blocked.

Meta blocks a phone number per business number, and only who wrote there within the last 24 hours: a customer counts
as blocked when one business number has blocked them, and as unblocked when none has them blocked any more.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.errors import LinkError, RefusedError, WptuiError

if TYPE_CHECKING:
    from wptui.cloudapi.graph import GraphClient
    from wptui.relay.meters import Meters
    from wptui.relay.view import View

_NOT_WRITTEN = 131047
"""Meta's code where the customer has not written within 24 hours."""


def blockable(db: sqlite3.Connection, contact: str) -> tuple[list[str], list[str]]:
    """The customer's phone numbers ("+" and digits), and the business numbers they have a conversation with."""
    phones = db.execute(
        "SELECT '+' || value FROM aliases WHERE contact = ? AND kind = 'wa_id' AND retired = 0 ORDER BY value",
        (contact,),
    ).fetchall()
    numbers = db.execute(
        "SELECT DISTINCT number FROM conversations WHERE contact = ? ORDER BY number", (contact,)
    ).fetchall()
    return [phone for (phone,) in phones], [number for (number,) in numbers]


class Blocking:
    """Does it through `graph`."""

    def __init__(self, graph: GraphClient, view: View, meters: Meters) -> None:
        self._graph = graph
        self._view = view
        self._meters = meters

    async def block(self, contact: str, blocked: bool) -> list[str]:
        """The business numbers on which Meta has blocked, or unblocked, the customer.

        Doing it twice does no harm. Raises RefusedError (not_blocked) with Meta's reason where it did so on none, or
        still blocks on some.
        """
        from wptui.cloudapi.graph import GraphRefused

        phones, numbers = await self._view.ask(lambda db: blockable(db, contact))
        done: set[str] = set()
        problem: WptuiError | None = None
        for number in numbers:
            for phone in phones:
                try:
                    await self._graph.block_user(number, phone, blocked)
                    done.add(number)
                    self._meters.graph.labels("block", "accepted").inc()
                except GraphRefused as error:
                    self._meters.graph.labels("block", "refused").inc()
                    problem = error
                except LinkError as error:
                    self._meters.graph.labels("block", "unreachable").inc()
                    problem = error
        if problem is not None and not (blocked and done):
            raise _told(problem, blocked) from problem
        return sorted(done)


def _told(problem: WptuiError, blocked: bool) -> RefusedError:
    if getattr(problem, "code", None) == _NOT_WRITTEN:
        reason = _("Meta blocks only who has written within the last 24 hours.")
    else:
        reason = str(problem)
    text = _("The customer was not blocked: {reason}") if blocked else _("The customer was not unblocked: {reason}")
    return RefusedError("not_blocked", text.format(reason=reason))
