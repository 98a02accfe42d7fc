"""The ready-made rules, each over a real relay, with customers who write to it."""

from __future__ import annotations

from pathlib import Path

from tests.relay.rules.ruling import answer, arrived, fired, owner, quiet, rows, turned_on
from tests.relay.stage import Stage, stage, until
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay.rules.acts import BRAKE

ALWAYS_CLOSED = 'timezone = "UTC"\n[week]\nmon = ["09:00-09:01"]\n[closed]\n' + "\n".join(
    f'"2026-{month:02}-{day:02}" = "x"' for month in (11, 12) for day in range(1, 31)
)


async def test_welcome_greets_once_and_leaves_the_customer_waiting(play: Stage) -> None:
    screen = await owner(play, turned_on("welcome"))
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    sent = await arrived(play, "yazdığınız için teşekkürler")
    assert "Merhaba Mehmet," in sent.body["text"]["body"]
    await play.sandbox.say("mehmet", "Orada mısınız?")
    await quiet(play)
    assert len(fired(screen, "welcome")) == 1
    ((waiting, unread, assignee),) = await rows(
        play, "SELECT waiting_since, unread, assignee FROM conversations WHERE id = ?", conversation
    )
    assert waiting and unread == 2 and assignee == ""
    ((human, automatic, author),) = await rows(
        play, "SELECT human, automatic, author FROM messages WHERE conversation = ? AND dir = 'out'", conversation
    )
    assert (human, automatic, author) == (0, 1, "rule:welcome")
    ((first, any_),) = await rows(play, "SELECT first_response_by, first_any_at FROM requests")
    assert first == "" and any_


async def test_away_says_so_once_in_hours_and_only_when_closed(play: Stage) -> None:
    screen = await owner(play, turned_on("away", "welcome"), hours=ALWAYS_CLOSED)
    await play.sandbox.say("mehmet", "Merhaba")
    await arrived(play, "Şu an kapalıyız")
    await play.sandbox.say("mehmet", "Merhaba?")
    await quiet(play)
    assert [each["rule"] for each in fired(screen)] == ["away"]


async def test_a_question_by_keyword_is_answered_and_labelled(play: Stage) -> None:
    screen = await owner(play, turned_on("faq-shipping"))
    await play.sandbox.say("mehmet", "KARGOM nerede?")
    await arrived(play, "aynı gün kargoya verilir")
    await play.sandbox.say("zeynep", "Kahve var mı?")
    await quiet(play)
    assert len(fired(screen)) == 1
    assert await rows(play, "SELECT label FROM labels") == [("kargo",)]


async def test_the_menu_moves_the_conversation_where_the_customer_chooses(play: Stage) -> None:
    departments = '[satis]\nname = "Satış"\n[destek]\nname = "Destek"\n'
    screen = await owner(play, turned_on("department-menu"), departments=departments)
    await play.sandbox.say("mehmet", "Merhaba")
    sent = await arrived(play, "Lütfen seçin")
    (section,) = sent.body["interactive"]["action"]["sections"]
    assert [row["title"] for row in section["rows"]] == ["Satış", "Destek"]
    await play.sandbox.say("mehmet", {"type": "list_reply", **section["rows"][1]})
    await screen.waits_for(ev.ConversationMoved.TYPE, department="destek", how="menu")
    await play.sandbox.say("mehmet", {"type": "list_reply", "id": "wptui:dept:yok", "title": "Yok"})
    await quiet(play)
    assert await rows(play, "SELECT department FROM conversations") == [("destek",)]


async def test_a_customer_who_does_not_answer_is_asked_once_more_and_then_resolved(play: Stage) -> None:
    rules = (
        turned_on("follow-up", after='"1s"') + '\n[done]\nwhen = "silent"\nafter = "2s"\nthen = [{resolve = true}]\n'
    )
    screen = await owner(play, rules)
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    await answer(screen, conversation)
    await arrived(play, "Yardımcı olabildik mi")
    await screen.waits_for(ev.ConversationResolved.TYPE)
    await quiet(play)
    assert [each["rule"] for each in fired(screen)] == ["follow-up", "done"]
    ((by, unanswered),) = await rows(play, "SELECT resolved_by, closed_unanswered FROM requests")
    assert (by, unanswered) == ("rule:done", 0)


async def test_satisfaction_is_asked_by_a_list_and_answering_is_no_work(play: Stage) -> None:
    screen = await owner(play, turned_on("csat", "not-satisfied"))
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    await answer(screen, conversation)
    assert (await screen.ask(c.Assign(conversation=conversation, agent="ayse"))).ok
    assert (await screen.ask(c.Resolve(conversation=conversation))).ok
    sent = await arrived(play, "memnun kaldınız")
    (section,) = sent.body["interactive"]["action"]["sections"]
    assert [row["title"] for row in section["rows"]] == ["5 ★★★★★", "4 ★★★★", "3 ★★★", "2 ★★", "1 ★"]
    await play.sandbox.say("mehmet", {"type": "list_reply", **section["rows"][0]})
    await screen.waits_for(ev.SurveyAnswered.TYPE, score=5)
    await play.sandbox.say("mehmet", {"type": "list_reply", **section["rows"][4]})
    await screen.waits_for(ev.SurveyAnswered.TYPE, score=1)
    await quiet(play)
    assert await rows(play, "SELECT state, unread FROM conversations") == [("resolved", 0)]
    assert await rows(play, "SELECT reopens FROM requests") == [(0,)]
    await play.sandbox.say("mehmet", {"type": "text", "text": "Çok bekledim", "quote": sent.wamid})
    await screen.waits_for(ev.SurveyAnswered.TYPE, comment="Çok bekledim")
    await quiet(play)
    assert await rows(play, "SELECT kind, score, comment FROM surveys") == [("csat", 1, "Çok bekledim")]
    assert await rows(play, "SELECT state, unread FROM conversations") == [("open", 1)]
    assert [each["acts"] for each in fired(screen, "not-satisfied")] == [["label: memnuniyetsiz", "notify: assignee"]]
    assert screen.seen(ev.AgentNotified.TYPE)[0]["agents"] == ["ayse"]


