"""The messages that carry a file of a canned reply, and its text."""

from __future__ import annotations

import mimetypes

from wptui.cloudapi.limits import CAPTION
from wptui.cloudapi.media import kind_of

Content = dict[str, object]
"""A message object (`commands.SendMessage.content`)."""


def enclosure(key: str, name: str, text: str) -> list[tuple[Content, str]]:
    """The messages of the file `key` with `text`, each with what to show of it.

    What kind of message the file is follows from its name; what says nothing is a document. Where a file can have
    no caption, or not so long a one, the text goes before it.
    """
    mime = mimetypes.guess_type(name or key)[0] or mimetypes.guess_type(key)[0] or ""
    kind = kind_of(mime) or "document"
    inner: Content = {"upload": key}
    captioned = kind in ("image", "video", "document") and len(text) <= CAPTION
    if text and captioned:
        inner["caption"] = text
    if kind == "document" and name:
        inner["filename"] = name
    file: Content = {"type": kind, kind: inner}
    if captioned or not text:
        return [(file, text)]
    return [({"type": "text", "text": {"body": text}}, text), (file, "")]
