"""Commands: what each leads to, why it is refused, and two agents at once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from tests.relay.stage import Screen, Stage, until
from wptui.cloudapi.payloads import template_components, template_parameters
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay.eventlog import Append
from wptui.sandbox.faults import FailRule


def text(conversation: str, body: str, **more: Any) -> c.SendMessage:
    return c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": body}}, **more)


async def opened(play: Stage, who: str = "mehmet", said: str = "Merhaba") -> tuple[Screen, str]:
    screen = await play.sit_down("Ayşe")
    await play.sandbox.say(who, said)
    return screen, await play.conversation(screen, said)


async def look(play: Stage, sql: str, *values: Any) -> Any:
    return await play.relay.clerk.look(lambda db: db.execute(sql, values).fetchone())


# ── two at once ──────────────────────────────────────────────────────────────────────────────────────────


async def test_the_second_of_two_answers_is_warned_before_it_goes_out(play: Stage) -> None:
    ayse, conversation = await opened(play)
    mehmet = await play.sit_down("Mehmet")
    seen = ayse.events[-1].seq
    results = await asyncio.gather(
        ayse.ask(text(conversation, "ben bakıyorum", answering=seen)),
        mehmet.ask(text(conversation, "hayır, ben", answering=seen)),
    )
    assert sorted(result.ok for result in results) == [False, True]
    loser, winner = (ayse, "Mehmet") if not results[0].ok else (mehmet, "Ayşe")
    refused = next(result for result in results if not result.ok)
    assert refused.code == "answered_meanwhile" and winner in refused.message
    assert len(play.sandbox.sends.all) <= 1
    forced = await loser.ask(text(conversation, "yine de", answering=seen, force=True))
    assert forced.ok
    await until(lambda: len([send for send in play.sandbox.sends.all if send.wamid]) == 2)


async def test_my_own_second_line_needs_no_warning(play: Stage) -> None:
    ayse, conversation = await opened(play)
    seen = ayse.events[-1].seq
    assert (await ayse.ask(text(conversation, "bir", answering=seen))).ok
    assert (await ayse.ask(text(conversation, "iki", answering=seen))).ok


async def test_of_two_who_claim_the_second_is_told_who_has_it(play: Stage) -> None:
    ayse, conversation = await opened(play)
    mehmet = await play.sit_down("Mehmet")
    assert (await ayse.ask(c.Assign(conversation=conversation, agent="ayse"))).ok
    refused = await mehmet.ask(c.Assign(conversation=conversation, agent="mehmet"))
    assert (refused.code, "Ayşe" in refused.message) == ("already_assigned", True)
    assert (await mehmet.ask(c.Assign(conversation=conversation, agent="mehmet", expect="ayse"))).ok
    assert (await look(play, "SELECT assignee FROM conversations WHERE id = ?", conversation)) == ("mehmet",)
    assert (await ayse.ask(c.Assign(conversation=conversation, agent="nobody", expect="mehmet"))).code == "not_found"
    assert (await ayse.ask(c.Assign(conversation=conversation, agent=None, expect="mehmet"))).ok


async def test_the_same_command_again_gives_the_first_outcome(play: Stage) -> None:
    ayse, conversation = await opened(play)
    id = c.command_id()
    command = c.Assign(conversation=conversation, agent="ayse")
    first = await ayse.ask(command, id)
    head = play.relay.hub.known
    mehmet = await play.sit_down("Mehmet")
    assert (await mehmet.ask(c.Assign(conversation=conversation, agent="mehmet", expect="ayse"))).ok
    # By now it would be refused: the conversation is a colleague's.
    second = await ayse.ask(command, id)
    assert first.ok and (second.ok, second.seq) == (first.ok, first.seq)
    both = await asyncio.gather(*(play.relay.commands.execute(
        play.relay.accounts.find("ayse"), "same", c.AddNote(conversation=conversation, text="bir")) for _n in range(5)
    ))  # fmt: skip
    assert {(result.ok, result.seq) for result in both} == {(True, both[0].seq)}
    notes = await look(play, "SELECT COUNT(*) FROM messages WHERE kind = 'note'")
    assert notes == (1,)
    assert first.seq <= head


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "code", "names"),
    [
        ({"type": "text", "text": {"body": "x" * 4097}}, "too_long", "text.body"),
        ({"type": "text", "text": {"body": "  "}}, "invalid", "text.body"),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "invalid", "location.latitude"),
        ({"type": "image", "image": {"upload": "../../etc/passwd"}}, "invalid", "image.upload"),
        ({"type": "image", "image": {"upload": "0" * 32 + ".jpg"}}, "invalid", "image.upload"),
        ({"type": "image", "image": {"link": "http://intern/"}}, "invalid", "image.link"),
        ({"type": "hologram"}, "invalid", "type"),
        ({}, "invalid", "type"),
        ({"type": "text", "text": {"body": "x", "junk": "y" * 70_000}}, "too_long", ""),
        ({"type": "reaction", "reaction": {"message_id": "wamid.x", "emoji": "👍"}}, "invalid", "type"),
        ({"type": "template", "template": {"name": "yok", "language": {"code": "tr"}}}, "not_found", "yok"),
    ],
)
async def test_what_cannot_be_sent_is_refused_naming_the_part(
    play: Stage, content: dict[str, Any], code: str, names: str
) -> None:
    ayse, conversation = await opened(play)
    await ayse.waits_for("template.updated")
    result = await ayse.ask(c.SendMessage(conversation=conversation, content=content))
    assert (result.ok, result.code) == (False, code), result
    assert names in result.message
    assert not ayse.seen("message.queued")


async def test_outside_the_window_only_templates_go(play: Stage) -> None:
    ayse, conversation = await opened(play)
    await ayse.waits_for("template.updated")
    now = time.time
    later = now() + 25 * 3600
    play.relay.commands._clock = lambda: later
    play.sandbox.world.clock = lambda: later
    wamid = ayse.seen("message.received")[0]["message"]
    assert (await ayse.ask(text(conversation, "geç kaldım"))).code == "window_closed"
    assert (await ayse.ask(c.React(conversation=conversation, target=wamid, emoji="👍"))).code == "window_closed"
    name, language, components = await look(
        play,
        "SELECT name, language, components FROM templates WHERE status = 'APPROVED' AND category = 'UTILITY' "
        "AND components NOT LIKE '%HEADER%' LIMIT 1",
    )
    shape = json.loads(components)
    values = {parameter.key: "Ahmet" for parameter in template_parameters(shape)}
    content = {
        "type": "template",
        "template": {"name": name, "language": {"code": language}, "components": template_components(shape, values)},
    }
    id = c.command_id()
    assert (await ayse.ask(c.SendMessage(conversation=conversation, content=content), id)).ok
    queued = await ayse.waits_for("message.queued", message=id)
    assert queued["text"] and queued["body"]["name"] == name
    await ayse.waits_for("message.accepted", message=id)


async def test_a_template_meta_has_stopped_and_a_customer_who_has(play: Stage) -> None:
    ayse, conversation = await opened(play)
    await ayse.waits_for("template.updated")
    templates = await play.relay.clerk.look(
        lambda db: db.execute("SELECT name, language, status, category FROM templates").fetchall()
    )
    stopped = next(row for row in templates if row[2] not in ("APPROVED", "FLAGGED"))

    def send(row: tuple[str, ...]) -> c.SendMessage:
        content = {"type": "template", "template": {"name": row[0], "language": {"code": row[1]}}}
        return c.SendMessage(conversation=conversation, content=content)

    assert (await ayse.ask(send(stopped))).code == "blocked_template"
    marketing = next(row for row in templates if row[2] == "APPROVED" and row[3] == "MARKETING")
    contact = (await look(play, "SELECT contact FROM conversations WHERE id = ?", conversation))[0]
    opted = ev.make(ev.ContactOpted(contact=contact, ts=1, out=True), at=1, actor="meta")
    await play.relay.clerk.act(lambda db: [Append([opted])])
    assert (await ayse.ask(send(marketing))).code == "opted_out"


async def test_nothing_is_done_to_what_is_not_there(play: Stage) -> None:
    ayse, conversation = await opened(play)
    for command in (
        text("knone", "x"),
        c.Resolve(conversation="knone"),
        c.AddNote(conversation="knone", text="x"),
        c.MarkRead(conversation="knone", upto=1),
        c.RetryMessage(conversation=conversation, message="none"),
        c.DiscardMessage(conversation=conversation, message="none"),
        c.React(conversation=conversation, target="wamid.none", emoji="👍"),
        c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": "x"}}, quote="wamid.none"),
        c.Tag(conversation=conversation, campaign="YOK"),
        c.RemoveCanned(shortcut="yok"),
    ):
        assert (await ayse.ask(command)).code == "not_found", command
    for command in (
        c.Label(conversation=conversation, label="a,b"),
        c.Label(conversation=conversation, label=" "),
        c.Snooze(conversation=conversation, until=1),
        c.SaveCanned(shortcut="iki kelime", text="x"),
        c.AddNote(conversation=conversation, text=" "),
    ):
        assert (await ayse.ask(command)).code == "invalid", command
    assert (await ayse.ask(c.AddNote(conversation=conversation, text="x" * 5000))).code == "too_long"
    assert (await ayse.ask(c.Resolve(conversation=conversation), "no good id!")).code == "malformed"


# ── what agents do ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_working_day(play: Stage) -> None:
    ayse, conversation = await opened(play)
    for command, event in (
        (c.Label(conversation=conversation, label="iade"), "conversation.labelled"),
        (c.Label(conversation=conversation, label="iade", on=False), "conversation.unlabelled"),
        (c.AddNote(conversation=conversation, text="kargo \x1b[31mkayıp"), "conversation.noted"),
        (c.Resolve(conversation=conversation), "conversation.resolved"),
        (c.Reopen(conversation=conversation), "conversation.reopened"),
        (c.Snooze(conversation=conversation, until=int(time.time()) + 3600), "conversation.snoozed"),
        (c.Snooze(conversation=conversation, until=0), "conversation.woken"),
        (c.SaveCanned(shortcut="kargo", text="Yolda {{customer.first_name}}"), "canned.saved"),
        (c.RemoveCanned(shortcut="kargo"), "canned.removed"),
    ):
        result = await ayse.ask(command)
        assert result.ok, (command, result)
        await ayse.waits_for(event)
        assert next(each for each in ayse.events if each.seq == result.seq).actor == "agent:ayse"
    assert ayse.seen("conversation.noted")[0]["text"] == "kargo ␛[31mkayıp"
    # Saying it again changes nothing and is no event.
    head = play.relay.hub.known
    assert (await ayse.ask(c.Reopen(conversation=conversation))).ok
    assert play.relay.hub.known == head


async def test_reading_shows_blue_ticks_once(play: Stage) -> None:
    ayse, conversation = await opened(play)
    wamid = ayse.seen("message.received")[0]["message"]
    upto = ayse.events[-1].seq
    assert (await ayse.ask(c.MarkRead(conversation=conversation, upto=upto, receipt=False))).ok
    assert (await ayse.ask(c.MarkRead(conversation=conversation, upto=upto))).ok  # no news: no call
    await play.sandbox.say("mehmet", "orada mısınız?")
    await play.conversation(ayse, "orada mısınız?")
    second = ayse.seen("message.received")[1]["message"]
    assert (await ayse.ask(c.MarkRead(conversation=conversation, upto=ayse.events[-1].seq))).ok
    await until(lambda: play.sandbox.sends.reads)
    assert [read["message_id"] for read in play.sandbox.sends.reads] == [second] != [wamid]


async def test_a_reaction_reaches_the_customer_and_replaces_a_colleagues(play: Stage) -> None:
    ayse, conversation = await opened(play)
    mehmet = await play.sit_down("Mehmet")
    target = ayse.seen("message.received")[0]["message"]
    assert (await ayse.ask(c.React(conversation=conversation, target=target, emoji="👍"))).ok
    play.sandbox.faults.fail.append(FailRule(131000, mode="sync"))  # once; tried again by itself
    assert (await mehmet.ask(c.React(conversation=conversation, target=target, emoji="❤️"))).ok
    rows = await play.relay.clerk.look(
        lambda db: db.execute("SELECT by, emoji FROM reactions WHERE target = ? ORDER BY by", (target,)).fetchall()
    )
    assert rows == [("ayse", ""), ("mehmet", "❤️")]
    reactions = [send.body["reaction"] for send in play.sandbox.sends.all if send.wamid]
    assert reactions == [{"message_id": target, "emoji": "👍"}, {"message_id": target, "emoji": "❤️"}]
    play.sandbox.faults.fail.append(FailRule(131031, mode="sync"))
    refused = await ayse.ask(c.React(conversation=conversation, target=target, emoji="😀"))
    assert refused.code == "not_sent" and "restricted" in refused.message
    assert len(ayse.seen("message.reacted", emoji="😀")) == 0


async def test_a_quote_goes_along(play: Stage) -> None:
    ayse, conversation = await opened(play)
    wamid = ayse.seen("message.received")[0]["message"]
    assert (await ayse.ask(text(conversation, "buna", quote=wamid))).ok
    (send,) = await play.sandbox.arrived(1)
    assert send.body["context"] == {"message_id": wamid}


async def test_a_snooze_ends_by_itself(play: Stage) -> None:
    ayse, conversation = await opened(play)
    until_then = int(time.time()) + 1
    assert (await ayse.ask(c.Snooze(conversation=conversation, until=until_then))).ok
    await ayse.waits_for("conversation.woken")
    assert time.time() >= until_then
    woken = [event for event in ayse.events if event.type == "conversation.woken"]
    assert [event.actor for event in woken] == ["relay"]


async def test_giving_a_failed_message_up(play: Stage) -> None:
    ayse, conversation = await opened(play)
    play.sandbox.faults.fail.append(FailRule(131031, mode="sync"))
    id = c.command_id()
    await ayse.ask(text(conversation, "olmadı"), id)
    await ayse.waits_for("message.failed", message=id)
    assert (await ayse.ask(c.DiscardMessage(conversation=conversation, message=id))).ok
    assert (await ayse.ask(c.DiscardMessage(conversation=conversation, message=id))).code == "invalid"
