"""What ``wptui doctor`` looks at that lies on this machine: terminal, versions, files, settings.

Each check is a generator of findings and never raises: a doctor that falls ill helps nobody.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from wptui import __version__, config, i18n, paths
from wptui.i18n import _
from wptui.model.errors import ConfigError
from wptui.model.finding import Finding

SMALLEST = (80, 24)
ENOUGH_DISK = 100 * 1024 * 1024


def terminal() -> Iterator[Finding]:
    """What the terminal says of itself, and what it does with wide characters."""
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        yield Finding(
            "terminal.type",
            "fail",
            _("TERM is {term}: the terminal cannot place a cursor").format(term=term or '""'),
            _("Use another terminal, or set TERM=xterm-256color if yours can do it."),
        )
    else:
        yield Finding("terminal.type", "ok", f"TERM={term}")
    yield Finding("terminal.colours", "ok", _colours(term))
    columns, lines = shutil.get_terminal_size()
    size = _("{columns} × {lines} cells").format(columns=columns, lines=lines)
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        yield Finding("terminal.size", "warn", size, _("Everything is drawn for 80 × 24 or more; enlarge the window."))
    else:
        yield Finding("terminal.size", "ok", size)
    yield from _encoding()
    yield from _widths()
    if config.over_ssh():
        yield Finding("terminal.ssh", "ok", _("over SSH: the frugal mode is on unless the settings say otherwise"))
    yield from _tmux()


def _colours(term: str) -> str:
    if os.environ.get("NO_COLOR"):
        return _("no colours, because NO_COLOR is set")
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return _("16 million colours")
    if "256color" in term or term == "xterm-kitty":
        return _("256 colours; COLORTERM=truecolor promises more, if your terminal has them")
    return _("16 colours; the theme ansi16 is made for that")


def _encoding() -> Iterator[Finding]:
    encoding = (sys.stdout.encoding or "").lower().replace("_", "-")
    if encoding in ("utf-8", "utf8"):
        yield Finding("terminal.encoding", "ok", "UTF-8")
    else:
        yield Finding(
            "terminal.encoding",
            "fail",
            _("the locale's encoding is {encoding}, not UTF-8").format(encoding=encoding or "?"),
            _("Set LANG=C.UTF-8, or PYTHONUTF8=1."),
        )


def _widths() -> Iterator[Finding]:
    """Compare the cells a few characters take with the cells they are believed to take."""
    from rich.cells import cell_len

    from wptui.cli.probe import measure

    probes = {
        "İş": _("Turkish"),
        "中文": _("wide"),
        "é": _("combining"),
        "❤️": _("emoji"),
        "👩‍🚀": _("joined emoji"),
    }
    measured = measure(list(probes))
    if measured is None:
        return
    wrong = [name for text, name in probes.items() if measured[text] != cell_len(text)]
    if wrong:
        yield Finding(
            "terminal.widths",
            "warn",
            _("draws these wider or narrower than expected: {names}").format(names=", ".join(wrong)),
            _("Rows with such characters may shift by a cell; a newer terminal or tmux often helps."),
        )
    else:
        yield Finding("terminal.widths", "ok", _("wide characters and emoji take the cells they should"))


def _tmux() -> Iterator[Finding]:
    if not os.environ.get("TMUX"):
        return
    try:
        answer = subprocess.run(
            ["tmux", "show-options", "-gqv", "allow-passthrough"],
            capture_output=True,
            text=True,
            timeout=2,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        answer = ""
    if answer in ("on", "all"):
        yield Finding("terminal.tmux", "ok", _("tmux passes desktop notifications on"))
    else:
        yield Finding(
            "terminal.tmux",
            "warn",
            _("tmux keeps desktop notifications to itself; the bell works"),
            _("For them: `set -g allow-passthrough on` in ~/.tmux.conf."),
        )


def versions() -> Iterator[Finding]:
    """What wptui stands on."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("versions.wptui", "ok", f"wptui {__version__}, Python {python}")
    libraries = []
    for name in ("textual", "rich", "httpx", "websockets"):
        try:
            libraries.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding(
                "versions.missing",
                "fail",
                _("{name} is not installed").format(name=name),
                _("Install wptui again."),
            )
    yield Finding("versions.libraries", "ok", ", ".join(libraries))
    sqlite = f"SQLite {sqlite3.sqlite_version}"
    try:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        yield Finding("versions.sqlite", "ok", _("{sqlite} with full-text search").format(sqlite=sqlite))
    except sqlite3.Error:
        yield Finding(
            "versions.sqlite",
            "fail",
            _("{sqlite} without FTS5: messages cannot be searched").format(sqlite=sqlite),
            _("Use a Python whose SQLite has FTS5; those of python.org and the distributions do."),
        )


