"""The man page says what the commands say."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from wptui.cli import manpage
from wptui.cli.root import COMMANDS

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "wptui.1"


def test_it_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == manpage.page(), "make man"


def test_every_command_has_its_entry() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f'.SS "wptui {name} ' in text for name in COMMANDS)


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        ("--json", r"\-\-json"),
        (".TH x", r"\&.TH x"),
        ("'x", r"\&'x"),
        ("a\\b", r"a\eb"),
        ("`wptui list`", r"\fBwptui list\fR"),
        ("…", r"\[u2026]"),
    ],
)
def test_no_text_is_taken_for_markup(text: str, roff: str) -> None:
    assert manpage.escape(text) == roff


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_groff_has_nothing_to_complain_about() -> None:
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", PAGE], capture_output=True, text=True, check=True)
    assert done.stderr == ""
