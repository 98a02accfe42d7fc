"""Who may do what: every command by every role, what viewers can change, and colleagues of several roles at once."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import msgspec
import pytest

from tests.relay.stage import Screen, Stage
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.permissions import COMMANDS, ROLES, needed
from wptui.model.protocol import Result
from wptui.relay.eventlog import Append
from wptui.store import team

DEPARTMENTS = '[satis]\nname = "Satış"\nmembers = ["ayse", "zoe"]\n\n[destek]\nname = "Destek"\nmembers = ["mehmet"]\n'


def text(conversation: str, body: str, **more: Any) -> c.SendMessage:
    return c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": body}}, **more)


async def save(screen: Screen, section: str, document: str, expect: int = 0, **more: Any) -> Result:
    return await screen.ask(c.SaveSettings(section=section, text=document, expect=expect, **more))


async def opened(play: Stage, screen: Screen, said: str = "Merhaba", who: str = "mehmet") -> str:
    await play.sandbox.say(who, said)
    return await play.conversation(screen, said)


async def look(play: Stage, sql: str, *values: Any) -> Any:
    return await play.relay.clerk.look(lambda db: db.execute(sql, values).fetchone())


async def ask(play: Stage, agent: str, command: c.AnyCommand, id: str | None = None) -> Result:
    """As over the socket, without one: by the agent's id."""
    return await play.relay.commands.execute(play.relay.accounts.find(agent), id or c.command_id(), command)


# ── every command, every role ────────────────────────────────────────────────────────────────────────────


def samples(conversation: str, contact: str) -> list[c.AnyCommand]:
    """Every command, and the same one saying what needs more; the gentle ones first."""
    here: dict[str, Any] = {"conversation": conversation}
    return [
        c.Follow(**here), c.SeeMentions(**here), c.SetDuty(state="busy"), c.SetDuty(state="on", agent="owner"),
        c.MarkRead(**here, upto=1, receipt=False), c.AddNote(**here, text="not"), c.Label(**here, label="iade"),
        c.SetPriority(**here, priority=2), c.Tag(**here, campaign=None), c.Snooze(**here, until=0),
        c.Resolve(**here), c.Reopen(**here), c.React(**here, target="wamid.none", emoji="👍"),
        c.RetryMessage(**here, message="none"), c.DiscardMessage(**here, message="none"),
        c.RunMacro(**here, macro="none"), c.RunMacro(**here, macro="none", own=True),
        text(conversation, "merhaba"), c.SendMessage(**here, content={"type": "template"}),
        c.Assign(**here, agent=None), c.Assign(**here, agent="owner"), c.Assign(**here, agent="agent", expect="owner"),
        c.Transfer(**here, department="none"), c.Transfer(**here, agent="none"),
        *(command for own in (False, True) for command in (
            c.SaveCanned(shortcut="x", text="x", own=own), c.RemoveCanned(shortcut="y", own=own),
            c.EditCanned(replies=[], expect=-1, own=own),
        )),
        *(c.SaveSettings(section=section, text="[", expect=0, own=own)
          for section in ("departments", "roles", "labels", "hours", "sla", "rules", "macros", "filters", "none")
          for own in (False, True)),
        c.EditContact(contact=contact, remark="x"), c.OptContact(contact=contact, out=False),
        c.BlockContact(contact=contact, blocked=False), c.MergeContacts(contact=contact, into=contact),
        c.SplitContact(contact=contact, merge=0), c.ImportContacts(rows=[]),
    ]  # fmt: skip


