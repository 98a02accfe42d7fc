"""Event → last terminal: one relay, many terminals on real WebSockets, notes written at a steady rate.

    python -m bench.fanout [--quick] [--terminals 10,100] [--rate 200]

Once all terminals see everything; once they are agents' in three departments, each of whom sees a third of the notes.

The relay is in this process, the terminals in another; times are of the machine's one monotonic clock. "Sent" is
when the clerk is asked; "last" is when the last terminal has the frame, so the durable append is in the figure.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import arguments, percentile, tell
from bench.serving import META, NUMBER, REPOSITORY, WABA
from wptui.model import events as ev
from wptui.model.protocol import SCHEMA
from wptui.relay.config import RelayConfig
from wptui.relay.eventlog import Append
from wptui.relay.server import Relay

_CLIENTS = """
import asyncio, json, sys, time, websockets

async def main(url, schema, tokens, total):
    last = {}

    async def one(token):
        socket = await websockets.connect(url, subprotocols=["wptui.v1"], compression=None,
                                          additional_headers={"Authorization": f"Bearer {token}"})
        await socket.send(json.dumps({"frame": "hello", "cursor": 0, "schema": schema}))
        assert json.loads(await socket.recv())["frame"] == "welcome"
        return socket

    async def read(socket):
        got = 0
        while got < total:
            frame = json.loads(await socket.recv())
            now = time.monotonic_ns()
            for event in frame.get("events", ()):
                if event["type"] == "conversation.noted":
                    got += 1
                    last[event["data"]["text"]] = now
        await socket.close()

    sockets = [await one(token) for token in tokens]
    print("ready", flush=True)
    await asyncio.gather(*map(read, sockets))
    print(json.dumps([(now - int(sent)) / 1e6 for sent, now in last.items()]), flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])))
"""

DEPARTMENTS = ("satis", "destek", "iade")


async def measure(folder: Path, terminals: int, rate: int, total: int, departments: int) -> list[float]:
    """Milliseconds from asking the clerk to the last terminal, of each of `total` notes.

    With `departments` each terminal's agent sees the conversation of one of them.
    """
    config = RelayConfig(
        app_secret=META["WPTUI_APP_SECRET"],
        verify_token="bench",
        access_token="bench",
        graph_url=META["WPTUI_GRAPH_URL"],
        waba=WABA,
        numbers=(NUMBER,),
        database=str(folder / "relay.db"),
        media_folder=folder / "media",
    )
    async with Relay(config) as relay:
        agents = [
            relay.accounts.add(f"Agent {n}", "agent" if departments else "owner") for n in range(min(terminals, 30))
        ]
        accounts = relay.accounts
        tokens = [accounts.redeem(accounts.code(agent.id), "bench", origin=agent.id)[0] for agent in agents]
        data: list[tuple[ev.Data, str | None]] = [(ev.ContactCreated(contact="cbench"), None)]
        for n in range(departments or 1):
            where = DEPARTMENTS[n] if departments else ""
            data.append((ev.ConversationOpened(contact="cbench", number=NUMBER, department=where), f"kbench{n}"))
        text = "".join(
            f'[{DEPARTMENTS[n]}]\nname = "{n}"\nmembers = {json.dumps([each.id for each in agents[n::departments]])}\n'
            for n in range(departments)
        )
        data.append((ev.SettingsSaved(section="departments", text=text), None))
        await relay.desk.welcome(accounts.authenticate(tokens[0]))  # the log learns who is there
        await relay.clerk.act(
            lambda db: [Append([ev.make(each, at=1, actor="meta", conversation=where) for each, where in data])]
        )
        address = relay.url.replace("http", "ws") + "/v1/sync"
        seated = json.dumps([tokens[n % len(tokens)] for n in range(terminals)])
        each = total // (departments or 1)
        clients = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CLIENTS, address, str(SCHEMA), seated, str(each),
            stdout=subprocess.PIPE, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": str(REPOSITORY)}, limit=1 << 24,
        )  # fmt: skip
        assert clients.stdout is not None
        await clients.stdout.readline()
        writing = []
        begun = time.monotonic()
        for index in range(each * (departments or 1)):
            await asyncio.sleep(max(0.0, begun + index / rate - time.monotonic()))
            writing.append(asyncio.create_task(_note(relay, index, f"kbench{index % (departments or 1)}")))
        await asyncio.gather(*writing)
        found: list[float] = json.loads(await clients.stdout.readline())
        await clients.wait()
        return found


async def _note(relay: Relay, index: int, conversation: str) -> None:
    note = ev.ConversationNoted(note=f"n{index}", text=str(time.monotonic_ns()))
    event = ev.make(note, at=int(time.time() * 1000), actor="agent:ayse", conversation=conversation)
    await relay.clerk.act(lambda db: [Append([event])])


def main() -> None:
    """Measures and tells."""
    parser = arguments(__doc__)
    parser.add_argument("--terminals", default="10,100", help="how many at once, comma list")
    parser.add_argument("--rate", type=int, default=200, help="events a second")
    asked = parser.parse_args()
    for count in map(int, asked.terminals.split(",")):
        total = asked.rate * (1 if asked.quick else 10)
        for departments in (0, len(DEPARTMENTS)):
            with tempfile.TemporaryDirectory() as folder:
                times = asyncio.run(measure(Path(folder), count, asked.rate, total, departments))
            audience = f" of {departments} departments" if departments else ""
            name = f"event → last of {count} terminals{audience} at {asked.rate}/s"
            tell(f"{name}, p50", percentile(times, 50), "ms")
            tell(f"{name}, p99", percentile(times, 99), "ms")


if __name__ == "__main__":
    main()
