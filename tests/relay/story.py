"""Webhook bodies made up for stories, in Meta's form."""

from __future__ import annotations

from typing import Any

from tests import corpus

NUMBER = "109876500000010"
T0 = int(corpus.index()["t0"])


def who(phone: str = "", user: str = "", name: str = "", username: str = "") -> dict[str, Any]:
    """A customer as `contacts` names them."""
    found: dict[str, Any] = {"profile": {"name": name} if name else {}}
    if username:
        found["profile"]["username"] = username
    if phone:
        found["wa_id"] = phone
    if user:
        found["user_id"] = user
    return found


def change(value: dict[str, Any], *, number: str = NUMBER, field: str = "messages") -> bytes:
    """A body with one change."""
    metadata = {"display_phone_number": "905550000010", "phone_number_id": number}
    inner = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    changes = [{"field": field, "value": inner}]
    return corpus.pack({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]})


def message(wamid: str, person: dict[str, Any], at: int = 0, number: str = NUMBER, **content: Any) -> bytes:
    """A customer's message `at` seconds after T0: `text="…"`, or the type's own keys."""
    if isinstance(content.get("text"), str):
        content = content | {"type": "text", "text": {"body": content["text"]}}
    item: dict[str, Any] = {"id": wamid, "timestamp": str(T0 + at), **content}
    if "wa_id" in person:
        item["from"] = person["wa_id"]
    if "user_id" in person:
        item["from_user_id"] = person["user_id"]
    return change({"contacts": [person], "messages": [item]}, number=number)


def status(wamid: str, state: str, at: int = 0, *, phone: str = "", user: str = "", **more: Any) -> bytes:
    """How far a message got."""
    item = {"id": wamid, "status": state, "timestamp": str(T0 + at), **more}
    if phone:
        item["recipient_id"] = phone
    if user:
        item["recipient_user_id"] = user
    return change({"statuses": [item]})


def changed_number(wamid: str, old: tuple[str, str], new: tuple[str, str], at: int = 0) -> bytes:
    """The system message of a customer who moves from (phone, user id) `old` to `new`."""
    system = {
        "type": "user_changed_number",
        "wa_id": new[0],
        "user_id": new[1],
        "previous_user_id": old[1],
        "body": "changed",
    }
    item = {"id": wamid, "timestamp": str(T0 + at), "type": "system", "from": old[0], "system": system}
    return change({"messages": [item]})