async def test_every_command_by_every_role_is_as_the_matrix_says(play: Stage) -> None:
    screen = await play.sit_down("Owner")
    for role in ("manager", "agent", "viewer"):
        play.relay.accounts.add(role.title(), role)
    await play.relay.workspace.follow_accounts()
    conversation = await opened(play, screen)
    (contact,) = await look(play, "SELECT contact FROM conversations WHERE id = ?", conversation)
    commands = samples(conversation, contact)
    assert {type(command) for command in commands} == set(COMMANDS)
    wrong = []
    for role in ("viewer", "agent", "manager", "owner"):
        for command in commands:
            if isinstance(command, c.SplitContact) and role == "agent":
                continue  # of a merge that there is not, only who sees everybody is told so
            may = needed(command, role) <= ROLES[role]
            result = await ask(play, role, command)
            if (result.code == "forbidden") == may or (result.code == "malformed"):
                wrong.append((role, command, result))
    assert wrong == []


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_a_viewer_asks_for_nothing_changes(play: Stage, seed: int) -> None:
    screen = await play.sit_down("Owner")
    play.relay.accounts.add("Viewer", "viewer")
    await play.relay.workspace.follow_accounts()
    conversation = await opened(play, screen)
    (contact,) = await look(play, "SELECT contact FROM conversations WHERE id = ?", conversation)
    assert (await screen.ask(text(conversation, "hoş geldiniz"))).ok
    await screen.waits_for("message.accepted")
    sent, head = len(play.sandbox.sends.all), await play.relay.log.head()
    dice = random.Random(seed)
    commands = samples(conversation, contact)
    for _n in range(80):
        command = dice.choice(commands)
        if dice.random() < 0.3 and hasattr(command, "conversation"):
            command = msgspec.structs.replace(command, conversation=dice.choice([conversation, "k" + "0" * 12, ""]))
        await ask(play, "viewer", command)
    events = await play.relay.log.read(head, 1000)
    by_viewer = {event.type for event in events if event.actor == "agent:viewer"}
    assert by_viewer <= {"conversation.followed", "conversation.unfollowed", "mention.seen", "agent.duty_changed"}
    assert len(play.sandbox.sends.all) == sent


