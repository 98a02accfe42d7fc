"""Ticks, edits, reactions and failures: in any order they end the same, and a tick never goes back."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.model.delivery import Delivery, advance
from wptui.store import thread


@pytest.fixture
def chat(story: Story) -> Story:
    story.customer("k1")
    story.writes("k1", "m1", ts=T0)
    return story


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read", "failed"])))
def test_ticks_end_at_read_whatever_the_order(chat: Story, order: tuple[str, ...]) -> None:
    chat.answers("k1", "o1", ts=T0 + 5)
    for status in order:
        chat.status("k1", "wamid.o1", status, ts=T0 + 6)
    chat.play()
    assert chat.row("messages", id="o1")["status"] == "read"


@given(st.lists(st.sampled_from([*Delivery, "in_orbit"]), min_size=1))
def test_a_tick_never_goes_back(states: list[str]) -> None:
    reached: list[str | None] = [None]
    for state in states:
        reached.append(advance(reached[-1], state))
    order = [-1 if state is None else list(Delivery).index(Delivery(state)) for state in reached]
    assert order == sorted(order)


def test_a_status_that_overtakes_the_answer_of_the_send_settles_it(chat: Story) -> None:
    chat.tell(ev.MessageQueued(message="o1", number="n1", kind="text", ts=T0 + 5), "k1", actor="agent:a1")
    chat.tell(ev.MessageAttempted(message="o1", attempt=1), "k1")
    chat.tell(ev.MessageUnknown(message="o1", reason="timeout"), "k1")
    chat.status("k1", "wamid.o1", "delivered", ts=T0 + 7, message="o1")
    chat.play()
    row = chat.row("messages", id="o1")
    assert (row["status"], row["wamid"], row["human"]) == ("delivered", "wamid.o1", 1)
    chat.tell(ev.MessageAccepted(message="o1", wamid="wamid.o1"), "k1")
    chat.play()
    assert chat.row("messages", id="o1")["status"] == "delivered"


def test_an_orphan_status_waits_for_its_message(chat: Story) -> None:
    chat.status(None, "wamid.o1", "read", ts=T0 + 7, pricing={"type": "regular"})
    chat.play()
    chat.answers("k1", "o1", ts=T0 + 5)
    chat.play()
    row = chat.row("messages", id="o1")
    assert (row["status"], row["pricing"]) == ("read", '{"type":"regular","status":"read"}')
    assert chat.db.execute("SELECT COUNT(*) FROM pending").fetchone()[0] == 0


@pytest.mark.parametrize("order", [("sent", "delivered"), ("delivered", "sent")])
def test_of_two_prices_the_further_status_counts(chat: Story, order: tuple[str, ...]) -> None:
    chat.answers("k1", "o1", ts=T0 + 5)
    for status in order:
        chat.status("k1", "wamid.o1", status, pricing={"type": status})
    chat.play()
    assert thread.latest(chat.db, "k1")[-1].pricing == {"type": "delivered", "status": "delivered"}


def test_edit_revoke_and_reaction_before_their_message(story: Story) -> None:
    story.customer("k1")
    story.tell(ev.MessageEdited(target="m1", ts=T0 + 9, by="customer", kind="text", text="KÜPE"), "k1")
    story.tell(ev.MessageReacted(target="m1", emoji="👍", ts=T0 + 9, by="customer"), "k1")
    story.play()
    story.writes("k1", "m1", "KOLYE", ts=T0)
    story.play()
    (row,) = thread.latest(story.db, "k1")
    assert (row.text, row.earlier, row.reactions) == ("KÜPE", ["KOLYE"], (("customer", "👍"),))
    story.tell(ev.MessageRevoked(target="m2", ts=T0 + 9, by="customer"), "k1")
    story.writes("k1", "m2", ts=T0 + 1)
    story.play()
    assert story.row("messages", id="m2")["revoked_at"] == T0 + 9


def test_an_older_edit_that_arrives_later_does_not_win(chat: Story) -> None:
    chat.tell(ev.MessageEdited(target="m1", ts=T0 + 9, by="customer", kind="text", text="son"), "k1")
    chat.tell(ev.MessageEdited(target="m1", ts=T0 + 5, by="customer", kind="text", text="orta"), "k1")
    chat.play()
    row = chat.row("messages", id="m1")
    assert (row["text"], row["edited_at"], row["earlier"]) == ("son", T0 + 9, '["merhaba","orta"]')


def test_a_reaction_taken_back_and_one_that_came_late(chat: Story) -> None:
    chat.tell(ev.MessageReacted(target="m1", emoji="", ts=T0 + 9, by="customer", message="r2"), "k1")
    chat.tell(ev.MessageReacted(target="m1", emoji="👍", ts=T0 + 5, by="customer", message="r1"), "k1")
    chat.play()
    assert thread.latest(chat.db, "k1")[0].reactions == ()


def test_a_failure_carries_its_code_and_is_reported_once(chat: Story) -> None:
    chat.answers("k1", "o1", ts=T0 + 5)
    for _ in range(2):
        chat.status("k1", "wamid.o1", "failed", problems=[ev.Problem(code=131047, details="window")])
    changes = chat.play()
    assert changes.failed == [("k1", "o1")]
    assert chat.row("messages", id="o1")["error_code"] == 131047


def test_unknown_event_types_and_shapes_are_skipped_and_counted(chat: Story) -> None:
    chat.play()
    event = chat.tell(ev.MessageRevoked(target="m1", ts=1, by="customer"), "k1")
    event.type = "message.teleported"
    broken = chat.tell(ev.MessageRevoked(target="m1", ts=1, by="customer"), "k1")
    broken.data = ev.make(ev.ConversationResolved(), at=0, actor="").data
    changes = chat.play()
    assert changes.skipped == {"message.teleported": 1, "message.revoked": 1}
    assert changes.cursor == broken.seq


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_events_applied_twice_and_in_overlapping_runs_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    told = Story(Path(tmp_path_factory.mktemp("s")) / "a.db")
    told.customer("k1")
    told.writes("k1", "m1")
    told.answers("k1", "o1", ts=T0 + 4)
    told.status("k1", "wamid.o1", "read")
    told.writes("k1", "m2", ts=T0 + 8)
    told.tell(ev.ConversationResolved(), "k1", actor="agent:a1", at=T0 + 9)
    told.play()
    again = Story(Path(tmp_path_factory.mktemp("s")) / "b.db")
    from wptui.store import fold
    from wptui.store.database import transaction

    total, reached = len(told.events), 0
    while reached < total:
        start = data.draw(st.integers(0, reached))
        end = data.draw(st.integers(reached + 1, total))
        with transaction(again.db):
            fold.apply(again.db, told.events[start:end])
        reached = end
    dump = [
        list(s.db.execute(f"SELECT * FROM {t}"))
        for s in (told, again)
        for t in ("messages", "conversations", "requests")
    ]
    assert dump[:3] == dump[3:]


def test_the_file_of_a_history_message_takes_its_placeholders_place(chat: Story) -> None:
    for kind, media in (
        ("media_placeholder", None),
        ("image", ev.Media(id="275117865018545")),
        ("media_placeholder", None),
    ):
        imported = ev.MessageReceived(
            message="h1",
            kind=kind,
            ts=T0 - 9999,
            received_at=T0,
            source="history",
            counts=False,
            opens_window=False,
            media=media,
        )
        chat.tell(imported, "k1", actor="customer")
    chat.play()
    row = chat.row("messages", id="h1")
    assert (row["kind"], row["media_state"]) == ("image", "wanted")


def test_an_unknown_system_message_notifies_nobody(chat: Story) -> None:
    chat.tell(ev.ConversationResolved(), "k1", actor="agent:a1")
    chat.play()
    chat.writes("k1", "s1", ts=T0 + 9)
    chat.events[-1].data = ev.make(
        ev.MessageReceived(message="s1", kind="system", ts=T0 + 9, received_at=T0, counts=False), at=0, actor=""
    ).data
    assert chat.play().inbound == []
    row = chat.row("conversations", id="k1")
    assert (row["state"], row["unread"]) == ("resolved", 1)
