"""Messages, wherever they come: from customers, from the phone app, from history, from Meta's own agent."""

from __future__ import annotations

from typing import Any

from wptui.cloudapi.content import (
    MEDIA_KINDS,
    Content,
    first_cluster,
    proved_phone,
    read_content,
    read_problems,
    read_referral,
)
from wptui.cloudapi.context import Change, read_each
from wptui.cloudapi.envelope import Invalid, Unroutable, digest, ident, line, mapping, prose, rows, stamp
from wptui.cloudapi.items import Expanded, Item, Person
from wptui.cloudapi.people import Directory, digits
from wptui.cloudapi.rekeys import system_items
from wptui.model.events import (
    ContactSecured,
    Data,
    MessageEchoed,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageRevoked,
)

_ODD_CONTEXT = "M0"  # what edits carry in place of a context id
_HISTORY_STATES = {"read": "read", "delivered": "delivered", "sent": "sent", "played": "played", "error": "failed"}


def received_items(change: Change, message: dict[str, Any], source: str = "live") -> list[Expanded]:
    """A customer's message. Raises Invalid or Unroutable where it must be parked."""
    wamid, kind = _head(message)
    change.routed()
    if kind == "system":
        return system_items(change, message, wamid)
    person = change.people.sender(message)
    if person is None:
        raise Unroutable("no sender")
    # Of a history thread, and of what Meta's agent answers, nothing is a request to us.
    found = _acts(change, message, wamid, kind, person, "customer") or [
        _received(change, message, wamid, kind, person, source)
    ]
    return found + secured_items(change, message, person, f"k:{wamid}")


def echoed_items(
    change: Change, message: dict[str, Any], author: str, source: str = "live", thread: str = ""
) -> list[Expanded]:
    """A message the business wrote elsewhere; `author` is phone or ai, `thread` the customer of a history thread."""
    message = _unwrapped(message)
    wamid, kind = _head(message)
    change.routed()
    person = change.people.addressee(message, thread)
    if person is None:
        raise Unroutable("no addressee")
    if acts := _acts(change, message, wamid, kind, person, author):
        return acts
    content = read_content(kind, message)
    ts, _ = stamp(message.get("timestamp"), change.received_at)
    state = ident(mapping(message.get("history_context")).get("status")).lower()
    data = MessageEchoed(
        message=wamid,
        kind=kind,
        ts=ts,
        received_at=change.received_at,
        author=author,
        text=content.text,
        body=content.body,
        quote=_quote(message),
        media=content.media,
        source=source,
        status=_HISTORY_STATES.get(state),
    )
    return [change.item(f"m:{wamid}", _fingerprint(kind, message), data, actor=author, person=person)]


def echo_items(change: Change) -> list[Expanded]:
    """Field smb_message_echoes: what the shop typed in the phone app."""
    return read_each(change.value.get("message_echoes"), lambda each: echoed_items(change, each, "phone"))


def standby_items(change: Change) -> list[Expanded]:
    """Field standby: a copy of what Meta Business Agent and the customer say. Statuses are read elsewhere."""
    copy = mapping(change.value.get("standby"))
    if "contacts" in copy:
        change.people = Directory(copy["contacts"])
    return read_each(copy.get("messages"), lambda each: received_items(change, each, "standby")) + read_each(
        copy.get("message_echoes"), lambda each: echoed_items(change, each, "ai", "standby")
    )


def history_items(change: Change) -> list[Expanded]:
    """Field history: old threads, and media that come after them. Nothing of it is new mail."""
    found: list[Expanded] = []
    for chunk in rows(change.value.get("history")):
        for thread in rows(chunk.get("threads")):
            name = ident(thread.get("id"))
            found += read_each(thread.get("messages"), lambda each, name=name: _past(change, each, name))  # type: ignore[misc]
    for item in read_each(change.value.get("messages"), lambda each: _past(change, each, "")):
        # The thread brought a placeholder under the same wamid; the file that follows is no conflict with it.
        if isinstance(item, Item) and item.unique.startswith("m:"):
            item.unique = "h:" + item.unique[2:]
        found.append(item)
    return found


def _past(change: Change, message: dict[str, Any], thread: str) -> list[Expanded]:
    sender = digits(message.get("from"))
    if thread:
        ours = thread not in (ident(message.get("from_user_id")), sender) and digits(thread) != sender
    else:
        ours = bool(message.get("to")) or (bool(sender) and sender == change.display)
    if ours and (message.get("to") or sender):
        return echoed_items(change, message, "phone", "history", thread)
    if not sender and not message.get("from_user_id"):
        message = message | {"from": thread}
    return received_items(change, message, "history")


