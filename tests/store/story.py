"""A little language for telling stories in events: who wrote what, when, and what then stands in the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from wptui.model import events as ev
from wptui.store import fold
from wptui.store.changes import Changes
from wptui.store.database import open_database, transaction

T0 = 1_795_348_800


class Story:
    """Events numbered in the order they are told; `play` folds those not yet folded."""

    def __init__(self, path: Path) -> None:
        self.db: sqlite3.Connection = open_database(path)
        self.events: list[ev.Event] = []
        self._told = 0

    def tell(self, data: ev.Data, conversation: str | None = None, *, actor: str = "relay", at: int = T0) -> ev.Event:
        event = ev.make(data, at=at * 1000, actor=actor, conversation=conversation)
        event.seq = len(self.events) + 1
        self.events.append(event)
        return event

    def play(self) -> Changes:
        with transaction(self.db):
            changes = fold.apply(self.db, self.events[self._told :])
        self._told = len(self.events)
        return changes

    def customer(self, conversation: str, name: str = "Ayşe Yılmaz", phone: str = "+905550000001") -> None:
        contact = f"c-{conversation}"
        self.tell(ev.ContactCreated(contact=contact))
        self.tell(ev.ContactAliased(contact=contact, kind="wa_id", value=phone.removeprefix("+")))
        self.tell(ev.ContactProfiled(contact=contact, name=name, phone=phone, ts=T0))
        self.tell(ev.ConversationOpened(contact=contact, number="n1"), conversation)

    def writes(self, conversation: str, id: str, text: str = "merhaba", *, ts: int = T0, **more: object) -> ev.Event:
        data = ev.MessageReceived(message=id, kind="text", ts=ts, received_at=ts + 1, text=text, **more)  # type: ignore[arg-type]
        return self.tell(data, conversation, actor="customer", at=ts + 1)

    def answers(self, conversation: str, id: str, *, ts: int, agent: str = "agent:a1", accepted: bool = True) -> None:
        self.tell(
            ev.MessageQueued(message=id, number="n1", kind="text", ts=ts, text="cevap"),
            conversation,
            actor=agent,
            at=ts,
        )
        self.tell(ev.MessageAttempted(message=id, attempt=1), conversation, at=ts)
        if accepted:
            self.tell(ev.MessageAccepted(message=id, wamid=f"wamid.{id}"), conversation, at=ts)

    def status(self, conversation: str | None, wamid: str, status: str, *, ts: int = T0, **more: object) -> None:
        self.tell(ev.MessageStatus(wamid=wamid, status=status, ts=ts, **more), conversation, actor="meta", at=ts)  # type: ignore[arg-type]

    def row(self, table: str, **key: object) -> sqlite3.Row:
        name, value = next(iter(key.items()))
        read = self.db.cursor()
        read.row_factory = sqlite3.Row
        found = read.execute(f"SELECT * FROM {table} WHERE {name} = ?", (value,)).fetchone()
        assert found is not None, f"no {table} row with {name} = {value}"
        return found
