"""The plain HTTP calls to the relay, and the one place where httpx is used.

Errors come out as ours: AuthError (the token), RefusedError (the relay said why), LinkError (it cannot be reached).
None of them carries the token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec

from wptui import __version__
from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import AuthError, LinkError, RefusedError, WptuiError
from wptui.model.protocol import AnyFrame, Hello, Sorry
from wptui.model.text import safe_line
from wptui.sync.credentials import Account, is_loopback

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0


class _Exchange(msgspec.Struct):
    frames: list[msgspec.Raw]


_exchange = msgspec.json.Decoder(_Exchange)
_object = msgspec.json.Decoder(dict[str, Any])


class Http:
    """Calls to the relay of `account`. The client is made at the first one, and closed by `close`."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client: httpx.AsyncClient | None = None

    async def client(self) -> httpx.AsyncClient:
        """The client, with the token in its headers."""
        if self._client is None:
            # httpx and ssl take 80 ms to import: not on the event loop that draws the screen.
            self._client = await asyncio.to_thread(self._make)
        return self._client

    def _make(self) -> httpx.AsyncClient:
        import httpx

        secure = self._account.url.startswith("https")
        headers = {"User-Agent": f"wptui/{__version__}"}
        if self._account.token:
            headers["Authorization"] = f"Bearer {self._account.token}"
        return httpx.AsyncClient(
            base_url=self._account.url,
            headers=headers,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            verify=secure,  # without TLS no certificates need to be loaded
            trust_env=not is_loopback(urlsplit(self._account.url).hostname or ""),
        )

    async def close(self) -> None:
        """Closes the client. May be called twice."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    @asynccontextmanager
    async def stream(self, method: str, path: str, **arguments: Any) -> AsyncIterator[httpx.Response]:
        """A call whose answer is read piece by piece; a status of 400 or more is raised."""
        client = await self.client()
        import httpx

        try:
            async with client.stream(method, path, **arguments) as response:
                if response.status_code >= 300:
                    raise refusal(response.status_code, await response.aread())
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(error) from error

    async def call(self, method: str, path: str, **arguments: Any) -> bytes:
        """The body of the answer."""
        async with self.stream(method, path, **arguments) as response:
            return await response.aread()

    async def call_json(self, method: str, path: str, **arguments: Any) -> Json:
        """The answer as a JSON object. Raises LinkError where it is none: somebody else answers there."""
        body = await self.call(method, path, **arguments)
        try:
            return _object.decode(body)
        except msgspec.MsgspecError as error:
            raise _stranger() from error

    async def poll(self, hello: Hello, frames: Sequence[AnyFrame]) -> list[AnyFrame]:
        """One exchange of frames. Frames of kinds this build does not know are left out."""
        body = msgspec.json.encode({"hello": hello, "frames": list(frames)})
        answer = await self.call("POST", "/v1/poll", content=body, headers={"Content-Type": "application/json"})
        try:
            frames_in = _exchange.decode(answer).frames
        except msgspec.MsgspecError as error:
            raise _stranger() from error
        found: list[AnyFrame] = []
        for each in frames_in:
            try:
                found.append(protocol.decode(each))
            except msgspec.ValidationError:
                continue
        return found

    async def story(self, message: str) -> Json:
        """The raw story of a message: webhooks, attempts, statuses, events."""
        return await self.call_json("GET", f"/v1/messages/{quote(message, safe='')}/story")


async def login(url: str, code: str, device: str) -> Account:
    """Exchanges a one-time code for a token. Raises AuthError (wrong code), LinkError, RefusedError."""
    http = Http(Account(url=url))
    try:
        answer = await http.call_json("POST", "/v1/login", json={"code": code, "device": device})
    finally:
        await http.close()
    token = answer.get("token")
    if not isinstance(token, str) or not token:
        raise _stranger()
    names = {key: safe_line(str(answer.get(key) or ""), 100) for key in ("agent", "name", "workspace")}
    return Account(url=url, token=token, **names)


async def logout(account: Account) -> None:
    """Asks the relay to withdraw this terminal's token. Raises as `Http.call`."""
    http = Http(account)
    try:
        await http.call("POST", "/v1/logout")
    finally:
        await http.close()


def _stranger() -> LinkError:
    return LinkError(
        _("What answers there is no wptui relay"), hint=_("Check the address, and what stands in front of the relay.")
    )


def refusal(status: int, body: bytes) -> WptuiError:
    """The error for an HTTP status of 300 or more, with the relay's own words where it gave any."""
    code, said, hint = _said(body)
    if code in ("older_terminal", "older_relay", "busy", "malformed", "revoked"):
        return RefusedError(code, said or code)
    if status == 401:
        return AuthError(said or _("The relay does not accept this token"), hint=hint)
    if 300 <= status < 400 or status == 404:
        return _stranger()
    if status == 429:
        return RefusedError("busy", said or _("The relay is busy"))
    if status >= 500:
        return LinkError(said or _("The relay has a problem (HTTP {status})").format(status=status), hint=hint)
    told = said or _("The relay refused (HTTP {status})").format(status=status)
    return RefusedError(code or f"http_{status}", told, hint=hint)


def _said(body: bytes) -> tuple[str, str, str]:
    """(code, message, hint) of an error body: a `sorry` frame, or an object with such fields."""
    try:
        found = msgspec.json.decode(body)
        if isinstance(found, dict) and isinstance(found.get("frames"), list):
            found = next((each for each in found["frames"] if each.get("frame") == "sorry"), {})
    except (msgspec.MsgspecError, AttributeError):
        return "", "", ""
    if not isinstance(found, dict):
        return "", "", ""
    message = found.get("message") or found.get("error") or ""
    hint = found.get("hint") or ""
    return str(found.get("code") or ""), safe_line(str(message), 300), safe_line(str(hint), 300)


def as_sorry(body: bytes) -> Sorry | None:
    """The `sorry` in the body of an answer, if one is there."""
    try:
        frame = protocol.decode(body)
    except msgspec.MsgspecError:
        return None
    return frame if isinstance(frame, Sorry) else None


def unreachable(error: BaseException) -> LinkError:
    """What a network error means, in words."""
    import socket
    import ssl

    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    for each in chain:
        if isinstance(each, ssl.SSLCertVerificationError):
            return LinkError(
                _("The relay's certificate is not trusted: {reason}").format(reason=each.verify_message),
                hint=_("Check the address and this machine's clock."),
            )
        if isinstance(each, socket.gaierror):
            return LinkError(_("The relay's name cannot be looked up"), hint=_("Is this machine connected?"))
        if isinstance(each, ConnectionRefusedError):
            return LinkError(_("Nobody answers at the relay's address"), hint=_("Is the relay running?"))
        if isinstance(each, ssl.SSLError):
            return LinkError(_("No secure connection: {reason}").format(reason=each.reason or type(each).__name__))
    names = {type(each).__name__ for each in chain}
    if names & {"TimeoutError", "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"}:
        return LinkError(_("The relay does not answer in time"))
    return LinkError(_("The connection broke ({reason})").format(reason=type(error).__name__))
