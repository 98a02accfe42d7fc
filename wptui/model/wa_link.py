"""wa.me links: a tap opens WhatsApp with our number and a text to send, in which a campaign's code may stand."""

from __future__ import annotations

from urllib.parse import quote

TEXT = 1000
"""Longest text, in characters: a QR code with more is hard to scan."""


def wa_link(phone: str, text: str = "") -> str:
    """The link to write to `phone` (any spelling with its country code) with `text` filled in."""
    digits = "".join(char for char in phone if char in "0123456789")
    return f"https://wa.me/{digits}" + (f"?text={quote(text, safe='')}" if text else "")


def with_code(text: str, code: str) -> str:
    """`text` with the campaign's `code` as a word of it, unless it is there already; so that replies are attributed."""
    if not code or code in text.split():
        return text
    return f"{text} {code}".strip()
