"""The stage of the relay's stories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.relay.stage import Stage, stage


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running sandbox and relay, the webhook subscribed."""
    async with stage(tmp_path) as running:
        yield running
