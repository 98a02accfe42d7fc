"""Whatever customers call themselves and write, no byte of theirs is obeyed by the agent's terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.screens.looking import screen_text, shows, until
from tests.screens.stage import Stage, furnished
from tests.widgets.seed import NOW, Shop

CORPUS = Path(__file__).parent.parent / "webhooks"
HOSTILE = sorted(path for path in CORPUS.glob("14[3-7]_x_*.json"))


def hostile_shop(path: Path) -> Shop:
    shop = furnished(path)
    for number, body in enumerate(HOSTILE):
        shop.open(f"x{number}", "?")
        shop.webhook(body.read_bytes(), f"x{number}", NOW - 30 - number)
    return shop


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_names_and_bodies_are_drawn_as_text(tmp_path: Path, size: tuple[int, int]) -> None:
    assert len(HOSTILE) == 5 and all(json.loads(path.read_text()) for path in HOSTILE)
    stage = Stage(tmp_path, seed=hostile_shop)
    written: list[str] = []
    async with stage.app.run_test(size=size) as pilot:
        await until(pilot, lambda: stage.link)
        for number in range(len(HOSTILE)):
            stage.main.chat.open(f"x{number}")
            await until(pilot, lambda number=number: stage.main.chat.conversation == f"x{number}")
            await pilot.pause()
            written.append(screen_text(pilot))
            await pilot.press("x")
            await pilot.pause()
            written.append(screen_text(pilot))
            await pilot.press("escape", "z")
            await pilot.pause()
            written.append(screen_text(pilot))
            await pilot.press("escape")
    for text in written:
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


async def test_markup_in_a_message_is_text(tmp_path: Path) -> None:
    stage = Stage(tmp_path, seed=hostile_shop)
    stage.shop.receive("ali", "[bold]a [/b] c[@click=app.quit]x[/]", ago=1)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.main.chat.open("ali")
        await shows(pilot, "[bold]a [/b] c[@click=app.quit]x[/]")
        stage.main.chat.reply_to(stage.main.message())
        await pilot.press("i")
        stage.main.chat.composer.load("[red]kırmızı[/] [/nope]")
        await shows(pilot, "[red]kırmızı[/] [/nope]")
        stage.main.banner.say("[/x] [link=http://e]", "[nope]")
        await shows(pilot, "[/x] [link=http://e]")
