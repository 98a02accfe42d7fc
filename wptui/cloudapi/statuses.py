"""How far outgoing messages got, calls, consent: the rest of what is about one customer."""

from __future__ import annotations

from typing import Any

from wptui.cloudapi.content import read_problems
from wptui.cloudapi.context import Change, read_each
from wptui.cloudapi.envelope import (
    Invalid,
    Unroutable,
    clean,
    digest,
    ident,
    line,
    mapping,
    stamp,
    whole,
)
from wptui.cloudapi.items import Expanded
from wptui.cloudapi.messages import secured_items
from wptui.cloudapi.people import digits
from wptui.model.events import CallReceived, ContactOpted, ContactProfiled, ConversationHanded, MessageStatus

_WEEK = 8 * 86_400  # no free entry point is longer
_CALLBACK_LIMIT = 512
_AI_ROLES = frozenset({"ai_agent", "ai", "meta_business_agent", "business_agent", "meta_ai", "bot"})


def status_items(change: Change, status: dict[str, Any]) -> list[Expanded]:
    """One status. A call's status is none of a message's: nothing. Raises Invalid without id or status."""
    if status.get("type") == "call":
        return []
    wamid, state = ident(status.get("id")), line(status.get("status"), 64)
    if not wamid or not state:
        raise Invalid("no id" if not wamid else "no status")
    change.routed()
    participant = status.get("recipient_type") == "group"
    if participant:
        user, phone = status.get("recipient_participant_user_id"), status.get("recipient_participant_id")
        parent = status.get("recipient_participant_parent_user_id")
        group = status.get("recipient_id")
    else:
        user, phone = status.get("recipient_user_id"), status.get("recipient_id")
        parent, group = status.get("recipient_parent_user_id"), None
    person = change.people.person(user, parent, phone, group)
    recipient = ident(user) or digits(phone) or ident(phone)
    ts, _ = stamp(status.get("timestamp"), change.received_at)
    pricing = mapping(status.get("pricing"))
    callback = line(status.get("biz_opaque_callback_data"), _CALLBACK_LIMIT)
    data = MessageStatus(
        wamid=wamid,
        status=state.lower(),
        ts=ts,
        message=callback or None,
        recipient=recipient,
        participant=participant,
        problems=read_problems(status.get("errors")),
        pricing=clean(pricing),
        free_until=_free_until(mapping(status.get("conversation")), pricing, ts),
    )
    unique = f"{wamid}:{data.status}:{recipient}"
    items: list[Expanded] = [change.item(f"s:{unique}", digest(status), data, person=person)]
    return items + (secured_items(change, status, person, f"k:{unique}") if person else [])


def _free_until(conversation: dict[str, Any], pricing: dict[str, Any], ts: int) -> int | None:
    """End of the free entry point this status speaks of. A conversation of before v24 is not one."""
    origin = mapping(conversation.get("origin")).get("type")
    if "free_entry_point" not in (pricing.get("type"), origin) and "referral_conversion" not in (
        pricing.get("category"),
        origin,
    ):
        return None
    end = whole(conversation.get("expiration_timestamp"))
    return end if end is not None and ts <= end <= ts + _WEEK else None


def call_items(change: Change) -> list[Expanded]:
    """Field calls: a call began or ended. Its `statuses` are logged only."""

    def read(call: dict[str, Any]) -> list[Expanded]:
        name, event = ident(call.get("id")), line(call.get("event"), 64).lower()
        if not name or not event:
            raise Invalid("no id" if not name else "no event")
        change.routed()
        direction = line(call.get("direction"), 64).lower()
        ours = direction == "business_initiated"
        person = change.people.addressee(call) if ours else change.people.sender(call)
        if person is None:
            raise Unroutable("no caller")
        ts, _ = stamp(call.get("timestamp"), change.received_at)
        seconds = whole(call.get("duration"))
        data = CallReceived(
            call=name,
            event=event,
            ts=ts,
            direction=direction,
            duration=seconds if seconds is not None and 0 <= seconds < 2**31 else None,
            outcome=line(call.get("status"), 64).lower(),
        )
        actor = "meta" if ours else "customer"
        return [change.item(f"c:{name}:{event}", digest(call), data, actor=actor, person=person)]

    return read_each(change.value.get("calls"), read)


def preference_items(change: Change) -> list[Expanded]:
    """Field user_preferences: marketing stopped or resumed by the customer."""

    def read(preference: dict[str, Any]) -> list[Expanded]:
        wish = line(preference.get("value"), 32).lower()
        if wish not in ("stop", "resume"):
            raise Invalid("neither stop nor resume")
        change.routed()
        person = change.people.person(
            preference.get("user_id"), preference.get("parent_user_id"), preference.get("wa_id")
        )
        if person is None:
            raise Unroutable("no customer")
        ts, _ = stamp(preference.get("timestamp"), change.received_at)
        category = line(preference.get("category"), 64) or "marketing_messages"
        data = ContactOpted(contact="", ts=ts, out=wish == "stop", category=category)
        fingerprint = change.fingerprint(preference)
        return [change.item(f"h:{fingerprint}", fingerprint, data, actor="customer", person=person)]

    return read_each(change.value.get("user_preferences"), read)


def book_items(change: Change) -> list[Expanded]:
    """Field smb_app_state_sync: the phone's address book. Removing an entry takes only the name away."""

    def read(entry: dict[str, Any]) -> list[Expanded]:
        change.routed()
        contact = mapping(entry.get("contact"))
        person = change.people.person(contact.get("user_id"), None, contact.get("phone_number"))
        if person is None:
            raise Unroutable("no phone number")
        removed = line(entry.get("action"), 32).lower() == "remove"
        name = "" if removed else line(contact.get("full_name"), 256) or line(contact.get("first_name"), 256)
        ts, _ = stamp(mapping(entry.get("metadata")).get("timestamp"), change.received_at)
        data = ContactProfiled(contact="", ts=ts, book_name=name)
        fingerprint = change.fingerprint(entry)
        return [change.item(f"h:{fingerprint}", fingerprint, data, actor="phone", person=person)]

    return read_each(change.value.get("state_sync"), read)


def handover_items(change: Change) -> list[Expanded]:
    """Field messaging_handovers: Meta Business Agent took a thread, or gave it to a human."""
    value = change.value
    change.number = ident(mapping(value.get("recipient")).get("phone_number_id")) or change.number
    change.routed()
    kind = line(value.get("type"), 64)
    passed = mapping(value.get(kind))
    sender = mapping(value.get("sender"))
    person = change.people.person(
        sender.get("user_id"), sender.get("parent_user_id"), sender.get("phone_number") or sender.get("wa_id")
    )
    if person is None:
        raise Unroutable("no customer")
    owner = line(passed.get("new_owner_role"), 64).lower()
    if not owner:
        # Without a role: control is passed to us, and taken from us.
        if kind not in ("control_passed", "control_taken"):
            raise Invalid("no new owner")
        owner = "ai" if kind == "control_taken" else "human"
    ts, _ = stamp(value.get("timestamp"), change.received_at)
    note = passed.get("metadata")
    data = ConversationHanded(to="ai" if owner in _AI_ROLES else "human", ts=ts, reason=line(note, 500))
    fingerprint = change.fingerprint(value)
    return [change.item(f"h:{fingerprint}", fingerprint, data, person=person)]
