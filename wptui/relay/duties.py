"""The lease, and the jobs of the relay that holds it: what must be done once, whatever runs beside it.

Several relays may share a database server. A database in a file has one: who has lost the lease there (the process
stood still for longer than the lease, and another one took over) must not touch the files again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from wptui.i18n import _
from wptui.model.errors import StorageError

if TYPE_CHECKING:
    from wptui.relay.eventlog.contract import EventLog

_log = logging.getLogger("wptui.relay")

LEASE_SECONDS = 15.0

Job = Callable[[], Coroutine[Any, Any, None]]


async def supervise(name: str, work: Job) -> None:
    """Run `work` for ever: a fault in one part is told, and must not silence it until the next start."""
    while True:
        try:
            await work()
            return
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("%s failed and is started again", name)
            await asyncio.sleep(1.0)


class Duties:
    """Keeps the lease (`take`, then `keep` until cancelled), and runs `jobs` (by name) while it has it.

    `lost` is called once when a relay that may not run beside another one has lost its lease.
    """

    def __init__(
        self, log: EventLog, holder: str, jobs: Mapping[str, Job], *, alone: bool, lost: Callable[[], None]
    ) -> None:
        """*alone*: the database lies in a file, and one relay serves it."""
        self.held = False
        self._log = log
        self._holder = holder
        self._jobs = jobs
        self._alone = alone
        self._lost = lost
        self._over = False
        self._until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def current(self) -> bool:
        """Whether the lease, where it is held, was renewed in time: it is renewed by writing."""
        return not self.held or time.monotonic() < self._until

    async def take(self) -> bool:
        """Take the lease if it is free; whether it was. Raises StorageError."""
        self.held = await self._log.acquire(self._holder, LEASE_SECONDS)
        self._until = time.monotonic() + LEASE_SECONDS
        return self.held

    async def check(self) -> None:
        """Raises StorageError where this relay must not write any more."""
        if not self._alone or not self.held or time.monotonic() < self._until:
            if self._over:
                raise taken_over()
            return
        # Time has passed unseen: who has the lease now is to be asked before anything is written.
        await self._renew()
        if self._over:
            raise taken_over()

    async def keep(self) -> None:
        """Renew the lease, or wait for it, until cancelled."""
        while not self._over:
            try:
                if self.held:
                    await self._renew()
                else:
                    await self.take()
            except StorageError as error:
                _log.error("the lease cannot be renewed: %s", error)
                self.held = self.held and (self._alone or time.monotonic() < self._until)
            if self.held and not self._tasks:
                self._tasks = [asyncio.create_task(supervise(name, work)) for name, work in self._jobs.items()]
            elif not self.held and self._tasks:
                _log.warning("the lease is lost: another relay does the work now")
                await self.drop()
            await asyncio.sleep(LEASE_SECONDS / 3)

    async def _renew(self) -> None:
        self.held = await self._log.renew(self._holder, LEASE_SECONDS)
        if self.held:
            self._until = time.monotonic() + LEASE_SECONDS
        elif self._alone and not self._over:
            self._over = True
            self._lost()

    async def drop(self) -> None:
        """End the jobs."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end(self) -> None:
        """End the jobs for good. The lease is kept meanwhile: a job that finishes what it began must not get a twin."""
        self._jobs = {}
        await self.drop()

    async def release(self) -> None:
        """Give the lease back. Raises StorageError."""
        if self.held:
            self.held = False
            await self._log.release(self._holder)


def taken_over() -> StorageError:
    """What is told where another relay has taken over the database."""
    return StorageError(
        _("Another relay has taken over the database: this one stood still for too long, and stops."),
        hint=_("One relay serves a database in a file. Look which one is to run."),
    )