async def test_nobody_is_given_a_customer_they_may_not_answer(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    play.relay.accounts.add("Vera", "viewer")
    await play.relay.workspace.follow_accounts()
    conversation = await opened(play, owner)
    given = await owner.ask(c.Assign(conversation=conversation, agent="vera"))
    assert (given.code, "Vera" in given.message) == ("invalid", True)
    assert (await owner.ask(c.Transfer(conversation=conversation, agent="vera"))).code == "invalid"
    assert await owner_of(play, conversation) == ""


async def owner_of(play: Stage, conversation: str) -> str:
    sql = "SELECT assignee FROM conversations WHERE id = ?"
    row = await play.relay.clerk.look(lambda db: db.execute(sql, (conversation,)).fetchone())
    return str(row[0])


async def test_a_transfer_to_where_it_is_already_is_an_assignment(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    play.relay.accounts.add("Deniz", "mover")
    await play.relay.workspace.follow_accounts()
    roles = '[mover]\npermissions = ["see.all", "conversation.transfer"]\n'
    assert (await save(owner, "roles", roles)).ok
    assert (await save(owner, "departments", '[satis]\nname = "Satış"\n')).ok
    conversation = await opened(play, owner)
    assert (await owner.ask(c.Assign(conversation=conversation, agent="owner"))).ok
    taking = c.Transfer(conversation=conversation, department="", agent="deniz", expect="owner")
    assert (await ask(play, "deniz", taking)).code == "forbidden"
    moving = c.Transfer(conversation=conversation, department="satis", agent=None, expect="owner")
    assert (await ask(play, "deniz", moving)).ok


# ── at the same instant ──────────────────────────────────────────────────────────────────────────────────


async def test_of_two_who_claim_in_the_same_instant_one_wins_and_the_other_is_told_who(play: Stage) -> None:
    ayse, mehmet = await play.sit_down("Ayşe"), await play.sit_down("Mehmet", "agent")
    for n in range(5):
        conversation = await opened(play, ayse, f"Merhaba {n}", f"{n}")
        results = await asyncio.gather(
            ayse.ask(c.Assign(conversation=conversation, agent="ayse")),
            mehmet.ask(c.Assign(conversation=conversation, agent="mehmet")),
        )
        assert sorted(result.ok for result in results) == [False, True]
        winner = "Ayşe" if results[0].ok else "Mehmet"
        refused = next(result for result in results if not result.ok)
        assert refused.code == "already_assigned" and winner in refused.message
        (assignee,) = await look(play, "SELECT assignee FROM conversations WHERE id = ?", conversation)
        assert assignee == ("ayse" if winner == "Ayşe" else "mehmet")


async def test_an_answer_a_colleague_was_faster_with_says_who_and_when(play: Stage) -> None:
    ayse, mehmet = await play.sit_down("Ayşe"), await play.sit_down("Mehmet", "agent")
    conversation = await opened(play, ayse)
    seen = ayse.events[-1].seq
    automatic = ev.MessageQueued(message="auto", number=play.sandbox.phone_number_ids[0], kind="text", ts=1,
                                 text="Hoş geldiniz", content={"type": "text", "text": {"body": "Hoş geldiniz"}},
                                 automatic=True)  # fmt: skip
    event = ev.make(automatic, at=1, actor="rule:welcome", conversation=conversation)
    await play.relay.clerk.act(lambda _db: [Append([event])])
    assert (await mehmet.ask(text(conversation, "bakıyorum", answering=seen))).ok  # a rule is nobody's colleague
    refused = await ayse.ask(text(conversation, "ben de", answering=seen))
    assert refused.code == "answered_meanwhile" and re.search(r"Mehmet answered \d+ s ago", refused.message)
    assert (await ayse.ask(text(conversation, "ben de", answering=seen, force=True))).ok


async def test_a_role_taken_away_while_the_command_was_on_its_way_counts(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    await play.sit_down("Mehmet", "agent")
    conversation = await opened(play, owner)
    await play.relay.workspace.follow_accounts()
    demoted = ev.make(ev.AgentAdded(agent="mehmet", name="Mehmet", role="viewer"), at=1, actor="relay")
    # The desk takes them in turn: the command was let in before the role was taken away, and is executed after.
    _done, result = await asyncio.gather(
        play.relay.clerk.act(lambda _db: [Append([demoted])]),
        ask(play, "mehmet", c.Resolve(conversation=conversation)),
    )
    assert result.code == "forbidden" and "Resolve and reopen" in result.message
    assert (await look(play, "SELECT state FROM conversations WHERE id = ?", conversation)) == ("open",)


# ── departments ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_conversation_is_handed_to_another_department_whole_or_not_at_all(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    for name in ("Ayşe", "Mehmet", "Zoe"):
        play.relay.accounts.add(name, "agent")
    await play.relay.workspace.follow_accounts()
    assert (await save(owner, "departments", DEPARTMENTS)).ok
    ayse, mehmet = await play.sit_down("Ayşe"), await play.sit_down("Mehmet")
    conversation = await opened(play, owner)
    assert (await ayse.ask(c.Assign(conversation=conversation, agent="ayse"))).ok
    to_satis = c.Transfer(conversation=conversation, department="satis", agent="ayse", expect="ayse")
    assert (await ayse.ask(to_satis)).ok
    # In Satış and Ayşe's it is nobody's business in Destek.
    assert (await ask(play, "mehmet", c.AddNote(conversation=conversation, text="x"))).code == "not_found"
    assert (await ask(play, "mehmet", text(conversation, "x"))).code == "not_found"
    stale = c.Transfer(conversation=conversation, department="destek", agent="mehmet", expect="zoe")
    refused = await ask(play, "zoe", stale)
    assert refused.code == "already_assigned" and "Ayşe" in refused.message
    nowhere = c.Transfer(conversation=conversation, department="yok", expect="ayse")
    assert (await ask(play, "zoe", nowhere)).code == "not_found"
    long = c.Transfer(conversation=conversation, department="destek", expect="ayse", reason="x" * 501)
    assert (await ask(play, "zoe", long)).code == "too_long"
    assert (await look(play, "SELECT department, assignee FROM conversations WHERE id = ?", conversation)) == (
        "satis", "ayse",
    )  # fmt: skip
    head = await play.relay.log.head()
    result = await ask(
        play, "zoe",
        c.Transfer(conversation=conversation, department="destek", agent="mehmet", expect="ayse", reason="kargo kayıp"),
    )  # fmt: skip
    assert result.ok
    moved, assigned = await play.relay.log.read(head, 2)
    assert (moved.type, assigned.type, result.seq) == ("conversation.moved", "conversation.assigned", head + 2)
    assert {msgspec.json.decode(each.data)["reason"] for each in (moved, assigned)} == {"kargo kayıp"}
    assert msgspec.json.decode(assigned.data)["how"] == "transfer"
    assert (await mehmet.ask(text(conversation, "Merhaba, ben devraldım"))).ok
    assert (await ask(play, "zoe", c.AddNote(conversation=conversation, text="x"))).code == "not_found"


async def test_nothing_is_given_to_somebody_who_could_not_see_it(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    play.relay.accounts.add("Kör", "blind")
    await play.relay.workspace.follow_accounts()
    assert (await save(owner, "roles", '[blind]\npermissions = ["message.send"]\n')).ok
    conversation = await opened(play, owner)
    for command in (
        c.Assign(conversation=conversation, agent="kor"),
        c.Transfer(conversation=conversation, agent="kor"),
        c.AddNote(conversation=conversation, text="@Kör", mentions=["kor"]),
    ):
        refused = await owner.ask(command)
        assert refused.code == "invalid" and "Kör" in refused.message, command
    assert (await owner.ask(c.AddNote(conversation=conversation, text="x", mentions=["nobody"]))).code == "not_found"


async def test_answering_in_a_colleagues_conversation_is_a_permission_of_its_own(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    play.relay.accounts.add("Deniz", "junior")
    await play.relay.workspace.follow_accounts()
    assert (await save(owner, "roles", '[junior]\npermissions = ["see.all", "message.send", "conversation.claim"]')).ok
    conversation = await opened(play, owner)
    assert (await ask(play, "deniz", text(conversation, "merhaba"))).ok
    assert (await owner.ask(c.Assign(conversation=conversation, agent="owner"))).ok
    refused = await ask(play, "deniz", text(conversation, "yine ben"))
    assert refused.code == "forbidden" and "Answer in a colleague's conversation" in refused.message
    template = c.SendMessage(conversation=conversation, content={"type": "template"})
    assert (await ask(play, "deniz", template)).code == "forbidden"
    assert (await ask(play, "deniz", c.Assign(conversation=conversation, agent="deniz", expect="owner"))).code == (
        "forbidden"
    )


async def test_what_somebody_leaves_behind_goes_back_to_the_queue_once(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    play.relay.accounts.add("Mehmet", "agent")
    await play.relay.workspace.follow_accounts()
    first, second = await opened(play, owner, "bir", "a"), await opened(play, owner, "iki", "b")
    for conversation in (first, second):
        assert (await ask(play, "mehmet", c.Assign(conversation=conversation, agent="mehmet"))).ok
    assert (await ask(play, "mehmet", c.Resolve(conversation=second))).ok
    play.relay.accounts.revoke("mehmet")
    left = await owner.waits_for("conversation.assigned", how="left")
    assert left["agent"] is None
    assert (await look(play, "SELECT assignee FROM conversations WHERE id = ?", first)) == ("",)
    assert (await look(play, "SELECT assignee FROM conversations WHERE id = ?", second)) == ("mehmet",)
    # Resolved, it waits for nobody; when the customer writes again, everybody is to see that nobody has it.
    await play.sandbox.say("b", "bir şey daha")
    await play.conversation(owner, "bir şey daha")
    await play.relay.workspace.follow_accounts()
    assert (await look(play, "SELECT assignee FROM conversations WHERE id = ?", second)) == ("",)
    for _n in range(3):
        await play.relay.workspace.follow_accounts()
    events = await play.relay.log.read(0, 10_000)
    left_at = [event.conversation for event in events if b'"left"' in bytes(event.data)]
    assert left_at == [first, second]


# ── between colleagues ───────────────────────────────────────────────────────────────────────────────────


async def test_notes_call_colleagues_who_say_that_they_have_seen_it(play: Stage) -> None:
    ayse, mehmet = await play.sit_down("Ayşe"), await play.sit_down("Mehmet", "agent")
    conversation = await opened(play, ayse)
    note = c.AddNote(conversation=conversation, text="@Mehmet bakar mısın?", mentions=["mehmet", "mehmet"])
    assert (await ayse.ask(note)).ok
    assert (await ayse.waits_for("conversation.noted"))["mentions"] == ["mehmet"]
    head = await play.relay.log.head()
    assert (await ayse.ask(c.SeeMentions(conversation=conversation))).ok  # not hers
    assert await play.relay.log.head() == head
    for _n in range(2):
        assert (await mehmet.ask(c.SeeMentions(conversation=conversation))).ok
        assert (await mehmet.ask(c.Follow(conversation=conversation))).ok
    assert await play.relay.log.head() == head + 2
    assert (await look(play, "SELECT seen FROM mentions WHERE agent = 'mehmet'")) == (1,)
    assert (await mehmet.ask(c.Follow(conversation=conversation, on=False))).ok
    assert (await look(play, "SELECT COUNT(*) FROM followers")) == (0,)


async def test_priority_and_duty_are_what_there_is_and_said_once(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    conversation = await opened(play, ayse)
    assert (await ayse.ask(c.SetPriority(conversation=conversation, priority=7))).code == "invalid"
    assert (await ayse.ask(c.SetPriority(conversation=conversation, priority=3))).ok
    assert (await ayse.ask(c.SetDuty(state="asleep"))).code == "invalid"
    assert (await ayse.ask(c.SetDuty(state="on", agent="nobody"))).code == "not_found"
    assert (await ayse.ask(c.SetDuty(state="busy"))).ok
    head = await play.relay.log.head()
    assert (await ayse.ask(c.SetDuty(state="busy"))).ok
    assert (await ayse.ask(c.SetPriority(conversation=conversation, priority=3))).ok
    assert await play.relay.log.head() == head


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_of_two_who_edit_the_same_settings_the_second_is_told_who_was_faster(play: Stage) -> None:
    ayse, mehmet = await play.sit_down("Ayşe"), await play.sit_down("Mehmet", "manager")
    first = await save(ayse, "labels", '# renkler\n[iade]\ncolour = "red"\n')
    assert first.ok
    results = await asyncio.gather(
        save(ayse, "labels", '[iade]\ncolour = "blue"\n', first.seq),
        save(mehmet, "labels", '[iade]\ncolour = "green"\n', first.seq),
    )
    assert sorted(result.ok for result in results) == [False, True]
    refused = next(result for result in results if not result.ok)
    winner = "Ayşe" if results[0].ok else "Mehmet"
    assert refused.code == "changed_meanwhile" and re.search(rf"{winner} .*\d+ s ago", refused.message)
    source, revision = await play.relay.clerk.look(lambda db: team.source(db, "labels"))
    assert revision == next(result.seq for result in results if result.ok) and "colour" in source
    assert (await save(mehmet, "labels", source, 0)).ok  # as it is: nothing to save


async def test_what_is_wrong_in_settings_is_told_with_its_line(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    for section, document, line, words in (
        ("labels", '[iade]\ncolour = "mauve"\n', 2, "colour"),
        ("labels", "[iade\n", 1, "TOML"),
        ("departments", '[satis]\nname = "Satış"\nmembers = [\n  "owner",\n  "nobody",\n]\n', 5, "nobody"),
        ("departments", '[satis]\nname = "Satış"\nnumbers = ["1"]\n', 3, "1"),
        ("roles", '[x]\npermissions = ["see.everything"]\n', 2, "see.everything"),
        ("roles", '[owner]\npermissions = ["see.all"]\n', 1, "owner"),
    ):
        result = await save(owner, section, document)
        assert (result.ok, result.code) == (False, "invalid"), document
        assert f"Line {line}" in result.message and words in result.message, result.message
    assert (await save(owner, "nonsense", "")).code in ("invalid", "forbidden")
    assert (await save(owner, "labels", "", own=True)).code == "invalid"
    assert (await save(owner, "labels", "#" * 300_000)).code == "too_long"
    assert await look(play, "SELECT COUNT(*) FROM settings") == (0,)


async def test_nobody_writes_a_role_that_may_do_more_than_they(play: Stage) -> None:
    owner, keeper = await play.sit_down("Owner"), await play.sit_down("Deniz", "keeper")
    first = await save(owner, "roles", '[keeper]\npermissions = ["see.all", "roles.edit", "message.send"]\n')
    assert first.ok
    keeper_again = await play.sit_down("Deniz")  # what he may do is another now
    more = '[keeper]\npermissions = ["see.all", "roles.edit", "message.send", "contact.erase"]\n'
    refused = await save(keeper_again, "roles", more, first.seq)
    assert refused.code == "invalid" and "Erase contacts" in refused.message and "Line 2" in refused.message
    less = '[keeper]\npermissions = ["see.all", "roles.edit"]\n'
    # By this he takes something from himself, and is asked to connect again before the answer is there.
    assert (await ask(play, "deniz", c.SaveSettings(section="roles", text=less, expect=first.seq))).ok
    (revision,) = await look(play, "SELECT seq FROM settings WHERE section = 'roles'")
    gone = await save(owner, "roles", "", revision)
    assert gone.code == "invalid" and "Deniz" in gone.message
    assert keeper is not keeper_again


async def test_a_department_with_conversations_stays(play: Stage) -> None:
    owner = await play.sit_down("Owner")
    assert (await save(owner, "departments", '[satis]\nname = "Satış"\n')).ok
    conversation = await opened(play, owner)
    assert (await owner.ask(c.Transfer(conversation=conversation, department="satis"))).ok
    (revision,) = await look(play, "SELECT seq FROM settings")
    refused = await save(owner, "departments", "", revision)
    assert refused.code == "invalid" and "Satış still has 1 conversation" in refused.message
    assert (await owner.ask(c.Transfer(conversation=conversation, department=""))).ok
    assert (await save(owner, "departments", "", revision)).ok


async def test_own_macros_and_filters_are_the_writers(play: Stage) -> None:
    await play.sit_down("Owner")
    ayse = await play.sit_down("Ayşe", "agent")
    document = '[mine]\nfilter = "is:late"\n'
    assert (await save(ayse, "filters", document)).code == "forbidden"
    assert (await save(ayse, "filters", document, own=True)).ok
    assert await look(play, "SELECT owner, text FROM settings") == ("ayse", document)


# ── canned replies ───────────────────────────────────────────────────────────────────────────────────────


async def test_own_canned_replies_stand_beside_the_shared_ones(play: Stage) -> None:
    owner, ayse = await play.sit_down("Owner"), await play.sit_down("Ayşe", "agent")
    assert (await owner.ask(c.SaveCanned(shortcut="kargo", text="Yolda", texts={"en": "On its way"}))).ok
    assert (await ayse.ask(c.SaveCanned(shortcut="kargo", text="Benim"))).code == "forbidden"
    assert (await ayse.ask(c.SaveCanned(shortcut="kargo", text="Benim", own=True))).ok
    assert (await ayse.ask(c.SaveCanned(shortcut="x", text="x", own=True, media="none.jpg"))).code == "invalid"
    assert (await ayse.ask(c.SaveCanned(shortcut="x", text="x", own=True, texts={"!": "x"}))).code == "invalid"
    rows = await play.relay.clerk.look(
        lambda db: db.execute("SELECT owner, text, texts FROM canned ORDER BY owner").fetchall()
    )
    assert rows == [("", "Yolda", '{"en":"On its way"}'), ("ayse", "Benim", "{}")]
    assert (await ayse.ask(c.RemoveCanned(shortcut="kargo", own=True))).ok
    assert (await ayse.ask(c.RemoveCanned(shortcut="kargo", own=True))).code == "not_found"
    assert await look(play, "SELECT COUNT(*) FROM canned") == (1,)


async def test_all_canned_replies_are_edited_at_once_and_a_deletion_meanwhile_is_noticed(play: Stage) -> None:
    owner, boss = await play.sit_down("Owner"), await play.sit_down("Mehmet", "manager")
    for shortcut in ("a", "b"):
        assert (await owner.ask(c.SaveCanned(shortcut=shortcut, text=shortcut))).ok
    revision = await play.relay.clerk.look(team.canned_revision)
    assert (await boss.ask(c.RemoveCanned(shortcut="a"))).ok
    edited = [c.SaveCanned(shortcut="a", text="a"), c.SaveCanned(shortcut="c", text="c")]
    refused = await owner.ask(c.EditCanned(replies=edited, expect=revision))
    assert refused.code == "changed_meanwhile" and "Mehmet" in refused.message
    revision = await play.relay.clerk.look(team.canned_revision)
    twice = [*edited, c.SaveCanned(shortcut="a", text="x")]
    assert (await owner.ask(c.EditCanned(replies=twice, expect=revision))).code == "invalid"
    assert (await owner.ask(c.EditCanned(replies=edited, expect=revision))).ok
    rows = await play.relay.clerk.look(lambda db: db.execute("SELECT shortcut FROM canned ORDER BY 1").fetchall())
    assert rows == [("a",), ("c",)]


async def test_uses_of_a_canned_reply_are_counted_from_what_was_sent(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    conversation = await opened(play, ayse)
    assert (await ayse.ask(text(conversation, "Yolda", canned="kargo"))).ok
    assert (await ayse.ask(text(conversation, "Merhaba", canned="no such name!"))).ok
    rows = await play.relay.clerk.look(
        lambda db: db.execute("SELECT text, canned FROM messages WHERE dir = 'out' ORDER BY seq").fetchall()
    )
    assert rows == [("Yolda", "kargo"), ("Merhaba", "")]
