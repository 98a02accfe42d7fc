"""Who a webhook is about: aliases → contact → conversation (CLOUD_API.md §8).

Meta names a customer by some of: a user id (BSUID), the portfolio's parent id, a phone number (wa_id). Order of
delivery is not promised, so the rules are made to end the same whatever came first:

- An alias known to a contact means that contact, also when it is retired: late webhooks carry old names.
- Two contacts named together are one person: they are merged into the one created first.
- A phone number whose owner has a user id, and not the one named beside it, has changed hands: it goes to
  whoever is named now, unless its owner still has it and was heard from later than this.
- A user name never identifies.
- Meta's word counts for more than a colleague's: two contacts whom somebody took apart again, and whom Meta then
  names together, are one, and the operator is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from wptui.cloudapi.items import Person, Rekey
from wptui.i18n import _
from wptui.model import events as ev
from wptui.model.identity import Alias, AliasKind, contact_key, conversation_key, normalise
from wptui.model.settings.departments import of_number
from wptui.relay.draft import Draft
from wptui.store import team

_USER_IDS = (AliasKind.BSUID, AliasKind.PARENT_BSUID)


def owner(db: sqlite3.Connection, alias: Alias) -> str | None:
    """The contact known by `alias`, retired or not."""
    row = db.execute("SELECT contact FROM aliases WHERE kind = ? AND value = ?", (alias.kind, alias.value)).fetchone()
    return row[0] if row else None


def find_conversation(db: sqlite3.Connection, contact: str, number: str) -> str | None:
    """The conversation of `contact` on business number `number`, if there is one."""
    row = db.execute(
        "SELECT id FROM conversations WHERE contact = ? AND number = ? ORDER BY created_seq LIMIT 1", (contact, number)
    ).fetchone()
    return row[0] if row else None


def resolve(draft: Draft, person: Person, ts: int, *, create: bool = True) -> str | None:
    """The contact `person` is, made or merged where need be; its new aliases and profile are logged.

    `ts` (Unix seconds) is when Meta saw the person so. None where `person` names nobody, or nobody known and
    `create` is false.
    """
    db = draft.db
    if person.group:
        alias = _group(person)
        return owner(db, alias) or (_create(draft, alias, "group") if create else None)
    aliases = _named(person)
    if not aliases:
        return None
    owners = _owners(db, aliases, aliases)
    if not owners and not create:
        return None
    contact = _one(draft, owners) if owners else _create(draft, aliases[0])
    verified = normalise(AliasKind.WA_ID, person.verified_phone)
    for alias in aliases:
        _name(draft, contact, alias, ts, verified=alias.kind == AliasKind.WA_ID and alias.value == verified)
    _profile(draft, contact, person, ts)
    return contact


def conversation(draft: Draft, contact: str, number: str) -> str:
    """The conversation of `contact` on `number`, opened where there is none."""
    found = find_conversation(draft.db, contact, number)
    if found is None:
        found = conversation_key(contact, number)
        kind = draft.db.execute("SELECT kind FROM contacts WHERE id = ?", (contact,)).fetchone()[0]
        department = of_number(team.departments(draft.db), number)
        opened = ev.ConversationOpened(contact=contact, number=number, kind=kind, department=department)
        draft.add(opened, conversation=found)
    return found


def rekey(draft: Draft, item: Rekey) -> None:
    """Whoever is `item.old` is now `item.new`; shown in each of the contact's conversations."""
    db = draft.db
    new = [alias for alias in item.new if alias.value]
    old = [alias for alias in item.old if alias.value and alias not in new]
    if not old or not new:
        draft.add(
            ev.AccountAlerted(
                field="messages",
                text=_("A customer's number or user id changed, but Meta did not say from what to what."),
                severity="warning",
                ts=item.ts,
            )
        )
        return
    owners = _owners(db, (*old, *new), (*old, *new))
    contact = _one(draft, owners) if owners else _create(draft, old[0])
    # Changes of one customer may arrive in the wrong order: only one that starts from what is known now brings
    # an alias back to life that was retired before.
    current = _active(db, contact) <= {*old, *new}
    for alias in old:
        state = _state(db, contact, alias)
        if state != "retired" and owner(db, alias) in (None, contact):
            draft.add(ev.ContactAliased(contact=contact, kind=alias.kind, value=alias.value, retired=True))
    for alias in new:
        if current and _state(db, contact, alias) == "retired":
            draft.add(ev.ContactAliased(contact=contact, kind=alias.kind, value=alias.value))
        _name(draft, contact, alias, item.ts)
    _profile(draft, contact, Person(aliases=new, name=item.name), item.ts)
    shown = db.execute("SELECT phone FROM contacts WHERE id = ?", (contact,)).fetchone()[0]
    if any(alias.kind == AliasKind.WA_ID and shown == "+" + alias.value for alias in old):
        draft.add(ev.ContactProfiled(contact=contact, phone=""))
    if item.number is not None:
        conversation(draft, contact, item.number)
    told = ev.ContactRekeyed(contact=contact, ts=item.ts, what=item.what, old=_shown(old), new=_shown(new))
    rows = db.execute("SELECT id FROM conversations WHERE contact = ? ORDER BY created_seq", (contact,)).fetchall()
    for (each,) in rows:
        draft.add(told, conversation=each)


