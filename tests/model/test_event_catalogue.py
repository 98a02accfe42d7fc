"""docs/events.md says what the code says."""

from __future__ import annotations

from tools.event_catalogue import TARGET, catalogue
from wptui.model.events import REGISTRY


def test_the_catalogue_is_current_and_complete() -> None:
    text = catalogue()
    assert TARGET.read_text("utf-8") == text, "run `make docs`"
    assert [name for name in REGISTRY if f"### `{name}`" not in text] == []
