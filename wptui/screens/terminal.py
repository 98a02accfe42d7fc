"""What Textual does not know of terminals: keys it confuses, clipboard, bell, title and desktop notifications."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from wptui.model.text import safe_line

CLIPBOARD_LIMIT = 74_994
"""Bytes of base64 that terminals take in one OSC 52; xterm and tmux cut off or ignore more."""

ESC = "\x1b"


def teach_keys() -> None:
    """Alt+Enter as older terminals send it (ESC CR): Textual would read a plain Enter and send the message."""
    from textual import _ansi_sequences

    keys = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    keys.setdefault("\x1b\r", (SimpleNamespace(value="alt+enter"),))


def in_tmux(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether tmux stands between the program and the terminal."""
    return bool(environ.get("TMUX"))


def through(sequence: str, *, tmux: bool) -> str:
    """`sequence` so that it reaches the terminal behind tmux (`set -g allow-passthrough on`)."""
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{ESC}\\" if tmux else sequence


def clipboard(text: str) -> str | None:
    """The sequence that offers `text` to the terminal's clipboard (OSC 52); None where it is too long."""
    encoded = b64encode(text.encode()).decode()
    # tmux reads OSC 52 itself (set-clipboard), so it is not wrapped.
    return f"{ESC}]52;c;{encoded}\a" if len(encoded) <= CLIPBOARD_LIMIT else None


def title(text: str) -> str:
    """The sequence that names the terminal's window. The text must be safe: it is made so once more here."""
    return f"{ESC}]0;{_plain(text)}{ESC}\\"


def desktop(kind: str, heading: str, text: str, *, tmux: bool) -> str:
    """The sequence of a desktop notification: `kind` is osc9, osc777 or osc99."""
    heading, text = _plain(heading), _plain(text)
    match kind:
        case "osc777":
            # Semicolons part the fields.
            sequence = f"{ESC}]777;notify;{heading.replace(';', ',')};{text.replace(';', ',')}{ESC}\\"
        case "osc99":
            sequence = f"{ESC}]99;i=wptui:d=0;{heading}{ESC}\\{ESC}]99;i=wptui:d=1:p=body;{text}{ESC}\\"
        case _:
            sequence = f"{ESC}]9;{heading}: {text}{ESC}\\"
    return through(sequence, tmux=tmux)


def _plain(text: str) -> str:
    """One safe line: no control character may end the sequence early."""
    return "".join(char for char in safe_line(text, 200) if char.isprintable())
