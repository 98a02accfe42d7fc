"""What the workspace consists of, kept up to date: settings, numbers, templates, campaigns, canned replies, agents.

Three sources, one rule: events only for what changed. The configuration is told at every start; Meta is asked for
numbers and templates at the start, every hour, and when a webhook says that a template changed; the accounts' file
is followed whenever somebody has written to it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from wptui.model import events as ev
from wptui.model.errors import WptuiError
from wptui.model.text import safe, safe_line
from wptui.relay.eventlog.contract import Append
from wptui.store.database import get_meta
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.cloudapi.graph import GraphClient
    from wptui.relay.accounts import Accounts
    from wptui.relay.clerk import Clerk
    from wptui.relay.config import RelayConfig
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.workspace")

EVERY = 3600.0
RETURNED = 500
"""Conversations of somebody who was shut out that go back to the queue in one turn."""
_RETRY = 30.0
_SETTLE = 2.0
"""Seconds after a template's webhook until the list is read: several come together."""

_TELLING = frozenset(
    {
        "phone_number_quality_update",
        "phone_number_name_update",
        "template_category_update",
        "message_template_components_update",
    }
)
"""Webhook fields that tell of a change without saying all of it."""

_REOPENING = frozenset({ev.MessageReceived.TYPE, ev.ConversationReopened.TYPE})
"""Events that may open a conversation again whose assignee was shut out meanwhile."""

Json = dict[str, Any]


def _append(data: Sequence[ev.Data], clock: Callable[[], float], unique: str | None = None) -> list[Append]:
    at = int(clock() * 1000)
    return [Append([ev.make(each, at=at, actor="relay") for each in data], unique=unique)] if data else []


# ── the configuration ────────────────────────────────────────────────────────────────────────────────────


def configured(db: sqlite3.Connection, config: RelayConfig) -> list[ev.Data]:
    """What the configuration says and the view does not have."""
    data: list[ev.Data] = []
    settings = ev.WorkspaceConfigured(
        name=safe_line(config.workspace, 80),
        reopen_within=config.reopen_within,
        first_response_target=config.first_response_target,
        timezone=config.timezone,
    )
    now = ev.WorkspaceConfigured(
        name=str(get_meta(db, "workspace", "") or ""),
        reopen_within=int(get_meta(db, "reopen_within", -1) or 0),
        first_response_target=int(get_meta(db, "first_response_target", -1) or 0),
        timezone=str(get_meta(db, "timezone", "") or ""),
    )
    if settings != now:
        data.append(settings)
    known = {row[0] for row in db.execute("SELECT id FROM numbers")}
    data += [ev.NumberUpdated(number=number, waba=config.waba) for number in config.numbers if number not in known]
    for campaign in config.campaigns:
        saved = ev.CampaignSaved(
            code=safe_line(campaign.code, 80), name=safe_line(campaign.name, 80), ads=list(campaign.ads)
        )
        row = db.execute("SELECT name, ads FROM campaigns WHERE code = ?", (saved.code,)).fetchone()
        if row is None or (row[0], msgspec.json.decode(row[1])) != (saved.name, saved.ads):
            data.append(saved)
    # Replies to begin with: once there is one of that name, the agents' word counts.
    has = {row[0] for row in db.execute("SELECT shortcut FROM canned WHERE owner = ''")}
    data += [
        ev.CannedSaved(shortcut=each.shortcut, text=safe(each.text), title=safe_line(each.title, 80))
        for each in config.canned
        if each.shortcut not in has
    ]
    return data


def agents(db: sqlite3.Connection, accounts: Accounts) -> list[tuple[str, list[ev.Data]]]:
    """Agents added or revoked that the view does not know of, with the key of each group of events."""
    rows = db.execute("SELECT id, name, role, revoked FROM agents")
    known = {id: (name, role, revoked) for id, name, role, revoked in rows}
    found: list[tuple[str, list[ev.Data]]] = []
    for agent in accounts.agents():
        seen = known.get(agent.id)
        gone = agent.revoked_at is not None
        data: list[ev.Data] = []
        # Also of one who came and went between two looks: their name stands on what they did.
        if seen is None or (not gone and seen != (agent.name, agent.role, 0)):
            data.append(ev.AgentAdded(agent=agent.id, name=agent.name, role=agent.role))
        if gone and (seen is None or not seen[2]):
            data.append(ev.AgentRevoked(agent=agent.id))
        if data:
            found.append((f"a:{agent.id}:{agent.revision}", data))
    return found


def abandoned(db: sqlite3.Connection, now: int) -> list[Append]:
    """The open conversations of agents who were shut out go back to the queue, `RETURNED` at a time.

    A resolved one stays as it is until the customer writes again.
    """
    rows = db.execute(
        "SELECT c.id FROM agents a JOIN conversations c ON c.assignee = a.id AND c.state IN ('open', 'snoozed') "
        "WHERE a.revoked ORDER BY c.waiting_key, c.id LIMIT ?",
        (RETURNED,),
    ).fetchall()
    left = ev.ConversationAssigned(agent=None, how="left")
    return [Append([ev.make(left, at=now, actor="relay", conversation=id)]) for (id,) in rows]


# ── what Meta says ───────────────────────────────────────────────────────────────────────────────────────


