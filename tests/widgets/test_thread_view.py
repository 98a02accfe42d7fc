"""Stories of the thread: where it opens, what moves it, and what never does."""

from __future__ import annotations

import re
import time

from tests.widgets.host import Host
from tests.widgets.seed import NOW, Shop, busy_thread
from wptui.model import events as ev
from wptui.widgets.thread_view import ThreadView


def talk(shop: Shop, count: int, *, conversation: str = "c", ago: int = 50_000, every: int = 60) -> None:
    """`count` messages of a customer, a minute apart."""
    if not shop.db.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation,)).fetchone():
        shop.open(conversation, "Ahmet Yılmaz")
    for n in range(count):
        shop.receive(conversation, f"message {n}", ago=ago - n * every, message=f"w{n}")


def opened(shop: Shop, conversation: str | None = "c", **how: object) -> tuple[Host, ThreadView]:
    """A thread over the shop."""
    widget = ThreadView()
    host = Host(widget, shop)
    host.call_later(lambda: widget.open(conversation, db=shop.db, title="Ahmet Yılmaz", **how))  # type: ignore[arg-type]
    return host, widget


def shown(host: Host) -> list[int]:
    """Numbers of the messages on the screen."""
    return [int(found[1]) for line in host.lines if (found := re.search(r"message (\d+)", line))]


async def test_it_opens_at_the_end_with_the_cursor_on_the_newest(shop: Shop) -> None:
    talk(shop, 60)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert shown(host)[-1] == 59 and host.lines[-1].startswith("▌")
        assert widget.selected is not None and widget.selected.text == "message 59"
        assert ThreadView.EndReached("c") in host.told


async def test_it_opens_at_the_unread_divider_where_more_is_unread_than_fits(shop: Shop) -> None:
    talk(shop, 60)
    after = shop.db.execute("SELECT seq FROM messages WHERE id = 'w19'").fetchone()[0]
    host, widget = opened(shop, unread_after_seq=after)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        divider = next(y for y, line in enumerate(host.lines) if "new below" in line)
        assert divider <= 3 and "message 20" in host.lines[divider + 1]
        assert widget.selected is not None and widget.selected.id == "w20"
        assert not any(isinstance(told, ThreadView.EndReached) for told in host.told)


async def test_what_was_answered_is_not_unread(shop: Shop) -> None:
    talk(shop, 3)
    shop.answer("c", "answer", ago=40_000)
    shop.receive("c", "thanks", ago=30_000)
    host, _widget = opened(shop, unread_after_seq=0)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        divider = next(y for y, line in enumerate(host.lines) if "new below" in line)
        assert "thanks" in host.lines[divider + 1]


async def test_at_the_end_it_follows_what_comes(shop: Shop) -> None:
    talk(shop, 30)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        shop.receive("c", "message 99")
        widget.refresh_rows()
        await pilot.pause()
        assert shown(host)[-1] == 99 and widget.selected is not None and widget.selected.text == "message 99"


async def test_elsewhere_nothing_moves_and_what_comes_is_announced(shop: Shop) -> None:
    talk(shop, 60)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.press("pageup", "pageup")
        before, cursor = host.lines, widget.selected
        for n in (98, 99):
            shop.receive("c", f"message {n}")
            widget.refresh_rows()
        await pilot.pause()
        assert host.lines[:-1] == before[:-1] and widget.selected == cursor
        assert "2 new below ↓" in host.lines[-1]
        await pilot.press("G")
        assert shown(host)[-1] == 99 and widget.new_below == 0


async def test_the_cursor_goes_by_message_and_pages_at_the_edge(shop: Shop) -> None:
    talk(shop, 60)
    shop.event(ev.ConversationAssigned(agent="a1"), "c", actor="agent:a1", at=NOW - 46_500)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        first = shown(host)[0]
        painted = host.painted()
        await pilot.press("k")
        await pilot.pause()
        assert {(region.x, region.width) for region in painted} == {(0, 1)}
        await pilot.press(*["k"] * (58 - first))
        assert widget.selected is not None and widget.selected.text == f"message {first}"
        await pilot.press("k")
        assert shown(host)[-1] == first - 1, "the page before ends with the message that was asked for"
        await pilot.press("j")
        assert shown(host)[0] == first, "and the next page begins with it"
        seen = []
        await pilot.press("G")
        for _step in range(59):
            seen.append(widget.selected.text)
            await pilot.press("k")
        assert seen == [f"message {n}" for n in range(59, 0, -1)], "no message is skipped, no event stopped at"


