"""Asks the terminal where its cursor is, to learn how many cells it gives a text."""

from __future__ import annotations

import os
import re
import select
import sys
import time

_ANSWER = re.compile(rb"\x1b\[\d+;(\d+)R")
PATIENCE = 0.5
"""Seconds to wait for the terminal's answer; a slow SSH link takes 0.3."""


def measure(texts: list[str]) -> dict[str, int] | None:
    """The cells each of *texts* takes, or None where there is no terminal to ask or it does not answer."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
    sys.stdout.flush()
    before = termios.tcgetattr(keyboard)
    found: dict[str, int] = {}
    try:
        tty.setcbreak(keyboard)
        for text in texts:
            os.write(screen, b"\r" + text.encode() + b"\x1b[6n")
            column = _column(keyboard)
            os.write(screen, b"\r\x1b[K")
            if column is None:
                return None
            found[text] = column - 1
    finally:
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)  # also drops an answer that came too late
    return found


def _column(keyboard: int) -> int | None:
    """The column, from 1, of the cursor position report that arrives on *keyboard*."""
    answer = b""
    deadline = time.monotonic() + PATIENCE
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([keyboard], [], [], left)[0]:
            break
        answer += os.read(keyboard, 64)
        if match := _ANSWER.search(answer):
            return int(match[1])
    return None
