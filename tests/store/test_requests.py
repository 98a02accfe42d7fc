"""The clocks of METRICS.md, and the traps it names."""

from __future__ import annotations

import pytest

from tests.store.story import T0, Story
from wptui.model import events as ev


@pytest.fixture
def shop(story: Story) -> Story:
    story.customer("k1")
    return story


def test_first_inbound_opens_a_request_and_starts_the_wait(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.writes("k1", "m2", ts=T0 + 60)
    shop.play()
    assert shop.row("conversations", id="k1")["waiting_since"] == T0, "a nudge does not restart the wait"
    assert shop.row("requests", id="k1-1")["opened_at"] == T0


def test_an_answer_that_meta_accepted_ends_the_wait(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 90)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["first_response_at"] - request["opened_at"], request["first_response_by"]) == (90, "agent:a1")
    assert shop.row("conversations", id="k1")["waiting_since"] is None


def test_an_answer_only_queued_does_not(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 90, accepted=False)
    shop.play()
    assert shop.row("conversations", id="k1")["waiting_since"] == T0


def test_an_answer_that_fails_later_restarts_the_clock_at_its_original_start(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 90)
    shop.status("k1", "wamid.o1", "failed", ts=T0 + 95, problems=[ev.Problem(code=131026)])
    shop.play()
    assert shop.row("requests", id="k1-1")["first_response_at"] is None
    assert shop.row("conversations", id="k1")["waiting_since"] == T0


def test_notes_reactions_and_automatic_replies_never_answer(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationNoted(note="n", text="kargo kayıp"), "k1", actor="agent:a1", at=T0 + 5)
    shop.tell(ev.MessageReacted(target="m1", emoji="👍", ts=T0 + 6, by="agent:a1"), "k1", actor="agent:a1")
    queued = ev.MessageQueued(message="o1", number="n1", kind="text", ts=T0 + 7, automatic=True)
    shop.tell(queued, "k1", actor="rule:welcome", at=T0 + 7)
    shop.tell(ev.MessageAccepted(message="o1", wamid="w1"), "k1", at=T0 + 7)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert request["first_response_at"] is None
    assert request["first_any_at"] == T0 + 7, "shown beside the human figure, never instead of it"
    assert shop.row("conversations", id="k1")["waiting_since"] == T0


def test_an_answer_typed_in_the_phone_app_counts(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    echo = ev.MessageEchoed(
        message="e1", kind="text", ts=T0 + 30, received_at=T0 + 31, author="phone", text="Telefondan"
    )
    shop.tell(echo, "k1", actor="phone", at=T0 + 31)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["first_response_at"], request["first_response_by"]) == (T0 + 30, "phone")


def test_a_webhook_retried_late_moves_no_clock(shop: Story) -> None:
    shop.writes("k1", "m2", ts=T0 + 600)
    shop.answers("k1", "o1", ts=T0 + 700)
    shop.writes("k1", "m1", ts=T0)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["opened_at"], request["first_response_at"]) == (T0, T0 + 700)


@pytest.mark.parametrize("source", ["history", "standby"])
def test_history_and_standby_open_nothing(shop: Story, source: str) -> None:
    shop.writes("k1", "m1", source=source, counts=False, opens_window=source == "standby")
    shop.play()
    row = shop.row("conversations", id="k1")
    assert (row["request"], row["unread"], row["waiting_since"]) == (None, 0, None)
    assert (row["window_expires"] is not None) == (source == "standby")


def test_resolving_clears_the_wait_and_counts_what_nobody_answered(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationResolved(), "k1", actor="agent:a1", at=T0 + 50)
    shop.play()
    assert shop.row("requests", id="k1-1")["closed_unanswered"] == 1
    row = shop.row("conversations", id="k1")
    assert (row["state"], row["waiting_since"]) == ("resolved", None)


