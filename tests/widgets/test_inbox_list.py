"""Stories of the inbox list: a real store, real keys, and what stands on the screen."""

from __future__ import annotations

import sqlite3

import pytest
from rich.console import Console

from tests.widgets.host import Host
from tests.widgets.seed import NOW, Shop
from wptui.model import events as ev
from wptui.store import inbox
from wptui.store.filters import parse
from wptui.store.inbox import InboxQuery, Sort, View
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.render.inbox import HEAD

QUERY = InboxQuery(me="a1")


def fill(shop: Shop, count: int, ago: int = 5000) -> None:
    """`count` customers who wait, the first the longest; each has one message."""
    for n in range(count):
        shop.open(f"c{n:03}", f"Customer {n:03}")
        shop.receive(f"c{n:03}", f"message {n}", ago=ago - n)


def opened(shop: Shop, query: InboxQuery = QUERY) -> tuple[Host, InboxList]:
    """A list over the shop, shown once it has its size."""
    widget = InboxList()
    host = Host(widget, shop)
    host.call_later(widget.show, query, shop.db)
    return host, widget


def cursor_line(host: Host) -> int:
    """On which screen line the selection bar begins."""
    return next(y for y, line in enumerate(host.lines) if line.startswith("▌"))


async def test_the_keys_move_the_cursor_and_enter_opens(shop: Shop) -> None:
    fill(shop, 5)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.press("j", "j", "k")
        widget.action_open()
        await pilot.pause()
        assert widget.selected == "c001"
        assert "Customer 001" in host.lines[2] and host.lines[2].startswith("▌")
        assert InboxList.Opened("c001") in host.told
        assert [told.conversation for told in host.told if isinstance(told, InboxList.Selected) and told.by_user]


async def test_the_list_flips_by_the_page_where_the_cursor_leaves_it(shop: Shop) -> None:
    fill(shop, 30)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:  # six rows
        await pilot.press(*["down"] * 6)
        assert "Customer 006" in host.lines[0] and widget.selected == "c006"
        await pilot.press("up")
        assert "Customer 005" in host.lines[10] and "Customer 000" in host.lines[0]
        await pilot.press("pagedown")
        assert widget.selected == "c011"
        await pilot.press("G")
        assert widget.selected == "c029" and "Customer 029" in host.lines[10]
        await pilot.press("g")
        assert widget.selected == "c000" and "Customer 000" in host.lines[0]


async def test_a_key_paints_two_rows_and_not_beyond_their_titles(shop: Shop) -> None:
    fill(shop, 5)
    host, _widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.pause()
        painted = host.painted()
        await pilot.press("j")
        await pilot.pause()
        assert {region.y for region in painted} == {0, 1, 2, 3}
        assert max(region.right for region in painted) == 1 + HEAD + 3 + len("Customer 001")


async def test_new_rows_do_not_move_what_is_under_the_cursor_and_announce_themselves(shop: Shop) -> None:
    fill(shop, 20)
    host, widget = opened(shop, InboxQuery(me="a1", sort=Sort.LAST))
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.press("j", "j")
        selected, line = widget.selected, cursor_line(host)
        for n in range(3):
            shop.open(f"new{n}", f"New {n}")
            shop.receive(f"new{n}", "hello", ago=9 - n)
            widget.refresh_rows({f"new{n}"})
        await pilot.pause()
        assert (widget.selected, cursor_line(host)) == (selected, line)
        assert host.lines[0].endswith("3 new above ↑")
        assert InboxList.NewAbove(3) in host.told
        await pilot.press("g")
        assert "New 2" in host.lines[0] and "new above" not in host.lines[0]


async def test_the_list_does_not_run_after_an_answered_conversation(shop: Shop) -> None:
    """Who answers the second customer goes on with the third, not at the end of the list."""
    fill(shop, 30)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.press("j")
        assert widget.selected == "c001"
        shop.answer("c001", "here you are")
        widget.refresh_rows({"c001"})
        await pilot.pause()
        assert [line[12:] for line in host.lines[::2]][:3] == ["Customer 000", "Customer 002", "Customer 003"]
        assert widget.selected == "c001", "commands still work on the conversation that is open"
        shop.receive("c029", "another")
        widget.refresh_rows({"c029"})
        await pilot.press("j")
        assert widget.selected == "c002"
        assert cursor_line(host) == 2


