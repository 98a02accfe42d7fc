"""The command line: `main` is what the ``wptui`` script runs.

This module imports nothing that costs: ``wptui --version`` and a bare ``wptui`` never load click.
"""

from __future__ import annotations

import sys

from wptui import __version__


def main(argv: list[str] | None = None) -> int:
    """Run ``wptui`` with *argv* (default: the process's) and return its exit code: 0 done, 1 failed, 2 usage."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:
        print(f"wptui {__version__}")
        return 0
    from wptui.cli.root import run

    return run(arguments)
