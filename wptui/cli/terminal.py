"""``wptui`` without a subcommand: the inbox, on a terminal."""

from __future__ import annotations

import os
import sys

from wptui import config, i18n
from wptui.i18n import _
from wptui.model.errors import UsageError


def open_terminal(lang: str | None) -> int:
    """Show the inbox until the agent leaves it; returns the exit code.

    *lang* is the command line's wish, before the setting and the environment. Raises UsageError when
    this is not a terminal, and ConfigError when the settings are wrong: both before Textual is loaded.
    """
    i18n.install(lang)  # in case the settings are what is wrong
    require_terminal()
    settings = config.load()
    i18n.install(lang, settings.lang)
    from wptui.app import run_terminal

    return run_terminal(settings)


def require_terminal() -> None:
    """Raise UsageError unless both the keyboard and the screen are a terminal's, and it can place a cursor."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError(
            _("this is not a terminal, and the inbox needs one"),
            hint=_("`wptui list` prints the inbox as text, `wptui list --json` for programs."),
        )
