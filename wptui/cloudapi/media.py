"""Files: which may be sent as what, up to which size, and what they are called on our side.

A file's type is read from its first bytes; its name only tells office documents apart. Names on disk are
generated, never taken from a customer.
"""

from __future__ import annotations

import hashlib
import mimetypes
from functools import cache
from pathlib import Path
from typing import NamedTuple

from wptui.cloudapi.limits import PayloadError
from wptui.i18n import _, format_number
from wptui.model.text import safe_line

MB = 1024 * 1024
LIMITS: dict[str, int] = {"image": 5 * MB, "audio": 16 * MB, "video": 16 * MB, "document": 100 * MB}
"""Bytes an upload may have, by kind (stickers: `STICKER_LIMITS`)."""
STICKER_LIMITS = {False: 100 * 1024, True: 500 * 1024}
"""Bytes a sticker may have, by whether it is animated."""
DOWNLOAD_LIMIT = 100 * MB
"""Bytes of a customer's file; Meta lets no more through."""

_DOCX = "application/vnd.openxmlformats-officedocument."
_EXTENSIONS: dict[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt",
    _DOCX + "wordprocessingml.document": ".docx",
    _DOCX + "spreadsheetml.sheet": ".xlsx",
    _DOCX + "presentationml.presentation": ".pptx",
}
UPLOADABLE: dict[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "video": ("video/mp4", "video/3gpp"),
    "sticker": ("image/webp",),
    "document": tuple(mime for mime in _EXTENSIONS if mime.startswith(("application/", "text/"))),
}
"""MIME types Meta takes, by kind."""
_KINDS = {mime: kind for kind, mimes in UPLOADABLE.items() for mime in mimes}
_BY_NAME = {extension: mime for mime, extension in _EXTENSIONS.items()}
_HEAD = 4096


class Upload(NamedTuple):
    """A file found fit to be sent."""

    kind: str
    """image, audio, video, sticker or document: the type of the message."""
    mime: str
    size: int
    filename: str
    """Its own name, one safe line; shown to the customer of a document."""
    voice: bool = False
    """An Ogg file in Opus: may go as a voice note."""


def bare(mime: str) -> str:
    """`mime` without parameters: "audio/ogg; codecs=opus" is "audio/ogg"."""
    return mime.partition(";")[0].strip().lower()


def kind_of(mime: str) -> str | None:
    """The kind of message that carries a file of this type; None if Meta takes no such file."""
    return _KINDS.get(bare(mime))


def extension(mime: str) -> str:
    """The file name ending of a MIME type, with its dot; ".bin" for one nobody knows."""
    plain = bare(mime)
    return _EXTENSIONS.get(plain) or _others().guess_extension(plain) or ".bin"


@cache
def _others() -> mimetypes.MimeTypes:
    """Python's own table, without the machine's: a name made here must be the same everywhere."""
    return mimetypes.MimeTypes()


def file_name(seed: str, mime: str) -> str:
    """The name under which a file is kept: a hash of `seed` (the message id), so that a replay finds it again."""
    return hashlib.blake2b(seed.encode("utf-8", "replace"), digest_size=16).hexdigest() + extension(mime)


def size_limit(kind: str, *, animated: bool = False) -> int:
    """Bytes a file of this kind may have."""
    return STICKER_LIMITS[animated] if kind == "sticker" else LIMITS[kind]


def check_size(kind: str, size: int, *, animated: bool = False) -> None:
    """Raises PayloadError (field "file") if a file of `size` bytes is empty or too big to be sent as `kind`."""
    limit = size_limit(kind, animated=animated)
    if size <= 0:
        raise PayloadError("file", _("The file is empty."))
    if size > limit:
        raise PayloadError(
            "file",
            _("The file is too big: {size} kB; {limit} kB is the most for this type.").format(
                size=format_number(-(-size // 1024)), limit=format_number(limit // 1024)
            ),
        )


def inspect(path: Path) -> Upload:
    """What `path` can be sent as. Raises PayloadError (field "file") if it cannot be read, sent, or is too big."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as problem:
        raise PayloadError(
            "file", _("The file cannot be read: {reason}").format(reason=problem.strerror or "?")
        ) from problem
    if not size:
        raise PayloadError("file", _("The file is empty."))
    mime = sniff(head, path.name)
    kind = kind_of(mime)
    if kind is None:
        raise PayloadError(
            "file",
            _("WhatsApp does not take files of this type ({mime}).").format(mime=mime),
            hint=_("JPEG, PNG, MP4, 3GP, MP3, M4A, AAC, AMR, Ogg, PDF, text and Office files can be sent."),
        )
    check_size(kind, size, animated=b"ANIM" in head)
    voice = mime == "audio/ogg" and b"OpusHead" in head
    return Upload(kind, mime, size, safe_line(path.name, 240), voice)


def sniff(head: bytes, name: str = "") -> str:
    """The MIME type of a file from its first bytes; `name` decides between office formats. "application/octet-stream"
    for what nobody knows."""
    for at, magic, mime in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return mime
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12])
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if head[1] & 0xE0 == 0xE0:
            return "audio/mpeg"
    named = _BY_NAME.get(Path(name).suffix.lower(), "")
    if head[:4] == b"PK\x03\x04":
        return named if named.startswith(_DOCX) else "application/zip"
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return named if named.startswith(("application/ms", "application/vnd.ms")) else "application/x-ole-storage"
    return "text/plain" if _is_text(head) else "application/octet-stream"


_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"GIF8", "image/gif"),
)


def _of_brand(brand: bytes) -> str:
    if brand[:3] == b"M4A":
        return "audio/mp4"
    if brand[:3] in (b"3gp", b"3g2"):
        return "video/3gpp"
    if brand[:3] in (b"hei", b"mif", b"avi", b"hev"):
        return "image/heif"
    return "video/quicktime" if brand == b"qt  " else "video/mp4"


def _is_text(head: bytes) -> bool:
    if not head or b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as problem:
        return problem.start > len(head) - 4 and len(head) == _HEAD  # cut in the middle of a letter
    return True
