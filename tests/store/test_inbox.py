"""The inbox: orders, views, the filter line, and staying on one's conversation."""

from __future__ import annotations

import random

import pytest

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.model.errors import UsageError
from wptui.store import filters, inbox, search, stats
from wptui.store.database import transaction
from wptui.store.inbox import InboxQuery, Sort, View

NOW = T0 + 10_000


@pytest.fixture
def shop(story: Story) -> Story:
    rng = random.Random(7)
    story.tell(ev.NumberUpdated(number="n1", name="Satış", display="+90 555 000 00 10"))
    story.tell(ev.CampaignSaved(code="KIŞ24"))
    for n in range(60):
        id = f"k{n:02d}"
        story.customer(id, name=f"Müşteri {n}", phone=f"+90555000{n:04d}")
        for m in range(rng.randrange(0, 3)):
            story.writes(id, f"m{n}.{m}", f"sipariş {n}", ts=T0 + rng.randrange(9000))
        if rng.random() < 0.3:
            story.answers(id, f"o{n}", ts=T0 + 9500)
        if rng.random() < 0.4:
            story.tell(ev.ConversationTagged(campaign=rng.choice(["KIŞ24", "BAHAR"]), how="code"), id)
        if rng.random() < 0.2:
            story.tell(ev.ConversationAssigned(agent="a1"), id)
        if rng.random() < 0.1:
            story.tell(ev.ConversationResolved(), id, actor="agent:a1", at=T0 + 9900)
    story.tell(ev.ConversationLabelled(label="iade"), "k05")
    story.play()
    return story


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("view", View)
def test_every_order_pages_without_gap_and_knows_each_place(shop: Story, sort: Sort, view: View) -> None:
    query = InboxQuery(view=view, sort=sort, me="a1", now=NOW)
    total = inbox.count(shop.db, query)
    ids = [row.id for offset in range(0, total + 7, 7) for row in inbox.window(shop.db, query, offset, 7)]
    assert len(ids) == len(set(ids)) == total
    assert [inbox.position(shop.db, query, id) for id in ids] == list(range(total))


def test_waiting_first_the_longest_first_then_the_newest(shop: Story) -> None:
    rows = inbox.window(shop.db, InboxQuery(now=NOW), 0, 100)
    waits = [row.waiting_since for row in rows if row.waiting_since]
    assert waits == sorted(waits)
    rest = [row.last_at for row in rows[len(waits) :]]
    assert all(row.waiting_since is None for row in rows[len(waits) :])
    assert rest == sorted(rest, reverse=True)


def test_orders_use_their_index(shop: Story) -> None:
    for sort in Sort:
        statement: list[str] = []
        shop.db.set_trace_callback(statement.append)
        inbox.window(shop.db, InboxQuery(sort=sort, now=NOW), 0, 20)
        shop.db.set_trace_callback(None)
        for sql in statement:
            plan = " ".join(row[3] for row in shop.db.execute("EXPLAIN QUERY PLAN " + sql))
            assert "SCAN c" not in plan, (sort, plan)
            assert "COVERING INDEX" in plan or "conversations_window" in plan, (sort, plan)


@pytest.mark.parametrize(
    ("line", "found"),
    [("label:İADE", {"k05"}), ("müşteri 7", {"k07"} | {"k17", "k27", "k37", "k47", "k57"}), ('"musteri 12"', {"k12"})],
)
def test_filter_line_folds_turkish(shop: Story, line: str, found: set[str]) -> None:
    query = InboxQuery(filter=filters.parse(line), now=NOW)
    got = {row.id for row in inbox.window(shop.db, query, 0, 100)}
    open_ones = {row.id for row in inbox.window(shop.db, InboxQuery(now=NOW), 0, 100)}
    assert got == found & open_ones


def test_filter_line_terms_combine_and_negate(shop: Story) -> None:
    campaign = InboxQuery(filter=filters.parse("campaign:kış24 number:satis -is:mine"), me="a1", now=NOW)
    rows = inbox.window(shop.db, campaign, 0, 100)
    assert rows
    assert all(row.campaign == "KIŞ24" and row.assignee != "a1" for row in rows)
    resolved = InboxQuery(filter=filters.parse("is:resolved"), now=NOW)
    assert {row.state for row in inbox.window(shop.db, resolved, 0, 100)} == {"resolved"}


