"""An agent opens a conversation, answers, and sees what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import NOW, Stage
from wptui.model.commands import AddNote, Assign, MarkRead, SendMessage
from wptui.model.protocol import Result
from wptui.screens.main import MainScreen
from wptui.sync.state import Kind, LinkChange


async def test_the_most_urgent_customer_is_taken_and_answered_in_two_keys(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Fatma Şahin", "4 waiting")
        await pilot.press("n")
        await shows(pilot, "Fatura gelmedi")
        assert [item.command for item in stage.given(Assign)] == [Assign(conversation="fatma", agent="a1", expect=None)]


async def test_an_answer_is_on_disk_before_it_is_shown_and_becomes_the_relays_row(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "enter")
        await write(pilot, "Hemen bakıyorum")
        await pilot.press("enter")
        await shows(pilot, "Hemen bakıyorum  sending")
        (item,) = stage.given(SendMessage)
        assert item.command.content == {"type": "text", "text": {"body": "Hemen bakıyorum"}}
        assert (
            item.command.answering
            == stage.shop.db.execute("SELECT MAX(seq) FROM messages WHERE conversation = 'ahmet'").fetchone()[0]
        )
        assert stage.main.chat.composer.text == ""
        stage.relay.take(item)
        await hides(pilot, "sending")
        await shows(pilot, "Hemen bakıyorum")
        assert not stage.given(SendMessage)


async def test_what_is_written_survives_another_conversation_and_the_end_of_the_program(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "yarım")
        await pilot.press("escape", "escape", "down", "enter")
        await until(pilot, lambda: stage.main.chat.conversation == "zeynep")
        assert stage.main.chat.composer.text == ""
        await pilot.press("escape", "up", "enter")
        await until(pilot, lambda: stage.main.chat.composer.text == "yarım")
        await pilot.press("i")
        await write(pilot, " kaldı")
    second = stage.make()
    async with second.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        await shows(pilot, "yarım kaldı")


async def test_enter_sends_and_alt_enter_begins_a_line(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "bir")
        await pilot.press("alt+enter")
        await write(pilot, "iki")
        await pilot.press("ctrl+j")
        await write(pilot, "son")
        assert not stage.given(SendMessage)
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.text == "bir\niki\nson"


async def test_other_keys_may_send_and_break_lines(staged: Callable[[str], Stage]) -> None:
    stage = staged('[keys]\ncomposer.send = "ctrl+g"\ncomposer.newline = "enter"\n')
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "a")
        await pilot.press("enter")
        await write(pilot, "b")
        await pilot.press("ctrl+g")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.text == "a\nb"


async def test_a_colleague_was_faster_and_the_agent_decides(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "Cevap")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        stage.shop.answer("ahmet", "Ben baktım", agent="a2", ago=8)
        stage.relay.happened("ahmet")
        stage.relay.refuse(stage.given(SendMessage)[0], "answered_meanwhile")
        await shows(pilot, "not sent", "Mehmet Kurt answered ", " s ago: send anyway?", "^s send anyway", "esc edit")
        await pilot.press("ctrl+s")
        await shows(pilot, "Cevap  sending")
        (item,) = stage.given(SendMessage)
        assert item.command.force and item.state == "waiting"
        stage.relay.refuse(item, "answered_meanwhile")
        await shows(pilot, "send anyway")
        await pilot.press("escape")
        await until(pilot, lambda: stage.main.chat.composer.text == "Cevap")
        assert not stage.given(SendMessage)
        assert stage.app.desk.outbox.draft("ahmet") == "Cevap"


async def test_an_answer_that_came_in_under_the_last_keys_is_not_taken_as_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "Cevap")
        stage.shop.answer("ahmet", "Ben baktım", agent="a2", ago=1)
        stage.relay.happened("ahmet")
        await shows(pilot, "Ben baktım")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        theirs = stage.shop.db.execute("SELECT MAX(seq) FROM messages WHERE conversation = 'ahmet'").fetchone()[0]
        (item,) = stage.given(SendMessage)
        assert item.command.answering is not None and item.command.answering < theirs
        stage.app.desk.outbox.drop(item.id)
        # Read for a while before the answer was begun, it is taken as read.
        monkeypatch.setattr("wptui.screens.chat_writing.GLANCE_SECONDS", 0.0)
        await write(pilot, "Yine de")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.answering == theirs


async def test_what_was_written_while_a_colleague_answered_is_asked_about_however_long_ago_that_was(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wptui.screens.chat_writing.GLANCE_SECONDS", 0.0)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "Cevap")
        for text in ("Ben baktım", "Bir şey daha"):
            stage.shop.answer("ahmet", text, agent="a2", ago=1)
            stage.relay.happened("ahmet")
            await shows(pilot, text)
        await write(pilot, " sonu")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        first = stage.shop.db.execute("SELECT seq FROM messages WHERE text = 'Ben baktım'").fetchone()[0]
        (item,) = stage.given(SendMessage)
        assert item.command.answering is not None and item.command.answering < first


async def test_what_was_just_sent_is_the_chosen_message(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "home", "i")
        await write(pilot, "Hemen")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        stage.relay.take(stage.given(SendMessage)[0])
        await until(pilot, lambda: (row := stage.main.message()) is not None and row.text == "Hemen")


async def test_a_note_never_becomes_an_answer(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "cevap")
        await pilot.press("escape", "N")
        await shows(pilot, "Note: only colleagues see this")
        assert stage.main.chat.composer.text == ""
        await write(pilot, "sorunlu")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(AddNote))
        assert not stage.given(SendMessage)
        # The answer that was begun before is there again, and the mode is the answer's.
        await hides(pilot, "only colleagues see this")
        assert stage.main.chat.composer.text == "cevap"
        # The next key is a command, not a letter for the customer.
        assert stage.main.chat.thread.has_focus
        stage.relay.refuse(stage.given(AddNote)[0], "too_long")
        await shows(pilot, "The text is too long.")
        await pilot.press("escape")
        await shows(pilot, "Note: only colleagues see this", "sorunlu")


async def test_outside_the_window_only_a_template_goes_out(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Fatma Şahin")
        await pilot.press("enter")
        await shows(pilot, "window closed", "24 hours are over: only templates", "^t")
        await pilot.press("i")
        await write(pilot, "geç")
        await pilot.press("enter")
        await shows(pilot, "only a template can go out")
        assert not stage.given(SendMessage) and stage.main.chat.composer.text == "geç"
        await pilot.press("ctrl+t")
        await shows(pilot, "siparis_hazir", "kis_kampanyasi")
        await write(pilot, "siparis")
        await pilot.press("enter")
        await shows(pilot, "Text: 1", "Merhaba {{1}}, siparişiniz {{2}} hazır.")
        await write(pilot, "Fatma")
        await pilot.press("down")
        await write(pilot, "42")
        await shows(pilot, "Merhaba Fatma, siparişiniz 42 hazır.")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        (item,) = stage.given(SendMessage)
        assert item.command.content["template"]["name"] == "siparis_hazir"
        assert item.command.content["template"]["components"] == [
            {"type": "body", "parameters": [{"type": "text", "text": "Fatma"}, {"type": "text", "text": "42"}]}
        ]
        assert item.command.text.startswith("Merhaba Fatma, siparişiniz 42 hazır.")
        assert stage.main.chat.composer.text == "geç"


async def test_a_canned_reply_is_filled_in_and_waits_for_what_only_the_agent_knows(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i", "slash")
        await shows(pilot, "Canned replies", "/kargo")
        await write(pilot, "isik")  # found in Turkish folding
        await shows(pilot, "/ışık", "Işıklı reklam panosu stokta.")
        await pilot.press("backspace", "backspace", "backspace", "backspace")
        await write(pilot, "kargo")
        await shows(pilot, "Merhaba Ahmet, siparişiniz {{order}} yola çıktı. Ayşe Demir")
        await pilot.press("enter")
        await until(pilot, lambda: "{{order}}" in stage.main.chat.composer.text)
        await pilot.press("enter")
        await shows(pilot, "{{order}} is still to be filled in.")
        assert not stage.given(SendMessage)
        await write(pilot, "1017")  # over the selected place
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.text == "Merhaba Ahmet, siparişiniz 1017 yola çıktı. Ayşe Demir"


async def test_a_reply_quotes_the_chosen_message(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "home", "r")
        await shows(pilot, "↳ Merhaba, kış indirimi var mı?")
        await write(pilot, "var")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        first = stage.shop.db.execute("SELECT wamid FROM messages WHERE text LIKE 'Merhaba, kış%'").fetchone()[0]
        assert stage.given(SendMessage)[0].command.quote == first
        await hides(pilot, "↳ Merhaba, kış")


async def test_four_thousand_characters_are_the_most(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        stage.main.chat.composer.load("x" * 4100)
        await shows(pilot, "4,100/4,096")
        await pilot.press("enter")
        await shows(pilot, "The text is 4 characters too long.")
        assert not stage.given(SendMessage)


async def test_reading_counts_when_a_conversation_is_opened_not_when_the_cursor_passes(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "down", "down", "up", "up")
        await until(pilot, lambda: stage.main.inbox.list.selected == "ahmet")
        assert not stage.given(MarkRead)
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(MarkRead))
        assert [item.conversation for item in stage.given(MarkRead)] == ["ahmet"]


async def test_reading_by_hand(staged: Callable[[str], Stage]) -> None:
    stage = staged('mark_read = "manual"')
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "cevap")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert not stage.given(MarkRead)
        await pilot.press("escape", "m")
        await until(pilot, lambda: stage.given(MarkRead))


async def test_offline_an_answer_waits_and_says_so(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "● live")
        stage.relay.become(Kind.OFFLINE, detail="Nobody answers at the relay's address", hint="Is the relay running?")
        await shows(pilot, "offline, as of 17:32", "Nobody answers at the relay's address", "Is the relay running?")
        await pilot.press("down", "enter", "i")
        await write(pilot, "sonra")
        await pilot.press("enter")
        await shows(pilot, "sonra  waits for the connection")
        assert stage.relay.pokes > 0  # a key press asks for a new attempt at once
        stage.relay.become(Kind.LIVE)
        await shows(pilot, "● live", "sonra  sending")
        await hides(pilot, "Nobody answers")


async def test_colleagues_are_seen_and_told(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        await until(pilot, lambda: ("viewing", "ahmet") in stage.relay.said)
        stage.relay.hears("viewing", "ahmet")
        await shows(pilot, "Mehmet Kurt is viewing")
        stage.relay.hears("typing", "ahmet")
        await shows(pilot, "Mehmet Kurt is typing")
        stage.relay.hears("gone", "ahmet")
        await hides(pilot, "Mehmet Kurt is typing")
        await pilot.press("i")
        await write(pilot, "uzun bir cevap")
        assert stage.relay.said.count(("typing", "ahmet")) == 1
        await pilot.press("escape", "N")
        said = len(stage.relay.said)
        await write(pilot, "not")  # the customer must not see that a note is written
        assert len(stage.relay.said) == said


async def test_a_refusal_of_another_conversation_is_told(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "cevap")
        await pilot.press("enter", "escape", "escape", "down", "enter")
        await until(pilot, lambda: stage.main.chat.conversation == "zeynep")
        stage.relay.refuse(stage.given(SendMessage)[0], "window_closed")
        await shows(pilot, "Not sent to Ahmet Yılmaz: The 24-hour window is closed")


async def test_an_assignment_that_came_too_late_is_said_and_gone(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await shows(pilot, "Zeynep")
        await pilot.press("down", "down", "A")
        await until(pilot, lambda: stage.given(Assign))
        stage.relay.refuse(stage.given(Assign)[0], "already_assigned")
        await shows(pilot, "A colleague was faster")
        assert not stage.given(Assign)


async def test_a_conversation_that_leaves_the_agents_view_is_closed(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        await shows(pilot, "siparişim nerede")
        from wptui.store.changes import Changes
        from wptui.store.database import transaction
        from wptui.store.fold_contacts import remove_conversation

        with transaction(stage.shop.db) as db:
            remove_conversation(db, "ahmet")
        stage.relay.tell(LinkChange(changes=Changes(removed={"ahmet"})))
        await shows(pilot, "no longer yours to see", "No conversation is open.")
        assert "siparişim" not in screen_text(pilot)


async def test_a_result_for_nothing_known_is_passed_over(stage: Stage) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: stage.link)
        stage.relay.tell(LinkChange(results=[Result(id="nobody", ok=False, code="not_found")]))
        await pilot.pause()
        assert isinstance(stage.app.screen, MainScreen)


async def test_new_messages_arrive_while_reading(stage: Stage) -> None:
    async with stage.app.run_test(size=(120, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        await shows(pilot, "siparişim nerede")
        stage.shop.receive("ahmet", "Alo?", ago=0)
        stage.relay.happened("ahmet", inbound=[("ahmet", "x", NOW)])
        await shows(pilot, "Alo?")
