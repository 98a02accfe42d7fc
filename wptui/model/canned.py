"""The variables of canned replies, {{customer.first_name|efendim}}, and in which language a customer is written to."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\{\{\s*([\w.]{1,64})\s*(?:\|([^{}\n]{0,100}))?\}\}")

VARIABLES = (
    "customer.name", "customer.first_name", "customer.phone", "customer.username", "agent.name", "agent.first_name",
    "workspace", "number", "department", "campaign", "order.items", "order.total", "hours.today", "hours.next",
)  # fmt: skip
"""The variables there are, beside contacts' attributes (`customer.<attribute>`, and those called `order…`)."""

_COUNTRIES: dict[str, str] = {
    "90": "tr",
    "994": "az",
    "49": "de",
    "43": "de",
    "33": "fr",
    "34": "es",
    "39": "it",
    "31": "nl",
    "351": "pt",
    "55": "pt",
    "30": "el",
    "359": "bg",
    "40": "ro",
    "48": "pl",
    "380": "uk",
    "7": "ru",
    "966": "ar",
    "971": "ar",
    "964": "ar",
    "20": "ar",
    "98": "fa",
    "44": "en",
    "1": "en",
}
"""Calling code → the language most people there read."""


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with what is known put in; what is not takes its fallback, or stays as a place to fill in."""

    def put(match: re.Match[str]) -> str:
        known = values.get(match[1], "")
        if known:
            return known
        fallback: str | None = match[2]
        return "{{" + match[1] + "}}" if fallback is None else fallback.strip()

    return _VARIABLE.sub(put, text)


def variables(text: str) -> list[str]:
    """The variables that `text` names, in order."""
    return [match[1] for match in _VARIABLE.finditer(text)]


def unfilled(text: str) -> str:
    """The first variable that `text` (after `fill`) still has; "" where it is complete."""
    found = _VARIABLE.search(text)
    return found[1] if found else ""


def first_name(name: str) -> str:
    """The first of the names, where it is one: an emoji or a phone number is none."""
    word = name.split()[0] if name.split() else ""
    return word if any(char.isalpha() for char in word) else ""


def language_of(preference: str, phone: str) -> str:
    """The language code to write to a customer in: their attribute `language`, else that of the number's country.

    `phone` is "+" and digits. "" where neither says.
    """
    if preference.strip():
        return preference.strip()
    if not phone.startswith("+"):
        return ""
    return next((_COUNTRIES[phone[1 : 1 + n]] for n in (3, 2, 1) if phone[1 : 1 + n] in _COUNTRIES), "")


def variant(text: str, texts: Mapping[str, str], language: str) -> str:
    """The variant of `texts` (by language code) for `language`: the code itself, else its first part, else `text`."""
    wanted = language.replace("-", "_").lower()
    by_code = {code.replace("-", "_").lower(): each for code, each in texts.items()}
    return by_code.get(wanted) or by_code.get(wanted.partition("_")[0]) or text
