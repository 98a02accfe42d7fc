"""What goes into a send: the body from address and content, checked so that Meta need not refuse it.

Pure: the terminal checks a message before it leaves the outbox, the relay again before it calls Meta. A content is
one Graph message object without addressee, as in `commands.SendMessage`: `{"type": "text", "text": {"body": …}}`.
Files stand as `{"upload": <key>}` until the relay has put `{"id": …}` in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from wptui.cloudapi import limits
from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.templates import (
    Parameter,
    fill_template,
    template_components,
    template_parameters,
    unfillable,
)
from wptui.i18n import _, format_number

__all__ = [
    "Address",
    "Parameter",
    "PayloadError",
    "build",
    "check_content",
    "fill_template",
    "reading",
    "template_components",
    "template_parameters",
    "typing",
    "unfillable",
]

Json = dict[str, Any]
_SOURCES = ("id", "link", "upload")


class Address(NamedTuple):
    """Whom a message goes to. A phone number wins over a user id: more can be sent to it."""

    phone: str = ""
    """Digits, with or without "+"."""
    bsuid: str = ""
    group: str = ""

    def fields(self) -> Json:
        """The addressing part of the body. Raises PayloadError (field "to") if there is nobody.

        The plus sign is always written: without it Meta may put the business's own country code in front.
        """
        if self.group:
            return {"recipient_type": "group", "to": self.group}
        digits = "".join(char for char in self.phone if char in "0123456789")
        if digits:
            return {"recipient_type": "individual", "to": "+" + digits}
        if self.bsuid:
            return {"recipient_type": "individual", "recipient": self.bsuid}
        raise PayloadError("to", _("This customer has no address on WhatsApp."))


def build(address: Address, content: Json, *, quote: str | None = None, opaque: str = "") -> Json:
    """The body of `POST /{phone_number_id}/messages`.

    `opaque` comes back in every status as `biz_opaque_callback_data`: our message id. Raises PayloadError naming
    the field that is wrong, also for a file not uploaded yet.
    """
    kind = check_content(content, uploaded=True)
    if len(opaque) > limits.OPAQUE:
        raise PayloadError("biz_opaque_callback_data", _too_long(limits.OPAQUE))
    body: Json = {"messaging_product": "whatsapp", **address.fields(), "type": kind, kind: content[kind]}
    if quote and kind != "reaction":
        body["context"] = {"message_id": quote}
    if opaque:
        body["biz_opaque_callback_data"] = opaque
    return body


def reading(wamid: str) -> Json:
    """The body that marks `wamid`, and what came before it, as read."""
    return {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}


def typing(wamid: str) -> Json:
    """The body that shows the customer "typing…" for up to 25 s; it marks `wamid` as read, too."""
    return reading(wamid) | {"typing_indicator": {"type": "text"}}


def check_content(content: Json, *, uploaded: bool = False) -> str:
    """The type of `content`. Raises PayloadError naming the field Meta would refuse.

    With `uploaded`, files must have an id or a link.
    """
    kind = content.get("type")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise PayloadError("type", _("Messages of this type cannot be sent."))
    value = content.get(kind)
    if not value or not isinstance(value, list if kind == "contacts" else dict):
        raise PayloadError(kind, _("This part is missing."))
    _CHECKS[kind](value, kind, uploaded)
    return kind


def _too_long(limit: int) -> str:
    return _("This is too long: {limit} characters are the most.").format(limit=format_number(limit))


def _text(value: Any, field: str, limit: int, *, needed: bool = True) -> None:
    if value is None and not needed:
        return
    if not isinstance(value, str) or (needed and not value.strip()):
        raise PayloadError(field, _("The text is missing."))
    if len(value) > limit:
        raise PayloadError(field, _too_long(limit))


def _check_text(value: Json, kind: str, _uploaded: bool) -> None:
    _text(value.get("body"), f"{kind}.body", limits.TEXT)


def _check_file(value: Json, kind: str, uploaded: bool) -> None:
    given = [source for source in _SOURCES if value.get(source)]
    if len(given) != 1 or not isinstance(value[given[0]], str):
        raise PayloadError(f"{kind}.id", _("Exactly one file is needed."))
    if uploaded and given == ["upload"]:
        raise PayloadError(f"{kind}.id", _("The file is not uploaded yet."))
    if given == ["link"] and not value["link"].startswith("https://"):
        raise PayloadError(f"{kind}.link", _("A link must begin with https://."))
    if value.get("caption") is not None:
        if kind in ("audio", "sticker"):
            raise PayloadError(f"{kind}.caption", _("This type of file has no caption."))
        _text(value["caption"], f"{kind}.caption", limits.CAPTION, needed=False)
    if value.get("filename") is not None:
        if kind != "document":
            raise PayloadError(f"{kind}.filename", _("Only a document has a file name."))
        _text(value["filename"], f"{kind}.filename", limits.FILENAME)
    if value.get("voice") and kind != "audio":
        raise PayloadError(f"{kind}.voice", _("Only audio can be a voice note."))


def _check_reaction(value: Json, kind: str, _uploaded: bool) -> None:
    _text(value.get("message_id"), f"{kind}.message_id", 4096)
    emoji = value.get("emoji")
    if not isinstance(emoji, str) or len(emoji) > 32:
        raise PayloadError(f"{kind}.emoji", _("A reaction is one emoji, or nothing to take it back."))


def _check_location(value: Json, kind: str, _uploaded: bool) -> None:
    for name, bound in (("latitude", 90), ("longitude", 180)):
        try:
            inside = abs(float(value[name])) <= bound
        except (KeyError, TypeError, ValueError):
            inside = False
        if not inside:
            raise PayloadError(f"{kind}.{name}", _("This is no place on earth."))
    for name in ("name", "address"):
        _text(value.get(name), f"{kind}.{name}", limits.LOCATION_TEXT, needed=False)


def _check_contacts(cards: list[Any], kind: str, _uploaded: bool) -> None:
    for place, card in enumerate(cards):
        name = card.get("name") if isinstance(card, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise PayloadError(f"{kind}.{place}.name.formatted_name", _("The name is missing."))


# ── interactive ──────────────────────────────────────────────────────────────────────────────────────────


def _check_interactive(value: Json, kind: str, _uploaded: bool) -> None:
    subtype = value.get("type")
    if not isinstance(subtype, str) or subtype not in _INTERACTIVE:
        raise PayloadError(f"{kind}.type", _("Messages of this type cannot be sent."))
    body, footer, header = value.get("body"), value.get("footer"), value.get("header")
    _text(body.get("text") if isinstance(body, dict) else None, f"{kind}.body.text", limits.INTERACTIVE_BODY)
    if isinstance(footer, dict):
        _text(footer.get("text"), f"{kind}.footer.text", limits.INTERACTIVE_FOOTER)
    if isinstance(header, dict) and header.get("type") == "text":
        _text(header.get("text"), f"{kind}.header.text", limits.INTERACTIVE_HEADER)
    action = value.get("action")
    if not isinstance(action, dict):
        raise PayloadError(f"{kind}.action", _("This part is missing."))
    check = _INTERACTIVE[subtype]
    if check is not None:
        check(action, f"{kind}.action")


def _check_buttons(action: Json, field: str) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits.BUTTONS:
        raise PayloadError(f"{field}.buttons", _("One to {n} buttons are possible.").format(n=limits.BUTTONS))
    titles: set[str] = set()
    for place, button in enumerate(buttons):
        reply = button.get("reply") if isinstance(button, dict) else None
        at = f"{field}.buttons.{place}.reply"
        if not isinstance(reply, dict):
            raise PayloadError(at, _("This part is missing."))
        _text(reply.get("id"), f"{at}.id", limits.BUTTON_ID)
        _text(reply.get("title"), f"{at}.title", limits.BUTTON_TITLE)
        if reply["title"] in titles:
            raise PayloadError(f"{at}.title", _("Two buttons have the same text."))
        titles.add(reply["title"])


def _check_list(action: Json, field: str) -> None:
    _text(action.get("button"), f"{field}.button", limits.LIST_BUTTON)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= limits.LIST_SECTIONS:
        raise PayloadError(f"{field}.sections", _("One to {n} sections are possible.").format(n=limits.LIST_SECTIONS))
    count = 0
    for place, section in enumerate(sections):
        at = f"{field}.sections.{place}"
        listed = section.get("rows") if isinstance(section, dict) else None
        if not isinstance(listed, list) or not listed:
            raise PayloadError(f"{at}.rows", _("This part is missing."))
        _text(section.get("title"), f"{at}.title", limits.ROW_TITLE, needed=len(sections) > 1)
        for number, row in enumerate(listed):
            each = row if isinstance(row, dict) else {}
            _text(each.get("id"), f"{at}.rows.{number}.id", limits.ROW_ID)
            _text(each.get("title"), f"{at}.rows.{number}.title", limits.ROW_TITLE)
            _text(each.get("description"), f"{at}.rows.{number}.description", limits.ROW_DESCRIPTION, needed=False)
        count += len(listed)
    if count > limits.LIST_ROWS:
        raise PayloadError(f"{field}.sections", _("A list has {n} rows at most.").format(n=limits.LIST_ROWS))


def _check_link(action: Json, field: str) -> None:
    parameters = action.get("parameters")
    given = parameters if isinstance(parameters, dict) else {}
    _text(given.get("display_text"), f"{field}.parameters.display_text", limits.BUTTON_TITLE)
    url = given.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise PayloadError(f"{field}.parameters.url", _("A link must begin with https://."))


_INTERACTIVE: dict[str, Callable[[Json, str], None] | None] = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "location_request_message": None,
    "contact_request": None,
    "flow": None,
    "carousel": None,
}


# ── templates ────────────────────────────────────────────────────────────────────────────────────────────


def _check_template(value: Json, kind: str, uploaded: bool) -> None:
    _text(value.get("name"), f"{kind}.name", 512)
    language = value.get("language")
    _text(language.get("code") if isinstance(language, dict) else None, f"{kind}.language.code", 16)
    components = value.get("components", [])
    if not isinstance(components, list):
        raise PayloadError(f"{kind}.components", _("This part is missing."))
    for place, component in enumerate(components):
        at = f"{kind}.components.{place}"
        given = component.get("parameters") if isinstance(component, dict) else None
        if not isinstance(given, list):
            raise PayloadError(f"{at}.parameters", _("This part is missing."))
        for number, parameter in enumerate(given):
            inner = parameter.get("type") if isinstance(parameter, dict) else None
            if inner in ("image", "video", "document"):
                file = parameter.get(inner)
                _check_file(file if isinstance(file, dict) else {}, inner, uploaded)
            elif not isinstance(inner, str):
                raise PayloadError(f"{at}.parameters.{number}.type", _("This part is missing."))


_CHECKS: dict[str, Callable[[Any, str, bool], None]] = {
    "text": _check_text,
    "reaction": _check_reaction,
    "location": _check_location,
    "interactive": _check_interactive,
    "template": _check_template,
    "contacts": _check_contacts,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), _check_file),
}
