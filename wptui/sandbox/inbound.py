"""What customers write, from a few words to the whole message object.

One vocabulary serves scripts, ``POST /sandbox/say`` and tests: a *what* is JSON with a ``type`` and the
fields listed at `TYPES`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from wptui.sandbox.errors import Json
from wptui.sandbox.media import Media
from wptui.sandbox.shapes import message_update
from wptui.sandbox.webhooks import Webhooks
from wptui.sandbox.world import Customer, World

UNSUPPORTED_ERROR: Json = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


class CannotSay(ValueError):
    """A *what* that no message can be made of; the text says why."""


class Inbound:
    """Makes customers' messages and hands them to the webhooks."""

    def __init__(self, world: World, media: Media, webhooks: Webhooks) -> None:
        self.world = world
        self.media = media
        self.webhooks = webhooks
        self.count = 0

    async def say(self, customer: Customer, what: Json) -> str:
        """*customer* writes *what*; returns the message's wamid. Raises `CannotSay`.

        Besides the type's own fields: ``number`` (phone_number_id, default the customer's), ``at`` (Unix
        seconds, default now), ``quote`` (a wamid, or "last": the business's last message), ``forwarded``,
        ``referral`` (an object, or true: a made-up ad).
        """
        message, number = self._compose(customer, what)
        if number in customer.blocked:
            raise CannotSay(f"{customer.name} is blocked on this number")
        wamid: str = message["id"]
        if message["type"] not in ("system", "reaction", "edit", "revoke"):
            customer.written.append((wamid, message["type"]))
        self.count += 1
        await self.webhooks.put(message_update(self.world.numbers[number], customer, message))
        return wamid

    def _compose(self, customer: Customer, what: Json) -> tuple[Json, str]:
        kind = what.get("type", "text")
        make = TYPES.get(kind)
        if make is None:
            raise CannotSay(f"unknown type {kind!r}; there are: {', '.join(TYPES)}")
        number = str(what.get("number") or customer.number)
        if number not in self.world.numbers:
            raise CannotSay(f"unknown number {number!r}; there are: {', '.join(self.world.numbers)}")
        at = what.get("at")
        if at is None:
            at = self.world.now()
        head: Json = {}
        context = self._context(customer, what, number)
        if context:
            head["context"] = context
        referral = what.get("referral")
        if referral:
            head["referral"] = referral if isinstance(referral, dict) else self._ad(customer)
            customer.entry_at[number] = float(at)
        # Identity as it was when the message was written: a system message below may change it.
        if customer.wa_id and kind != "new_user_id":
            head["from"] = customer.wa_id
        if not (customer.wa_id and kind == "new_number"):
            head["from_user_id"] = customer.user_id
        try:
            content = make(self, customer, what)
        except (KeyError, TypeError) as error:
            raise CannotSay(f"{kind}: {error!r} is missing or wrong") from error
        head["id"] = self.world.inbound_wamid(customer)
        head["timestamp"] = str(int(at))
        if content["type"] not in ("system", "edit", "revoke"):
            customer.inbound_at[number] = max(customer.inbound_at.get(number, 0.0), float(at))
        return head | content, number

    def _context(self, customer: Customer, what: Json, number: str) -> Json:
        context: Json = {}
        quote = what.get("quote")
        if quote:
            context["from"] = self.world.numbers[number].digits
            context["id"] = self.last_received(customer) if quote == "last" else str(quote)
        for key in ("forwarded", "frequently_forwarded", "referred_product"):
            if what.get(key):
                context[key] = what[key]
        if what.get("type") in ("button_reply", "list_reply", "button", "flow") and "id" not in context:
            target = customer.received[-1][0] if customer.received else None
            if target:
                context["from"] = self.world.numbers[number].digits
                context["id"] = target
        return context

    def _ad(self, customer: Customer) -> Json:
        clid = base64.urlsafe_b64encode(self.world.token(f"ctwa/{customer.key}", 24)).decode("ascii")
        turkish = customer.lang == "tr"
        return {
            "source_url": "https://fb.me/1aBcDeF",
            "source_id": "120200000000000001",
            "source_type": "ad",
            "headline": "Taze kavrulmuş kahve" if turkish else "Freshly roasted coffee",
            "body": "Bugün kargo bedava" if turkish else "Free delivery today",
            "media_type": "image",
            "image_url": "https://scontent.example.com/ad1.jpg",
            "ctwa_clid": "AR" + clid,
        }

    @staticmethod
    def last_received(customer: Customer) -> str:
        """The wamid of the last message *customer* got. Raises `CannotSay` if there was none."""
        if not customer.received:
            raise CannotSay(f"{customer.key} has received nothing yet")
        return customer.received[-1][0]

    @staticmethod
    def last_written(customer: Customer) -> str:
        """The wamid of the last message *customer* wrote. Raises `CannotSay` if there was none."""
        if not customer.written:
            raise CannotSay(f"{customer.key} has written nothing yet")
        return customer.written[-1][0]

    # -- the types; each returns {"type": …, <type>: …}

    def _text(self, customer: Customer, what: Json) -> Json:
        return {"type": "text", "text": {"body": what["text"]}}

    def _file(self, kind: str, customer: Customer, what: Json) -> Json:
        if what.get("data") is not None:
            mime_type, data = str(what["mime_type"]), base64.b64decode(what["data"])
        else:
            variant = int(what.get("variant", len(customer.written) + len(customer.key)))
            try:
                mime_type, data = self.media.sample(kind, variant)
            except ValueError as error:
                raise CannotSay(str(error)) from error
        shape = self.media.shape(self.media.inbound(mime_type, data))
        for key in ("caption", "filename"):
            if what.get(key):
                shape[key] = what[key]
        return {"type": kind, kind: shape}

    def _image(self, customer: Customer, what: Json) -> Json:
        return self._file("image", customer, what)

    def _video(self, customer: Customer, what: Json) -> Json:
        return self._file("video", customer, what)

    def _audio(self, customer: Customer, what: Json) -> Json:
        content = self._file("audio", customer, what)
        content["audio"]["voice"] = False
        return content

    def _voice(self, customer: Customer, what: Json) -> Json:
        content = self._file("audio", customer, what)
        content["audio"]["voice"] = True
        return content

    def _document(self, customer: Customer, what: Json) -> Json:
        return self._file("document", customer, {"filename": "fatura.pdf"} | what)

    def _sticker(self, customer: Customer, what: Json) -> Json:
        content = self._file("sticker", customer, what)
        content["sticker"]["animated"] = bool(what.get("animated", False))
        return content

    def _location(self, customer: Customer, what: Json) -> Json:
        shape: Json = {
            "latitude": what.get("latitude", 40.9876543),
            "longitude": what.get("longitude", 29.0286),
        }
        shape |= {key: what[key] for key in ("name", "address", "url") if what.get(key)}
        return {"type": "location", "location": shape}

    def _contacts(self, customer: Customer, what: Json) -> Json:
        phone = str(what.get("phone", "+90 555 000 00 90"))
        first, _, last = str(what["name"]).partition(" ")
        name = {"first_name": first, "formatted_name": what["name"]} | ({"last_name": last} if last else {})
        digits = "".join(c for c in phone if c.isdigit())
        return {
            "type": "contacts",
            "contacts": [{"name": name, "phones": [{"phone": phone, "type": "CELL", "wa_id": digits}]}],
        }

    def _order(self, customer: Customer, what: Json) -> Json:
        items = [
            {
                "product_retailer_id": item["id"],
                "quantity": item.get("quantity", 1),
                "item_price": item["price"],
                "currency": item.get("currency", "TRY"),
            }
            for item in what["items"]
        ]
        shape: Json = {"catalog_id": "500000000000321", "product_items": items}
        if what.get("text"):
            shape["text"] = what["text"]
        return {"type": "order", "order": shape}

    def _interactive(self, form: str, reply: Json) -> Json:
        return {"type": "interactive", "interactive": {"type": form, form: reply}}

    def _button_reply(self, customer: Customer, what: Json) -> Json:
        return self._interactive("button_reply", {"id": what["id"], "title": what["title"]})

    def _list_reply(self, customer: Customer, what: Json) -> Json:
        reply = {key: what[key] for key in ("id", "title")}
        reply |= {"description": what["description"]} if what.get("description") else {}
        return self._interactive("list_reply", reply)

    def _flow(self, customer: Customer, what: Json) -> Json:
        answer = json.dumps(what["response"], ensure_ascii=False)
        return self._interactive("nfm_reply", {"name": "flow", "body": "Sent", "response_json": answer})

    def _button(self, customer: Customer, what: Json) -> Json:
        return {
            "type": "button",
            "button": {"payload": what.get("payload", what["text"]), "text": what["text"]},
        }

    def _reaction(self, customer: Customer, what: Json) -> Json:
        shape: Json = {"message_id": what.get("message_id") or self.last_received(customer)}
        if what.get("emoji"):  # without: the reaction is taken back
            shape["emoji"] = what["emoji"]
        return {"type": "reaction", "reaction": shape}

    def _edit(self, customer: Customer, what: Json) -> Json:
        if not what.get("documented", False):
            return self._unsupported(customer, {"kind": "edit"})
        original = what.get("message_id") or self.last_written(customer)
        edited = {"type": "text", "text": {"body": what["text"]}}
        return {"type": "edit", "edit": {"original_message_id": original, "message": edited}}

    def _revoke(self, customer: Customer, what: Json) -> Json:
        original = what.get("message_id") or self.last_written(customer)
        return {"type": "revoke", "revoke": {"original_message_id": original}}

    def _unsupported(self, customer: Customer, what: Json) -> Json:
        kind = what.get("kind", "poll_creation")
        return {"type": "unsupported", "unsupported": {"type": kind}, "errors": [dict(UNSUPPORTED_ERROR)]}

    def _welcome(self, customer: Customer, what: Json) -> Json:
        return {"type": "request_welcome"}

    def _new_number(self, customer: Customer, what: Json) -> Json:
        old, before = customer.user_id, customer.wa_id or customer.user_id
        phone = "".join(c for c in str(what["phone"]) if c.isdigit())
        self.world.change_identity(customer, user_id=self._new_user_id(customer), wa_id=phone)
        return self._system(
            "user_changed_number",
            f"User {customer.name} changed from {before} to {phone}",
            {"wa_id": phone, "user_id": customer.user_id, "previous_user_id": old},
        )

    def _new_id(self, customer: Customer, what: Json) -> Json:
        old = customer.user_id
        self.world.change_identity(customer, user_id=self._new_user_id(customer))
        return self._system(
            "user_changed_user_id",
            f"User {customer.name} changed from {old} to {customer.user_id}",
            {"user_id": customer.user_id, "previous_user_id": old},
        )

    def _new_user_id(self, customer: Customer) -> str:
        country = customer.user_id.partition(".")[0]
        return f"{country}.{self.world.digits(f'bsuid/{customer.key}/{customer.writes}', 17)}"

    @staticmethod
    def _system(kind: str, body: str, ids: Json) -> Json:
        return {"type": "system", "system": {"body": body, **ids, "type": kind}}


