"""Takes pictures of the running program: `python -m tools.screenshot [--size 120x40] [--keys enter,i] [FILE.svg]`.

The terminal runs without a screen of its own, against the servers of `wptui demo`: what is pictured is what an agent
sees. The picture in the README is made so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
from pathlib import Path

from wptui import config, i18n
from wptui.cli.demo import services, sign_in


async def _picture(size: tuple[int, int], keys: list[str], target: Path) -> None:
    from wptui.app import WptuiApp
    from wptui.screens.desk import Desk
    from wptui.screens.terminal import teach_keys
    from wptui.store import inbox
    from wptui.sync.credentials import current

    teach_keys()
    desk = Desk(config.load(), await asyncio.to_thread(current, None))
    app = WptuiApp(desk)
    async with app.run_test(size=size) as pilot:
        for _ in range(200):
            await pilot.pause(0.1)
            if inbox.count(desk.db, inbox.InboxQuery()) >= 20:
                break
        await pilot.pause(2.0)
        for key in keys:
            if key.startswith("text:"):
                await pilot.press(*key.removeprefix("text:"))
            else:
                await pilot.press(key)
            await pilot.pause(0.5)
        target.write_text(_self_contained(app.export_screenshot(title="wptui")), "utf-8")


def _self_contained(svg: str) -> str:
    """The picture with the reader's own monospaced font, so that it asks no other host for one."""
    svg = re.sub(r"(?s)@font-face \{.*?\}", "", svg)
    return svg.replace("Fira Code", "DejaVu Sans Mono")


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="120x36")
    parser.add_argument("--keys", default="enter,down,down,enter", help="keys to press first, parted by commas")
    parser.add_argument("--lang", default="en")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--seed", default="wptui")
    parser.add_argument("target", nargs="?", default="docs/screenshot.svg")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WPTUI_HOME"] = folder
        settings = Path(folder) / "config" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'theme = "{given.theme}"\n', "utf-8")
        i18n.install(given.lang)
        columns, rows = (int(part) for part in given.size.split("x"))
        with services(Path(folder), {"conversations": 40, "pace": 0.05, "seed": given.seed}) as found:
            sign_in(found)
            asyncio.run(_picture((columns, rows), [key for key in given.keys.split(",") if key], Path(given.target)))


if __name__ == "__main__":
    main()
