"""The body of a send, and what is refused before Meta can."""

from __future__ import annotations

from typing import Any

import pytest

from wptui.cloudapi.payloads import Address, PayloadError, build, check_content, reading, typing

TEXT = {"type": "text", "text": {"body": "Merhaba"}}


def test_the_plus_sign_is_always_written() -> None:
    for phone in ("905550000001", "+905550000001", "+90 555 000 00 01"):
        assert build(Address(phone), TEXT)["to"] == "+905550000001"


def test_who_has_no_number_is_reached_by_user_id() -> None:
    body = build(Address(bsuid="TR.1"), TEXT)
    assert body["recipient"] == "TR.1" and "to" not in body


def test_the_number_wins_and_a_group_is_a_group() -> None:
    both = build(Address("905550000001", "TR.1"), TEXT)
    assert both["to"] == "+905550000001" and "recipient" not in both
    group = build(Address(group="Y2Fw"), TEXT)
    assert (group["recipient_type"], group["to"]) == ("group", "Y2Fw")
    with pytest.raises(PayloadError) as error:
        build(Address(), TEXT)
    assert error.value.field == "to"


def test_the_whole_body_is_as_documented() -> None:
    assert build(Address("905550000001"), TEXT, quote="wamid.1", opaque="01JD") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+905550000001",
        "type": "text",
        "text": {"body": "Merhaba"},
        "context": {"message_id": "wamid.1"},
        "biz_opaque_callback_data": "01JD",
    }


def test_a_reaction_quotes_nothing() -> None:
    reaction = {"type": "reaction", "reaction": {"message_id": "w", "emoji": ""}}
    assert "context" not in build(Address("1"), reaction, quote="w")


def test_reading_and_typing() -> None:
    assert reading("w") == {"messaging_product": "whatsapp", "status": "read", "message_id": "w"}
    assert typing("w")["typing_indicator"] == {"type": "text"}


def button(*titles: str) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": str(place), "title": title}} for place, title in enumerate(titles)]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": replies}},
    }


def choice(sections: list[dict[str, Any]]) -> dict[str, Any]:
    action = {"button": "Choose", "sections": sections}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"}, "action": action}}


def row(count: int, **parts: Any) -> list[dict[str, Any]]:
    return [{"id": str(place), "title": f"row {place}", **parts} for place in range(count)]


GOOD: list[dict[str, Any]] = [
    TEXT,
    {"type": "text", "text": {"body": "ş" * 4096}},
    {"type": "image", "image": {"id": "5", "caption": "x" * 1024}},
    {"type": "document", "document": {"link": "https://x.example/a.pdf", "filename": "a.pdf"}},
    {"type": "audio", "audio": {"upload": "key", "voice": True}},
    {"type": "sticker", "sticker": {"id": "5"}},
    {"type": "location", "location": {"latitude": -90, "longitude": "180", "name": "Moda"}},
    {"type": "contacts", "contacts": [{"name": {"formatted_name": "Ali"}}]},
    {"type": "reaction", "reaction": {"message_id": "w", "emoji": "👨‍👩‍👧‍👦"}},
    {"type": "template", "template": {"name": "x", "language": {"code": "tr"}}},
    button("a", "b", "c"),
    choice([{"title": "One", "rows": row(5)}, {"title": "Two", "rows": row(5, description="x" * 72)}]),
    {
        "type": "interactive",
        "interactive": {
            "type": "cta_url",
            "body": {"text": "?"},
            "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://x.example"}},
        },
    },
    {
        "type": "interactive",
        "interactive": {"type": "location_request_message", "body": {"text": "?"}, "action": {"name": "send_location"}},
    },
]


@pytest.mark.parametrize("content", GOOD, ids=lambda content: str(content["type"]))
def test_what_meta_takes_passes(content: dict[str, Any]) -> None:
    assert check_content(content) == content["type"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "type"),
    ({"type": "hologram", "hologram": {}}, "type"),
    ({"type": "text"}, "text"),
    ({"type": "text", "text": {"body": ""}}, "text.body"),
    ({"type": "text", "text": {"body": " \n"}}, "text.body"),
    ({"type": "text", "text": {"body": "x" * 4097}}, "text.body"),
    ({"type": "image", "image": {"id": "5", "caption": "x" * 1025}}, "image.caption"),
    ({"type": "image", "image": {}}, "image"),
    ({"type": "image", "image": {"caption": "x"}}, "image.id"),
    ({"type": "image", "image": {"id": "5", "link": "https://x"}}, "image.id"),
    ({"type": "image", "image": {"link": "http://x.example/a.jpg"}}, "image.link"),
    ({"type": "image", "image": {"id": "5", "filename": "a.jpg"}}, "image.filename"),
    ({"type": "audio", "audio": {"id": "5", "caption": "x"}}, "audio.caption"),
    ({"type": "video", "video": {"id": "5", "voice": True}}, "video.voice"),
    ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
    ({"type": "location", "location": {"latitude": 1, "longitude": None}}, "location.longitude"),
    ({"type": "location", "location": {"latitude": float("nan"), "longitude": 1}}, "location.latitude"),
    ({"type": "contacts", "contacts": []}, "contacts"),
    ({"type": "contacts", "contacts": [{"name": {}}]}, "contacts.0.name.formatted_name"),
    ({"type": "reaction", "reaction": {"emoji": "x"}}, "reaction.message_id"),
    ({"type": "reaction", "reaction": {"message_id": "w", "emoji": None}}, "reaction.emoji"),
    ({"type": "template", "template": {"name": "x", "language": "tr"}}, "template.language.code"),
    ({"type": "template", "template": {"language": {"code": "tr"}}}, "template.name"),
    (button(), "interactive.action.buttons"),
    (button("a", "b", "c", "d"), "interactive.action.buttons"),
    (button("x" * 21), "interactive.action.buttons.0.reply.title"),
    (button("a", "a"), "interactive.action.buttons.1.reply.title"),
    (choice([]), "interactive.action.sections"),
    (choice([{"rows": row(11)}]), "interactive.action.sections"),
    (choice([{"rows": row(1)}, {"rows": row(1)}]), "interactive.action.sections.0.title"),
    (choice([{"rows": row(1, title="x" * 25)}]), "interactive.action.sections.0.rows.0.title"),
    (choice([{"rows": row(1, description="x" * 73)}]), "interactive.action.sections.0.rows.0.description"),
]


@pytest.mark.parametrize(("content", "field"), BAD, ids=[field for _content, field in BAD])
def test_what_meta_would_refuse_is_named(content: dict[str, Any], field: str) -> None:
    with pytest.raises(PayloadError) as error:
        check_content(content)
    assert error.value.field == field
    assert str(error.value).endswith(".")


def test_a_file_goes_out_only_when_it_is_uploaded() -> None:
    content = {"type": "image", "image": {"upload": "key"}}
    assert check_content(content) == "image"
    with pytest.raises(PayloadError) as error:
        build(Address("1"), content)
    assert error.value.field == "image.id"


def test_our_own_id_has_its_limit() -> None:
    build(Address("1"), TEXT, opaque="x" * 512)
    with pytest.raises(PayloadError) as error:
        build(Address("1"), TEXT, opaque="x" * 513)
    assert error.value.field == "biz_opaque_callback_data"