TYPES: dict[str, Callable[[Inbound, Customer, Json], Any]] = {
    "text": Inbound._text,  # text
    "image": Inbound._image,  # caption?, data? (base64) with mime_type
    "video": Inbound._video,  # data, mime_type, caption?
    "audio": Inbound._audio,  # data?, mime_type?
    "voice": Inbound._voice,  # data?, mime_type?
    "document": Inbound._document,  # filename?, caption?, data?, mime_type?
    "sticker": Inbound._sticker,  # animated?, data?, mime_type?
    "location": Inbound._location,  # latitude?, longitude?, name?, address?, url?
    "contacts": Inbound._contacts,  # name, phone?
    "order": Inbound._order,  # items [{id, price, quantity?, currency?}], text?
    "button_reply": Inbound._button_reply,  # id, title
    "list_reply": Inbound._list_reply,  # id, title, description?
    "flow": Inbound._flow,  # response (an object)
    "button": Inbound._button,  # text, payload?
    "reaction": Inbound._reaction,  # emoji? (none: taken back), message_id? (default: the last received)
    "edit": Inbound._edit,  # documented? (the form of Meta's reference, with text and message_id?)
    "revoke": Inbound._revoke,  # message_id? (default: the last written)
    "unsupported": Inbound._unsupported,  # kind?
    "request_welcome": Inbound._welcome,
    "new_number": Inbound._new_number,  # phone
    "new_user_id": Inbound._new_id,
}
