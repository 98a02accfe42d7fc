"""Sending: accepted, refused, failed later, never answered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.support import Agent, Clock, Endpoint, code
from wptui.sandbox import Sandbox
from wptui.sandbox.errors import CODES


async def test_a_send_is_accepted_sent_delivered_and_read(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    response = await agent.send(biz_opaque_callback_data="msg-1")
    customer = sandbox.customer("ayse")
    wamid = response.json()["messages"][0]["id"]
    assert response.json() == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{customer.wa_id}", "wa_id": customer.wa_id, "user_id": customer.user_id}],
        "messages": [{"id": wamid}],
    }
    await sandbox.settled()
    assert [status["status"] for status in endpoint.statuses] == ["sent", "delivered", "read"]
    for status in endpoint.statuses:
        assert status["id"] == wamid and status["biz_opaque_callback_data"] == "msg-1"
        assert status["recipient_id"] == customer.wa_id and status["recipient_user_id"] == customer.user_id
    priced = [status["pricing"] for status in endpoint.statuses if "pricing" in status]
    assert [(price["type"], price["category"]) for price in priced] == [("free_customer_service", "service")]


async def test_customer_without_phone_is_answered_by_recipient(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent
) -> None:
    await sandbox.say("deniz", "Selam")
    response = await agent.send("deniz")
    user_id = sandbox.customer("deniz").user_id
    assert response.json()["contacts"] == [{"input": user_id, "user_id": user_id}]
    await sandbox.settled()
    assert {status["recipient_user_id"] for status in endpoint.statuses} == {user_id}
    assert all("recipient_id" not in status for status in endpoint.statuses)


async def test_played_follows_a_voice_note(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    media = sandbox.media.upload("audio/ogg; codecs=opus", b"OggS")
    await agent.send(type="audio", audio={"id": media.id, "voice": True})
    await sandbox.settled()
    assert endpoint.statuses[-1]["status"] == "played"


# -- answers that do not come


async def test_timeout_after_accepting_still_brings_statuses(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent
) -> None:
    """The unclear case a relay must settle by the callback data."""
    await sandbox.say("ayse", "Merhaba")
    sandbox.faults.update({"timeout": 1})
    agent.http.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        await agent.send(biz_opaque_callback_data="msg-1")
    await sandbox.settled()
    assert [status["biz_opaque_callback_data"] for status in endpoint.statuses] == ["msg-1"] * 3
    send = sandbox.sends.all[0]
    assert send.wamid == endpoint.statuses[0]["id"] and not send.answered
    assert (await agent.send()).status_code == 200


async def test_connection_cut_before_and_after_accepting(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    sandbox.faults.update({"drop": 1})
    with pytest.raises(httpx.TransportError):
        await agent.send()
    assert sandbox.sends.all == []
    sandbox.faults.update({"drop_after": 1})
    with pytest.raises(httpx.TransportError):
        await agent.send()
    await sandbox.settled()
    assert sandbox.sends.all[0].wamid is not None and len(endpoint.statuses) == 3


async def test_bare_500_does_nothing(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    sandbox.faults.update({"http_500": 1})
    response = await agent.send()
    assert response.status_code == 500 and response.text == "Internal Server Error"
    assert sandbox.sends.all == []


async def test_first_status_overtakes_the_answer(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    sandbox.faults.update({"overtake": True})
    response = await agent.send()
    assert endpoint.statuses[0]["id"] == response.json()["messages"][0]["id"]


async def test_delay_holds_answers_back(sandbox: Sandbox, agent: Agent) -> None:
    sandbox.faults.update({"delay_ms": 5000})
    agent.http.timeout = httpx.Timeout(0.05)
    with pytest.raises(httpx.ReadTimeout):
        await agent.http.get(f"/v25.0/{sandbox.waba_id}")
    assert sandbox.sends.all == []


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ({"skip_delivered": True}, ["sent", "read"]),
        ({"no_read": True}, ["sent", "delivered"]),
        ({"drop_statuses": 1}, []),
    ],
)
async def test_statuses_by_switch(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent, switch: dict[str, Any], expected: list[str]
) -> None:
    await sandbox.say("ayse", "Merhaba")
    sandbox.faults.update(switch)
    await agent.send()
    await sandbox.settled()
    assert [status["status"] for status in endpoint.statuses] == expected


# -- every error code


async def test_every_code_as_a_refusal(sandbox: Sandbox, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    for number, refusal in CODES.items():
        sandbox.faults.update({"fail": {"code": number, "mode": "sync"}})
        response = await agent.send()
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (refusal.status, number)
        assert error["error_data"] == {"messaging_product": "whatsapp", "details": refusal.details}
        assert error["type"] == "OAuthException" and error["fbtrace_id"]
    assert (await agent.send()).status_code == 200


async def test_every_code_as_a_failed_status(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    for number in CODES:
        sandbox.faults.update({"fail": {"code": number, "mode": "status"}})
        assert (await agent.send(biz_opaque_callback_data=str(number))).status_code == 200
    await sandbox.settled()
    failed = {int(s["biz_opaque_callback_data"]): s for s in endpoint.statuses}
    assert set(failed) == set(CODES)
    for number, status in failed.items():
        assert status["status"] == "failed" and status["errors"][0]["code"] == number
        assert "recipient_user_id" not in status
    assert all("contacts" not in value for value in endpoint.values if "statuses" in value)


async def test_failures_for_one_customer_only(sandbox: Sandbox, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    await sandbox.say("mehmet", "Merhaba")
    sandbox.faults.update({"fail": {"code": 130429, "times": 2, "recipient": "mehmet"}})
    assert (await agent.send("ayse")).status_code == 200
    assert [code(await agent.send("mehmet")) for _ in range(2)] == [130429, 130429]
    assert (await agent.send("mehmet")).status_code == 200


@pytest.mark.parametrize("text", ["!131026", "/fail 131026"])
async def test_agent_provokes_a_failure_by_text(sandbox: Sandbox, endpoint: Endpoint, agent: Agent, text: str) -> None:
    await sandbox.say("ayse", "Merhaba")
    assert (await agent.text(text)).status_code == 200
    await sandbox.settled()
    assert [status["errors"][0]["code"] for status in endpoint.statuses] == [131026]


async def test_agent_provokes_a_refusal_by_text(sandbox: Sandbox, agent: Agent) -> None:
    await sandbox.say("ayse", "Merhaba")
    assert code(await agent.text("!131056")) == 131056
    assert code(await agent.text("!!131026")) == 131026
    assert (await agent.text("!http_500")).status_code == 500
    with pytest.raises(httpx.TransportError):
        await agent.text("!drop")
    assert (await agent.text("!important: 131026")).status_code == 200


# -- Meta's own rules


async def test_closed_window_is_accepted_and_fails(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent, clock: Clock
) -> None:
    await sandbox.say("ayse", "Merhaba")
    clock.now += 24 * 3600
    assert (await agent.send()).status_code == 200
    template = {"name": "hos_geldiniz", "language": {"code": "tr"}}
    assert (await agent.send(type="template", template=template)).status_code == 200
    await sandbox.settled()
    free, templated = sandbox.sends.all
    assert (free.statuses, templated.statuses) == (["failed"], ["sent", "delivered", "read"])
    failed = next(status for status in endpoint.statuses if status["status"] == "failed")
    assert failed["id"] == free.wamid and failed["errors"][0]["code"] == 131047


async def test_number_without_whatsapp_fails(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    template = {"name": "hos_geldiniz", "language": {"code": "tr"}}
    assert (await agent.send("+905559990001", type="template", template=template)).status_code == 200
    await sandbox.settled()
    assert endpoint.statuses[0]["errors"][0]["code"] == 131026


async def test_pair_rate(sandbox: Sandbox, agent: Agent, clock: Clock) -> None:
    """A burst of 45, then one per six seconds; other customers are not touched."""
    await sandbox.say("ayse", "Merhaba")
    await sandbox.say("mehmet", "Merhaba")
    sandbox.faults.update({"pair_rate": True})
    assert {(await agent.send()).status_code for _ in range(45)} == {200}
    assert code(await agent.send()) == 131056
    assert (await agent.send("mehmet")).status_code == 200
    clock.now += 6
    assert (await agent.send()).status_code == 200
    assert code(await agent.send()) == 131056


async def test_wrong_token(sandbox: Sandbox, agent: Agent) -> None:
    response = await agent.http.post(agent.path(), json={}, headers={"Authorization": "Bearer wrong"})
    assert response.status_code == 401 and code(response) == 190
    response = await agent.http.post(agent.path(), json={}, headers={"Authorization": ""})
    assert code(response) == 190


TEXT = {"type": "text", "text": {"body": "x"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messaging_product": "sms"}, 100),
        ({"type": "telegram"}, 100),
        ({"to": "not a number"}, 131009),
        ({"to": "+905550000010"}, 131021),
        ({"to": None}, 131008),
        ({"to": None, "recipient": "905550000101"}, 131009),
        ({"to": None, "recipient": "TR.12345"}, 131009),
        ({"recipient_type": "group"}, 131009),
        ({"text": {}}, 131008),
        ({"text": None}, 131008),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"context": {"message_id": "17"}}, 131009),
        ({"type": "image", "image": {}}, 131008),
        ({"type": "image", "image": {"id": "123"}}, 131009),
        ({"type": "image", "image": {"link": "ftp://example.com/a.jpg"}}, 131009),
        ({"type": "image", "image": {"link": "https://example.com/a.jpg", "caption": "x" * 1025}}, 100),
        ({"type": "audio", "audio": {"link": "https://example.com/a.ogg", "caption": "x"}}, 100),
        ({"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": "👍"}}, 131009),
        ({"type": "reaction", "reaction": {"emoji": "👍"}}, 131008),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, 131009),
        ({"type": "location", "location": {"longitude": 0}}, 131008),
        ({"type": "contacts", "contacts": []}, 131008),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Ali"}}]}, 131008),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {}}}, 131009),
    ],
)
async def test_malformed_sends(sandbox: Sandbox, agent: Agent, body: dict[str, Any], expected: int) -> None:
    whole = {"messaging_product": "whatsapp", "to": f"+{sandbox.customer('ayse').wa_id}", **TEXT, **body}
    response = await agent.http.post(agent.path(), json={k: v for k, v in whole.items() if v is not None})
    assert code(response) == expected, response.text


async def test_well_formed_sends_of_every_type(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    wamid = await sandbox.say("ayse", "Merhaba")
    link = {"link": "https://example.com/file"}
    interactive = {
        "type": "button",
        "body": {"text": "Hangi kargo?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "ptt", "title": "PTT"}}]},
    }
    bodies: list[dict[str, Any]] = [
        {**TEXT, "context": {"message_id": wamid}},
        {"type": "image", "image": {**link, "caption": "Bak"}},
        {"type": "video", "video": link},
        {"type": "audio", "audio": link},
        {"type": "document", "document": {**link, "filename": "İŞÇİ.pdf"}},
        {"type": "sticker", "sticker": link},
        {"type": "location", "location": {"latitude": "40.9", "longitude": 29.0}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ali Demir", "first_name": "Ali"}}]},
        {"type": "reaction", "reaction": {"message_id": wamid, "emoji": ""}},
        {"type": "interactive", "interactive": interactive},
    ]
    for body in bodies:
        response = await agent.send(**body)
        assert response.status_code == 200, (body, response.text)
    await sandbox.settled()
    assert all(send.statuses[:2] == ["sent", "delivered"] for send in sandbox.sends.all)


async def test_read_marks_and_typing(sandbox: Sandbox, agent: Agent) -> None:
    wamid = await sandbox.say("ayse", "Merhaba")
    mark = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
    assert (await agent.http.post(agent.path(), json=mark)).json() == {"success": True}
    mark["typing_indicator"] = {"type": "text"}  # type: ignore[assignment]
    assert (await agent.http.post(agent.path(), json=mark)).json() == {"success": True}
    assert [read["typing"] for read in sandbox.sends.reads] == [False, True]
    mark["message_id"] = "wamid.nonsense"
    assert code(await agent.http.post(agent.path(), json=mark)) == 131009


async def test_ad_makes_the_answer_free(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    await sandbox.say("ayse", {"type": "text", "text": "Reklamı gördüm", "referral": True})
    await agent.send()
    await sandbox.settled()
    assert endpoint.messages[0]["referral"]["ctwa_clid"]
    priced = next(status for status in endpoint.statuses if "pricing" in status)
    assert priced["pricing"]["type"] == "free_entry_point"
    assert priced["conversation"]["expiration_timestamp"] == str(1795350000 + 72 * 3600)
