"""Files both ways: fetched apart from their messages, kept under names of ours, sent with every limit checked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.relay.stage import Screen, Stage, stage, until
from wptui.model import commands as c
from wptui.relay.downloads import _same_digest
from wptui.relay.files import META_KEEPS, FileStore
from wptui.relay.outgoing import Stored
from wptui.sandbox import samples
from wptui.sandbox.shapes import encode, message_update

JPEG = samples.jpeg(Random(1))
PHOTO = {"type": "image", "data": base64.b64encode(JPEG).decode(), "mime_type": "image/jpeg"}
PDF = samples.pdf("Fatura 1")


async def opened(play: Stage) -> tuple[Screen, str]:
    screen = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba")
    return screen, await play.conversation(screen, "Merhaba")


async def upload(play: Stage, data: bytes, name: str) -> dict[str, Any]:
    async with play.http(play.token("Yükleyen")) as http:
        answer = await http.post("/v1/media", content=data, headers={"X-Filename": name})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# ── from customers ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_photo_is_on_screen_at_once_and_its_file_follows(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    play.sandbox.faults.media_404 = 2  # the link is refused twice: a new one is asked for
    await play.sandbox.say("mehmet", PHOTO | {"caption": "kırık geldi"})
    await play.conversation(ayse, "kırık geldi")
    stored = await ayse.waits_for("media.stored")
    assert [event.type for event in ayse.events if event.type.startswith("media.")] == ["media.failed", "media.stored"]
    path = play.folder / "media" / stored["key"]
    assert path.read_bytes() == JPEG and stored["size"] == len(JPEG)
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with play.http(play.token("Ayşe")) as http:
        answer = await http.get(f"/v1/media/{stored['key']}")
        assert answer.content == JPEG and answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["x-content-type-options"] == "nosniff"
        for key in ("../relay.db", "..%2frelay.db", "0" * 32 + ".jpg", stored["key"] + ".json"):
            assert (await http.get(f"/v1/media/{key}")).status_code == 404


async def test_a_customers_file_name_is_never_a_path(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    pdf = {"data": base64.b64encode(PDF).decode(), "mime_type": "application/pdf"}
    await play.sandbox.say("mehmet", {"type": "document", "filename": "../../../../tmp/kötü.pdf"} | pdf)
    stored = await ayse.waits_for("media.stored")
    assert "/" not in stored["key"] and stored["key"].endswith(".pdf")
    assert [path.parent for path in play.folder.rglob("*.pdf")] == [play.folder / "media"]


async def test_other_bytes_than_announced_are_not_kept(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.pause()
    await play.sandbox.say("mehmet", PHOTO)
    medium = next(iter(play.sandbox.media.items.values()))
    whole = medium.data
    medium.data = whole[:-1]
    describe = play.sandbox.media.describe
    digest = {"sha256": hashlib.sha256(whole).hexdigest()}
    play.sandbox.media.describe = lambda found: describe(found) | digest  # type: ignore[method-assign]
    await play.sandbox.pause(False)
    failed = await ayse.waits_for("media.failed")
    assert not failed.get("final") and not list(play.folder.glob("media/*.jpg"))
    medium.data = whole  # a broken transfer is tried again
    await ayse.waits_for("media.stored")


async def test_a_file_meta_no_longer_has_is_given_up(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.pause()
    await play.sandbox.say("mehmet", PHOTO)
    play.sandbox.media.items.clear()
    await play.sandbox.pause(False)
    await ayse.waits_for("media.failed", final=True)
    waiting = await play.relay.clerk.look(lambda db: db.execute("SELECT media_state FROM messages").fetchall())
    assert waiting == [("lost",)]


async def test_after_a_week_nobody_asks_any_more(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    play.relay.graph._root = "http://127.0.0.1:9/v1"
    await play.sandbox.say("mehmet", PHOTO)
    assert not (await ayse.waits_for("media.failed")).get("final")
    now = play.relay.downloads._clock
    play.relay.downloads._clock = lambda: now() + 8 * 86400
    await ayse.waits_for("media.failed", final=True)


async def test_the_token_goes_to_no_other_host(play: Stage) -> None:
    """A signed body that names a foreign address: nothing is fetched from there, and the token stays here."""
    asked: list[str] = []
    original = play.relay.graph.download_media

    async def watched(url: str, path: Path, **more: Any) -> Any:
        asked.append(url)
        return await original(url, path, **more)

    play.relay.graph.download_media = watched  # type: ignore[method-assign]
    ayse = await play.sit_down("Ayşe")
    world = play.sandbox.world
    customer = world.customer("mehmet")
    evil = {
        "id": world.inbound_wamid(customer),
        "from": customer.wa_id,
        "from_user_id": customer.user_id,
        "timestamp": str(int(world.now())),
        "type": "image",
        "image": {
            "id": "123",
            "mime_type": "image/jpeg",
            "url": "https://lookaside.fbsbx.com.evil.example/x",
            "caption": "bak",
        },
    }
    update = message_update(world.numbers[customer.number], customer, evil)
    assert await play.sandbox.webhooks.post_raw(encode(world.waba_id, [update])) == 200
    await play.conversation(ayse, "bak")
    await play.sandbox.say("mehmet", "sonra")
    await play.conversation(ayse, "sonra")
    assert asked == []


def test_digests_are_compared_in_both_spellings() -> None:
    hexed = "00ff" * 16
    assert _same_digest(hexed.upper(), hexed)
    assert _same_digest(base64.b64encode(bytes.fromhex(hexed)).decode(), hexed)
    assert not _same_digest(base64.b64encode(b"x" * 32).decode(), hexed)
    assert not _same_digest("not base64 €", hexed)


async def test_downloads_wait_for_room_on_the_disk(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse = await play.sit_down("Ayşe")
    original, refused = FileStore.note, 0

    def full(self: FileStore, stored: Any) -> None:
        nonlocal refused
        refused += 1
        if refused == 1:
            raise self._full(OSError(28, "No space left on device"))
        original(self, stored)

    monkeypatch.setattr(FileStore, "note", full)
    await play.sandbox.say("mehmet", {"type": "image"})
    await ayse.waits_for("media.stored")
    assert refused == 2
    assert not ayse.seen("media.failed")


# ── to customers ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_file_with_caption_is_uploaded_once_and_sent(play: Stage) -> None:
    ayse, conversation = await opened(play)
    file = await upload(play, JPEG, "C%3A%5Cfoto%20%C3%A7ok.jpg")
    assert file["kind"] == "image" and file["filename"] == "foto çok.jpg" and file["size"] == len(JPEG)
    for caption in ("buyurun", "tekrar"):
        content = {"type": "image", "image": {"upload": file["key"], "caption": caption}}
        id = c.command_id()
        assert (await ayse.ask(c.SendMessage(conversation=conversation, content=content), id)).ok
        await ayse.waits_for("message.accepted", message=id)
    queued = ayse.seen("message.queued")[0]
    assert queued["text"] == "buyurun" and queued["media"]["key"] == file["key"]
    first, second = (send.body["image"] for send in play.sandbox.sends.all)
    assert first["id"] == second["id"] and "upload" not in first
    assert play.sandbox.media.items[first["id"]].data == JPEG
    assert len([item for item in play.sandbox.media.items.values() if item.uploaded]) == 1


async def test_a_document_by_form_upload_keeps_its_name(play: Stage) -> None:
    ayse, conversation = await opened(play)
    async with play.http(play.token("Yükleyen")) as http:
        answer = await http.post("/v1/media", files={"file": ("fatura.pdf", PDF, "application/pdf")})
    file = answer.json()
    assert (file["kind"], file["mime"], file["filename"]) == ("document", "application/pdf", "fatura.pdf")
    content = {"type": "document", "document": {"upload": file["key"], "filename": "fatura.pdf"}}
    assert (await ayse.ask(c.SendMessage(conversation=conversation, content=content))).ok
    (send,) = await play.sandbox.arrived(1)
    assert send.body["document"]["filename"] == "fatura.pdf"
    wrong = {"type": "image", "image": {"upload": file["key"]}}
    assert (await ayse.ask(c.SendMessage(conversation=conversation, content=wrong))).code == "invalid"


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"MZ\x90\x00" * 10, "virus.exe", 415),
        (b"", "empty.jpg", 415),
        (JPEG + b"\0" * (5 * 1024 * 1024), "big.jpg", 413),
    ],
    ids=["type", "empty", "size"],
)
async def test_what_whatsapp_does_not_take_is_refused_before(play: Stage, data: bytes, name: str, status: int) -> None:
    async with play.http(play.token()) as http:
        answer = await http.post("/v1/media", content=data, headers={"X-Filename": name})
    assert answer.status_code == status and answer.json()["frame"] == "sorry"
    assert list((play.folder / "media").iterdir()) == []


async def test_a_file_gone_before_it_was_sent_fails_in_words(play: Stage) -> None:
    ayse, conversation = await opened(play)
    file = await upload(play, JPEG, "a.jpg")
    play.relay.sender._throttle.pause(None, 0.3)
    id = c.command_id()
    content = {"type": "image", "image": {"upload": file["key"]}}
    assert (await ayse.ask(c.SendMessage(conversation=conversation, content=content), id)).ok
    (play.folder / "media" / file["key"]).unlink()
    failed = await ayse.waits_for("message.failed", message=id)
    assert failed["problem"]["code"] == 131053
    assert not play.sandbox.sends.all


def test_old_files_and_old_ids(tmp_path: Path) -> None:
    now = 1_795_000_000.0
    store = FileStore(tmp_path / "media", lambda: now)
    stored = Stored(key="0" * 32 + ".jpg", kind="image", mime="image/jpeg", size=1)
    (store.folder / stored.key).write_bytes(b"x")
    store.note(stored)
    store.remember(stored.key, "1", "id-at-meta")
    assert store.known_to_meta(stored.key, "1") == "id-at-meta" and store.known_to_meta(stored.key, "2") is None
    now += META_KEEPS + 1
    assert store.known_to_meta(stored.key, "1") is None
    os.utime(store.folder / stored.key, (now - 100, now - 100))
    assert store.prune(200) == 0 and store.prune(50) == 1
    assert json.dumps(sorted(path.name for path in store.folder.iterdir())) == "[]"


async def test_the_file_of_a_canned_reply_outlives_those_of_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[int] = []
    prune = FileStore.prune

    def noted(store: FileStore, *given: Any) -> int:
        gone.append(prune(store, *given))
        return gone[-1]

    monkeypatch.setattr(FileStore, "prune", noted)
    async with stage(tmp_path, media_keep=60) as play:
        screen = await play.sit_down("Ayşe")
        async with play.http(play.token("Ayşe")) as http:
            sent = [
                (await http.post("/v1/media", content=text, headers={"content-type": "application/pdf"})).json()["key"]
                for text in (b"%PDF-1.4 price list", b"%PDF-1.4 a message's")
            ]
        saved = await screen.ask(c.SaveCanned(shortcut="fiyat", text="Liste ektedir", media=sent[0]))
        assert saved.ok, saved.message
        for key in sent:
            os.utime(play.relay.files.folder / key, (1, 1))
        gone.clear()
        await play.restart(media_keep=60)
        await until(lambda: gone, "pruning")
        assert [play.relay.files.path(key) is not None for key in sent] == [True, False]


def test_what_a_crash_has_left_half_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    now = 2_000_000_000.0
    store = FileStore(tmp_path, clock=lambda: now)
    for name, age in (("a" * 32 + ".jpg", 10**7), ("b" * 32 + ".part", 90_000), ("c" * 32 + ".jpg.part", 90_000),
                      ("d" * 32 + ".part", 60)):  # fmt: skip
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (now - age, now - age))
    assert store.prune(0) == 0  # files are kept for ever
    assert sorted(path.name[0] for path in tmp_path.iterdir()) == ["a", "d"]


async def test_a_file_that_is_no_longer_wanted_is_no_longer_remembered(play: Stage) -> None:
    downloads = play.relay.downloads
    downloads._tries["gone"], downloads._due["gone"] = 3, 1e12
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", PHOTO | {"caption": "kırık"})
    await ayse.waits_for("media.stored")
    await until(lambda: not downloads._tries and not downloads._due)
