"""What a message says, by type: `text` in somebody's own words, `body` the rest, as data without a language."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from wptui.cloudapi.envelope import Invalid, Malformed, clean, decode, ident, line, mapping, prose, rows, whole
from wptui.cloudapi.templates import fill_template
from wptui.model.events import Media, Problem, Referral

MEDIA_HOST = "lookaside.fbsbx.com"
"""The one host media may be fetched from with the access token."""
MEDIA_KINDS = frozenset({"image", "video", "audio", "document", "sticker"})
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LINE = 1024
_KEPT_INNER = 65_536  # a form's answer longer than this stays text


class Content(NamedTuple):
    """Of one message: what to show and search, the rest as data, and the file."""

    text: str = ""
    body: dict[str, Any] = {}
    media: Media | None = None


def read_content(kind: str, message: dict[str, Any]) -> Content:
    """The content of `message`, whose type is `kind`. Raises Invalid if the type's own object is missing or no object.

    A type this build does not know comes as text "[type]" with its object in `body`.
    """
    reader = _READERS.get(kind)
    if reader is None:
        content = message.get(kind)
        body = clean(content) if isinstance(content, dict) else {} if content is None else {"value": clean(content)}
        return Content(f"[{kind}]", body)
    if kind not in message and message.get("errors"):
        return Content()  # the type is known and Meta says why its content is not
    return reader(message.get(kind), message)


# ── texts and files ──────────────────────────────────────────────────────────────────────────────────────


def _object(value: Any, kind: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(f"{kind} is no object")
    return value


def _text(value: Any, _message: dict[str, Any]) -> Content:
    body = _object(value, "text").get("body")
    if not isinstance(body, str):
        raise Invalid("text without a body")
    return Content(prose(body))


def _media(kind: str) -> Callable[[Any, dict[str, Any]], Content]:
    def read(value: Any, _message: dict[str, Any]) -> Content:
        content = _object(value, kind)
        media, refused = read_media(content)
        return Content(prose(content.get("caption")), {"refused": refused} if refused else {}, media)

    return read


def read_media(content: dict[str, Any]) -> tuple[Media, str]:
    """The file, and why it must not be fetched: "id" or "url" (a foreign address beside it), or "".

    A refused file has neither id nor url. The url is kept only where it leads to `MEDIA_HOST`; one on loopback
    (a sandbox) is dropped, and the id is asked for a fresh one.
    """
    media_id, url = ident(content.get("id")), content.get("url")
    refused = ""
    if not _MEDIA_ID.fullmatch(media_id):
        refused = "id"
    elif isinstance(url, str) and url and not is_media_url(url):
        if not _is_loopback(url):
            refused = "url"
        url = ""
    media = Media(
        id="" if refused else media_id,
        mime=line(content.get("mime_type"), 128).lower(),
        sha256=line(content.get("sha256"), 128),
        size=max(0, min(whole(content.get("file_size")) or 0, 2**40)),
        filename=line(content.get("filename"), 255),
        voice=content.get("voice") is True,
        animated=content.get("animated") is True,
        url=url if isinstance(url, str) and not refused else "",
    )
    return media, refused


def is_media_url(url: str) -> bool:
    """Whether the access token may go to `url`: https, exactly `MEDIA_HOST`, no port, no user, nothing odd in it."""
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.netloc == MEDIA_HOST


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False


# ── places, cards, carts ─────────────────────────────────────────────────────────────────────────────────


def _location(value: Any, _message: dict[str, Any]) -> Content:
    place = _object(value, "location")
    body: dict[str, Any] = {}
    for name in ("latitude", "longitude"):
        if (degrees := _decimal(place.get(name))) is not None:
            body[name] = float(degrees)
    body |= {name: text for name in ("name", "address", "url") if (text := line(place.get(name), _LINE))}
    if not body:
        raise Invalid("location without a place")
    return Content("", body)


def _contacts(value: Any, _message: dict[str, Any]) -> Content:
    cards = rows(value)
    if not cards:
        raise Invalid("contacts without a card")
    return Content("", {"cards": [_card(card) for card in cards]})


def _card(card: dict[str, Any]) -> dict[str, Any]:
    """One card: name, phones [{phone, wa_id, type}], emails, addresses, urls, company, birthday, origin, vcard."""
    name, company = mapping(card.get("name")), mapping(card.get("org"))
    full = line(name.get("formatted_name"), _LINE) or " ".join(
        part for key in ("first_name", "middle_name", "last_name") if (part := line(name.get(key), _LINE))
    )
    read: dict[str, Any] = {
        "name": full,
        "phones": [
            {key: text for key in ("phone", "wa_id", "type") if (text := line(phone.get(key), 64))}
            for phone in rows(card.get("phones"))
        ],
        "emails": [text for each in rows(card.get("emails")) if (text := line(each.get("email"), _LINE))],
        "urls": [text for each in rows(card.get("urls")) if (text := line(each.get("url"), _LINE))],
        "addresses": [
            ", ".join(
                text for key in ("street", "zip", "city", "state", "country") if (text := line(each.get(key), 256))
            )
            for each in rows(card.get("addresses"))
        ],
        "company": ", ".join(
            text for key in ("company", "department", "title") if (text := line(company.get(key), 256))
        ),
        "birthday": line(card.get("birthday"), 32),
        "origin": line(card.get("origin"), 32),
        "vcard": prose(card.get("vcard")),
    }
    return {key: value for key, value in read.items() if value}


def proved_phone(message: dict[str, Any]) -> str:
    """The sender's own number ("+…") where a card came because they were asked for it (`contact_request`)."""
    for card in rows(message.get("contacts")):
        if card.get("origin") != "contact_request":
            continue
        for phone in rows(card.get("phones")):
            number = "".join(
                char for char in ident(phone.get("wa_id")) or ident(phone.get("phone")) if char in "0123456789"
            )
            if 5 <= len(number) <= 15:
                return "+" + number
    return ""


