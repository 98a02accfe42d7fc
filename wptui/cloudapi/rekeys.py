"""Customers who change their number, their user id or their device."""

from __future__ import annotations

from typing import Any

from wptui.cloudapi.context import Change, read_each
from wptui.cloudapi.envelope import Unroutable, digest, ident, line, mapping, prose, stamp
from wptui.cloudapi.items import Expanded, Rekey
from wptui.cloudapi.people import aliases_of, digits
from wptui.model.events import AccountAlerted, ContactSecured, MessageReceived
from wptui.model.identity import BSUID

_REKEYING = frozenset({"user_changed_number", "user_changed_user_id", "customer_changed_number"})
_IDENTITY = "customer_identity_changed"


def system_items(change: Change, message: dict[str, Any], wamid: str) -> list[Expanded]:
    """A message of type system: a re-keying, a new security code, or a line for the thread."""
    content = mapping(message.get("system"))
    what = line(content.get("type"), 64)
    ts, original = stamp(message.get("timestamp"), change.received_at)
    if what in _REKEYING:
        return [_rekey(change, message, content, what, wamid, ts)]
    person = change.people.sender(message)
    if person is None:
        raise Unroutable("no sender")
    if what == _IDENTITY:
        code = line(mapping(message.get("identity")).get("hash") or content.get("identity"), 256)
        data = ContactSecured(contact="", ts=ts, hash=code, changed=True)
        return [change.item(f"k:{wamid}", digest(content), data, person=person)]
    notice = MessageReceived(
        message=wamid,
        kind="system",
        ts=ts,
        received_at=change.received_at,
        text=prose(content.get("body")),
        body={"type": what},
        original_ts=original,
        counts=False,
        opens_window=False,
    )
    return [change.item(f"m:{wamid}", digest(content), notice, person=person)]


def _rekey(
    change: Change, message: dict[str, Any], content: dict[str, Any], what: str, wamid: str, ts: int
) -> Expanded:
    new_user = ident(content.get("user_id"))
    new_phone = digits(content.get("wa_id")) or digits(content.get("new_wa_id"))
    old_phone = digits(message.get("from")) or digits(content.get("customer"))
    named = BSUID.findall(ident(content.get("body")))
    # Before August 2026 the old id stood in from_user_id, or only in the sentence.
    candidates = [ident(content.get("previous_user_id")), ident(message.get("from_user_id")), *named]
    new_user = new_user or (named[-1] if len(named) > 1 else "")
    old_user = next((each for each in candidates if each and each != new_user), "")
    if what == "user_changed_user_id" and not new_phone:
        new_phone = old_phone  # the number stays
    old = aliases_of(user=old_user, phone=old_phone)
    new = aliases_of(user=new_user, parent=ident(content.get("parent_user_id")), phone=new_phone)
    old = [alias for alias in old if alias not in new]
    if not old or not new:
        note = AccountAlerted(
            field=change.field,
            text=line(f"{what}: {line(content.get('body'))}", 500),
            severity="warning",
            ts=ts,
            details={"old": [alias.value for alias in old], "new": [alias.value for alias in new]},
        )
        return change.item(f"r:{wamid}", digest(content), note)
    return Rekey(
        unique=f"r:{wamid}", digest=digest(content), ts=ts, what=what, number=change.routed(), old=old, new=new
    )


def user_id_items(change: Change) -> list[Expanded]:
    """Field user_id_update: withdrawn by Meta, still sent by some resellers; means what the system message means."""

    def read(update: dict[str, Any]) -> list[Expanded]:
        ids = mapping(update.get("user_id"))
        person = change.people.person(phone=update.get("wa_id"))
        old = aliases_of(user=ident(ids.get("previous")))
        new = aliases_of(user=ident(ids.get("current")), phone=digits(update.get("wa_id")))
        if not old or not ident(ids.get("current")):
            raise Unroutable("no previous or current user id")
        ts, _ = stamp(update.get("timestamp"), change.received_at)
        fingerprint = change.fingerprint(update)
        return [
            Rekey(
                unique=f"h:{fingerprint}",
                digest=fingerprint,
                ts=ts,
                what="user_changed_user_id",
                number=change.routed(),
                old=old,
                new=new,
                name=person.name if person else "",
            )
        ]

    return read_each(change.value.get("user_id_update"), read)
