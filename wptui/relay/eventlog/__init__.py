"""The event log: one contract (`contract`), engines beside it; `open_log` chooses the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.relay.eventlog.contract import Append, Entry, EventLog, Group, LeaseState, Outcome, Raw

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Append", "Entry", "EventLog", "Group", "LeaseState", "Outcome", "Raw", "make_log"]


def make_log(database: str | Path, *, read_only: bool = False) -> EventLog:
    """The log kept in `database`, not yet opened: a path is SQLite's.

    Raises ConfigError for the address of an engine this build does not have.
    """
    from pathlib import Path

    if "://" in str(database):
        from wptui.i18n import _
        from wptui.model.errors import ConfigError

        scheme = str(database).partition("://")[0]
        raise ConfigError(
            _("This build keeps its log in SQLite; it has no engine for {scheme}:// databases.").format(scheme=scheme),
            hint=_("Set WPTUI_DATABASE to a file path."),
        )
    from wptui.relay.eventlog.sqlite import SqliteEventLog

    return SqliteEventLog(Path(database), read_only=read_only)
