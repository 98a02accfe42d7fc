"""The protocol's state machine: whatever is cut, repeated or late, the cache ends up as the relay's view."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sync.house import dump
from wptui.model import events as ev
from wptui.model.commands import AddNote
from wptui.model.events import Event
from wptui.model.protocol import AnyFrame, CommandFrame, Events, Presence, Result, Sorry, Welcome
from wptui.store import fold
from wptui.store.database import open_database, transaction
from wptui.sync import session as act
from wptui.sync.cache import Cache
from wptui.sync.outbox import REFUSED, Outbox, Pending
from wptui.sync.session import Phase, Session

EPOCH = "e1"
CONVERSATIONS = ("k1", "k2", "k3")


@cache
def history(length: int = 60) -> tuple[Event, ...]:
    """A log of some customers' messages, answers and their statuses."""
    data: list[tuple[ev.Data, str | None]] = [(ev.AgentAdded(agent="ayse", name="Ayşe"), None)]
    for number, id in enumerate(CONVERSATIONS):
        data += [
            (ev.ContactCreated(contact=f"c{number}"), None),
            (ev.ConversationOpened(contact=f"c{number}", number="n1"), id),
            (ev.ContactProfiled(contact=f"c{number}", name=f"Müşteri {number}"), id),
        ]
    step = 0
    while len(data) < length:
        id = CONVERSATIONS[step % 3]
        name, ts = f"m{step}", 1_700_000_000 + step * 60
        match step % 5:
            case 0 | 1:
                data.append((ev.MessageReceived(message=name, kind="text", ts=ts, received_at=ts, text=name), id))
            case 2:
                data += [
                    (ev.MessageQueued(message=name, number="n1", kind="text", ts=ts, text=name), id),
                    (ev.MessageAttempted(message=name, attempt=1), id),
                    (ev.MessageAccepted(message=name, wamid="w" + name), id),
                ]
            case 3:
                answered = f"wm{step - 1}"
                other = CONVERSATIONS[(step - 1) % 3]
                data.append((ev.MessageStatus(wamid=answered, status="read", ts=ts), other))
            case 4:
                data.append((ev.ConversationNoted(note=name, text=name), id))
        step += 1
    events = []
    for seq, (each, conversation) in enumerate(data, 1):
        event = ev.make(each, at=1_700_000_000_000 + seq * 1000, actor="agent:ayse", conversation=conversation)
        event.seq = seq
        events.append(event)
    return tuple(events)


def folded(events: Sequence[Event]) -> dict[str, list[tuple[Any, ...]]]:
    with TemporaryDirectory() as folder:
        db = open_database(Path(folder) / "view.db")
        with transaction(db):
            fold.apply(db, events)
        rows = dump(db)
        db.close()
        return rows


class FakeRelay:
    """The relay's end of one connection: a log, and commands executed once per id."""

    def __init__(self) -> None:
        self.log = list(history())
        self.executed: list[str] = []

    def welcome(self) -> Welcome:
        return Welcome(agent="ayse", name="Ayşe", permissions=[], head=len(self.log), clock=0, epoch=EPOCH)

    def execute(self, frame: CommandFrame) -> Result:
        assert isinstance(frame.command, AddNote)
        seq = next((event.seq for event in self.log if b'"%s"' % frame.id.encode() in bytes(event.data)), 0)
        if not seq:
            seq = len(self.log) + 1
            self.executed.append(frame.id)
            data = ev.ConversationNoted(note=frame.id, text=frame.command.text)
            event = ev.make(data, at=seq * 1000, actor="agent:ayse", conversation=frame.command.conversation)
            event.seq = seq
            self.log.append(event)
        return Result(id=frame.id, ok=True, seq=seq)

    def run(self, after: int, size: int) -> Events:
        events = self.log[after : after + size]
        return Events(events=events, cursor=events[-1].seq if events else after)


