"""Section `macros`: acts on one key, shared or one's own.

[kargo]
title = "Shipping delayed"
key = "f6"
do = [{canned = "kargo"}, {label = "kargo"}, {resolve = true}]
"""

from __future__ import annotations

from wptui.model.settings.acts import Act
from wptui.model.settings.base import Entry


class Macro(Entry):
    """One macro; its id is the table's name."""

    do: list[Act]
    title: str = ""
    key: str = ""
    """A key as in config.toml's `[keys]`; "" is reached by the picker."""


Macros = dict[str, Macro]
