"""What a webhook body turns into, before anybody is looked up: items, re-keyings, and what had to be parked."""

from __future__ import annotations

import msgspec

from wptui.model.events import Data
from wptui.model.identity import Alias


class Person(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Who an item is about, as Meta names them. Nothing is looked up yet."""

    aliases: list[Alias]
    """Normalised, strongest first: bsuid, parent_bsuid, wa_id. A username is not among them."""
    name: str = ""
    """Profile name, one safe line."""
    username: str = ""
    """As the customer writes it, without "@"."""
    phone: str = ""
    """"+90555…" where a wa_id is known."""
    group: str = ""
    """group_id: the conversation is the group's, and `aliases` are the participant's."""
    verified_phone: str = ""
    """The sender's own number ("+90555…"), proved by a contact_request card."""


class Item(msgspec.Struct, kw_only=True):
    """One thing that happened, ready to be logged once `person` is resolved.

    `data` fields that name a contact are empty, and `WebhookLogged.raw` is 0: the caller fills them in.
    """

    unique: str
    """Idempotency key: "m:<wamid>", "s:<wamid>:<status>:<recipient>", "e:<wamid of the reaction/edit/revoke>",
    "k:<…>" (security code), "c:<call>:<event>", "h:<hash of the change value>"."""
    digest: str
    """Hash of the content: same `unique` and another digest is a conflict."""
    data: Data
    actor: str
    """customer, meta, phone or ai."""
    number: str | None
    """phone_number_id; None for account-level items."""
    person: Person | None = None
    """None for account-level items, and for a status that names no recipient (its wamid finds the message)."""
    waba: str = ""


class Rekey(msgspec.Struct, kw_only=True):
    """The number or user id of a customer changed: whoever is `old` is now `new`.

    An alias that stays (say, the phone number when only the user id changed) stands in `new`.
    """

    unique: str
    digest: str
    ts: int
    what: str
    """user_changed_number, user_changed_user_id, or an older name of Meta's."""
    number: str | None
    old: list[Alias]
    new: list[Alias]
    name: str = ""


class Parked(msgspec.Struct, kw_only=True):
    """What cannot become an event. `reason` is dead_letter, unroutable, invalid or foreign."""

    reason: str
    note: str = ""
    item: str = ""
    """Id of the item (wamid …) where it has one."""


Expanded = Item | Rekey | Parked
