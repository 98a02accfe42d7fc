"""Contacts: who a customer is, and under which names."""

from __future__ import annotations

from wptui.model.events.base import Data, event


@event("contact.created")
class ContactCreated(Data):
    """A customer is seen for the first time."""

    contact: str
    kind: str = "person"


@event("contact.aliased")
class ContactAliased(Data):
    """`contact` is also known as `value`. `retired` means it was theirs and is no longer."""

    contact: str
    kind: str
    value: str
    verified: bool = False
    retired: bool = False
    taken: str = ""
    """The contact who was known by it until now."""


@event("contact.profiled")
class ContactProfiled(Data):
    """What is known of a contact changed; None leaves a field as it is, "" clears it."""

    contact: str
    ts: int = 0
    name: str | None = None
    """Profile name, as the customer chose it."""
    username: str | None = None
    phone: str | None = None
    """As shown: "+" and digits."""
    book_name: str | None = None
    """Name in the shop's address book."""


@event("contact.rekeyed")
class ContactRekeyed(Data):
    """Number or user id changed; shown in the thread. Old and new values are safe for show."""

    contact: str
    ts: int
    what: str
    old: str = ""
    new: str = ""


@event("contact.secured")
class ContactSecured(Data):
    """The security code (`hash`) of a contact is known; `changed` shows a notice in the thread."""

    contact: str
    ts: int
    hash: str
    changed: bool = False


@event("contact.opted")
class ContactOpted(Data):
    """Marketing consent: `out` true after a stop."""

    contact: str
    ts: int
    out: bool
    category: str = "marketing_messages"


@event("contact.merged")
class ContactMerged(Data):
    """`contact` and `into` are one person; `into` stays."""

    contact: str
    into: str


@event("contact.edited")
class ContactEdited(Data):
    """An agent, or an import, changed a profile; None leaves a field, and takes an attribute away."""

    contact: str
    name: str | None = None
    """Name in the shop's address book."""
    remark: str | None = None
    attributes: dict[str, str | None] = {}


@event("contact.blocked")
class ContactBlocked(Data):
    """The customer is blocked at Meta on `numbers`, or is no more."""

    contact: str
    blocked: bool
    numbers: list[str] = []


@event("contact.split")
class ContactSplit(Data):
    """The merge that event `merge` made is undone: `contact` is somebody else than `into` again."""

    contact: str
    into: str
    merge: int