async def test_what_leaves_the_list_gives_its_place_to_the_next(shop: Shop) -> None:
    fill(shop, 5)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.press("j")
        shop.event(ev.ConversationResolved(), "c001", actor="agent:a1")
        widget.refresh_rows({"c001"})
        await pilot.pause()
        assert widget.selected == "c002" and cursor_line(host) == 2
        last = [told for told in host.told if isinstance(told, InboxList.Selected)][-1]
        assert (last.conversation, last.by_user) == ("c002", False)


async def test_a_second_repaints_only_the_clocks_that_changed(shop: Shop) -> None:
    fill(shop, 3, ago=500)
    shop.answer("c001", "answered")
    host, widget = opened(shop, InboxQuery(me="a1", sort=Sort.LAST))
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.pause()
        names = [line[12:24] for line in host.lines[:6:2]]
        painted = host.painted()
        host.now += 1
        widget.tick()
        await pilot.pause()
        assert sorted(names[region.y // 2] for region in painted) == ["Customer 000", "Customer 002"]
        assert {(region.x, region.width, region.height) for region in painted} == {(0, 1 + HEAD, 1)}
        painted.clear()
        # Past an hour the clock shows minutes: most seconds change nothing.
        host.now = NOW + 7200 - 500 + 10
        widget.tick()
        await pilot.pause()
        painted.clear()
        for _second in range(20):
            host.now += 1
            widget.tick()
        await pilot.pause()
        assert not painted


async def test_a_changed_row_is_painted_alone(shop: Shop) -> None:
    fill(shop, 5)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.pause()
        painted = host.painted()
        shop.event(ev.ConversationLabelled(label="iade"), "c003", actor="agent:a1")
        widget.refresh_rows({"c003"})
        await pilot.pause()
        assert {region.y for region in painted} == {6}
        assert host.lines[6].endswith("iade")


async def test_a_long_list_is_read_a_window_at_a_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop, 1)
    shop.db.executemany(
        "INSERT INTO conversations (id, contact, number, title, state, last_at, created_seq, seq) "
        "VALUES (?, 'p', 'n1', ?, 'open', ?, 1, 1)",
        ((f"x{n}", f"Bulk {n}", NOW - n) for n in range(20_000)),
    )
    read: list[int] = []
    window = inbox.window

    def counted(db: sqlite3.Connection, query: InboxQuery, offset: int, limit: int) -> list[inbox.InboxRow]:
        read.append(limit)
        return window(db, query, offset, limit)

    monkeypatch.setattr(inbox, "window", counted)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 40)) as pilot:
        await pilot.pause()
        assert widget.count == 20_001 and sum(read) < 200
        await pilot.press("G", "pageup", "g")
        assert sum(read) < 1000


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (QUERY, "No open conversations."),
        (InboxQuery(view=View.MINE, me="a1"), "Take the most urgent one with n."),
        (InboxQuery(view=View.SNOOZED, me="a1"), "Nothing is snoozed."),
        (InboxQuery(filter=parse("campaign:YOK"), me="a1"), "Nothing matches campaign:YOK"),
    ],
)
async def test_an_empty_list_says_so_in_words(shop: Shop, query: InboxQuery, words: str) -> None:
    host, widget = opened(shop, query)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.press("j", "pagedown", "G")
        widget.action_open()
        assert words in " ".join(" ".join(host.lines).split())
        assert widget.selected is None
        assert not any(isinstance(told, InboxList.Opened) for told in host.told)


async def test_before_a_store_is_there_it_says_loading(shop: Shop) -> None:
    host = Host(InboxList(), shop)
    async with host.run_test(size=(44, 12)):
        assert "Loading conversations…" in " ".join(host.lines)


