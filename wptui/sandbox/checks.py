"""Meta's checks of a message before it is accepted. Each raises `GraphError` with the code Meta gives."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from wptui.sandbox.errors import GraphError, Json
from wptui.sandbox.media import Media, kind_of
from wptui.sandbox.world import Customer, World

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CALLBACK_LIMIT = 512
UNREACHABLE = "90555999"
"""Phone numbers that begin so have no WhatsApp: sends are accepted and fail with 131026."""

_BSUID = re.compile(r"^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$")
_PHONE = re.compile(r"^\+?[0-9 ()-]{7,24}$")
_CAPTIONED = ("image", "video", "document")
_INTERACTIVE = (
    "button",
    "list",
    "cta_url",
    "location_request_message",
    "flow",
    "contact_request",
    "carousel",
    "product",
    "product_list",
    "call_permission_request",
)


def text_of(holder: Json, key: str, where: str, *, limit: int | None = None, required: bool = True) -> str | None:
    """``holder[key]`` as text: 131008 if *required* and missing, 100 if no text or longer than *limit*."""
    value = holder.get(key)
    if value is None or (value == "" and required):
        if required:
            raise GraphError(131008, f"Parameter {where} is required")
        return None
    if not isinstance(value, str):
        raise GraphError(100, f"Param {where} must be a string.")
    if limit is not None and len(value) > limit:
        raise GraphError(100, f"Param {where} must be at most {limit} characters long.")
    return value


def child(holder: Json, key: str, where: str) -> Json:
    """``holder[key]`` as an object: 131008 if missing, 100 if something else."""
    value = holder.get(key)
    if value is None:
        raise GraphError(131008, f"Parameter {where} is required")
    if not isinstance(value, dict):
        raise GraphError(100, f"Param {where} must be a JSON object.")
    return value


def _wamid(value: Any, where: str) -> None:
    if not isinstance(value, str) or not value:
        raise GraphError(131008, f"Parameter {where} is required")
    if peer_of(value) is None:
        raise GraphError(131009, f"{where} is not a message id")


def peer_of(wamid: str) -> str | None:
    """The phone number (or BSUID digits) inside a message id of the sandbox; None if it is not one."""
    if not wamid.startswith("wamid."):
        return None
    try:
        raw = base64.b64decode(wamid[6:], validate=True)
        peer = raw[3 : 3 + raw[2]].decode("ascii")
    except (binascii.Error, UnicodeDecodeError, IndexError):
        return None
    return peer if raw[:2] == b"\x1c\x18" and len(peer) == raw[2] else None


# -- to whom


def recipient(world: World, number: str, body: Json) -> Customer:
    """The customer a send is for, known before or not. ``to`` wins over ``recipient``, as with Meta."""
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(131009, "recipient_type must be individual")
    to, bsuid = body.get("to"), body.get("recipient")
    if to:
        if not isinstance(to, str) or not _PHONE.match(to):
            raise GraphError(131009, "Param to is not a phone number")
        digits = "".join(c for c in to if c.isdigit())
        if digits == world.numbers[number].digits:
            raise GraphError(131021)
        return world.find(digits) or world.add_customer(f"+{digits}", f"+{digits}", phone=digits, number=number)
    if not bsuid:
        raise GraphError(131008, "Parameter to or recipient is required")
    if not isinstance(bsuid, str) or not _BSUID.match(bsuid):
        raise GraphError(131009, "Param recipient is not a business-scoped user ID")
    found = world.find(bsuid)
    if found is None:
        raise GraphError(131009, "Param recipient: no user with this business-scoped user ID")
    return found


# -- what


def envelope(body: Json) -> str:
    """What is common to all types; returns the type."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "Param messaging_product must be one of {WHATSAPP}")
    text_of(body, "biz_opaque_callback_data", "biz_opaque_callback_data", limit=CALLBACK_LIMIT, required=False)
    if body.get("context") is not None:
        _wamid(child(body, "context", "context").get("message_id"), "context.message_id")
    kind = body.get("type", "text")
    if kind not in _CHECKS and kind != "template":
        raise GraphError(100, f"Param type must be one of {{{', '.join([*_CHECKS, 'template']).upper()}}}")
    return str(kind)


def content(kind: str, body: Json, media: Media) -> None:
    """The checks of one message type (not of templates: see `templates.check_template`)."""
    _CHECKS[kind](body, kind, media)


def _text(body: Json, kind: str, media: Media) -> None:
    text_of(child(body, "text", "text"), "body", "text['body']", limit=TEXT_LIMIT)


