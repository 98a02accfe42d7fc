"""``wptui sandbox`` as a user runs it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.sandbox.support import Endpoint, eventually
from wptui.cli import main
from wptui.sandbox import Sandbox

SECRETS = {
    "WPTUI_APP_SECRET": "made-up-app-secret",
    "WPTUI_VERIFY_TOKEN": "made-up-verify-token",
    "WPTUI_ACCESS_TOKEN": "made-up-access-token",
}
START = 20.0


@asynccontextmanager
async def running(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "wptui", "sandbox", "run", "--listen", "127.0.0.1:0", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=PIPE, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(START):
            await process.communicate()


async def told_environment(process: Process, lines: int) -> dict[str, str]:
    assert process.stdout is not None
    async with asyncio.timeout(START):
        told = [(await process.stdout.readline()).decode().strip() for _ in range(lines)]
    return dict(line.removeprefix("export ").split("=", 1) for line in told)


@pytest.fixture
async def relay() -> AsyncIterator[Endpoint]:
    receiver = Endpoint(SECRETS["WPTUI_VERIFY_TOKEN"])
    await receiver.start()
    yield receiver
    await receiver.stop()


async def test_customers_write_to_the_relay(relay: Endpoint) -> None:
    """Secrets come from the environment and are not shown; Ctrl+C ends it well."""
    arguments = ["--relay", relay.url, "--secret-from-env", "--conversations", "3", "--pace", "0", "--lang", "tr"]
    async with running(*arguments, **SECRETS) as process:
        told = await told_environment(process, 3)
        assert set(told) == {"WPTUI_GRAPH_URL", "WPTUI_WABA_ID", "WPTUI_PHONE_NUMBER_IDS"}
        async with asyncio.timeout(START):
            while len({message.get("from_user_id") for message in relay.messages}) < 3:
                await asyncio.sleep(0.01)
        assert all(relay.signed_rightly(SECRETS["WPTUI_APP_SECRET"]))
    assert process.returncode == 0


async def test_it_waits_for_a_relay_that_starts_later() -> None:
    """The printed secrets are what a relay needs; a seed repeats them."""
    async with running("--relay", "http://127.0.0.1:1", "--seed", "s", "--fault", "timeout=2") as process:
        told = await told_environment(process, 6)
        assert told == Sandbox(seed="s").environment | {"WPTUI_GRAPH_URL": told["WPTUI_GRAPH_URL"]}
        assert process.stderr is not None
        async with asyncio.timeout(START):
            waiting = (await process.stderr.readline()).decode()
        assert "waiting for the relay: http://127.0.0.1:1/webhook" in waiting
        url = told["WPTUI_GRAPH_URL"]
        state = await asyncio.to_thread(printed, "state", "--url", url)
        assert json.loads(state)["faults"]["timeout"] == 2
    assert process.returncode == 0


def printed(*arguments: str) -> str:
    """What a command on the running sandbox prints."""
    from click.testing import CliRunner

    from wptui.cli.sandbox import sandbox

    result = CliRunner().invoke(sandbox, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


async def test_say_and_fault(sandbox: Sandbox, endpoint: Endpoint) -> None:
    async def run(*arguments: str) -> str:
        return await asyncio.to_thread(printed, *arguments, "--url", sandbox.url)

    wamid = await run("say", "ayse", "Merhaba")
    await run("say", "ayse", "--type", "image", "--with", '{"caption": "Bak"}')
    await eventually(lambda: len(endpoint.messages) == 2)
    assert endpoint.messages[0]["id"] == wamid.strip()
    assert endpoint.messages[1]["image"]["caption"] == "Bak"
    await run("fault", "fail=131026:3:sync", "delay-ms=5", "overtake", "duplicate=0.5")
    rule = sandbox.faults.fail[0]
    assert (rule.code, rule.times, rule.mode) == (131026, 3, "sync")
    assert (sandbox.faults.delay_ms, sandbox.faults.overtake, sandbox.faults.duplicate) == (5, True, 0.5)
    await run("fault")
    assert not sandbox.faults.fail and sandbox.faults.delay_ms == 0


@pytest.mark.parametrize(
    ("arguments", "expected", "told"),
    [
        (["run", "--listen", "here"], 2, "HOST:PORT"),
        (["run", "--relay", "ftp://x"], 2, "http or https"),
        (["run", "--secret-from-env"], 2, "WPTUI_APP_SECRET"),
        (["run", "--fault", "explode"], 2, "unknown switch"),
        (["run", "--fault", "fail=many"], 2, "fail=many"),
        (["run", "--listen", "203.0.113.1:1"], 1, "cannot listen"),
        (["say", "ayse", "x", "--with", "[]"], 2, "JSON object"),
        (["say", "ayse", "x", "--url", "http://127.0.0.1:1"], 1, "wptui sandbox run"),
    ],
)
def test_wrong_usage(
    arguments: list[str], expected: int, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    assert main(["sandbox", *arguments]) == expected
    assert told in capsys.readouterr().err
