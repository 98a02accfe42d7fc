"""Customers who live their stories: they write, wait, grow impatient, answer what the agent wrote.

Stories run in their own time. At the start it may lie hours back, so that an inbox opens with customers who
have waited; what is due by now is written at once with its old timestamp, the rest as time goes by (scaled by
*pace*) or, with a *rate*, so many messages a second whatever the time is.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from wptui.sandbox.errors import Json
from wptui.sandbox.inbound import CannotSay, Inbound
from wptui.sandbox.sends import Send
from wptui.sandbox.stories import Script, Step, load, make_step
from wptui.sandbox.world import Customer, World

GAP = 20.0
"""Mean seconds between two new customers in life-like time."""
LOAD_GAP = 0.5
"""Story seconds between two new customers under load: they mix with the others' second messages."""
LOAD_PATIENCE = 900.0
"""Story seconds after which, under load, even a patient customer's story ends."""
LATECOMERS = 5
"""With a history, one customer in so many comes only later."""
HOSTILE_SHARE = 5
"""With the hostile switch, one customer in so many is an attacker."""
BACKLOG = 2000
"""Webhooks waiting beyond which customers pause: a slow relay must not fill our memory."""
ANSWER_AFTER = (4.0, 30.0)
THUMB_SHARE = 0.3


@dataclass(slots=True)
class Life:
    """Where one customer stands in a story."""

    customer: Customer
    script: Script
    fillers: dict[str, str]
    steps: list[Step]
    at: int = 0  # the next step
    waiting: bool = False
    told: int = 0  # stories finished
    turn: int = 0  # counts the steps scheduled; a step of an older turn is void


@dataclass(order=True, slots=True)
class _Due:
    when: float
    order: int
    life: Life = field(compare=False)
    turn: int = field(compare=False)
    answer: Json | None = field(compare=False, default=None)  # to write beside the story, whatever the turn


