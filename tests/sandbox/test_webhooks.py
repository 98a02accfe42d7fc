"""Webhooks as Meta delivers them."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.support import Endpoint, eventually
from wptui.sandbox import Sandbox
from wptui.sandbox.webhooks import NotVerified


async def test_signature_covers_the_raw_bytes(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """The body is what Meta would send: ASCII, slashes escaped, signed as it is."""
    await sandbox.say("ayse", "Kargo/iade: çöğüş 💎")
    await sandbox.settled()
    body, headers = endpoint.posts[0]
    assert endpoint.signed_rightly(sandbox.app_secret) == [True]
    assert body.isascii() and rb"Kargo\/iade: \u00e7\u00f6\u011f" in body
    assert b": " not in body.replace(b"iade: ", b"") and headers["content-type"] == "application/json"
    assert endpoint.messages[0]["text"]["body"] == "Kargo/iade: çöğüş 💎"


async def test_message_has_the_shape_of_2026(sandbox: Sandbox, endpoint: Endpoint) -> None:
    wamid = await sandbox.say("zeynep", "Merhaba")
    await sandbox.settled()
    body = json.loads(endpoint.posts[0][0])
    customer = sandbox.customer("zeynep")
    assert body["object"] == "whatsapp_business_account"
    assert body["entry"][0]["id"] == sandbox.waba_id
    value = endpoint.values[0]
    assert value["metadata"] == {
        "display_phone_number": "905550000010",
        "phone_number_id": sandbox.phone_number_ids[0],
    }
    assert value["contacts"] == [
        {
            "profile": {"name": "Zeynep Kaya", "username": "@zeynepkaya"},
            "wa_id": customer.wa_id,
            "user_id": customer.user_id,
        }
    ]
    assert value["messages"] == [
        {
            "from": customer.wa_id,
            "from_user_id": customer.user_id,
            "id": wamid,
            "timestamp": "1795350000",
            "type": "text",
            "text": {"body": "Merhaba"},
        }
    ]


async def test_customer_without_phone_is_known_by_user_id_only(sandbox: Sandbox, endpoint: Endpoint) -> None:
    await sandbox.say("deniz", "Selam")
    await sandbox.settled()
    value = endpoint.values[0]
    assert "wa_id" not in value["contacts"][0] and "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == sandbox.customer("deniz").user_id


async def test_wrong_verify_token_is_not_connected(sandbox: Sandbox, endpoint: Endpoint) -> None:
    endpoint.verify_token = "another"
    with pytest.raises(NotVerified, match="403"):
        await sandbox.connect(endpoint.url)


@pytest.mark.parametrize("answer", [500, 401, 204])
async def test_webhooks_are_retried_until_200(sandbox: Sandbox, endpoint: Endpoint, answer: int) -> None:
    """Anything but a 200 is tried again, with the very same bytes."""
    endpoint.answers.extend([answer, answer])
    await sandbox.say("ayse", "Merhaba")
    await sandbox.settled()
    assert len(endpoint.posts) == 3
    assert len({body for body, _ in endpoint.posts}) == 1
    assert sandbox.webhooks.counts.retried == 2 and sandbox.webhooks.counts.refused == {str(answer): 2}


async def test_webhooks_wait_for_a_relay_that_is_away(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """A dead relay costs nothing but time."""
    sandbox.webhooks.url = "http://127.0.0.1:1/webhook"
    await sandbox.say("ayse", "Merhaba")
    await eventually(lambda: bool(sandbox.webhooks.counts.refused))
    sandbox.webhooks.url = endpoint.url
    await sandbox.settled()
    assert [message["text"]["body"] for message in endpoint.messages] == ["Merhaba"]


async def test_one_customers_messages_keep_their_order(sandbox: Sandbox, endpoint: Endpoint) -> None:
    for number in range(20):
        await sandbox.say("ayse", str(number))
        await sandbox.say("mehmet", str(number))
    await sandbox.settled()
    for key in ("ayse", "mehmet"):
        sender = sandbox.customer(key).wa_id
        told = [message["text"]["body"] for message in endpoint.messages if message["from"] == sender]
        assert told == [str(number) for number in range(20)]


async def test_under_load_several_updates_share_a_post(sandbox: Sandbox, endpoint: Endpoint) -> None:
    await sandbox.pause()
    for number in range(400):
        await sandbox.say(f"+90555001{number:04}", str(number))
    assert endpoint.posts == []
    await sandbox.pause(False)
    await sandbox.settled()
    assert sorted(int(message["text"]["body"]) for message in endpoint.messages) == list(range(400))
    assert len(endpoint.posts) < 200


async def test_duplicates_by_switch(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.faults.update({"duplicate": 1.0})
    wamid = await sandbox.say("ayse", "Merhaba")
    await sandbox.settled()
    assert [message["id"] for message in endpoint.messages] == [wamid, wamid]


async def test_reordering_by_switch(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """Everything arrives, but not as it was written."""
    sandbox.faults.update({"reorder": 0.5})
    written = [await sandbox.say("ayse", str(number)) for number in range(12)]
    await sandbox.settled()
    arrived = [message["id"] for message in endpoint.messages]
    assert sorted(arrived) == sorted(written) and arrived != written


async def test_wrong_signature_by_switch(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """The first attempt is signed with another secret; the endpoint refuses it, and the retry is right."""
    sandbox.faults.update({"bad_signature": 1})
    endpoint.answers.append(401)
    await sandbox.say("ayse", "Merhaba")
    await sandbox.settled()
    assert endpoint.signed_rightly(sandbox.app_secret) == [False, True]


async def test_without_subscription_nothing_comes(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.webhooks.subscribed = False
    await sandbox.say("ayse", "Merhaba")
    await sandbox.settled()
    assert endpoint.posts == []
