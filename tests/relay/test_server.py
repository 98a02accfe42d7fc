"""The relay as a whole, over real HTTP and WebSockets, with the sandbox as Meta."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.relay.stage import Stage, stage, until
from wptui.model import commands as c
from wptui.model.errors import StorageError
from wptui.model.events import Event
from wptui.model.protocol import SCHEMA, CommandFrame, Result, Sorry
from wptui.relay.config import Campaign, Canned
from wptui.sandbox.shapes import encode, message_update
from wptui.sandbox.world import Number


async def test_a_message_reaches_the_agent_and_the_answer_reaches_the_customer(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba, siparişim nerede?")
    conversation = await play.conversation(ayse, "Merhaba, siparişim nerede?")

    id = c.command_id()
    text = "Hemen bakıyorum"
    result = await ayse.ask(
        c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": text}}), id
    )
    assert result.ok, result
    accepted = await ayse.waits_for("message.accepted", message=id)
    await ayse.waits_for("message.status", wamid=accepted["wamid"], status="read")

    (send,) = play.sandbox.sends.all
    assert send.callback == id
    assert send.body["text"] == {"body": text}
    assert ayse.seen("message.queued", message=id)[0]["text"] == text


async def test_what_operators_look_at(play: Stage) -> None:
    await play.sandbox.say("mehmet", "Merhaba")
    await play.sandbox.settled()
    await until(lambda: play.relay.clerk.cursor)
    async with play.http() as http:
        assert (await http.get("/healthz")).text == "ok\n"
        ready = await http.get("/readyz")
        state = ready.json()
        assert ready.status_code == 200 and state["ready"] and state["lease"] == "held"
        assert state["view"]["caught_up"] and state["log"]["writable"]
        figures = (await http.get("/metrics")).text
        assert 'wptui_webhooks_total{outcome="stored"}' in figures
        assert "wptui_terminals" in figures and 'wptui_queue_length{queue="send"}' in figures
        assert (await http.get("/nothing")).status_code == 404
        assert "server" not in (await http.get("/healthz")).headers


async def test_it_starts_and_stores_while_meta_cannot_be_reached(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.restart(graph_url="http://127.0.0.1:9")
        ayse = await play.sit_down("Ayşe")
        await play.sandbox.say("mehmet", "duyuyor musunuz?")
        await play.conversation(ayse, "duyuyor musunuz?")


async def test_numbers_are_asked_of_meta_and_nothing_is_lost_until_they_are_known(tmp_path: Path) -> None:
    async with stage(tmp_path, numbers=()) as play:
        await play.restart(graph_url="http://127.0.0.1:9", numbers=(), database=str(tmp_path / "new.db"))
        await play.sandbox.say("mehmet", "erken")
        await play.sandbox.settled()
        assert await play.relay.log.backlog() == 1
        await play.restart(numbers=(), database=str(tmp_path / "new.db"))
        ayse = await play.sit_down("Ayşe")
        await play.conversation(ayse, "erken")
        updated = await ayse.waits_for("number.updated")
        assert updated["name"] and updated["display"]


async def test_the_configuration_and_metas_lists_are_told_once(tmp_path: Path) -> None:
    campaigns = (Campaign("KIŞ24", "Kış", ("120",)),)
    canned = (Canned("kargo", "Yolda {{customer.first_name}}"),)
    async with stage(tmp_path, campaigns=campaigns, canned=canned) as play:
        ayse = await play.sit_down("Ayşe")
        await ayse.waits_for("template.updated")
        assert ayse.seen("workspace.configured")[0]["name"] == "Kahve Dükkânı"
        assert ayse.seen("campaign.saved", code="KIŞ24") and ayse.seen("canned.saved", shortcut="kargo")
        await ayse.ask(c.RemoveCanned(shortcut="kargo"))
        await ayse.ask(c.SaveCanned(shortcut="selam", text="Merhaba"))
        head = play.relay.hub.known
        play.sandbox.sends.templates.pop()
        await play.restart(campaigns=campaigns)
        events = await until_events(play, head, "template.updated")
        assert [event.type for event in events] == ["template.updated"]
        assert b'"DELETED"' in bytes(events[0].data)


async def until_events(play: Stage, after: int, type_: str) -> list[Event]:
    """The log after `after`, as soon as it has an event of a type."""

    async def look() -> list[Event] | None:
        events = await play.relay.log.read(after, 100)
        return events if any(event.type == type_ for event in events) else None

    found: list[Event] = await until(look)
    return found


async def test_the_raw_story_of_a_message(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("zeynep", "başka biri")
    await play.sandbox.say("mehmet", f"şifre {play.relay.config.verify_token}")
    conversation = await play.conversation(ayse, f"şifre {play.relay.config.verify_token}")
    inbound = next(data for data in ayse.seen("message.received") if "şifre" in data["text"])["message"]
    id = c.command_id()
    content = {"type": "text", "text": {"body": "Buyurun"}}
    await ayse.ask(c.SendMessage(conversation=conversation, content=content), id)
    status = await ayse.waits_for("message.status", message=id, status="read")
    async with play.http(play.token("Ayşe")) as http:
        story = (await http.get(f"/v1/messages/{id}/story")).json()
        assert story["conversation"] == conversation and story["wamid"] == status["wamid"]
        assert [event["type"].partition(".")[2] for event in story["attempts"]] == ["queued", "attempted", "accepted"]
        assert [event["data"]["status"] for event in story["statuses"]] == ["sent", "delivered", "read"]
        assert len(story["webhooks"]) == 3 and all(status["wamid"] in each["body"] for each in story["webhooks"])
        came = (await http.get(f"/v1/messages/{quote(inbound, safe='')}/story")).json()
        assert len(came["webhooks"]) == 1 and "şifre" in came["webhooks"][0]["body"]
        assert play.relay.config.verify_token not in came["webhooks"][0]["body"]
        assert "başka" not in str(came)
        assert (await http.get("/v1/messages/none/story")).status_code == 404


async def test_a_story_tells_nothing_of_the_others_in_the_same_post(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    world = play.sandbox.world
    updates = []
    for who, words in (("mehmet", "benim"), ("zeynep", "onun")):
        customer = world.customer(who)
        message = {
            "id": world.inbound_wamid(customer),
            "from": customer.wa_id,
            "from_user_id": customer.user_id,
            "timestamp": str(int(world.now())),
            "type": "text",
            "text": {"body": words},
        }
        updates.append(message_update(world.numbers[customer.number], customer, message))
    assert await play.sandbox.webhooks.post_raw(encode(world.waba_id, updates)) == 200
    await play.conversation(ayse, "onun")
    wamid = ayse.seen("message.received", text="benim")[0]["message"]
    async with play.http(play.token("Ayşe")) as http:
        story = (await http.get(f"/v1/messages/{quote(wamid, safe='')}/story")).json()
    (webhook,) = story["webhooks"]
    assert "benim" in webhook["body"] and "onun" not in webhook["body"]
    assert world.customer("zeynep").user_id not in webhook["body"]


async def test_the_disk_fills_up(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost: Meta and the terminal keep what the relay could not."""
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "önce")
    conversation = await play.conversation(ayse, "önce")
    original = play.relay.log._submit  # type: ignore[attr-defined]

    def full(job: object) -> object:
        raise StorageError("no room")

    monkeypatch.setattr(play.relay.log, "_submit", full)
    await play.sandbox.say("mehmet", "dolu")
    await until(lambda: play.sandbox.webhooks.counts.refused.get("500"))
    id = c.command_id()
    command = c.AddNote(conversation=conversation, text="not")
    await ayse.send(CommandFrame(id=id, command=command))
    await until(ayse.closed.is_set)  # no answer, so that it stays in the outbox
    assert not ayse.of(Result) and ayse.of(Sorry)[0].code == "busy"
    async with play.http(play.relay.accounts.redeem(play.relay.accounts.code("ayse"), "x")[0]) as http:
        note = {"type": "conversation.note", "conversation": conversation, "text": "not"}
        frames = [{"frame": "command", "id": id, "command": note}]
        body = {"hello": {"frame": "hello", "cursor": 0, "schema": SCHEMA}, "frames": frames}
        assert (await http.post("/v1/poll", json=body)).status_code == 503
    monkeypatch.setattr(play.relay.log, "_submit", original)
    again = await play.sit_down("Ayşe")
    await play.conversation(again, "dolu")
    assert (await again.ask(command, id)).ok
    await again.waits_for("conversation.noted", note=id)
    assert len(again.seen("conversation.noted")) == 1


async def test_a_faster_number_is_asked_about(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await ayse.waits_for("template.updated")
    number = play.sandbox.phone_number_ids[0]
    node = play.sandbox.graph.account._number

    def upgraded(found: Number) -> dict[str, object]:
        return node(found) | {"throughput": {"level": "HIGH"}}

    play.sandbox.graph.account._number = upgraded  # type: ignore[method-assign]
    value = {"display_phone_number": "905550000010", "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"}
    change = {"field": "phone_number_quality_update", "value": value}
    entry = {"id": play.sandbox.waba_id, "time": 1795348800, "changes": [change]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    assert await play.sandbox.webhooks.post_raw(body) == 200
    await ayse.waits_for("number.updated", number=number, throughput="HIGH")
