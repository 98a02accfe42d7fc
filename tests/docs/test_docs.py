"""The documentation says what the program does: keys, links, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import key_table

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_table_of_keys_is_current() -> None:
    assert key_table.TARGET.read_text("utf-8") == key_table.guide(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_named_in_the_pages_exist(page: Path) -> None:
    from wptui.cli.root import COMMANDS

    named = set(re.findall(r"`wptui ([a-z]+)", page.read_text("utf-8")))
    assert named <= set(COMMANDS) | {"agent"}, named - set(COMMANDS)
