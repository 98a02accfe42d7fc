"""A message as the thread shows it: every kind, every state, in words, at every width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

import pytest

from tests import corpus
from tests.widgets.seed import NOW, Shop, busy_thread
from wptui.model import events as ev
from wptui.store import thread
from wptui.store.thread import ThreadRow
from wptui.widgets.glyphs import ASCII, CELL, FULL
from wptui.widgets.render.cells import FSI, PDI, line_width
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.mentions import called
from wptui.widgets.render.thread import SHOWN, block, place
from wptui.widgets.styles import plain_text

CONTEXT = ThreadContext(
    width=78, today=date(2026, 11, 23), me="a1", agents={"a1": "Ayşe Demir", "a2": "Mehmet Kurt"},
    title="Ahmet Yılmaz", zone=UTC,
)  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A store with two agents and one conversation, `c`."""
    made = Shop(tmp_path / "cache.db")
    made.agent("a1", "Ayşe Demir")
    made.agent("a2", "Mehmet Kurt")
    made.open("c", "Ahmet Yılmaz")
    yield made
    made.db.close()


def drawn(shop: Shop, conversation: str = "c", context: ThreadContext = CONTEXT, unread: str = "") -> str:
    """The whole thread as text."""
    text: list[str] = []
    before: ThreadRow | None = None
    for row in thread.latest(shop.db, conversation, 1000):
        text.append(plain_text(block(row, place(row, before, row.id == unread, context), context).lines))
        before = row
    return "\n".join(text)


def squeezed(text: str) -> str:
    """`text` with runs of blanks and bars as one blank: for looking up sentences that were filled into lines."""
    return " ".join(re.sub("[┃┆]", " ", text).split())


def test_days_and_the_unread_divider_part_the_thread(shop: Shop) -> None:
    shop.receive("c", "dün", ago=86_400)
    new = shop.receive("c", "bugün")
    lines = drawn(shop, unread=new).splitlines()
    assert [line.strip(" ─") for line in lines[::2][:2]] == ["Yesterday", "Today"]
    assert "new below" in lines[3] and "bugün" in lines[4]


def test_theirs_stands_left_and_ours_right_with_times_in_one_column(shop: Shop) -> None:
    shop.receive("c", "soru", ago=60)
    shop.answer("c", "cevap")
    theirs, ours = drawn(shop).splitlines()[1:]
    assert theirs.startswith("┃ soru") and ours.rstrip().endswith("cevap ┃ 14:32 ✔✔")
    assert theirs.index("14:31") == ours.index("14:32")


@pytest.mark.parametrize(
    ("status", "sign"), [("queued", "◷"), ("attempted", "◷"), ("accepted", "✓"), ("sent", "✓"), ("delivered", "✓✓"),
                         ("read", "✔✔"), ("failed", "!"), ("unknown", "?")],
)  # fmt: skip
def test_each_state_has_a_sign_of_its_own(shop: Shop, status: str, sign: str) -> None:
    shop.answer("c", "cevap", status=status)
    assert drawn(shop).splitlines()[1].endswith(f"┃ 14:32 {sign}")


def test_a_failure_says_why_and_which_key_helps(shop: Shop) -> None:
    shop.answer("c", "cevap", status="failed:131047")
    text = squeezed(drawn(shop))
    assert "! not sent: The 24-hour window is closed. Send a template instead. (131047)" in text
    assert "R retry · D discard" in text


def test_keys_are_named_as_the_agent_has_set_them(shop: Shop) -> None:
    shop.answer("c", "cevap", status="failed:131047")
    context = replace(CONTEXT, keys={**CONTEXT.keys, "retry": "f5"})
    assert "f5 retry" in drawn(shop, context=context)


def test_an_unknown_code_shows_metas_words(shop: Shop) -> None:
    message = shop.answer("c", "cevap", status="queued")
    problem = ev.Problem(code=999999, title="Strange", details="It is strange.")
    shop.event(ev.MessageFailed(message=message, problem=problem), "c", actor="relay")
    assert "! not sent: It is strange (999999)" in squeezed(drawn(shop))


def test_an_unknown_outcome_and_a_given_up_one(shop: Shop) -> None:
    message = shop.answer("c", "cevap", status="unknown")
    assert "? nobody knows whether this went out" in squeezed(drawn(shop))
    shop.event(ev.MessageDiscarded(message=message), "c", actor="agent:a1")
    assert "! not sent, given up" in squeezed(drawn(shop))


