"""Media on the sandbox's side: what customers sent, what the relay uploaded, and the links between."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from wptui.sandbox import samples
from wptui.sandbox.errors import GraphError, Json
from wptui.sandbox.world import World

LINK_LIFE = 300.0
"""Seconds a download link works."""
INBOUND_LIFE = 7 * 86400.0
UPLOAD_LIFE = 30 * 86400.0

MB = 1024 * 1024
_LIMITS = {"image": 5 * MB, "audio": 16 * MB, "video": 16 * MB, "sticker": 500 * 1024, "document": 100 * MB}

_TYPES: dict[str, tuple[str, ...]] = {
    "image": ("image/jpeg", "image/png"),
    "sticker": ("image/webp",),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "video": ("video/mp4", "video/3gpp"),
    "document": (
        "application/pdf",
        "text/plain",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
}


def kind_of(mime_type: str) -> str | None:
    """The message type *mime_type* is sent as, or None if Meta takes no such file."""
    bare = mime_type.partition(";")[0].strip().lower()
    return next((kind for kind, types in _TYPES.items() if bare in types), None)


@dataclass(slots=True)
class Medium:
    """One file, its id's life, and from whom it came."""

    id: str
    mime_type: str
    data: bytes
    expires: float
    uploaded: bool  # by the business; else sent by a customer

    @property
    def sha256(self) -> bytes:
        """The digest of the bytes."""
        return hashlib.sha256(self.data).digest()


class Media:
    """The media store. *base_url* is where the sandbox's own download links point."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.base_url = ""
        self.items: dict[str, Medium] = {}
        self.downloads = 0
        self._count = 0
        self._drawn: dict[tuple[str, int], tuple[str, bytes]] = {}

    def _add(self, mime_type: str, data: bytes, life: float, *, uploaded: bool) -> Medium:
        self._count += 1
        medium = Medium(
            self.world.digits(f"media/{self._count}", 15), mime_type, data, self.world.now() + life, uploaded
        )
        self.items[medium.id] = medium
        return medium

    # -- from customers

    def inbound(self, mime_type: str, data: bytes) -> Medium:
        """Keep a file a customer sends."""
        return self._add(mime_type, data, INBOUND_LIFE, uploaded=False)

    def sample(self, kind: str, variant: int) -> tuple[str, bytes]:
        """MIME type and bytes of a made-up file of a message *kind*; some variants look different."""
        variant %= 8
        key = (kind, variant)
        if key not in self._drawn:
            dice = self.world.dice(f"sample/{kind}/{variant}")
            if kind == "image":
                self._drawn[key] = (
                    ("image/jpeg", samples.jpeg(dice)) if variant % 4 else ("image/png", samples.png(dice))
                )
            elif kind == "audio":
                self._drawn[key] = ("audio/ogg; codecs=opus", samples.voice(2 + variant * 2))
            elif kind == "document":
                self._drawn[key] = ("application/pdf", samples.pdf(f"Invoice {variant + 1:03}"))
            elif kind == "sticker":
                self._drawn[key] = ("image/webp", samples.webp(dice))
            else:
                raise ValueError(f"there is no sample {kind}; give data and mime_type")
        return self._drawn[key]

    def shape(self, medium: Medium) -> Json:
        """The fields every inbound media object has."""
        return {
            "mime_type": medium.mime_type,
            "sha256": base64.b64encode(medium.sha256).decode("ascii"),
            "id": medium.id,
            "url": self.link(medium, "webhook"),
        }

    # -- links

    def link(self, medium: Medium, source: str = "getMedia") -> str:
        """A download link that works for five minutes."""
        until = int(self.world.now() + LINK_LIFE)
        sign = self._sign(medium.id, until)
        return f"{self.base_url}/whatsapp_business/attachments/?mid={medium.id}&source={source}&ext={until}&hash={sign}"

    def _sign(self, media_id: str, until: int) -> str:
        key = f"{self.world.seed}/links".encode()
        return "AR" + hmac.new(key, f"{media_id}/{until}".encode(), hashlib.sha256).hexdigest()[:24]

    def follow(self, media_id: str, ext: str, sign: str) -> Medium | None:
        """The file behind a link's parameters; None if the link is wrong or too old, or the file is gone."""
        medium = self.items.get(media_id)
        if medium is None or not ext.isdigit():
            return None
        now = self.world.now()
        right = hmac.compare_digest(self._sign(media_id, int(ext)).encode(), sign.encode())
        return medium if right and now < int(ext) and now < medium.expires else None

    # -- from the business

    def upload(self, mime_type: str, data: bytes) -> Medium:
        """Keep an upload. Raises `GraphError` 131053 for a type Meta does not take, or a size."""
        kind = kind_of(mime_type)
        if kind is None:
            raise GraphError(131053, f"{mime_type} is not a supported media type", status=400)
        if not data:
            raise GraphError(131053, "The file is empty", status=400)
        if len(data) > _LIMITS[kind]:
            raise GraphError(131053, f"{kind} of {len(data)} bytes is over the limit of {_LIMITS[kind]}", status=400)
        return self._add(mime_type, data, UPLOAD_LIFE, uploaded=True)

    def get(self, media_id: str) -> Medium:
        """The file with that id. Raises `GraphError` 100 if there is none, or no more."""
        medium = self.items.get(media_id)
        if medium is None or self.world.now() >= medium.expires:
            raise GraphError(100, f"Object with ID '{media_id}' does not exist or has expired")
        return medium

    def describe(self, medium: Medium) -> Json:
        """The answer to ``GET /{media_id}``."""
        return {
            "messaging_product": "whatsapp",
            "url": self.link(medium),
            "mime_type": medium.mime_type,
            "sha256": medium.sha256.hex(),
            "file_size": str(len(medium.data)),
            "id": medium.id,
        }
