"""Paths as an agent types them."""

from __future__ import annotations

import os
from pathlib import Path

SHOWN = 12
"""Candidates shown at most."""


def typed_path(text: str) -> Path:
    """What `text` names: `~`, and quotes as a terminal puts them around a dropped file."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return Path(text.replace("\\ ", " ")).expanduser()


def complete(text: str) -> tuple[str, list[str]]:
    """`text` completed as far as it is clear, and the names it could go on with (folders end in "/")."""
    folder, _slash, begun = text.rpartition("/")
    where = typed_path(folder or ("/" if text.startswith("/") else "."))
    try:
        with os.scandir(where) as entries:
            found = sorted(
                entry.name + ("/" if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(begun) and (begun.startswith(".") or not entry.name.startswith("."))
            )
    except OSError:
        return text, []
    if not found:
        return text, []
    shared = os.path.commonprefix(found)  # noqa: RUF071  (names of one folder, letter by letter)
    return text[: len(text) - len(begun)] + (shared or begun), found[:SHOWN]