def _group(person: Person) -> Alias:
    return Alias(AliasKind.GROUP, person.group)


def _shown(aliases: Iterable[Alias]) -> str:
    return next(("+" + a.value for a in aliases if a.kind == AliasKind.WA_ID), next((a.value for a in aliases), ""))


def _named(person: Person) -> list[Alias]:
    """The aliases of `person`, strongest first, with the number a contact card proved."""
    aliases = [alias for alias in person.aliases if alias.value]
    proved = Alias(AliasKind.WA_ID, normalise(AliasKind.WA_ID, person.verified_phone))
    if proved.value and proved not in aliases:
        aliases.append(proved)
    return aliases


def _owners(db: sqlite3.Connection, aliases: Sequence[Alias], together: Sequence[Alias]) -> list[str]:
    """The contacts known by `aliases`, strongest first, without those a number has only been lent by."""
    found: dict[str, None] = {}
    for alias in aliases:
        contact = owner(db, alias)
        if contact is not None and not (alias.kind == AliasKind.WA_ID and _is_other(db, contact, together)):
            found[contact] = None
    return list(found)


def _is_other(db: sqlite3.Connection, contact: str, named: Sequence[Alias]) -> bool:
    """Whether `contact` cannot be who is `named`: a user id is named, and `contact` has others only."""
    ids = [alias for alias in named if alias.kind in _USER_IDS]
    if not any(alias.kind == AliasKind.BSUID for alias in ids):
        return False
    if any(owner(db, alias) == contact for alias in ids):
        return False
    has = db.execute("SELECT 1 FROM aliases WHERE contact = ? AND kind = ? LIMIT 1", (contact, AliasKind.BSUID))
    return has.fetchone() is not None


def _create(draft: Draft, alias: Alias, kind: str = "person") -> str:
    salt = 0
    contact = contact_key(alias)
    while draft.db.execute("SELECT 1 FROM contacts WHERE id = ?", (contact,)).fetchone():
        salt += 1  # the alias has changed hands, and its first owner goes on under this key
        contact = contact_key(alias, salt)
    draft.add(ev.ContactCreated(contact=contact, kind=kind))
    _alias(draft, contact, alias)
    return contact


def _state(db: sqlite3.Connection, contact: str, alias: Alias) -> str | None:
    """ "active" or "retired" where `alias` is the contact's; None where it is not."""
    row = db.execute(
        "SELECT retired FROM aliases WHERE kind = ? AND value = ? AND contact = ?", (alias.kind, alias.value, contact)
    ).fetchone()
    return None if row is None else "retired" if row[0] else "active"


def _active(db: sqlite3.Connection, contact: str) -> set[Alias]:
    """The user ids and numbers `contact` has now."""
    rows = db.execute(
        "SELECT kind, value FROM aliases WHERE contact = ? AND kind IN (?, ?) AND retired = 0",
        (contact, AliasKind.BSUID, AliasKind.WA_ID),
    )
    return {Alias(AliasKind(kind), value) for kind, value in rows}


def _name(draft: Draft, contact: str, alias: Alias, ts: int, *, verified: bool = False) -> None:
    """Log that `contact` is known by `alias`, where that is news."""
    row = draft.db.execute(
        "SELECT contact, verified, retired FROM aliases WHERE kind = ? AND value = ?", (alias.kind, alias.value)
    ).fetchone()
    if row is not None and row[0] == contact:
        if verified and not row[1]:
            draft.add(
                ev.ContactAliased(
                    contact=contact, kind=alias.kind, value=alias.value, verified=True, retired=bool(row[2])
                )
            )
        return
    if row is not None:
        if not row[2] and ts < _heard(draft.db, row[0]):
            return  # a late webhook: the number has gone to its present owner since
        phone = draft.db.execute("SELECT phone FROM contacts WHERE id = ?", (row[0],)).fetchone()[0]
        if phone == "+" + alias.value:
            draft.add(ev.ContactProfiled(contact=row[0], phone=""))
    _alias(draft, contact, alias, verified=verified)