async def test_one_survey_for_a_request(play: Stage) -> None:
    screen = await owner(play, turned_on("csat"))
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    await answer(screen, conversation)
    for _time in range(2):
        assert (await screen.ask(c.Resolve(conversation=conversation))).ok
        await quiet(play)
        assert (await screen.ask(c.Reopen(conversation=conversation))).ok
    assert await rows(play, "SELECT count(*) FROM surveys") == [(1,)]
    assert [list(each.get("skipped", {}).values()) for each in fired(screen, "csat")] == [[], ["asked_already"]]


async def test_a_recommendation_is_a_typed_number_while_it_is_the_last_thing_sent(play: Stage) -> None:
    screen = await owner(play, turned_on("nps", after='"1s"'))
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    await answer(screen, conversation)
    assert (await screen.ask(c.Resolve(conversation=conversation))).ok
    await arrived(play, "0 ile 10 arasında")
    await play.sandbox.say("mehmet", "11")
    await play.conversation(screen, "11")
    assert not screen.seen(ev.SurveyAnswered.TYPE)
    await play.sandbox.say("mehmet", " 10. ")
    await screen.waits_for(ev.SurveyAnswered.TYPE, score=10)
    assert await rows(play, "SELECT reopens FROM requests") == [(1,)], "11 is no score, but something to answer"
    await answer(screen, conversation, "11 mi?")
    await play.sandbox.say("mehmet", "9")
    await play.conversation(screen, "9")
    assert await rows(play, "SELECT score FROM surveys") == [(10,)]


async def test_stop_and_start_with_a_word_of_confirmation_and_no_other_answer(play: Stage) -> None:
    screen = await owner(play, turned_on("opt-out", "opt-in", "welcome"))
    await play.sandbox.say("mehmet", "iptal!")
    await arrived(play, "artık kampanya mesajı göndermeyeceğiz")
    await quiet(play)
    assert await rows(play, "SELECT opted_out FROM contacts") == [(1,)]
    assert [each["rule"] for each in fired(screen)] == ["opt-out"]
    assert await rows(play, "SELECT state FROM conversations") == [("resolved",)]
    await play.sandbox.say("mehmet", "Siparişi iptal etmek istiyorum")
    await quiet(play)
    assert len(fired(screen, "opt-out")) == 1, "the words of a sentence are no stop"
    await play.sandbox.say("mehmet", "başlat")
    await arrived(play, "Yeniden hoş geldiniz")
    await quiet(play)
    assert await rows(play, "SELECT opted_out FROM contacts") == [(0,)]


async def test_after_a_restart_nothing_is_done_twice_and_nothing_is_missed(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        screen = await owner(play, turned_on("welcome"))
        await play.sandbox.say("mehmet", "Merhaba")
        await arrived(play, "yazdığınız için teşekkürler")
        await quiet(play)
        await play.relay.duties.drop()  # another relay would do this now
        await play.sandbox.say("zeynep", "Selam")
        await play.conversation(screen, "Selam")
        await play.restart()
        await until(lambda: len([s for s in play.sandbox.sends.all if s.wamid]) == 2, "the second greeting")
        await quiet(play)
        authors = await rows(play, "SELECT count(*), count(DISTINCT conversation) FROM messages WHERE dir = 'out'")
        assert authors == [(2, 2)]


async def test_a_macro_does_all_or_nothing_in_the_agents_name(play: Stage) -> None:
    screen = await play.sit_down("Ayşe")
    text = (
        '[kargo]\ndo = [{reply = "Merhaba {{customer.first_name|efendim}}, {{agent.first_name}} ben"}, '
        '{label = "kargo"}, {assign = "me"}, {resolve = true}]\n[bozuk]\ndo = [{label = "x"}, {canned = "yok"}]\n'
    )
    result = await screen.ask(c.SaveSettings(section="macros", text=text, expect=0))
    assert result.ok, result.message
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    refused = await screen.ask(c.RunMacro(conversation=conversation, macro="bozuk"))
    assert refused.code == "not_found"
    assert await rows(play, "SELECT count(*) FROM labels") == [(0,)]
    id = c.command_id()
    assert (await screen.ask(c.RunMacro(conversation=conversation, macro="kargo"), id)).ok
    await arrived(play, "Merhaba Mehmet, Ayşe ben")
    await screen.waits_for("message.accepted", message=id)
    ((human, automatic),) = await rows(play, "SELECT human, automatic FROM messages WHERE id = ?", id)
    assert (human, automatic) == (1, 0)
    assert await rows(play, "SELECT state, assignee, labels FROM conversations") == [("resolved", "ayse", "kargo")]


async def test_another_machine_that_answers_each_of_our_answers_is_not_answered_for_ever(play: Stage) -> None:
    screen = await owner(play, '[echo]\nwhen = "message"\nthen = [{reply = "Mesajınızı aldık"}]\n')
    for said in range(1, BRAKE + 4):
        await play.sandbox.say("mehmet", f"Otomatik yanıt {said}")
        await until(lambda said=said: len(fired(screen, "echo")) == said, f"answer {said}")  # type: ignore[misc]
    await quiet(play)
    assert len([each for each in play.sandbox.sends.all if each.wamid]) == BRAKE
    left_out = [each["skipped"] for each in fired(screen, "echo") if each.get("skipped")]
    assert [list(each.values()) for each in left_out] == [["too_often"]] * 3
