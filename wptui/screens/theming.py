"""Themes: TOML files with a palette and, where a theme wants them otherwise, styles.

The keys of a theme file::

    title = "Dark"            # shown in the list of themes; default: the file's name
    dark = true               # whether the background is dark
    [palette]                 # colours: "#rrggbb", "default" (the terminal's own), or one of the 16 ANSI names
    background = "#101418"    # all names: wptui.widgets.styles.PALETTE; left out ones are "default"
    [styles]                  # definitions over the defaults of wptui.widgets.styles.STYLES
    inbox-clock-late = "bold reverse $error"
    [variables]               # any variable of Textual's own design, for the widgets that are Textual's
    border = "#30404d"

wptui brings some; the agent's own lie in the `themes` folder beside `config.toml`, and one of the same name
replaces ours. A broken file is reported with file, line and key, and skipped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textual.theme import BUILTIN_THEMES, Theme

from wptui import paths
from wptui.i18n import _
from wptui.model.errors import ConfigError
from wptui.widgets.styles import PALETTE, STYLES, StyleError, Styles, colour, parse_style

DEFAULT = "dark"
NO_COLOUR = "no-colour"
_TEXTUAL = ("primary", "secondary", "warning", "error", "success", "accent")
_GROUND = ("foreground", "background", "surface", "panel")


@dataclass(frozen=True)
class WptuiTheme:
    """One theme, checked."""

    name: str
    title: str
    dark: bool
    palette: Mapping[str, str]
    definitions: Mapping[str, str]
    variables: Mapping[str, str]

    def styles(self, *, frugal: bool = False) -> Styles:
        """The table the inbox and the thread draw with."""
        return Styles(self.palette, self.definitions, frugal=frugal)

    def textual(self, *, frugal: bool = False) -> Theme:
        """The same colours for Textual's own widgets. `frugal` leaves the terminal's own text and background."""
        palette = dict(self.palette)
        if frugal:
            palette |= dict.fromkeys(_GROUND, "default")
        plain = all(value == "default" or value[0] != "#" for value in palette.values())
        ansi = plain or frugal or palette["background"] == "default"
        colours: dict[str, Any] = {name: _css(palette[name]) for name in (*_TEXTUAL, *_GROUND)}
        variables = dict(self.variables)
        if ansi:
            variables = _ansi_variables(palette, self.dark) | variables
        else:
            variables = {
                "block-cursor-background": _css(palette["primary"]),
                "block-cursor-foreground": _css(palette["surface"]),
                "footer-key-foreground": _css(palette["primary"]),
                "border": _css(palette["primary"]),
                "border-blurred": _css(palette["muted"]),
                "input-selection-background": _css(palette["selection"]),
                "scrollbar": _css(palette["muted"]),
            } | variables
        # The muted text of the widgets that are Textual's is ours too.
        variables.setdefault("text-muted", _css(palette["muted"]))
        return Theme(name=self.name, dark=self.dark, ansi=ansi, boost=colours["panel"], variables=variables, **colours)


def _css(value: str) -> str:
    """A palette colour in Textual's words."""
    return value if value.startswith("#") else f"ansi_{value}"


def _ansi_variables(palette: Mapping[str, str], dark: bool) -> dict[str, str]:
    """What Textual's own ANSI themes define, in our colours."""
    primary, muted = _css(palette["primary"]), _css(palette["muted"])
    default = "ansi_default"
    quiet = muted if muted != default else default
    marked = primary != default
    selection = {} if palette["selection"] == "default" else {"input-selection-background": _css(palette["selection"])}
    return {
        **BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables,
        **selection,
        "border": primary,
        "border-blurred": quiet,
        "block-cursor-background": primary if marked else default,
        "block-cursor-foreground": "ansi_black" if marked else default,
        "block-cursor-text-style": "bold" if marked else "bold reverse",
        "footer-key-foreground": primary,
        "input-cursor-text-style": "reverse",
        "scrollbar": quiet,
        "scrollbar-hover": primary,
        "scrollbar-active": primary,
        "scrollbar-background": default,
        "scrollbar-background-hover": default,
        "scrollbar-background-active": default,
        "link-color": primary,
    }


@dataclass(frozen=True)
class Themes:
    """All themes there are, and what was wrong with those that are not among them."""

    found: Mapping[str, WptuiTheme]
    problems: list[str] = field(default_factory=list)
    """A sentence for each broken file, naming file, line and key."""

    def get(self, name: str, environ: Mapping[str, str] = os.environ) -> WptuiTheme:
        """The theme to use: NO_COLOR wins over `name`; an unknown name means the default one."""
        if environ.get("NO_COLOR"):
            name = NO_COLOUR
        return self.found.get(name) or self.found[DEFAULT]