class Machine:
    """A cache, an outbox, and sessions one after the other."""

    def __init__(self, folder: Path) -> None:
        self.cache = Cache(folder / "cache.db")
        self.cache.open()
        with transaction(self.cache.db) as db:
            db.execute("INSERT INTO meta VALUES ('epoch', ?), ('agent', 'ayse')", (EPOCH,))
            fold.apply(db, history()[:1])  # a snapshot of the first event, say
        self.outbox = Outbox(folder / "outbox.db")
        self.settled: list[str] = []

    def connect(self) -> Session:
        cursor, epoch, agent = self.cache.position()
        return Session(cursor=cursor, epoch=epoch, agent=agent)

    def do(self, session: Session, actions: list[act.Action], *, lost: bool = False) -> None:
        """Carries actions out; `lost`: the program dies before the cache has them."""
        for action in actions:
            if isinstance(action, act.Apply) and not lost:
                changes = self.cache.apply(action.events, action.cursor)
                self.do(session, session.applied(changes.cursor))
            elif isinstance(action, act.Settle):
                done = self.cache.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()[0]
                assert action.result.seq <= done  # its effect is in the cache
                self.outbox.settle(action.result)
                self.settled.append(action.result.id)


connections = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["events", "overlap", "command", "result", "lost", "noise"]), max_size=8),
        st.integers(1, 25),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(connections)
def test_cuts_repeats_and_overlaps_end_in_the_relays_state(script: list[tuple[list[str], int]]) -> None:
    with TemporaryDirectory() as folder:
        relay, machine = FakeRelay(), Machine(Path(folder))
        given_ids = []
        for steps, size in [*script, (["events"] * 80, 5)]:
            session = machine.connect()
            assert session.hello().cursor == machine.cache.position()[0]
            machine.do(session, session.receive(relay.welcome()))
            inflight: list[CommandFrame] = []
            for step in steps:
                match step:
                    case "events":
                        machine.do(session, session.receive(relay.run(session.cursor, size)))
                        inflight += session.due(machine.outbox.pending())
                        for frame in inflight:
                            machine.do(session, session.receive(relay.execute(frame)))
                        inflight = []
                    case "overlap":
                        machine.do(session, session.receive(relay.run(max(0, session.cursor - 7), size)))
                    case "command":
                        conversation = CONVERSATIONS[len(given_ids) % 2]
                        text = f"note {len(given_ids)}"
                        note = AddNote(conversation=conversation, text=text)
                        given_ids.append(machine.outbox.add(conversation, note))
                        inflight += session.due(machine.outbox.pending())
                    case "result":  # executed, and perhaps the answer never arrives
                        answers = [relay.execute(frame) for frame in inflight]
                        for answer in answers[:1]:
                            machine.do(session, session.receive(answer))
                        inflight = []
                    case "lost":
                        machine.do(session, session.receive(relay.run(session.cursor, size)), lost=True)
                        break
                    case "noise":
                        machine.do(session, session.receive(Presence(state="viewing", conversation="k1", agent="b")))
                        machine.do(session, session.receive(relay.welcome()))
        assert dump(machine.cache.db) == folded(relay.log)
        assert machine.outbox.pending() == []
        assert sorted(relay.executed) == sorted(given_ids)  # each once
        for conversation in CONVERSATIONS:  # and in the order in which they were given
            mine = [id for id in given_ids if given_ids.index(id) % 2 == CONVERSATIONS.index(conversation)]
            assert [id for id in relay.executed if id in mine] == mine
        machine.cache.close()
        machine.outbox.close()


def greeted(cursor: int = 5, head: int = 5) -> Session:
    session = Session(cursor=cursor, epoch=EPOCH, agent="ayse")
    session.receive(Welcome(agent="ayse", name="", permissions=[], head=head, clock=0, epoch=EPOCH))
    return session


def pending(id: str, conversation: str | None = "k1", state: str = "waiting") -> Pending:
    return Pending(id, conversation, AddNote(conversation=conversation or "", text=id), 0, state)


