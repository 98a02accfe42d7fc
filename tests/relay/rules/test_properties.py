"""Any rules, any day, restarts at any point: each rule acts once on a subject, never on a rule, never for a human."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wptui.model import events as ev
from wptui.relay.clerk import Clerk
from wptui.relay.eventlog import Append, make_log
from wptui.relay.rules.engine import RuleEngine
from wptui.store.changes import Changes

T0 = 1_795_348_800
NUMBER = "n1"

_ACTS = st.sampled_from(
    [
        '{reply = "Merhaba {{customer.first_name|efendim}}"}',
        '{reply = "{{order.no}}"}',
        '{label = "a"}',
        '{label = "b"}',
        '{unlabel = "a"}',
        '{priority = "high"}',
        '{department = "d1"}',
        '{department = "d2"}',
        '{assign = "ayse"}',
        '{assign = "nobody"}',
        "{resolve = true}",
        '{snooze = "1h"}',
        '{note = "bak"}',
        '{survey = "csat", text = "?"}',
        '{survey = "nps", text = "?"}',
        '{notify = ["ayse"]}',
        '{opt = "out"}',
        '{campaign = "KIŞ24"}',
        '{canned = "yok"}',
        '{template = "yok"}',
        '{menu = "?"}',
    ]
)
_WHEN = st.sampled_from(
    [
        'when = "message"',
        'when = "message"\nif = {keyword = ["evet", "hay*"]}',
        'when = "message"\nevery = "1h"',
        'when = "first_message"',
        'when = "first_message"\nif = {assigned = false}\nstop = true',
        'when = "opened"',
        'when = "waiting"\nafter = "5m"',
        'when = "waiting"\nafter = "20m"\nif = {answered = false}',
        'when = "silent"\nafter = "10m"',
        'when = "resolved"',
        'when = "resolved"\nafter = "5m"',
        'when = "labelled"',
        'when = "labelled"\nif = {label = ["A"]}',
        'when = "campaign"',
        'when = "moved"',
        'when = "survey_answered"',
    ]
)
_RULES = st.lists(st.tuples(_WHEN, st.lists(_ACTS, min_size=1, max_size=3)), min_size=1, max_size=5)

_STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            ["writes", "writes", "answers", "resolves", "labels", "moves", "tags", "history", "reacts", "echo", "notes",
             "restart", "wait", "crash"]
        ),
        st.integers(1, 900),
    ),
    min_size=1,
    max_size=25,
)  # fmt: skip


class NoFiles:
    def describe(self, key: str) -> None:
        return None


def document(rules: list[tuple[str, list[str]]]) -> str:
    return "\n".join(f"[r{n}]\n{when}\nthen = [{', '.join(acts)}]\n" for n, (when, acts) in enumerate(rules))


class House:
    """Log, clerk and engine with a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = T0
        self.count = 0
        self.engine: RuleEngine | None = None

    async def open(self) -> None:
        self.log = make_log(self.folder / "relay.db")
        await self.log.open()
        self.clerk = Clerk(self.log, self.folder / "view.db")
        await self.clerk.start()

    async def begin(self) -> None:
        """The engine at work."""
        self.engine = RuleEngine(self.clerk, NoFiles(), lambda: self.now)
        self._end = self.clerk.listen(self.engine.hear)
        self.task = asyncio.create_task(self.engine.run())
        await asyncio.sleep(0)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self._end()

    async def close(self) -> None:
        await self.clerk.close()
        await self.log.close()

    async def settle(self) -> None:
        """Until the engine has seen all, and looked at the clock."""
        assert self.engine is not None
        while self.engine._at < await self.log.head():
            await asyncio.sleep(0.001)
        if self.engine._look_at is not None:
            self.engine._look_at = self.now
            self.engine.hear((), Changes())
            while self.engine._look_at is not None and self.engine._look_at <= self.now:
                await asyncio.sleep(0.001)
        while self.engine._at < await self.log.head():
            await asyncio.sleep(0.001)

    async def tell(self, data: ev.Data, conversation: str | None = None, actor: str = "relay") -> None:
        event = ev.make(data, at=self.now * 1000, actor=actor, conversation=conversation)
        await self.clerk.act(lambda db: [Append([event])])

    async def set_up(self, rules: str) -> None:
        await self.tell(ev.NumberUpdated(number=NUMBER))
        await self.tell(ev.AgentAdded(agent="ayse", name="Ayşe"))
        await self.tell(ev.CampaignSaved(code="KIŞ24"))
        await self.tell(ev.SettingsSaved(section="departments", text='[d1]\nname = "1"\n[d2]\nname = "2"\n'))
        for n in range(3):
            await self.tell(ev.ContactCreated(contact=f"c{n}"))
        if rules:
            await self.tell(ev.SettingsSaved(section="rules", text=rules))
        self.now += 60

    async def step(self, who: int, what: str) -> None:
        self.count += 1
        k, m, human = f"k{who}", f"m{self.count}", "agent:ayse"
        known = await self.clerk.look(
            lambda db: db.execute("SELECT state FROM conversations WHERE id = ?", (k,)).fetchone()
        )
        if known is None:
            await self.tell(ev.ConversationOpened(contact=f"c{who}", number=NUMBER), k)
        text = ("evet", "HAYIR", "9", "merhaba")[self.count % 4]
        match what:
            case "writes" | "history":
                source = "live" if what == "writes" else "history"
                await self.tell(
                    ev.MessageReceived(
                        message=m, kind="text", ts=self.now, received_at=self.now, text=text, source=source,
                        counts=source == "live",
                    ),
                    k, "customer",
                )  # fmt: skip
            case "answers":
                await self.tell(ev.MessageQueued(message=m, number=NUMBER, kind="text", ts=self.now), k, human)
                await self.tell(ev.MessageAccepted(message=m, wamid=f"w{m}"), k)
            case "resolves":
                await self.tell(ev.ConversationResolved(), k, human)
            case "labels":
                await self.tell(ev.ConversationLabelled(label="a"), k, human)
                await self.tell(ev.ConversationUnlabelled(label="a"), k, human)
            case "moves":
                await self.tell(ev.ConversationMoved(department="d1"), k, human)
            case "tags":
                await self.tell(ev.ConversationTagged(campaign="KIŞ24", how="hand"), k, human)
            case "reacts":
                await self.tell(ev.MessageReacted(target="x", emoji="👍", ts=self.now, by="customer"), k, "customer")
            case "echo":
                await self.tell(
                    ev.MessageEchoed(message=m, kind="text", ts=self.now, received_at=self.now, author="phone"),
                    k,
                    "phone",
                )
            case "notes":
                await self.tell(ev.ConversationNoted(note=m, text=text), k, human)