def load_themes(bundled: Path | None = None, own: Path | None = None) -> Themes:
    """Reads the bundled themes and the agent's own. Only a broken bundled theme raises (ConfigError)."""
    found: dict[str, WptuiTheme] = {}
    problems: list[str] = []
    for path in sorted((bundled or paths.bundled_themes_dir()).glob("*.toml")):
        found[path.stem] = read_theme(path)
    own = own or paths.user_themes_dir()
    for path in sorted(own.glob("*.toml")) if own.is_dir() else []:
        try:
            found[path.stem] = read_theme(path)
        except ConfigError as error:
            problems.append(str(error))
    return Themes(found, problems)


def load_theme(name: str, environ: Mapping[str, str] = os.environ) -> tuple[WptuiTheme, str]:
    """The theme to start with, reading no other file; NO_COLOR wins over `name`.

    Where it is broken or does not exist: the default one, and a sentence that says why.
    """
    if environ.get("NO_COLOR"):
        name = NO_COLOUR
    own, bundled = paths.user_themes_dir() / f"{name}.toml", paths.bundled_themes_dir() / f"{name}.toml"
    problem = ""
    try:
        if own.is_file():
            return read_theme(own), ""
        if bundled.is_file():
            return read_theme(bundled), ""
        problem = _("There is no theme {name}; `wptui config docs` tells where yours belong.").format(name=name)
    except ConfigError as error:
        problem = str(error)
    return read_theme(paths.bundled_themes_dir() / f"{DEFAULT}.toml"), problem


def read_theme(path: Path) -> WptuiTheme:
    """The theme in `path`. Raises ConfigError, naming file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(_("{file}: not UTF-8 text").format(file=path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(_("{file}: cannot be read: {reason}").format(file=path, reason=reason)) from error
    return parse_theme(text, path.stem, str(path))


def parse_theme(text: str, name: str, file: str) -> WptuiTheme:
    """The theme written in `text`; `file` is its name in errors. Raises ConfigError."""
    import tomllib

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise ConfigError(
            _("{file}:{line}: not valid TOML: {reason}").format(file=file, line=line, reason=error)
        ) from error

    def refuse(path: tuple[str, ...], reason: str) -> ConfigError:
        return ConfigError(
            _("{file}:{line}: {key}: {reason}").format(
                file=file, line=_line_of(text, path), key=".".join(path), reason=reason
            )
        )

    def section(key: str) -> dict[str, str]:
        values = table.get(key, {})
        if not isinstance(values, dict):
            raise refuse((key,), _("must be a table"))
        for inner, value in values.items():
            if not isinstance(value, str):
                raise refuse((key, inner), _("must be text"))
        return values

    for key in table:
        if key not in ("title", "dark", "palette", "styles", "variables"):
            raise refuse((key,), _("there is no such setting"))
    title, dark = table.get("title", name), table.get("dark", True)
    if not isinstance(title, str):
        raise refuse(("title",), _("must be text"))
    if not isinstance(dark, bool):
        raise refuse(("dark",), _("must be true or false"))
    palette, definitions, variables = section("palette"), section("styles"), section("variables")
    colours: dict[str, Any] = {}
    for key, value in palette.items():
        if key not in PALETTE:
            raise refuse(("palette", key), _("there is no such colour"))
        try:
            colours[key] = colour(value)
        except StyleError as error:
            raise refuse(("palette", key), str(error)) from error
    for key, value in definitions.items():
        if key not in STYLES:
            raise refuse(("styles", key), _("there is no such style"))
        try:
            parse_style(value, dict.fromkeys(PALETTE) | colours)
        except StyleError as error:
            raise refuse(("styles", key), str(error)) from error
    for key, value in variables.items():
        if not re.fullmatch(r"[a-z][a-z0-9-]*", key) or not re.fullmatch(r"[#%\w\s.-]+", value):
            raise refuse(("variables", key), _("cannot be used"))
    return WptuiTheme(name, title, dark, dict.fromkeys(PALETTE, "default") | palette, definitions, variables)


def _line_of(text: str, path: tuple[str, ...]) -> int:
    """The line (from 1) that assigns `path`, or begins its table."""
    table = ""
    best = 1
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if header := re.fullmatch(r"\[\s*([\w-]+)\s*\]\s*(?:#.*)?", line):
            table = header[1]
            if path == (table,):
                return number
            if path[0] == table:
                best = number
        elif (assigned := re.match(r"""["']?([\w-]+)["']?\s*=""", line)) and path in (
            (table, assigned[1]) if table else (assigned[1],),
            (assigned[1],),
        ):
            return number
    return best
