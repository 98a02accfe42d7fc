"""Files are private from their first instant, and are replaced whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wptui import paths


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_home_holds_everything(private_home: Path) -> None:
    folders = [paths.config_dir(), paths.data_dir(), paths.state_dir(), paths.cache_dir(), paths.log_dir()]
    assert len(set(folders)) == 5
    assert all(folder.parent == private_home for folder in folders)


def test_without_home_the_platform_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WPTUI_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/somewhere")
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert paths.config_file() == Path("/somewhere/wptui/config.toml")
    assert len({paths.config_dir(), paths.state_dir(), paths.cache_dir()}) == 3


def test_folders_and_files_are_the_users_alone_whatever_the_umask() -> None:
    old = os.umask(0)
    try:
        with paths.open_private(paths.state_dir() / "deep" / "token") as file:
            file.write("ş")
    finally:
        os.umask(old)
    written = paths.state_dir() / "deep" / "token"
    assert mode(written) == 0o600
    assert mode(written.parent) == mode(paths.state_dir()) == mode(paths.state_dir().parent) == 0o700
    assert written.read_bytes() == "ş".encode()


def test_a_write_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    paths.write_atomic(path, b"one")
    paths.write_atomic(path, b"two")
    assert path.read_bytes() == b"two" and mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "settings"
    paths.write_atomic(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        paths.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles", tmp_path / "config.toml"
    real.write_bytes(b"old")
    link.symlink_to(real)
    paths.write_atomic(link, b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"


def test_the_themes_that_come_with_wptui_are_found() -> None:
    assert paths.bundled_themes_dir().name == "themes"
    assert paths.bundled_themes_dir().is_dir()
