"""Files of messages: checked before they go, bounded and safely named when they come."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sync.house import House, until
from wptui.cloudapi.limits import PayloadError
from wptui.model.commands import SendMessage
from wptui.model.errors import LinkError, RefusedError
from wptui.store import thread
from wptui.sync.http import Http
from wptui.sync.media import MediaFolder, Uploaded, upload

PDF = b"%PDF-1.4\n" + b"x" * 5000


async def test_a_customers_photo_is_fetched_once(house: House, tmp_path: Path) -> None:
    await house.sandbox.say("ayse", {"type": "image", "caption": "Kırık geldi"})
    terminal = await house.terminal()
    row = await terminal.row("Ayşe Yılmaz")
    stored = await until(
        lambda: next((each for each in thread.latest(terminal.db, row.id) if each.media_state == "stored"), None)
    )
    folder = MediaFolder(tmp_path / "media")
    key = str(stored.media_key)
    path = await folder.fetch(terminal.link.http, key)
    assert path == folder.path(key)
    assert path.read_bytes()[:3] in (b"\xff\xd8\xff", b"\x89PN") and path.stat().st_mode & 0o777 == 0o600
    house.proxy.cut()
    assert await folder.fetch(terminal.link.http, key) == path  # it is here already


async def test_a_document_is_uploaded_and_sent_with_its_caption(house: House, tmp_path: Path) -> None:
    await house.sandbox.say("ayse", "Fatura?")
    terminal = await house.terminal()
    row = await terminal.row("Ayşe Yılmaz")
    file = tmp_path / "fatura şubat.pdf"
    file.write_bytes(PDF)
    uploaded = await upload(terminal.link.http, file)
    assert (uploaded.kind, uploaded.size, uploaded.filename) == ("document", len(PDF), "fatura şubat.pdf")
    content = uploaded.content("Buyurun")
    message = terminal.link.send(row.id, SendMessage(conversation=row.id, content=content, text="Buyurun"))
    await until(lambda: terminal.status(message) == "read")
    (sent,) = [send for send in house.sandbox.sends.all if send.type == "document"]
    assert sent.body["document"]["caption"] == "Buyurun"
    assert sent.body["document"]["filename"] == "fatura şubat.pdf"


@pytest.mark.parametrize(
    ("name", "data"),
    [("leer.pdf", b""), ("gross.jpg", b"\xff\xd8\xff" + b"x" * (6 << 20)), ("programm.exe", b"MZ\x90\x00\x03")],
)
async def test_what_meta_would_not_take_never_leaves(tmp_path: Path, name: str, data: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    nobody = Http.__new__(Http)  # any call would fail
    with pytest.raises(PayloadError):
        await upload(nobody, file)


async def test_names_that_are_no_keys_are_not_asked_for(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path / "media")
    for key in ("../../etc/passwd", ".hidden", "a/b", "", "x" * 300, "a\x1b[2J"):
        assert folder.path(key) is None
        with pytest.raises(LinkError):
            await folder.fetch(Http.__new__(Http), key)


async def test_a_file_the_relay_does_not_have(house: House, tmp_path: Path) -> None:
    terminal = await house.terminal()
    folder = MediaFolder(tmp_path / "media")
    with pytest.raises((LinkError, RefusedError)):
        await folder.fetch(terminal.link.http, "0" * 32 + ".jpg")
    assert list((tmp_path / "media").iterdir()) == []  # no leftovers


def test_the_folder_stays_within_its_bound(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path, limit=3000)
    for age, name in enumerate(["new.jpg", "used.jpg", "old.jpg", "oldest.jpg"]):
        (tmp_path / name).write_bytes(b"x" * 1000)
        os.utime(tmp_path / name, (1_700_000_000 - age * 100,) * 2)
    folder._bound("new.jpg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.jpg", "old.jpg", "used.jpg"]


def test_only_what_takes_a_caption_gets_one() -> None:
    voice = Uploaded("k", "audio", "audio/ogg", 1, "a.ogg", True)
    assert voice.content("lost") == {"type": "audio", "audio": {"upload": "k", "voice": True}}
    photo = Uploaded("k", "image", "image/png", 1, "a.png", False)
    assert photo.content("hi") == {"type": "image", "image": {"upload": "k", "caption": "hi"}}