@pytest.fixture
def team(story: Story) -> Story:
    text = '[satis]\nname = "Satış"\n[iade]\nname = "İade ve Satış Sonrası"'
    story.tell(ev.SettingsSaved(section="departments", text=text))
    for n, (department, priority) in enumerate((("satis", 1), ("iade", 2), ("", 3), ("eski", 0))):
        story.customer(f"k{n}", phone=f"+90555000{n:04d}")
        story.tell(ev.ConversationMoved(department=department), f"k{n}")
        story.tell(ev.ConversationPrioritised(priority=priority), f"k{n}")
        story.writes(f"k{n}", f"m{n}", ts=NOW - 300 * (n + 1))
    story.tell(ev.ConversationAssigned(agent="a1"), "k0")
    story.tell(ev.ConversationFollowed(agent="a1"), "k1")
    story.tell(ev.ConversationFollowed(agent="a2"), "k2")
    story.tell(ev.ConversationNoted(note="n2", text="@a1", mentions=["a1"]), "k2", actor="agent:a2")
    story.tell(ev.ConversationNoted(note="n3", text="@a1", mentions=["a1"]), "k3", actor="agent:a2")
    story.tell(ev.MentionSeen(agent="a1"), "k3", actor="agent:a1")
    story.play()
    return story


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("department:satis", "01"),  # an id, and a part of a name
        ("department:İADE", "1"),
        ("department:none", "2"),
        ("department:eski", "3"),  # nobody's name any more
        ("-department:satis", "23"),
        ("priority:high", "1"),
        ("is:urgent", "2"),
        ("-is:low", "012"),
        ("agent:me", "0"),
        ("is:mentioned", "2"),
        ("is:followed", "1"),
        ("is:late", "123"),
        ("-is:late", "0"),
        ("is:due", "0"),
        ("is:late -is:mentioned department:none", ""),
    ],
)
def test_filter_line_of_a_team(team: Story, line: str, found: str) -> None:
    query = InboxQuery(filter=filters.parse(line), me="a1", now=NOW)
    rows = inbox.window(team.db, query, 0, 10)
    assert sorted(row.id for row in rows) == [f"k{n}" for n in found]
    assert inbox.count(team.db, query) == len(found)


@pytest.mark.parametrize("line", ["is:sleepy", "colour:red", "priority:highest"])
def test_filter_line_names_the_term_it_does_not_know(line: str) -> None:
    with pytest.raises(UsageError, match=line.split(":")[0]):
        filters.parse(line)


@pytest.mark.parametrize("line", ['"half open', "it's", "' OR 1=1 --", "http://x.example/a", '"" - -- -"'])
def test_filter_line_survives_anything(shop: Story, line: str) -> None:
    inbox.count(shop.db, InboxQuery(filter=filters.parse(line), now=NOW))


def test_search_finds_folded_words_as_prefixes_newest_first(shop: Story) -> None:
    shop.writes("k01", "s1", "Işık ve İSTANBUL kargosu", ts=T0 + 9_999)
    shop.writes("k02", "s2", "ışıklı tabela", ts=T0 + 9_999)
    shop.play()
    with transaction(shop.db):
        while search.index_behind(shop.db, 10):
            pass
    assert [hit.message for hit in search.find(shop.db, "isik")] == ["s2", "s1"]
    assert [hit.message for hit in search.find(shop.db, "istanbul KARGO")] == ["s1"]
    assert search.find(shop.db, '" OR *') == search.find(shop.db, "or")
    shop.tell(ev.MessageEdited(target="s1", ts=T0 + 9999, by="customer", kind="text", text="Ankara"), "k01")
    shop.tell(ev.MessageRevoked(target="s2", ts=T0 + 9999, by="customer"), "k02")
    shop.play()
    with transaction(shop.db):
        search.index_behind(shop.db)
    assert search.find(shop.db, "isik") == []
    assert [hit.message for hit in search.find(shop.db, "ankara")] == ["s1"]


def test_counters_and_the_most_urgent(shop: Story) -> None:
    figures = inbox.counters(shop.db, "a1", NOW)
    rows = inbox.window(shop.db, InboxQuery(now=NOW), 0, 100)
    waiting = [row for row in rows if row.waiting_since]
    assert (figures.waiting, figures.open, figures.oldest) == (len(waiting), len(rows), waiting[0].waiting_since)
    assert figures.unread == sum(row.unread > 0 for row in rows)
    first = next(row for row in waiting if row.assignee in ("", "a9"))
    assert inbox.most_urgent(shop.db, "a9") == first.id


def test_day_figures_show_n_and_leave_the_empty_set_empty(story: Story) -> None:
    empty = stats.day_figures(story.db, T0, T0 + 86400, NOW)
    assert (empty.first_response.n, empty.first_response.median, empty.first_response.p90) == (0, None, None)
    for n, wait in enumerate((60, 120, 900)):
        story.customer(f"k{n}")
        story.writes(f"k{n}", f"m{n}", ts=T0)
        story.answers(f"k{n}", f"o{n}", ts=T0 + wait)
    story.customer("k9")
    story.writes("k9", "m9", ts=T0)
    story.play()
    day = stats.day_figures(story.db, T0, T0 + 86400, NOW)
    assert (day.first_response.n, day.first_response.median, day.first_response.p90) == (3, 120, 900)
    assert (day.still_waiting, day.opened, day.inbound, day.outbound) == (1, 4, 4, 3)
    assert (day.sla.met, day.sla.breached, day.sla.running, day.sla.share) == (2, 2, 0, 0.5)
    soon = stats.day_figures(story.db, T0, T0 + 86400, T0 + 600)
    assert (soon.sla.breached, soon.sla.running) == (1, 1), "it runs until the deadline is past"
    assert empty.sla.share is None
    assert stats.inbound_by_hour(story.db, T0, 3) == [4, 0, 0]