def _order(value: Any, _message: dict[str, Any]) -> Content:
    order = _object(value, "order")
    items: list[dict[str, str]] = []
    totals: dict[str, Decimal] = {}
    whole_sums = True
    for product in rows(order.get("product_items")):
        quantity, price = _decimal(product.get("quantity")), _decimal(product.get("item_price"))
        currency = line(product.get("currency"), 8)
        items.append(
            {
                "product": line(product.get("product_retailer_id"), 256),
                "quantity": _plain(quantity) if quantity is not None else line(product.get("quantity"), 64),
                "price": _plain(price) if price is not None else line(product.get("item_price"), 64),
                "currency": currency,
            }
        )
        if quantity is None or price is None:
            whole_sums = False
        else:
            totals[currency] = totals.get(currency, Decimal(0)) + quantity * price
    body: dict[str, Any] = {"catalog": line(order.get("catalog_id"), 128), "items": items}
    if whole_sums and totals:  # a sum that leaves a line out would mislead
        body["totals"] = {currency: _plain(total) for currency, total in totals.items()}
    return Content(prose(order.get("text")), body)


def _decimal(value: Any) -> Decimal | None:
    """A number given as number or text, if it is of a sane size."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except (InvalidOperation, ValueError):
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -12 or number.adjusted() > 15:
        return None
    return number


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# ── answers to what we asked ─────────────────────────────────────────────────────────────────────────────


def _button(value: Any, _message: dict[str, Any]) -> Content:
    button = _object(value, "button")
    return Content(prose(button.get("text")), {"payload": prose(button.get("payload"))})


def _interactive(value: Any, _message: dict[str, Any]) -> Content:
    content = _object(value, "interactive")
    subtype = line(content.get("type"), 64)
    if not subtype:
        raise Invalid("interactive without a type")
    reply = mapping(content.get(subtype))
    body: dict[str, Any] = {"subtype": subtype}
    if subtype in ("button_reply", "list_reply"):
        body |= {key: text for key in ("id", "title", "description") if (text := line(reply.get(key), _LINE))}
        return Content(prose(reply.get("title")), body)
    if subtype == "nfm_reply":
        raw = prose(reply.get("response_json"))
        body |= {"title": line(reply.get("name"), 256), "response_json": raw, "response": _inner(raw)}
        return Content(prose(reply.get("body")), {key: part for key, part in body.items() if part is not None})
    if subtype == "call_permission_reply":
        body |= {
            "response": line(reply.get("response"), 64),
            "permanent": reply.get("is_permanent") is True,
            "source": line(reply.get("response_source"), 64),
        }
        if (expires := whole(reply.get("expiration_timestamp"))) is not None and expires < 2**53:
            body["expires"] = expires
        return Content("", body)
    if isinstance(asked := mapping(content.get("body")).get("text"), str):  # what we sent, echoed
        action = mapping(content.get("action"))
        titles = [line(mapping(each.get("reply")).get("title"), 64) for each in rows(action.get("buttons"))]
        return Content(prose(asked), body | {"buttons": [title for title in titles if title]})
    return Content(f"[interactive: {subtype}]", body | {"response": clean(reply)})


def _inner(text: str) -> Any:
    """The JSON inside a form's answer; None if it is not JSON."""
    if len(text) > _KEPT_INNER:
        return None
    try:
        return clean(decode(text.encode("utf-8")))
    except Malformed:
        return None


