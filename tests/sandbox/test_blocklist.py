"""Blocking customers in the sandbox, and through the client that a relay has."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.support import Agent, Clock, Endpoint, code
from wptui.cloudapi.graph import GraphClient, GraphRefused
from wptui.sandbox import Sandbox
from wptui.sandbox.inbound import CannotSay


async def blocked(agent: Agent, method: str, *users: str) -> httpx.Response:
    body: dict[str, Any] = {"messaging_product": "whatsapp", "block_users": [{"user": user} for user in users]}
    return await agent.http.request(method, agent.path("block_users"), json=body)


async def test_who_is_blocked_can_neither_write_nor_be_written_to(
    sandbox: Sandbox, agent: Agent, endpoint: Endpoint
) -> None:
    ayse = sandbox.world.customer("ayse")
    await sandbox.say("ayse", "Merhaba")
    answer = await blocked(agent, "POST", f"+{ayse.wa_id}")
    assert answer.status_code == 200
    assert answer.json()["block_users"] == {"added_users": [{"input": f"+{ayse.wa_id}", "wa_id": ayse.wa_id}]}
    listed = await agent.http.get(agent.path("block_users"))
    assert [each["wa_id"] for each in listed.json()["data"]] == [ayse.wa_id]
    with pytest.raises(CannotSay):
        await sandbox.say("ayse", "Merhaba?")
    assert (await agent.send("ayse")).status_code == 200
    assert sandbox.sends.all[-1].code == 130403
    answer = await blocked(agent, "DELETE", f"+{ayse.wa_id}")
    assert answer.json()["block_users"]["removed_users"]
    await sandbox.say("ayse", "Yine ben")


async def test_each_user_is_answered_by_itself(
    sandbox: Sandbox, agent: Agent, endpoint: Endpoint, clock: Clock
) -> None:
    await sandbox.say("mehmet", "Merhaba")
    clock.now += 25 * 3600
    await sandbox.say("ayse", "Merhaba")
    ayse, mehmet = (sandbox.world.customer(who).wa_id for who in ("ayse", "mehmet"))
    answer = await blocked(agent, "POST", f"+{ayse}", f"+{mehmet}", "+15550000000")
    assert answer.status_code == 400 and code(answer) == 139100
    told = answer.json()["block_users"]
    assert [each["wa_id"] for each in told["added_users"]] == [ayse]
    assert [each["errors"][0]["code"] for each in told["failed_users"]] == [131047, 131009]
    assert code(await agent.http.post(agent.path("block_users"), json={"block_users": []})) == 100


async def test_the_client_tells_why(sandbox: Sandbox, endpoint: Endpoint, clock: Clock) -> None:
    await sandbox.say("ayse", "Merhaba")
    number, phone = sandbox.phone_number_ids[0], f"+{sandbox.world.customer('ayse').wa_id}"
    async with GraphClient(sandbox.url, sandbox.access_token) as graph:
        await graph.block_user(number, phone, True)
        await graph.block_user(number, phone, True)
        await graph.block_user(number, phone, False)
        clock.now += 25 * 3600
        with pytest.raises(GraphRefused) as refused:
            await graph.block_user(number, phone, True)
        assert refused.value.code == 131047
    async with GraphClient(sandbox.url, "wrong") as graph:
        with pytest.raises(GraphRefused) as refused:
            await graph.block_user(number, phone, True)
        assert refused.value.code == 190
