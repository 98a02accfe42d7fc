"""Where wptui keeps its files, and how it writes them.

Five folders: configuration, data, state, cache and logs. They follow the platform's custom
(platformdirs), or lie together under ``WPTUI_HOME`` when that is set. Everything here is private to the
user: folders are made 0700 and files 0600, because caches and state hold customers' messages.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

APP = "wptui"


def _folder(kind: str) -> Path:
    home = os.environ.get("WPTUI_HOME")
    if home:
        return Path(home).expanduser() / kind
    import platformdirs  # not needed with WPTUI_HOME, and not free at start-up

    find: dict[str, Callable[..., Path]] = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "state": platformdirs.user_state_path,
        "cache": platformdirs.user_cache_path,
        "logs": platformdirs.user_log_path,
    }
    return find[kind](APP, appauthor=False)


def config_dir() -> Path:
    """Settings, the agent's own themes; the relay's configuration. May not exist yet."""
    return _folder("config")


def data_dir() -> Path:
    """What cannot be fetched again: the outbox, drafts, an embedded relay's log. May not exist yet."""
    return _folder("data")


def state_dir() -> Path:
    """What is nice to keep: window positions, last filters, a token file. May not exist yet."""
    return _folder("state")


def cache_dir() -> Path:
    """What can be built again: the terminal's cache, downloaded media. May not exist yet."""
    return _folder("cache")


def log_dir() -> Path:
    """Log files. May not exist yet."""
    return _folder("logs")


def config_file() -> Path:
    """The terminal's ``config.toml``; ``WPTUI_CONFIG`` names another."""
    named = os.environ.get("WPTUI_CONFIG")
    return Path(named).expanduser() if named else config_dir() / "config.toml"


def bundled_themes_dir() -> Path:
    """The theme files that come with wptui: in the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def user_themes_dir() -> Path:
    """The agent's own theme files. May not exist."""
    return config_dir() / "themes"


def ensure_dir(path: Path) -> Path:
    """Make *path* and its missing parents, 0700 each, and return it.

    A folder that exists keeps its mode: it may be the user's choice, and ``wptui doctor`` reports it.
    """
    missing = []
    folder = path
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:  # another wptui was quicker
            continue
        folder.chmod(0o700)  # mkdir's mode is masked by the umask
    return path


def open_private(path: Path, mode: str = "w") -> IO[Any]:
    """Open *path* like ``open`` does, its folder made first, the file 0600 from its first instant.

    Text modes use UTF-8. Raises OSError as ``open`` would.
    """
    ensure_dir(path.parent)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_CLOEXEC", 0), 0o600)

    if "b" in mode:
        return open(path, mode, opener=opener)
    return open(path, mode, encoding="utf-8", opener=opener)


def write_atomic(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace *path* by *data* so that a reader, or a crash, sees the old file or the new one, never half.

    The bytes are on disk (fsync) before the name changes hands. A symbolic link is followed, so that a
    settings file kept in a dot-files repository stays there. Raises OSError, and then leaves no
    temporary file behind.
    """
    import tempfile  # its own imports are many

    path = Path(os.path.realpath(path))
    ensure_dir(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # some network file systems refuse to sync a folder; the file itself is safe
        pass
    finally:
        os.close(handle)
