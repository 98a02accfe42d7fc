"""Section `macros`: acts on one key, shared or one's own.

[kargo]
title = "Shipping delayed"
key = "f6"
do = [{canned = "kargo"}, {label = "kargo"}, {resolve = true}]
"""

from __future__ import annotations

from collections.abc import Iterator

from wptui.model.settings import acts
from wptui.model.settings.acts import Act
from wptui.model.settings.base import Entry, SettingsError
from wptui.model.words import N_


class Macro(Entry):
    """One macro; its id is the table's name."""

    do: list[Act]
    title: str = ""
    key: str = ""
    """A key as in config.toml's `[keys]`; "" is reached by the picker."""


Macros = dict[str, Macro]


def check(macros: Macros) -> Iterator[SettingsError]:
    """What the types alone allow."""
    keys: dict[str, str] = {}
    for id, macro in macros.items():
        yield from acts.check(macro.do, (id, "do"), by_agent=True)
        if macro.key:
            other = keys.setdefault(macro.key, id)
            if other != id:
                yield SettingsError(N_('the macro "{other}" has this key'), {"other": other}, path=(id, "key"))
