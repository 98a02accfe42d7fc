"""Variables of canned replies: `{{customer.first_name|efendim}}` is the first name, or "efendim" where it is not known."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\{\{\s*([a-z_.]+)\s*(?:\|([^{}]*))?\}\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with its variables filled from `values`; one that has neither value nor default stays as it is."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1], "")
        if known:
            return known
        return found[2].strip() if found[2] is not None else found[0]

    return _VARIABLE.sub(value, text)


def missing(text: str) -> list[str]:
    """The variables still to fill in `text`, in order."""
    return [found[1] for found in _VARIABLE.finditer(text)]


def variables(
    *, customer: str = "", phone: str = "", agent: str = "", workspace: str = "", number: str = ""
) -> dict[str, str]:
    """The values there are, from full names: the first word of a name is the first name."""
    return {
        "customer.name": customer,
        "customer.first_name": customer.split()[0] if customer.split() else "",
        "customer.phone": phone,
        "agent.name": agent,
        "agent.first_name": agent.split()[0] if agent.split() else "",
        "workspace.name": workspace,
        "number.name": number,
    }
