"""Webhook items → events: who it is about, where it belongs, and what follows from it.

`cloudapi.webhook.expand` says what a body holds; here it is put into the workspace. Everything is looked up in
the view, so that the same bodies in the same order give the same events again (`replay`).
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from wptui.cloudapi.items import Expanded, Item, Parked, Rekey
from wptui.cloudapi.webhook import expand
from wptui.model import events as ev
from wptui.model.campaign import find_code, referral_code
from wptui.relay import identity
from wptui.relay.draft import Draft
from wptui.relay.eventlog.contract import Append, Group, Raw
from wptui.relay.projection import is_storage
from wptui.relay.rules.answers import chosen_department, survey_answer
from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.clerk")

UNROUTABLE = "p:unroutable:"
"""Keys of items parked because their number was not ours begin so, then the number and ":"."""

_OPTED_OUT = 131050


class Opened(msgspec.Struct, frozen=True):
    """A stored body and the items in it."""

    raw: Raw
    items: list[Expanded]
    fingerprint: str
    """Hash of the body: what names its parts that have no id of their own."""


def open_raw(raw: Raw) -> Opened:
    """What is in a body. Never raises: what cannot be read is one parked item."""
    items: list[Expanded]
    try:
        items = expand(raw.body, raw.received_at // 1000)
    except Exception as error:
        _log.exception("body %d cannot be expanded", raw.number)
        items = [Parked(reason="dead_letter", note=type(error).__name__)]
    return Opened(raw, items, hashlib.blake2b(raw.body, digest_size=12).hexdigest())


def keys(opened: Sequence[Opened]) -> list[str]:
    """The idempotency keys of everything in `opened`, as asked of the log before `Expansion.add`."""
    return [key for each in opened for index in range(len(each.items)) for key in _keys(each, index)]


def _keys(opened: Opened, index: int) -> tuple[str, ...]:
    item = opened.items[index]
    if isinstance(item, Parked):
        return (f"p:{item.reason}:{opened.fingerprint}:{index}",)
    conflict = f"p:conflict:{item.unique}:{item.digest}"
    invalid = f"p:invalid:{opened.fingerprint}:{index}"
    return item.unique, f"{UNROUTABLE}{item.number}:{item.unique}", conflict, invalid


class Expansion:
    """Turns opened bodies into groups for the log, folding into the view (`db`, in a transaction) as it goes."""

    def __init__(self, db: sqlite3.Connection, head: int, known: Mapping[str, Group]) -> None:
        self.db = db
        self.groups: list[Append] = []
        self.changes = Changes()
        self.repeated = 0
        self.parked: list[str] = []
        self.unknown: list[str] = []
        self._head = head
        self._known = {key: group.digest for key, group in known.items()}
        self._numbers = {row[0] for row in db.execute("SELECT id FROM numbers")}

    def add(self, opened: Opened) -> None:
        """All items of a body, in order; each stands or falls alone."""
        for index, item in enumerate(opened.items):
            name, elsewhere, conflict, invalid = (*_keys(opened, index), "", "", "")[:4]
            if isinstance(item, Parked):
                self._park(opened, name, item.reason, item.note, item.item)
            elif name in self._known:
                if self._known[name] == item.digest:
                    self.repeated += 1
                else:
                    self._park(opened, conflict, "conflict", "came before with other content", _id(item))
            elif invalid in self._known:
                self.repeated += 1
            elif item.number is not None and item.number not in self._numbers:
                self._park(opened, elsewhere, "unroutable", f"number {item.number} is not ours", _id(item))
            else:
                try:
                    self._group(opened, item.unique, item.digest, item)
                except Exception as error:
                    if is_storage(error):
                        raise
                    _log.exception("item %s of body %d cannot be applied", index, opened.raw.number)
                    self._park(opened, invalid, "invalid", type(error).__name__, _id(item))

    def _park(self, opened: Opened, key: str, reason: str, note: str, item: str) -> None:
        if key in self._known:
            self.repeated += 1
            return
        draft = self._draft(opened)
        draft.add(ev.WebhookParked(raw=opened.raw.number, reason=reason, note=note, item=item), actor="relay")
        self._keep(draft, key, opened.fingerprint)
        self.parked.append(reason)

    def _group(self, opened: Opened, key: str, digest: str, item: Item | Rekey) -> None:
        draft = self._draft(opened)
        self.db.execute("SAVEPOINT item")
        try:
            if isinstance(item, Rekey):
                identity.rekey(draft, item)
            else:
                _apply(draft, item)
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK TO item")
                self.db.execute("RELEASE item")
            raise
        self.db.execute("RELEASE item")
        self._keep(draft, key, digest)
        if isinstance(item, Item) and isinstance(item.data, ev.WebhookLogged) and not item.data.known:
            self.unknown.append(item.data.field)

    def _draft(self, opened: Opened) -> Draft:
        return Draft(self.db, head=self._head, at=opened.raw.received_at, raw=opened.raw.number)

    def _keep(self, draft: Draft, key: str, digest: str) -> None:
        self.groups.append(Append(draft.events, unique=key, digest=digest, raw=draft.raw))
        self._known[key] = digest
        self._head += len(draft.events)
        self.changes.add(draft.changes)


def _id(item: Item | Rekey) -> str:
    return item.unique.partition(":")[2]


def _apply(draft: Draft, item: Item) -> None:
    data, person = item.data, item.person
    ts = getattr(data, "ts", 0) or draft.now
    match data:
        case ev.MessageStatus():
            _status(draft, item, data)
        case ev.ContactOpted() | ev.ContactProfiled():
            contact = identity.resolve(draft, person, ts) if person else None
            if contact is None:
                raise ValueError("names nobody")
            draft.add(msgspec.structs.replace(data, contact=contact), actor=item.actor)
        case ev.ContactSecured():
            _secured(draft, item, data)
        case ev.WebhookLogged():
            draft.add(msgspec.structs.replace(data, raw=draft.raw), actor=item.actor)
        case _ if person is None or item.number is None:
            draft.add(data, actor=item.actor)
        case ev.MessageReceived(source="live", counts=True):
            _written(draft, _place(draft, item, ts), data, item.actor)
        case _:
            draft.add(data, actor=item.actor, conversation=_place(draft, item, ts))


def _written(draft: Draft, where: str, data: ev.MessageReceived, actor: str) -> None:
    """What a customer wrote: a score, which is no work, or something to answer."""
    answer = survey_answer(draft.db, where, data)
    if answer is not None and answer.score is not None:
        draft.add(msgspec.structs.replace(data, counts=False), actor=actor, conversation=where)
        draft.add(answer, actor=actor, conversation=where)
        return
    draft.add(data, actor=actor, conversation=where)
    if answer is not None:
        draft.add(answer, actor=actor, conversation=where)
    _attribute(draft, where, data)
    department = chosen_department(draft.db, data)
    row = draft.db.execute("SELECT department FROM conversations WHERE id = ?", (where,)).fetchone()
    if department is not None and department != row[0]:
        draft.add(ev.ConversationMoved(department=department, how="menu"), actor=actor, conversation=where)


def _place(draft: Draft, item: Item, ts: int) -> str:
    """The conversation of a person on a number, made where there is none."""
    assert item.person is not None and item.number is not None
    contact = identity.resolve(draft, item.person, ts)
    if contact is None:
        raise ValueError("names nobody")
    return identity.conversation(draft, contact, item.number)


def _status(draft: Draft, item: Item, data: ev.MessageStatus) -> None:
    """A status belongs to its message's conversation; before the message is known, to the recipient's, if any."""
    db, person = draft.db, item.person
    row = db.execute(
        "SELECT conversation FROM messages WHERE id = ? UNION ALL SELECT conversation FROM messages WHERE wamid = ?",
        (data.message, data.wamid),
    ).fetchone()
    out = any(problem.code == _OPTED_OUT for problem in data.problems)
    # What Meta says of the recipient links a phone number to a user id, also where the stranger writes only later;
    # one known by a single name is not worth a contact.
    contact = None
    if person is not None:
        contact = identity.resolve(draft, person, data.ts, create=out or len(person.aliases) > 1)
    where = row[0] if row else None
    if where is None and contact is not None and item.number is not None:
        where = identity.find_conversation(db, contact, item.number)
    elif where is not None:  # the recipient may just have been merged with somebody
        gone = db.execute("SELECT 1 FROM conversations WHERE id = ?", (where,)).fetchone() is None
        where = identity.find_conversation(db, contact or "", item.number or "") if gone else where
    draft.add(data, actor=item.actor, conversation=where)
    if out and contact is not None:
        draft.add(ev.ContactOpted(contact=contact, ts=data.ts, out=True))


def _secured(draft: Draft, item: Item, data: ev.ContactSecured) -> None:
    """A security code, logged where it is news; one that differs from the last known is shown in the thread.

    A code older than the one known is not taken over, but it tells that the one known was a change.
    """
    contact = identity.resolve(draft, item.person, data.ts) if item.person else None
    if contact is None:
        raise ValueError("names nobody")
    known, since = draft.db.execute(
        "SELECT identity_hash, identity_ts FROM contacts WHERE id = ?", (contact,)
    ).fetchone()
    differs = bool(known) and known != data.hash
    if known == data.hash and not data.changed:
        return
    hash_, ts = (known, since) if data.ts < since else (data.hash, data.ts)
    changed = data.changed or differs
    where = None
    if changed and item.number is not None:
        where = identity.conversation(draft, contact, item.number)
        told = "SELECT 1 FROM messages WHERE conversation = ? AND kind = 'identity_changed' AND ts = ?"
        if hash_ == known and draft.db.execute(told, (where, ts)).fetchone():
            return
    draft.add(ev.ContactSecured(contact=contact, ts=ts, hash=hash_, changed=changed), conversation=where)


def _attribute(draft: Draft, conversation: str, data: ev.MessageReceived) -> None:
    """METRICS.md, campaigns: the ad on any message of the request, else the code in its first message."""
    db = draft.db
    row = db.execute(
        "SELECT r.id, r.opened_message, m.request FROM messages m JOIN conversations c ON c.id = m.conversation"
        " JOIN requests r ON r.id = c.request WHERE m.id = ?",
        (data.message,),
    ).fetchone()
    if row is None or row[0] != row[2]:
        return  # a late message of a request that is over
    campaigns = db.execute("SELECT code, ads FROM campaigns ORDER BY code").fetchall()
    if data.referral is not None and data.referral.source_id:
        ad = data.referral.source_id
        code = next((code for code, ads in campaigns if ad in msgspec.json.decode(ads)), None)
        if code is None:
            code = referral_code(ad)
            if any(code == taken for taken, _ads in campaigns):  # another ad ends alike
                code = f"AD-{ad}"
            draft.add(ev.CampaignSaved(code=code, name=data.referral.headline, ads=[ad]), actor="relay")
        _tag(draft, conversation, code, "referral", data.message)
    elif row[1] == data.message and data.text:
        found = find_code(data.text, [code for code, _ads in campaigns])
        if found is not None:
            _tag(draft, conversation, found, "code", data.message)


def _tag(draft: Draft, conversation: str, campaign: str, how: str, message: str) -> None:
    data = ev.ConversationTagged(campaign=campaign, how=how, message=message)
    draft.add(data, actor="relay", conversation=conversation)
