"""Section `filters`: views by a filter line, shared or one's own.

[late-sales]
title = "Late in sales"
filter = "is:late department:satis"
sort = "waiting"
"""

from __future__ import annotations

from collections.abc import Iterator

from wptui.model.settings.base import Entry, SettingsError
from wptui.model.words import N_


class SavedFilter(Entry):
    """One view; its id is the table's name. `sort` is an order of the inbox (`store.inbox.Sort`)."""

    filter: str
    title: str = ""
    sort: str = "waiting"


Filters = dict[str, SavedFilter]


def check(filters: Filters) -> Iterator[SettingsError]:
    """What the types alone allow. Whether the line is understood is known where the store is (`store.filters`)."""
    for id, saved in filters.items():
        if not saved.filter.strip() or "\n" in saved.filter:
            yield SettingsError(N_("a filter is one line"), path=(id, "filter"))
