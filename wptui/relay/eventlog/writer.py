"""The writer thread of the SQLite engine: takes jobs together, commits once, hands all results back."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.relay.eventlog import tables

_BODIES_AT_ONCE = 256
_CHECKPOINT_BYTES = 8 << 20
"""After about so much was written, a checkpoint is made in the background."""
_PAGE = 4096
_BOUND_PAGES = (32 << 20) // _PAGE
"""When the write-ahead log is longer than this, the writer makes one itself: then nobody adds to it
meanwhile, and the log can begin anew. Most of it is on its place already, so that this is short."""


class Body:
    """A webhook body to keep; its result is its number."""

    __slots__ = ("body", "future", "received_at")

    def __init__(self, received_at: int, body: bytes) -> None:
        self.received_at = received_at
        self.body = body
        self.future: asyncio.Future[Any]


class Job:
    """Anything else to do in a transaction; its result is what `work` returns, or its exception."""

    __slots__ = ("future", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], Any]) -> None:
        self.work = work
        self.future: asyncio.Future[Any]


J = TypeVar("J", Body, Job)


class Writer:
    """One thread, one connection. `submit` is called on the event loop only."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._path = path
        self._loop = loop
        self._asked: list[Body | Job] = []
        self._handed: queue.SimpleQueue[list[Body | Job] | None] = queue.SimpleQueue()
        self._db: sqlite3.Connection | None = None
        self._raws = 0
        self._written = 0
        self._rewind = False
        self._checkpoint = threading.Event()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._run, name="wptui-log-write", daemon=True),
            threading.Thread(target=self._checkpoints, name="wptui-log-checkpoint", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Do what has been asked for, and end. Called from another thread than the loop's."""
        self._loop.call_soon_threadsafe(self._hand_over)
        self._loop.call_soon_threadsafe(self._handed.put, None)
        self._threads[0].join()
        self._stopped = True
        self._checkpoint.set()
        self._threads[1].join()

    def submit(self, job: Body | Job) -> asyncio.Future[Any]:
        """A future of the job's result. StorageError in it means that nothing was kept."""
        job.future = self._loop.create_future()
        if not self._asked:
            self._loop.call_soon(self._hand_over)
        self._asked.append(job)
        return job.future

    def _hand_over(self) -> None:
        if self._asked:
            jobs, self._asked = self._asked, []
            self._handed.put(jobs)

    # ── on the writer's thread ───────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        going = True
        while going:
            taken = self._handed.get()
            jobs: list[Body | Job] = []
            while taken is not None:
                jobs += taken
                try:
                    taken = self._handed.get_nowait()
                except queue.Empty:
                    break
            going = taken is not None
            bodies = [job for job in jobs if isinstance(job, Body)]
            work = [job for job in jobs if isinstance(job, Job)]
            if bodies:
                self._commit(bodies, self._store)
            if work:
                self._commit(work, self._work)
            self._mind_the_wal()
        self._forget()

    def _commit(self, jobs: list[J], run: Callable[[sqlite3.Connection, list[J]], list[Any]]) -> None:
        results: list[Any]
        try:
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            results = run(db, jobs)
            db.execute("COMMIT")
            self._written += len(jobs) * _PAGE  # a guess: it only says when to look
        except Exception as error:
            # What state the connection is in after a full disk or an I/O error is not worth knowing: the next
            # batch opens a new one, which begins from what is on the disk.
            self._forget()
            refused = StorageError(
                _("The event log {path} cannot be written: {error}").format(path=self._path, error=error),
                hint=_("Is the disk full?"),
            )
            refused.__cause__ = error
            results = [refused] * len(jobs)
        self._loop.call_soon_threadsafe(_settle, jobs, results)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = tables.connect(self._path)
            self._raws = int(self._db.execute("SELECT coalesce(max(number), 0) FROM raws").fetchone()[0])
        return self._db

    def _forget(self) -> None:
        if self._db is not None:
            db, self._db = self._db, None
            try:
                db.close()  # rolls back what was open
            except sqlite3.Error:
                pass

    def _store(self, db: sqlite3.Connection, jobs: list[Body]) -> list[Any]:
        numbers: list[Any] = list(range(self._raws + 1, self._raws + len(jobs) + 1))
        for index in range(0, len(jobs), _BODIES_AT_ONCE):
            some = jobs[index : index + _BODIES_AT_ONCE]
            values: list[Any] = []
            for number, job in zip(numbers[index:], some, strict=False):
                values += (number, job.received_at, job.body)
            db.execute("INSERT INTO raws VALUES " + ",".join(["(?,?,?)"] * len(some)), values)
            self._written += sum(map(len, values[2::3]))
        self._raws += len(jobs)
        return numbers

    def _work(self, db: sqlite3.Connection, jobs: list[Job]) -> list[Any]:
        results: list[Any] = []
        for job in jobs:
            db.execute("SAVEPOINT job")
            try:
                results.append(job.work(db))
            except sqlite3.Error:
                raise
            except Exception as error:  # this job's own fault: the others go on
                results.append(error)
                db.execute("ROLLBACK TO job")
            db.execute("RELEASE job")
        return results

    # ── the write-ahead log ──────────────────────────────────────────────────────────────────────────────

    def _mind_the_wal(self) -> None:
        if self._rewind and self._db is not None:
            self._rewind = False
            try:
                self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error:
                self._forget()
        elif self._written > _CHECKPOINT_BYTES:
            self._written = 0
            self._checkpoint.set()

    def _checkpoints(self) -> None:
        db: sqlite3.Connection | None = None
        while self._checkpoint.wait() and not self._stopped:
            self._checkpoint.clear()
            try:
                db = db or tables.connect(self._path)
                pages = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
                self._rewind = pages > _BOUND_PAGES
            except (sqlite3.Error, StorageError):
                pass  # the writer meets the same fault and tells it
        if db is not None:
            db.close()


def _settle(jobs: list[Any], results: list[Any]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if not job.future.done():
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
