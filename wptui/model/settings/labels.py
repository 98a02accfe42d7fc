"""Section `labels`: colours, groups and meanings of labels. A label that is not listed works, in the plain colour.

[iade]
colour = "red"
group = "sipariş"
help = "The customer wants to send something back"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from wptui.model.settings.base import Entry, SettingsError
from wptui.model.text import fold
from wptui.model.words import N_

LONGEST = 40
"""Characters of a label."""

Colour = Literal["", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "grey"]


class LabelEntry(Entry):
    """One label; the table's name is the label."""

    colour: Colour = ""
    group: str = ""
    """Labels of a group are shown together."""
    help: str = ""


Labels = dict[str, LabelEntry]


def check(labels: Labels) -> Iterator[SettingsError]:
    """What the types alone allow. Labels that differ only in case or accents would be taken for each other."""
    seen: dict[str, str] = {}
    for name in labels:
        if not name.strip() or name != name.strip() or len(name) > LONGEST or "\n" in name:
            yield SettingsError(N_("a label is one line of up to {n} characters"), {"n": LONGEST}, path=(name,))
        other = seen.setdefault(fold(name), name)
        if other != name:
            yield SettingsError(N_('is the same label as "{other}"'), {"other": other}, path=(name,))
