"""The engine by its clock and its place in the log: once, in time, after faults and gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.relay.rules.test_properties import House
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.relay.replay import replay
from wptui.relay.rules import engine, firing
from wptui.relay.rules.acts import plan_acts


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.open()
    yield made
    await made.end()
    await made.close()


async def fired(house: House) -> list[tuple[str, str]]:
    events = await house.log.read(0, 10_000)
    found: list[Any] = [ev.load(event) for event in events if event.type == ev.RuleFired.TYPE]
    return [(each.rule, each.subject) for each in found]


WAITING = '[late]\nwhen = "waiting"\nafter = "10m"\nthen = [{note = "geç"}]\n'


async def test_a_wait_is_acted_on_once_when_its_time_is_over(house: House) -> None:
    await house.set_up(WAITING)
    await house.begin()
    await house.step(0, "writes")
    await house.settle()
    house.now += 599
    await house.settle()
    assert await fired(house) == []
    house.now += 2
    await house.settle()
    await house.step(0, "writes")  # a nudge is no new wait
    house.now += 3600
    await house.settle()
    assert await fired(house) == [("late", "waiting:m1")]
    await house.step(0, "answers")
    await house.step(0, "writes")
    house.now += 601
    await house.settle()
    assert [subject for _rule, subject in await fired(house)] == ["waiting:m1", "waiting:m4"]


async def test_what_became_due_while_the_relay_was_down_is_done_within_a_day(house: House) -> None:
    await house.set_up(WAITING)
    await house.begin()
    await house.step(0, "writes")
    await house.settle()
    await house.end()
    house.now += 12 * 3600
    await house.step(1, "writes")
    await house.begin()
    await house.settle()
    assert await fired(house) == [("late", "waiting:m1")]
    await house.end()
    house.now += 3 * 86400
    await house.begin()
    await house.settle()
    assert await fired(house) == [("late", "waiting:m1")], "three days later nobody wants to know"


async def test_rules_do_not_concern_what_happened_before_they_were_saved(house: House) -> None:
    await house.set_up("")
    await house.begin()
    await house.step(0, "writes")
    house.now += 1800
    text = WAITING + '[selam]\nwhen = "message"\nthen = [{reply = "Selam"}]\n'
    await house.tell(ev.SettingsSaved(section="rules", text=text))
    house.now += 1
    await house.settle()
    assert await fired(house) == []
    await house.step(1, "writes")
    await house.settle()
    assert await fired(house) == [("selam", "m2")]


async def test_a_rule_that_fails_does_not_keep_the_others_from_acting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(scene: Any, acts: Any) -> Any:
        if acts[0].label == "kötü":
            raise ZeroDivisionError
        return plan_acts(scene, acts)

    monkeypatch.setattr(firing, "plan_acts", plan)
    await house.set_up(
        '[bad]\nwhen = "message"\nthen = [{label = "kötü"}]\n[good]\nwhen = "message"\nthen = [{label = "iyi"}]\n'
    )
    await house.begin()
    await house.step(0, "writes")
    await house.settle()
    assert await fired(house) == [("good", "m1")]


async def test_more_than_is_kept_in_memory_is_read_from_the_log(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "KEPT", 3)
    monkeypatch.setattr(engine, "AT_ONCE", 2)
    await house.set_up('[selam]\nwhen = "message"\nthen = [{label = "x"}, {reply = "Selam"}]\n')
    await house.begin()
    for who in (0, 1, 2, 0, 1, 2):
        await house.step(who, "writes")
    await house.settle()
    assert [subject for _rule, subject in await fired(house)] == [f"m{n}" for n in range(1, 7)]


async def test_after_a_replay_the_rules_go_on_where_they_stood(house: House) -> None:
    await house.set_up('[selam]\nwhen = "message"\nthen = [{reply = "Selam"}]\n')
    await house.begin()
    await house.step(0, "writes")
    await house.settle()
    await house.end()
    await house.log.set_bookmarks({engine.BOOKMARK: await house.log.head()})
    await house.step(1, "writes")  # while nobody does the rules' work
    places = await house.log.bookmarks()
    await house.close()
    await replay(house.folder / "relay.db", house.folder / "view.db")
    await house.open()
    assert await house.log.bookmarks() == places
    await house.begin()
    await house.settle()
    assert [subject for _rule, subject in await fired(house)] == ["m1", "m2"]


STOPS = (
    '[first]\nwhen = "message"\nif = {not_label = ["x"]}\nthen = [{label = "x"}]\nstop = true\n'
    '[second]\nwhen = "message"\nthen = [{note = "ikinci"}]\n'
)


async def test_a_rule_that_has_stopped_the_others_stops_them_after_a_crash_too(house: House) -> None:
    await house.set_up(STOPS)
    await house.begin()
    await house.settle()
    before = await house.log.head()
    await house.step(0, "writes")
    await house.settle()
    await house.end()
    assert await fired(house) == [("first", "m1")]
    await house.log.set_bookmarks({engine.BOOKMARK: before})  # as of when the power went
    await house.begin()
    await house.settle()
    assert await fired(house) == [("first", "m1")]


async def test_a_rule_that_has_stopped_the_others_stops_them_after_a_doubtful_append_too(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.set_up(STOPS)
    await house.begin()
    await house.settle()
    monkeypatch.setattr(engine, "_RETRY", 0.0)
    assert house.engine is not None
    act = house.engine._act
    told = 0

    async def doubtful(build: Any) -> int:
        nonlocal told
        done = await act(build)
        told += done
        if done and told == 1:
            raise StorageError("nobody knows whether it is kept")
        return done

    monkeypatch.setattr(house.engine, "_act", doubtful)
    await house.step(0, "writes")
    await house.settle()
    assert told == 1 and await fired(house) == [("first", "m1")]