def packaged() -> Iterator[Finding]:
    """What should have been installed beside the code."""
    themes = sorted(path.stem for path in paths.bundled_themes_dir().glob("*.toml"))
    if themes:
        yield Finding("packaged.themes", "ok", _("themes: {names}").format(names=", ".join(themes)))
    else:
        yield Finding("packaged.themes", "fail", _("the themes are missing"), _("Install wptui again."))
    missing = [
        code for code in i18n.LANGUAGES[1:] if not (i18n.LOCALE_DIR / code / "LC_MESSAGES" / "wptui.mo").is_file()
    ]
    if missing:
        yield Finding(
            "packaged.languages",
            "fail",
            _("catalogues are missing: {names}").format(names=", ".join(missing)),
            _("Install wptui again."),
        )
    else:
        yield Finding("packaged.languages", "ok", _("languages: {names}").format(names=", ".join(i18n.LANGUAGES)))


def files() -> Iterator[Finding]:
    """The folders: there, private, writable, with room."""
    for name, folder in (
        ("config", paths.config_dir()),
        ("data", paths.data_dir()),
        ("state", paths.state_dir()),
        ("cache", paths.cache_dir()),
        ("logs", paths.log_dir()),
    ):
        yield from _folder(f"files.{name}", folder)
    here = paths.data_dir()
    while not here.exists():
        here = here.parent
    free = shutil.disk_usage(here).free
    room = _("{free} MB free").format(free=i18n.format_number(free // 1024**2))
    if free < ENOUGH_DISK:
        yield Finding("files.room", "fail", room, _("Make room: with a full disk nothing can be sent."))
    else:
        yield Finding("files.room", "ok", room)


def _folder(finding: str, folder: Path) -> Iterator[Finding]:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
        open_files = [path for path in folder.iterdir() if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    except FileNotFoundError:
        yield Finding(finding, "ok", _("{path} (made when needed)").format(path=folder))
        return
    except OSError as error:
        yield Finding(
            finding,
            "fail",
            f"{folder}: {error.strerror}",
            _("Make it yours: chown and chmod 700, or set WPTUI_HOME to another folder."),
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            finding,
            "fail",
            _("{path} cannot be written").format(path=folder),
            f"chmod 700 {folder}",
        )
    elif os.name != "nt" and mode & 0o077:
        yield Finding(
            finding,
            "warn",
            _("{path} is open to other users (mode {mode:o})").format(path=folder, mode=mode),
            f"chmod 700 {folder}",
        )
    elif os.name != "nt" and open_files:
        names = ", ".join(sorted(path.name for path in open_files))
        yield Finding(
            finding,
            "warn",
            _("other users may read {names} in {path}").format(names=names, path=folder),
            f"chmod 600 {open_files[0]}",
        )
    else:
        yield Finding(finding, "ok", str(folder))


def settings() -> Iterator[Finding]:
    """Whether the settings can be read, and the theme they name exists."""
    path = paths.config_file()
    try:
        read = config.load()
    except ConfigError as error:
        yield Finding("settings.file", "fail", str(error), error.hint or _("Correct the file."))
        return
    text = str(path) if path.exists() else _("all defaults; {path} would be read").format(path=path)
    yield Finding("settings.file", "ok", text)
    yield from _themes(read.theme)


def _themes(chosen: str) -> Iterator[Finding]:
    """Whether the chosen theme exists, and which of the agent's own files are broken."""
    from wptui.screens.theming import load_themes  # the one check that needs Textual

    try:
        themes = load_themes()
    except ConfigError as error:
        yield Finding("settings.theme", "fail", str(error), _("Install wptui again."))
        return
    for problem in themes.problems:
        yield Finding("settings.themes", "warn", problem, _("The file is skipped; correct it or remove it."))
    if chosen not in themes.found:
        yield Finding(
            "settings.theme",
            "fail",
            _("there is no theme {name}").format(name=chosen),
            _("Choose another: `wptui config set theme dark`."),
        )
