"""QR codes: as half blocks for a terminal, as ASCII where it cannot draw them, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wptui.i18n import _
from wptui.model.errors import StorageError, UsageError

BORDER = 2
"""Modules of quiet zone around the code."""
FORMATS = (".svg", ".png")

_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def _code(text: str) -> Any:
    import segno

    return segno.make(text, error="m", micro=False)


def drawn(text: str, *, ascii_only: bool = False, light: bool = True) -> list[str]:
    """The code of `text` as lines. Blocks are what is light in it, for light letters on a dark ground.

    `light=False` is for dark letters on a light ground. Half blocks put two modules into a cell; in ASCII a module
    is two cells wide.
    """
    matrix = [[bool(cell) is not light for cell in row] for row in _code(text).matrix_iter(border=BORDER)]
    if ascii_only:
        return ["".join("##" if filled else "  " for filled in row) for row in matrix]
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    return [
        "".join(_HALVES[top, bottom] for top, bottom in zip(upper, lower, strict=True))
        for upper, lower in zip(matrix[::2], matrix[1::2], strict=True)
    ]


def save(text: str, path: Path) -> None:
    """Writes the code of `text` as SVG or PNG, by the file's ending. Raises UsageError and StorageError."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(_("A QR code is saved as .svg or .png."))
    try:
        _code(text).save(str(path), scale=10, border=4)
    except OSError as error:
        raise StorageError(_("{path} cannot be written: {error}").format(path=path, error=error)) from error