async def test_a_store_that_cannot_be_read_is_told_with_the_key_that_helps(shop: Shop) -> None:
    fill(shop, 3)
    host, widget = opened(shop)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        shop.db.execute("ALTER TABLE conversations RENAME TO gone")
        widget.refresh_rows()
        await pilot.pause()
        text = " ".join(" ".join(host.lines).split())
        assert "The conversations cannot be read: no such table" in text and "^r tries again" in text
        shop.db.execute("ALTER TABLE gone RENAME TO conversations")
        widget.refresh_rows()
        assert "Customer 000" in host.lines[0]


async def test_another_size_keeps_the_cursor_in_sight(shop: Shop) -> None:
    fill(shop, 30)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 24)) as pilot:
        await pilot.press(*["j"] * 11)
        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        assert widget.selected == "c011" and any("Cust" in line for line in host.lines if line.startswith("▌"))
        await pilot.resize_terminal(80, 40)
        await pilot.pause()
        assert cursor_line(host) % 2 == 0 and len([line for line in host.lines if "Customer" in line]) == 20


async def test_compact_rows_take_one_line(shop: Shop) -> None:
    fill(shop, 30)
    host, widget = opened(shop)
    async with host.run_test(size=(80, 12)) as pilot:
        widget.configure(density="compact")
        await pilot.pause()
        assert len([line for line in host.lines if "Customer" in line]) == 12
        assert "message 0" in host.lines[0]


async def test_a_click_opens(shop: Shop) -> None:
    fill(shop, 5)
    host, _widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.click(InboxList, offset=(10, 5))
        await pilot.pause()
        assert InboxList.Opened("c002") in host.told


@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast", "colour-blind", "ansi16", "no-colour"])
async def test_a_key_costs_few_bytes(shop: Shop, theme: str) -> None:
    """Issue 2 allows 400 a key; what is told to the terminal is each line from its left edge to the last change."""
    fill(shop, 15)
    widget = InboxList()
    host = Host(widget, shop, theme)
    host.call_later(widget.show, QUERY, shop.db)
    async with host.run_test(size=(44, 40)) as pilot:
        await pilot.pause()
        console = Console(color_system="256", force_terminal=True)
        painted = host.painted()
        costs: list[int] = []
        for _key in range(10):
            painted.clear()
            await pilot.press("j")
            await pilot.pause()
            costs.append(
                sum(
                    len("\x1b[20;20H")
                    + len(widget.render_line(region.y).crop(0, region.right).render(console).encode())
                    for region in painted
                )
            )
        assert 100 < max(costs) <= 400, costs


async def test_a_conversation_that_changes_where_it_stands_moves_nothing(shop: Shop) -> None:
    fill(shop, 20)
    host, widget = opened(shop)
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.pause()
        for row in range(4):
            before = host.lines
            assert widget.selected == f"c{row:03}"
            shop.event(ev.ConversationRead(upto=shop.seq), widget.selected, actor="agent:a1")
            widget.refresh_rows({widget.selected})
            await pilot.pause()
            assert [line[12:] for line in host.lines] == [line[12:] for line in before]
            assert cursor_line(host) == 2 * row
            await pilot.press("j")


async def test_while_the_cache_fills_the_cursor_waits_on_the_first_row(shop: Shop) -> None:
    fill(shop, 10)
    host, widget = opened(shop, InboxQuery(me="a1", sort=Sort.LAST))
    async with host.run_test(size=(44, 12)) as pilot:
        await pilot.pause()
        for n in range(3):
            shop.open(f"new{n}", f"New {n}")
            shop.receive(f"new{n}", "hello", ago=9 - n)
            widget.refresh_rows({f"new{n}"}, filling=True)
        assert widget.selected == "new2" and "New 2" in host.lines[0] and host.lines[0].startswith("▌")
        assert widget.new_above == 0
        await pilot.press("j")
        shop.open("last", "Last")
        shop.receive("last", "hello")
        widget.refresh_rows({"last"}, filling=True)
        assert widget.selected == "new1" and cursor_line(host) == 2