async def test_pages_up_to_the_beginning_and_down_again_show_everything(shop: Shop) -> None:
    talk(shop, 250)
    host, _widget = opened(shop)
    seen: set[int] = set()
    async with host.run_test(size=(60, 30)) as pilot:
        for _page in range(12):
            await pilot.pause()
            seen |= set(shown(host))
            await pilot.press("pageup")
        assert seen == set(range(250))
        seen.clear()
        for _page in range(12):
            seen |= set(shown(host))
            await pilot.press("pagedown")
        seen |= set(shown(host))
        assert seen == set(range(250)) and host.lines[-1].strip("▌┃ ").startswith("message 249")


async def test_a_message_longer_than_the_screen_is_read_to_its_end_first(shop: Shop) -> None:
    talk(shop, 2)
    shop.receive("c", "\n".join(f"line {n}" for n in range(60)), ago=40_000)
    shop.receive("c", "after", ago=30_000)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.press("g", "j", "j")
        read: set[str] = set()
        for _key in range(8):
            read |= {found for line in host.lines for found in re.findall(r"line \d+", line)}
            await pilot.press("j")
        assert read == {f"line {n}" for n in range(60)}
        assert widget.selected is not None and widget.selected.text == "after"


async def test_a_partial_store_asks_the_relay_once_for_what_is_older(shop: Shop) -> None:
    talk(shop, 150)
    shop.db.execute("INSERT INTO partial VALUES ('c')")
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert not any(isinstance(told, ThreadView.OlderWanted) for told in host.told)
        await pilot.press("g", "g", "pageup")
        await pilot.pause()
        wanted = [told for told in host.told if isinstance(told, ThreadView.OlderWanted)]
        first = shop.db.execute("SELECT ts, seq FROM messages WHERE id = 'w0'").fetchone()
        assert [(told.conversation, told.before) for told in wanted] == [("c", tuple(first))]
        top = next(line for line in host.lines if "message" in line)
        shop.receive("c", "message 9999", ago=90_000, source="history", counts=False)
        shop.db.execute("DELETE FROM partial")
        widget.refresh_rows()
        await pilot.pause()
        assert next(line for line in host.lines if "message" in line) == top
        await pilot.press("k")
        assert 9999 in shown(host)


async def test_to_the_quoted_message_and_back(shop: Shop) -> None:
    talk(shop, 300)
    shop.receive("c", "about this", ago=10, quote="w3")
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        widget.action_quoted()
        assert widget.selected is not None and widget.selected.id == "w3" and 3 in shown(host)
        await pilot.press("backspace")
        assert widget.selected is not None and widget.selected.text == "about this"
        assert any("about this" in line for line in host.lines)
        assert not widget.jump_to("nowhere")


async def test_new_messages_after_a_jump_are_counted_once(shop: Shop) -> None:
    talk(shop, 500)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert widget.jump_to("w5")
        for n in (1000, 1001):
            shop.receive("c", f"message {n}")
            widget.refresh_rows()
            widget.refresh_rows()
        await pilot.pause()
        assert widget.new_below == 2
        await pilot.press("G")
        assert shown(host)[-1] == 1001


async def test_a_tick_repaints_and_moves_nothing(shop: Shop) -> None:
    talk(shop, 30)
    message = shop.answer("c", "answer", status="sent")
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        before = host.lines
        assert before[-1].endswith("┃ 14:32 ✓")
        shop.event(ev.MessageStatus(wamid=f"wamid.{message}", status="read", ts=NOW), "c", actor="meta")
        widget.refresh_rows()
        assert host.lines[:-1] == before[:-1] and host.lines[-1].endswith("┃ 14:32 ✔✔")


