"""Duty follows connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.relay.ingest import Desk, desk
from tests.relay.stage import Stage, until
from wptui.model import events as ev
from wptui.model.protocol import SCHEMA, Hello
from wptui.relay.duty import Duty
from wptui.relay.eventlog import Append
from wptui.relay.presence import POLLER_SECONDS, Roster


class House:
    """A clerk, a roster and the job, on a clock that is set by hand."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        self.now = 1000.0
        self.roster = Roster(lambda presence, source: None, clock=lambda: self.now)
        self.duty = Duty(at.clerk, self.roster, clock=lambda: self.now)
        self.task = asyncio.create_task(self.duty.run())
        at.clerk.listen(self.duty.hear)

    async def state(self, agent: str = "ayse") -> tuple[str, str]:
        await self.settled()
        return (await self.at.rows(f"SELECT duty, duty_how FROM agents WHERE id = '{agent}'"))[0]

    async def settled(self) -> None:
        """Until the job has looked at what is now."""
        for _turn in range(3):
            self.duty._look.set()
            await until(lambda: not self.duty._look.is_set())
        await self.at.clerk.look(lambda db: None)

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.roster.expire()
        await self.settled()

    async def leave(self, source: object) -> None:
        self.roster.leave(source)
        await self.settled()

    async def by_hand(self, state: str, agent: str = "ayse") -> None:
        event = ev.make(ev.AgentDutyChanged(agent=agent, state=state), at=1, actor=f"agent:{agent}")
        await self.at.clerk.act(lambda db: [Append([event])])

    async def again(self) -> None:
        """The relay is started anew: nobody is there yet."""
        await self.end()
        self.roster = Roster(lambda presence, source: None, clock=lambda: self.now)
        self.duty = Duty(self.at.clerk, self.roster, clock=lambda: self.now)
        self.task = asyncio.create_task(self.duty.run())
        await self.settled()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    async with desk(folder) as at:
        for agent in ("ayse", "mehmet"):
            event = ev.make(ev.AgentAdded(agent=agent, name=agent.title()), at=1, actor="relay")
            await at.clerk.act(lambda db, event=event: [Append([event])])  # type: ignore[misc]
        here = House(at)
        try:
            yield here
        finally:
            await here.end()


async def test_who_opens_a_terminal_is_on_duty_and_who_is_gone_for_a_minute_is_away(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        assert await here.state() == ("away", "")
        here.roster.arrive("laptop", "ayse", "Ayşe")
        assert await here.state() == ("on", "connected")
        here.roster.arrive("desk", "ayse", "Ayşe")
        await here.leave("laptop")
        await here.pass_time(600)
        assert await here.state() == ("on", "connected")  # one of two terminals is left
        await here.leave("desk")
        await here.pass_time(59)
        assert await here.state() == ("on", "connected")
        await here.pass_time(2)
        assert await here.state() == ("away", "disconnected")
        here.roster.arrive("desk", "ayse", "Ayşe")
        assert await here.state() == ("on", "connected")


async def test_a_lost_link_is_no_change_of_duty(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.roster.arrive(1, "ayse", "Ayşe")
        await here.settled()
        before = await here.at.log.head()
        await here.leave(1)
        await here.pass_time(30)
        here.roster.arrive(2, "ayse", "Ayşe")
        await here.pass_time(31)
        assert await here.at.log.head() == before


async def test_what_was_set_by_hand_stands(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.roster.arrive(1, "ayse", "Ayşe")
        await here.settled()
        for state in ("busy", "away"):
            await here.by_hand(state)
            await here.leave(1)
            await here.pass_time(10)
            here.roster.arrive(1, "ayse", "Ayşe")
            assert await here.state() == (state, "hand")
        await here.leave(1)
        await here.pass_time(100)
        here.roster.arrive(1, "ayse", "Ayşe")
        assert await here.state() == ("away", "hand")  # gone home by hand: coming by does not put on duty


async def test_a_command_line_puts_nobody_on_duty(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.roster.arrive(1, "ayse", "Ayşe", mode="line")
        assert await here.state() == ("away", "")
        await here.by_hand("on")
        await here.leave(1)
        await here.pass_time(600)
        assert await here.state() == ("on", "hand")


async def test_a_terminal_that_polls_counts_while_it_polls(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        for _poll in range(20):
            here.roster.arrive("key", "ayse", "Ayşe", polling=True)
            await here.pass_time(10)
        assert await here.state() == ("on", "connected")
        await here.pass_time(POLLER_SECONDS + 1)
        await here.pass_time(61)
        assert await here.state() == ("away", "disconnected")


async def test_after_a_restart_who_does_not_come_back_in_time_is_away(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        here.roster.arrive(1, "ayse", "Ayşe")
        here.roster.arrive(2, "mehmet", "Mehmet")
        assert await here.state("mehmet") == ("on", "connected")
        await here.again()
        await here.pass_time(50)
        here.roster.arrive(3, "ayse", "Ayşe")
        await here.pass_time(11)
        assert await here.state("ayse") == ("on", "connected")
        assert await here.state("mehmet") == ("away", "disconnected")


async def test_over_real_connections(play: Stage) -> None:
    play.relay.duty.grace = 0.2
    looking = await play.sit_down("Mehmet")
    await looking.waits_for("agent.duty_changed", agent="mehmet", state="on", how="connected")
    line = Hello(cursor=0, schema=SCHEMA, epoch=play.relay.log.epoch, mode="line")
    await play.connect(play.token("Zeynep"), hello=line)
    ayse = await play.sit_down("Ayşe")
    await looking.waits_for("agent.duty_changed", agent="ayse", state="on")
    await ayse.socket.close()
    await looking.waits_for("agent.duty_changed", agent="ayse", state="away", how="disconnected")
    assert not looking.seen("agent.duty_changed", agent="zeynep")