def test_one_unanswered_command_a_conversation() -> None:
    session = greeted()
    waiting = [pending("a"), pending("b"), pending("c", "k2"), pending("r", "k3", REFUSED), pending("d", None)]
    assert [frame.id for frame in session.due(waiting)] == ["a", "c", "d"]
    assert session.due(waiting) == []
    assert session.receive(Result(id="a", ok=False, code="window_closed"))
    assert [frame.id for frame in session.due(waiting[1:])] == ["b"]


def test_nothing_is_sent_before_the_welcome() -> None:
    session = Session(cursor=5, epoch=EPOCH)
    assert session.due([pending("a")]) == []
    assert session.receive(Events(events=[], cursor=9)) == []
    assert session.cursor == 5


def test_a_good_result_waits_for_its_events() -> None:
    session = greeted()
    result = Result(id="a", ok=True, seq=7)
    session.due([pending("a")])
    assert session.receive(result) == []
    assert session.receive(Events(events=[], cursor=7)) == [act.Apply([], 7)]
    assert session.applied(6) == []
    assert session.applied(7) == [act.Settle(result)]


def test_a_good_result_does_not_wait_for_ever() -> None:
    session = greeted()
    result = Result(id="a", ok=True, seq=7)
    session.due([pending("a")])
    session.receive(result)
    told = [action for _second in range(5) for action in session.tick()]
    assert told == [act.Settle(result)]


def test_when_a_snapshot_is_needed() -> None:
    def first(frame: Welcome, cursor: int = 5, epoch: str = EPOCH, agent: str = "ayse") -> list[type[Any]]:
        return [type(action) for action in Session(cursor=cursor, epoch=epoch, agent=agent).receive(frame)]

    def welcome(head: int, epoch: str = EPOCH, agent: str = "ayse") -> Welcome:
        return Welcome(agent=agent, name="", permissions=[], head=head, clock=0, epoch=epoch)

    fills = [act.Greet, act.Fill]
    assert first(welcome(9)) == [act.Greet]
    assert first(welcome(5)) == [act.Greet, act.GoLive]
    assert first(welcome(9), cursor=0, epoch="") == fills  # a new cache
    assert first(welcome(9, epoch="e2")) == fills  # another log
    assert first(welcome(4)) == fills  # a log that was set back
    assert first(welcome(9, agent="mehmet")) == fills  # somebody else's cache
    assert first(welcome(9), cursor=0) == fills  # filled while the log was empty
    assert first(welcome(0), cursor=0) == [act.Greet, act.GoLive]


def test_after_sorry_nothing_counts() -> None:
    session = greeted()
    assert session.receive(Sorry(code="revoked")) == [act.Stop(Sorry(code="revoked"))]
    assert session.phase is Phase.OVER
    frames: list[AnyFrame] = [Events(events=[], cursor=9), Presence(state="viewing")]
    assert [session.receive(frame) for frame in frames] == [[], []]


def test_another_epoch_while_polling_means_a_snapshot() -> None:
    session = greeted()
    frame = Welcome(agent="ayse", name="", permissions=[], head=9, clock=0, epoch="e2")
    assert act.Fill("e2") in session.receive(frame)
    assert session.receive(Events(events=[], cursor=9)) == []


def test_an_event_the_fold_stumbles_over_does_not_stop_the_rest(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    events = list(history()[:20])
    bad = ev.make(ev.MessageReceived(message="x", kind="text", ts=1, received_at=1), at=1, actor="customer")
    bad.seq = 21  # without a conversation, which it must have
    last = ev.make(ev.AgentAdded(agent="z", name="Z"), at=1, actor="relay")
    last.seq = 22
    changes = cache.apply([*events, bad, last], 22)
    assert changes.cursor == 22 and changes.skipped == {"message.received": 1}
    assert cache.db.execute("SELECT name FROM agents WHERE id = 'z'").fetchone() == ("Z",)
    cache.close()