async def play(rules: str, steps: list[tuple[int, str, int]]) -> tuple[list[ev.Event], dict[str, Any]]:
    """The log of a day, and what it says of the humans' first responses."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        await house.open()
        await house.set_up(rules)
        await house.begin()
        for who, what, seconds in steps:
            if what in ("restart", "crash"):
                if what == "restart":
                    await house.settle()
                await house.end()
                await house.close()
                await house.open()
                await house.begin()
            elif what != "wait":
                await house.step(who, what)
            house.now += seconds
        await house.settle()
        await house.end()
        events = await house.log.read(0, 100_000)
        first = await house.clerk.look(
            lambda db: db.execute(
                "SELECT opened_message, first_response_at, first_response_by FROM requests ORDER BY opened_message"
            ).fetchall()
        )
        await house.close()
        return events, {message: rest for message, *rest in first}


_CHAIN = [
    ('when = "message"', ['{label = "a"}', '{department = "d1"}', '{campaign = "KIŞ24"}', "{resolve = true}"]),
    ('when = "labelled"', ['{label = "b"}']),
    ('when = "moved"', ['{department = "d2"}']),
    ('when = "campaign"', ['{note = "bak"}']),
    ('when = "resolved"', ['{note = "bak"}']),
]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@example(_CHAIN, [(0, "writes", 60), (0, "labels", 60), (0, "writes", 60)])
@given(_RULES, _STEPS)
def test_each_rule_acts_once_on_a_subject_and_none_on_a_rule(
    rules: list[tuple[str, list[str]]], steps: list[tuple[int, str, int]]
) -> None:
    events, _first = asyncio.run(play(document(rules), steps))
    fired = [ev.load(event) for event in events if event.type == ev.RuleFired.TYPE]
    twice = [pair for pair, n in Counter((each.rule, each.subject) for each in fired).items() if n > 1]
    assert not twice
    ours = {
        ev.load(event).message
        for event in events
        if event.actor.startswith("rule:") and event.type == ev.MessageQueued.TYPE
    }
    assert all(ev.load(e).automatic for e in events if e.actor.startswith("rule:") and e.type == ev.MessageQueued.TYPE)
    wrote = {ev.load(e).message for e in events if e.type in ("message.received", "message.queued", "message.echoed")}
    for each in fired:
        kind, _colon, rest = each.subject.rpartition(":") if ":" in each.subject else ("", "", each.subject)
        if kind in ("", "waiting", "silent"):
            assert rest in wrote - ours, "a rule acted on a rule's message"
    happened = {(e.type, e.conversation, e.at // 1000) for e in events if not e.actor.startswith("rule:")}
    for each, event in ((ev.load(e), e) for e in events if e.type == ev.RuleFired.TYPE):
        kind = each.subject.partition(":")[0]
        types = {"labelled": "conversation.labelled", "moved": "conversation.moved", "campaign": "conversation.tagged",
                 "resolved": "conversation.resolved"}  # fmt: skip
        if kind in types:
            at = int(each.subject.rpartition(":")[2])
            at = at // 1000 if at > 10**11 else at  # what happened is known by milliseconds, what is due by seconds
            assert (types[kind], event.conversation, at) in happened, "a rule acted on a rule"


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(_WHEN, st.lists(_ACTS.filter(lambda act: "resolve" not in act and "survey" not in act), min_size=1)),
        min_size=1,
        max_size=4,
    ),
    _STEPS.map(lambda steps: [step for step in steps if step[1] not in ("restart", "crash")]),
)
def test_rules_change_no_human_first_response(
    rules: list[tuple[str, list[str]]], steps: list[tuple[int, str, int]]
) -> None:
    _events, with_rules = asyncio.run(play(document(rules), steps))
    _events, without = asyncio.run(play("", steps))
    assert with_rules == without
