"""Who is given what, when nobody says so."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.relay.stage import Screen, Stage
from tests.store.story import T0, Story
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay.assigner import Assigner, due_back
from wptui.relay.eventlog import Append

SALES = """
[sales]
name = "Sales"
members = ["ayse", "mehmet", "zeynep"]
assign = "{assign}"
capacity = {capacity}
{more}
"""


class Floor(Story):
    """A department, its people, and what the job makes of it, on a clock that is set by hand."""

    def __init__(self, path: Path, assign: str = "round_robin", capacity: int = 3, more: str = "") -> None:
        super().__init__(path)
        self.now = T0
        self.job = Assigner.__new__(Assigner)
        self.job._clock = lambda: self.now
        for agent in ("ayse", "mehmet", "zeynep"):
            self.tell(ev.AgentAdded(agent=agent, name=agent.title(), role="agent"))
            self.duty(agent, "on")
        self.set(assign, capacity, more)

    def set(self, assign: str, capacity: int = 3, more: str = "") -> None:
        text = SALES.format(assign=assign, capacity=capacity, more=more)
        self.tell(ev.SettingsSaved(section="departments", text=text))
        self.play()

    def duty(self, agent: str, state: str) -> None:
        self.tell(ev.AgentDutyChanged(agent=agent, state=state), actor=f"agent:{agent}", at=self.now)

    def waits(self, conversation: str, ts: int = T0, department: str = "sales") -> None:
        if self.db.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation,)).fetchone() is None:
            self.customer(conversation)
            self.tell(ev.ConversationMoved(department=department), conversation)
        self.writes(conversation, f"m{len(self.events)}", ts=ts)

    def hand_out(self) -> list[tuple[str, str | None]]:
        self.play()
        return self.keep(self.job.hand_out(self.db))

    def take_back(self) -> list[tuple[str, str | None]]:
        self.play()
        return self.keep(self.job.take_back(due_back(self.db, self.now)[0]))

    def keep(self, found: list[Append]) -> list[tuple[str, str | None]]:
        """The job's events become part of the log: (conversation, agent) of each."""
        told = []
        for group in found:
            (event,) = group.events
            data = ev.load(event)
            assert isinstance(data, ev.ConversationAssigned) and event.actor == "relay"
            told.append((str(event.conversation), data.agent))
            self.tell(data, event.conversation, at=self.now)
        self.play()
        return told


