"""Real processes killed at random while customers write and agents answer: nothing is lost, nothing is sent twice.

The relay and the terminals (line mode, on one outbox and cache) are processes of their own and die by SIGKILL.
The sandbox counts what reached it, repeats and reorders webhooks, and now and then leaves a send unanswered.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sync.house import dump
from wptui.model.commands import SendMessage
from wptui.relay.accounts import Accounts, accounts_path
from wptui.sandbox.server import Sandbox
from wptui.store.database import open_database
from wptui.sync import credentials
from wptui.sync.credentials import Account
from wptui.sync.outbox import Outbox

pytestmark = pytest.mark.soak

SENDS = int(os.environ.get("WPTUI_SOAK_SENDS", "200"))
INBOUND = 200
CUSTOMERS = 20
PATIENCE = 120.0
REACHED = {"accepted", "sent", "delivered", "read", "played"}


class Stage:
    """Addresses, folders and processes of one run."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]  # kept over restarts, as a real relay's
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "relay" / "relay.db"
        self.relay: asyncio.subprocess.Process | None = None
        self.errors = open(folder / "relay.log", "ab")  # noqa: SIM115 - as long as the stage
        self.kills = Counter[str]()

    async def start_relay(self) -> None:
        env = os.environ | self.sandbox.environment | {
            "WPTUI_HOME": str(self.folder / "relay-home"),
            "WPTUI_DATABASE": str(self.database),
            "WPTUI_LISTEN": f"127.0.0.1:{self.port}",
        }  # fmt: skip
        self.relay = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "wptui", "relay", "run", env=env, stdout=self.errors, stderr=self.errors
        )

    async def listening(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except OSError:
                assert time.monotonic() < deadline, (self.folder / "relay.log").read_text()[-3000:]
                await asyncio.sleep(0.05)

    async def kill_relay(self) -> None:
        assert self.relay is not None
        if self.relay.returncode is None:
            self.relay.kill()
            self.kills["relay"] += 1
        await self.relay.wait()

    def sign_in(self) -> Account:
        accounts = Accounts(accounts_path(self.database))
        agent = accounts.add("Ayşe")
        token, _session = accounts.redeem(accounts.code(agent.id), "soak")
        accounts.close()
        return Account(url=self.url, token=token, agent=agent.id)

    async def wptui(self, *arguments: str, kill_after: float | None = None) -> tuple[int, bytes]:
        """A terminal's process: its exit code and output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "wptui", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            out, _err = await asyncio.wait_for(process.communicate(), kill_after)
        except TimeoutError:
            process.kill()
            self.kills["terminal"] += 1
            out, _err = await process.communicate()
        return process.returncode or 0, out


async def test_killed_at_random_nothing_is_lost_or_sent_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = int(os.environ.get("WPTUI_SOAK_SEED", str(time.time_ns() % 100_000)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    async with Sandbox(seed=seed, pace=0.05, slowest_retry=0.5) as sandbox:
        sandbox.faults.update({"duplicate": 0.1, "reorder": 0.1, "no_read": True})
        stage = Stage(tmp_path, sandbox)
        await stage.start_relay()
        await stage.listening()
        account = stage.sign_in()
        for name, value in {
            "WPTUI_HOME": str(tmp_path / "terminal"), "WPTUI_RELAY": account.url, "WPTUI_TOKEN": account.token,
            "WPTUI_AGENT": account.agent,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        await sandbox.connect(f"{stage.url}/webhook")
        customers = [f"c{n}" for n in range(CUSTOMERS)]
        wamids = [await sandbox.say(who, f"merhaba {who}") for who in customers]
        await sandbox.settled()
        conversations: list[str] = []
        while len(conversations) < CUSTOMERS:
            _code, out = await stage.wptui("list", "--json", "--limit", "100")
            conversations = [row["id"] for row in json.loads(out)["conversations"]] if out else []

        given: dict[str, str] = {}
        outbox = await asyncio.to_thread(Outbox, credentials.places(account).outbox)
        try:
            await _storm(stage, dice, outbox, conversations, customers, wamids, given)
            await _calm(stage, outbox)
        finally:
            outbox.close()
            await stage.kill_relay()
            stage.errors.close()
        print(dict(stage.kills), sandbox.webhooks.counts)
        _judge(stage, account, given, wamids)


async def _storm(
    stage: Stage,
    dice: random.Random,
    outbox: Outbox,
    conversations: list[str],
    customers: list[str],
    wamids: list[str],
    given: dict[str, str],
) -> None:
    over = asyncio.Event()

    async def feed() -> None:
        for n in range(SENDS):
            where, text = dice.choice(conversations), f"cevap {n}"
            command = SendMessage(conversation=where, content={"type": "text", "text": {"body": text}}, text=text)
            given[await asyncio.to_thread(outbox.add, where, command)] = text
            if n % 40 == 20:
                stage.sandbox.faults.update({dice.choice(["drop", "drop_after", "http_500"]): 1})
            await asyncio.sleep(dice.uniform(0.05, 0.3))

    async def write() -> None:
        for n in range(INBOUND):
            wamids.append(await stage.sandbox.say(dice.choice(customers), f"soru {n}"))
            await asyncio.sleep(dice.uniform(0.02, 0.3))

    async def kill() -> None:
        while not over.is_set():
            await asyncio.sleep(dice.uniform(1.0, 5.0))
            await stage.kill_relay()
            await stage.start_relay()
            if dice.random() < 0.8:
                await stage.listening()

    async def sit() -> None:
        while not over.is_set():
            await stage.wptui("list", "--json", kill_after=dice.uniform(0.4, 4.0))

    async def answer() -> None:
        n = 0
        while not over.is_set():
            n += 1
            await stage.wptui("reply", dice.choice(conversations), f"satır {n}", kill_after=dice.uniform(0.5, 4.0))

    others = [asyncio.create_task(work()) for work in (kill, sit, answer)]
    await asyncio.gather(feed(), write())
    over.set()
    await asyncio.gather(*others)


async def _calm(stage: Stage, outbox: Outbox) -> None:
    """Nobody is killed any more: everything comes to rest."""
    await stage.listening()
    deadline = time.monotonic() + PATIENCE
    while any(item.state != "refused" for item in outbox.pending()):
        assert time.monotonic() < deadline, outbox.pending()
        await stage.wptui("list", "--json")
    view = open_database(stage.database.with_name("relay-view.db"), read_only=True)
    try:
        while True:
            async with asyncio.timeout(PATIENCE):
                await stage.sandbox.settled()
            rest = view.execute("SELECT count(*) FROM messages WHERE status IN ('queued', 'attempted')").fetchone()[0]
            if not rest and not stage.sandbox.sends.pending and not stage.sandbox.webhooks.pending:
                break
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
    finally:
        view.close()
    await asyncio.sleep(1.0)  # the last stored body is expanded
    await stage.wptui("list", "--json")


def _judge(stage: Stage, account: Account, given: dict[str, str], wamids: list[str]) -> None:
    log = sqlite3.connect(stage.database)
    events = [(kind, json.loads(data)) for kind, data in log.execute("SELECT type, data FROM events ORDER BY seq")]
    (waiting,) = log.execute(
        "SELECT count(*) FROM raws LEFT JOIN expansions ON raw = number WHERE position IS NULL"
    ).fetchone()
    log.close()
    assert not waiting
    reached = Counter(
        send.body["text"]["body"] for send in stage.sandbox.sends.all if send.wamid and send.type == "text"
    )
    queued = Counter(data["message"] for kind, data in events if kind == "message.queued")
    received = Counter(data["message"] for kind, data in events if kind == "message.received")
    assert received == dict.fromkeys(wamids, 1)
    assert {text: count for text, count in reached.items() if count > 1} == {}

    cache = open_database(credentials.places(account).cache, read_only=True)
    view = open_database(stage.database.with_name("relay-view.db"), read_only=True)
    states: dict[str, tuple[str, str]] = {
        id: (text, status) for id, text, status in view.execute("SELECT id, text, status FROM messages WHERE dir='out'")
    }
    assert queued == dict.fromkeys(states, 1)
    assert set(given) <= set(states)
    for text, status in states.values():
        if status in REACHED:
            assert reached[text] == 1, (text, status)
        else:
            assert status == "unknown", (text, status)
    here = Counter(id for (id,) in cache.execute("SELECT id FROM messages WHERE dir = 'in'"))
    assert here == dict.fromkeys(wamids, 1)
    ours, theirs = dump(cache), dump(view)
    for name in theirs:
        assert ours[name] == theirs[name], name
    print({status: sum(1 for _t, s in states.values() if s == status) for status in {s for _t, s in states.values()}})
    cache.close()
    view.close()
