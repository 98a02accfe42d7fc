"""Bytes to plain values, and the few ways in which a plain value of unknown shape is read.

Everything here is total: a value of the wrong type reads as empty. Only `Invalid` and `Unroutable` are raised,
by readers of a whole item, to park that item alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import msgspec

from wptui.model.text import safe, safe_line

BOM = b"\xef\xbb\xbf"
MAX_DEPTH = 64
"""Deeper nesting is refused. Well below every decoder's own limit, which depends on the stack at the time:
the same bytes must always expand to the same items."""
_MAX_DIGITS = 4000  # int() and str() of more digits raise
_YEAR_2009 = 1_230_768_000  # WhatsApp's first year: nothing can be older
_DAY = 86_400
_SURROGATE = re.compile("[\ud800-\udfff]")
_SECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)
_encode = msgspec.json.Encoder(order="sorted").encode


class Malformed(ValueError):
    """The body is no JSON object Meta could have meant."""


class Invalid(ValueError):
    """An item cannot be understood; it is parked, its siblings are not."""


class Unroutable(ValueError):
    """An item names no number or no customer."""


def decode(body: bytes) -> Any:
    """The JSON value in `body`. Raises Malformed for everything that is not UTF-8 JSON of at most `MAX_DEPTH` levels.

    A BOM is taken off, lone surrogates become U+FFFD, the last of two equal keys wins, NaN and Infinity are
    refused, integers may have any size (beyond 4,000 digits they arrive as text).
    """
    body = body.removeprefix(BOM)
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except (msgspec.MsgspecError, ValueError):
        value = _decode_leniently(body)
    if _is_deep(value):
        raise Malformed("nested too deeply")
    return value


def _decode_leniently(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=_constant)
        return _without_surrogates(value)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as problem:
        raise Malformed(f"not JSON: {safe_line(str(problem), 100)}") from None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _number(digits: str) -> float | str:
    value = float(digits)
    return value if math.isfinite(value) else digits


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(each) for key, each in value.items()}
    return value


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _depth in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            each
            for container in level
            for each in (container.values() if type(container) is dict else container)
            if type(each) is dict or type(each) is list
        ]
    return bool(level)


# ── reading values of unknown shape ──────────────────────────────────────────────────────────────────────


def ident(value: Any) -> str:
    """An id, whatever type it came as; "" if it is none. Safe to show, and the same text for the same id."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value.strip()
        return safe(value).replace("\n", "␊").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if value.bit_length() < 3 * _MAX_DIGITS else ""
    return ""


def line(value: Any, limit: int = 0) -> str:
    """Text for one line, safe; numbers as digits, anything else as ""."""
    if isinstance(value, str):
        return safe_line(value, limit)
    if isinstance(value, float):
        return str(value)
    return safe_line(ident(value), limit)


def prose(value: Any) -> str:
    """Text with its line breaks, safe; anything but text is ""."""
    return safe(value) if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects in `value`, if it is a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def whole(value: Any) -> int | None:
    """A whole number given as number or digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _SECONDS.fullmatch(value.strip()):
        return int(value)
    return None


def moment(value: Any, received_at: int) -> int | None:
    """A WhatsApp timestamp in Unix seconds, if it can be believed: after 2008, at most a day after `received_at`."""
    seconds = whole(value)
    if seconds is None or not _YEAR_2009 <= seconds <= received_at + _DAY:
        return None
    return seconds


def stamp(value: Any, received_at: int) -> tuple[int, str | None]:
    """The time to order by, and the timestamp as sent where it cannot be trusted (the time is then `received_at`)."""
    seconds = moment(value, received_at)
    if seconds is not None:
        return seconds, None
    return received_at, line(value, 64)


def clean(value: Any) -> Any:
    """A copy of `value` that may be logged: every text and key safe, every number one that JSON readers take."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else ident(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [clean(each) for each in value]
    if isinstance(value, dict):
        return {safe_line(key): clean(each) for key, each in value.items() if isinstance(key, str)}
    return None


def digest(value: Any) -> str:
    """Hash of the canonical JSON of `value`: sorted keys, no white space."""
    return hashlib.blake2b(_encode(value), digest_size=16).hexdigest()
