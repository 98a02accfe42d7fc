"""A stored webhook body to what happened: `expand`, a pure function of the bytes and the time they came.

It never raises. What cannot be understood is parked, as small a piece of it as possible: one bad message does
not cost its siblings. Expanding the same bytes again gives the same items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wptui.cloudapi import account, messages, rekeys, statuses
from wptui.cloudapi.context import Change, read_each, read_one
from wptui.cloudapi.envelope import Malformed, decode, ident, line, rows
from wptui.cloudapi.items import Expanded, Item, Parked, Person, Rekey
from wptui.model.events import WebhookLogged

__all__ = ["Expanded", "Item", "Parked", "Person", "Rekey", "expand"]

OBJECT = "whatsapp_business_account"
_FOREIGN = frozenset({"page", "instagram"})


def expand(body: bytes, received_at: int) -> list[Expanded]:
    """Everything in `body`, in its order. `received_at` is the relay's clock in Unix seconds.

    A body that is nothing of ours gives exactly one `Parked` (dead_letter, or foreign for Messenger and
    Instagram); a change that asks nothing of us gives one `WebhookLogged`.
    """
    try:
        envelope = decode(body)
        if not isinstance(envelope, dict):
            raise Malformed("no object")
        kind = envelope.get("object")
        if isinstance(kind, str) and kind in _FOREIGN:
            return [Parked(reason="foreign", note=kind)]
        if kind != OBJECT:
            raise Malformed(f"object is {line(kind, 64) or 'missing'}")
        entries = envelope.get("entry")
        if not isinstance(entries, list):
            raise Malformed("no entry")
        found = read_each(entries, lambda entry: _entry(entry, received_at))
    except Malformed as problem:
        return [Parked(reason="dead_letter", note=str(problem))]
    return found or [Parked(reason="dead_letter", note="nothing in it")]


def _entry(entry: dict[str, Any], received_at: int) -> list[Expanded]:
    waba, time = ident(entry.get("id")), entry.get("time")

    def read(change: dict[str, Any]) -> list[Expanded]:
        field = line(change.get("field"), 64)
        return _change(Change(waba, field, change.get("value"), time, received_at))

    return read_each(entry.get("changes"), read)


def _change(change: Change) -> list[Expanded]:
    reader = _READERS.get(change.field)
    found: list[Expanded] = []
    if reader is not None:
        if not isinstance(change.raw, dict):
            return [Parked(reason="invalid", note="value is no object")]
        found = read_one(change.value, lambda _value: reader(change))
    if not found:
        known = reader is not None or change.field in _LOGGED
        fingerprint = change.fingerprint(change.raw)
        logged = WebhookLogged(raw=0, field=change.field, known=known)
        found = [change.item(f"h:{fingerprint}", fingerprint, logged)]
    return found


def _conversation(change: Change) -> list[Expanded]:
    """Field messages: what customers wrote, how far our messages got, and errors of the whole."""
    return (
        read_each(change.value.get("messages"), lambda each: messages.received_items(change, each))
        + read_each(change.value.get("statuses"), lambda each: statuses.status_items(change, each))
        + account.value_errors(change, change.value.get("errors"))
    )


def _standby(change: Change) -> list[Expanded]:
    found = messages.standby_items(change)
    copy = change.value.get("standby")
    reported = copy.get("statuses") if isinstance(copy, dict) else None
    return found + read_each(reported, lambda each: statuses.status_items(change, each))


def _history(change: Change) -> list[Expanded]:
    found = messages.history_items(change)
    for chunk in rows(change.value.get("history")):
        found += account.value_errors(change, chunk.get("errors"), "info")  # the shop declined to share it
    return found


_READERS: dict[str, Callable[[Change], list[Expanded]]] = {
    "messages": _conversation,
    "smb_message_echoes": messages.echo_items,
    "history": _history,
    "standby": _standby,
    "calls": statuses.call_items,
    "user_preferences": statuses.preference_items,
    "user_id_update": rekeys.user_id_items,
    "smb_app_state_sync": statuses.book_items,
    "messaging_handovers": statuses.handover_items,
    **dict.fromkeys(sorted(account.TEMPLATE_FIELDS), account.template_items),
    **dict.fromkeys(
        (
            "account_update",
            "account_alerts",
            "account_review_update",
            "account_settings_update",
            "business_capability_update",
            "security",
            "phone_number_quality_update",
            "phone_number_name_update",
            "group_status_update",
        ),
        account.alert_items,
    ),
}
_LOGGED = frozenset(
    {
        "automatic_events",
        "business_status_update",
        "business_username_update",
        "flows",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "message_echoes",
        "partner_solutions",
        "payment_configuration_update",
        "template_correct_category_detection",
        "tracking_events",
    }
)
"""Fields known to ask nothing of us."""
