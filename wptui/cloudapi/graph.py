"""The HTTP client of the Graph API. Thin: it sends what it is given and says what became of it.

How a call ends is told by `answers`; of a send, whether it may have gone out is told apart there.

The access token travels in a header only, to the API's own host and to Meta's media host; redirects are not
followed; no error message contains it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from wptui.cloudapi import blocklist, payloads
from wptui.cloudapi.answers import GraphRefused, GraphUnclear, GraphUnreachable, MediaRefused, read_answer
from wptui.cloudapi.content import is_media_url
from wptui.cloudapi.media import DOWNLOAD_LIMIT, bare, check_size, file_name, kind_of
from wptui.i18n import _
from wptui.model.errors import ConfigError
from wptui.model.text import safe_line

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "BASE_URL",
    "VERSION",
    "Accepted",
    "Downloaded",
    "GraphClient",
    "GraphRefused",
    "GraphUnclear",
    "GraphUnreachable",
    "MediaLink",
    "MediaRefused",
]

VERSION = "v25.0"
"""Pinned; supported by Meta until 29 July 2028."""
BASE_URL = "https://graph.facebook.com"

_TIMEOUT = httpx.Timeout(30, connect=10, pool=10)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NODE = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
_CHUNK = 256 * 1024
_PAGES = 200
_NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,name_status,quality_rating,throughput,"
    "whatsapp_business_manager_messaging_limit,code_verification_status"
)
_TEMPLATE_FIELDS = "id,name,language,status,category,quality_score,components,rejected_reason"

Json = dict[str, Any]


class Accepted(NamedTuple):
    """Meta took a message. Accepted is not delivered."""

    wamid: str
    wa_id: str = ""
    """The customer's number as WhatsApp knows it; may differ from the one dialled."""
    user_id: str = ""
    """Their business-scoped user id."""
    held: str = ""
    """`message_status` where Meta holds the message back (held_for_quality_assessment, paused)."""


class MediaLink(NamedTuple):
    """Where a customer's file can be fetched for five minutes."""

    url: str
    mime: str
    sha256: str
    """Hex."""
    size: int


class Downloaded(NamedTuple):
    """A file that has arrived."""

    size: int
    sha256: str
    """Hex."""
    mime: str
    """As the server names it; may be empty."""


