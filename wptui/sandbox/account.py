"""What the Graph API tells about the account: nodes with chosen fields, numbers, templates, subscriptions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from wptui.sandbox.errors import GraphError, Json
from wptui.sandbox.webhooks import Webhooks
from wptui.sandbox.world import Number, World

SUBSCRIBED_FIELDS = [
    "messages",
    "message_template_status_update",
    "account_update",
    "phone_number_quality_update",
]
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]
_NUMBER_DEFAULTS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
)
_TEMPLATE_DEFAULTS = ("name", "parameter_format", "components", "language", "status", "category", "id")
_PAGE = 25
_PAGE_MAX = 250


class Account:
    """Answers about the WhatsApp Business Account, its numbers, templates and the app."""

    def __init__(self, world: World, webhooks: Webhooks) -> None:
        self.world = world
        self.webhooks = webhooks
        self.fields = list(SUBSCRIBED_FIELDS)
        """The webhook fields ticked in the app's dashboard."""
        self.token_valid = True
        """False: ``debug_token`` says the token has expired."""

    def node(self, node_id: str, fields: str | None) -> Json | None:
        """``GET /{node}?fields=``; None if the id is none of the account's.

        Raises `GraphError` 100 for a field the node has not.
        """
        if node_id in self.world.numbers:
            return _select(
                self._number(self.world.numbers[node_id]),
                fields,
                _NUMBER_DEFAULTS,
                "WhatsAppBusinessPhoneNumber",
            )
        if node_id == self.world.waba_id:
            return _select(self._waba(), fields, ("id", "name", "currency", "timezone_id"), "WhatsAppBusinessAccount")
        if node_id in (self.world.app_id, "app"):
            return _select(self._app(), fields, ("category", "link", "name", "id"), "Application")
        if node_id == "me":
            return _select({"id": "600000000000001", "name": "relay"}, fields, ("name", "id"), "User")
        return None

    def _number(self, number: Number) -> Json:
        return {
            "id": number.id,
            "display_phone_number": number.display,
            "verified_name": number.name,
            "quality_rating": number.quality,
            "code_verification_status": "VERIFIED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
            "name_status": "APPROVED",
            "status": "CONNECTED",
            "account_mode": "LIVE",
            "whatsapp_business_manager_messaging_limit": "TIER_2K",
            "is_official_business_account": False,
        }

    def _waba(self) -> Json:
        return {
            "id": self.world.waba_id,
            "name": "Kahve Dükkânı",
            "currency": "TRY",
            "timezone_id": "154",
            "account_review_status": "APPROVED",
            "business_verification_status": "verified",
            "country": "TR",
            "message_template_namespace": "00000000_0000_0000_0000_000000000777",
        }

    def _app(self) -> Json:
        return {
            "id": self.world.app_id,
            "name": self.world.app_name,
            "category": "Business and pages",
            "link": f"https://www.facebook.com/games/?app_id={self.world.app_id}",
        }

    def phone_numbers(self, fields: str | None) -> Json:
        """``GET /{waba}/phone_numbers``."""
        kind = "WhatsAppBusinessPhoneNumber"
        data = [_select(self._number(n), fields, _NUMBER_DEFAULTS, kind) for n in self.world.numbers.values()]
        return {"data": data, "paging": {"cursors": {"before": _cursor(0), "after": _cursor(len(data))}}}

    def templates(self, templates: list[Json], query: Mapping[str, str], here: str) -> Json:
        """``GET /{waba}/message_templates``: filtered, a page at a time."""
        wanted = [
            template
            for template in templates
            if all(template[key] == query[key] for key in ("name", "language", "status", "category") if key in query)
        ]
        limit = query.get("limit", str(_PAGE))
        if not limit.isdigit() or not 1 <= int(limit) <= _PAGE_MAX:
            raise GraphError(100, f"Param limit must be between 1 and {_PAGE_MAX}")
        start = _position(query.get("after"))
        end = min(start + int(limit), len(wanted))
        fields = query.get("fields")
        page = [_select(t, fields, _TEMPLATE_DEFAULTS, "WhatsAppMessageTemplate") for t in wanted[start:end]]
        paging: Json = {"cursors": {"before": _cursor(start), "after": _cursor(end)}}
        if end < len(wanted):
            paging["next"] = f"{here}?limit={limit}&after={_cursor(end)}" + (f"&fields={fields}" if fields else "")
        return {"data": page, "paging": paging} if page else {"data": []}

    def subscribed_apps(self) -> Json:
        """``GET /{waba}/subscribed_apps``: the app, or nothing while unsubscribed."""
        app = self._app()
        api = {
            "whatsapp_business_api_data": {
                "category": app["category"],
                "link": app["link"],
                "name": app["name"],
                "id": app["id"],
            }
        }
        return {"data": [api] if self.webhooks.subscribed else []}

    def subscriptions(self) -> Json:
        """``GET /{app}/subscriptions``: where webhooks go, and the ticked fields."""
        if self.webhooks.url is None:
            return {"data": []}
        fields = [{"name": name, "version": "v25.0"} for name in self.fields]
        kind = "whatsapp_business_account"
        return {"data": [{"object": kind, "callback_url": self.webhooks.url, "active": True, "fields": fields}]}

    def debug_token(self, *, valid: bool) -> Json:
        """``GET /debug_token``: a system user's token that never expires, or one that is not valid."""
        if not valid or not self.token_valid:
            error = {
                "code": 190,
                "message": "Error validating access token: Session has expired.",
                "subcode": 463,
            }
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        targets = [self.world.waba_id]
        return {
            "data": {
                "app_id": self.world.app_id,
                "type": "SYSTEM_USER",
                "application": self.world.app_name,
                "data_access_expires_at": 0,
                "expires_at": 0,
                "is_valid": True,
                "issued_at": 1795262400,
                "scopes": SCOPES,
                "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in SCOPES],
                "user_id": "600000000000001",
            }
        }


def _select(shape: Json, fields: str | None, defaults: tuple[str, ...], kind: str) -> Json:
    names = [name.strip() for name in fields.split(",") if name.strip()] if fields else list(defaults)
    for name in names:
        if name not in shape:
            raise GraphError(100, f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    return {name: shape[name] for name in dict.fromkeys([*names, "id"])}


def _cursor(index: int) -> str:
    return base64.urlsafe_b64encode(f"at:{index}".encode("ascii")).decode("ascii").rstrip("=")


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").removeprefix("at:"))
    except (binascii.Error, ValueError) as error:
        raise GraphError(100, "Param after is not a cursor") from error