def numbers(db: sqlite3.Connection, listed: Sequence[Json], waba: str, wanted: Sequence[str]) -> list[ev.Data]:
    """Numbers that are new or changed; only `wanted` ones, where any are named."""
    rows = db.execute("SELECT id, display, name, waba, quality, throughput FROM numbers")
    known = {row[0]: tuple(row[1:]) for row in rows}
    data: list[ev.Data] = []
    for each in listed:
        id = str(each.get("id") or "")
        if not id or (wanted and id not in wanted):
            continue
        throughput = each.get("throughput")
        update = ev.NumberUpdated(
            number=id,
            display=safe_line(str(each.get("display_phone_number") or ""), 40),
            name=safe_line(str(each.get("verified_name") or ""), 80),
            waba=waba,
            quality=safe_line(str(each.get("quality_rating") or ""), 20),
            throughput=safe_line(str(throughput.get("level") or ""), 20) if isinstance(throughput, dict) else "",
        )
        fresh = (update.display, update.name, update.waba, update.quality, update.throughput)
        before = known.get(id)
        if before is None or any(new and new != old for new, old in zip(fresh, before, strict=True)):
            data.append(update)
    return data


def templates(db: sqlite3.Connection, listed: Sequence[Json]) -> list[ev.Data]:
    """Templates that are new, changed or gone."""
    known = {
        row[0]: row[1:]
        for row in db.execute("SELECT id, name, language, status, category, quality, components, reason FROM templates")
    }
    data: list[ev.Data] = []
    for each in listed:
        id = safe_line(str(each.get("id") or ""), 64)
        if not id:
            continue
        score = each.get("quality_score")
        quality = score.get("score") if isinstance(score, dict) else score
        components = each.get("components")
        reason = safe_line(str(each.get("rejected_reason") or ""), 200)
        update = ev.TemplateUpdated(
            id=id,
            name=safe_line(str(each.get("name") or ""), 512),
            language=safe_line(str(each.get("language") or ""), 16),
            status=safe_line(str(each.get("status") or ""), 40).upper(),
            category=safe_line(str(each.get("category") or ""), 40).upper(),
            quality=safe_line(str(quality or ""), 20),
            components=_clean(components) if isinstance(components, list) else [],
            reason="" if reason == "NONE" else reason,
        )
        before = known.pop(id, None)
        fresh = (update.name, update.language, update.status, update.category, update.quality)
        if (
            before is None
            or fresh != tuple(before[:5])
            or msgspec.json.decode(before[5]) != update.components
            or before[6] != update.reason
        ):
            data.append(update)
    data += [ev.TemplateUpdated(id=id, name=row[0], language=row[1], status="DELETED") for id, row in known.items()]
    return data


def _clean(value: Any) -> Any:
    """Every text in Meta's JSON made safe."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {safe(str(key)): _clean(each) for key, each in value.items()}
    return value


# ── the job ──────────────────────────────────────────────────────────────────────────────────────────────


class Workspace:
    """Keeps the log's idea of the workspace up to date. `hear` is the clerk's listener."""

    def __init__(
        self,
        clerk: Clerk,
        config: RelayConfig,
        accounts: Accounts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clerk = clerk
        self._config = config
        self._accounts = accounts
        self._clock = clock
        self._ask = asyncio.Event()
        self._followed: tuple[int, int] | None = None
        self._reopened = True

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """A webhook about a template or a number is a reason to ask Meta."""
        for event in events:
            if event.type in _REOPENING:
                self._reopened = True
            if event.actor != "meta":
                continue
            if event.type in (ev.TemplateUpdated.TYPE, ev.NumberUpdated.TYPE) or (
                event.type == ev.AccountAlerted.TYPE and msgspec.json.decode(event.data).get("field") in _TELLING
            ):
                self._ask.set()

    async def configure(self) -> None:
        """Tell what the configuration and the accounts say. Raises StorageError."""
        await self._clerk.act(lambda db: _append(configured(db, self._config), self._clock))
        await self.follow_accounts()

    async def follow_accounts(self) -> None:
        """Tell which agents were added or revoked, if anybody has written to the accounts. Raises StorageError.

        What those who were shut out leave behind goes back to the queue.
        """
        stamp = self._accounts.stamp()
        if stamp != self._followed:
            await self._tell_accounts(stamp)
        if self._reopened:
            self._reopened = False
            await self._take_back()

    async def _tell_accounts(self, stamp: tuple[int, int]) -> None:
        def build(db: sqlite3.Connection) -> list[Append]:
            return [
                group for unique, data in agents(db, self._accounts) for group in _append(data, self._clock, unique)
            ]

        await self._clerk.act(build)
        self._followed = stamp
        self._reopened = True

    async def _take_back(self) -> None:
        try:
            while await self._clerk.act(lambda db: abandoned(db, int(self._clock() * 1000))):
                pass
        except BaseException:
            self._reopened = True
            raise

    async def run(self, graph: GraphClient) -> None:
        """Ask Meta for numbers and templates, now and again, until cancelled."""
        while True:
            pause = EVERY
            try:
                await self._refresh(graph)
            except WptuiError as error:
                _log.warning("numbers and templates were not read: %s", error)
                pause = _RETRY
            if await set_within(self._ask, pause):
                await asyncio.sleep(_SETTLE)
            self._ask.clear()

    async def _refresh(self, graph: GraphClient) -> None:
        waba, wanted = self._config.waba, self._config.numbers
        if waba:
            listed = await graph.phone_numbers(waba)
        else:
            listed = [await graph.number(number) for number in wanted]
        await self._clerk.act(lambda db: _append(numbers(db, listed, waba, wanted), self._clock))
        if waba:
            found = await graph.templates(waba)
            await self._clerk.act(lambda db: _append(templates(db, found), self._clock))
