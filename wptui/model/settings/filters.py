"""Section `filters`: views by a filter line, shared or one's own.

[late-sales]
title = "Late in sales"
filter = "is:late department:satis"
sort = "waiting"
"""

from __future__ import annotations

from wptui.model.settings.base import Entry


class SavedFilter(Entry):
    """One view; its id is the table's name. `sort` is an order of the inbox (`store.inbox.Sort`)."""

    filter: str
    title: str = ""
    sort: str = "waiting"


Filters = dict[str, SavedFilter]