def test_a_message_that_waits_for_its_next_try_says_until_when(shop: Shop) -> None:
    message = shop.answer("c", "cevap", status="attempted")
    shop.event(
        ev.MessageDeferred(message=message, retry_at=NOW + 60, problem=ev.Problem(code=131056)), "c", actor="relay"
    )
    assert "next try 14:33: Too many messages to this customer" in squeezed(drawn(shop))


def test_a_quote_shows_what_was_said_or_that_it_is_gone(shop: Shop) -> None:
    first = shop.receive("c", "*Merhaba*", ago=60)
    shop.answer("c", "cevap", quote=first)
    shop.receive("c", "hı?", quote="wamid.elsewhere")
    text = drawn(shop)
    assert "┃ Ahmet Yılmaz: Merhaba " in text
    assert "┃ quoted message not in store" in text


def test_a_deleted_message_leaves_only_its_time(shop: Shop) -> None:
    gone = shop.receive("c", "gizli", ago=60)
    shop.event(ev.MessageRevoked(target=gone, ts=NOW, by="customer"), "c")
    assert "gizli" not in drawn(shop)
    assert "deleted by its writer, 14:32" in drawn(shop)


def test_an_edit_is_marked_and_the_earlier_text_comes_on_demand(shop: Shop) -> None:
    first = shop.receive("c", "yalnış", ago=60)
    shop.event(ev.MessageEdited(target=first, ts=NOW, by="customer", kind="text", text="yanlış"), "c")
    assert "edited 14:32" in drawn(shop) and "yalnış" not in drawn(shop)
    assert "before: yalnış" in drawn(shop, context=replace(CONTEXT, expanded=frozenset({first})))


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (None, "loading…"),
        (ev.MediaStored(message="m", key="k", mime="image/jpeg", size=182_000), "photo 182 kB o to open"),
        (ev.MediaFailed(message="m", reason="time-out"), "loading, last try: time-out"),
        (ev.MediaFailed(message="m", reason="gone", final=True), "lost: gone"),
    ],
)
def test_a_file_says_what_can_be_done_with_it(shop: Shop, event: ev.Data | None, words: str) -> None:
    shop.receive("c", "", kind="image", message="m", media=ev.Media(id="1"))
    if event is not None:
        shop.event(event, "c", actor="relay")
    assert words in squeezed(drawn(shop))


def test_an_order_is_summed_by_currency_with_its_code(shop: Shop) -> None:
    items = [
        {"product": "A", "quantity": "3", "price": "0.1", "currency": "TRY"},
        {"product": "B", "quantity": "1", "price": "1200", "currency": "EUR"},
    ]
    shop.receive("c", "", kind="order", body={"items": items, "totals": {"TRY": "0.3", "EUR": "1200"}})
    text = squeezed(drawn(shop))
    assert "3 × A 0.10 TRY" in text
    assert "total 0.30 TRY total 1,200 EUR" in text


def test_notes_and_events_cannot_be_taken_for_messages(shop: Shop) -> None:
    shop.event(ev.ConversationNoted(note="n", text="kargo kayıp"), "c", actor="agent:a2")
    shop.event(ev.ConversationAssigned(agent="a1"), "c", actor="agent:a1")
    shop.event(ev.ConversationAssigned(agent="a2"), "c", actor="agent:a1")
    shop.event(ev.ConversationResolved(), "c", actor="agent:a2")
    shop.event(ev.ContactRekeyed(contact="p-c", ts=NOW, what="number", old="+90 1", new="+90 2"), "c", actor="meta")
    shop.event(ev.CallReceived(call="k", event="terminate", ts=NOW, duration=27), "c")
    text = drawn(shop)
    assert "┆ note · Mehmet Kurt: kargo kayıp" in text
    for sentence in (
        "Ayşe Demir took it over", "Ayşe Demir assigned it to Mehmet Kurt", "Mehmet Kurt resolved it",
        "the customer's number or id changed: +90 1 → +90 2", "call, 00:27",
    ):  # fmt: skip
        assert f"── {sentence}" in text or f"📞 {sentence}" in text


