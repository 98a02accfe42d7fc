"""Who exists in the sandbox: the business with its numbers, its customers, the clock and the dice.

All randomness follows from one seed and a name. A name belongs to one thing (one customer's story, the fate
of one send), so equal seeds give equal ids and words however the agents' answers fall between them.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

WINDOW = 24 * 3600.0
"""Seconds a customer's message keeps the customer-service window open."""

COUNTRY_CODE = "90"
FIRST_PHONE = 905550000101
"""The first customer's phone number; the next customers' follow. 905550000010 and …11 are the business's."""


@dataclass(slots=True)
class Number:
    """One business phone number."""

    id: str
    display: str
    name: str
    quality: str = "GREEN"
    delivered_service: int = 0  # messages delivered this month, for the free tier

    @property
    def digits(self) -> str:
        """The number as webhooks and ``context.from`` write it: digits only."""
        return "".join(c for c in self.display if c.isdigit())


@dataclass(slots=True)
class Customer:
    """One person with WhatsApp. Without a *wa_id* the business knows only the BSUID (*user_id*)."""

    key: str
    name: str
    user_id: str
    wa_id: str | None
    username: str | None = None
    lang: str = "tr"
    number: str = ""  # the business number this customer writes to
    reads: bool = True  # sends read receipts
    inbound_at: dict[str, float] = field(default_factory=dict)  # business number → last message
    entry_at: dict[str, float] = field(default_factory=dict)  # business number → came from an ad
    written: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))  # (wamid, type)
    received: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))
    blocked: set[str] = field(default_factory=set)  # business numbers that have blocked this customer
    writes: int = 0  # messages written so far: the next one's id follows from it
    gets: int = 0

    def window_open(self, number: str, now: float) -> bool:
        """Whether the business may write freely to this customer at *now*."""
        return now - self.inbound_at.get(number, float("-inf")) < WINDOW


class UnknownCustomer(LookupError):
    """No customer answers to that key, phone number or BSUID."""


class World:
    """The people, the clock and the dice. *clock* gives Unix seconds; *seed* makes everything repeatable."""

    waba_id = "200000000000777"
    business_id = "200000000000001"
    app_id = "300000000000555"
    app_name = "wptui sandbox"

    def __init__(self, seed: int | str, clock: Callable[[], float] = time.time) -> None:
        self.seed = seed
        self.clock = clock
        self.numbers = {
            n.id: n
            for n in (
                Number("109876500000010", "+90 555 000 00 10", "Kahve Dükkânı"),
                Number("109876500000011", "+90 555 000 00 11", "Kahve Dükkânı Destek"),
            )
        }
        self.customers: dict[str, Customer] = {}
        self._by_alias: dict[str, Customer] = {}
        self._next_phone = FIRST_PHONE

    @property
    def first_number(self) -> str:
        """The ``phone_number_id`` customers write to when nothing else is said."""
        return next(iter(self.numbers))

    def now(self) -> float:
        """Unix seconds by the sandbox's clock."""
        return self.clock()

    def dice(self, name: str) -> Random:
        """A new stream of randomness called *name*: the same numbers in the same order for the same seed."""
        return Random(f"{self.seed}/{name}")

    def token(self, name: str, size: int) -> bytes:
        """*size* bytes that belong to *name* and the seed. Unlike a stream they cost no memory."""
        return hashlib.shake_256(f"{self.seed}/{name}".encode()).digest(size)

    def digits(self, name: str, length: int) -> str:
        """A number of *length* digits as text, as Meta's object ids are written."""
        low = 10 ** (length - 1)
        return str(low + int.from_bytes(self.token(name, 16)) % (9 * low))

    def inbound_wamid(self, customer: Customer) -> str:
        """The next id of a message *customer* writes."""
        customer.writes += 1
        return self._wamid(customer, f"in/{customer.key}/{customer.writes}", b"\x15\x02\x00\x12\x18\x14", 10)

    def outbound_wamid(self, customer: Customer) -> str:
        """The next id of a message the business sends to *customer*."""
        customer.gets += 1
        return self._wamid(customer, f"out/{customer.key}/{customer.gets}", b"\x15\x02\x00\x11\x18\x12", 9)

    def _wamid(self, customer: Customer, name: str, middle: bytes, size: int) -> str:
        peer = (customer.wa_id or customer.user_id.partition(".")[2])[:20].encode("ascii")
        unique = self.token(name, size).hex().upper().encode("ascii")
        raw = b"\x1c\x18" + bytes([len(peer)]) + peer + middle + unique + b"\x00"
        return "wamid." + base64.b64encode(raw).decode("ascii")

    # -- customers

    def add_customer(
        self,
        key: str,
        name: str,
        *,
        phone: str | None = None,
        has_phone: bool = True,
        username: str | None = None,
        lang: str = "tr",
        number: str | None = None,
        reads: bool = True,
    ) -> Customer:
        """A new customer. *phone* (digits) is the next free one unless given; he writes to *number*."""
        if key in self.customers:
            raise ValueError(f"customer {key!r} exists")
        if phone is None:
            while str(self._next_phone) in self._by_alias:
                self._next_phone += 1
            phone = str(self._next_phone)
            self._next_phone += 1
        country = "TR" if phone.startswith(COUNTRY_CODE) else "GB"
        user_id = f"{country}.{self.digits(f'bsuid/{key}', 17)}"
        customer = Customer(
            key,
            name,
            user_id,
            phone if has_phone else None,
            username,
            lang,
            number or self.first_number,
            reads,
        )
        self.customers[key] = customer
        self._index(customer)
        return customer

    def _index(self, customer: Customer) -> None:
        for alias in (customer.wa_id, customer.user_id, customer.username):
            if alias:
                self._by_alias[alias] = customer

    def change_identity(self, customer: Customer, *, user_id: str, wa_id: str | None = None) -> None:
        """Give *customer* a new BSUID, and the phone number *wa_id* if given; the old ones are nobody's."""
        for alias in (customer.user_id, customer.wa_id if wa_id else None):
            if alias:
                self._by_alias.pop(alias, None)
        customer.user_id = user_id
        customer.wa_id = wa_id or customer.wa_id
        self._index(customer)

    def find(self, who: str) -> Customer | None:
        """The customer with that key, phone number (however written), BSUID or username; else None."""
        if who in self.customers:
            return self.customers[who]
        found = self._by_alias.get(who)
        if found is None and who.lstrip("+").replace(" ", "").isdigit():
            found = self._by_alias.get("".join(c for c in who if c.isdigit()))
        return found

    def customer(self, who: str) -> Customer:
        """Like `find`, but raises `UnknownCustomer`."""
        found = self.find(who)
        if found is None:
            raise UnknownCustomer(who)
        return found
