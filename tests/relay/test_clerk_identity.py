"""Who a customer is, in stories: named in part, merged, re-keyed, and numbers that change hands."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests import corpus
from tests.relay.ingest import Desk, body, desk
from tests.relay.story import NUMBER, T0, change, changed_number, message, status, who
from wptui.model import events as ev
from wptui.model.identity import Alias, AliasKind, contact_key
from wptui.relay.eventlog import Append

PHONE, USER = "905550001111", "TR.111"


async def people(at: Desk) -> list[list[tuple[str, int]]]:
    """The aliases (value, retired) of each contact, user names left out."""
    found: dict[str, list[tuple[str, int]]] = {}
    for contact, value, retired in await at.rows(
        "SELECT contact, value, retired FROM aliases WHERE kind <> 'username' ORDER BY kind, value"
    ):
        found.setdefault(contact, []).append((value, retired))
    return sorted(found.values())


async def threads(at: Desk) -> list[list[str]]:
    """The texts of each conversation."""
    found: dict[str, list[str]] = {}
    for conversation, text in await at.rows(
        "SELECT conversation, text FROM messages WHERE dir IN ('in', 'out') ORDER BY ts, text"
    ):
        found.setdefault(conversation, []).append(text)
    return sorted(found.values())


async def test_a_phone_number_gains_a_user_id(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", who(PHONE), text="1"), message("w2", who(PHONE, USER), 1, text="2"))
        assert await people(at) == [[(USER, 0), (PHONE, 0)]]
        assert await threads(at) == [["1", "2"]]


async def test_two_contacts_named_together_become_the_one_created_first(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", who(PHONE, name="Ahmet"), text="1"), message("w2", who("", USER), 1, text="2"))
        first = await at.rows("SELECT id, contact FROM conversations ORDER BY created_seq LIMIT 1")
        assert len(await threads(at)) == 2
        await at.take(message("w3", who(PHONE, USER), 2, text="3"))
        assert await threads(at) == [["1", "2", "3"]]
        assert await people(at) == [[(USER, 0), (PHONE, 0)]]
        assert await at.rows("SELECT id, contact FROM conversations") == first
        merges = await at.events(ev.ContactMerged, ev.ConversationMerged)
        assert [type(each) for each in merges] == [ev.ContactMerged, ev.ConversationMerged]
        assert await at.one("SELECT count(*) FROM requests") == 1


async def test_a_merge_keeps_conversations_on_other_numbers_apart(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(
            message("w1", who(PHONE), text="1"),
            message("w2", who("", USER), 1, number="109876500000011", text="2"),
            message("w3", who(PHONE, USER), 2, number="109876500000011", text="3"),
        )
        assert await threads(at) == [["1"], ["2", "3"]]
        assert await at.one("SELECT count(*) FROM contacts") == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_change_of_number_is_one_conversation_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    steps = [
        message("w1", who(PHONE, USER, "Ahmet"), text="1"),
        changed_number("w2", (PHONE, USER), ("905550002222", "TR.222"), 5),
        message("w3", who("905550002222", "TR.222", "Ahmet"), 9, text="3"),
    ]
    async with desk(tmp_path) as at:
        for index in order:
            await at.take(steps[index])
        assert await people(at) == [[(USER, 1), ("TR.222", 0), (PHONE, 1), ("905550002222", 0)]]
        assert await threads(at) == [["1", "3"]]
        assert await at.rows("SELECT name, phone FROM contacts") == [("Ahmet", "+905550002222")]
        assert await at.one("SELECT count(*) FROM messages WHERE kind = 'rekeyed'") == 1


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_a_number_that_changed_hands_is_somebody_else(tmp_path: Path, order: tuple[int, ...]) -> None:
    """The old owner's thread is never the new owner's, whichever webhook is late."""
    steps = [
        message("w1", who(PHONE, USER, "Ahmet"), text="mine"),
        changed_number("w2", (PHONE, USER), ("905550002222", "TR.222"), 5),
        message("w3", who(PHONE, "TR.999", "Zeynep"), 9, text="hers"),
        message("w4", who("905550002222", "TR.222", "Ahmet"), 12, text="mine too"),
    ]
    async with desk(tmp_path) as at:
        for index in order:
            await at.take(steps[index])
        assert await threads(at) == [["hers"], ["mine", "mine too"]]
        assert await people(at) == [[(USER, 1), ("TR.222", 0), ("905550002222", 0)], [("TR.999", 0), (PHONE, 0)]]
        assert await at.rows("SELECT name, phone FROM contacts ORDER BY name") == [
            ("Ahmet", "+905550002222"),
            ("Zeynep", "+" + PHONE),
        ]


async def test_a_retired_number_alone_still_means_the_old_contact(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(
            message("w1", who(PHONE, USER), text="1"),
            changed_number("w2", (PHONE, USER), ("905550002222", "TR.222"), 5),
            message("w3", who(PHONE), 1, text="late"),
        )
        assert await threads(at) == [["1", "late"]]


async def test_a_number_that_comes_back_is_theirs_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(
            message("w1", who(PHONE, USER), text="1"),
            changed_number("w2", (PHONE, USER), ("905550002222", "TR.222"), 5),
            changed_number("w3", ("905550002222", "TR.222"), (PHONE, "TR.333"), 9),
            message("w4", who(PHONE, "TR.333"), 10, text="back"),
        )
        assert await threads(at) == [["1", "back"]]
        assert dict((await people(at))[0]) == {USER: 1, "TR.222": 1, "TR.333": 0, PHONE: 0, "905550002222": 1}
        assert await at.one("SELECT phone FROM contacts") == "+" + PHONE


async def test_two_changes_in_the_wrong_order_bring_nothing_back(tmp_path: Path) -> None:
    steps = [
        message("w1", who(PHONE, USER), text="1"),
        changed_number("w2", (PHONE, USER), ("905550002222", "TR.222"), 5),
        changed_number("w3", ("905550002222", "TR.222"), ("905550003333", "TR.333"), 9),
    ]
    for order in permutations(range(3)):
        async with desk(tmp_path / "".join(map(str, order))) as at:
            for index in order:
                await at.take(steps[index])
            (aliases,) = await people(at)
            assert dict(aliases) == {
                USER: 1, "TR.222": 1, "TR.333": 0, PHONE: 1, "905550002222": 1, "905550003333": 0
            }, order  # fmt: skip
            assert await at.one("SELECT phone FROM contacts") == "+905550003333"


async def test_a_contact_key_that_is_taken_is_not_used_twice(tmp_path: Path) -> None:
    taken = contact_key(Alias(AliasKind.BSUID, USER))
    async with desk(tmp_path) as at:
        created = ev.make(ev.ContactCreated(contact=taken), at=1, actor="meta")
        await at.clerk.act(lambda db: [Append([created])])
        await at.take(message("w1", who("", USER), text="1"))
        assert await at.one("SELECT count(*) FROM contacts") == 2
        assert await at.one("SELECT contact FROM conversations") != taken


async def test_a_number_with_a_new_user_id_belongs_to_somebody_new(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(
            message("w1", who(PHONE), text="1"),
            message("w2", who(PHONE, USER), 1, text="2"),
            message("w3", who(PHONE, "TR.999"), 9, text="other"),
        )
        assert await threads(at) == [["1", "2"], ["other"]]
        assert await at.one("SELECT count(DISTINCT id) FROM contacts") == 2


async def test_user_names_never_identify(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(
            message("w1", who("", "TR.1", "Ada", "@kahve"), text="1"),
            message("w2", who("", "TR.2", "Bora", "@Kahve"), 1, text="2"),
        )
        assert await threads(at) == [["1"], ["2"]]
        assert await at.rows("SELECT username FROM contacts") == [("kahve",), ("kahve",)]


async def test_a_new_user_name_takes_the_old_ones_place(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", who("", USER, username="@old"), text="1"))
        await at.take(message("w2", who("", USER, username="@new"), 5, text="2"))
        await at.take(message("w3", who("", USER, username="@old"), 1, text="late"))
        assert await at.one("SELECT username FROM contacts") == "new"
        assert await at.rows("SELECT value, retired FROM aliases WHERE kind = 'username' ORDER BY value") == [
            ("new", 0),
            ("old", 1),
        ]


async def test_an_unchanged_profile_is_not_logged_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(*(message(f"w{index}", who(PHONE, USER, "Ahmet"), index, text="x") for index in range(5)))
        assert len(await at.events(ev.ContactProfiled)) == 1
        assert len(await at.events(ev.ContactAliased)) == 2


async def test_a_group_is_one_conversation(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(*body(corpus.find(20)))
        ((kind, contact),) = await at.rows("SELECT kind, contact FROM conversations")
        assert kind == "group"
        assert await at.rows("SELECT kind FROM aliases WHERE contact = ?", contact) == [("group",)]
        assert await at.rows("SELECT sender FROM messages") == [("Grup Üyesi",)]
        await at.take(*body(corpus.find(67)))
        assert [event.conversation for event in await at.log.read(0, 99) if event.type == "message.status"] == [
            await at.one("SELECT id FROM conversations")
        ] * 2


async def test_a_change_nobody_can_follow_is_told_to_the_operator(tmp_path: Path) -> None:
    system = {"type": "user_changed_user_id", "body": "User changed"}
    item = {"id": "w1", "timestamp": str(T0), "type": "system", "system": system, "from_user_id": USER}
    async with desk(tmp_path) as at:
        await at.take(change({"messages": [item]}))
        assert [alert.severity for alert in await at.events(ev.AccountAlerted)] == ["warning"]
        assert await at.one("SELECT count(*) FROM contacts") == 0


# ── security codes ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_a_new_security_code_is_shown_once(tmp_path: Path, order: tuple[int, ...]) -> None:
    def coded(wamid: str, code: str, at: int) -> bytes:
        return message(wamid, {**who(PHONE, USER), "identity_key_hash": code}, at, text=wamid)

    steps = [coded("w1", "A", 0), coded("w2", "A", 1), coded("w3", "B", 5)]
    async with desk(tmp_path) as at:
        for index in order:
            await at.take(steps[index])
        assert await at.one("SELECT identity_hash FROM contacts") == "B"
        assert await at.rows("SELECT ts FROM messages WHERE kind = 'identity_changed'") == [(T0 + 5,)]


# ── statuses ─────────────────────────────────────────────────────────────────────────────────────────────


def sent(at_conversation: str, wamid: str, message_id: str) -> list[Append]:
    data: list[ev.Data] = [
        ev.MessageQueued(message=message_id, number=NUMBER, kind="text", ts=T0, text="Buyurun"),
        ev.MessageAttempted(message=message_id, attempt=1),
        ev.MessageAccepted(message=message_id, wamid=wamid),
    ]
    return [Append([ev.make(each, at=T0 * 1000, actor="agent:a", conversation=at_conversation) for each in data])]


async def test_a_status_finds_its_message_by_our_id_or_by_wamid(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", who(PHONE), text="1"))
        conversation = await at.one("SELECT id FROM conversations")
        await at.clerk.act(lambda db: sent(conversation, "o1", "m1"))
        await at.take(status("o1", "delivered", 3), status("o2", "read", 4, biz_opaque_callback_data="m1"))
        assert await at.rows("SELECT status FROM messages WHERE dir = 'out'") == [("read",)]
        assert {e.conversation for e in await at.log.read(0, 99) if e.type == "message.status"} == {conversation}


async def test_a_status_teaches_who_the_recipient_is(tmp_path: Path) -> None:
    """Sent to a number, the status names the user id: when they hide the number later, it is the same thread."""
    async with desk(tmp_path) as at:
        await at.take(message("w1", who(PHONE), text="1"))
        await at.take(status("o1", "sent", 3, phone=PHONE, user=USER))
        await at.take(message("w2", who("", USER), 9, text="2"))
        assert await threads(at) == [["1", "2"]]


async def test_the_status_of_a_stranger_makes_no_contact_and_waits(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(status("o9", "sent", 3, phone=PHONE))
        assert await at.one("SELECT count(*) FROM contacts") == 0
        assert await at.one("SELECT count(*) FROM pending") == 1
        assert await at.parked() == []


async def test_a_status_that_names_a_stranger_twice_is_remembered(tmp_path: Path) -> None:
    """It came before the first message, which names them only once: the end is the same as the other way round."""
    async with desk(tmp_path) as at:
        await at.take(status("o9", "sent", 3, phone=PHONE, user=USER))
        await at.take(message("w1", who("", USER), 9, text="1"))
        await at.take(message("w2", who(PHONE), 10, text="2"))
        assert await threads(at) == [["1", "2"]]


async def test_who_stopped_marketing_is_marked_though_unknown(tmp_path: Path) -> None:
    errors: list[dict[str, Any]] = [{"code": 131050, "title": "stopped"}]
    async with desk(tmp_path) as at:
        await at.take(status("o1", "failed", 3, phone=PHONE, errors=errors))
        assert await at.rows("SELECT opted_out FROM contacts") == [(1,)]
