"""`/v1/agents` and `/v1/audit`: who may let whom in, and who may look up what."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.relay.stage import Stage, until
from wptui.model import commands as c
from wptui.model.protocol import Sorry
from wptui.relay.accounts import Accounts
from wptui.relay.eventlog import Append, tables
from wptui.relay.eventlog.sqlite import SqliteEventLog
from wptui.store import audit


async def ask(play: Stage, agent: str, command: c.AnyCommand) -> Any:
    return await play.relay.commands.execute(play.relay.accounts.find(agent), c.command_id(), command)


async def team_of(play: Stage, *people: tuple[str, str]) -> dict[str, httpx.AsyncClient]:
    """Each with a role and a terminal signed in."""
    clients = {name: play.http(play.token(name, role)) for name, role in people}
    await play.relay.workspace.follow_accounts()
    return clients


@pytest.fixture
def everybody() -> tuple[tuple[str, str], ...]:
    return (("Owner", "owner"), ("Manager", "manager"), ("Agent", "agent"), ("Viewer", "viewer"))


async def test_somebody_is_let_in_and_signs_in_with_the_code(play: Stage, everybody: Any) -> None:
    http = await team_of(play, *everybody)
    added = (await http["Manager"].post("/v1/agents", json={"name": "Zoe", "role": "agent"})).json()
    assert (added["id"], added["role"]) == ("zoe", "agent")
    login = await http["Agent"].post("/v1/login", json={"code": added["code"], "device": "laptop"})
    assert login.status_code == 200 and login.json()["agent"] == "zoe"
    again = (await http["Manager"].post("/v1/agents/zoe/code")).json()
    assert again["code"] != added["code"]
    listed = (await http["Owner"].get("/v1/agents")).json()["agents"]
    zoe = next(each for each in listed if each["id"] == "zoe")
    assert [device["device"] for device in zoe["devices"]] == ["laptop"] and zoe["used_at"]
    log = b"".join(bytes(event.data) for event in await play.relay.log.read(0, 10_000))
    for code in (added["code"], again["code"], added["code"].replace("-", "")):
        assert code.encode() not in log
    assert (await http["Owner"].post("/v1/agents", json={"name": "Zoe"})).status_code == 422  # there is one
    assert (await http["Owner"].post("/v1/agents", json={"name": " "})).json()["code"] == "invalid"
    assert (await http["Owner"].post("/v1/agents", content=b"[")).status_code == 400
    assert (await http["Owner"].post("/v1/agents/nobody/code")).json()["code"] == "not_found"
    unknown = await http["Owner"].post("/v1/agents", json={"name": "X", "role": "boss"})
    assert unknown.status_code == 422 and "manager" in unknown.json()["message"]


async def test_who_may_not_manage_agents_does_not_even_see_their_devices(play: Stage, everybody: Any) -> None:
    http = await team_of(play, *everybody)
    for name in ("Agent", "Viewer"):
        for method, path in (
            ("GET", "/v1/agents"), ("POST", "/v1/agents"), ("POST", "/v1/agents/agent/code"),
            ("POST", "/v1/agents/owner/revoke"), ("POST", "/v1/agents/agent/role"), ("GET", "/v1/audit"),
        ):  # fmt: skip
            answer = await http[name].request(
                method, path, json={"name": "X", "role": "owner"} if method == "POST" else None
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (name, method, path)
    assert [agent.id for agent in play.relay.accounts.agents()] == ["agent", "manager", "owner", "viewer"]


async def test_nobody_rises_above_themselves_nor_lays_hands_on_who_is_above(play: Stage, everybody: Any) -> None:
    http = await team_of(play, *everybody)
    manager = http["Manager"]
    for path, body in (
        ("/v1/agents", {"name": "Zoe", "role": "owner"}),
        ("/v1/agents/manager/role", {"role": "owner"}),
        ("/v1/agents/agent/role", {"role": "owner"}),
        ("/v1/agents/owner/role", {"role": "viewer"}),
        ("/v1/agents/owner/revoke", {}),
        ("/v1/agents/owner/code", {}),  # a code is a way in
    ):
        answer = await manager.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    assert (await manager.post("/v1/agents/agent/role", json={"role": "manager"})).status_code == 200
    for path, body in (("/v1/agents/owner/role", {"role": "viewer"}), ("/v1/agents/owner/revoke", {})):
        last = await http["Owner"].post(path, json=body)
        assert last.status_code == 422 and "last owner" in last.json()["message"]
    assert (await http["Owner"].post("/v1/agents/agent/role", json={"role": "owner"})).status_code == 200
    assert (await http["Owner"].post("/v1/agents/owner/role", json={"role": "agent"})).status_code == 200
    assert (await http["Owner"].get("/v1/agents")).status_code == 403


async def test_a_revoked_colleague_is_out_at_once(play: Stage) -> None:
    http = await team_of(play, ("Owner", "owner"))
    mehmet = await play.sit_down("Mehmet", "agent")
    assert (await http["Owner"].post("/v1/agents/mehmet/revoke")).status_code == 200
    await until(mehmet.closed.is_set)
    assert mehmet.of(Sorry)[0].code == "revoked"


# ── the trail ────────────────────────────────────────────────────────────────────────────────────────────


async def trail(http: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """All pages."""
    entries: list[dict[str, Any]] = []
    while True:
        answer = await http.get("/v1/audit", params=params)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        entries += found["entries"]
        if found["next"] is None:
            return entries
        params["before"] = found["next"]


async def test_the_trail_says_who_did_what_to_those_who_may_know(play: Stage) -> None:
    http = await team_of(play, ("Owner", "owner"), ("Ayşe", "agent"), ("Mehmet", "agent"), ("Deniz", "lead"))
    roles = '[lead]\npermissions = ["see.department", "see.audit"]\n'
    departments = '[satis]\nname = "Satış"\nmembers = ["ayse"]\n\n[destek]\nname = "Destek"\nmembers = ["deniz"]\n'
    assert (await ask(play, "owner", c.SaveSettings(section="roles", text=roles, expect=0))).ok
    assert (await ask(play, "owner", c.SaveSettings(section="departments", text=departments, expect=0))).ok
    screen = await play.sit_down("Owner")
    await play.sandbox.say("zeynep", "Siparişim nerede?")
    conversation = await play.conversation(screen, "Siparişim nerede?")
    secret = "[mine]\nfilter = 'is:late'\n"
    for agent, command in (
        ("ayse", c.Assign(conversation=conversation, agent="ayse")),
        ("ayse", c.AddNote(conversation=conversation, text="bakıyorum", mentions=["mehmet"])),
        (
            "ayse",
            c.Transfer(conversation=conversation, department="satis", agent="mehmet", expect="ayse", reason="iade"),
        ),
        ("mehmet", c.SaveSettings(section="filters", text=secret, expect=0, own=True)),
        ("mehmet", c.Resolve(conversation=conversation)),
    ):
        assert (await ask(play, agent, command)).ok, command
    names = await play.relay.clerk.look(audit.names)
    entries = await trail(http["Owner"], conversation=conversation)
    told = [audit.sentence(audit.Entry(**entry), names) for entry in entries]
    assert told[:5] == [
        "Mehmet resolved it",
        "Ayşe assigned it to Mehmet: iade",
        "Ayşe moved it to Satış: iade",
        "Ayşe wrote a note for @Mehmet: bakıyorum",
        "Ayşe took it over",
    ]
    assert told[-1] == "the conversation began" and "the customer wrote: Siparişim nerede?" in told
    assert all(entry["title"] for entry in entries)
    everything = await trail(http["Owner"], limit=2)
    assert [entry["seq"] for entry in everything] == sorted((entry["seq"] for entry in everything), reverse=True)
    assert any(entry["type"] == "settings.saved" and entry["data"]["section"] == "roles" for entry in everything)
    mine = [entry for entry in everything if entry["data"].get("section") == "filters"]
    assert mine == []  # his own, and nobody's business
    assert "text" not in next(entry for entry in everything if entry["type"] == "settings.saved")["data"]
    only = await trail(http["Owner"], agent="Mehmet", limit=1)
    assert {entry["actor"] for entry in only} == {"agent:mehmet"} and len(only) == 1
    # Deniz sees Destek and what has no department: what is Satış's now is not hers to look up, nor what went before.
    hers = await trail(http["Deniz"])
    assert hers and not any(entry.get("conversation") == conversation for entry in hers)
    hidden = await http["Deniz"].get("/v1/audit", params={"conversation": conversation})
    assert hidden.json()["code"] == "not_found"
    assert (await http["Deniz"].get("/v1/audit", params={"agent": "nobody"})).json()["code"] == "not_found"
    assert (await http["Ayşe"].get("/v1/audit")).status_code == 403


async def test_the_trail_goes_on_about_those_who_were_merged_into_others(play: Stage) -> None:
    http = await team_of(play, ("Owner", "owner"))
    screen = await play.sit_down("Owner")
    places = []
    for who, said in (("zeynep", "Merhaba"), ("mehmet", "Selam")):
        await play.sandbox.say(who, said)
        places.append(await play.conversation(screen, said))
    rows = [
        await play.relay.clerk.look(
            lambda db, id=id: db.execute("SELECT contact FROM conversations WHERE id = ?", (id,)).fetchone()  # type: ignore[misc]
        )
        for id in places
    ]
    (zeynep,), (mehmet,) = rows
    assert (await ask(play, "owner", c.EditContact(contact=mehmet, name="Mehmet Bey"))).ok
    assert (await ask(play, "owner", c.Label(conversation=places[1], label="vip"))).ok
    assert (await ask(play, "owner", c.MergeContacts(contact=mehmet, into=zeynep))).ok
    types = [entry["type"] for entry in await trail(http["Owner"], agent="Owner")]
    assert {"contact.merged", "contact.edited", "conversation.labelled"} <= set(types)


async def test_a_body_that_does_not_come_holds_nobody_up(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wptui.relay.http.BODY_SECONDS", 0.05)
    monkeypatch.setattr("wptui.relay.http.STALL_SECONDS", 0.05)
    host, port = play.relay.url.removeprefix("http://").split(":")
    token = play.token()
    for path in ("/v1/login", "/v1/poll", "/v1/media", "/v1/agents"):
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n{{"
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.readline(), 5)
        assert b" 408 " in answer, (path, answer)
        writer.close()


# ── files from before ────────────────────────────────────────────────────────────────────────────────────


async def test_a_log_from_before_gets_its_index_and_keeps_what_it_has(tmp_path: Path) -> None:
    from wptui.model import events as ev

    path = tmp_path / "relay.db"
    async with SqliteEventLog(path) as log:
        note = ev.make(ev.ConversationNoted(note="n", text="x"), at=1, actor="agent:ayse", conversation="k1")
        await log.append([Append([note])])
    with sqlite3.connect(path) as db:
        db.execute("DROP INDEX events_agent")
        db.execute("PRAGMA user_version = 1")
    async with SqliteEventLog(path) as log:
        assert [event.actor for event in await log.trail(audit.audited(), 10, agent="ayse")] == ["agent:ayse"]
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (tables.VERSION,)
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT seq FROM events WHERE actor = 'agent:ayse' "
            "AND actor >= 'agent:' AND actor < 'agent;' ORDER BY seq DESC"
        ).fetchall()
        assert "events_agent" in plan[0][-1]


def test_accounts_from_before_roles_get_an_owner_once(tmp_path: Path) -> None:
    path = tmp_path / "relay-accounts.db"
    before = Accounts(path)
    for name in ("Zoe", "Ayşe"):
        before.add(name, "agent")
    before._db.execute("UPDATE agents SET created_at = 1 WHERE id = 'ayse'")
    before._db.execute("PRAGMA user_version = 0")
    before.close()
    migrated = Accounts(path)
    assert {agent.id: (agent.role, agent.revision) for agent in migrated.agents()} == {
        "ayse": ("owner", 2), "zoe": ("agent", 1),
    }  # fmt: skip
    migrated.set_role("zoe", "owner")
    migrated.set_role("ayse", "agent")
    migrated.close()
    assert {agent.id: agent.role for agent in Accounts(path).agents()} == {"ayse": "agent", "zoe": "owner"}
