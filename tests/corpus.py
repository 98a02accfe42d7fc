"""The webhook bodies in `tests/webhooks`, as Meta would put them on the wire, signed.

`index.json` says of each body what it is (`desc`), what should become of it (`outcome`, `expect`), and names
sequences of bodies that only mean something together.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "webhooks"


@cache
def index() -> dict[str, Any]:
    """All of index.json."""
    loaded: dict[str, Any] = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return loaded


def secret() -> str:
    """The app secret the bodies are signed with."""
    return str(index()["app_secret"])


def received_at() -> int:
    """A receive time (Unix seconds) at which every plausible timestamp of the bodies is plausible."""
    return int(index()["t0"]) + 3600


@cache
def payloads() -> dict[str, dict[str, Any]]:
    """File name → its entry in the index."""
    return {entry["file"]: entry for entry in index()["payloads"]}


def files() -> list[str]:
    """The names of all bodies, in order."""
    return list(payloads())


def find(number: int) -> str:
    """The file whose name starts with `number`, e.g. 1 → "001_text_simple.json"."""
    return next(name for name in files() if name.startswith(f"{number:03}_"))


class Wire(NamedTuple):
    """A body as it travels, and the X-Hub-Signature-256 header that goes with it."""

    body: bytes
    signature: str


def pack(value: Any) -> bytes:
    """`value` as Meta writes JSON: compact, ASCII only, slashes escaped."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature(body: bytes, key: str | None = None) -> str:
    """The X-Hub-Signature-256 of `body`."""
    return "sha256=" + hmac.new((key or secret()).encode(), body, hashlib.sha256).hexdigest()


@cache
def wire(file: str) -> Wire:
    """The body of `file` on the wire. Raw-bytes files travel as they are."""
    body = (FOLDER / file).read_bytes()
    if payloads()[file]["form"] == "pretty-utf8":
        body = pack(json.loads(body))
    return Wire(body, signature(body))


def sequences() -> dict[str, dict[str, Any]]:
    """Name → {files, outcome} of the bodies that belong together."""
    return {entry["name"]: entry for entry in index()["sequences"]}
