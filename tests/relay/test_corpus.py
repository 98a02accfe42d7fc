"""Every body of the corpus through real HTTP, and what became of it, as index.json says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests import corpus
from tests.relay.ingest import RECEIVED_AT, Desk, desk
from tests.relay.serving import serve
from wptui.model import events as ev
from wptui.relay.meters import Meters
from wptui.relay.webhook import Receive, Scope, Send, Webhook

T0 = corpus.index()["t0"]


class Door:
    """A webhook endpoint whose log can be changed, so that one server serves all bodies."""

    def __init__(self) -> None:
        self.webhook: Webhook | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.webhook is not None
        await self.webhook(scope, receive, send)

    def lead_to(self, at: Desk) -> None:
        self.webhook = Webhook(at.log, secrets=(corpus.secret(),), verify_token="", meters=Meters())
        self.webhook._clock = lambda: RECEIVED_AT / 1000


async def deliver(client: httpx.AsyncClient, at: Desk, *files: str) -> list[int]:
    """POST the bodies one after the other, then expand them: what was answered."""
    answers = []
    for file in files:
        wire = corpus.wire(file)
        answer = await client.post("/webhook", content=wire.body, headers={"X-Hub-Signature-256": wire.signature})
        answers.append(answer.status_code)
    await at.take()
    return answers


async def outcome(at: Desk) -> dict[str, Any]:
    """What index.json may expect, as it is found in log and view."""
    live = [data for data in await at.events(ev.MessageReceived) if data.source == "live"]
    acts = await at.events(ev.MessageReacted, ev.MessageEdited, ev.MessageRevoked)
    system = [group for prefix in ("r:", "k:") for group in await at.log.find(prefix)]
    secured = [data for data in await at.events(ev.ContactSecured) if not data.changed]
    echoes = await at.events(ev.MessageEchoed)
    parked = await at.parked()
    statuses = await at.events(ev.MessageStatus)
    return {
        "messages": len(live) + sum(each.by == "customer" for each in acts) + len(system) - len(secured),
        "statuses": len(statuses),
        "echoes": len([each for each in echoes if each.source != "history"])
        + sum(each.by in ("phone", "ai") for each in acts),
        "standby_messages": len([data for data in await at.events(ev.MessageReceived) if data.source == "standby"]),
        "history_messages": len(
            [data for data in await at.events(ev.MessageReceived, ev.MessageEchoed) if data.source == "history"]
        ),
        "calls": len(await at.events(ev.CallReceived)),
        "alerts": len(await at.events(ev.AccountAlerted)),
        "dead_letter": parked.count("dead_letter"),
        "unroutable": parked.count("unroutable"),
        "conflict": parked.count("conflict"),
        "parked": parked.count("invalid"),
        "unknown_fields": len([data for data in await at.events(ev.WebhookLogged) if not data.known]),
        "opens_window": await at.one("SELECT count(*) FROM conversations WHERE window_expires IS NOT NULL") > 0,
        "creates_bubble": await at.one("SELECT count(*) FROM messages WHERE dir = 'in'") > 0,
        "timestamp_trusted": await at.one("SELECT count(*) FROM messages WHERE original_ts IS NOT NULL") == 0,
        "media": await at.one("SELECT count(*) FROM messages WHERE media_state = 'wanted'"),
        "max_body": await at.one("SELECT max(length(text)) FROM messages"),
        "conversation": await at.one("SELECT min(kind) FROM conversations"),
        "orphan": await at.one("SELECT count(*) FROM pending WHERE type = 'message.status'"),
    }


# Files whose expectation needs something before or beside it: the tests below.
_BEFORE = {"158_x_duplicate_wamid_other_content.json": ["157_x_duplicate_wamid_same_payload.json"]}
_NOT_HERE = {"http", "hostile", "http_also_ok", "retry", "entries", "changes", "field", "channel", "final_state"} | {
    "free_entry_point_candidate"
}


async def test_every_body_ends_as_the_index_says(tmp_path: Path) -> None:
    door = Door()
    wrong = {}
    async with serve(door) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        for file, entry in corpus.payloads().items():
            async with desk(tmp_path / file) as at:
                door.lead_to(at)
                before: dict[str, Any] = {}
                if file in _BEFORE:
                    await deliver(client, at, *_BEFORE[file])
                    before = await outcome(at)
                answers = await deliver(client, at, file)
                found = await outcome(at)
                expected = {"messages": 0, "statuses": 0} | {
                    key: value for key, value in entry["expect"].items() if key not in _NOT_HERE
                }
                # Statuses of standby are statuses like others here.
                expected["statuses"] += expected.pop("standby_statuses", 0)
                for key, value in expected.items():
                    gained = found[key] - before[key] if key in ("messages", "conflict") and before else found[key]
                    if gained != value:
                        wrong[f"{file}: {key}"] = (gained, value)
                if answers != [entry["expect"]["http"]]:
                    wrong[f"{file}: http"] = answers
    assert wrong == {}


async def test_no_media_is_fetched_from_a_stranger(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(corpus.wire(corpus.find(171)).body)
        assert {data.media.url for data in await at.events(ev.MessageReceived)} == {""}


async def test_other_channels_are_acknowledged_and_left_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(*(corpus.wire(corpus.find(number)).body for number in (126, 127, 128)))
        assert await at.parked() == ["foreign"] * 3


async def test_a_thousand_messages_in_one_body(tmp_path: Path) -> None:
    """Answered at once; expanded in one turn, each message once however often the body comes."""
    async with desk(tmp_path) as at:
        wire = corpus.wire(corpus.find(176)).body
        await at.take(wire, wire)
        assert await at.one("SELECT count(*) FROM messages WHERE dir = 'in'") == 1000
        assert await at.log.backlog() == 0


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────


async def once(at: Desk) -> None:
    assert await at.rows("SELECT text FROM messages WHERE dir = 'in'") == [("Merhaba, kolye stokta var mı?",)]
    assert len(await at.log.raws(0, 9)) == 3


async def furthest_status(at: Desk) -> None:
    # The statuses are of a message another app sent: they wait, and apply when it becomes known.
    waiting = [ev.MessageStatus(**_decode(row[0])) for row in await at.rows("SELECT data FROM pending ORDER BY seq")]
    assert [each.status for each in waiting] == ["read", "sent", "delivered"]
    wamid = waiting[0].wamid
    echo = ev.MessageEchoed(message=wamid, kind="text", ts=T0, received_at=T0, author="phone", text="Buyurun")
    person = await _ayse(at)
    await at.clerk.act(lambda db: [_group(ev.make(echo, at=1, actor="phone", conversation=person))])
    ((status, pricing),) = await at.rows("SELECT status, pricing FROM messages WHERE id = ?", wamid)
    assert status == "read"
    assert '"type":"regular"' in pricing and '"category":"service"' in pricing


async def edited(at: Desk) -> None:
    ((text, edited_at),) = await at.rows("SELECT text, edited_at FROM messages WHERE dir = 'in'")
    assert text == "Merhaba, KÜPE stokta var mı?"
    assert edited_at is not None


async def revoked(at: Desk) -> None:
    assert await at.one("SELECT count(*) FROM messages WHERE dir = 'in' AND revoked_at IS NOT NULL") == 1


async def reacted(at: Desk) -> None:
    ((target,),) = await at.rows("SELECT target FROM reactions")
    conversation = await at.one("SELECT id FROM conversations")
    echo = ev.MessageEchoed(message=target, kind="text", ts=T0, received_at=T0, author="phone", text="Buyurun")
    await at.clerk.act(lambda db: [_group(ev.make(echo, at=1, actor="phone", conversation=conversation))])
    shown = "SELECT m.text, r.emoji FROM messages m JOIN reactions r ON r.target = m.wamid"
    assert await at.rows(shown) == [("Buyurun", "❤️")]


async def merged(at: Desk) -> None:
    assert await at.rows("SELECT kind, value, retired FROM aliases ORDER BY kind, value") == [
        ("bsuid", "TR.10000000000195062", 1),
        ("bsuid", "TR.10000000004096302", 0),
        ("wa_id", "905550000002", 1),
        ("wa_id", "905550000042", 0),
    ]
    assert await at.rows("SELECT title FROM conversations") == [("Mehmet Öztürk",)]
    assert await at.rows("SELECT name, phone FROM contacts") == [("Mehmet Öztürk", "+905550000042")]
    assert await at.one("SELECT count(*) FROM messages WHERE kind = 'rekeyed'") == 1


async def phone_revealed(at: Desk) -> None:
    assert await at.one("SELECT count(*) FROM conversations") == 1
    assert await at.rows("SELECT kind, value, verified FROM aliases WHERE kind <> 'username' ORDER BY kind") == [
        ("bsuid", "TR.10000000000292593", 0),
        ("wa_id", "905550000003", 1),
    ]
    assert await at.rows("SELECT username, phone FROM contacts") == [("deniz.atolye", "+905550000003")]


async def opted_out(at: Desk) -> None:
    assert await at.rows("SELECT opted_out FROM contacts") == [(1,)]


async def first_wins(at: Desk) -> None:
    assert await at.rows("SELECT text FROM messages") == [("aynı",)]
    assert await at.parked() == ["conflict"]


SEQUENCES: dict[str, Callable[[Desk], Any]] = {
    "retry_whole_payload": once,
    "status_out_of_order": furthest_status,
    "edit_before_original": edited,
    "revoke_before_original": revoked,
    "reaction_before_target": reacted,
    "identity_merge": merged,
    "phone_revealed": phone_revealed,
    "opt_out_then_in": opted_out,
    "duplicate_conflict": first_wins,
}


async def test_every_sequence_ends_as_the_index_says(tmp_path: Path) -> None:
    assert set(SEQUENCES) == set(corpus.sequences())
    door = Door()
    async with serve(door) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        for name, sequence in corpus.sequences().items():
            async with desk(tmp_path / name) as at:
                door.lead_to(at)
                assert set(await deliver(client, at, *sequence["files"])) == {200}
                await SEQUENCES[name](at)


async def test_a_tick_never_goes_back(tmp_path: Path) -> None:
    """160: sent after read, then failed after read."""
    async with desk(tmp_path) as at:
        person = await _ayse(at)
        await at.take(corpus.wire(corpus.find(160)).body)
        wamid = (await at.events(ev.MessageStatus))[0].wamid
        echo = ev.MessageEchoed(message=wamid, kind="text", ts=T0, received_at=T0, author="phone", text="Buyurun")
        await at.clerk.act(lambda db: [_group(ev.make(echo, at=1, actor="phone", conversation=person))])
        assert await at.one("SELECT status FROM messages WHERE id = ?", wamid) == "read"


def _decode(text: str) -> dict[str, Any]:
    import msgspec

    decoded: dict[str, Any] = msgspec.json.decode(text)
    return decoded


def _group(event: ev.Event) -> Any:
    from wptui.relay.eventlog import Append

    return Append([event])


async def _ayse(at: Desk) -> str:
    """Ayşe's conversation."""
    await at.take(corpus.wire(corpus.find(1)).body)
    return str(await at.one("SELECT id FROM conversations"))
