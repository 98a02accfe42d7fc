"""A store filled with events, as the relay would send them: what the widgets' tests and pictures show."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from typing import Any

from wptui.cloudapi.items import Item
from wptui.cloudapi.webhook import expand
from wptui.model import events as ev
from wptui.store.database import open_database, transaction
from wptui.store.fold import apply

NOW = 1_795_444_320
"""Monday 23 November 2026, 14:32:00 UTC: the moment at which the tests look."""


class Shop:
    """One small shop's store. Every method appends an event and folds it."""

    def __init__(self, path: Path) -> None:
        self.db: sqlite3.Connection = open_database(path)
        self._seq = itertools.count(1)
        self.seq = 0

    def event(self, data: ev.Data, conversation: str | None = None, *, actor: str = "customer", at: int = NOW) -> int:
        """Appends one event; its number."""
        self.seq = next(self._seq)
        made = ev.make(data, at=at * 1000, actor=actor, conversation=conversation)
        made.seq = self.seq
        with transaction(self.db):
            apply(self.db, [made])
        return self.seq

    def agent(self, id: str, name: str) -> None:
        """An agent."""
        self.event(ev.AgentAdded(agent=id, name=name), actor="relay")

    def open(self, conversation: str, name: str, *, number: str = "n1", phone: str = "", kind: str = "person") -> None:
        """A customer and their conversation."""
        contact = f"p-{conversation}"
        self.event(ev.ContactCreated(contact=contact, kind=kind))
        self.event(ev.ConversationOpened(contact=contact, number=number, kind=kind), conversation)
        self.event(ev.ContactProfiled(contact=contact, ts=1, name=name, phone=phone), conversation)

    def receive(self, conversation: str, text: str = "", *, ago: int = 0, message: str = "", **more: Any) -> str:
        """The customer writes, `ago` seconds before NOW."""
        message = message or f"wamid.{conversation}.{self.seq + 1}"
        more = {"kind": "text", "received_at": NOW - ago} | more
        self.event(ev.MessageReceived(message=message, ts=NOW - ago, text=text, **more), conversation, at=NOW - ago)
        return message

    def answer(
        self, conversation: str, text: str, *, ago: int = 0, agent: str = "a1", status: str = "read", **more: Any
    ) -> str:
        """An agent answers; the message gets as far as `status`."""
        message = f"m.{conversation}.{self.seq + 1}"
        at = NOW - ago
        more = {"kind": "text", "number": "n1"} | more
        self.event(
            ev.MessageQueued(message=message, ts=at, text=text, **more), conversation, actor=f"agent:{agent}", at=at
        )
        if status == "queued":
            return message
        self.event(ev.MessageAttempted(message=message, attempt=1), conversation, actor="relay", at=at)
        if status == "unknown":
            self.event(ev.MessageUnknown(message=message, reason="timeout"), conversation, actor="relay", at=at)
        elif status.startswith("failed"):
            problem = ev.Problem(code=int(status.partition(":")[2] or 131047))
            self.event(ev.MessageFailed(message=message, problem=problem), conversation, actor="relay", at=at)
        elif status != "attempted":
            wamid = f"wamid.{message}"
            self.event(ev.MessageAccepted(message=message, wamid=wamid), conversation, actor="relay", at=at)
            for state in ("sent", "delivered", "read"):
                if status == "accepted":
                    break
                self.event(
                    ev.MessageStatus(wamid=wamid, status=state, ts=at, message=message),
                    conversation,
                    actor="meta",
                    at=at,
                )
                if state == status:
                    break
        return message

    def webhook(self, body: bytes, conversation: str, received_at: int) -> list[str]:
        """What a webhook body of the corpus says, all of it put into one conversation; the message ids."""
        messages: list[str] = []
        for item in expand(body, received_at):
            if isinstance(item, Item):
                self.event(item.data, conversation, actor=item.actor, at=received_at)
                if name := getattr(item.data, "message", ""):
                    messages.append(name)
                if item.person is not None and item.person.name:
                    self.event(
                        ev.ContactProfiled(contact=f"p-{conversation}", ts=received_at, name=item.person.name),
                        conversation,
                    )
        return messages


