"""The first start, a cache that cannot be read, and an access that was withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.looking import screen_text, shows, until
from tests.screens.stage import Stage
from wptui.app import WptuiApp, run_terminal
from wptui.config import Settings, parse
from wptui.model.errors import ConfigError, UsageError
from wptui.screens.actions import ACTIONS, KeyMap, key_label
from wptui.screens.command_screen import commands_of
from wptui.screens.desk import Desk
from wptui.sync.credentials import Places
from wptui.sync.state import Kind, LinkChange


async def test_without_an_account_the_first_steps_are_shown() -> None:
    app = WptuiApp(Desk(Settings(), None))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Welcome to wptui", "wptui demo", "wptui login https://")
        await pilot.press("q")
    assert app.return_code == 0


async def test_withdrawn_access_takes_the_customers_from_screen_and_disk(stage: Stage) -> None:
    stage.files.media.mkdir()
    (stage.files.media / "photo.jpg").write_bytes(b"x")
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "ctrl+p")
        stage.relay.become(Kind.REFUSED, code="revoked", detail="This terminal's access to the relay was withdrawn")
        await shows(pilot, "access to the relay was withdrawn", "wptui login")
        assert "Ahmet" not in screen_text(pilot) and "sipariş" not in screen_text(pilot)
        assert not stage.files.cache.exists() and not stage.files.outbox.exists()
        assert not stage.files.media.exists()
        await pilot.press("q")


async def test_a_damaged_cache_is_said_and_the_new_one_is_shown(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    good = stage.files
    broken = Places(tmp_path / "broken.db", good.outbox, good.media)
    broken.cache.write_bytes(b"this is no database, " * 400)
    stage.files = broken
    app = stage.make()
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "The conversations cannot be read")
        await until(pilot, lambda: stage.link)
        stage.app.desk.files = good  # the link has filled another file
        stage.relay.tell(LinkChange(rebuilt=True))
        await shows(pilot, "Ahmet Yılmaz")


def test_not_a_terminal_is_refused_in_words() -> None:
    with pytest.raises(UsageError, match="not a terminal"):
        run_terminal(Settings())


def test_keys_that_clash_or_belong_to_nothing_are_told_with_file_and_line(tmp_path: Path) -> None:
    def keys_of(text: str) -> KeyMap:
        file = tmp_path / "config.toml"
        file.write_text(text)
        import os

        os.environ["WPTUI_CONFIG"] = str(file)
        try:
            return KeyMap(parse(text, str(file)).keys)
        finally:
            del os.environ["WPTUI_CONFIG"]

    with pytest.raises(ConfigError, match=r"config\.toml:3: keys\.inbox\.open: the key n is already inbox\.next's"):
        keys_of('lang = "en"\n[keys]\ninbox.open = "n"\n')
    with pytest.raises(ConfigError, match=r'config\.toml:2: keys\.inbox\.nxt: there is no command "inbox\.nxt"; did'):
        keys_of('[keys]\ninbox.nxt = "n"\n')
    swapped = keys_of('[keys]\ninbox.next = "e"\nconversation.resolve = ["n", "f8"]\n')
    assert swapped.labels("conversation.resolve") == "n f8"
    found = swapped.find("e", "e", ["inbox", "main"])
    assert found is not None and found.id == "inbox.next"
    assert keys_of("[keys]\ninbox.next = []\n").find("n", "n", ["inbox", "main"]) is None


def test_the_commands_defaults_do_not_clash_and_each_is_done_by_somebody() -> None:
    keymap = KeyMap({})
    for key in {key for action in ACTIONS for key in action.keys}:
        for focus in ("inbox", "thread", "composer"):
            character = key if len(key) == 1 else None
            if focus == "composer" and character:
                continue
            holders = [action for action in ACTIONS if key in action.keys and action.where in (focus, "main")]
            assert len(holders) <= 1, (key, [action.id for action in holders])
            if holders:
                assert keymap.find(key, character, [focus, "main"]) is holders[0]  # type: ignore[list-item]
    for action in ACTIONS:
        group, _dot, name = action.id.partition(".")
        assert callable(getattr(commands_of(group, None), name)), action.id  # type: ignore[arg-type]
        assert action.title and action.help and action.group


def test_keys_are_written_briefly() -> None:
    assert [key_label(key) for key in ("ctrl+t", "alt+enter", "escape", "+", "?", "f5")] == [
        "^t", "alt-enter", "esc", "+", "?", "f5",
    ]  # fmt: skip