def _alias(draft: Draft, contact: str, alias: Alias, *, verified: bool = False) -> None:
    """Log that `contact` is known by `alias`, and whose it was: theirs see it go."""
    before = owner(draft.db, alias)
    taken = before if before not in (None, contact) else ""
    draft.add(
        ev.ContactAliased(contact=contact, kind=alias.kind, value=alias.value, verified=verified, taken=taken or "")
    )


def _heard(db: sqlite3.Connection, contact: str) -> int:
    """When the contact last wrote, Unix seconds; 0 if never."""
    row = db.execute("SELECT MAX(last_in_ts) FROM conversations WHERE contact = ?", (contact,)).fetchone()
    return row[0] or 0


def _profile(draft: Draft, contact: str, person: Person, ts: int) -> None:
    """Log what is new in the profile. Of two profiles of one second the greater text stays, in either order."""
    db = draft.db
    row = db.execute("SELECT name, username, phone, profile_ts FROM contacts WHERE id = ?", (contact,)).fetchone()
    seen = max(row[3], _heard(db, contact))
    wa_id = next((alias for alias in _named(person) if alias.kind == AliasKind.WA_ID), None)
    phone = "+" + wa_id.value if wa_id is not None and _state(db, contact, wa_id) == "active" else ""
    username = normalise(AliasKind.USERNAME, person.username)
    if row[2] and _state(db, contact, Alias(AliasKind.WA_ID, row[2].removeprefix("+"))) != "active":
        row = (row[0], row[1], "", row[3])  # the number is theirs no longer, whenever it was last seen
    fresh: list[str | None] = [
        new if new and new != now and (not now or ts > seen or (ts == seen and new > now)) else None
        for new, now in zip((person.name, username, phone), row[:3], strict=True)
    ]
    if fresh[1]:
        if row[1]:
            draft.add(ev.ContactAliased(contact=contact, kind=AliasKind.USERNAME, value=row[1], retired=True))
        _alias(draft, contact, Alias(AliasKind.USERNAME, fresh[1]))
    if any(fresh):
        draft.add(ev.ContactProfiled(contact=contact, ts=ts, name=fresh[0], username=fresh[1], phone=fresh[2]))


def _one(draft: Draft, contacts: Sequence[str]) -> str:
    """The one contact that `contacts` are: all are merged into the one created first."""
    if len(contacts) == 1:
        return contacts[0]
    db = draft.db
    marks = ",".join("?" * len(contacts))
    rows = db.execute(
        f"SELECT id FROM contacts WHERE id IN ({marks}) ORDER BY created_seq, id", tuple(contacts)
    ).fetchall()
    into = str(rows[0][0])
    for (gone,) in rows[1:]:
        _tell_of_undone(draft, gone, into)
        draft.add(ev.ContactMerged(contact=gone, into=into))
    numbers = db.execute(
        "SELECT number FROM conversations WHERE contact = ? GROUP BY number HAVING count(*) > 1", (into,)
    ).fetchall()
    for (number,) in numbers:
        (survivor,), *others = db.execute(
            "SELECT id FROM conversations WHERE contact = ? AND number = ? ORDER BY created_seq, id", (into, number)
        ).fetchall()
        for (gone,) in others:
            draft.add(ev.ConversationMerged(into=survivor), conversation=gone)
    return into


def _tell_of_undone(draft: Draft, contact: str, into: str) -> None:
    """What somebody took apart by hand is not put together again behind their back."""
    undone = draft.db.execute(
        "SELECT 1 FROM merges WHERE undone > 0 AND ((contact = ?1 AND into_contact = ?2) "
        "OR (contact = ?2 AND into_contact = ?1)) LIMIT 1",
        (contact, into),
    ).fetchone()
    if undone is not None:
        (name,) = draft.db.execute(
            "SELECT COALESCE(NULLIF(book_name, ''), NULLIF(name, ''), NULLIF(phone, ''), id) FROM contacts "
            "WHERE id = ?",
            (into,),
        ).fetchone()
        text = _("{name}: Meta names two contacts as one customer that were taken apart by hand. They are one again.")
        draft.add(ev.AccountAlerted(field="messages", text=text.format(name=name), severity="warning", ts=draft.now))
