"""Every size of window, both ways, while the program runs."""

from __future__ import annotations

import pytest

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import Stage


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 15), (80, 24), (100, 30), (119, 40), (120, 40), (200, 60)])
async def test_no_size_breaks_the_screen(stage: Stage, size: tuple[int, int]) -> None:
    async with stage.app.run_test(size=size) as pilot:
        if size == (20, 5):
            await shows(pilot, "Make the window", "40×10 at")
        else:
            await shows(pilot, "Fatma")
        for key in ("down", "enter", "i", "a", "escape", "question_mark", "escape", "ctrl+p", "escape", "escape"):
            await pilot.press(key)
        lines = screen_text(pilot).split("\n")
        assert len(lines) == size[1]


async def test_panes_fold_away_and_come_back_as_the_window_changes(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "First response", "No conversation is open.", "Fatma")
        await pilot.resize_terminal(110, 40)
        await hides(pilot, "First response")
        await shows(pilot, "No conversation is open.", "Fatma")
        await pilot.resize_terminal(80, 24)
        await hides(pilot, "No conversation is open.")
        await pilot.press("down", "enter")
        await shows(pilot, "siparişim nerede")
        await hides(pilot, "Fatma")
        await pilot.press("i")
        await write(pilot, "yarım")
        await pilot.resize_terminal(20, 5)
        await shows(pilot, "Make the window")
        await pilot.resize_terminal(200, 60)
        await shows(pilot, "Fatma", "siparişim nerede", "First response", "yarım")
        assert stage.app.focused is stage.main.chat.composer.editor
        await pilot.press("escape", "escape")
        assert stage.app.focused is stage.main.inbox.list


async def test_one_pane_at_a_time_on_a_small_window(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Fatma", "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        await hides(pilot, "Fatma")
        await pilot.press("escape")
        await shows(pilot, "Fatma")
        await pilot.press("f2")
        await shows(pilot, "Figures", "First response", "within target")
        await pilot.press("escape")
        await hides(pilot, "within target")


async def test_the_figures_hide_on_wish(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "First response", "Messages by hour")
        await pilot.press("f2")
        await hides(pilot, "First response")
        await pilot.press("f2")
        await shows(pilot, "First response")


async def test_help_lists_every_command_with_its_keys_and_id(stage: Stage) -> None:
    from wptui.screens.actions import ACTIONS
    from wptui.screens.help import HelpScreen

    async with stage.app.run_test(size=(140, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("question_mark")
        await shows(pilot, "Take the next customer")
        screen = stage.app.screen
        assert isinstance(screen, HelpScreen)
        text = "\n".join(screen.pages.texts)
        for action in (each for each in ACTIONS if stage.main.allowed(each.id)):
            assert action.id in text
            if action.keys:
                assert stage.app.keymap.labels(action.id) in text
        await pilot.press("end")
        await shows(pilot, "config.toml")
        await pilot.press("escape")
        await until(pilot, lambda: stage.app.screen is stage.main)


async def test_a_theme_is_tried_on(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("ctrl+p")
        await write(pilot, "theme")
        await pilot.press("enter")
        await shows(pilot, "Theme", "Light")
        await write(pilot, "light")
        await pilot.press("enter")
        await until(pilot, lambda: stage.app.theme == "light")
        await shows(pilot, "wptui config set theme light", "Ahmet Yılmaz")
