"""`wptui relay …` as an operator types it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from tests.relay.stage import Stage, stage, until
from wptui.cli import main
from wptui.model import commands as c
from wptui.relay import config
from wptui.relay.accounts import Accounts, accounts_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["relay", *arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in config.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WPTUI_DATABASE", str(tmp_path / "relay.db"))
    return tmp_path


def test_init_writes_what_the_relay_reads(
    private_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in config.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WPTUI_APP_SECRET", "geheim")
    monkeypatch.setenv("WPTUI_ACCESS_TOKEN", "EAAtoken")
    options = ("--waba", "123", "--numbers", "10, 11", "--workspace", 'Kahve "Dükkânı"')
    code, out, _err = told(capsys, "init", *options)
    assert code == 0
    assert "geheim" not in out and "EAAtoken" not in out
    monkeypatch.delenv("WPTUI_APP_SECRET")
    monkeypatch.delenv("WPTUI_ACCESS_TOKEN")
    read = config.load()
    assert (read.app_secret, read.access_token, read.waba) == ("geheim", "EAAtoken", "123")
    assert (read.numbers, read.workspace) == (("10", "11"), 'Kahve "Dükkânı"')
    assert len(read.verify_token) > 20 and read.verify_token in out
    text = config.default_file().read_text("utf-8")
    assert "geheim" not in text and "EAAtoken" not in text
    if os.name != "nt":
        secrets = config.default_file().parent / "relay-secrets.toml"
        assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert told(capsys, "init", *options)[0] == 1  # it is there already
    # Every line that is commented out is a setting there is.
    commented = [line[2:] for line in text.splitlines() if line.startswith("# ") and " = " in line and "…" not in line]
    trial = private_home / "trial.toml"
    for line in (line for line in commented if line.split(" ")[0] in {"timezone", "reopen_within", "largest", "keep"}):
        table = "media" if line.split(" ")[0] in {"largest", "keep"} else "relay"
        trial.write_text(f"[{table}]\n{line}\n", "utf-8")
        config.load(trial, environment={}, secrets=False)


def test_init_tells_a_wrong_id_before_it_writes(
    private_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WPTUI_APP_SECRET", "a")
    monkeypatch.setenv("WPTUI_ACCESS_TOKEN", "b")
    code, _out, err = told(capsys, "init", "--waba", "mein Konto")
    assert code == 1 and "meta.waba" in err
    assert not config.default_file().exists()


def test_init_without_a_terminal_says_what_is_missing(
    private_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in config.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115
    code, _out, err = told(capsys, "init", "--waba", "1")
    assert code == 2 and "WPTUI_APP_SECRET" in err


def test_agents_while_no_relay_runs(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = told(capsys, "agent", "add", "Ayşe Yılmaz")
    assert code == 0 and "wptui login http://127.0.0.1:8080" in out
    one_time = next(line for line in out.splitlines() if "One-time code" in line).rpartition(" ")[2]
    accounts = Accounts(accounts_path(environment / "relay.db"))
    accounts.redeem(one_time, "laptop")
    assert told(capsys, "agent", "add", "Ayşe Yılmaz")[0] == 2
    code, out, _err = told(capsys, "agent", "list", "--json")
    (row,) = json.loads(out)
    assert (row["id"], row["revoked"], row["devices"][0]["device"]) == ("ayse-yilmaz", False, "laptop")
    assert "laptop" in told(capsys, "agent", "list")[1]
    assert "One-time code" in told(capsys, "agent", "code", "AYSE YILMAZ")[1]
    code, _out, err = told(capsys, "agent", "revoke", "ayse-yilmaz")
    assert code == 2 and "last owner" in err
    assert told(capsys, "agent", "add", "Mehmet", "--role", "owner")[0] == 0
    assert told(capsys, "agent", "revoke", "ayse-yilmaz")[0] == 0
    assert told(capsys, "agent", "code", "ayse-yilmaz")[0] == 2
    assert told(capsys, "agent", "revoke", "nobody")[0] == 2
    accounts.close()


def test_roles_while_no_relay_runs(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "agent", "add", "Ayşe", "--role", "viewer")[0] == 2  # the first is the owner
    assert "as owner" in told(capsys, "agent", "add", "Ayşe")[1]
    assert "as agent" in told(capsys, "agent", "add", "Mehmet")[1]
    code, _out, err = told(capsys, "agent", "role", "Mehmet", "boss")
    assert code == 2 and "owner, manager, agent, viewer" in err
    assert told(capsys, "agent", "role", "Mehmet", "manager")[0] == 0
    assert told(capsys, "agent", "role", "Ayşe", "agent")[0] == 2  # the last owner
    rows = {row["id"]: row["role"] for row in json.loads(told(capsys, "agent", "list", "--json")[1])}
    assert rows == {"ayse": "owner", "mehmet": "manager"}
    assert "manager" in told(capsys, "agent", "list")[1]


async def test_a_role_of_the_workspaces_own_is_known_beside_the_running_relay(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    document = '[lead]\npermissions = ["see.all"]\n'
    assert (await owner.ask(c.SaveSettings(section="roles", text=document, expect=0))).ok
    code, out = await wptui(play, "agent", "add", "Zoe", "--role", "lead")
    assert code == 0 and "as lead" in out
    assert (await owner.waits_for("agent.added", agent="zoe"))["role"] == "lead"


def test_events_of_no_log(environment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _out, err = told(capsys, "events")
    assert code == 1 and "relay.db" in err
    assert told(capsys, "events", "--after", "-1")[0] == 2
    assert told(capsys, "run")[0] == 1  # no secrets
    assert told(capsys, "fly")[0] == 2


async def wptui(play: Stage, *arguments: str) -> tuple[int, str]:
    """`wptui relay …` in a process of its own, beside the running relay."""
    environment = os.environ | play.sandbox.environment | {
        "WPTUI_DATABASE": play.relay.config.database,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wptui", "relay", *arguments, env=environment, stdout=asyncio.subprocess.PIPE
    )
    out, _err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_beside_a_running_relay(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba\x1b[2J")
    await play.sandbox.settled()

    code, out = await wptui(play, "events", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert set(events[0]) == {"seq", "at", "actor", "type", "conversation", "data"}
    received = next(event for event in events if event["type"] == "message.received")
    assert received["data"]["text"].startswith("Merhaba") and received["conversation"]

    code, out = await wptui(play, "events", "--after", str(received["seq"] - 1))
    assert code == 0 and out.splitlines()[0].split()[0] == str(received["seq"])
    assert "\x1b" not in out

    play.relay.accounts.add("Patron", "owner")
    code, out = await wptui(play, "agent", "revoke", "Ayşe")
    assert code == 0
    await until(ayse.closed.is_set)

    code, _out = await wptui(play, "replay")
    assert code == 1  # a relay is running

    code, out = await wptui(play, "doctor", "--json")
    report = json.loads(out)
    assert code == 0 and report["ok"] and {"id", "status", "text"} <= set(report["findings"][0])


async def test_following_the_log(play: Stage) -> None:
    environment = os.environ | {
        "WPTUI_DATABASE": play.relay.config.database,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wptui", "relay", "events", "--json", "--follow",
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        await play.sandbox.say("mehmet", "canlı")
        async with asyncio.timeout(15):
            while True:
                event = json.loads(await process.stdout.readline())
                if event["data"].get("text") == "canlı":
                    break
    finally:
        process.terminate()
        await process.wait()


async def test_replay_after_the_relay_has_stopped(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.sandbox.say("mehmet", "Merhaba")
        await play.sandbox.settled()
        await play.relay.stop()
        code, out = await wptui(play, "replay")
        assert code == 0 and "before-" in out
        code, out = await wptui(play, "events", "--json")
        assert any(json.loads(line)["type"] == "message.received" for line in out.splitlines())


async def test_a_second_relay_on_the_same_log_is_refused(play: Stage) -> None:
    environment = os.environ | play.sandbox.environment | {
        "WPTUI_DATABASE": play.relay.config.database,
        "WPTUI_LISTEN": "127.0.0.1:0",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wptui", "relay", "run",
        env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _out, err = await process.communicate()
    assert process.returncode == 1 and "Another relay is running" in err.decode()
