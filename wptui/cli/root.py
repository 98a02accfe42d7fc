"""The click root: global options, and the table of subcommands, each imported when it is called."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    """Parse *arguments* and run the command they name; returns the exit code."""
    raise NotImplementedError
