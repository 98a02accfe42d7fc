"""Commands as a shell runs them: each a process of its own, with its own arguments, environment and streams."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

_WARM = ["wptui.cli.line_link", "wptui.cli.line_text", "wptui.sync.link", "wptui.sync.http"]
"""Most of a short command is Python's start and its imports: where there is fork, a server that has imported these,
and nothing of the tests, makes the processes. `test_packaging` and `test_pty` start whole ones."""


@dataclass
class Done:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be one line."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


async def wptui(*arguments: str, stdin: str = "") -> Done:
    """Runs `wptui` with these arguments and waits for its end."""
    return await asyncio.to_thread(_run, arguments, stdin)


def _run(arguments: tuple[str, ...], stdin: str) -> Done:
    with tempfile.TemporaryDirectory() as name:
        streams = [Path(name, stream) for stream in ("in", "out", "err")]
        streams[0].write_text(stdin, encoding="utf-8")
        server = multiprocessing.get_context("forkserver" if os.name != "nt" else "spawn")
        server.set_forkserver_preload(_WARM)
        process = server.Process(target=_main, args=(arguments, dict(os.environ), streams))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"wptui {' '.join(arguments)} does not end")
        out, err = (stream.read_text(encoding="utf-8") for stream in streams[1:])
        return Done(process.exitcode, out, err)


def _main(arguments: tuple[str, ...], environment: Mapping[str, str], streams: list[Path]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    with streams[0].open(encoding="utf-8") as sys.stdin, streams[1].open("w", encoding="utf-8") as sys.stdout:
        with streams[2].open("w", encoding="utf-8") as sys.stderr:
            for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr)):
                os.dup2(stream.fileno(), number)  # also for what the command itself starts
            sys.argv = ["wptui", *arguments]
            from wptui.cli import main

            sys.exit(main())