def _media(body: Json, kind: str, media: Media) -> None:
    shape = child(body, kind, kind)
    text_of(shape, "caption", f"{kind}['caption']", limit=CAPTION_LIMIT, required=False)
    if shape.get("caption") and kind not in _CAPTIONED:
        raise GraphError(100, f'Unexpected key "caption" on param "{kind}".')
    if shape.get("filename") and kind != "document":
        raise GraphError(100, f'Unexpected key "filename" on param "{kind}".')
    check_medium(shape, kind, media)


def check_medium(shape: Json, kind: str, media: Media) -> None:
    """The file of a media message or of a template's header: an uploaded id of that kind, or a link."""
    media_id, link = shape.get("id"), shape.get("link")
    if bool(media_id) == bool(link):
        raise GraphError(131008, f"Parameter {kind}: one of id and link is required")
    if link:
        if not isinstance(link, str) or not link.startswith(("http://", "https://")):
            raise GraphError(131009, f"{kind}.link is not an http or https URL")
        return
    medium = media.items.get(str(media_id))
    if medium is None:
        raise GraphError(131009, f"{kind}.id: there is no media with ID {media_id}")
    stored = kind_of(medium.mime_type)
    if stored != kind and kind != "document":  # any file may go as a document
        raise GraphError(131053, f"media of type {medium.mime_type} cannot be sent as {kind}", status=400)


def _reaction(body: Json, kind: str, media: Media) -> None:
    shape = child(body, "reaction", "reaction")
    _wamid(shape.get("message_id"), "reaction.message_id")
    if not isinstance(shape.get("emoji"), str):
        raise GraphError(131008, "Parameter reaction.emoji is required")


def _location(body: Json, kind: str, media: Media) -> None:
    shape = child(body, "location", "location")
    for key, most in (("latitude", 90), ("longitude", 180)):
        value = shape.get(key)
        if value is None:
            raise GraphError(131008, f"Parameter location.{key} is required")
        try:
            right = abs(float(value)) <= most
        except (TypeError, ValueError):
            right = False
        if not right:
            raise GraphError(131009, f"location.{key} is out of range")


def _contacts(body: Json, kind: str, media: Media) -> None:
    cards = body.get("contacts")
    if not isinstance(cards, list) or not cards:
        raise GraphError(131008, "Parameter contacts is required")
    for card in cards:
        if not isinstance(card, dict):
            raise GraphError(100, "Param contacts must be a list of JSON objects.")
        name = child(card, "name", "contacts.name")
        text_of(name, "formatted_name", "contacts.name.formatted_name")
        if len([value for value in name.values() if value]) < 2:
            raise GraphError(131008, "contacts.name needs one field besides formatted_name")


def _interactive(body: Json, kind: str, media: Media) -> None:
    shape = child(body, "interactive", "interactive")
    form = shape.get("type")
    if form not in _INTERACTIVE:
        raise GraphError(131009, f"interactive.type {form!r} is not known")
    if form != "product":
        where = "interactive['body']"
        text_of(child(shape, "body", where), "text", f"{where}['text']", limit=1024)
    if form == "button":
        buttons = child(shape, "action", "interactive['action']").get("buttons") or []
        if not 1 <= len(buttons) <= 3:
            raise GraphError(131009, "interactive: 1 to 3 buttons are allowed")
        replies = [child(button, "reply", "button.reply") for button in buttons]
        _rows(replies, title_limit=20)
    elif form == "list":
        action = child(shape, "action", "interactive['action']")
        text_of(action, "button", "interactive['action']['button']", limit=20)
        rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
        if not 1 <= len(rows) <= 10:
            raise GraphError(131009, "interactive: 1 to 10 rows are allowed")
        _rows(rows, title_limit=24)
        for row in rows:
            text_of(row, "description", "row.description", limit=72, required=False)
    elif form == "cta_url":
        parameters = child(child(shape, "action", "interactive['action']"), "parameters", "action.parameters")
        text_of(parameters, "display_text", "display_text", limit=20)
        text_of(parameters, "url", "url")


def _rows(rows: list[Json], title_limit: int) -> None:
    ids = [text_of(row, "id", "reply.id", limit=256) for row in rows]
    if len(set(ids)) < len(ids):
        raise GraphError(131009, "interactive: ids must be unique")
    for row in rows:
        text_of(row, "title", "reply.title", limit=title_limit)


_CHECKS: dict[str, Callable[[Json, str, Media], None]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "document": _media,
    "sticker": _media,
    "reaction": _reaction,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
}
