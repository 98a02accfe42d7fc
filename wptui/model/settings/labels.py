"""Section `labels`: colours, groups and meanings of labels. A label that is not listed works, in the plain colour.

[iade]
colour = "red"
group = "sipariş"
help = "The customer wants to send something back"
"""

from __future__ import annotations

from typing import Literal

from wptui.model.settings.base import Entry

Colour = Literal["", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "grey"]


class LabelEntry(Entry):
    """One label; the table's name is the label."""

    colour: Colour = ""
    group: str = ""
    """Labels of a group are shown together."""
    help: str = ""


Labels = dict[str, LabelEntry]
