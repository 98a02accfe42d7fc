"""What the screens ask of the relay beside the log: stories, and files both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wptui.sync.http import Http
from wptui.sync.media import MediaFolder, Uploaded, upload


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