def test_a_message_within_a_day_reopens_the_same_request(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.answers("k1", "o1", ts=T0 + 10)
    shop.tell(ev.ConversationResolved(), "k1", actor="agent:a1", at=T0 + 50)
    shop.writes("k1", "m2", ts=T0 + 3600)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert (request["reopens"], request["resolved_at"], request["first_resolved_at"]) == (1, None, T0 + 50)
    row = shop.row("conversations", id="k1")
    assert (row["state"], row["waiting_since"]) == ("open", T0 + 3600)


def test_a_message_later_than_that_opens_a_new_request(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationResolved(), "k1", actor="agent:a1", at=T0 + 50)
    shop.writes("k1", "m2", ts=T0 + 50 + 24 * 3600 + 1)
    shop.play()
    assert shop.row("conversations", id="k1")["request"] == "k1-2"
    assert shop.row("requests", id="k1-1")["reopens"] == 0


def test_a_resolution_taken_back_leaves_the_customer_waiting_as_before(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationResolved(), "k1", actor="agent:a1", at=T0 + 50)
    shop.tell(ev.ConversationReopened(), "k1", actor="agent:a1", at=T0 + 55)
    shop.play()
    row = shop.row("conversations", id="k1")
    assert (row["state"], row["waiting_since"]) == ("open", T0)
    assert shop.row("requests", id="k1-1")["closed_unanswered"] == 0


def test_a_snooze_ends_with_the_next_message_and_its_time_is_taken_off(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0)
    shop.tell(ev.ConversationSnoozed(until=T0 + 9000), "k1", actor="agent:a1", at=T0 + 100)
    shop.writes("k1", "m2", ts=T0 + 400)
    shop.play()
    row = shop.row("conversations", id="k1")
    assert (row["state"], row["snoozed_until"], row["waiting_since"]) == ("open", None, T0)
    assert shop.row("requests", id="k1-1")["snoozed_seconds"] == 300


def test_a_conversation_the_shop_begins_opens_no_request(shop: Story) -> None:
    shop.answers("k1", "o1", ts=T0)
    shop.play()
    row = shop.row("conversations", id="k1")
    assert (row["request"], row["state"]) == (None, "open")


def test_a_relay_clock_behind_metas_puts_no_answer_before_its_question(shop: Story) -> None:
    shop.writes("k1", "m1", ts=T0 + 5)
    shop.answers("k1", "o1", ts=T0)
    shop.play()
    request = shop.row("requests", id="k1-1")
    assert request["first_response_at"] == T0 + 5
    assert shop.row("conversations", id="k1")["waiting_since"] is None


def test_a_stronger_attribution_replaces_a_weaker_one_and_by_hand_overrides_all(shop: Story) -> None:
    shop.writes("k1", "m1")
    for campaign, how in (("KIŞ24", "code"), ("AD-1", "referral"), ("BAHAR", "code")):
        shop.tell(ev.ConversationTagged(campaign=campaign, how=how), "k1")
    shop.play()
    assert shop.row("conversations", id="k1")["campaign"] == "AD-1"
    shop.tell(ev.ConversationTagged(campaign="ELDEN", how="hand"), "k1", actor="agent:a1")
    shop.tell(ev.ConversationTagged(campaign="AD-2", how="referral"), "k1")
    shop.play()
    assert shop.row("requests", id="k1-1")["campaign"] == "ELDEN"


def test_unread_counts_what_came_after_reading_and_answering(shop: Story) -> None:
    first = shop.writes("k1", "m1", ts=T0)
    shop.writes("k1", "m2", ts=T0 + 1)
    shop.play()
    assert shop.row("conversations", id="k1")["unread"] == 2
    shop.tell(ev.ConversationRead(upto=first.seq), "k1", actor="agent:a1")
    shop.play()
    assert shop.row("conversations", id="k1")["unread"] == 1
    shop.answers("k1", "o1", ts=T0 + 9)
    shop.play()
    assert shop.row("conversations", id="k1")["unread"] == 0
