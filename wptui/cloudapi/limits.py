"""What the Cloud API takes at most (CLOUD_API.md §9), and the error for what is more."""

from __future__ import annotations

from wptui.model.errors import WptuiError

TEXT = 4096
CAPTION = 1024
FILENAME = 240
OPAQUE = 512
INTERACTIVE_BODY = 1024
INTERACTIVE_HEADER = 60
INTERACTIVE_FOOTER = 60
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
LIST_ROWS = 10
LIST_SECTIONS = 10
ROW_TITLE = 24
ROW_DESCRIPTION = 72
ROW_ID = 200
LIST_BUTTON = 20
LOCATION_TEXT = 1000


class PayloadError(WptuiError):
    """A message Meta would refuse. `field` names the part that is wrong, as a path: "text.body", "template.body.1"."""

    def __init__(self, field: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field
