"""Ten colleagues in one inbox: who has what, who is there, whom a note calls, and what a role leaves away."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import NOW, Stage, furnished
from tests.widgets.seed import Shop
from wptui.model import events as ev
from wptui.model.commands import (
    AddNote,
    Assign,
    Follow,
    RunMacro,
    SaveCanned,
    SaveSettings,
    SeeMentions,
    SendMessage,
    SetDuty,
    SetPriority,
    Transfer,
)
from wptui.model.permissions import ROLES
from wptui.screens.enclosing import enclosure
from wptui.sync.state import Kind

DEPARTMENTS = """
[satis]
name = "Satış"
members = ["a1", "a2"]

[iade]
name = "İade"
members = ["a1", "a3"]
"""
LABELS = """
[kargo]
colour = "blue"
group = "sipariş"
help = "Kargo soruları"

[iade]
colour = "red"
group = "sipariş"
"""
MACROS = """
[yolda]
title = "Kargo yolda"
key = "f6"
do = [{canned = "kargo"}, {label = "kargo"}, {resolve = true}]
"""
FILTERS = """
[iadeler]
title = "İadeler"
filter = "label:iade"
sort = "last"
"""


def together(path: Path) -> Shop:
    """The small shop with departments, a third colleague and settings."""
    shop = furnished(path)
    shop.agent("a3", "Zeki Ak")
    for section, text in (
        ("departments", DEPARTMENTS), ("labels", LABELS), ("macros", MACROS), ("filters", FILTERS),
    ):  # fmt: skip
        shop.event(ev.SettingsSaved(section=section, text=text), actor="agent:a1")
    for agent, duty in (("a1", "on"), ("a2", "busy"), ("a3", "on")):
        shop.event(ev.AgentDutyChanged(agent=agent, state=duty), actor="relay")
    shop.event(ev.ConversationMoved(department="satis"), "ahmet", actor="agent:a1", at=NOW - 800)
    return shop


@pytest.fixture
def team(tmp_path: Path) -> Stage:
    """The program of Ayşe, who is in both departments."""
    return Stage(tmp_path, seed=together)


async def begun(pilot: Pilot[object], stage: Stage) -> None:
    """Everything is there, and the relay can speak."""
    await shows(pilot, "Ahmet Yılmaz")
    await until(pilot, lambda: stage.link is not None)


async def test_a_faster_colleague_sends_the_agent_on_to_the_next(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.shop.event(ev.ConversationAssigned(agent=None), "ahmet", actor="agent:a1")
        team.relay.happened("ahmet")
        await pilot.press("n")
        await until(pilot, lambda: team.given(Assign))
        (claim,) = team.given(Assign)
        first = claim.conversation
        assert team.main.chat.conversation == first
        team.relay.refuse(claim, "already_assigned", "Mehmet Kurt has this conversation already.")
        await shows(pilot, "Mehmet Kurt has this conversation already.")
        await until(pilot, lambda: team.main.chat.conversation not in (None, first))
        assert claim.id not in [item.id for item in team.given()]


async def test_who_lost_a_claim_is_told_who_has_it(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.shop.event(ev.ConversationAssigned(agent=None), "ahmet", actor="agent:a1")
        team.relay.happened("ahmet")
        await pilot.press("down", "home", "A")
        await until(pilot, lambda: team.given(Assign))
        (claim,) = team.given(Assign)
        team.shop.event(ev.ConversationAssigned(agent="a3"), claim.conversation, actor="agent:a3")
        team.relay.happened(claim.conversation)
        team.relay.refuse(claim, "already_assigned")
        await shows(pilot, "Zeki Ak has this conversation already.")


async def test_a_notice_is_seen_each_time(team: Stage) -> None:
    async with team.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, team)
        banner = team.main.banner
        for text in ("first of all", "and once more"):
            banner.say(text)
            await until(pilot, lambda text=text: banner.size.height and text in banner.render_line(0).text)
            banner.hush()
            await until(pilot, lambda: not banner.size.height)


async def test_who_has_begun_to_write_is_not_sent_away(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.shop.event(ev.ConversationAssigned(agent=None), "ahmet", actor="agent:a1")
        team.relay.happened("ahmet")
        await pilot.press("n")
        await until(pilot, lambda: team.given(Assign))
        (claim,) = team.given(Assign)
        await pilot.press("i")
        await write(pilot, "mer")
        team.relay.refuse(claim, "already_assigned", "Mehmet Kurt has this conversation already.")
        await shows(pilot, "Mehmet Kurt has this conversation already.")
        assert team.main.chat.conversation == claim.conversation


async def test_a_transfer_names_department_colleague_and_reason(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "t")
        await shows(pilot, "Transfer Ahmet Yılmaz to", "İade", "2 on duty")
        await write(pilot, "iade")
        await pilot.press("enter")
        await shows(pilot, "To whom in İade?", "whoever is free", "Zeki Ak")
        await pilot.press("down", "enter")
        await shows(pilot, "Transfer to İade, Zeki Ak")
        await write(pilot, "para iadesi")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(Transfer))
        command = team.given(Transfer)[0].command
        assert (command.department, command.agent, command.reason) == ("iade", "a3", "para iadesi")
        assert command.expect == "a1"


async def test_the_assign_picker_tells_duty_and_load(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "a")
        await shows(pilot, "you · on duty", "busy", "open")
        # Zeki serves returns only: he does not see what is in sales.
        text = screen_text(pilot)
        assert "Mehmet Kurt" in text
        assert text.count("Zeki Ak") == 0


async def test_priority_following_and_duty_have_their_keys(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await shows(pilot, "on duty")
        await pilot.press("down", "p")
        await write(pilot, "urg")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SetPriority))
        assert team.given(SetPriority)[0].command.priority == 3
        await pilot.press("f")
        await until(pilot, lambda: team.given(Follow))
        await pilot.press("d")
        await shows(pilot, "Your duty")
        await write(pilot, "busy")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SetDuty))
        assert team.given(SetDuty)[0].command.state == "busy"


async def test_a_macro_has_its_own_key_and_is_shown_before_it_is_chosen(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "M")
        await shows(pilot, "Kargo yolda", "1. sends /kargo", "2. label kargo on", "3. resolves", "f6")
        await pilot.press("escape", "f6")
        await until(pilot, lambda: team.given(RunMacro))
        item = team.given(RunMacro)[0]
        assert (item.command.macro, item.command.own) == ("yolda", False)
        assert item.command.answering is not None
        team.shop.answer("ahmet", "Ben baktım", agent="a2", ago=8)
        team.relay.happened("ahmet")
        team.relay.refuse(item, "answered_meanwhile")
        await shows(pilot, "macro yolda", "s ago: send anyway?")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: any(each.command.force for each in team.given(RunMacro)))


async def test_a_note_calls_colleagues_by_name(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "N")
        await pilot.press("at")
        await shows(pilot, "Call in the note")
        await write(pilot, "mehm")
        await pilot.press("enter")
        await until(pilot, lambda: team.main.chat.composer.text == "@Mehmet Kurt ")
        await write(pilot, "bakar mısın")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(AddNote))
        command = team.given(AddNote)[0].command
        assert (command.text, command.mentions) == ("@Mehmet Kurt bakar mısın", ["a2"])


async def test_a_mention_is_marked_listed_and_seen_when_it_is_opened(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.shop.event(ev.ConversationNoted(note="x1", text="@Ayşe Demir?", mentions=["a1"]), "zeynep",
                        actor="agent:a2")  # fmt: skip
        team.relay.happened("zeynep", mentioned=[("zeynep", "a1", "x1")])
        await until(pilot, lambda: "zeynep" in team.main.inbox.list._look.mentioned)
        await pilot.press("7")
        await until(pilot, lambda: team.main.inbox.list.count == 1)
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SeeMentions))
        assert team.given(SeeMentions)[0].conversation == "zeynep"


async def test_colleagues_show_in_the_rows_and_stop_typing_when_they_have_sent(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.relay.hears("typing", "ahmet")
        await shows(pilot, team.app.glyphs.typing)
        await pilot.press("down", "enter")
        await shows(pilot, "Mehmet Kurt is typing")
        team.relay.hears("typing", "ahmet", "a3", "Zeki Ak")
        await shows(pilot, f"{team.app.glyphs.typing} Mehmet Kurt, Zeki Ak")  # the customer's name stays whole
        team.shop.answer("ahmet", "Ben baktım", agent="a2")
        team.shop.answer("ahmet", "Ben de", agent="a3")
        team.relay.happened("ahmet")
        await hides(pilot, f"{team.app.glyphs.typing} Mehmet")
        await shows(pilot, f"{team.app.glyphs.viewing} Mehmet Kurt, Zeki Ak")
        team.relay.hears("offline", None)
        team.relay.hears("offline", None, "a3", "Zeki Ak")
        await hides(pilot, f"{team.app.glyphs.viewing} Mehmet")


async def test_ones_own_typing_ends_with_the_answer(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "i")
        await write(pilot, "tamam")
        await until(pilot, lambda: team.relay.said[-1] == ("typing", "ahmet"))
        await pilot.press("enter")
        await until(pilot, lambda: team.relay.said[-1] == ("viewing", "ahmet"))


async def test_a_held_answer_can_be_thrown_away(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "i")
        await write(pilot, "cevap")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SendMessage))
        team.shop.answer("ahmet", "Ben baktım", agent="a2", ago=8)
        team.relay.happened("ahmet")
        team.relay.refuse(team.given(SendMessage)[0], "answered_meanwhile")
        await shows(pilot, "Mehmet Kurt answered", "s ago: send anyway?", "^o discard")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: not team.given(SendMessage))
        await hides(pilot, "send anyway?")


async def test_who_waits_in_no_department_is_counted_too(team: Stage) -> None:
    async with team.app.run_test(size=(120, 40)) as pilot:
        await begun(pilot, team)
        await shows(pilot, "Waiting by department", "No department")


async def test_saved_filters_are_views(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("v")
        await shows(pilot, "İadeler", "label:iade", "mentions", "following")
        await write(pilot, "iadeler")
        await pilot.press("enter")
        await until(pilot, lambda: team.main.inbox.query.filter.source == "label:iade")
        await shows(pilot, "İadeler · newest first")
        await pilot.press("1")
        await until(pilot, lambda: not team.main.inbox.query.filter.source)


async def test_a_filter_is_saved_beside_what_stands_there(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.relay.become(Kind.LIVE, permissions=tuple(ROLES["owner"]))
        await pilot.press("4", "V")
        await shows(pilot, "for me", "for everybody")
        await pilot.press("down", "enter")
        await write(pilot, "geç")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SaveSettings))
        command = team.given(SaveSettings)[0].command
        assert command.text == FILTERS.rstrip() + '\n\n[gec]\ntitle = "geç"\nfilter = "is:late"\nsort = "waiting"\n'
        assert not command.own
        assert command.expect > 0


async def test_who_may_only_save_for_themselves_is_not_asked_for_whom(team: Stage) -> None:
    async with team.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, team)
        team.relay.become(Kind.LIVE, permissions=tuple(ROLES["agent"]))
        await pilot.press("4", "V")
        await shows(pilot, "Save the filter", "Title")
        await write(pilot, "geç")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SaveSettings))
        assert team.given(SaveSettings)[0].command.own


# ── roles ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_viewer_is_offered_nothing_that_would_be_refused(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.relay.become(Kind.LIVE, permissions=tuple(ROLES["viewer"]))
        await hides(pilot, "e resolve")
        await pilot.press("down", "enter", "i")
        await shows(pilot, "Your role does not allow this.", "Your role reads along, without answering.")
        await pilot.press("ctrl+p")
        await shows(pilot, "All commands")
        await write(pilot, "resolve")
        await hides(pilot, "The request is done")
        await pilot.press("escape", "question_mark")
        await shows(pilot, "Search all messages")
        screen = team.app.screen
        text = "\n".join(screen.pages.texts)  # type: ignore[attr-defined]
        assert "conversation.resolve" not in text
        await pilot.press("escape", "e", "f6")
        await pilot.pause()
        assert not team.given()


async def test_a_role_without_colleagues_conversations_is_told_whose_it_is(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.shop.event(ev.ConversationAssigned(agent="a2"), "ahmet", actor="agent:a2")
        team.relay.happened("ahmet")
        team.relay.become(Kind.LIVE, permissions=tuple(ROLES["agent"] - {"message.others", "conversation.assign"}))
        await pilot.press("down", "enter")
        await shows(pilot, "Mehmet Kurt has it; you answer only your own.")
        await pilot.press("A")
        await shows(pilot, "your role does not take conversations away")
        assert not team.given(Assign)


async def test_another_role_is_told_once(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.relay.become(Kind.LIVE, role="agent", permissions=tuple(ROLES["agent"]))
        await pilot.pause()
        assert "role" not in team.main.banner.message
        team.relay.become(Kind.LIVE, role="manager", permissions=tuple(ROLES["manager"]))
        await shows(pilot, "Your role changed: Manager.")


# ── canned replies ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_canned_reply_is_chosen_in_the_customers_language_with_its_file_and_counted(team: Stage) -> None:
    shop = team.shop
    shop.event(ev.CannedSaved(shortcut="fatura", text="Invoice attached.", texts={"tr": "Faturanız ekte."},
                              media="k-1", filename="fatura.pdf", owner="a1"), actor="agent:a1")  # fmt: skip
    shop.event(ev.CannedSaved(shortcut="gizli", text="Mehmet'in kendi cevabı", owner="a2"), actor="agent:a2")
    shop.answer("ali", "IBAN", canned="iban", ago=50)
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter", "ctrl+r")
        await shows(pilot, "own · tr · fatura.pdf", "1 use")
        text = screen_text(pilot)
        assert "/gizli" not in text
        assert text.index("/iban") < text.index("/fatura")  # the most used first
        await write(pilot, "fatura")
        await pilot.press("enter")
        await shows(pilot, "with the file fatura.pdf", "Faturanız ekte.", "no file")
        await pilot.press("enter")
        await until(pilot, lambda: team.given(SendMessage))
        command = team.given(SendMessage)[0].command
        assert command.canned == "fatura"
        assert command.content == {
            "type": "document", "document": {"upload": "k-1", "caption": "Faturanız ekte.", "filename": "fatura.pdf"}
        }  # fmt: skip
        await write(pilot, "kendi sözüm")
        await pilot.press("enter")
        await until(pilot, lambda: len(team.given(SendMessage)) == 2)
        assert team.given(SendMessage)[1].command.canned == ""
        assert team.given(SendMessage)[1].command.content["type"] == "text"


async def test_an_agent_keeps_a_reply_of_their_own(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        team.relay.become(Kind.LIVE, permissions=tuple(ROLES["agent"]))
        await pilot.press("down", "enter", "i")
        await write(pilot, "Elden teslim")
        team.main.run_command("composer.save_canned")
        await shows(pilot, "Shortcut")
        await write(pilot, "elden")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: team.given(SaveCanned))
        command = team.given(SaveCanned)[0].command
        assert (command.shortcut, command.text, command.own) == ("elden", "Elden teslim", True)


@pytest.mark.parametrize(
    ("name", "text", "kinds"),
    [("a.pdf", "x", ["document"]), ("a.jpg", "", ["image"]), ("a.ogg", "x", ["text", "audio"]),
     ("a.jpg", "x" * 2000, ["text", "image"]), ("", "x", ["document"])],
)  # fmt: skip
def test_a_file_carries_the_text_where_it_can(name: str, text: str, kinds: list[str]) -> None:
    made = enclosure("key", name, text)
    assert [content["type"] for content, _told in made] == kinds
    assert "".join(told for _content, told in made) == text


async def test_a_blocked_customer_is_told_in_the_title(team: Stage) -> None:
    async with team.app.run_test(size=(120, 30)) as pilot:
        await begun(pilot, team)
        await pilot.press("down", "enter")
        await shows(pilot, "Merhaba, siparişim nerede?")
        team.shop.event(ev.ContactBlocked(contact="p-ahmet", blocked=True), actor="agent:a2")
        team.relay.happened("ahmet")
        await shows(pilot, "blocked")
