"""Statuses, re-keyings, calls, consent, and what Meta tells the operator."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudapi.samples import NOW, SENT, change, expand_changes, items, message, only, parked, rekeys
from tests.corpus import find, received_at, wire
from wptui.cloudapi.webhook import Item, expand
from wptui.model.identity import Alias


def of(number: int) -> list[Any]:
    """The event data of a body of the corpus."""
    return [item.data for item in expand(wire(find(number)).body, received_at()) if isinstance(item, Item)]


def values(aliases: list[Alias]) -> list[tuple[str, str]]:
    return [(alias.kind.value, alias.value) for alias in aliases]


# ── statuses


def test_our_own_id_comes_back_with_a_status() -> None:
    assert of(64)[0].message == "wptui:01JD9Z3W2Q8X:agent-7"
    assert of(56)[0].message is None


def test_a_status_is_about_a_number_and_a_user_id() -> None:
    (item,) = expand(wire(find(56)).body, received_at())
    assert isinstance(item, Item) and item.person is not None
    assert values(item.person.aliases) == [("bsuid", "TR.10000000000097531"), ("wa_id", "905550000001")]
    assert item.data.recipient == "TR.10000000000097531"


def test_in_a_group_every_participant_has_a_status_of_their_own() -> None:
    found = items(expand(wire(find(67)).body, received_at()))
    assert len({item.unique for item in found}) == 2
    assert all(item.person and item.person.group and item.data.participant for item in found)


def test_a_status_without_a_recipient_is_found_by_its_message() -> None:
    item = only(expand_changes(change(statuses=[{"id": "w", "status": "sent", "timestamp": SENT}])))
    assert item.person is None and item.unique == "s:w:sent:"


def test_the_free_entry_point_ends_when_meta_says_and_an_old_conversation_is_none() -> None:
    assert of(61)[0].free_until == 1795608000
    assert of(62)[0].free_until is None
    assert of(63)[0].pricing["subtype"] == "paid_exempt"


def test_the_first_error_is_first_and_all_are_kept() -> None:
    assert [problem.code for problem in of(73)[0].problems] == [131053, 131000]


def test_the_status_of_a_call_is_none_of_a_message() -> None:
    call = {"id": "w", "status": "RINGING", "type": "call", "timestamp": SENT, "recipient_id": "905550000001"}
    data = only(expand_changes(change(statuses=[call]))).data
    assert (data.TYPE, data.known) == ("webhook.logged", True)


def test_a_status_without_id_or_state_is_parked() -> None:
    found = expand_changes(change(statuses=[{"id": "w"}, {"status": "sent"}]))
    assert parked(found) == [("invalid", "w"), ("invalid", "")]


# ── who they are


def test_a_new_number_rekeys_number_and_user_id() -> None:
    (rekey,) = rekeys(expand(wire(find(46)).body, received_at()))
    assert values(rekey.old) == [("bsuid", "TR.10000000000195062"), ("wa_id", "905550000002")]
    assert values(rekey.new) == [("bsuid", "TR.10000000004096302"), ("wa_id", "905550000042")]


@pytest.mark.parametrize("number", [47, 48])
def test_a_new_user_id_is_found_with_and_without_the_old_one_beside_it(number: int) -> None:
    (rekey,) = rekeys(expand(wire(find(number)).body, received_at()))
    assert len(rekey.old) == len(rekey.new) == 1 and rekey.old != rekey.new


def system(**content: Any) -> dict[str, Any]:
    return {"id": "w", "timestamp": SENT, "type": "system", "system": content}


def test_the_ids_are_taken_from_the_sentence_where_they_stand_nowhere_else() -> None:
    told = system(type="user_changed_user_id", body="User Can changed from TR.1 to TR.2")
    (rekey,) = rekeys(expand_changes(change(messages=[told])))
    assert (values(rekey.old), values(rekey.new)) == ([("bsuid", "TR.1")], [("bsuid", "TR.2")])


def test_a_number_that_stays_is_among_the_new() -> None:
    told = system(type="user_changed_user_id", user_id="TR.2", previous_user_id="TR.1") | {"from": "905550000001"}
    (rekey,) = rekeys(expand_changes(change(messages=[told])))
    assert values(rekey.old) == [("bsuid", "TR.1")]
    assert values(rekey.new) == [("bsuid", "TR.2"), ("wa_id", "905550000001")]


def test_a_change_from_nobody_knows_what_is_told_to_the_operator() -> None:
    data = only(expand_changes(change(messages=[system(type="user_changed_user_id", user_id="TR.2")]))).data
    assert (data.TYPE, data.severity) == ("account.alerted", "warning")


def test_the_older_name_of_a_new_number_is_understood() -> None:
    told = system(type="customer_changed_number", new_wa_id="905550000042", customer="905550000002")
    (rekey,) = rekeys(expand_changes(change(messages=[told])))
    assert (values(rekey.old), values(rekey.new)) == ([("wa_id", "905550000002")], [("wa_id", "905550000042")])


def test_the_withdrawn_field_means_the_same() -> None:
    (rekey,) = rekeys(expand(wire(find(102)).body, received_at()))
    assert rekey.name == "Can"
    assert values(rekey.new) == [("bsuid", "TR.10000000004388895"), ("wa_id", "905550000044")]


def test_a_security_code_comes_with_messages_and_statuses_and_a_notice_says_it_changed() -> None:
    assert [data.TYPE for data in of(6)] == ["message.received", "contact.secured"]
    assert [data.TYPE for data in of(66)] == ["message.status", "contact.secured"]
    (notice,) = of(49)
    assert notice.changed and notice.hash == "Xk2bnv8Q="
    assert not of(6)[1].changed


def test_a_system_message_nobody_knows_is_a_line_in_the_thread() -> None:
    told = system(type="moon_phase", body="Full moon") | {"from": "905550000001"}
    data = only(expand_changes(change(messages=[told]))).data
    assert (data.text, data.body, data.counts, data.opens_window) == (
        "Full moon",
        {"type": "moon_phase"},
        False,
        False,
    )


# ── calls, consent, the phone's address book, the AI


def test_a_call_is_of_the_customer_whoever_began_it() -> None:
    calls = [
        {"id": "c1", "event": "connect", "from": "905550000001", "timestamp": SENT, "direction": "USER_INITIATED"},
        {"id": "c2", "event": "connect", "to": "905550000002", "timestamp": SENT, "direction": "BUSINESS_INITIATED"},
    ]
    found = items(expand_changes(change("calls", calls=calls)))
    assert [item.person and item.person.phone for item in found] == ["+905550000001", "+905550000002"]
    assert [item.actor for item in found] == ["customer", "meta"]
    assert of(115)[0].duration == 27


def test_marketing_is_stopped_and_resumed_and_nothing_else() -> None:
    assert (of(100)[0].out, of(101)[0].out) == (True, False)
    wish = {"user_id": "TR.1", "value": "maybe"}
    assert parked(expand_changes(change("user_preferences", user_preferences=[wish]))) == [("invalid", "")]


def test_a_removed_entry_takes_only_the_name_away() -> None:
    assert [data.book_name for data in of(109)] == ["Ayşe Yılmaz (toptan)", ""]


@pytest.mark.parametrize(
    ("kind", "role", "to"),
    [
        ("control_passed", "escalation", "human"),
        ("control_passed", "ai_agent", "ai"),
        ("control_taken", "ai_agent", "ai"),
        ("control_taken", None, "ai"),
        ("control_passed", None, "human"),
    ],
)
def test_a_handover_says_who_answers_now(kind: str, role: str | None, to: str) -> None:
    value = {"type": kind, kind: {"new_owner_role": role}, "sender": {"phone_number": "905550000001"}}
    data = only(expand_changes(change("messaging_handovers", **value))).data
    assert data.to == to


# ── the operator's


def test_an_announced_category_is_not_the_category_yet() -> None:
    template, alert = of(86)
    assert template.category == "UTILITY"
    assert (alert.severity, alert.details["correct_category"]) == ("warning", "MARKETING")
    assert of(85)[0].category == "MARKETING"


def test_a_template_update_says_only_what_it_knows() -> None:
    approved, rejected = of(79)[0], of(80)
    assert (approved.status, approved.id, approved.components) == ("APPROVED", "806312974732579", [])
    assert rejected[0].reason == "INVALID_FORMAT"
    assert "Araya metin koyun." in rejected[1].text
    assert (of(84)[0].status, of(84)[0].quality) == ("", "RED")
    assert [part["type"] for part in of(87)[0].components] == ["HEADER", "BODY", "FOOTER", "BUTTONS"]


def test_an_id_of_four_hundred_digits_stays_whole() -> None:
    assert len(of(166)[0].id) == 400


def test_alerts_are_graded() -> None:
    grades = {
        90: "error",
        91: "error",
        93: "info",
        94: "info",
        95: "info",
        89: "warning",
        99: "warning",
        120: "warning",
    }
    assert {number: of(number)[0].severity for number in grades} == grades


def test_no_limit_is_not_minus_one() -> None:
    assert "-1" not in of(98)[0].text and "∞" in of(98)[0].text
    assert "2000" in of(97)[0].text


def test_trouble_that_comes_again_on_another_day_is_news_again() -> None:
    body = wire(find(74)).body
    first, retried, later = (expand(body, received_at() + seconds) for seconds in (0, 60, 86_400))
    assert first[0].unique == retried[0].unique != later[0].unique
    assert of(74)[0].severity == "warning"  # 130429 passes by itself


def test_the_same_words_at_another_time_are_another_alert() -> None:
    def unique(time: int) -> str:
        body = wire(find(95)).body.replace(b'"time":1795348800', f'"time":{time}'.encode())
        return only(expand(body, NOW)).unique

    assert unique(1795348800) != unique(1795348801)


def test_history_that_is_declined_is_a_note() -> None:
    assert (of(107)[0].TYPE, of(107)[0].severity) == ("account.alerted", "info")


# ── the envelope


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_a_change_whose_value_is_no_object_is_parked(value: Any) -> None:
    assert parked(expand_changes({"field": "messages", "value": value})) == [("invalid", "")]


def test_a_field_nobody_knows_is_logged_as_such() -> None:
    data = only(expand_changes({"field": "quantum\x1b[31m", "value": 5})).data
    assert (data.known, data.field) == (False, "quantum␛[31m")


def test_a_change_without_a_number_parks_each_item() -> None:
    value = {"messages": [message(type="text", text={"body": "x"})], "statuses": [{"id": "s", "status": "sent"}]}
    assert parked(expand_changes({"field": "messages", "value": value})) == [
        ("unroutable", "wamid.1"),
        ("unroutable", "s"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xef\xbb\xbf",
        b'{"object":"whatsapp_business_account","entry":[]}',
        b'{"object":"whatsapp_business_account","entry":[null]}',
        b'{"object":["page"],"entry":[]}',
        b'{"object":"whatsapp_business_account","entry":[],"n":NaN}',
        '{"object":"whatsapp_business_account","entry":[]}'.encode("utf-16"),
        '{"object":"whatsapp_business_account","entry":[]}'.encode("utf-16-le"),
        b'{"a":' * 100_000,
        b"[" * 100 + b"]" * 100,
    ],
)
def test_a_body_with_nothing_in_it_is_one_dead_letter(body: bytes) -> None:
    assert parked(expand(body, NOW)) == [("dead_letter", "")]


def test_a_number_too_long_to_count_does_no_harm() -> None:
    huge = b"9" * 10_000
    body = wire(find(166)).body
    start = body.index(b'"message_template_id":') + 22
    longer = body[:start] + huge + body[body.index(b",", start) :]
    assert items(expand(longer, NOW))[0].data.id == huge.decode()
