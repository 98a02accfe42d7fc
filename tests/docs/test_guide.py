"""What the user guide shows of settings, filters and keys is what the program takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from wptui.editing import canned
from wptui.model import settings
from wptui.screens.actions import ACTIONS
from wptui.store import filters
from wptui.store.inbox import Sort

GUIDE = (Path(__file__).parents[2] / "docs" / "user-guide.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml ?(\w*)\n(.*?)```", GUIDE, re.DOTALL)


def parsed(section: str, text: str) -> Any:
    return canned.parse(text) if section == "canned" else settings.parse(section, text)


@pytest.mark.parametrize(("section", "text"), EXAMPLES, ids=[section for section, _text in EXAMPLES])
def test_examples_can_be_saved(section: str, text: str) -> None:
    document = parsed(section, text)
    if section == "filters":
        for saved in document.values():
            assert filters.parse(saved.filter).terms
            assert saved.sort in set(Sort)


def test_each_section_has_an_example_but_rules_which_have_a_page() -> None:
    assert {section for section, _text in EXAMPLES} == {"canned", *settings.SECTIONS} - {"rules"}


def test_filter_terms_of_the_table_are_understood() -> None:
    table = GUIDE[GUIDE.index("| term | finds |") : GUIDE.index("## A team")]
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for term in re.findall(r"`([^`]+)`", row):
            assert filters.parse(term).terms


def test_function_keys_and_what_stands_in_the_palette_are_the_program_s() -> None:
    chapter = GUIDE[GUIDE.index("## A team") : GUIDE.index("## Keys")]
    keys = {key for action in ACTIONS for key in action.keys}
    titles = {action.title for action in ACTIONS}
    prose = re.sub(r"```.*?```", "", chapter, flags=re.DOTALL)
    assert set(re.findall(r"`(f\d+)`", prose)) <= keys
    assert set(re.findall(r"\*([^*\n]+)\* in\s+`ctrl\+p`", prose)) <= titles
