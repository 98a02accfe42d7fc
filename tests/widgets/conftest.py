"""A store for each story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.widgets.host import AGENTS
from tests.widgets.seed import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A store with two agents."""
    made = Shop(tmp_path / "cache.db")
    for agent, name in AGENTS.items():
        made.agent(agent, name)
    yield made
    made.db.close()
