"""Who is on duty and has how much, the notes that call one, and who did what."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import NOW, Stage
from wptui.model import events as ev
from wptui.model.commands import SeeMentions, SetDuty
from wptui.model.protocol import Presence
from wptui.store.audit import Entry
from wptui.sync.state import Kind, LinkChange

DEPARTMENTS = """
[destek]
name = "Müşteri Desteği"
members = ["a1", "a2"]
assign = "round_robin"

[satis]
name = "Satış 🛒"
members = ["a2"]
"""


def furnish(stage: Stage, role: str = "owner") -> None:
    """Two departments; Ayşe has `role`."""
    shop = stage.shop
    shop.event(ev.AgentAdded(agent="a1", name="Ayşe Demir", role=role), actor="relay")
    shop.event(ev.SettingsSaved(section="departments", text=DEPARTMENTS), actor="agent:a1")
    shop.event(ev.AgentDutyChanged(agent="a1", state="on", how="connected"), actor="relay", at=NOW - 3600)
    for conversation, department in (("ahmet", "destek"), ("zeynep", "destek"), ("ali", "satis")):
        shop.event(ev.ConversationMoved(department=department), conversation, actor="agent:a1")


async def begun(pilot: Pilot[object], stage: Stage) -> None:
    """Everything is there, and connected."""
    await until(pilot, lambda: stage.link is not None and stage.app.desk.remote is not None and stage.main.furnished)
    await shows(pilot, "Ahmet Yılmaz")


def row(text: str, words: str) -> list[str]:
    """What stands in the line of the screen that has `words`, from there on."""
    line = next(line for line in text.splitlines() if words in line)
    return line[line.index(words) :].removeprefix(words).split()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_team_at_a_glance(stage: Stage, size: tuple[int, int]) -> None:
    furnish(stage)
    async with stage.app.run_test(size=size) as pilot:
        await begun(pilot, stage)
        stage.relay.hears("online", None)
        await pilot.press("T")
        await shows(pilot, "Müşteri Desteği", "Satış 🛒", "Ayşe Demir (you)", "Mehmet Kurt", "No department")
        text = screen_text(pilot)
        assert row(text, "Müşteri Desteği")[-5:] == ["1/2", "2", "1", "17:41", "1"]
        assert row(text, "Satış 🛒")[-5:] == ["0/1", "0", "0", "–", "0"]
        assert "16:32" in text and "on duty" in text and "away" in text
        assert ("in turn" in text) == ("Owner" in text) == (size[0] >= 100)
        # What happens meanwhile is seen.
        stage.shop.event(ev.AgentDutyChanged(agent="a2", state="busy"), actor="agent:a2")
        await shows(pilot, "busy")
        for line in text.splitlines():
            assert len(line) <= size[0]


async def test_enter_lists_their_conversations(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await begun(pilot, stage)
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt")
        await pilot.press("end", "enter")
        await shows(pilot, "agent:a2", "Ali Demir")
        await hides(pilot, "Zeynep Kaya")
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt")
        await pilot.press("enter")
        await shows(pilot, "department:de", "Zeynep Kaya")


async def test_duty_is_set_here_ones_own_and_with_permission_a_colleagues(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await begun(pilot, stage)
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt")
        await pilot.press("d")
        await shows(pilot, "Choose a colleague first.")
        await pilot.press("end", "d")
        await shows(pilot, "Duty of Mehmet Kurt")
        await write(pilot, "busy")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SetDuty))
        assert stage.given(SetDuty)[0].command == SetDuty(state="busy", agent="a2")


async def test_an_agent_sets_nobody_elses_duty_and_sees_no_figures_of_others(stage: Stage) -> None:
    furnish(stage, role="agent")
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await begun(pilot, stage)
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt", "Counted is what you may see.")
        assert "shut out" not in screen_text(pilot) and row(screen_text(pilot), "Mehmet Kurt")[-1] == "·"
        for key in ("d", "n", "x", "t"):
            await pilot.press("end", key)
            await shows(pilot, "Your role does not allow this.")
        assert not stage.given(SetDuty) and not stage.relay.asked


async def test_who_may_sign_in(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt")
        await pilot.press("n")
        await shows(pilot, "New agent")
        await write(pilot, "Deniz")
        await pilot.press("enter")
        await shows(pilot, "Role of Deniz", "Manager")
        await write(pilot, "view")
        await pilot.press("enter")
        await shows(pilot, "AAAA-BBBB-CCCC", "wptui login https://relay.example.com", "shown only here")
        await pilot.press("enter")
        await hides(pilot, "AAAA-BBBB-CCCC")
        await pilot.press("end", "c")
        await shows(pilot, "DDDD-EEEE-FFFF")
        await pilot.press("escape", "r")
        await shows(pilot, "Role of Mehmet Kurt")
        await write(pilot, "owner")
        await pilot.press("enter")
        await shows(pilot, "you cannot give it")
        await pilot.press("x")
        await shows(pilot, "Shut out Mehmet Kurt?")
        await pilot.press("enter")
        await shows(pilot, "Mehmet Kurt has no access any more.")
        assert stage.relay.asked == [("add", "Deniz", "viewer"), ("code", "a2"), ("shut out", "a2")]


async def test_an_empty_team_and_no_connection(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        stage.relay.become(Kind.OFFLINE)
        stage.app.desk.remote = None
        await pilot.press("T")
        await shows(pilot, "No department", "Not connected: as it was last known here.")
        await pilot.press("escape")
        await hides(pilot, "Not connected: as")


async def test_who_is_there_is_known_as_long_as_the_link_stands(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        desk = stage.app.desk
        stage.relay.hears("online", None)
        stage.relay.tell(LinkChange(presence=[Presence(state="viewing", conversation="ali", agent="a3", name="X")]))
        assert desk.online == {"a2", "a3"}
        stage.relay.hears("offline", None)
        assert desk.online == {"a3"}
        stage.relay.become(Kind.OFFLINE)
        assert not desk.online


async def test_notes_that_call_me(stage: Stage) -> None:
    shop = stage.shop
    for note, conversation, text, ago in (
        ("x1", "ali", "@Ayşe bakar mısın?", 90),
        ("x2", "ahmet", "@Ayşe iade onayı", 60),
    ):
        data = ev.ConversationNoted(note=note, text=text, mentions=["a1"])
        shop.event(data, conversation, actor="agent:a2", at=NOW - ago)
    shop.event(ev.MentionSeen(agent="a1"), "ahmet", actor="agent:a1")
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await pilot.press("@")
        await shows(pilot, "Notes that call you", "Mehmet Kurt: @Ayşe bakar mısın?", "iade onayı")
        text = screen_text(pilot)
        assert text.index("bakar mısın") < text.index("iade onayı")  # what is new comes first
        await pilot.press("enter")
        await until(pilot, lambda: stage.main.chat.conversation == "ali")
        await shows(pilot, "bakar mısın?")
        await until(pilot, lambda: stage.given(SeeMentions))
        assert [item.command for item in stage.given(SeeMentions)] == [SeeMentions(conversation="ali")]


async def test_nobody_calls(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await pilot.press("@")
        await shows(pilot, "No note calls you.")
        stage.shop.event(
            ev.ConversationNoted(note="n9", text="@Ayşe", mentions=["a1"]), "ali", actor="agent:a2", at=NOW
        )
        await shows(pilot, "Mehmet Kurt: @Ayşe")  # it comes while one looks


def trail(count: int) -> list[Entry]:
    """A trail of a conversation, the latest first."""
    return [
        Entry(seq=n, at=(NOW - 60 * (count - n)) * 1000, actor="agent:a2", name="Mehmet Kurt", title="Ali Demir",
              type="conversation.labelled", conversation="ali", data={"label": f"etiket{n}"})
        for n in range(count, 0, -1)
    ]  # fmt: skip


async def test_what_happened_in_a_conversation_page_by_page(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        stage.relay.trail, stage.relay.page = trail(70), 30
        await pilot.press("enter")
        await until(pilot, lambda: stage.main.chat.conversation)
        await pilot.press("H")
        await shows(pilot, "What happened: ", "etiket70")
        await pilot.press("end")
        await until(pilot, lambda: len([each for each in stage.relay.asked if each[3] is not None]) >= 1)
        for _turn in range(4):
            await pilot.press("end")
            await pilot.pause(0.05)
        await shows(pilot, "etiket1 ")
        assert [each[3] for each in stage.relay.asked if each[3] is not None] == [41, 11]


async def test_what_a_colleague_did_leads_to_the_conversation(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await begun(pilot, stage)
        stage.relay.trail = trail(3)
        await pilot.press("T")
        await shows(pilot, "Mehmet Kurt")
        await pilot.press("end", "t")
        await shows(pilot, "What Mehmet Kurt did", "etiket3", "Ali Demir")
        await pilot.press("enter")
        await until(pilot, lambda: stage.main.chat.conversation == "ali" and stage.app.screen is stage.main)


async def test_the_trail_cannot_be_asked_for(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await pilot.press("enter", "H")
        await shows(pilot, "no trail", "Nothing can be shown.")
        await pilot.press("escape")
        await until(pilot, lambda: stage.app.screen is stage.main)
