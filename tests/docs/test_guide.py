"""What the user guide shows of settings, filters and keys is what the program takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from wptui.editing import canned
from wptui.model import settings
from wptui.screens.actions import ACTIONS, KeyMap
from wptui.store import filters
from wptui.store.inbox import Sort

GUIDE = (Path(__file__).parents[2] / "docs" / "user-guide.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml ?(\w*)\n(.*?)```", GUIDE, re.DOTALL)
CHAPTER = GUIDE[GUIDE.index("## A team") : GUIDE.index("## Keys")]
TOLD = (
    "inbox.next", "inbox.find", "inbox.sort", "inbox.view", "inbox.view_late", "inbox.view_mentions",
    "inbox.view_following", "inbox.save_filter", "conversation.assign", "conversation.take", "conversation.give_back",
    "conversation.transfer", "conversation.priority", "conversation.follow", "conversation.macro", "conversation.label",
    "contact.profile", "team.duty", "team.show", "team.mentions", "team.audit", "settings.edit", "settings.editor",
)  # fmt: skip
"""Commands that the chapter about the team names by their keys."""


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


@pytest.mark.parametrize("command", TOLD)
def test_the_team_s_keys_are_named(command: str) -> None:
    assert f"`{KeyMap({}).labels(command).split()[0]}`" in CHAPTER


def test_the_keys_of_a_held_answer_are_shown() -> None:
    keys = KeyMap({})
    assert f"{keys.label('composer.force')} send anyway" in CHAPTER
    assert f"{keys.label('composer.give_up')} discard" in CHAPTER


def test_what_the_chapter_finds_in_the_palette_is_there() -> None:
    named = set(re.findall(r"\*([^*\n]+)\* in\s+`ctrl\+p`", CHAPTER))
    assert named and named <= {action.title for action in ACTIONS}