class Crowd:
    """All scripted customers of a sandbox."""

    def __init__(self, world: World, inbound: Inbound, pace: float) -> None:
        self.world = world
        self.inbound = inbound
        self.pace = pace
        self.lives: dict[str, Life] = {}
        self.paused = False
        self._rate = 0.0
        self._due: list[_Due] = []
        self._order = itertools.count()
        self._playing = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._begun = 0.0  # story time up to which timestamps lie in the past
        self._now = 0.0  # story time
        self._paused_at = 0.0  # monotonic clock
        self._anchor = (0.0, 0.0)  # story time and monotonic clock at one instant

    # -- casting

    def begin(
        self,
        conversations: int,
        *,
        rate: float = 0.0,
        history: float = 0.0,
        lang: str = "both",
        hostile: bool = False,
    ) -> None:
        """Bring *conversations* customers on stage and let them live until `close`.

        *rate* is messages per second, endlessly; 0 is life-like. *history* is hours: most customers began
        that far back. *lang* is tr, en or both. *hostile* adds customers who attack the terminal.
        """
        self._rate = rate
        self._begun = self.world.now()
        self._now = self._begun - history * 3600
        scripts = [load("tr"), load("en")] if lang == "both" else [load(lang)]
        when = self._begun
        for index in range(conversations):
            life = self._cast(index, scripts, hostile=hostile)
            dice = self.world.dice(f"entrance/{index}")
            if history and index % LATECOMERS != LATECOMERS - 1:
                # Squared: more began lately than long ago.
                self._schedule(life, self._begun - history * 3600 * dice.random() ** 2)
            else:
                when += LOAD_GAP if rate else dice.expovariate(1 / GAP)
                self._schedule(life, when)
        self._task = asyncio.create_task(self._live())

    def _cast(self, index: int, scripts: Sequence[Script], *, hostile: bool) -> Life:
        dice = self.world.dice(f"customer/{index}")
        script = dice.choice(scripts)
        story = script.story(dice)
        if hostile and index % HOSTILE_SHARE == 2:
            script = load("hostile")
            story = script.stories[index // HOSTILE_SHARE % len(script.stories)]  # each once before any twice
        name = story.name or script.name(dice)
        numbers: Sequence[str] = list(self.world.numbers)
        number = numbers[story.number] if story.number is not None else dice.choices(numbers, [3, 1])[0]
        has_phone = story.phone and dice.random() > 0.05
        username = None
        if not has_phone or dice.random() < 0.1:
            username = f"@{script.lang}.kahve{index}"
        customer = self.world.add_customer(
            f"c{index}",
            name,
            has_phone=has_phone,
            username=username,
            lang=script.lang,
            number=number,
            reads=dice.random() < 0.85,
        )
        fillers = script.fillers(dice, name, f"9055580{index % 100000:05}")
        life = Life(customer, script, fillers, script.plan(story, dice, fillers))
        self.lives[customer.key] = life
        return life

    # -- time

    def _schedule(self, life: Life, when: float, answer: Json | None = None) -> None:
        if answer is None:
            life.turn += 1
        heapq.heappush(self._due, _Due(when, next(self._order), life, life.turn, answer))
        self._wake.set()

    def _story_time(self) -> float:
        if self._rate or not self.pace or not self._anchor[1]:
            return self._now
        return self._anchor[0] + (time.monotonic() - self._anchor[1]) / self.pace

    async def _live(self) -> None:
        tick = time.monotonic()
        while True:
            self._wake.clear()
            if self.paused or not self._due:
                await self._wake.wait()
                continue
            due = self._due[0]
            if due.turn != due.life.turn and due.answer is None:
                heapq.heappop(self._due)  # overtaken by the agent's answer
                continue
            past = due.when <= self._begun
            if not past and not self._rate and self.pace and await self._too_early(due.when):
                continue
            while self.inbound.webhooks.pending > BACKLOG:
                await asyncio.sleep(0.05)
            if not past and self._rate:
                tick = max(tick + 1 / self._rate, time.monotonic() - 1.0)
                await asyncio.sleep(max(0.0, tick - time.monotonic()))
            heapq.heappop(self._due)
            self._now = max(self._now, due.when)
            self._playing = True
            wrote = await self._play(due, at=due.when if past else None)
            self._playing = False
            if not wrote and self._rate and not past:
                tick -= 1 / self._rate  # a step that says nothing costs nothing of the rate

    async def _too_early(self, when: float) -> bool:
        """Sleep until *when* (story time) or until something changes; True if it is still early then."""
        if not self._anchor[1]:
            self._anchor = (self._begun, time.monotonic())
        left = (when - self._story_time()) * self.pace
        if left <= 0:
            return False
        try:
            # Not wait_for: Python 3.11's forgets a cancellation that comes together with the event.
            async with asyncio.timeout(left):
                await self._wake.wait()
        except TimeoutError:
            pass
        return True

    @property
    def busy(self) -> bool:
        """Whether somebody has something to write at once, not only as time goes by."""
        if self._playing:
            return True
        at_once = not self.pace and not self._rate
        return any(at_once or due.when <= self._begun for due in self._due) and not self.paused

    # -- living

    async def _play(self, due: _Due, at: float | None) -> bool:
        """Do what is due; whether that wrote a message."""
        life = due.life
        if due.answer is not None:
            return await self._say(life, due.answer, at)
        if life.waiting:  # patience is over
            nudge = life.steps[life.at].nudge
            if nudge is None:
                self._end(life, due.when)
                return False
            # He nudges once; then only the agent, or under load the end of the story, moves him.
            life.steps[life.at] = Step(0.0)
            wrote = await self._say(life, {"type": "text", "text": nudge}, at)
            self._wait_on(life, due.when)
            return wrote
        step = life.steps[life.at]
        if step.what is None:
            life.waiting = True
            self._wait_on(life, due.when, step.patience)
            return False
        life.at += 1
        wrote = await self._say(life, step.what, at)
        self._go_on(life, due.when)
        return wrote

    def _go_on(self, life: Life, now: float) -> None:
        if life.at < len(life.steps):
            self._schedule(life, now + life.steps[life.at].after)
        else:
            self._end(life, now)

    def _wait_on(self, life: Life, now: float, patience: float | None = None) -> None:
        if patience is None:
            patience = LOAD_PATIENCE if self._rate else None
        # Without pace there is no time to lose patience in: the customer waits for the agent.
        if patience is not None and (self.pace or self._rate or now + patience <= self._begun):
            self._schedule(life, now + patience)

    def _end(self, life: Life, now: float) -> None:
        life.told += 1
        life.waiting = False
        life.at = len(life.steps)
        if self._rate:  # load never ends: the next story
            dice = self.world.dice(f"again/{life.customer.key}/{life.told}")
            story = life.script.story(dice)
            life.steps = life.script.plan(story, dice, life.fillers)
            life.at = 0
            self._schedule(life, max(now, self._begun) + dice.uniform(60, 600))

    async def _say(self, life: Life, what: Json, at: float | None) -> bool:
        if what["type"] == "new_number" and life.customer.wa_id is None:
            return False  # who shares no phone number has none to change
        try:
            await self.inbound.say(life.customer, what if at is None else what | {"at": at})
        except CannotSay:
            return False  # quotes or reacts to an answer that never came
        return True

    # -- the agent

    def replied(self, send: Send) -> None:
        """The agent's message *send* has arrived: the customer goes on, or answers it directly."""
        life = self.lives.get(send.customer.key) if send.customer else None
        if life is None or send.wamid is None or send.type == "reaction":
            return
        dice = self.world.dice(f"reply/{send.wamid}")
        when = self._story_time() + dice.uniform(*ANSWER_AFTER)
        answer = self._answer(life, send, dice)
        if answer is not None:
            self._schedule(life, when, answer)
        elif life.waiting:
            life.waiting = False
            life.at += 1
            if life.at < len(life.steps):
                self._schedule(life, when)
            else:
                self._end(life, when)
        elif life.at >= len(life.steps) and dice.random() < THUMB_SHARE:
            self._schedule(life, when, {"type": "reaction", "emoji": "👍"})

    def _answer(self, life: Life, send: Send, dice: Random) -> Json | None:
        """What these very words ask for: a pressed button, a chosen row, a place, an order number."""
        if send.type == "interactive":
            return _pressed(send.body["interactive"], dice)
        if send.template is not None:
            buttons = [
                button["text"]
                for component in send.template["components"]
                for button in component.get("buttons", ())
                if button["type"] == "QUICK_REPLY"
            ]
            return {"type": "button", "text": dice.choice(buttons)} if buttons else None
        if send.type == "text" and (life.waiting or life.at >= len(life.steps)):
            step = life.script.answer(send.body["text"]["body"])
            return make_step(step, dice, life.fillers).what if step else None
        return None

    async def pause(self, paused: bool) -> None:
        """Stop writing, or go on; story time stands still meanwhile."""
        now = time.monotonic()
        if paused and not self.paused:
            self._paused_at = now
        elif self.paused and not paused and self._anchor[1]:
            self._anchor = (self._anchor[0], self._anchor[1] + now - self._paused_at)
        self.paused = paused
        self._wake.set()

    async def close(self) -> None:
        """End all stories."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None


def _pressed(interactive: Json, dice: Random) -> Json | None:
    kind = interactive["type"]
    if kind == "button":
        reply = dice.choice(interactive["action"]["buttons"])["reply"]
        return {"type": "button_reply", "id": reply["id"], "title": reply["title"]}
    if kind == "list":
        rows = [row for section in interactive["action"]["sections"] for row in section["rows"]]
        return {"type": "list_reply", **dice.choice(rows)}
    if kind == "location_request_message":
        return {"type": "location", "name": "Ev", "latitude": 40.9876543, "longitude": 29.0286}
    return None