def _template(value: Any, message: dict[str, Any]) -> Content:
    template = _object(value, "template")
    language = template.get("language")
    code = language.get("code") if isinstance(language, dict) else language
    body = {"name": line(template.get("name"), 512), "language": line(code, 16)}
    definition = mapping(message.get("definition"))
    filled = fill_template(rows(definition.get("components")), rows(template.get("components")))
    return Content(prose(filled), body)


def _unsupported(value: Any, _message: dict[str, Any]) -> Content:
    kind = line(mapping(value).get("type"), 64)
    return Content("", {"type": kind} if kind else {})


def _system(value: Any, _message: dict[str, Any]) -> Content:
    content = mapping(value)
    return Content(prose(content.get("body")), {"type": line(content.get("type"), 64)})


def _nothing(_value: Any, _message: dict[str, Any]) -> Content:
    return Content()


_READERS: dict[str, Callable[[Any, dict[str, Any]], Content]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "button": _button,
    "interactive": _interactive,
    "template": _template,
    "unsupported": _unsupported,
    "system": _system,
    "request_welcome": _nothing,
    "media_placeholder": _nothing,
    **{kind: _media(kind) for kind in sorted(MEDIA_KINDS)},
}


# ── what can ride on any type ────────────────────────────────────────────────────────────────────────────


def read_problems(errors: Any) -> list[Problem]:
    """Meta's errors, in its order."""
    return [
        Problem(
            code=_code(error.get("code")),
            title=line(error.get("title") or error.get("message"), 512),
            details=line(mapping(error.get("error_data")).get("details"), _LINE),
        )
        for error in rows(errors)
    ]


def _code(value: Any) -> int:
    code = whole(value)
    return code if code is not None and abs(code) < 2**53 else 0


def read_referral(value: Any) -> Referral | None:
    """The ad or post a message came from."""
    if not isinstance(value, dict) or not value:
        return None
    return Referral(
        source_id=ident(value.get("source_id")),
        source_type=line(value.get("source_type"), 32).lower(),
        source_url=line(value.get("source_url"), 2048),
        headline=line(value.get("headline"), _LINE),
        body=line(value.get("body"), _LINE),
        ctwa_clid=ident(value.get("ctwa_clid")),
    )


# One user-perceived character: a flag, a keycap, or a base with its marks and, joined by ZWJ, further bases.
_EXTENDERS = (
    r"[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u093c\u094d\u200c\u20d0-\u20ff"
    r"\ufe00-\ufe0f\ufe20-\ufe2f\U0001f3fb-\U0001f3ff]"
)
_CLUSTER = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{1,6}\U000e007f"
    rf"|\S{_EXTENDERS}{{0,8}}(?:\u200d\S{_EXTENDERS}{{0,8}}){{0,9}}"
)


def first_cluster(text: str) -> str:
    """The first user-perceived character of `text`: what is left of a reaction that is no emoji. "" for nothing."""
    found = _CLUSTER.search(text)
    return found.group() if found else ""
