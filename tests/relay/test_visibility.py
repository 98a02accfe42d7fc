"""Who is sent what: no cache ever holds a row its agent may not see, and every cache is the relay's view for its agent.

Random roles, departments, assignments, moves, merges, messages and settings; terminals that come, go, are too slow,
poll. Checked after every frame (nothing is kept that was to be forgotten) and whenever it is quiet (row by row).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.relay.story import T0, changed_number, message, who
from tests.relay.watch import AGENTS, NUMBERS, House, Seat, watched
from wptui.model import events as ev
from wptui.relay import hub
from wptui.store import bundles

PEOPLE = 4
Step = tuple[Any, ...]

_person = st.integers(0, PEOPLE - 1)
_agent = st.sampled_from([*AGENTS][1:])
_seat = st.integers(0, 5)
_which = st.integers(0, 20)
_department = st.sampled_from(["", "satis", "destek"])

steps = st.one_of(
    st.tuples(st.just("message"), _person, st.sampled_from(["phone", "user", "both"]), st.sampled_from(NUMBERS)),
    st.tuples(st.just("message"), _person, st.just("phone"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("assign"), _which, st.one_of(st.none(), _agent)),
    st.tuples(st.just("move"), _which, _department),
    st.tuples(st.just("move"), _which, _department),
    st.tuples(st.just("note"), _which),
    st.tuples(st.just("book"), _person),
    st.tuples(st.just("renumber"), _person),
    st.tuples(st.just("number_goes"), _person, _person),
    st.tuples(st.just("merge"), _which, _which),
    st.tuples(st.just("split")),
    st.tuples(st.just("edit"), _which),
    st.tuples(st.just("role"), _agent, st.sampled_from(["owner", "viewer", "agent", "own", "blind"])),
    st.tuples(st.just("members"), st.sets(_agent), st.sets(_agent)),
    st.tuples(st.just("permissions"), st.booleans()),
    st.tuples(st.just("own"), _agent),
    st.tuples(st.just("alert")),
    st.tuples(st.just("join"), _seat),
    st.tuples(st.just("leave"), _seat),
    st.tuples(st.just("stall"), _seat),
    st.tuples(st.just("resume"), _seat),
    st.tuples(st.just("read"), _seat),
    st.tuples(st.just("pull"), _seat, _which),
    st.tuples(st.just("flush")),
    st.tuples(st.just("quiet")),
)


class Player:
    """Plays steps on a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.count = 0

    def conversation(self, which: int) -> str | None:
        found = [id for (id,) in self.house.db.execute("SELECT id FROM conversations ORDER BY id")]
        return found[which % len(found)] if found else None

    def contact(self, which: int) -> str | None:
        found = [id for (id,) in self.house.db.execute("SELECT id FROM contacts ORDER BY id")]
        return found[which % len(found)] if found else None

    def seat(self, which: int) -> Seat:
        return self.house.seats[which % len(self.house.seats)]

    async def play(self, step: Step) -> None:
        self.count += 1
        await getattr(self, step[0])(*step[1:])
        for seat in self.house.seats:
            if seat.reading and not seat.polling:
                await seat.read()

    async def message(self, person: int, named: str, number: str) -> None:
        phone, user = (f"90555000{person:04}", f"TR.{person}")
        known = who(phone if named != "user" else "", user if named != "phone" else "", f"Kişi {person}")
        await self.house.take(message(f"w{self.count}", known, self.count, text=f"söz {self.count}", number=number))

    async def _of(self, which: int, data: ev.Data) -> None:
        conversation = self.conversation(which)
        if conversation is not None:
            await self.house.log_events((data, conversation))

    async def assign(self, which: int, agent: str | None) -> None:
        await self._of(which, ev.ConversationAssigned(agent=agent))

    async def move(self, which: int, department: str) -> None:
        await self._of(which, ev.ConversationMoved(department=department))

    async def note(self, which: int) -> None:
        await self._of(which, ev.ConversationNoted(note=f"n{self.count}", text="not", mentions=["ayse"]))

    async def book(self, person: int) -> None:
        contact = f"cbook{person}"
        known = self.house.db.execute("SELECT 1 FROM contacts WHERE id = ?", (contact,)).fetchone()
        created: list[tuple[ev.Data, str | None]] = [] if known else [(ev.ContactCreated(contact=contact), None)]
        profile = ev.ContactProfiled(contact=contact, ts=T0 + self.count, book_name=f"Defter {self.count}")
        await self.house.log_events(*created, (profile, None))

    async def renumber(self, person: int) -> None:
        old, new = (f"90555000{person:04}", f"TR.{person}"), (f"90556{self.count:03}{person:04}", f"TR.{person}")
        await self.house.take(changed_number(f"s{self.count}", old, new, self.count))

    async def number_goes(self, person: int, to: int) -> None:
        """A phone number is somebody else's from now on."""
        known = who(f"90555000{person:04}", f"TR.9{to}", f"Yeni {to}")
        await self.house.take(message(f"g{self.count}", known, self.count, text=f"yeni {self.count}"))

    async def merge(self, one: int, other: int) -> None:
        gone, into = self.contact(one), self.contact(other)
        if gone is None or into is None or gone == into:
            return
        db = self.house.db
        events: list[tuple[ev.Data, str | None]] = [(ev.ContactMerged(contact=gone, into=into), None)]
        for id, number in db.execute("SELECT id, number FROM conversations WHERE contact = ?", (gone,)).fetchall():
            sql = "SELECT id FROM conversations WHERE contact = ? AND number = ?"
            same = db.execute(sql, (into, number)).fetchone()
            if same is not None:
                events.append((ev.ConversationMerged(into=same[0]), id))
        await self.house.log_events(*events)

    async def split(self) -> None:
        row = self.house.db.execute(
            "SELECT contact, into_contact, seq FROM merges m WHERE undone = 0 AND by LIKE 'agent:%' "
            "AND EXISTS (SELECT 1 FROM contacts WHERE id = m.into_contact) ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        if row is not None:
            await self.house.log_events((ev.ContactSplit(contact=row[0], into=row[1], merge=row[2]), None))

    async def edit(self, which: int) -> None:
        contact = self.contact(which)
        if contact is not None:
            await self.house.log_events((ev.ContactEdited(contact=contact, remark=f"r{self.count}"), None))

    async def role(self, agent: str, role: str) -> None:
        await self.house.log_events((ev.AgentAdded(agent=agent, name=agent.title(), role=role), None))

    async def members(self, satis: set[str], destek: set[str]) -> None:
        text = "".join(
            f'[{name}]\nname = "{name}"\nmembers = {sorted(members)}\nnumbers = {numbers}\n'.replace("'", '"')
            for name, members, numbers in (("satis", satis, [NUMBERS[1]]), ("destek", destek, []))
        )
        await self.house.log_events((ev.SettingsSaved(section="departments", text=text), None))

    async def permissions(self, more: bool) -> None:
        given = '"see.own", "message.send"' + (', "conversation.claim"' if more else "")
        text = f'[own]\npermissions = [{given}]\n[blind]\npermissions = ["message.send"]\n'
        await self.house.log_events((ev.SettingsSaved(section="roles", text=text), None))

    async def own(self, agent: str) -> None:
        await self.house.log_events(
            (ev.CannedSaved(shortcut=f"k{self.count % 3}", text="benim", owner=agent), None),
            (ev.SettingsSaved(section="macros", text="", owner=agent), None),
            (ev.CannedSaved(shortcut=f"k{self.count % 3}", text="herkesin"), None),
        )

    async def alert(self) -> None:
        await self.house.log_events((ev.AccountAlerted(field="x", text=f"uyarı {self.count}"), None))

    async def join(self, which: int) -> None:
        await self.seat(which).join()

    async def leave(self, which: int) -> None:
        await self.seat(which).leave()

    async def stall(self, which: int) -> None:
        self.seat(which).stall()

    async def resume(self, which: int) -> None:
        self.seat(which).resume()

    async def read(self, which: int) -> None:
        seat = self.seat(which)
        if seat.polling:
            await seat.poll()
        else:
            await asyncio.sleep(0)

    async def pull(self, which: int, conversation: int) -> None:
        wanted = self.conversation(conversation)
        if wanted is not None:
            self.seat(which).ask(wanted)

    async def flush(self) -> None:
        self.house.hub.flush()

    async def quiet(self) -> None:
        await self.house.quiet()


async def play(script: list[Step], folder: Path) -> None:
    async with watched(folder) as house:
        for agent in ("patron", "ayse", "mehmet", "deniz", "zeynep"):
            house.seat(agent)
        house.seat("ayse", polling=True)
        player = Player(house)
        for n, step in enumerate(script):
            await player.play(step)
            if n % 8 == 7:
                await player.quiet()
        for seat in house.seats:
            seat.resume()
        await player.quiet()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=10, max_size=40))
def test_every_cache_is_the_relays_view_for_its_agent(script: list[Step]) -> None:
    snapshot = bundles.snapshot
    with (
        TemporaryDirectory() as name,
        mock.patch.object(hub, "QUEUE", 4),
        mock.patch.object(bundles, "snapshot", lambda db, after="", **more: snapshot(db, after, 2, **more)),
    ):
        asyncio.run(play(script, Path(name)))
