"""A bench to edit at, and an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editing.desk import FakeEditor, StoreBench


@pytest.fixture
def bench(tmp_path: Path) -> StoreBench:
    return StoreBench(tmp_path)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEditor:
    return FakeEditor(tmp_path / "editor", monkeypatch)
