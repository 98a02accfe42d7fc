"""What the account tells: nodes, templates page by page, subscriptions, tokens."""

from __future__ import annotations

import pytest

from tests.sandbox.support import Agent, Endpoint, code
from wptui.sandbox import Sandbox


async def test_templates_page_by_page(sandbox: Sandbox, agent: Agent) -> None:
    url: str | None = f"/v25.0/{sandbox.waba_id}/message_templates?limit=4&fields=name,language,status"
    names, pages = [], 0
    while url:
        page = (await agent.http.get(url)).json()
        names += [(template["name"], template["language"]) for template in page["data"]]
        assert all(set(template) == {"name", "language", "status", "id"} for template in page["data"])
        url, pages = page["paging"].get("next"), pages + 1
    assert len(names) == len(set(names)) == len(sandbox.sends.templates) == 11 and pages == 3
    after = page["paging"]["cursors"]["after"]
    end = await agent.http.get(f"/v25.0/{sandbox.waba_id}/message_templates?after={after}")
    assert end.json() == {"data": []}


async def test_templates_of_every_kind_are_there(sandbox: Sandbox, agent: Agent) -> None:
    answer = await agent.http.get(f"/v25.0/{sandbox.waba_id}/message_templates?limit=100&fields=status,components")
    templates = answer.json()["data"]
    assert {template["status"] for template in templates} == {"APPROVED", "PAUSED", "REJECTED"}
    formats = {c.get("format") for template in templates for c in template["components"]}
    buttons = {b["type"] for template in templates for c in template["components"] for b in c.get("buttons", ())}
    assert {"TEXT", "IMAGE"} <= formats and buttons == {"QUICK_REPLY", "URL", "COPY_CODE"}
    paused = await agent.http.get(f"/v25.0/{sandbox.waba_id}/message_templates?status=PAUSED")
    assert [template["name"] for template in paused.json()["data"]] == ["bayram_indirimi"]


async def test_number_node(sandbox: Sandbox, agent: Agent) -> None:
    fields = (
        "display_phone_number,verified_name,quality_rating,throughput,name_status,"
        "whatsapp_business_manager_messaging_limit"
    )
    answer = await agent.http.get(f"/v26.0/{sandbox.phone_number_ids[0]}?fields={fields}")
    assert answer.json() == {
        "display_phone_number": "+90 555 000 00 10",
        "verified_name": "Kahve Dükkânı",
        "quality_rating": "GREEN",
        "throughput": {"level": "STANDARD"},
        "name_status": "APPROVED",
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "id": "109876500000010",
    }
    assert code(await agent.http.get(f"/v26.0/{sandbox.phone_number_ids[0]}?fields=colour")) == 100


@pytest.mark.parametrize("path", ["/v25.0/1234", "/v25.0/1234/message_templates", "/latest/me", "/v25.0/1234/messages"])
async def test_unknown_paths(agent: Agent, path: str) -> None:
    method = "POST" if path.endswith("/messages") else "GET"
    assert code(await agent.http.request(method, path, json={})) == 100


async def test_numbers_of_the_account(sandbox: Sandbox, agent: Agent) -> None:
    answer = await agent.http.get(f"/v25.0/{sandbox.waba_id}/phone_numbers?fields=id,display_phone_number")
    assert [number["id"] for number in answer.json()["data"]] == sandbox.phone_number_ids


async def test_subscribing_the_app(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    """The three silent failures of a setup can be seen, and the first one mended."""
    path = f"/v25.0/{sandbox.waba_id}/subscribed_apps"
    assert (await agent.http.delete(path)).json() == {"success": True}
    assert (await agent.http.get(path)).json() == {"data": []}
    await sandbox.say("ayse", "nobody hears this")
    assert (await agent.http.post(path)).json() == {"success": True}
    app = (await agent.http.get(path)).json()["data"][0]["whatsapp_business_api_data"]
    assert app["id"] == sandbox.world.app_id
    await sandbox.say("ayse", "heard")
    await sandbox.settled()
    assert [message["text"]["body"] for message in endpoint.messages] == ["heard"]


async def test_subscribed_fields_are_told_to_the_app(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    token = {"Authorization": f"Bearer {sandbox.world.app_id}|{sandbox.app_secret}"}
    path = f"/v25.0/{sandbox.world.app_id}/subscriptions"
    (subscription,) = (await agent.http.get(path, headers=token)).json()["data"]
    assert subscription["callback_url"] == endpoint.url and subscription["active"]
    assert "messages" in [field["name"] for field in subscription["fields"]]
    values = {
        "object": "whatsapp_business_account",
        "callback_url": endpoint.url,
        "verify_token": sandbox.verify_token,
        "fields": "account_update",
    }
    assert (await agent.http.post(path, headers=token, data=values)).json() == {"success": True}
    (subscription,) = (await agent.http.get(path, headers=token)).json()["data"]
    assert [field["name"] for field in subscription["fields"]] == ["account_update"]
    values["verify_token"] = "wrong"
    assert code(await agent.http.post(path, headers=token, data=values)) == 100


async def test_debug_token(sandbox: Sandbox, agent: Agent) -> None:
    good = await agent.http.get(f"/v25.0/debug_token?input_token={sandbox.access_token}")
    assert good.json()["data"]["is_valid"]
    assert "whatsapp_business_messaging" in good.json()["data"]["scopes"]
    bad = await agent.http.get("/v25.0/debug_token?input_token=nonsense")
    assert bad.json()["data"]["is_valid"] is False and bad.json()["data"]["error"]["code"] == 190
