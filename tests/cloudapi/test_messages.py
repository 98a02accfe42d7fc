"""What each kind of message becomes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloudapi.samples import (
    AYSE,
    NOW,
    change,
    expand_changes,
    items,
    message,
    only,
    parked,
    received,
)
from tests.corpus import find, received_at, wire
from wptui.cloudapi.content import first_cluster, is_media_url
from wptui.cloudapi.webhook import Item, expand
from wptui.model.identity import Alias, AliasKind


def of(number: int) -> list[Any]:
    """The event data of a body of the corpus."""
    return [item.data for item in expand(wire(find(number)).body, received_at()) if isinstance(item, Item)]


def test_a_cart_is_added_up_in_decimals_for_each_currency() -> None:
    order = {
        "catalog_id": "7",
        "product_items": [
            {"product_retailer_id": "a", "quantity": 3, "item_price": 0.1, "currency": "TRY"},
            {"product_retailer_id": "b", "quantity": "1", "item_price": "19.90", "currency": "EUR"},
        ],
    }
    body = received(type="order", order=order).body
    assert body["totals"] == {"TRY": "0.3", "EUR": "19.9"}
    assert body["items"][0] == {"product": "a", "quantity": "3", "price": "0.1", "currency": "TRY"}
    assert of(42)[0].body["totals"] == {"TRY": "819.8"}


@pytest.mark.parametrize("price", ["1e999999", "NaN", "on lira", None, True, [1], 10**30])
def test_a_price_that_is_none_leaves_no_total_and_no_harm(price: Any) -> None:
    items = [{"product_retailer_id": "a", "quantity": 1, "item_price": price, "currency": "TRY"}]
    body = received(type="order", order={"product_items": items}).body
    assert "totals" not in body
    assert len(str(body)) < 200


def test_only_a_card_that_was_asked_for_proves_the_number() -> None:
    def proved(origin: str) -> str:
        card = {"origin": origin, "phones": [{"phone": "+90 555 000 00 03"}]}
        person = only(expand_changes(change(messages=[message(type="contacts", contacts=[card])]))).person
        assert person is not None
        return person.verified_phone

    assert proved("contact_request") == "+905550000003"
    assert proved("other") == ""


def test_a_file_from_a_foreign_address_is_not_fetched() -> None:
    good = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"
    assert received(type="image", image={"id": "1", "url": good}).media.url == good
    for url in (
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://lookaside.fbsbx.com@evil.example/x",
        "https://evil.example\\@lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com:8443/x",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://[::1",
    ):
        assert not is_media_url(url)
        data = received(type="image", image={"id": "1", "url": url})
        assert (data.media.id, data.media.url, data.body) == ("", "", {"refused": "url"})


def test_a_sandbox_on_loopback_is_asked_by_id() -> None:
    media = received(type="image", image={"id": "1", "url": "http://127.0.0.1:9999/x"}).media
    assert (media.id, media.url) == ("1", "")


@pytest.mark.parametrize("media_id", ["../../me?fields=access_token", "", None, "a b", "x" * 129])
def test_an_id_that_is_no_media_id_is_not_fetched(media_id: Any) -> None:
    data = received(type="video", video={"id": media_id, "caption": "bak"})
    assert (data.media.id, data.text, data.body) == ("", "bak", {"refused": "id"})


def test_the_file_name_is_for_show_only() -> None:
    first, second = of(170)
    assert first.media.filename == "../../../etc/cron.d/x␀fdp.exe"
    assert second.media.filename == "CON.pdf"


def test_a_voice_note_and_a_sticker_that_moves_are_told_apart() -> None:
    assert of(24)[0].media.voice and not of(25)[0].media.voice
    assert of(28)[0].media.animated and not of(27)[0].media.animated


def test_a_form_is_read_and_kept_even_when_it_cannot_be_read() -> None:
    good, broken = of(37)[0].body, of(175)[0].body
    assert good["response"]["beden"] == ["M", "L"]
    assert broken["response_json"] == '{"a":' and "response" not in broken


def test_types_nobody_knows_keep_their_name_and_content() -> None:
    hologram = of(140)[0]
    assert (hologram.kind, hologram.text, hologram.body) == ("hologram", "[hologram]", {"depth": 3})
    assert received(type="hologram").text == "[hologram]"
    assert received(type="hologram", hologram=[1, {"a": "\x1b"}]).body == {"value": [1, {"a": "␛"}]}
    assert of(40)[0].text == "[interactive: galaxy_reply]"


def test_a_type_whose_content_meta_withholds_comes_with_the_reason() -> None:
    data = received(type="image", errors=[{"code": "131052", "title": "too big"}])
    assert data.media is None
    assert [(each.code, each.title) for each in data.problems] == [(131052, "too big")]


@pytest.mark.parametrize(
    "parts",
    [
        {"type": "text"},
        {"type": "text", "text": {}},
        {"type": "text", "text": {"body": 7}},
        {"type": "image", "image": "x"},
        {"type": "location", "location": {"latitude": "here"}},
        {"type": "contacts", "contacts": {}},
        {"type": "interactive", "interactive": {"button_reply": {}}},
        {"type": "reaction", "reaction": {"emoji": "👍"}},
        {"type": "edit", "edit": {"original_message_id": "wamid.0"}},
        {"type": "revoke"},
        {"type": 5},
        {},
    ],
)
def test_a_message_that_cannot_be_read_is_parked_and_its_siblings_are_not(parts: dict[str, Any]) -> None:
    bad, good = message(**parts), message(id="wamid.2", type="text", text={"body": "selam"})
    found = expand_changes(change(messages=[bad, None, "junk", good]))
    assert parked(found) == [("invalid", "wamid.1"), ("invalid", "")]
    assert [item.unique for item in items(found)] == ["m:wamid.2"]


def test_contacts_are_matched_by_id_and_never_by_place() -> None:
    zeynep = {"profile": {"name": "Zeynep"}, "wa_id": "905550000006", "user_id": "TR.6"}
    texts = [
        message(id="a", type="text", text={"body": "1"}),
        message(id="b", type="text", text={"body": "2"}) | {"from": "905550000006", "from_user_id": "TR.6"},
    ]
    found = items(expand_changes(change(contacts=[zeynep, AYSE], messages=texts)))
    assert [item.person and item.person.name for item in found] == ["Ayşe", "Zeynep"]


def test_a_user_id_in_place_of_a_number_is_taken_for_what_it_is() -> None:
    strange = message(type="text", text={"body": "x"}) | {"from": "TR.77", "from_user_id": None}
    person = only(expand_changes(change(contacts=None, messages=[strange]))).person
    assert person is not None and person.aliases == [Alias(AliasKind.BSUID, "TR.77")] and person.phone == ""


def test_the_contact_does_not_overrule_the_number_the_message_names() -> None:
    other = AYSE | {"wa_id": "905559999999", "parent_user_id": "TR.ENT.1"}
    person = only(expand_changes(change(contacts=[other], messages=[message(type="text", text={"body": "x"})]))).person
    assert person is not None
    assert [alias.value for alias in person.aliases] == ["TR.1", "TR.ENT.1", "905550000001"]


def test_a_reaction_is_one_character() -> None:
    def reacted(emoji: Any) -> str:
        return str(received(type="reaction", reaction={"message_id": "w", "emoji": emoji}).emoji)

    family, flag, key = "👨‍👩‍👧‍👦", "🇹🇷", "1️⃣"
    assert [reacted(each) for each in (family + "x", flag + "🇩🇪", key, "👍🏼👍", "❤️", " ok")] == [
        family,
        flag,
        key,
        "👍🏼",
        "❤️",
        "o",
    ]
    assert [reacted(each) for each in ("", None, 5, " \n")] == [""] * 4
    assert first_cluster("🏴󠁧󠁢󠁳󠁣󠁴󠁿!") == "🏴󠁧󠁢󠁳󠁣󠁴󠁿"


def test_opening_the_chat_counts_for_nothing() -> None:
    data = of(45)[0]
    assert (data.kind, data.counts, data.opens_window) == ("request_welcome", False, False)


def test_history_and_standby_open_no_request_and_history_no_window() -> None:
    old, answered = of(106)
    assert (old.source, old.counts, old.opens_window) == ("history", False, False)
    assert (answered.author, answered.status, answered.kind) == ("phone", "delivered", "media_placeholder")
    copy = of(111)[0]
    assert (copy.source, copy.counts, copy.opens_window) == ("standby", False, True)


def test_media_that_follows_a_history_thread_is_no_conflict_with_its_placeholder() -> None:
    thread = {"id": "905550000001", "messages": [message(type="media_placeholder")]}
    placeholder = only(expand_changes(change("history", history=[{"threads": [thread]}])))
    late = only(expand_changes(change("history", messages=[message(type="image", image={"id": "5"})])))
    assert (placeholder.unique, late.unique) == ("m:wamid.1", "h:wamid.1")


def test_a_message_copied_by_history_is_the_same_message() -> None:
    said = message(type="text", text={"body": "selam"})
    live = only(expand_changes(change(messages=[said])))
    thread = {"id": "905550000001", "messages": [said | {"history_context": {"status": "READ"}}]}
    copy = only(expand_changes(change("history", history=[{"threads": [thread]}])))
    assert (live.unique, live.digest) == (copy.unique, copy.digest)


def test_a_fresh_link_makes_no_other_message_and_another_text_does() -> None:
    def digest(**parts: Any) -> str:
        return only(expand_changes(change(messages=[message(**parts)]))).digest

    base = "https://lookaside.fbsbx.com/?"
    first = digest(type="image", image={"id": "1", "url": base + "a"})
    assert first == digest(type="image", image={"id": "1", "url": base + "b"})
    assert first != digest(type="image", image={"id": "2", "url": base + "a"})


def test_what_the_ai_sent_as_a_template_is_shown_filled() -> None:
    (echo,) = of(112)
    assert (echo.author, echo.kind, echo.text) == ("ai", "template", "Merhaba Ayşe")
    assert echo.body == {"name": "kargo_bildirim", "language": "tr"}


def test_an_echo_of_buttons_shows_the_question_and_the_buttons() -> None:
    buttons = {"type": "button", "body": {"text": "Hangisi?"}, "action": {"buttons": [{"reply": {"title": "Bu"}}]}}
    echo = {"id": "w", "to": "905550000001", "timestamp": "1", "type": "interactive", "interactive": buttons}
    data = only(expand_changes(change("smb_message_echoes", message_echoes=[echo]))).data
    assert (data.text, data.body) == ("Hangisi?", {"subtype": "button", "buttons": ["Bu"]})


def test_quotes_forwards_and_products_ride_along() -> None:
    assert of(14)[0].quote and of(15)[0].forwarded == 1 and of(16)[0].forwarded == 2
    assert of(17)[0].body["product"] == {"catalog": "300000000000123", "id": "KLY-GMS-07"}
    assert received(type="text", text={"body": "x"}, context={"id": "M0"}).quote is None


@pytest.mark.parametrize("timestamp", ["1230767999", str(NOW + 86_401), 1.5, True, None, "١٧٩٥٣٤٨٨٠٠", " "])
def test_a_time_that_cannot_be_is_replaced_and_kept(timestamp: Any) -> None:
    data = received(type="text", text={"body": "x"}, timestamp=timestamp)
    assert data.ts == NOW and data.original_ts is not None


@pytest.mark.parametrize("timestamp", ["1230768000", NOW, str(NOW + 86_400)])
def test_a_time_that_can_be_is_believed(timestamp: Any) -> None:
    data = received(type="text", text={"body": "x"}, timestamp=timestamp)
    assert (data.ts, data.original_ts) == (int(timestamp), None)
