"""What a message carries beside its words: files, places, cards, carts, answers to buttons and forms."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from wptui.i18n import _, format_date, format_decimal, ngettext
from wptui.store.thread import ThreadRow
from wptui.widgets.render.cells import Line, clip
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.status import reason
from wptui.widgets.render.words import kind_word, local, size

_MEDIA = ("image", "video", "audio", "document", "sticker")
_UNSUPPORTED = 131051
"""Meta's code for a type the API does not carry: its words say less than ours."""
_MOST = 40
"""Lines of one list (a cart, a form, cards): what is longer stands in the raw story."""


def attachment(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """The lines that stand above a message's text; none for plain text."""
    lines: list[Line] = []
    if row.kind in _MEDIA or row.media:
        lines += media(row, context)
    reader = _READERS.get(row.kind)
    if reader is not None:
        lines += reader(row, context)
    if len(lines) > _MOST:
        more = len(lines) - _MOST
        lines[_MOST:] = [[(ngettext("{n} more line", "{n} more lines", more).format(n=more), "thread-tag")]]
    return lines


def media(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """A file: what it is, its size, and what can be done, or why nothing can."""
    about = row.media or {}
    kind = "voice" if row.kind == "audio" and about.get("voice") else row.kind
    glyph = context.glyphs.named(kind, context.glyphs.document)
    words = [kind_word(kind)]
    if name := _text(about.get("filename")):
        words = [name]
    if seconds := _whole(about.get("duration")):
        words.append(f"{seconds // 60}:{seconds % 60:02}")
    if count := _whole(about.get("size")):
        words.append(size(count))
    line: Line = [(f"{glyph} {' '.join(words)}", "thread-media")]
    refused = _text(row.body.get("refused"))
    trouble = _text(about.get("reason"))
    dot = f"  {context.glyphs.dot} "
    if row.media_state == "stored":
        line += [("   ", "text"), (context.keys["open"], "key"), (" " + _("to open"), "thread-hint")]
    elif row.media_state == "lost":
        line.append((dot + _("lost: {reason}").format(reason=trouble or _("Meta no longer has it")), "error"))
    elif refused:
        line.append((dot + _("not fetched: it does not come from Meta"), "warning"))
    elif row.media_state == "wanted":
        text = (
            _("loading, last try: {reason}").format(reason=trouble)
            if trouble
            else _("loading") + context.glyphs.ellipsis
        )
        line.append((dot + text, "thread-hint"))
    elif row.source == "history":
        line.append((dot + _("not brought along by the import"), "thread-hint"))
    return [line]


def _location(row: ThreadRow, context: ThreadContext) -> list[Line]:
    place = row.body
    words = ", ".join(text for key in ("name", "address") if (text := _text(place.get(key))))
    lines: list[Line] = [[(f"{context.glyphs.location} {words or kind_word('location')}", "thread-media")]]
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        lines.append([(f"https://maps.google.com/?q={latitude:.6f},{longitude:.6f}", "md-link")])
    if url := _text(place.get("url")):
        lines.append([(url, "md-link")])
    return lines


def _contacts(row: ThreadRow, context: ThreadContext) -> list[Line]:
    lines: list[Line] = []
    for card in _dicts(row.body.get("cards")):
        name = _text(card.get("name")) or kind_word("contacts")
        company = _text(card.get("company"))
        lines.append([(f"{context.glyphs.contacts} {name}{f' ({company})' if company else ''}", "thread-media")])
        for phone in _dicts(card.get("phones")):
            number = _text(phone.get("phone")) or _text(phone.get("wa_id"))
            if number:
                label = _text(phone.get("type")).lower()
                lines.append([(f"  {number}{f' {label}' if label else ''}", "thread-in")])
        for key in ("emails", "urls", "addresses"):
            values = card.get(key)
            for value in values if isinstance(values, list) else []:
                lines.append([(f"  {_text(value)}", "thread-in")])
        if _text(card.get("origin")) == "contact_request":
            lines.append([("  " + _("their own number, sent on request"), "thread-tag")])
    return lines


def _order(row: ThreadRow, context: ThreadContext) -> list[Line]:
    items = _dicts(row.body.get("items"))
    lines: list[Line] = [[(f"{context.glyphs.order} {kind_word('order')}", "thread-media")]]
    for item in items:
        price = _money(item.get("price"), item.get("currency"))
        lines.append(
            [
                (f"  {_text(item.get('quantity'))} {context.glyphs.times} {_text(item.get('product'))}", "thread-in"),
                (f"  {price}" if price else "", "thread-time"),
            ]
        )
    totals = row.body.get("totals")
    if isinstance(totals, dict):
        # One sum a currency: adding lira to euro would be a lie.
        for currency, total in totals.items():
            lines.append([(f"  {_('total')} {_money(total, currency)}", "thread-media md-bold")])
    elif items:
        lines.append([("  " + _("no total: a price or quantity is missing"), "warning")])
    return lines


def _answer(row: ThreadRow, context: ThreadContext) -> list[Line]:
    kind = _text(row.body.get("subtype"))
    if kind == "list_reply" and (more := _text(row.body.get("description"))):
        return [[(f"{context.glyphs.choice} {_('chosen from the list')}: ", "thread-tag"), (more, "thread-tag")]]
    if kind in ("button_reply", "list_reply") or row.kind == "button":
        return [[(f"{context.glyphs.choice} {_('pressed the button')}", "thread-tag")]]
    if kind == "nfm_reply":
        title = _text(row.body.get("title"))
        lines: list[Line] = [[(f"{context.glyphs.choice} {_('form')}{f': {title}' if title else ''}", "thread-media")]]
        answer = row.body.get("response")
        if isinstance(answer, dict):
            for key, value in answer.items():
                if key != "flow_token":
                    shown = value if isinstance(value, str) else _text(value)
                    lines.append([(f"  {key}: ", "thread-time"), (shown, "thread-in")])
        elif raw := _text(row.body.get("response_json")):
            lines.append([(f"  {clip(raw, 200)}", "thread-in")])
        return lines
    if kind == "call_permission_reply":
        said = {"accept": _("may be called"), "reject": _("does not want to be called")}
        response = _text(row.body.get("response"))
        text = f"{context.glyphs.call} {said.get(response, response)}"
        if until := _whole(row.body.get("expires")):
            text += " " + _("until {date}").format(date=format_date(local(until, context.zone)))
        return [[(text, "thread-media")]]
    if buttons := row.body.get("buttons"):
        texts = [_text(button) for button in buttons] if isinstance(buttons, list) else []
        return [[(f"[{text}] ", "thread-tag") for text in texts]]
    return []


def _template(row: ThreadRow, context: ThreadContext) -> list[Line]:
    named = row.body
    content = row.body.get("content")
    if not named.get("name") and isinstance(content, dict) and isinstance(content.get("template"), dict):
        named = content["template"]
    language = named.get("language")
    code = language.get("code") if isinstance(language, dict) else language
    words = " ".join(
        part for part in (_("template"), _text(named.get("name")), f"({_text(code)})" if code else "") if part
    )
    return [[(words, "thread-tag")]]


def _unsupported(row: ThreadRow, context: ThreadContext) -> list[Line]:
    kind = _text(row.body.get("type"))
    if kind.startswith("poll"):
        text = _("a poll, which Meta does not pass on: ask for the answer as text")
    elif kind == "edit":
        text = _("edited on the phone; the text here may be old")
    elif row.error_code is not None and row.error_code != _UNSUPPORTED:
        text = reason(row.error_code, row.error_text)
    else:
        text = _("Meta does not pass this kind of message on: ask for it as text or photo")
        if kind and kind != "unknown":
            text = f"[{kind}] {text}"
    return [[(text, "warning")]]


def _placeholder(row: ThreadRow, context: ThreadContext) -> list[Line]:
    return [] if row.media else [[(kind_word("media_placeholder"), "thread-tag")]]


_READERS: dict[str, Callable[[ThreadRow, ThreadContext], list[Line]]] = {
    "location": _location,
    "contacts": _contacts,
    "order": _order,
    "interactive": _answer,
    "button": _answer,
    "template": _template,
    "unsupported": _unsupported,
    "media_placeholder": _placeholder,
}


def _text(value: Any) -> str:
    """A value of the body on one line; what is no text as its plain form."""
    if isinstance(value, str):
        return " ".join(value.split())
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    return str(value)


def _money(amount: Any, currency: Any) -> str:
    """A price with its currency's code: 349.90 TRY. Whole amounts stay whole; nothing is rounded."""
    written, code = _text(amount), _text(currency)
    try:
        number = Decimal(written)
    except InvalidOperation:
        return f"{written} {code}".strip()
    places = -int(number.as_tuple().exponent) if number != number.to_integral_value() else 0
    shown = format_decimal(cast(float, number), max(2, places) if places else 0)
    return f"{shown} {code}".strip()


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e15 else 0


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
