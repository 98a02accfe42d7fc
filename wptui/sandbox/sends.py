"""What the business sends: accepted or refused, and the statuses that follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from wptui.sandbox import checks
from wptui.sandbox.errors import CODES, UNKNOWN, GraphError, Json
from wptui.sandbox.faults import Faults, Magic, PairRate
from wptui.sandbox.media import Media
from wptui.sandbox.shapes import status_update
from wptui.sandbox.templates import check_template, default_templates
from wptui.sandbox.webhooks import Webhooks
from wptui.sandbox.world import Customer, World

FREE_TIER = 1000
"""Service messages delivered per number and month without charge."""
ENTRY_POINT = 72 * 3600.0
"""Seconds an ad's free entry point lasts from the answer, which must come within 24 hours."""

# Seconds until each status, between which the dice choose; scaled by the sandbox's pace.
SENT = (0.1, 0.6)
DELIVERED = (0.3, 1.5)
READ = (2.0, 20.0)
PLAYED = (2.0, 8.0)


@dataclass(slots=True)
class Send:
    """One call to ``/messages`` that was a message, and what became of it."""

    at: float
    number: str
    body: Json
    type: str
    customer: Customer | None = None
    wamid: str | None = None  # None: refused
    code: int | None = None  # why it was refused, or failed afterwards
    answered: bool = False
    statuses: list[str] = field(default_factory=list)
    template: Json | None = None
    first_status: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def callback(self) -> str | None:
        """The ``biz_opaque_callback_data``."""
        value = self.body.get("biz_opaque_callback_data")
        return value if isinstance(value, str) else None

    def as_json(self) -> Json:
        """The send as ``GET /sandbox/state`` shows it."""
        return {
            "wamid": self.wamid,
            "at": self.at,
            "phone_number_id": self.number,
            "customer": self.customer.key if self.customer else None,
            "to": self.body.get("to"),
            "recipient": self.body.get("recipient"),
            "type": self.type,
            "callback": self.callback,
            "outcome": "refused" if self.wamid is None else "accepted",
            "code": self.code,
            "answered": self.answered,
            "statuses": self.statuses,
            "body": self.body,
        }


