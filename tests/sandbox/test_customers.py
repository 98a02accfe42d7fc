"""Scripted customers: what they write, when, and how they answer."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest

from tests.sandbox.support import Agent, Clock, Endpoint, eventually
from wptui.sandbox import Sandbox
from wptui.sandbox.inbound import TYPES
from wptui.sandbox.stories import load


def streams(endpoint: Endpoint, sandbox: Sandbox) -> dict[str, list[str]]:
    """Each customer's messages as they came, links without this sandbox's port."""
    told: dict[str, list[str]] = {}
    for value in endpoint.values:
        for message in value.get("messages", ()):
            who = message.get("from_user_id") or message["from"]
            told.setdefault(who, []).append(json.dumps(value).replace(sandbox.url, ""))
    return told


async def played(seed: str, **plan: Any) -> dict[str, list[str]]:
    async with Sandbox(seed=seed, clock=Clock()) as sandbox:
        endpoint = Endpoint(sandbox.verify_token)
        await endpoint.start()
        await sandbox.connect(endpoint.url)
        sandbox.play(25, **plan)
        await sandbox.settled()
        told = streams(endpoint, sandbox)
        await sandbox.webhooks.close()
        await endpoint.stop()
    return told


@pytest.mark.parametrize("plan", [{}, {"history": 3, "hostile": True}])
async def test_same_seed_same_webhooks(plan: dict[str, Any]) -> None:
    """Ids, names, words, times and each customer's order repeat; another seed's do not."""
    first, again, other = await played("s", **plan), await played("s", **plan), await played("t", **plan)
    assert first == again and len(first) >= 25
    assert not set(first) & set(other)


@pytest.mark.parametrize("name", ["tr", "en", "hostile"])
def test_scripts_can_be_played(name: str) -> None:
    """Every step is something the sandbox can say, with no word left open."""
    script = load(name)
    for story in script.stories:
        for seed in range(5):
            dice = Random(seed)
            fillers = script.fillers(dice, script.name(dice), "905558000001")
            for step in script.plan(story, dice, fillers):
                if step.what is not None:
                    assert step.what["type"] in TYPES
                    if name != "hostile":
                        assert not re.search(r"\{\w+\}", json.dumps(step.what)), story.id


def test_scripts_tell_of_everything() -> None:
    """Both languages have the cases an inbox must show."""
    for name in ("tr", "en"):
        stories = load(name).stories
        steps = [step for story in stories for step in story.steps]
        kinds = {step.get("type") for step in steps}
        assert {"voice", "image", "document", "order", "edit", "revoke", "sticker"} <= kinds
        assert any(step.get("referral") for step in steps) and any("react" in step for step in steps)
        assert any("{campaign}" in str(step.get("say")) for step in steps)
        assert any(not story.phone for story in stories)
        assert any(story.steps[-1] == {"wait": "reply"} for story in stories)  # goes silent


async def test_customers_answer_the_agent(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    """Each answer brings the stories on, until nobody has anything left to say."""
    sandbox.play(40)
    await sandbox.settled()
    before = len(endpoint.messages)
    asked = {"text": {"body": "Sipariş numaranız nedir?"}}
    for _ in range(4):
        for life in list(sandbox.crowd.lives.values()):
            assert (await agent.send(life.customer.key, **asked)).status_code == 200
        await sandbox.settled()
        asked = {"text": {"body": "Tamam"}}
    assert len(endpoint.messages) > before + 60
    assert any(re.fullmatch(r"Sipariş numaram \d{4}", m.get("text", {}).get("body", "")) for m in endpoint.messages)
    assert "reaction" in {message["type"] for message in endpoint.messages}
    assert all(life.told >= 1 for life in sandbox.crowd.lives.values())


@pytest.mark.parametrize(
    ("body", "kind", "reply"),
    [
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button",
                    "body": {"text": "Hangi kargo?"},
                    "action": {"buttons": [{"type": "reply", "reply": {"id": "ptt", "title": "PTT"}}]},
                },
            },
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "ptt", "title": "PTT"}},
        ),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "list",
                    "body": {"text": "Beden?"},
                    "action": {"button": "Seç", "sections": [{"rows": [{"id": "m", "title": "M"}]}]},
                },
            },
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "m", "title": "M"}},
        ),
        (
            {
                "type": "template",
                "template": {
                    "name": "kargo_takip",
                    "language": {"code": "tr"},
                    "components": [
                        {
                            "type": "body",
                            "parameters": [
                                {"type": "text", "parameter_name": "ad", "text": "Ayşe"},
                                {"type": "text", "parameter_name": "firma", "text": "PTT"},
                            ],
                        },
                        {
                            "type": "button",
                            "sub_type": "url",
                            "index": "0",
                            "parameters": [{"type": "text", "text": "1"}],
                        },
                    ],
                },
            },
            "button",
            {"payload": "Teşekkürler", "text": "Teşekkürler"},
        ),
    ],
)
async def test_customers_press_buttons(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent, body: dict[str, Any], kind: str, reply: dict[str, Any]
) -> None:
    sandbox.play(1)
    await sandbox.settled()
    response = await agent.send("c0", **body)
    await sandbox.settled()
    pressed = [message for message in endpoint.messages if message["type"] == kind]
    assert [message[kind] for message in pressed] == [reply]
    assert pressed[0]["context"]["id"] == response.json()["messages"][0]["id"]


async def test_history_lies_in_the_past(sandbox: Sandbox, endpoint: Endpoint, agent: Agent, clock: Clock) -> None:
    """An inbox opens with customers who have waited, and whose windows are open."""
    sandbox.play(30, history=6)
    await sandbox.settled()
    times = [int(message["timestamp"]) for message in endpoint.messages]
    assert min(times) >= clock.now - 6 * 3600 and max(times) <= clock.now
    assert min(times) < clock.now - 3600
    await agent.send("c0")
    await sandbox.settled()
    assert endpoint.statuses[0]["status"] == "sent"


async def test_load_goes_on_at_its_rate(sandbox: Sandbox, endpoint: Endpoint) -> None:
    """Four customers are enough for any number of messages; nobody needs an answer."""
    sandbox.play(4, rate=2000.0, lang="en")
    await eventually(lambda: len(endpoint.messages) > 150)
    names = {value["contacts"][0]["profile"]["name"] for value in endpoint.values if "contacts" in value}
    assert len(names) == 4 and {life.customer.lang for life in sandbox.crowd.lives.values()} == {"en"}


async def test_hostile_customers_only_by_switch(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.play(20)
    await sandbox.settled()
    assert b"\\u001b" not in b"".join(body for body, _ in endpoint.posts)


async def test_hostile_customers(sandbox: Sandbox, endpoint: Endpoint) -> None:
    sandbox.play(25, hostile=True)
    await sandbox.settled()
    told = b"".join(body for body, _ in endpoint.posts)
    for weapon in (rb"\u001b]52;c;", rb"\u009b31m", b"[@click=app.quit]", rb"\u202e", b"..\\/..\\/..\\/etc"):
        assert weapon in told, weapon