def test_colleagues_the_phone_and_metas_assistant_are_named_once_a_group(shop: Shop) -> None:
    shop.answer("c", "bir", ago=50, agent="a2")
    shop.answer("c", "iki", ago=40, agent="a2")
    shop.answer("c", "üç", ago=30)
    for author, ago in (("phone", 20), ("ai", 10)):
        shop.event(
            ev.MessageEchoed(message=author, kind="text", ts=NOW - ago, received_at=NOW, author=author, text=author),
            "c",
            actor=author,
        )
    text = drawn(shop)
    assert text.count("Mehmet Kurt") == 1
    assert [line.strip() for line in text.splitlines() if "┃" not in line][1:] == [
        "Mehmet Kurt", "you", "phone", "Meta's assistant",
    ]  # fmt: skip


def test_in_a_group_each_sender_is_named(shop: Shop) -> None:
    shop.receive("c", "bir", ago=30, sender="Deniz")
    shop.receive("c", "iki", ago=20, sender="Deniz")
    shop.receive("c", "üç", ago=10, sender="Ege")
    names = [
        line.strip() for line in drawn(shop, context=replace(CONTEXT, group=True)).splitlines()[1:] if "┃" not in line
    ]
    assert names == ["Deniz", "Ege"]


def test_long_texts_are_cut_until_asked_for(shop: Shop) -> None:
    long = shop.receive("c", "uzun " * 13_000)
    cut = drawn(shop)
    assert len(cut) < SHOWN * 3 and "(show all with w)" in cut
    whole = drawn(shop, context=replace(CONTEXT, expanded=frozenset({long})))
    assert whole.count("uzun") == 13_000


def test_a_terminal_that_orders_text_gets_isolated_runs_and_others_get_none(shop: Shop) -> None:
    shop.receive("c", "مرحبا KLY-1042")
    assert FSI not in drawn(shop)
    ordered = drawn(shop, context=replace(CONTEXT, glyphs=replace(FULL, bidi=True)))
    assert f"{FSI}مرحبا{PDI} KLY-1042" in ordered


@pytest.mark.parametrize("cells", [20, 47, 78])
@pytest.mark.parametrize("glyphs", [FULL, CELL, ASCII], ids=["full", "cell", "ascii"])
def test_every_body_of_the_corpus_is_drawn_in_its_width_and_without_a_control_byte(
    shop: Shop, cells: int, glyphs: object
) -> None:
    for name in corpus.files():
        if "batch_1000" not in name:
            shop.webhook(corpus.wire(name).body, "c", corpus.received_at())
    context = replace(CONTEXT, width=cells, glyphs=glyphs)
    before: ThreadRow | None = None
    rows = thread.latest(shop.db, "c", 1000)
    assert len(rows) > 60
    for row in rows:
        for line in block(row, place(row, before, False, context), context).lines:
            text = "".join(part for part, _style in line)
            assert not re.search("[\x00-\x1f\x7f-\x9f]", text), (row.id, text)
            assert line_width(line) <= cells, (row.id, text)
        before = row


@pytest.mark.parametrize("number", range(143, 148))
def test_hostile_bodies_are_shown_as_text(shop: Shop, number: int) -> None:
    ids = shop.webhook(corpus.wire(corpus.find(number)).body, "c", corpus.received_at())
    assert ids
    text = drawn(shop)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    if number == 145:
        assert "[link=file:///etc/passwd]" in text


def test_a_type_nobody_knows_shows_its_name(shop: Shop) -> None:
    shop.webhook(corpus.wire(corpus.find(140)).body, "c", corpus.received_at())
    assert "[hologram]" in drawn(shop)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (16, "forwarded many times"), (17, "asks about KLY-GMS-07"), (18, "from an ad: El yapımı kolyeler"),
        (29, "Meta could not fetch the file"),
        (31, "https://maps.google.com/?q=-33.868800,151.209300"), (32, "Hasan Usta"),
        (37, "beden: M, L"), (39, "may be called until"), (41, "pressed the button"),
        (49, "the customer's security code changed"), (50, "ask for the answer as text"),
        (51, "edited on the phone; the text here may be old"), (52, "Look into the WhatsApp Business app"),
        (154, "≈"), (110, "Meta's assistant handed over to us"),
    ],
)  # fmt: skip
def test_what_came_is_said_in_words(shop: Shop, number: int, words: str) -> None:
    shop.webhook(corpus.wire(corpus.find(number)).body, "c", corpus.received_at())
    assert words in squeezed(drawn(shop, context=replace(CONTEXT, width=130)))


def test_every_kind_of_row_fits_every_width(shop: Shop) -> None:
    busy = busy_thread(shop)
    for cells in range(12, 120, 7):
        assert drawn(shop, busy, replace(CONTEXT, width=cells))


