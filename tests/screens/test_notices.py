"""What makes itself known, and what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.events import AppBlur, AppFocus

from tests.screens.looking import hides, shows, until
from tests.screens.stage import NOW, Stage
from wptui.config import parse
from wptui.model import events as ev
from wptui.sync.state import Kind


@pytest.fixture
def heard(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything told to the terminal beside what is drawn; a bell as "bell"."""
    told: list[str] = []
    monkeypatch.setattr(stage.app, "tell_terminal", told.append)
    monkeypatch.setattr(stage.app, "bell", lambda: told.append("bell"))
    return told


async def test_new_messages_ring_once_and_are_counted_in_the_title(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        for number in range(3):
            stage.shop.receive("ali", f"mesaj {number}")
            stage.relay.happened("ali", inbound=[("ali", f"m{number}", NOW)])
        await until(pilot, lambda: any("(3)" in each for each in heard), 400)
        assert heard.count("bell") == 1  # three messages in a second are one announcement
        assert any("3 messages from Ali Demir" in each for each in heard)
        await pilot.press("down")  # the agent is there
        await until(pilot, lambda: stage.main.notices.unseen == 0)


async def test_old_messages_and_those_caught_up_with_are_silent(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.relay.happened("ali", inbound=[("ali", "old", NOW - 3600)])
        stage.relay.become(Kind.SYNCING)
        stage.relay.happened("ali", inbound=[("ali", "new", NOW)])
        stage.relay.become(Kind.LIVE)
        stage.main.notices.tick()
        assert "bell" not in heard and stage.main.notices.unseen == 0


async def test_what_is_being_read_is_silent(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet")
        await pilot.press("down", "enter")
        stage.app.post_message(AppFocus())
        await until(pilot, lambda: stage.app.focus_known and stage.main.chat.conversation)
        stage.relay.happened("ahmet", inbound=[("ahmet", "m", NOW)])
        stage.main.notices.tick()
        assert stage.main.notices.unseen == 0
        stage.app.post_message(AppBlur())
        await until(pilot, lambda: not stage.app.app_focus)
        stage.relay.happened("ahmet", inbound=[("ahmet", "m", NOW)])
        stage.main.notices.tick()
        assert stage.main.notices.unseen == 1 and "bell" in heard


async def test_a_desktop_notification_by_setting_and_a_quiet_night(
    staged: Callable[[str], Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = staged('[notifications]\ndesktop = "osc777"\n')
    told: list[str] = []
    monkeypatch.setattr(stage.app, "tell_terminal", told.append)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.relay.happened("ali", inbound=[("ali", "m", NOW)])
        stage.main.notices.tick()
        assert any(each.startswith("\x1b]777;notify;Kahve Dükkânı;1 message from Ali Demir") for each in told)
    stage.settings = parse('[notifications]\ndesktop = "osc777"\nquiet_hours = "00:00-23:59"\n', "config.toml")
    stage.make()
    told.clear()
    monkeypatch.setattr(stage.app, "tell_terminal", told.append)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.relay.happened("ali", inbound=[("ali", "m", NOW)])
        stage.main.notices.tick()
        assert not any("777" in each for each in told) and any("]0;" in each for each in told)


async def test_a_failed_answer_and_a_colleagues_mention(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        failed = stage.shop.answer("ali", "olmadı", status="failed:131026")
        stage.relay.happened("ali", failed=[("ali", failed)])
        stage.main.notices.tick()
        assert any("Not sent to Ali Demir" in each for each in heard)
        stage.shop.event(
            ev.ConversationNoted(note="n9", text="@Ayşe Demir bakar mısın?", mentions=["a1"]), "ali", actor="agent:a2"
        )
        stage.relay.happened("ali", mentioned=[("ali", "a1", "n9")])
        stage.main.notices.tick()
        assert any("Mehmet Kurt mentions you" in each for each in heard)
        told = len(heard)
        stage.relay.happened("ali")
        stage.main.notices.tick()
        assert len(heard) == told  # once


async def test_the_link_says_why_it_is_not_there(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.relay.become(Kind.REFUSED, code="older_terminal", detail="This wptui is older", hint="Update it.")
        await shows(pilot, "refused", "This wptui is older", "Update it.")
        stage.relay.become(Kind.SYNCING, progress=0.45)
        await shows(pilot, "syncing 45%")
        await hides(pilot, "This wptui is older")
        stage.relay.become(Kind.POLLING)
        await shows(pilot, "live, every 10 s")
        stage.relay.become(Kind.LIVE, skew_ms=-420_000)
        await shows(pilot, "This machine's clock is 7 minutes off")


async def test_what_is_handed_to_the_agent_or_followed_is_told(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.shop.event(ev.ConversationAssigned(agent="a1", how="transfer"), "ali", actor="agent:a2")
        stage.relay.happened("ali")
        stage.main.notices.tick()
        assert any("Ali Demir is yours now" in each for each in heard)
        heard.clear()
        stage.relay.happened("ali")
        stage.main.notices.tick()
        assert not any("is yours now" in each for each in heard)  # once
        stage.shop.event(ev.ConversationFollowed(agent="a1"), "closing", actor="agent:a1")
        stage.shop.answer("closing", "Bakıyorum", agent="a2")
        stage.relay.happened("closing")
        stage.main.notices.tick()
        assert any("which you follow" in each for each in heard)
        heard.clear()
        stage.relay.happened("zeynep", notified=[("zeynep", ["a1"], "yirmi dakikadır bekliyor")])
        stage.main.notices.tick()
        assert any("Zeynep Kaya" in each and "yirmi dakikadır bekliyor" in each for each in heard)


async def test_nothing_rings_for_whoever_is_away(stage: Stage, heard: list[str]) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.shop.event(ev.AgentDutyChanged(agent="a1", state="away"), actor="agent:a1")
        stage.relay.happened("ali", inbound=[("ali", "m", NOW)])
        stage.main.notices.tick()
        assert not heard
        failed = stage.shop.answer("ali", "olmadı", status="failed:131026")
        stage.relay.happened("ali", failed=[("ali", failed)])
        stage.main.notices.tick()
        assert any("Not sent to Ali Demir" in each for each in heard)
