"""Delivering webhooks as Meta does: signed, at least once, in parallel, several updates a POST under load.

Anything but a 200 is tried again at once, then ever more rarely. Updates of one customer keep their order
while the relay answers; a failed POST is retried aside, and later ones overtake it, as they do in life.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from random import Random

import httpx

from wptui.sandbox.faults import Faults
from wptui.sandbox.shapes import Update, encode, signatures
from wptui.sandbox.world import World

log = logging.getLogger(__name__)

CONCURRENCY = 16
BATCH_MAX = 100
CROWDED = 64
"""Updates waiting from which on several share one POST."""
ANSWER_TIMEOUT = 20.0
MIX_HOLD = 0.25
"""Seconds a webhook is held back at most when the reorder switch hits it."""


class NotVerified(Exception):
    """The webhook endpoint did not answer the verification request as Meta demands; the text says how."""


@dataclass(slots=True)
class Counts:
    """What became of the webhooks, in POSTs and in updates."""

    posted: int = 0  # answered 200
    updates: int = 0  # updates inside those
    retried: int = 0  # attempts beyond a POST's first
    duplicated: int = 0
    refused: dict[str, int] = field(default_factory=dict)  # answer (or error) → attempts


class Webhooks:
    """One subscription: where webhooks go, what waits, and the workers that bring it there."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        *,
        secret: str,
        verify_token: str,
        first_retry: float = 1.0,
        slowest_retry: float = 60.0,
    ) -> None:
        """*first_retry* and *slowest_retry* bound the doubling pause between attempts, in seconds."""
        self.world = world
        self.faults = faults
        self.secret = secret
        self.verify_token = verify_token
        self.first_retry = first_retry
        self.slowest_retry = slowest_retry
        self.url: str | None = None
        self.counts = Counts()
        self.subscribed = True
        self.paused = False
        self.batch_max = BATCH_MAX
        self._lanes: dict[str, deque[Update]] = {}
        self._ready: deque[str] = deque()
        self._waiting = 0  # updates in lanes
        self._aside = 0  # POSTs under way or waiting for a retry, and updates held back
        self._wake = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._dice: Random = world.dice("webhooks")

    # -- connecting

    async def connect(self, url: str) -> None:
        """Verify *url* with Meta's GET and send webhooks there from now on. Raises `NotVerified`."""
        client = self._open()
        challenge = str(self._dice.randrange(10**8, 10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self.verify_token,
        }
        try:
            answer = await client.get(url, params=query)
        except httpx.HTTPError as error:
            raise NotVerified(f"{url}: {type(error).__name__}: {error}") from error
        if answer.status_code != 200 or answer.text.strip() != challenge:
            raise NotVerified(f"{url}: answered {answer.status_code}, not 200 with the challenge")
        self.url = url
        async with self._wake:
            if not self._tasks:
                for _ in range(CONCURRENCY):
                    self._spawn(self._work())
            self._wake.notify_all()

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=ANSWER_TIMEOUT,
                limits=httpx.Limits(max_connections=4 * CONCURRENCY, max_keepalive_connections=CONCURRENCY),
                headers={"User-Agent": "facebookexternalua"},
                trust_env=False,  # the relay is near; a proxy of the environment is not meant for it
            )
        return self._client

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop delivering; what is still waiting is gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # -- what waits

    @property
    def pending(self) -> int:
        """Updates and POSTs not yet answered with 200."""
        return self._waiting + self._aside

    async def put(self, update: Update) -> None:
        """Hand over *update*; it is delivered as soon as a worker is free. Dropped while not subscribed."""
        if not self.subscribed:
            return
        if self.faults.reorder and self._dice.random() < self.faults.reorder:
            self._aside += 1
            self._spawn(self._hold(update, self._dice.random() * MIX_HOLD))
            return
        await self._enqueue(update)
        if self.faults.duplicate and self._dice.random() < self.faults.duplicate:
            self.counts.duplicated += 1
            await self._enqueue(update)

    async def _hold(self, update: Update, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            await self._enqueue(update)
        finally:
            self._aside -= 1

    async def _enqueue(self, update: Update) -> None:
        async with self._wake:
            lane = self._lanes.get(update.lane)
            if lane is None:
                self._lanes[update.lane] = deque([update])
                self._ready.append(update.lane)
            else:
                lane.append(update)
            self._waiting += 1
            self._wake.notify()

    async def pause(self, paused: bool) -> None:
        """Hold every delivery back, or let them go on."""
        async with self._wake:
            self.paused = paused
            self._wake.notify_all()

    async def drained(self) -> None:
        """Wait until nothing waits and no POST is under way."""
        async with self._wake:
            await self._wake.wait_for(lambda: self.pending == 0)

    # -- the workers

    def _take(self) -> list[Update]:
        """The updates of the next POST, of lanes nobody is delivering; each lane stays listed meanwhile."""
        size = 1
        if self._waiting > CROWDED:
            size = max(1, min(self.batch_max, self._waiting // CONCURRENCY))
        taken: list[Update] = []
        while self._ready and len(taken) < size:
            lane = self._lanes[self._ready.popleft()]
            while lane and len(taken) < size:
                taken.append(lane.popleft())
        return taken

    async def _work(self) -> None:
        while True:
            async with self._wake:
                await self._wake.wait_for(lambda: bool(self._ready) and not self.paused)
                updates = self._take()
                self._waiting -= len(updates)
                self._aside += 1
            body = encode(self.world.waba_id, updates)
            ok = await self._post(body, len(updates))
            if not ok:
                self._aside += 1
                self._spawn(self._retry(body, len(updates)))
            async with self._wake:
                self._aside -= 1
                for key in dict.fromkeys(update.lane for update in updates):
                    if self._lanes[key]:
                        self._ready.append(key)
                    else:
                        del self._lanes[key]
                self._wake.notify_all()

    async def _retry(self, body: bytes, size: int) -> None:
        try:
            pause = 0.0  # the first retry comes at once
            while True:
                await asyncio.sleep(pause)
                pause = min(self.slowest_retry, pause * 2 or self.first_retry)
                self.counts.retried += 1
                if not self.paused and await self._post(body, size):
                    return
        finally:
            self._aside -= 1
            async with self._wake:
                self._wake.notify_all()

    async def _post(self, body: bytes, size: int) -> bool:
        try:
            status = await self.post_raw(body, bad_signature=self.faults.take("bad_signature"))
        except httpx.HTTPError as error:
            self._refused(type(error).__name__)
            return False
        if status == 200:
            self.counts.posted += 1
            self.counts.updates += size
            return True
        self._refused(str(status))
        return False

    def _refused(self, how: str) -> None:
        self.counts.refused[how] = self.counts.refused.get(how, 0) + 1
        log.info("webhook not taken: %s", how)

    async def post_raw(self, body: bytes, *, sign: bool = True, bad_signature: bool = False) -> int:
        """POST *body* as it is, once, past the queue; returns the HTTP status. Raises httpx.HTTPError."""
        if self.url is None:
            raise RuntimeError("no webhook is connected")
        headers = {"Content-Type": "application/json"}
        if sign:
            headers |= signatures(self.secret + ("x" if bad_signature else ""), body)
        answer = await self._open().post(self.url, content=body, headers=headers)
        return answer.status_code
