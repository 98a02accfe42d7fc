"""Where an item was found: the change around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wptui.cloudapi.envelope import Invalid, Unroutable, digest, ident, line, mapping
from wptui.cloudapi.items import Expanded, Item, Parked, Person
from wptui.cloudapi.people import Directory, digits
from wptui.model.events import Data


class Change:
    """One `changes[]` element with what its items share."""

    def __init__(self, waba: str, field: str, value: Any, time: Any, received_at: int) -> None:
        self.waba = waba
        self.field = field
        self.raw = value
        self.value = mapping(value)
        self.time = time
        """entry.time: what tells two equal account messages apart."""
        self.received_at = received_at
        metadata = mapping(self.value.get("metadata"))
        self.number = ident(metadata.get("phone_number_id")) or None
        self.display = digits(metadata.get("display_phone_number"))
        self.people = Directory(self.value.get("contacts"))

    def routed(self) -> str:
        """The business number. Raises Unroutable if the change names none: it is never guessed."""
        if self.number is None:
            raise Unroutable("no phone_number_id")
        return self.number

    def fingerprint(self, part: Any) -> str:
        """Identity of something without an id of its own: what it is, where, and when Meta says it happened."""
        return digest([self.waba, self.field, self.number, ident(self.time), part])

    def item(
        self,
        unique: str,
        fingerprint: str,
        data: Data,
        *,
        actor: str = "meta",
        person: Person | None = None,
        account: bool = False,
    ) -> Item:
        """An item of this change; `account` leaves the number out."""
        return Item(
            unique=unique,
            digest=fingerprint,
            data=data,
            actor=actor,
            number=None if account else self.number,
            person=person,
            waba=self.waba,
        )


def read_each(values: Any, read: Callable[[dict[str, Any]], list[Expanded]]) -> list[Expanded]:
    """`read` of every object in `values`; one that cannot be read is parked alone, null is passed over."""
    if values is None:
        return []
    if not isinstance(values, list):
        return [Parked(reason="invalid", note="no list")]
    found: list[Expanded] = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, dict):
            found.append(Parked(reason="invalid", note="no object"))
            continue
        found += read_one(value, read)
    return found


def read_one(value: dict[str, Any], read: Callable[[dict[str, Any]], list[Expanded]]) -> list[Expanded]:
    """`read(value)`, or `value` parked."""
    try:
        return read(value)
    except Unroutable as problem:
        reason, note = "unroutable", str(problem)
    except Invalid as problem:
        reason, note = "invalid", str(problem)
    except Exception as problem:  # a shape nobody has thought of must not cost the siblings
        reason, note = "invalid", f"{type(problem).__name__}: {problem}"
    return [Parked(reason=reason, note=line(note, 200), item=ident(value.get("id")))]