def small_shop(path: Path) -> Shop:
    """The shop of DESIGN.md's picture: a handful of conversations, every kind of row."""
    shop = Shop(path)
    shop.agent("a1", "Ayşe Demir")
    shop.agent("a2", "Mehmet Kurt")
    shop.open("ahmet", "Ahmet Yılmaz", phone="+905550000012")
    shop.receive("ahmet", "Merhaba, kış indirimi var mı?", ago=86400 + 600)
    shop.answer("ahmet", "Merhaba Ahmet Bey, evet: tüm filtre kahvelerde *%20*.", ago=86400 + 300)
    shop.event(ev.ConversationTagged(campaign="KIŞ24", how="code"), "ahmet")
    shop.event(ev.ConversationLabelled(label="iade"), "ahmet", actor="agent:a1")
    shop.event(ev.ConversationAssigned(agent="a1"), "ahmet", actor="agent:a1", at=NOW - 900)
    first = shop.receive("ahmet", "Merhaba, siparişim nerede? 🙏", ago=1061, quote="wamid.m.ahmet.7")
    shop.receive(
        "ahmet",
        "",
        ago=1000,
        kind="image",
        media=ev.Media(id="1", mime="image/jpeg", size=182_000),
        message="wamid.photo",
    )
    shop.event(ev.MediaStored(message="wamid.photo", key="k1", mime="image/jpeg", size=182_000), "ahmet")
    shop.event(
        ev.ConversationNoted(note="note1", text="kargo kayıp, iade başlattım"), "ahmet", actor="agent:a2", at=NOW - 500
    )
    shop.event(ev.MessageReacted(target=first, emoji="👍", ts=NOW - 490, by="a1"), "ahmet", actor="agent:a1")
    shop.open("zeynep", "Zeynep Kaya 🌸")
    shop.event(ev.ConversationTagged(campaign="BAHAR", how="code"), "zeynep")
    shop.receive("zeynep", "", ago=125, kind="audio", media=ev.Media(id="2", voice=True, size=21_000))
    shop.open("ali", "Ali Demir")
    shop.receive("ali", "Kargom ne zaman gelir?", ago=16000)
    shop.answer("ali", "Kargonuz yola çıktı", ago=15000, agent="a2")
    shop.event(ev.ConversationLabelled(label="iade"), "ali", actor="agent:a2")
    shop.event(ev.ConversationAssigned(agent="a2"), "ali", actor="agent:a2")
    shop.open("fatma", "Fatma Şahin")
    shop.receive("fatma", "Fatura gelmedi", ago=86400 * 2)
    shop.answer("fatma", "Hemen gönderiyorum", ago=60, status="failed:131047")
    shop.open("group", "Kahve dostları", kind="group")
    shop.receive("group", "Yarın kaçta buluşuyoruz?", ago=40, sender="Deniz")
    shop.open("closing", "Elif Öztürk", phone="+905321112233")
    shop.receive("closing", "Tamam 👨‍👩‍👧 teşekkürler", ago=86400 - 2800)
    shop.answer("closing", "Rica ederiz", ago=86400 - 3000)
    return shop


def busy_thread(shop: Shop) -> str:
    """A conversation with every kind of row and state; its id."""
    shop.open("busy", "Ahmet Yılmaz", phone="+905550000012")
    day = 86400
    advert = ev.Referral(headline="Kış indirimi", source_type="ad", source_url="https://fb.me/1aB")
    asked = shop.receive(
        "busy", "Merhaba, #KIŞ24 indirimi var mı?", ago=day + 700, message="wamid.asked", referral=advert
    )
    shop.answer(
        "busy",
        "Merhaba Ahmet Bey, evet: tüm filtre kahvelerde *%20*. Ayrıntılar: https://kahve.example/kis",
        ago=day + 600,
        quote=asked,
    )
    shop.answer("busy", "Kargo da ücretsiz, 300 TL üstü siparişlerde. Başka sorunuz olursa buradayım.",
                ago=day + 500, agent="a2", status="delivered")  # fmt: skip
    shop.event(ev.ConversationResolved(), "busy", actor="agent:a2", at=NOW - day)
    shop.receive("busy", "", kind="order", ago=4000, body={"items": [
        {"product": "KLY-07", "quantity": "2", "price": "349.9", "currency": "TRY"},
        {"product": "KUP-01", "quantity": "1", "price": "120", "currency": "TRY"},
    ], "totals": {"TRY": "819.8"}})  # fmt: skip
    shop.answer("busy", "Siparişiniz hazırlanıyor", ago=3900, status="sent")
    shop.event(ev.MessageEchoed(message="wamid.e1", kind="text", ts=NOW - 3800, received_at=NOW, author="phone",
                                text="Kuryeye verildi"), "busy", actor="phone")  # fmt: skip
    shop.event(ev.MessageEchoed(message="wamid.e2", kind="text", ts=NOW - 3700, received_at=NOW, author="ai",
                                text="Size nasıl yardımcı olabilirim?"), "busy", actor="ai")  # fmt: skip
    shop.receive("busy", "Yalnış adres yazmışım", ago=3600, message="wamid.edit")
    shop.event(ev.MessageEdited(target="wamid.edit", ts=NOW - 3500, by="customer", kind="text",
                                text="Yanlış adres yazmışım: Moda Cd. No:5"), "busy")  # fmt: skip
    shop.receive("busy", "sil", ago=3400, message="wamid.gone")
    shop.event(ev.MessageRevoked(target="wamid.gone", ts=NOW - 3300, by="customer"), "busy")
    shop.receive("busy", "", kind="image", ago=3200, message="wamid.lost", media=ev.Media(id="9", size=1_400_000))
    shop.event(ev.MediaFailed(message="wamid.lost", reason="404", final=True), "busy", actor="relay")
    shop.receive("busy", "", kind="location", ago=3100,
                 body={"latitude": 40.987654, "longitude": 29.0286, "name": "Moda İskelesi"})  # fmt: skip
    shop.event(ev.ConversationSnoozed(until=NOW - 2000), "busy", actor="agent:a1", at=NOW - 3000)
    shop.event(ev.ConversationWoken(), "busy", actor="relay", at=NOW - 2000)
    shop.answer("busy", "Penceresi kapalı", ago=1500, status="failed:131047")
    shop.answer("busy", "Belki gitti", ago=1400, status="unknown")
    shop.answer("busy", "Sırada", ago=1300, status="queued")
    shop.event(
        ev.ConversationNoted(note="nb", text="kargo kayıp, *iade* başlattım"), "busy", actor="agent:a2", at=NOW - 1200
    )
    shop.receive("busy", "مرحبا، أين طلبي رقم KLY-1042؟ شكراً", ago=900, message="wamid.rtl")
    shop.event(ev.MessageReacted(target="wamid.rtl", emoji="❤️", ts=NOW - 800, by="a1"), "busy", actor="agent:a1")
    shop.receive("busy", "", kind="hologram", ago=700, body={})
    shop.receive("busy", "Orada mısınız?", ago=600, original_ts="yesterday")
    return "busy"
