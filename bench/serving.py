"""What the benchmarks measure: a real relay process, and a terminal signed in to it over a filled cache."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

REPOSITORY = Path(__file__).parent.parent
T = TypeVar("T")

SECRET = "bench-secret"
NUMBER = "109876500000010"
WABA = "200000000000777"

META = {
    "WPTUI_APP_SECRET": SECRET,
    "WPTUI_VERIFY_TOKEN": "bench",
    "WPTUI_ACCESS_TOKEN": "bench",
    "WPTUI_GRAPH_URL": "http://127.0.0.1:9",  # nobody is there: Meta cannot be reached
    "WPTUI_WABA_ID": WABA,
    "WPTUI_PHONE_NUMBER_IDS": NUMBER,
}
"""A relay's settings where no sandbox is behind it."""


def program(home: Path) -> dict[str, str]:
    """Environment of a wptui whose files lie in `home`, compiled modules too: a first run makes them, as pip does."""
    return {
        "WPTUI_HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONPYCACHEPREFIX": str(home.parent / "compiled"),
        "PYTHONDONTWRITEBYTECODE": "",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }


def wptui(*arguments: str) -> list[str]:
    """The command line of the program under test."""
    return [sys.executable, "-m", "wptui", *arguments]


@contextlib.contextmanager
def relay(home: Path, settings: Mapping[str, str] = META) -> Iterator[tuple[str, int]]:
    """A relay process with its files in `home`; its address and its process id."""
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | program(home) | {"WPTUI_LISTEN": "127.0.0.1:0", "PYTHONUNBUFFERED": "1"} | settings
    with open(home / "relay.log", "wb") as log:
        process = subprocess.Popen(
            wptui("relay", "run", "--log-level", "warning"), env=environment, stdout=subprocess.PIPE, stderr=log
        )
        assert process.stdout is not None
        try:
            told = process.stdout.readline().decode()
            address = re.search(r"http://\S+", told)
            if address is None:
                raise SystemExit(f"the relay did not start: {told}{(home / 'relay.log').read_text()}")
            yield address.group(), process.pid
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()


def sign_in(
    url: str, relay_home: Path, home: Path, settings: Mapping[str, str] = META, name: str = "Ayşe Demir"
) -> None:
    """Adds an agent to the relay, and signs the terminal in `home` in as them."""
    environment = os.environ | program(relay_home) | {"WPTUI_LISTEN": "127.0.0.1:0"} | settings
    added = subprocess.run(
        wptui("relay", "agent", "add", name), env=environment, check=True, capture_output=True, text=True
    )
    code = re.search(r"\b[A-Z0-9]{4,}(?:-[A-Z0-9]{4,})+\b", added.stdout)
    if code is None:
        raise SystemExit(f"no sign-in code in: {added.stdout}")

    def work() -> None:
        from wptui.sync import credentials, http

        credentials.save(asyncio.run(http.login(url, code.group(), "bench")))

    _at_home(home, work)


def fill_cache(home: Path, conversations: int, *, waiting: float = 0.1, live: bool = True) -> None:
    """Fills the cache of the account signed in at `home`; with `live` it passes for a copy of the (empty) relay's.

    So the terminal shows many conversations, and the relay has nothing to add to them but what is sent to it later.
    """

    def work() -> None:
        from bench.filled import fill
        from wptui.model.protocol import SCHEMA, Hello, Welcome
        from wptui.store.database import set_meta
        from wptui.sync import credentials
        from wptui.sync.http import Http

        account = credentials.load()
        db = fill(credentials.places(account).cache, conversations, waiting=waiting)
        if live:

            async def greet() -> Welcome:
                http = Http(account)
                try:
                    frames = await http.poll(Hello(cursor=0, schema=SCHEMA), [])
                finally:
                    await http.close()
                return next(frame for frame in frames if isinstance(frame, Welcome))

            welcome = asyncio.run(greet())
            set_meta(db, "cursor", welcome.head)
            set_meta(db, "epoch", welcome.epoch)
            set_meta(db, "agent", welcome.agent)
            set_meta(db, "scope", welcome.scope)
            db.execute(
                "INSERT INTO agents (id, name, role, seq) VALUES (?, ?, ?, 1)",
                (welcome.agent, welcome.name, welcome.role),
            )
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()

    _at_home(home, work)


def _at_home(home: Path, work: Callable[[], T]) -> T:
    before = os.environ.get("WPTUI_HOME")
    os.environ["WPTUI_HOME"] = str(home)
    try:
        return work()
    finally:
        if before is None:
            del os.environ["WPTUI_HOME"]
        else:
            os.environ["WPTUI_HOME"] = before


def spec(name: str, argv: list[str], home: Path, **more: Any) -> dict[str, Any]:
    """A program for `ptyharness`, on a terminal of 120×40."""
    environment = dict(program(home)) | {"SSH_CONNECTION": None, "SSH_TTY": None, "NO_COLOR": None}
    return {
        "name": name,
        "argv": argv,
        "env": environment,
        "cwd": str(home),
        "cols": 120,
        "rows": 40,
        "quit": "<C-q>",
        **more,
    }