class Sends:
    """Takes sends, and plays the statuses of each. *pace* scales every natural delay; 0 means none."""

    def __init__(self, world: World, media: Media, faults: Faults, webhooks: Webhooks, pace: float) -> None:
        self.world = world
        self.media = media
        self.faults = faults
        self.webhooks = webhooks
        self.pace = pace
        self.templates = default_templates()
        self.all: list[Send] = []
        self.reads: list[Json] = []  # read marks and typing indicators, as they came
        self.on_arrival: Callable[[Send], None] = lambda send: None
        """Called when a message has arrived at its customer."""
        self._pairs = PairRate()
        self._fates: set[asyncio.Task[None]] = set()
        self._unstarted = 0  # accepted, but the answer is not out yet

    # -- accepting

    def take(self, number: str, body: Json, asked: Magic | None = None) -> Send:
        """Check *body* and accept it: the send has a wamid then. Raises `GraphError` if it is refused.

        *asked* is what the text itself asks to go wrong. The statuses begin with `start`.
        """
        send = Send(self.world.now(), number, body, str(body.get("type", "text")))
        self.all.append(send)
        try:
            self._accept(send, asked)
        except GraphError as error:
            send.code = error.code
            raise
        return send

    def _accept(self, send: Send, asked: Magic | None) -> None:
        body = send.body
        kind = checks.envelope(body)
        send.customer = customer = checks.recipient(self.world, send.number, body)
        if kind == "template":
            send.template = check_template(self.templates, body.get("template"))
            if send.template["category"] == "AUTHENTICATION" and not body.get("to"):
                raise GraphError(131062)
            self._check_template_media(body["template"])
        else:
            checks.content(kind, body, self.media)
        mode = "auto"
        code: int | None = None
        rule = self.faults.take_failure({customer.key, customer.user_id, customer.wa_id or customer.key})
        if rule is not None:
            code, mode = rule.code, rule.mode
        elif asked is not None and asked.code is not None:
            code, mode = asked.code, asked.mode
        if code is not None and (mode == "sync" or (mode == "auto" and CODES.get(code, UNKNOWN).sync)):
            raise GraphError(code)
        now = self.world.now()
        if self.faults.pair_rate and self._pairs.exceeded(send.number, customer.key, now):
            raise GraphError(131056)
        if code is None and (customer.wa_id or "").startswith(checks.UNREACHABLE):
            code = 131026
        if code is None and send.number in customer.blocked:
            code = 130403
        if code is None and kind != "template" and not customer.window_open(send.number, now):
            code = 131047
        send.code = code
        send.wamid = self.world.outbound_wamid(customer)
        self._unstarted += 1

    def _check_template_media(self, template: Json) -> None:
        for component in template.get("components") or []:
            for parameter in component.get("parameters") or []:
                kind = parameter.get("type")
                if kind in ("image", "video", "document"):
                    checks.check_medium(parameter.get(kind) or {}, kind, self.media)

    @staticmethod
    def answer(send: Send) -> Json:
        """The body of the 200 that accepts *send*."""
        assert send.customer is not None
        contact: Json = {"input": send.body.get("to") or send.body.get("recipient")}
        if send.customer.wa_id:
            contact["wa_id"] = send.customer.wa_id
        contact["user_id"] = send.customer.user_id
        message: Json = {"id": send.wamid}
        if send.template is not None:
            message["message_status"] = "accepted"
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}

    # -- statuses

    async def start(self, send: Send, asked: Magic | None = None) -> None:
        """Begin the statuses of an accepted *send*."""
        switch = asked.switch if asked else None
        silent = self.faults.take("drop_statuses") or switch == "drop_statuses"
        reads = not (self.faults.no_read or switch == "no_read")
        self._unstarted -= 1
        task = asyncio.create_task(self._live(send, silent=silent, reads=reads))
        self._fates.add(task)
        task.add_done_callback(self._fates.discard)

    @property
    def pending(self) -> int:
        """Sends whose statuses are not all out yet."""
        return len(self._fates) + self._unstarted

    async def settled(self) -> None:
        """Wait until every send has had its last status."""
        while self.pending:
            if self._fates:
                await asyncio.wait(self._fates)
            else:
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Stop all statuses."""
        fates = list(self._fates)
        for task in fates:
            task.cancel()
        await asyncio.gather(*fates, return_exceptions=True)

    async def _live(self, send: Send, *, silent: bool, reads: bool) -> None:
        customer = send.customer
        assert customer is not None and send.wamid is not None
        dice = self.world.dice(f"fate/{send.wamid}")
        if send.code is None:
            if send.type != "reaction":
                customer.received.append((send.wamid, send.type))
            plan = self._plan(send, dice, reads=reads and customer.reads)
        else:
            plan = [("failed", _between(dice, SENT))]
        if self.faults.reorder and dice.random() < self.faults.reorder:
            names = [name for name, _ in plan]
            dice.shuffle(names)
            plan = [(name, pause) for name, (_, pause) in zip(names, plan, strict=True)]
        priced = dice.choice(("sent", "delivered"))
        if priced not in (name for name, _ in plan):
            priced = "sent"
        arrived = False
        for name, pause in plan:
            await asyncio.sleep(pause * self.pace)
            if not silent:
                send.statuses.append(name)
                await self._emit(send, name, priced=name == priced)
            send.first_status.set()
            if name in ("delivered", "read") and not arrived:
                arrived = True
                self.on_arrival(send)

    def _plan(self, send: Send, dice: Random, *, reads: bool) -> list[tuple[str, float]]:
        plan = [("sent", _between(dice, SENT))]
        read = ("read", _between(dice, READ))
        if not (reads and self.faults.skip_delivered):
            plan.append(("delivered", _between(dice, DELIVERED)))
        if reads and send.type != "reaction":
            plan.append(read)
            if send.type == "audio" and send.body["audio"].get("voice"):
                plan.append(("played", _between(dice, PLAYED)))
        return plan

    async def _emit(self, send: Send, status: str, *, priced: bool) -> None:
        assert send.customer is not None and send.wamid is not None
        now = self.world.now()
        pricing = conversation = None
        if priced and send.type != "reaction":
            pricing, conversation = self._price(send, now)
        update = status_update(
            self.world.numbers[send.number],
            send.customer,
            send.wamid,
            status,
            now,
            callback=send.callback,
            sent_to_phone=bool(send.body.get("to")),
            pricing=pricing,
            conversation=conversation,
            code=send.code if status == "failed" else None,
        )
        await self.webhooks.put(update)

    def _price(self, send: Send, now: float) -> tuple[Json, Json | None]:
        assert send.customer is not None
        entry = send.customer.entry_at.get(send.number)
        if entry is not None and send.at - entry < ENTRY_POINT:
            conversation = {
                "id": self.world.token(f"entry/{send.customer.key}", 16).hex(),
                "expiration_timestamp": str(int(entry + ENTRY_POINT)),
                "origin": {"type": "referral_conversion"},
            }
            return _pricing("free_entry_point", "referral_conversion", billable=False), conversation
        if send.template is not None:
            return _pricing("regular", send.template["category"].lower(), billable=True), None
        number = self.world.numbers[send.number]
        number.delivered_service += 1
        free = number.delivered_service <= FREE_TIER
        return _pricing("free_customer_service" if free else "regular", "service", billable=not free), None


def _pricing(kind: str, category: str, *, billable: bool) -> Json:
    return {"billable": billable, "pricing_model": "PMP", "type": kind, "category": category}


def _between(dice: Random, span: tuple[float, float]) -> float:
    return dice.uniform(*span)
