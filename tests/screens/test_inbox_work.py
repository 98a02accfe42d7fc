"""An agent finds, sorts, assigns, labels and puts aside."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import NOW, Stage
from wptui.model.commands import Assign, Label, Reopen, Resolve, Snooze, Tag
from wptui.screens.conversation_commands import snooze_times, snooze_until
from wptui.store.database import transaction
from wptui.store.search import index_behind


async def test_the_filter_line_narrows_while_it_is_typed_and_escape_lists_everything(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz", "Ali Demir")
        await pilot.press("slash")
        await write(pilot, "label:iade")
        await hides(pilot, "Zeynep Kaya")
        await shows(pilot, "Ahmet Yılmaz", "Ali Demir")
        await pilot.press("enter")
        await until(pilot, lambda: stage.app.focused is stage.main.inbox.list)
        await shows(pilot, "label:iade")
        await pilot.press("escape")
        await shows(pilot, "Zeynep Kaya")
        await pilot.press("slash")
        await write(pilot, "is:nonsense")
        await shows(pilot, "is:nonsense is not known")
        await pilot.press("escape")
        await shows(pilot, "Zeynep Kaya")


async def test_a_filter_typed_before_everything_is_there_is_a_filter(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.main.furnished = False  # however fast this machine is
        await write(pilot, "/label:iade")  # e resolves, a assigns, d sets the duty
        stage.main.furnished = True
        await stage.main.take_early()
        await hides(pilot, "Zeynep Kaya")
        await shows(pilot, "label:iade", "Ali Demir")
        assert not stage.given(Resolve)
        await pilot.press("escape")
        await shows(pilot, "Zeynep Kaya")


async def test_views_and_orders_by_one_key_or_from_a_list(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Zeynep Kaya", "all · waiting time")
        await pilot.press("2")
        await shows(pilot, "mine · waiting time")
        await hides(pilot, "Zeynep Kaya")
        await pilot.press("v")
        await shows(pilot, "View", "snoozed")
        await write(pilot, "unass")
        await pilot.press("enter")
        await shows(pilot, "unassigned · waiting time", "Zeynep Kaya")
        await pilot.press("s")
        await write(pilot, "closing")
        await pilot.press("enter")
        await shows(pilot, "unassigned · closing window")


async def test_full_text_search_finds_isik_and_opens_the_message(stage: Stage) -> None:
    stage.shop.receive("ali", "Işıklı tabela istiyorum", ago=20000, message="wamid.isik")
    with transaction(stage.shop.db) as db:
        index_behind(db)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ali Demir")
        await pilot.press("ctrl+f")
        await write(pilot, "isikli")
        await shows(pilot, "Işıklı tabela istiyorum")
        await pilot.press("enter")
        await until(pilot, lambda: stage.main.chat.conversation == "ali")
        selected = stage.main.chat.thread.selected
        assert selected is not None and selected.id == "wamid.isik"


async def test_assigning_says_what_was_seen(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "a")
        await shows(pilot, "Assign Ahmet Yılmaz to", "Mehmet Kurt", "nobody")
        await write(pilot, "mehmet")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(Assign))
        assert stage.given(Assign)[0].command == Assign(conversation="ahmet", agent="a2", expect="a1")
        await shows(pilot, "Ahmet Yılmaz: assigned to Mehmet Kurt")


async def test_resolving_and_reopening(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "e")
        await until(pilot, lambda: stage.given(Resolve))
        await pilot.press("E")
        await shows(pilot, "It is open already.")
        assert not stage.given(Reopen)


async def test_snoozing_until_a_time_that_is_typed(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "z")
        await shows(pilot, "in 1 hour", "18:32", "tomorrow", "Tue 09:00", "next week", "30 Nov 09:00")
        await write(pilot, "20:15")
        await shows(pilot, "until 20:15")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(Snooze))
        until_ = stage.given(Snooze)[0].command.until
        assert datetime.fromtimestamp(until_).strftime("%d %H:%M") == "23 20:15"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("45m", 45), ("2h", 120), ("1d", 1440), ("1d 4h", 1680), ("30", 30), ("2sa", 120), ("1g", 1440)],
)
def test_spans_a_person_types(text: str, minutes: int) -> None:
    now = datetime.fromtimestamp(NOW)
    found = snooze_until(text, now)
    assert found is not None and (found - now).total_seconds() == minutes * 60


def test_a_time_that_is_past_means_tomorrow_and_nonsense_means_nothing() -> None:
    now = datetime(2026, 11, 23, 17, 32)
    assert snooze_until("9:00", now) == datetime(2026, 11, 24, 9, 0)
    assert snooze_until("18:00", now) == datetime(2026, 11, 23, 18, 0)
    assert all(snooze_until(text, now) is None for text in ("", "soon", "25:00", "0", "h"))


def test_next_week_is_another_day_than_tomorrow() -> None:
    for day in range(22, 30):  # a whole week of todays
        now = datetime(2026, 11, day, 12, 0)
        times = dict(snooze_times(now))
        assert times["next week"].weekday() == 0 and times["next week"] > times["tomorrow"] > now


async def test_a_label_is_put_on_and_taken_off(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "l")
        await shows(pilot, "iade  take off")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(Label))
        await pilot.press("l")
        await write(pilot, "vip")
        await shows(pilot, "New label: vip")
        await pilot.press("enter")
        await until(pilot, lambda: len(stage.given(Label)) == 2)
        assert [(item.command.label, item.command.on) for item in stage.given(Label)] == [
            ("iade", False),
            ("vip", True),
        ]


async def test_a_campaign_is_given_by_hand(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "c")
        await shows(pilot, "#BAHAR", "no campaign")
        await write(pilot, "bahar")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(Tag))
        assert stage.given(Tag)[0].command.campaign == "BAHAR"


async def test_what_cannot_be_done_is_said(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("x")
        await shows(pilot, "Choose a message first")
        await pilot.press("ctrl+s")
        await shows(pilot, "Nothing waits for your decision.")


async def test_the_palette_finds_a_command_by_its_name(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("ctrl+p")
        await write(pilot, "view late")
        await shows(pilot, "View: late")
        await pilot.press("enter")
        await shows(pilot, "late · waiting time")
        await hides(pilot, "Zeynep")


async def test_late_customers_are_counted_in_the_header_as_time_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "2 late", "02:05")
        monkeypatch.setattr("time.time", lambda: float(NOW + 480))
        await shows(pilot, "3 late", "10:05!")
        assert "02:05" not in screen_text(pilot)
