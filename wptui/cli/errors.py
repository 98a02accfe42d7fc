"""How a failure reaches the user of a command: one sentence, a hint, an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from wptui.i18n import _
from wptui.model.errors import UsageError, WptuiError

FAILED = 1
USAGE = 2


def guard(run: Callable[[list[str]], int], arguments: list[str]) -> int:
    """The exit code of *run*; what it raises is told on stderr and turned into one."""
    try:
        code = run(arguments)
        sys.stdout.flush()  # a reader that is gone shows here, not in the interpreter's last breath
        return code
    except WptuiError as error:
        tell(error)
        return USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)  # ends the line with the terminal's ^C
        return FAILED
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        # `wptui list | head`: nobody is reading any more, and that is all right
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def tell(error: WptuiError) -> None:
    """Write *error* and its hint to stderr."""
    print(f"wptui: {error}", file=sys.stderr)
    if error.hint:
        print(_("hint: {hint}").format(hint=error.hint), file=sys.stderr)