class GraphClient:
    """One access token's view of the Graph API. Use as an async context manager, or call `close`.

    Raises ConfigError for a token that is no token and for an address that is neither https nor loopback.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        version: str = VERSION,
        timeout: httpx.Timeout | float = _TIMEOUT,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            parts = urlsplit(base_url)
            host = parts.hostname
        except ValueError:
            host = None
        loopback = host in _LOOPBACK
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
            raise ConfigError(_("The address of the Graph API must begin with https://."))
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigError(_("The access token is missing or is no token."))
        self._token = token
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._origin = None if base_url == BASE_URL else (parts.scheme, parts.netloc)
        # httpx logs whole addresses, which carry signatures of media links and tokens to be inspected.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._http = httpx.AsyncClient(
            timeout=timeout,
            transport=transport,
            follow_redirects=False,
            trust_env=not loopback,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=20),
        )

    async def __aenter__(self) -> GraphClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    # ── messages

    async def send_message(self, number: str, payload: Json) -> Accepted:
        """Send `payload` (`payloads.build`) from business number `number` (phone_number_id).

        Raises GraphRefused, GraphUnreachable (not sent) or GraphUnclear (perhaps sent).
        """
        answer = await self._call("POST", f"{_node(number)}/messages", json=payload)
        sent = _first(answer, "messages")
        wamid = sent.get("id")
        if not isinstance(wamid, str) or not wamid:
            raise GraphUnclear(_("Meta's answer to the message cannot be read."))
        contact = _first(answer, "contacts")
        state = str(sent.get("message_status") or "")
        return Accepted(
            safe_line(wamid),
            safe_line(str(contact.get("wa_id") or "")),
            safe_line(str(contact.get("user_id") or "")),
            "" if state == "accepted" else safe_line(state, 64),
        )

    async def mark_read(self, number: str, wamid: str) -> None:
        """Show the customer blue ticks up to `wamid`."""
        await self._call("POST", f"{_node(number)}/messages", json=payloads.reading(wamid))

    async def typing(self, number: str, wamid: str) -> None:
        """Show the customer "typing…" for up to 25 s, and blue ticks up to `wamid`."""
        await self._call("POST", f"{_node(number)}/messages", json=payloads.typing(wamid))

    # ── customers

    async def block_user(self, number: str, phone: str, blocked: bool) -> None:
        """Have `number` block the customer `phone` ("+" and digits), or no longer. Raises GraphRefused."""
        method = "POST" if blocked else "DELETE"
        response = await self._request(method, f"{_node(number)}/block_users", json=blocklist.request(phone))
        blocklist.check(response)
        read_answer(response, self._hidden)

    # ── media

    async def upload_media(self, number: str, path: Path, mime: str, *, animated: bool = False) -> str:
        """Upload a file and return its media id, good for 30 days.

        Raises PayloadError before anything is sent if Meta takes no such type or size.
        """
        kind = kind_of(mime)
        if kind is None:
            raise payloads.PayloadError(
                "file", _("WhatsApp does not take files of this type ({mime}).").format(mime=bare(mime))
            )
        check_size(kind, path.stat().st_size, animated=animated)
        with path.open("rb") as file:
            answer = await self._call(
                "POST",
                f"{_node(number)}/media",
                data={"messaging_product": "whatsapp", "type": mime},
                files={"file": (file_name(path.name, mime), file, mime)},
                timeout=httpx.Timeout(120, connect=10, pool=10),
            )
        media = answer.get("id")
        if not isinstance(media, str | int) or not media:
            raise GraphUnclear(_("Meta's answer to the upload cannot be read."))
        return str(media)

    async def media_url(self, media_id: str) -> MediaLink:
        """Where the file `media_id` can be fetched now. Raises GraphRefused if Meta no longer has it."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", media_id, re.ASCII):
            raise MediaRefused(_("This is no media id of Meta's."))
        answer = await self._call("GET", media_id)
        size = str(answer.get("file_size") or "")
        return MediaLink(
            str(answer.get("url") or ""),
            safe_line(str(answer.get("mime_type") or ""), 128),
            safe_line(str(answer.get("sha256") or ""), 128),
            int(size) if size.isascii() and size.isdigit() and len(size) < 16 else 0,
        )

    async def download_media(self, url: str, path: Path, *, limit: int = DOWNLOAD_LIMIT) -> Downloaded:
        """Fetch `url` into `path` (mode 0600; there only when complete). The token goes to Meta's hosts alone.

        Raises MediaRefused for a foreign address or more than `limit` bytes, GraphRefused with code 404 when the
        link has expired (ask `media_url` for a new one), LinkError when the transfer breaks.
        """
        if not self._is_ours(url):
            raise MediaRefused(_("The file's address is not one of Meta's."))
        part = path.with_name(path.name + ".part")
        try:
            return await self._fetch(url, path, part, limit)
        finally:
            part.unlink(missing_ok=True)

    async def _fetch(self, url: str, path: Path, part: Path, limit: int) -> Downloaded:
        size, digest = 0, hashlib.sha256()
        try:
            async with self._http.stream("GET", url, headers=self._authorization()) as answer:
                if answer.status_code != 200:
                    raise GraphRefused(answer.status_code, "download", status=answer.status_code)
                announced = answer.headers.get("Content-Length", "")
                if announced.isdigit() and int(announced) > limit:
                    raise _too_big()
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
                with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
                    async for chunk in answer.aiter_bytes(_CHUNK):
                        size += len(chunk)
                        if size > limit:
                            raise _too_big()
                        digest.update(chunk)
                        await asyncio.to_thread(file.write, chunk)
                    file.flush()
                    await asyncio.to_thread(os.fsync, file.fileno())
                part.replace(path)
                return Downloaded(size, digest.hexdigest(), bare(answer.headers.get("Content-Type", "")))
        except httpx.HTTPError as problem:
            raise GraphUnreachable(self._told(problem)) from None

    def _is_ours(self, url: str) -> bool:
        if is_media_url(url):
            return True
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        # A sandbox serves files itself; Meta's API host does not.
        return self._origin is not None and (parts.scheme, parts.netloc) == self._origin

    # ── templates, numbers, subscriptions

    async def templates(self, waba: str) -> list[Json]:
        """All templates of the account, as Meta lists them."""
        return await self._list(f"{_node(waba)}/message_templates", {"fields": _TEMPLATE_FIELDS, "limit": "100"})

    async def phone_numbers(self, waba: str) -> list[Json]:
        """All numbers of the account."""
        return await self._list(f"{_node(waba)}/phone_numbers", {"fields": _NUMBER_FIELDS})

    async def number(self, number: str) -> Json:
        """One number: name, quality, throughput, limits."""
        return await self._call("GET", _node(number), params={"fields": _NUMBER_FIELDS})

    async def subscribed_apps(self, waba: str) -> list[Json]:
        """The apps that get the account's webhooks."""
        return await self._list(f"{_node(waba)}/subscribed_apps", {})

    async def subscribe_app(self, waba: str) -> None:
        """Send the account's webhooks to the app this token belongs to."""
        await self._call("POST", f"{_node(waba)}/subscribed_apps")

    async def app_subscriptions(self, app: str, secret: str) -> list[Json]:
        """The webhook fields the app has ticked, with the address they go to. Needs the app secret."""
        return await self._list(f"{_node(app)}/subscriptions", {}, token=f"{app}|{secret}")

    async def debug_token(self, app: str = "", secret: str = "") -> Json:
        """What Meta knows of this token: validity, expiry, scopes. Asked as the app, if its id and secret are given."""
        token = f"{app}|{secret}" if app and secret else None
        answer = await self._call("GET", "debug_token", params={"input_token": self._token}, token=token)
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    # ── calling

    async def _list(self, path: str, params: dict[str, str], *, token: str | None = None) -> list[Json]:
        """All pages. Cursors are followed, never the `next` address: that one has the token in it."""
        found: list[Json] = []
        after = ""
        for _page in range(_PAGES):
            answer = await self._call("GET", path, params=params | ({"after": after} if after else {}), token=token)
            data = answer.get("data")
            found += [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
            paging = answer.get("paging")
            paging = paging if isinstance(paging, dict) else {}
            cursors = paging.get("cursors")
            following = str(cursors.get("after") or "") if isinstance(cursors, dict) else ""
            if not paging.get("next") or not following or following == after:
                break
            after = following
        return found

    async def _call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> Json:
        return read_answer(await self._request(method, path, token=token, **options), self._hidden)

    async def _request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(
                method, f"{self._root}/{path}", headers=self._authorization(token), **options
            )
        except _NOT_SENT as problem:
            raise GraphUnreachable(self._told(problem)) from None
        except httpx.HTTPError as problem:
            raise GraphUnclear(self._told(problem)) from None

    def _authorization(self, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self._token}"}

    def _hidden(self, text: str) -> str:
        # "Malformed access token EAAG…": Meta quotes it.
        return text.replace(self._token, "…")

    def _told(self, problem: httpx.HTTPError) -> str:
        reason = safe_line(self._hidden(str(problem)), 200) or type(problem).__name__
        return _("Meta cannot be reached: {reason}").format(reason=reason)


def _node(name: str) -> str:
    """`name`, if it can be one part of a path. Raises ConfigError if it cannot."""
    if not _NODE.fullmatch(name) or name in (".", ".."):
        raise ConfigError(_("This is no id of Meta's: {id}").format(id=safe_line(name, 40)))
    return name


def _first(answer: Json, key: str) -> Json:
    listed = answer.get(key)
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}


def _too_big() -> MediaRefused:
    return MediaRefused(_("The file is too big to be fetched."))