async def test_a_file_is_asked_for_only_where_there_is_one(shop: Shop) -> None:
    talk(shop, 1)
    shop.receive("c", "", kind="image", message="photo", media=ev.Media(id="1"))
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        widget.action_media()
        await pilot.pause()
        assert not any(isinstance(told, ThreadView.MediaWanted) for told in host.told)
        shop.event(ev.MediaStored(message="photo", key="k", mime="image/jpeg", size=9), "c")
        widget.refresh_rows()
        await pilot.pause()
        widget.action_media()
        await pilot.pause()
        assert [told.row.id for told in host.told if isinstance(told, ThreadView.MediaWanted)] == ["photo"]


async def test_a_long_text_unfolds_and_folds(shop: Shop) -> None:
    shop.open("c", "Ahmet")
    shop.receive("c", "uzun " * 5000)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.press("G")
        assert "(show all with w)" in host.lines[-1]
        widget.action_expand()
        await pilot.press("G")
        assert "(show all with w)" not in host.lines[-1]
        widget.action_expand()
        await pilot.press("G")
        assert "(show all with w)" in host.lines[-1]


async def test_ten_thousand_messages_open_like_ten(shop: Shop) -> None:
    shop.open("c", "Ahmet")
    shop.db.executemany(
        "INSERT INTO messages (id, conversation, dir, author, kind, ts, seq, text) "
        "VALUES (?, 'c', 'in', 'customer', 'text', ?, ?, ?)",
        ((f"w{n}", NOW - 600_000 + n * 60, n + 100, f"message {n}") for n in range(10_000)),
    )
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert shown(host)[-1] == 9999
        start = time.process_time()
        widget.open("c", db=shop.db)
        host.lines  # noqa: B018
        assert time.process_time() - start < 0.2
        await pilot.press("g")
        assert shown(host)[0] == 0


async def test_every_size_down_to_nothing_is_survived(shop: Shop) -> None:
    busy = busy_thread(shop)
    host, widget = opened(shop, busy, unread_after_seq=0)
    async with host.run_test(size=(80, 24)) as pilot:
        for size in ((20, 5), (1, 1), (12, 3), (200, 60), (40, 2)):
            await pilot.resize_terminal(*size)
            await pilot.press("k", "k", "pageup", "j", "G")
            assert len(host.lines) == size[1]
        assert widget.at_bottom


async def test_nothing_open_and_nothing_there(shop: Shop) -> None:
    host, widget = opened(shop, None)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.press("j", "k", "pageup", "G", "g", "backspace")
        for action in (widget.action_expand, widget.action_quoted, widget.action_media):
            action()
        assert "No conversation is open." in " ".join(host.lines)
        shop.open("empty", "Boş")
        widget.open("empty")
        assert "No messages yet." in " ".join(host.lines)
        shop.db.execute("ALTER TABLE messages RENAME TO gone")
        widget.open("empty")
        assert "cannot be read: no such table" in " ".join(" ".join(host.lines).split())


async def test_reading_far_above_is_not_disturbed_by_what_comes_below(shop: Shop) -> None:
    talk(shop, 600)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.press(*["pageup"] * 25)
        before = host.lines
        shop.receive("c", "message 9999")
        widget.refresh_rows()
        await pilot.pause()
        assert host.lines[:-1] == before[:-1] and "1 new below" in host.lines[-1]


async def test_a_store_that_breaks_while_scrolling_is_told_and_survived(shop: Shop) -> None:
    talk(shop, 300)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        shop.db.execute("ALTER TABLE messages RENAME TO gone")
        await pilot.press(*["pageup"] * 12, "k", "g", "G")
        assert "cannot be read: no such table" in " ".join(" ".join(host.lines).split())
        shop.db.execute("ALTER TABLE gone RENAME TO messages")
        widget.refresh_rows()
        await pilot.press("G")
        assert shown(host)[-1] == 299
