"""What the screens ask of the relay beside the log: stories, files both ways, colleagues, and who did what."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from wptui.i18n import _
from wptui.model.errors import LinkError
from wptui.store.audit import Entry
from wptui.sync.http import Http
from wptui.sync.media import MediaFolder, Uploaded, upload


class Trail(msgspec.Struct):
    """A page of the trail. `next` is the `before` of the page that follows, None where there is none."""

    entries: list[Entry]
    next: int | None = None


class RelayRemote:
    """Asks over the link's own HTTP client."""

    def __init__(self, http: Http, folder: Path) -> None:
        self._http = http
        self._folder = MediaFolder(folder)

    async def story(self, message: str) -> dict[str, Any]:
        """The raw story of a message. Raises WptuiError."""
        return await self._http.story(message)

    async def fetch(self, key: str) -> Path:
        """A message's file, on this machine. Raises WptuiError."""
        return await self._folder.fetch(self._http, key)

    async def upload(self, path: Path) -> Uploaded:
        """Hands a file to the relay. Raises PayloadError before anything is sent, else WptuiError."""
        return await upload(self._http, path)

    async def add_agent(self, name: str, role: str) -> dict[str, Any]:
        """A new colleague: `id`, `name`, `role`, and the one-time `code`, good for `minutes`. Raises WptuiError."""
        return await self._http.call_json("POST", "/v1/agents", json={"name": name, "role": role})

    async def new_code(self, agent: str) -> dict[str, Any]:
        """A one-time `code` for another device of `agent`, good for `minutes`. Raises WptuiError."""
        return await self._http.call_json("POST", f"/v1/agents/{quote(agent, safe='')}/code")

    async def set_role(self, agent: str, role: str) -> None:
        """Gives `agent` another role. Raises WptuiError."""
        await self._http.call("POST", f"/v1/agents/{quote(agent, safe='')}/role", json={"role": role})

    async def shut_out(self, agent: str) -> None:
        """Withdraws every token of `agent`. Raises WptuiError."""
        await self._http.call("POST", f"/v1/agents/{quote(agent, safe='')}/revoke")

    async def audit(self, *, conversation: str = "", agent: str = "", before: int | None = None) -> Trail:
        """A page of the trail of a conversation, or of what an agent did: the latest first. Raises WptuiError."""
        asked = {"conversation": conversation, "agent": agent, "before": "" if before is None else str(before)}
        params = {key: value for key, value in asked.items() if value}
        body = await self._http.call("GET", "/v1/audit", params=params)
        try:
            return msgspec.json.decode(body, type=Trail)
        except msgspec.MsgspecError as error:
            raise LinkError(_("The relay's answer cannot be read")) from error
