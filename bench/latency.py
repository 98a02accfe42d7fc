"""A customer's message, from the sandbox to a cell of the agent's terminal.

    python -m bench.latency [--quick] [--rate 20] [--seconds 60]

The whole way is real: a sandbox process makes and signs a webhook, a relay process stores, expands and sends it over
the WebSocket, a terminal in a pty at 120×40 with 100,000 conversations in its cache folds and paints it. The
customers on the screen write in turn; each message carries a word of its own, and its clock runs from just before the
sandbox makes it until the chunk with that word comes out of the pty. All processes share one monotonic clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import arguments, percentile, tell
from bench.ptyharness import Program, wait_ready
from bench.serving import REPOSITORY, fill_cache, relay, sign_in, spec, wptui

CUSTOMERS = 12
"""As many as fit on the screen; they wait longest, so they stand first."""
_WORD = re.compile(rb"zq(\d{6})")


async def customers(plan: dict[str, Any]) -> None:
    """The sandbox process: `count` messages at `rate` a second when told to; the nanosecond each began."""
    from wptui.sandbox.server import Sandbox

    sandbox = Sandbox(seed="bench")
    await sandbox.start()
    print(json.dumps(sandbox.environment), flush=True)
    read = asyncio.get_running_loop().run_in_executor
    await sandbox.connect((await read(None, sys.stdin.readline)).strip() + "/webhook")
    for number in range(CUSTOMERS):
        await sandbox.say(f"customer{number}", "Merhaba")
    await read(None, sys.stdin.readline)
    begun: list[int] = []
    following = time.monotonic()
    for number in range(plan["count"]):
        await asyncio.sleep(max(0.0, following - time.monotonic()))
        following += 1 / plan["rate"]
        begun.append(time.monotonic_ns())
        await sandbox.say(f"customer{number % CUSTOMERS}", f"zq{number:06} Merhaba, siparişim nerede?")
    await sandbox.settled()
    print(json.dumps(begun), flush=True)
    await sandbox.stop()


def arrivals(program: Program, seconds: float) -> dict[int, int]:
    """Reads the pty for so long; when each word came, by its number."""
    found: dict[int, int] = {}
    rest = b""
    program.pending.clear()
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and program.alive:
        program.read(left)
        for stamp, data in program.pending:
            text = rest + data
            for match in _WORD.finditer(text):
                found.setdefault(int(match.group(1)), stamp)
            rest = text[-16:]
        program.pending.clear()
    return found


def main() -> None:
    """Prints a line a figure."""
    parser = arguments(__doc__)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--customers", help=argparse.SUPPRESS, default="")
    asked = parser.parse_args()
    if asked.customers:
        return asyncio.run(customers(json.loads(asked.customers)))
    seconds = 5 if asked.quick else asked.seconds
    plan = json.dumps({"rate": asked.rate, "count": int(asked.rate * seconds)})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "bench.latency", "--customers", plan]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        ) as sandbox:
            assert sandbox.stdin is not None and sandbox.stdout is not None
            try:
                settings = json.loads(sandbox.stdout.readline())
                with relay(folder / "relay", settings) as (url, _pid):
                    home = folder / "agent"
                    sign_in(url, folder / "relay", home, settings)
                    fill_cache(home, asked.conversations, waiting=0)
                    sandbox.stdin.write(url + "\n")
                    sandbox.stdin.flush()
                    shown = spec("inbox", wptui(), home, ready={"regex": r"\blive\b"})
                    measure(Program(shown), sandbox, seconds, asked.rate)
            finally:
                sandbox.kill()


def measure(program: Program, sandbox: subprocess.Popen[str], seconds: float, rate: float) -> None:
    """Lets the customers write, and tells how long their words took."""
    assert sandbox.stdin is not None and sandbox.stdout is not None
    program.start()
    try:
        ready = wait_ready(program)
        if ready["status"] != "ok":
            raise SystemExit(f"the terminal is not live: {ready}\n{program.terminal.text()}")
        program.drain_for(3)  # what is loaded behind the first screen
        program.send("<Home>")
        program.drain_for(1)
        sandbox.stdin.write("go\n")
        sandbox.stdin.flush()
        before = program.bytes
        found = arrivals(program, seconds + 2)
        size = program.bytes - before
    finally:
        program.stop()
    begun = json.loads(sandbox.stdout.readline())
    took = [(found[number] - start) / 1e6 for number, start in enumerate(begun) if number in found]
    lost = len(begun) - len(took)
    if lost:
        print(f"{lost} of {len(begun)} messages were never on the screen")
    if took:
        what = f"webhook → cell on the terminal, {rate:g}/s"
        tell(f"{what}, p50", percentile(took, 50), "ms")
        tell(f"{what}, p99", percentile(took, 99), "ms", at_most=150)
        tell(f"{what}, longest", max(took), "ms")
        tell("… bytes a message", size / len(begun), "B")


if __name__ == "__main__":
    main()
