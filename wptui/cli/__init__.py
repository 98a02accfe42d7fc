"""The command line: `main` is what the ``wptui`` script runs.

Nothing here is imported before it is needed: ``wptui --version`` loads no library, a bare ``wptui``
no click, and each subcommand only its own module.
"""

from __future__ import annotations

import sys

from wptui import __version__


def main(argv: list[str] | None = None) -> int:
    """Run ``wptui`` with *argv* (default: the process's arguments).

    Returns the exit code: 0 done, 1 failed, 2 usage. Errors are told on stderr, never as a traceback
    unless they are a fault of the program.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        print(f"wptui {__version__}")
        return 0
    from wptui.cli.errors import guard

    return guard(_run, arguments)


def _run(arguments: list[str]) -> int:
    import os

    if not arguments and "_WPTUI_COMPLETE" not in os.environ:
        from wptui.cli.terminal import open_terminal

        return open_terminal(None)
    from wptui.cli.root import run

    return run(arguments)
