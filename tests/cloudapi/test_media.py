"""Which files can be sent, and what they are called here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.media import MB, UPLOADABLE, check_size, extension, file_name, inspect, kind_of, sniff

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
OGG = b"OggS\x00\x02" + b"\0" * 22 + b"OpusHead"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "name", "mime"),
    [
        (JPEG, "a.png", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"GIF89a", "a.jpg", "image/gif"),
        (OGG, "", "audio/ogg"),
        (b"ID3\x04", "", "audio/mpeg"),
        (b"\xff\xfb\x90", "", "audio/mpeg"),
        (b"\xff\xf1\x50", "", "audio/aac"),
        (b"#!AMR\n", "", "audio/amr"),
        (b"\0\0\0\x18ftypM4A \0", "", "audio/mp4"),
        (b"\0\0\0\x18ftypisom", "", "video/mp4"),
        (b"\0\0\0\x18ftyp3gp4", "", "video/3gpp"),
        (b"\0\0\0\x18ftypqt  ", "", "video/quicktime"),
        (b"\0\0\0\x18ftypheic", "a.jpg", "image/heif"),
        (b"%PDF-1.7", "", "application/pdf"),
        (b"PK\x03\x04", "a.DOCX", DOCX),
        (b"PK\x03\x04", "a.jpg", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls", "application/vnd.ms-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.pdf", "application/x-ole-storage"),
        ("Şişli\n".encode(), "a.csv", "text/plain"),
        (b"\x7fELF\x02\x01\0", "a.txt", "application/octet-stream"),
        (b"", "", "application/octet-stream"),
    ],
)
def test_the_bytes_say_what_a_file_is(head: bytes, name: str, mime: str) -> None:
    assert sniff(head, name) == mime


def test_a_letter_cut_in_two_is_still_text() -> None:
    assert sniff(b"x" * 4095 + "ş".encode()[:1]) == "text/plain"
    assert sniff(b"x\xc5") == "application/octet-stream"


@given(st.binary(max_size=64), st.text(max_size=12))
def test_any_bytes_have_a_type(head: bytes, name: str) -> None:
    assert "/" in sniff(head, name)


def test_every_type_that_can_be_sent_has_one_kind_and_an_ending() -> None:
    for kind, mimes in UPLOADABLE.items():
        for mime in mimes:
            assert kind_of(mime.upper() + "; charset=x") == kind
            assert extension(mime) != ".bin"
    assert kind_of("image/gif") is None
    assert extension("application/x-made-up") == ".bin"


def test_a_file_is_found_fit_and_described(tmp_path: Path) -> None:
    photo = tmp_path / "Fotoğraf \x1b[2J.jpeg"
    photo.write_bytes(JPEG)
    upload = inspect(photo)
    assert (upload.kind, upload.mime, upload.size) == ("image", "image/jpeg", len(JPEG))
    assert upload.filename == "Fotoğraf ␛[2J.jpeg"
    note = tmp_path / "note"
    note.write_bytes(OGG)
    assert inspect(note).voice


def test_what_cannot_be_sent_says_why(tmp_path: Path) -> None:
    program = tmp_path / "a.pdf"
    program.write_bytes(b"MZ\x90\0\x03")
    with pytest.raises(PayloadError, match="application/octet-stream") as error:
        inspect(program)
    assert error.value.field == "file" and "PDF" in error.value.hint
    with pytest.raises(PayloadError, match="cannot be read"):
        inspect(tmp_path / "nowhere")
    (tmp_path / "nothing.png").touch()
    with pytest.raises(PayloadError, match="empty"):
        inspect(tmp_path / "nothing.png")
    with pytest.raises(PayloadError, match="cannot be read"):
        inspect(tmp_path)


def test_a_file_too_big_is_found_before_it_is_read(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"\0\0\0\x18ftypisom")
    os.truncate(video, 16 * MB + 1)  # sparse: nothing is written
    with pytest.raises(PayloadError, match="16,385 kB"):
        inspect(video)


@pytest.mark.parametrize(
    ("kind", "limit"), [("image", 5 * MB), ("audio", 16 * MB), ("video", 16 * MB), ("document", 100 * MB)]
)
def test_limits_are_metas(kind: str, limit: int) -> None:
    check_size(kind, limit)
    for size in (0, limit + 1):
        with pytest.raises(PayloadError):
            check_size(kind, size)


def test_a_sticker_that_moves_may_be_bigger() -> None:
    check_size("sticker", 500 * 1024, animated=True)
    with pytest.raises(PayloadError):
        check_size("sticker", 101 * 1024)


@given(st.text(), st.sampled_from(["image/jpeg", "text/html", "x/../y", "audio/ogg; codecs=opus"]))
def test_names_on_disk_are_ours_alone_and_the_same_again(seed: str, mime: str) -> None:
    name = file_name(seed, mime)
    assert name == file_name(seed, mime)
    assert name == os.path.basename(name) and not name.startswith(".") and name.isascii()
    assert len(name) < 48
