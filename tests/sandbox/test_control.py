"""The sandbox's own endpoints: what a test or a demo may see and do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.support import Agent, Endpoint
from wptui.sandbox import Sandbox


async def post(agent: Agent, name: str, /, **body: Any) -> httpx.Response:
    return await agent.http.post(f"/sandbox/{name}", json=body)


async def test_say_and_state(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    said = await post(agent, "say", **{"from": "ayse", "type": "text", "text": "Merhaba"})
    await agent.send(biz_opaque_callback_data="msg-1")
    await post(agent, "settle")
    state = (await agent.http.get("/sandbox/state")).json()
    assert endpoint.messages[0]["id"] == said.json()["wamid"]
    assert state["accepted"] == {"by_recipient": {"ayse": 1}, "by_callback": {"msg-1": 1}}
    assert state["sends"][0]["statuses"] == ["sent", "delivered", "read"]
    assert state["sends"][0]["body"]["text"] == {"body": "Merhaba"}
    assert (state["webhooks"]["posted"], state["webhooks"]["pending"], state["written"]) == (4, 0, 1)
    (ayse,) = [customer for customer in state["customers"] if customer["key"] == "ayse"]
    assert ayse["last_written"] == said.json()["wamid"]


async def test_react_edit_revoke(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    first = (await post(agent, "say", **{"from": "ayse", "text": "Mrhaba"})).json()["wamid"]
    sent = (await agent.send()).json()["messages"][0]["id"]
    await sandbox.settled()
    await post(agent, "react", **{"from": "ayse", "emoji": "👍"})
    await post(agent, "react", **{"from": "ayse"})
    await post(agent, "edit", **{"from": "ayse", "text": "Merhaba", "documented": True})
    await post(agent, "edit", **{"from": "ayse"})
    await post(agent, "revoke", **{"from": "ayse", "message_id": first})
    await sandbox.settled()
    added, removed, edited, unsupported, revoked = endpoint.messages[1:]
    assert added["reaction"] == {"message_id": sent, "emoji": "👍"}
    assert removed["reaction"] == {"message_id": sent}
    assert edited["edit"] == {
        "original_message_id": first,
        "message": {"type": "text", "text": {"body": "Merhaba"}},
    }
    assert unsupported["unsupported"] == {"type": "edit"} and unsupported["errors"][0]["code"] == 131051
    assert revoked["revoke"] == {"original_message_id": first}


WHATS: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
    ({"type": "location", "name": "Ev"}, "location", {"name": "Ev"}),
    ({"type": "contacts", "name": "Hasan Usta"}, "contacts", {}),
    ({"type": "order", "items": [{"id": "KHV", "price": 120}]}, "order", {"catalog_id": "500000000000321"}),
    ({"type": "button", "text": "Geliyorum"}, "button", {"text": "Geliyorum", "payload": "Geliyorum"}),
    ({"type": "flow", "response": {"ad": "Ayşe"}}, "interactive", {"type": "nfm_reply"}),
    ({"type": "unsupported"}, "unsupported", {"type": "poll_creation"}),
    ({"type": "audio"}, "audio", {"voice": False}),
]


@pytest.mark.parametrize(("what", "kind", "expected"), WHATS)
async def test_customers_say_anything(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent, what: dict[str, Any], kind: str, expected: dict[str, Any]
) -> None:
    assert (await post(agent, "say", **{"from": "emily", **what})).status_code == 200
    await sandbox.settled()
    (message,) = endpoint.messages
    assert message["type"] == kind
    if expected:
        assert expected.items() <= message[kind].items()


async def test_change_of_number_re_keys_the_customer(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    before = sandbox.customer("mehmet")
    old_phone, old_id = before.wa_id, before.user_id
    await post(agent, "say", **{"from": "mehmet", "type": "new_number", "phone": "+90 555 800 00 01"})
    await post(agent, "say", **{"from": "mehmet", "text": "Yeni numaram"})
    await sandbox.settled()
    system, text = endpoint.messages
    assert "contacts" not in endpoint.values[0] and system["from"] == old_phone
    assert system["system"] == {
        "body": f"User Mehmet Demir changed from {old_phone} to 905558000001",
        "wa_id": "905558000001",
        "user_id": text["from_user_id"],
        "previous_user_id": old_id,
        "type": "user_changed_number",
    }
    assert text["from"] == "905558000001" and text["from_user_id"] != old_id
    assert sandbox.world.find(str(old_phone)) is None and sandbox.world.find(old_id) is None


async def test_new_customers_by_phone_or_key(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await post(agent, "say", **{"from": "+90 555 000 77 77", "text": "Selam", "profile_name": "Ali Demir"})
    await post(agent, "say", **{"from": "gizli", "text": "Selam", "no_phone": True, "username": "@gizli"})
    await sandbox.settled()
    known, hidden = [value["contacts"][0] for value in endpoint.values]
    assert (known["wa_id"], known["profile"]["name"]) == ("905550007777", "Ali Demir")
    assert "wa_id" not in hidden and hidden["profile"]["username"] == "@gizli"


async def test_status_of_our_own(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    """Orphans, repeats and regressions for whoever asks."""
    body = {"customer": "ayse", "wamid": "wamid.orphan", "status": "failed", "code": 131026}
    assert (await post(agent, "status", **body)).status_code == 200
    await sandbox.settled()
    (status,) = endpoint.statuses
    assert (status["id"], status["errors"][0]["code"]) == ("wamid.orphan", 131026)


async def test_raw_bytes(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    raw = b'\xff{"object": truncated'
    endpoint.answers.append(418)
    answer = await agent.http.post("/sandbox/raw", content=raw)
    assert answer.json() == {"status": 418}
    await agent.http.post("/sandbox/raw?signature=wrong", content=raw)
    await agent.http.post("/sandbox/raw?signature=none", content=raw)
    assert [body for body, _ in endpoint.posts] == [raw] * 3
    assert endpoint.signed_rightly(sandbox.app_secret) == [True, False, False]
    assert "x-hub-signature-256" not in endpoint.posts[2][1]


async def test_pause(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await post(agent, "pause")
    await sandbox.say("ayse", "Merhaba")
    state = (await agent.http.get("/sandbox/state")).json()
    assert state["webhooks"]["pending"] == 1 and endpoint.posts == []
    await post(agent, "pause", paused=False)
    await sandbox.settled()
    assert len(endpoint.posts) == 1


async def test_faults_over_http(sandbox: Sandbox, agent: Agent) -> None:
    answer = await post(agent, "faults", fail={"code": 131056, "times": 2}, delay_ms=1, overtake=True)
    assert answer.json()["fail"] == [{"code": 131056, "times": 2, "mode": "auto", "recipient": None}]
    assert sandbox.faults.delay_ms == 1 and sandbox.faults.overtake
    cleared = (await agent.http.delete("/sandbox/faults")).json()
    assert cleared == (await agent.http.get("/sandbox/faults")).json()
    assert not any(cleared.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"explode": 1},
        {"delay_ms": -1},
        {"duplicate": 2},
        {"overtake": 1},
        {"timeout": "x"},
        {"fail": {"times": 3}},
        {"fail": {"code": 1, "mode": "later"}},
        {"fail": {"code": 1, "when": "now"}},
        {"delay_ms": 5, "explode": 1},
    ],
)
async def test_wrong_faults_change_nothing(sandbox: Sandbox, agent: Agent, changes: dict[str, Any]) -> None:
    answer = await post(agent, "faults", **changes)
    assert answer.status_code == 400 and answer.json()["error"]
    assert sandbox.faults.delay_ms == 0


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("say", {"text": "x"}, 400),
        ("say", {"from": "ayse", "type": "telepathy"}, 400),
        ("say", {"from": "ayse"}, 400),
        ("say", {"from": "ayse", "text": "x", "number": "42"}, 400),
        ("say", {"from": "ayse", "type": "video"}, 400),
        ("react", {"from": "ayse", "emoji": "x"}, 400),
        ("status", {"customer": "nobody", "wamid": "w", "status": "read"}, 404),
        ("status", {"customer": "ayse"}, 400),
        ("pause", {"paused": "yes"}, 400),
        ("connect", {"url": "http://127.0.0.1:1/webhook"}, 502),
        ("connect", {}, 400),
    ],
)
async def test_wrong_wishes_are_told(agent: Agent, name: str, body: dict[str, Any], status: int) -> None:
    answer = await post(agent, name, **body)
    assert answer.status_code == status and answer.json()["error"]
