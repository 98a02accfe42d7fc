"""The webhook bodies Meta sends in late 2026, as Meta writes them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import NamedTuple

from wptui.sandbox.errors import Json, as_status_error
from wptui.sandbox.world import Customer, Number


class Update(NamedTuple):
    """One change on its way to the relay. Updates of one *lane* keep their order unless told to mix."""

    lane: str
    field: str
    value: Json


def contact(customer: Customer) -> Json:
    """One item of ``contacts``: no ``wa_id`` key at all for a customer whose phone number is not shared."""
    profile: Json = {"name": customer.name}
    if customer.username:
        profile["username"] = customer.username
    shape: Json = {"profile": profile}
    if customer.wa_id:
        shape["wa_id"] = customer.wa_id
    shape["user_id"] = customer.user_id
    return shape


def _value(number: Number) -> Json:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.digits, "phone_number_id": number.id},
    }


def message_update(number: Number, customer: Customer, message: Json) -> Update:
    """A customer's *message*; ``system`` messages carry no contact, as Meta has it."""
    value = _value(number)
    if message["type"] != "system":
        value["contacts"] = [contact(customer)]
    value["messages"] = [message]
    return Update(customer.key, "messages", value)


def status_update(
    number: Number,
    customer: Customer,
    wamid: str,
    status: str,
    timestamp: float,
    *,
    callback: str | None = None,
    sent_to_phone: bool = True,
    pricing: Json | None = None,
    conversation: Json | None = None,
    code: int | None = None,
) -> Update:
    """A status of the message *wamid*; *code* is the error of a ``failed`` one."""
    shape: Json = {"id": wamid, "status": status, "timestamp": str(int(timestamp))}
    if customer.wa_id:
        shape["recipient_id"] = customer.wa_id
    # A failed send to a phone number names only the phone number.
    if not (code is not None and sent_to_phone and customer.wa_id):
        shape["recipient_user_id"] = customer.user_id
    if callback is not None:
        shape["biz_opaque_callback_data"] = callback
    if conversation is not None:
        shape["conversation"] = conversation
    if pricing is not None:
        shape["pricing"] = pricing
    if code is not None:
        shape["errors"] = [as_status_error(code)]
    value = _value(number)
    if code is None:
        value["contacts"] = [contact(customer)]
    value["statuses"] = [shape]
    return Update(customer.key, "messages", value)


def encode(waba_id: str, updates: list[Update]) -> bytes:
    """The POST's body: compact ASCII JSON with escaped slashes, which is what gets signed."""
    changes = [{"value": update.value, "field": update.field} for update in updates]
    body = {"object": "whatsapp_business_account", "entry": [{"id": waba_id, "changes": changes}]}
    # "/" occurs in JSON only inside strings, so this escapes what json.dumps leaves alone.
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signatures(secret: str, body: bytes) -> dict[str, str]:
    """The signature headers over the raw *body*: the SHA-256 one that counts, and the old SHA-1 one."""
    key = secret.encode("utf-8")
    return {
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
    }