TEAM = replace(
    CONTEXT, departments={"satis": "Satış", "iade": "İade"}, agents={**CONTEXT.agents, "rule:welcome": "Karşılama"}
)


@pytest.mark.parametrize(
    ("event", "actor", "sentence"),
    [
        (ev.ConversationMoved(department="iade", reason="iade istiyor"), "agent:a2",
         "Mehmet Kurt moved it to İade: iade istiyor"),
        (ev.ConversationMoved(department=""), "agent:a1", "Ayşe Demir took it out of its department"),
        (ev.ConversationPrioritised(priority=3), "agent:a2", "Mehmet Kurt set the priority: urgent"),
        (ev.ConversationAssigned(agent="a2", how="auto"), "relay", "handed out to Mehmet Kurt"),
        (ev.ConversationAssigned(agent=None, how="unanswered"), "relay", "left unanswered: it went back to the queue"),
        (ev.ConversationAssigned(agent="a1", how="transfer", reason="Almanca"), "agent:a2",
         "Mehmet Kurt transferred it to you: Almanca"),
        (ev.RuleFired(rule="welcome", subject="7", acts=["reply: Merhaba {{customer.name}}", "label: yeni"]),
         "rule:welcome", "rule Karşılama: reply, label: yeni"),
        (ev.RuleFired(rule="welcome", subject="7", acts=["reply"], skipped={"label": "no such label"}),
         "rule:welcome", "rule Karşılama: reply · left out: label (no such label)"),
        (ev.AgentNotified(agents=["a1", "a2"], text="acil"), "rule:welcome",
         "rule Karşılama called you, Mehmet Kurt: acil"),
    ],
)  # fmt: skip
def test_what_the_team_and_its_rules_did_is_told_in_words(
    shop: Shop, event: ev.Data, actor: str, sentence: str
) -> None:
    shop.event(event, "c", actor=actor)
    assert sentence in " ".join(drawn(shop, context=replace(TEAM, width=110)).split())


def test_a_survey_is_told_with_its_score(shop: Shop) -> None:
    shop.event(ev.SurveySent(survey="s1", kind="csat", request="r", message="m1"), "c", actor="rule:csat")
    shop.event(ev.SurveyAnswered(survey="s1", ts=NOW, score=4, comment="hızlıydı"), "c")
    assert "CSAT survey: 4 of 5: hızlıydı" in drawn(shop)


def test_what_a_rule_wrote_is_marked_as_automatic(shop: Shop) -> None:
    queued = ev.MessageQueued(message="m1", number="n1", kind="text", ts=NOW, text="Hoş geldiniz", automatic=True)
    shop.event(queued, "c", actor="rule:welcome")
    text = drawn(shop, context=TEAM)
    assert "automatic · Karşılama" in text
    assert text.count("automatic") == 1


def test_colleagues_called_in_a_note_stand_out(shop: Shop) -> None:
    note = ev.ConversationNoted(
        note="x1", text="@Mehmet Kurt bakar mısın? @ayşe demir de görsün", mentions=["a2", "a1"]
    )
    shop.event(note, "c", actor="agent:a2")
    row = thread.latest(shop.db, "c", 1)[0]
    lines = block(row, place(row, None, False, CONTEXT), CONTEXT).lines
    styled = {style: text for line in lines for text, style in line if "mention" in style}
    assert styled == {
        "thread-note thread-mention": "@Mehmet Kurt",
        "thread-note thread-mention-me": "@ayşe demir",
    }


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("@Ali Can gel", ["b2"]),
        ("@Ali gel", ["b1"]),
        ("@Alinin", []),
        ("posta@Ali", []),
        ("@Ali @Ali", ["b1"]),
        ("(@IŞIK)", ["b3"]),
    ],
)
def test_a_call_is_a_whole_name(text: str, ids: list[str]) -> None:
    assert called(text, {"b1": "Ali", "b2": "Ali Can", "b3": "ışık"}) == ids


def test_a_message_sent_again_does_not_read_as_given_up(shop: Shop) -> None:
    message = shop.answer("c", "yolda", status="failed:131026")
    shop.event(ev.MessageDiscarded(message=message, again="m2"), "c", actor="agent:a1")
    assert "sent again below" in drawn(shop)
    other = shop.answer("c", "geldi", status="failed:131026")
    shop.event(ev.MessageDiscarded(message=other), "c", actor="agent:a1")
    assert "given up" in drawn(shop)
