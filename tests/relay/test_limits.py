"""What somebody with a client of their own could try: ids, presence and macros that the terminal would never send."""

from __future__ import annotations

from typing import Any

import pytest

from tests.relay.stage import Screen, Stage, until
from tests.relay.test_roles import ask, look, opened, save, text
from wptui.model import commands as c
from wptui.model.protocol import Presence, Welcome

DEPARTMENTS = '[satis]\nname = "Satış"\nmembers = ["zoe"]\n\n[destek]\nname = "Destek"\nmembers = ["mehmet"]\n'


async def team(play: Stage) -> Screen:
    """An owner, Zoe of sales and Mehmet of support."""
    owner = await play.sit_down("Owner")
    for name in ("Zoe", "Mehmet"):
        play.relay.accounts.add(name, "agent")
    await play.relay.workspace.follow_accounts()
    assert (await save(owner, "departments", DEPARTMENTS)).ok
    return owner


@pytest.mark.parametrize("id", ["wamid", "w", "sent", "text", "0"])
async def test_the_story_of_a_message_with_a_clever_id_tells_nothing_of_others(play: Stage, id: str) -> None:
    owner = await team(play)
    secret = await opened(play, owner, "gizlisiparis", "mehmet")
    assert (await owner.ask(c.Transfer(conversation=secret, department="destek"))).ok
    common = await opened(play, owner, "herkese", "zeynep")
    macro = '[benim]\ndo = [{note = "gizlimakro"}]\n'
    saved = await ask(play, "mehmet", c.SaveSettings(section="macros", text=macro, expect=0, own=True), id + "1")
    assert saved.ok, saved.message
    assert (await ask(play, "mehmet", text(secret, "gizlicevap"))).ok
    assert (await ask(play, "zoe", text(common, "merhaba"), id)).ok
    await until(lambda: len([each for each in play.sandbox.sends.all if each.wamid]) == 2)
    await owner.waits_for("message.status", message=id)
    async with play.http(play.token("Zoe")) as http:
        told = await http.get(f"/v1/messages/{id}/story")
    assert told.status_code == 200 and "merhaba" in told.text
    assert "gizli" not in told.text
    assert {event["conversation"] for event in told.json()["events"]} == {common}


async def test_who_may_not_write_does_not_seem_to(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await play.sit_down("Owner")
    viewer = await play.sit_down("Vera", "viewer")
    await until(lambda: viewer.of(Welcome))
    conversation = await opened(play, owner)
    typed: list[str] = []
    monkeypatch.setattr(play.relay.desk, "_typing", typed.append)
    await viewer.send(Presence(state="typing", conversation=conversation))
    await owner.send(Presence(state="typing", conversation=conversation))
    shown = lambda agent: [each for each in owner.of(Presence) if each.agent == agent and each.conversation]  # noqa: E731
    await until(lambda: shown("vera") and typed)
    # At Meta typing also marks the customer's message as read.
    assert [each.state for each in shown("vera")] == ["viewing"] and typed == [conversation]


async def test_a_merge_brings_nothing_into_view(play: Stage) -> None:
    owner = await team(play)
    roles = '[junior]\npermissions = ["see.department", "contact.merge"]\n'
    assert (await save(owner, "roles", roles)).ok
    zoe = play.relay.accounts.find("zoe")
    play.relay.accounts.set_role(zoe.id, "junior")
    await play.relay.workspace.follow_accounts()
    one, two = play.sandbox.phone_number_ids[:2]
    contacts: dict[str, Any] = {}
    places: dict[tuple[str, str], str] = {}
    for who, number, said in (("mehmet", one, "açık"), ("mehmet", two, "gizli"), ("zeynep", two, "selam")):
        await play.sandbox.say(who, {"type": "text", "text": said, "number": number})
        places[who, number] = await play.conversation(owner, said)
        (contacts[who],) = await look(play, "SELECT contact FROM conversations WHERE id = ?", places[who, number])
    assert (await owner.ask(c.Transfer(conversation=places["mehmet", two], department="destek"))).ok
    for there, back in (("mehmet", "zeynep"), ("zeynep", "mehmet")):
        merge = c.MergeContacts(contact=contacts[there], into=contacts[back])
        assert (await ask(play, "zoe", merge)).code == "not_found"
    assert (await owner.ask(c.MergeContacts(contact=contacts["mehmet"], into=contacts["zeynep"]))).ok


async def test_a_macro_takes_a_conversation_only_from_whom_its_agent_saw(play: Stage) -> None:
    owner = await team(play)
    assert (await save(owner, "macros", '[al]\ndo = [{assign = "me"}]\n')).ok
    conversation = await opened(play, owner)
    run = c.RunMacro(conversation=conversation, macro="al")
    assert (await ask(play, "zoe", run)).ok
    refused = await ask(play, "mehmet", run)
    assert refused.code == "already_assigned" and "Zoe" in refused.message
    assert await look(play, "SELECT assignee FROM conversations") == ("zoe",)
    seen = c.RunMacro(conversation=conversation, macro="al", expect="zoe")
    assert (await ask(play, "mehmet", seen)).ok
    assert await look(play, "SELECT assignee FROM conversations") == ("mehmet",)
