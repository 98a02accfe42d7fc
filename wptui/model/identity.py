"""Who a customer is: aliases, and the keys of contacts and conversations (CLOUD_API.md §8).

A contact is never keyed by something Meta can change. Its key is derived from the first alias it was seen
under, so that expanding the same stored webhooks again gives the same keys.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from enum import StrEnum

import msgspec


class AliasKind(StrEnum):
    """What an alias is. Unique per workspace, except `username`, which customers may change and reuse."""

    BSUID = "bsuid"
    PARENT_BSUID = "parent_bsuid"
    WA_ID = "wa_id"
    USERNAME = "username"
    GROUP = "group"


class Alias(msgspec.Struct, frozen=True, array_like=True):
    """One name a contact is known by. `value` is normalised by `normalise`."""

    kind: AliasKind
    value: str


BSUID = re.compile(r"\b[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}\b")
"""Business-scoped user id: country code, a dot, up to 128 alphanumerics; the parent form has ".ENT."."""


def normalise(kind: AliasKind, value: str) -> str:
    """The one spelling of an alias: digits only for `wa_id`, no "@" and lower case for `username`."""
    value = value.strip()
    if kind is AliasKind.WA_ID:
        return "".join(char for char in value if char in "0123456789")
    if kind is AliasKind.USERNAME:
        return value.removeprefix("@").lower()
    return value


def _key(prefix: str, *parts: str) -> str:
    digest = hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=10).digest()
    return prefix + b32encode(digest).decode().lower()[:13]


def contact_key(alias: Alias, salt: int = 0) -> str:
    """Key of the contact first seen as `alias`; `salt` counts up where an alias has changed hands."""
    return _key("c", alias.kind, alias.value, str(salt) if salt else "")


def conversation_key(contact: str, number: str) -> str:
    """Key of the conversation of `contact` on business number `number` (`phone_number_id`)."""
    return _key("k", contact, number)
