"""``wptui demo``: sandbox, relay and terminal in one go, in a folder that is gone afterwards.

Without a terminal it plays one customer's story through the same real path (`demo_story`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from wptui import config, i18n, paths
from wptui.i18n import _
from wptui.model.errors import LinkError

CONVERSATIONS = 40
START_SECONDS = 30.0
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Services:
    """Where the demo's servers are, and the code to sign in with."""

    relay: str
    sandbox: str
    code: str


@click.command(
    help=_(
        "Try wptui without an account at Meta: starts a sandbox Cloud API with customers who write, a relay and "
        "this terminal. Nothing to configure, nothing is kept. Without a terminal it plays one customer's story, "
        "prints it, and exits with 0 if every step worked."
    )
)
@click.option(
    "--conversations", type=click.IntRange(1, 5000), default=CONVERSATIONS, show_default=True,
    help=_("How many customers."),
)  # fmt: skip
@click.option("--seed", default="wptui", show_default=True, help=_("Another seed, other customers."))
def demo(conversations: int, seed: str) -> int:
    """Run it."""
    settings = config.load()
    # The demo's own relay is meant, wherever the agent's settings point.
    settings = replace(settings, relay=replace(settings.relay, url=""))
    with _home() as home:
        if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
            from wptui.cli.demo_story import tell

            return tell(home, seed)
        click.echo(_("Starting a sandbox Cloud API and a relay …"))
        plan = {"conversations": conversations, "pace": 1.0, "seed": seed}
        with services(home, plan) as found:
            sign_in(found)
            from wptui.app import run_terminal

            code = run_terminal(settings)
        click.echo(_("That was the demo; nothing of it is kept. `wptui login URL` connects to your own relay."))
        return code


@contextlib.contextmanager
def _home() -> Generator[Path, None, None]:
    """A folder for all files of this run, and the agent's own settings in it as they are."""
    os.environ["WPTUI_CONFIG"] = str(paths.config_file())
    before = os.environ.get("WPTUI_HOME")
    for name in ("WPTUI_RELAY", "WPTUI_TOKEN"):
        os.environ.pop(name, None)  # the demo's relay is meant, whatever this shell is set up for
    home = Path(tempfile.mkdtemp(prefix="wptui-demo-"))
    os.environ["WPTUI_HOME"] = str(home)
    try:
        yield home
    finally:
        if before is None:
            del os.environ["WPTUI_HOME"]
        else:
            os.environ["WPTUI_HOME"] = before
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def services(home: Path, plan: dict[str, Any]) -> Generator[Services, None, None]:
    """Runs the servers of `demo_services` as long as the block lasts. Raises LinkError where they do not start."""
    log = paths.ensure_dir(home / "logs") / "services.log"
    told = json.dumps(plan | {"lang": i18n.language()})
    arguments = [sys.executable, "-m", "wptui.cli.demo_services", str(home), told]
    with open(log, "wb") as errors:
        process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
        )
        try:
            yield _started(process, log)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # which asks it to stop
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _started(process: subprocess.Popen[bytes], log: Path) -> Services:
    assert process.stdout is not None
    line = _read_line(process)
    try:
        return Services(**json.loads(line))
    except (ValueError, TypeError) as error:
        said = log.read_text("utf-8", "replace").strip().splitlines()
        raise LinkError(
            _("The demo's relay did not start"), hint=said[-1][:200] if said else _("Please report this.")
        ) from error


def _read_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line; what has come of it when the time is over."""
    import threading

    found: list[bytes] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: found.append(process.stdout.readline()), daemon=True)  # type: ignore[union-attr]
    reader.start()
    reader.join(START_SECONDS)
    return found[0] if found else b""


def sign_in(found: Services) -> None:
    """What `wptui login` does, without the words."""
    import asyncio

    from wptui.sync import credentials, http

    credentials.save(asyncio.run(http.login(found.relay, found.code, "demo")))
