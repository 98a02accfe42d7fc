"""The file a store lies in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wptui.store.database import open_database


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_every_folder_made_for_a_store_is_private(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "shop.example.com" / "cache.db"
    old = os.umask(0o022)
    try:
        open_database(path).close()
    finally:
        os.umask(old)
    for made in (path.parent, path.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
