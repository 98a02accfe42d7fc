"""What every event has in common, and how its data is encoded and read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec


class Data(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Base of all event data; `TYPE` is the event's type, past tense (`noun.past`)."""

    TYPE: ClassVar[str] = ""


class Event(msgspec.Struct, omit_defaults=True):
    """One numbered fact. `seq` is dense per workspace; 0 before the log has numbered it."""

    seq: int
    at: int
    actor: str
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")
    conversation: str | None = None


REGISTRY: dict[str, type[Data]] = {}
"""Type name → class of `data`."""

_encode = msgspec.json.Encoder().encode
_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


def event(name: str) -> Callable[[type[Data]], type[Data]]:
    """Class decorator: registers a `Data` class under its type name."""

    def register(cls: type[Data]) -> type[Data]:
        cls.TYPE = name
        REGISTRY[name] = cls
        return cls

    return register


def make(data: Data, *, at: int, actor: str, conversation: str | None = None) -> Event:
    """An event not yet numbered (`seq` 0) around `data`."""
    return Event(0, at, actor, data.TYPE, msgspec.Raw(_encode(data)), conversation)


def load(ev: Event) -> Any | None:
    """The typed `data` of `ev`, or None where this build does not know its type.

    Raises msgspec.ValidationError if a known type carries data of another shape.
    """
    decoder = _decoders.get(ev.type)
    if decoder is None:
        cls = REGISTRY.get(ev.type)
        if cls is None:
            return None
        decoder = _decoders[ev.type] = msgspec.json.Decoder(cls)
    return decoder.decode(ev.data)
