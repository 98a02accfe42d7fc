"""The line above a thread: what it gives up first where there is little room."""

from __future__ import annotations

from pathlib import Path

from tests.widgets.seed import NOW, Shop, small_shop
from wptui.store import inbox
from wptui.widgets.chat_title import ChatState, chat_title_line
from wptui.widgets.glyphs import FULL

HERE = ("Mehmet Kurt, Zeynep Uzunsoylu are viewing", "◇ Mehmet Kurt, Zeynep Uzunsoylu")


def title(shop: Shop, cells: int, **state: object) -> str:
    """The title of Ahmet's conversation in `cells`."""
    (conversation,) = shop.db.execute("SELECT id FROM conversations ORDER BY seq LIMIT 1").fetchone()
    row = inbox.conversation(shop.db, conversation)
    assert row is not None
    told = ChatState(row=row, present=HERE[0], present_short=HERE[1], now=NOW, **state)  # type: ignore[arg-type]
    line = "".join(text for text, _style in chat_title_line(told, cells, FULL))
    assert len(line) == cells and row.title in line
    return line


def test_who_else_is_here_is_written_out_where_there_is_room(tmp_path: Path) -> None:
    assert HERE[0] in title(small_shop(tmp_path / "cache.db"), 110, blocked=True)


def test_who_the_customer_is_and_that_they_are_blocked_stays_before_who_else_is_here(tmp_path: Path) -> None:
    line = title(small_shop(tmp_path / "cache.db"), 55, blocked=True)
    assert "blocked" in line and "◇ Mehmet" in line and "viewing" not in line
