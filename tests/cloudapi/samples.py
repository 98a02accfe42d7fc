"""Small webhook bodies, made of what a test is about."""

from __future__ import annotations

from typing import Any

from tests.corpus import index, pack, received_at
from wptui.cloudapi.webhook import Expanded, Item, Parked, Rekey, expand

NOW = received_at()
SENT = str(index()["t0"])
AYSE = {"profile": {"name": "Ayşe"}, "wa_id": "905550000001", "user_id": "TR.1"}


def body(*changes: dict[str, Any]) -> bytes:
    """The wire form of one entry with these changes."""
    entry = {"id": index()["waba"], "time": index()["t0"], "changes": list(changes)}
    return pack({"object": "whatsapp_business_account", "entry": [entry]})


def change(field: str = "messages", **value: Any) -> dict[str, Any]:
    """A change of our number, with Ayşe among the contacts."""
    metadata = {"display_phone_number": "90 555 000 0010", "phone_number_id": index()["phone_number_id"]}
    return {"field": field, "value": {"metadata": metadata, "contacts": [AYSE], **value}}


def message(**parts: Any) -> dict[str, Any]:
    """A message of Ayşe's."""
    return {"id": "wamid.1", "from": "905550000001", "from_user_id": "TR.1", "timestamp": SENT, **parts}


def expand_changes(*changes: dict[str, Any]) -> list[Expanded]:
    return expand(body(*changes), NOW)


def items(found: list[Expanded]) -> list[Item]:
    return [item for item in found if isinstance(item, Item)]


def only(found: list[Expanded]) -> Item:
    """The one item there is."""
    (item,) = found
    assert isinstance(item, Item), item
    return item


def received(**parts: Any) -> Any:
    """The event of one message of Ayşe's."""
    return only(expand_changes(change(messages=[message(**parts)]))).data


def parked(found: list[Expanded]) -> list[tuple[str, str]]:
    return [(item.reason, item.item) for item in found if isinstance(item, Parked)]


def rekeys(found: list[Expanded]) -> list[Rekey]:
    return [item for item in found if isinstance(item, Rekey)]
