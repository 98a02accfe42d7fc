"""Campaign codes in a customer's first message, and what an ad referral is called (METRICS.md, attribution)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wptui.model.text import fold

_WORD = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")


def find_code(text: str, codes: Iterable[str]) -> str | None:
    """The first of `codes` that stands in `text` as a whole word, in Turkish case folding ("kış24" is "KIŞ24")."""
    wanted = {fold(code.lstrip("#")): code for code in codes}
    if not wanted:
        return None
    folded = fold(text)
    for word in _WORD.finditer(folded):
        if word.group() in wanted:
            return wanted[word.group()]
    return next(
        (wanted[code] for code in wanted if " " in code and re.search(rf"\b{re.escape(code)}\b", folded)),
        None,
    )


def referral_code(source_id: str) -> str:
    """The campaign code given to an ad nobody has named yet: "AD-" and the end of its id."""
    return "AD-" + source_id[-6:]
