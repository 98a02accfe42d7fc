"""Agents, one-time codes and tokens."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.relay.stage import Stage, until
from wptui.model.errors import AuthError, UsageError
from wptui.model.protocol import Sorry
from wptui.relay.accounts import CODE_MINUTES, Accounts


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Accounts:
    return Accounts(tmp_path / "relay-accounts.db", clock)


def test_a_code_becomes_a_token_once(accounts: Accounts) -> None:
    agent = accounts.add("Ayşe Yılmaz")
    assert agent.id == "ayse-yilmaz"
    code = accounts.code(agent.id)
    token, session = accounts.redeem(code.lower().replace("-", " "), "laptop")
    assert session.agent.id == agent.id and accounts.authenticate(token).device == "laptop"
    with pytest.raises(AuthError):
        accounts.redeem(code, "another")


def test_a_code_ages(accounts: Accounts, clock: Clock) -> None:
    code = accounts.code(accounts.add("Ayşe").id)
    clock.now += CODE_MINUTES * 60 + 1
    with pytest.raises(AuthError, match="too old"):
        accounts.redeem(code, "laptop")


def test_guessing_is_slowed_down_and_told_nothing(accounts: Accounts, clock: Clock) -> None:
    code = accounts.code(accounts.add("Ayşe").id)
    for _n in range(5):
        with pytest.raises(AuthError, match="wrong, used or too old"):
            accounts.redeem("2222-2222-2222", "x", origin="10.0.0.9")
    with pytest.raises(AuthError, match="Too many"):
        accounts.redeem(code, "x", origin="10.0.0.9")
    accounts.redeem(code, "x", origin="10.0.0.1")  # others are not locked out
    clock.now += 61
    with pytest.raises(AuthError, match="wrong, used or too old"):
        accounts.redeem(code, "x", origin="10.0.0.9")


def test_nothing_in_the_file_signs_in(accounts: Accounts, tmp_path: Path) -> None:
    agent = accounts.add("Ayşe")
    open_code = accounts.code(agent.id)
    token, _session = accounts.redeem(accounts.code(agent.id), "laptop")
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("relay-accounts.db*"))
    for secret in (token, token.removeprefix("wptui_"), open_code, open_code.replace("-", "")):
        assert secret.encode() not in stored
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "relay-accounts.db").stat().st_mode) == 0o600


def test_a_revoked_agent_is_out_and_can_be_let_in_again(accounts: Accounts) -> None:
    accounts.add("Patron")
    agent = accounts.add("Ayşe")
    token, session = accounts.redeem(accounts.code(agent.id), "laptop")
    accounts.revoke(agent.id)
    assert not accounts.valid(session)
    with pytest.raises(AuthError, match="withdrawn"):
        accounts.authenticate(token)
    with pytest.raises(UsageError):
        accounts.code(agent.id)
    again = accounts.add("Ayşe")
    assert again.id == agent.id and again.revision == 3
    with pytest.raises(AuthError):  # the old token stays void
        accounts.authenticate(token)


def test_a_token_may_end(accounts: Accounts, clock: Clock) -> None:
    agent = accounts.add("Ayşe")
    token, _session = accounts.redeem(accounts.code(agent.id), "laptop", expires_in=3600)
    clock.now += 3599
    accounts.authenticate(token)
    clock.now += 2
    with pytest.raises(AuthError, match="expired"):
        accounts.authenticate(token)


def test_names_are_found_as_people_type_them(accounts: Accounts) -> None:
    one = accounts.add("Işıl")
    two = accounts.add("isil")
    assert (one.id, two.id) == ("isil", "isil-2")
    assert accounts.find("Işıl").id == "isil"
    with pytest.raises(UsageError, match="already"):
        accounts.add("Işıl")
    with pytest.raises(UsageError, match="no agent"):
        accounts.find("Zeynep")


async def test_revoking_from_another_process_cuts_the_connection(play: Stage) -> None:
    mehmet, ayse = await play.sit_down("Mehmet"), await play.sit_down("Ayşe")
    other = Accounts(play.relay.accounts.path)  # as `wptui relay agent revoke` has it
    other.revoke("ayse")
    other.close()
    await until(ayse.closed.is_set)
    assert ayse.of(Sorry)[0].code == "revoked"
    await mehmet.waits_for("agent.revoked", agent="ayse")
    assert not mehmet.closed.is_set()


async def test_an_agent_added_while_the_relay_runs_is_in_the_log(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    other = Accounts(play.relay.accounts.path)
    other.add("Zeynep")
    other.close()
    added = await ayse.waits_for("agent.added", agent="zeynep")
    assert added["name"] == "Zeynep"


async def test_signing_in_and_out_over_http(play: Stage) -> None:
    agent = play.relay.accounts.add("Ayşe")
    code = play.relay.accounts.code(agent.id)
    async with play.http() as http:
        answer = (await http.post("/v1/login", json={"code": code, "device": "laptop"})).json()
        assert (answer["agent"], answer["name"], answer["workspace"]) == ("ayse", "Ayşe", "Kahve Dükkânı")
        used = await http.post("/v1/login", json={"code": code, "device": "laptop"})
        assert used.status_code == 401 and used.json()["code"] == "unauthorized"
        assert (await http.post("/v1/login", content=b"[")).status_code == 400
    async with play.http(answer["token"]) as http:
        assert (await http.get("/v1/snapshot")).status_code == 200
        assert (await http.post("/v1/logout")).status_code == 200
        assert (await http.get("/v1/snapshot")).status_code == 401


async def test_behind_a_proxy_attempts_are_counted_by_the_address_it_names(play: Stage) -> None:
    code = play.relay.accounts.code(play.relay.accounts.add("Ayşe").id)
    async with play.http() as http:
        for _n in range(6):
            wrong = {"code": "2222-2222-2222", "device": "x"}
            answer = await http.post("/v1/login", json=wrong, headers={"X-Forwarded-For": "203.0.113.9"})
        assert "Too many" in answer.json()["message"]
        right = {"code": code, "device": "x"}
        answer = await http.post("/v1/login", json=right, headers={"X-Forwarded-For": "203.0.113.10"})
        assert answer.status_code == 200
