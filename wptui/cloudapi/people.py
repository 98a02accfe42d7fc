"""Who an item is about: ids on the item itself, completed from the `contacts` of the same change.

Contacts are matched by user id, then by wa_id, never by their place in the array (CLOUD_API.md §4).
"""

from __future__ import annotations

from typing import Any

from wptui.cloudapi.envelope import ident, line, mapping, rows
from wptui.cloudapi.items import Person
from wptui.model.identity import BSUID, Alias, AliasKind, normalise

NAME_LIMIT = 256


class Directory:
    """The `contacts` of one change."""

    def __init__(self, contacts: Any) -> None:
        self._by_user: dict[str, dict[str, Any]] = {}
        self._by_phone: dict[str, dict[str, Any]] = {}
        for contact in rows(contacts):
            if user := ident(contact.get("user_id")):
                self._by_user.setdefault(user, contact)
            if wa_id := digits(contact.get("wa_id")):
                self._by_phone.setdefault(wa_id, contact)

    def person(self, user: Any = None, parent: Any = None, phone: Any = None, group: Any = None) -> Person | None:
        """The person with these ids (any may be missing or of a wrong type), or None if there is none at all."""
        user_id, parent_id, wa_id = ident(user), ident(parent), digits(phone)
        if not user_id and not wa_id and BSUID.fullmatch(ident(phone)):
            user_id = ident(phone)
        contact = self._by_user.get(user_id) or self._by_phone.get(wa_id)
        profile: dict[str, Any] = {}
        if contact is not None:
            profile = mapping(contact.get("profile"))
            # What the item says itself comes first: a contact may name another number than the one dialled.
            user_id = user_id or ident(contact.get("user_id"))
            parent_id = parent_id or ident(contact.get("parent_user_id"))
            wa_id = wa_id or digits(contact.get("wa_id"))
        aliases = aliases_of(user_id, parent_id, wa_id)
        if not aliases:
            return None
        return Person(
            aliases=aliases,
            name=line(profile.get("name"), NAME_LIMIT),
            username=line(profile.get("username"), NAME_LIMIT).removeprefix("@"),
            phone="+" + wa_id if wa_id else "",
            group=ident(group),
        )

    def sender(self, item: dict[str, Any]) -> Person | None:
        """The customer who wrote or called."""
        return self.person(
            item.get("from_user_id"), item.get("from_parent_user_id"), item.get("from"), item.get("group_id")
        )

    def addressee(self, item: dict[str, Any], thread: Any = None) -> Person | None:
        """The customer whom the business wrote to or called; `thread` is the id of the history thread, if any."""
        user = item.get("to_user_id") or item.get("recipient_user_id")
        parent = item.get("to_parent_user_id") or item.get("recipient_parent_user_id")
        phone = item.get("to") or item.get("recipient") or thread
        if item.get("recipient_type") == "group":
            group = ident(phone)
            return Person(aliases=[], group=group) if group else None
        return self.person(user, parent, phone, item.get("group_id"))

    def key_hash(self, person: Person) -> str:
        """The security code of `person`, where Meta sends it along."""
        for alias in person.aliases:
            source = self._by_phone if alias.kind is AliasKind.WA_ID else self._by_user
            if found := line(source.get(alias.value, {}).get("identity_key_hash")):
                return found
        return ""


def digits(value: Any) -> str:
    """A wa_id in its one spelling, or "" if `value` is no phone number."""
    text = ident(value)
    if not text or any(char.isalpha() for char in text):
        return ""
    return normalise(AliasKind.WA_ID, text)


def aliases_of(user: str = "", parent: str = "", phone: str = "") -> list[Alias]:
    """The aliases that are there, strongest first."""
    named = ((AliasKind.BSUID, user), (AliasKind.PARENT_BSUID, parent), (AliasKind.WA_ID, phone))
    return [Alias(kind, normalise(kind, value)) for kind, value in named if value]
