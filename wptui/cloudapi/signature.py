"""Is a webhook really Meta's: X-Hub-Signature-256 over the raw bytes, and the verify token of the handshake."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


def sign(body: bytes, secret: str) -> str:
    """The value of `HEADER` for `body`: "sha256=" and the HMAC in lower-case hex."""
    return _PREFIX + hmac.new(secret.encode("utf-8", "surrogateescape"), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, header: str | bytes | None, secrets: Iterable[str]) -> bool:
    """Whether `header` signs exactly these bytes with one of `secrets` (two during a rotation).

    Takes the same time wherever a wrong header differs. Empty secrets never match. Never raises: a header
    that is no ASCII, or missing, is simply wrong.
    """
    given = _bytes(header or b"")
    genuine = False
    for secret in secrets:
        # Every secret is tried, so that the time does not tell which one was right.
        genuine |= bool(secret) and hmac.compare_digest(given, sign(body, secret).encode("ascii"))
    return genuine


def is_verify_token(given: str | bytes | None, expected: str) -> bool:
    """Whether the handshake's `hub.verify_token` is ours, compared in constant time; an empty one never is."""
    return bool(expected) and hmac.compare_digest(_bytes(given or b""), _bytes(expected))


def _bytes(value: str | bytes) -> bytes:
    # compare_digest raises on a str outside ASCII; bytes are always compared.
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