def test_in_turn_the_most_urgent_first_then_who_waits_longest(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db")
    for minute, id in enumerate("abcd"):
        floor.waits(id, T0 + 60 * minute)
    floor.tell(ev.ConversationPrioritised(priority=3), "d")
    assert floor.hand_out() == [("d", "ayse"), ("a", "mehmet"), ("b", "zeynep"), ("c", "ayse")]
    assert floor.hand_out() == []


def test_the_round_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db")
    floor.waits("a")
    assert floor.hand_out() == [("a", "ayse")]
    floor.tell(ev.ConversationResolved(), "a")
    again = Floor.__new__(Floor)
    Story.__init__(again, tmp_path / "copy.db")
    again.events, again.now, again.job = floor.events, floor.now, floor.job  # built again from the log
    again.waits("b")
    assert again.hand_out() == [("b", "mehmet")]


def test_whoever_has_least_is_given_more(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db", "least_busy")
    for id, agent in (("x", "ayse"), ("y", "ayse"), ("z", "mehmet")):
        floor.waits(id)
        floor.tell(ev.ConversationAssigned(agent=agent), id, actor=f"agent:{agent}")
    for minute, id in enumerate("abcd"):
        floor.waits(id, T0 + minute)
    # Of those who have as many, the one whose turn is longest ago; then both have two, and all are full at three.
    assert floor.hand_out() == [("a", "zeynep"), ("b", "mehmet"), ("c", "zeynep"), ("d", "ayse")]


def test_nobody_is_given_more_than_the_capacity(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db", capacity=1)
    for minute, id in enumerate("abcde"):
        floor.waits(id, T0 + minute)
    assert [agent for _id, agent in floor.hand_out()] == ["ayse", "mehmet", "zeynep"]
    assert floor.hand_out() == []
    floor.tell(ev.ConversationResolved(), "b")
    assert floor.hand_out() == [("d", "mehmet")]


def test_without_anybody_on_duty_it_stays_in_the_queue(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db")
    for agent, state in (("ayse", "busy"), ("mehmet", "away"), ("zeynep", "away")):
        floor.duty(agent, state)
    floor.waits("a")
    assert floor.hand_out() == []
    floor.duty("zeynep", "on")
    assert floor.hand_out() == [("a", "zeynep")]


def test_only_what_waits_in_a_department_that_hands_out_to_those_who_may_take_it(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db")
    floor.waits("elsewhere", department="")
    floor.waits("answered")
    floor.answers("answered", "reply", ts=T0 + 5)
    floor.waits("asleep")
    floor.tell(ev.ConversationSnoozed(until=T0 + 999), "asleep")
    assert floor.hand_out() == []
    floor.tell(ev.AgentAdded(agent="ayse", name="Ayşe", role="viewer"))
    floor.tell(ev.AgentRevoked(agent="mehmet"))
    floor.waits("a")
    assert floor.hand_out() == [("a", "zeynep")]
    floor.set("off")
    floor.waits("b")
    assert floor.hand_out() == []


def test_what_is_not_answered_goes_back_and_to_somebody_else(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db", more='give_back = "15m"')
    floor.waits("a", T0)
    floor.now = T0 + 60
    assert floor.hand_out() == [("a", "ayse")]
    assert due_back(floor.db, floor.now) == ([], T0 + 60 + 900)
    floor.now = T0 + 60 + 899
    assert floor.take_back() == []
    floor.now += 1
    assert floor.take_back() == [("a", None)]
    for agent in ("mehmet", "zeynep"):
        floor.duty(agent, "away")
    floor.duty("zeynep", "on")
    assert floor.hand_out() == [("a", "zeynep")]
    floor.answers("a", "reply", ts=floor.now + 5, agent="agent:zeynep")
    floor.play()
    assert due_back(floor.db, floor.now + 86400) == ([], None)


def test_alone_on_duty_it_stays_in_the_queue_until_somebody_comes(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db", more='give_back = "15m"')
    for agent in ("mehmet", "zeynep"):
        floor.duty(agent, "away")
    floor.waits("a", T0)
    assert floor.hand_out() == [("a", "ayse")]
    floor.now += 900
    assert floor.take_back() == [("a", None)]
    assert floor.hand_out() == []
    floor.duty("mehmet", "on")
    assert floor.hand_out() == [("a", "mehmet")]


def test_closed_hours_are_not_held_against_anybody(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "s.db", more='give_back = "15m"')
    day = T0 - T0 % 86400
    hours = 'timezone = "UTC"\n[week]\n' + "\n".join(
        f'{name} = ["09:00-18:00"]' for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    )
    floor.tell(ev.SettingsSaved(section="hours", text=hours))
    evening = day + 17 * 3600 + 50 * 60
    floor.now = evening
    floor.waits("a", evening)
    assert floor.hand_out() == [("a", "ayse")]
    assert due_back(floor.db, floor.now) == ([], day + 86400 + 9 * 3600 + 300)


# ── whatever happens ─────────────────────────────────────────────────────────────────────────────────────

AGENTS = st.sampled_from(["ayse", "mehmet", "zeynep"])
IDS = st.sampled_from(list("abcdef"))
STEPS = st.one_of(
    st.tuples(st.just("writes"), IDS),
    st.tuples(st.just("claims"), IDS, AGENTS),
    st.tuples(st.just("puts back"), IDS),
    st.tuples(st.just("resolves"), IDS),
    st.tuples(st.just("answers"), IDS),
    st.tuples(st.just("duty"), AGENTS, st.sampled_from(["on", "busy", "away"])),
    st.tuples(st.just("hands out"), st.sampled_from(["round_robin", "least_busy", "off"]), st.integers(0, 3)),
    st.tuples(st.just("time"), st.integers(1, 2000)),
    st.tuples(st.just("role"), AGENTS, st.sampled_from(["agent", "viewer"])),
)


def rows(floor: Floor, sql: str) -> dict[str, Any]:
    return dict(floor.db.execute(sql).fetchall())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=40))
def test_never_above_capacity_never_off_duty_never_over_somebody(steps: list[Any], tmp_path_factory: Any) -> None:
    floor = Floor(tmp_path_factory.mktemp("floor") / "s.db", more='give_back = "15m"')
    capacity, assign = 3, "round_robin"
    for number, step in enumerate(steps):
        known = rows(floor, "SELECT id, assignee FROM conversations")
        match step:
            case ("writes", id):
                floor.waits(id, floor.now)
            case ("claims", id, agent) if known.get(id) == "":
                floor.tell(ev.ConversationAssigned(agent=agent), id, actor=f"agent:{agent}", at=floor.now)
            case ("puts back", id) if known.get(id):
                floor.tell(ev.ConversationAssigned(agent=None), id, actor=f"agent:{known[id]}", at=floor.now)
            case ("resolves", id) if id in known:
                floor.tell(ev.ConversationResolved(), id, at=floor.now)
            case ("answers", id) if id in known:
                floor.answers(id, f"r{number}", ts=floor.now)
            case ("duty", agent, state):
                floor.duty(agent, state)
            case ("hands out", assign, capacity):
                floor.set(assign, capacity, 'give_back = "15m"')
            case ("time", seconds):
                floor.now += seconds
            case ("role", agent, role):
                floor.tell(ev.AgentAdded(agent=agent, name=agent, role=role))
        before = len(floor.events)
        floor.play()
        for conversation, agent in floor.take_back():
            assert agent is None and known[conversation] != ""
        owners = rows(floor, "SELECT id, assignee FROM conversations")
        waiting = rows(floor, "SELECT id, waiting_since FROM conversations")
        load = rows(floor, "SELECT assignee, COUNT(*) FROM conversations WHERE state = 'open' GROUP BY 1")
        given = floor.hand_out()
        assert len({id for id, _agent in given}) == len(given)
        for conversation, agent in given:
            assert assign != "off" and owners[conversation] == "" and waiting[conversation] is not None
            load[agent] = load.get(agent, 0) + 1
            assert load[agent] <= capacity
            row = floor.db.execute("SELECT duty, role FROM agents WHERE id = ?", (agent,)).fetchone()
            assert row == ("on", "agent")
        assert floor.hand_out() == []  # nothing is left that could have been given
        assert before + len(given) <= len(floor.events)


# ── the real relay ───────────────────────────────────────────────────────────────────────────────────────


async def open_department(
    screen: Screen, more: str = 'assign = "round_robin"', members: str = '"ayse", "mehmet"'
) -> None:
    text = f'[sales]\nname = "Sales"\nmembers = [{members}]\nnumbers = [{{number}}]\n{more}\n'
    number = (await screen.waits_for("number.updated"))["number"]
    saved = await screen.ask(
        c.SaveSettings(section="departments", text=text.replace("{number}", f'"{number}"'), expect=0)
    )
    assert saved.ok, saved


async def test_customers_are_shared_out_and_a_restart_does_not_begin_anew(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    mehmet = await play.sit_down("Mehmet")
    await ayse.waits_for("agent.duty_changed", agent="mehmet", state="on")
    await open_department(ayse)
    await play.sandbox.say("mehmet", "bir")
    first = await play.conversation(ayse, "bir")
    assert await ayse.waits_for("conversation.assigned", how="auto") == {"agent": "ayse", "how": "auto"}
    await ayse.socket.close()
    await mehmet.socket.close()
    await play.restart()
    ayse = await play.sit_down("Ayşe")
    await play.sit_down("Mehmet")
    await play.sandbox.say("zeynep", "iki")
    await ayse.waits_for("conversation.assigned", agent="mehmet", how="auto")
    assert len(ayse.seen("conversation.assigned", agent="ayse")) == 1
    assert first


async def test_two_claims_and_the_relay_in_the_same_instant_make_one_owner(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    mehmet = await play.sit_down("Mehmet")
    await ayse.waits_for("agent.duty_changed", agent="mehmet", state="on")
    await play.sandbox.say("mehmet", "kim alır?")
    conversation = await play.conversation(ayse, "kim alır?")
    await play.conversation(mehmet, "kim alır?")
    await open_department(ayse, "", '"ayse", "mehmet"')
    assert (await ayse.ask(c.Transfer(conversation=conversation, department="sales"))).ok
    text = (await ayse.waits_for("settings.saved", section="departments"))["text"]
    revision = play.relay.hub.known

    async def hand_out() -> object:
        expect = await play.relay.clerk.look(lambda db: db.execute("SELECT seq FROM settings").fetchone()[0])
        command = c.SaveSettings(section="departments", text=text + 'assign = "least_busy"\n', expect=expect)
        return await ayse.ask(command)

    results = await asyncio.gather(
        hand_out(),
        mehmet.ask(c.Assign(conversation=conversation, agent="mehmet")),
        ayse.ask(c.Assign(conversation=conversation, agent="ayse")),
    )
    assert results[0].ok  # type: ignore[attr-defined]
    owners = [event.data for event in await play.relay.log.read(revision, 100) if event.type == "conversation.assigned"]
    assert len(owners) == 1
    assert sum(result.ok for result in results[1:]) <= 1


async def test_left_unanswered_it_is_handed_to_another(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sit_down("Mehmet")
    await ayse.waits_for("agent.duty_changed", agent="mehmet", state="on")
    await open_department(ayse, 'assign = "round_robin"\ngive_back = "15m"')
    await play.sandbox.say("mehmet", "bekliyorum")
    await play.conversation(ayse, "bekliyorum")
    await ayse.waits_for("conversation.assigned", agent="ayse")
    play.relay.assigner._clock = lambda: time.time() + 901
    play.relay.assigner._changed.set()
    await ayse.waits_for("conversation.assigned", agent="mehmet")
    told = [(data.get("agent"), data["how"]) for data in ayse.seen("conversation.assigned")]
    assert told == [("ayse", "auto"), (None, "unanswered"), ("mehmet", "auto")]
