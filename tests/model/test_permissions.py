"""The permissions: every command has its least, every role only what there is, and the page says so."""

from __future__ import annotations

from tools import permission_table
from wptui.model import commands as c
from wptui.model.permissions import ALL, COMMANDS, ROLE_TITLES, ROLES, SECTIONS
from wptui.model.settings import SECTIONS as DOCUMENTS


def test_the_page_is_current() -> None:
    assert permission_table.TARGET.read_text("utf-8") == permission_table.table(), "run `make docs`"


def test_every_command_and_every_section_says_what_it_needs() -> None:
    assert set(COMMANDS) == set(c.AnyCommand.__args__)
    assert set(SECTIONS) == set(DOCUMENTS)
    assert {least for least in COMMANDS.values() if least} <= ALL
    assert {each for pair in SECTIONS.values() for each in pair if each} <= ALL


def test_roles_give_only_what_there_is_and_an_owner_everything() -> None:
    assert all(allowed <= ALL for allowed in ROLES.values())
    assert ROLES["owner"] == ALL and set(ROLE_TITLES) == set(ROLES)