def _unwrapped(message: dict[str, Any]) -> dict[str, Any]:
    """An echo in the form of the send request (`message` inside), flattened; the template's own text beside it."""
    inner = message.get("message")
    if not isinstance(inner, dict) or message.get("type"):
        return message
    flat = inner | {key: value for key, value in message.items() if key not in ("message", "template")}
    return flat | {"definition": message.get("template")}


def _head(message: dict[str, Any]) -> tuple[str, str]:
    wamid = ident(message.get("id"))
    if not wamid:
        raise Invalid("no id")
    kind = line(message.get("type"), 64) if isinstance(message.get("type"), str) else ""
    if not kind:
        raise Invalid("no type")
    return wamid, kind


def _received(change: Change, message: dict[str, Any], wamid: str, kind: str, person: Person, source: str) -> Expanded:
    content = read_content(kind, message)
    if kind == "contacts":
        person.verified_phone = proved_phone(message)
    context = mapping(message.get("context"))
    if product := _product(context):
        content = Content(content.text, content.body | {"product": product}, content.media)
    ts, original = stamp(message.get("timestamp"), change.received_at)
    welcome = kind == "request_welcome"  # the chat was opened, nothing was written
    data = MessageReceived(
        message=wamid,
        kind=kind,
        ts=ts,
        received_at=change.received_at,
        text=content.text,
        body=content.body,
        original_ts=original,
        quote=_quote(message),
        forwarded=2 if context.get("frequently_forwarded") is True else int(context.get("forwarded") is True),
        referral=read_referral(message.get("referral")),
        media=content.media,
        problems=read_problems(message.get("errors")),
        source=source,
        counts=source == "live" and not welcome,
        opens_window=source != "history" and not welcome,
        sender=(person.name or person.phone or person.username) if person.group else "",
    )
    return change.item(f"m:{wamid}", _fingerprint(kind, message), data, actor="customer", person=person)


def _acts(change: Change, message: dict[str, Any], wamid: str, kind: str, person: Person, by: str) -> list[Expanded]:
    """A reaction, edit or revoke as its event; nothing for a message proper."""
    ts, _ = stamp(message.get("timestamp"), change.received_at)
    sender = (person.name or person.phone or person.username) if person.group else ""
    data: Data
    if kind == "reaction":
        reaction = mapping(message.get("reaction"))
        emoji = first_cluster(prose(reaction.get("emoji")))
        data = MessageReacted(
            target=_target(reaction, "message_id"), emoji=emoji, ts=ts, by=by, message=wamid, sender=sender
        )
    elif kind == "edit":
        edit = mapping(message.get("edit"))
        target, inner = _target(edit, "original_message_id"), mapping(edit.get("message"))
        inner_kind = line(inner.get("type"), 64)
        if not inner_kind:
            raise Invalid("edit without a message")
        content = read_content(inner_kind, inner)
        data = MessageEdited(target=target, ts=ts, by=by, kind=inner_kind, text=content.text, body=content.body)
    elif kind == "revoke":
        data = MessageRevoked(target=_target(mapping(message.get("revoke")), "original_message_id"), ts=ts, by=by)
    else:
        return []
    return [change.item(f"e:{wamid}", _fingerprint(kind, message), data, actor=by, person=person)]


def _target(content: dict[str, Any], key: str) -> str:
    target = ident(content.get(key))
    if not target:
        raise Invalid(f"no {key}")
    return target


def secured_items(change: Change, item: dict[str, Any], person: Person, unique: str) -> list[Expanded]:
    """The customer's security code, where it comes along. Whether it is another than before is for the caller."""
    code = (
        line(mapping(item.get("identity")).get("hash"), 256)
        or line(item.get("recipient_identity_key_hash"), 256)
        or change.people.key_hash(person)
    )
    if not code:
        return []
    ts, _ = stamp(item.get("timestamp"), change.received_at)
    return [change.item(unique, digest(code), ContactSecured(contact="", ts=ts, hash=code), person=person)]


def _quote(message: dict[str, Any]) -> str | None:
    quoted = ident(mapping(message.get("context")).get("id"))
    return quoted if quoted and quoted != _ODD_CONTEXT else None


def _product(context: dict[str, Any]) -> dict[str, str]:
    product = mapping(context.get("referred_product"))
    named = {"catalog": product.get("catalog_id"), "id": product.get("product_retailer_id")}
    return {key: text for key, value in named.items() if (text := line(value, 256))}


def _fingerprint(kind: str, message: dict[str, Any]) -> str:
    """Hash of what was said and when. A copy in history or standby, or one with a fresh link, is no other message."""
    content = message.get(kind)
    if kind in MEDIA_KINDS and isinstance(content, dict) and "url" in content:
        content = {key: value for key, value in content.items() if key != "url"}
    return digest([kind, ident(message.get("timestamp")), content, _quote(message)])
