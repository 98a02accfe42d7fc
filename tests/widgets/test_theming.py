"""Themes: what wptui brings can be read by everyone, and what an agent breaks is told and skipped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.color import Color, ColorType
from rich.style import Style

from tests.widgets.host import Host
from tests.widgets.seed import Shop
from wptui import paths
from wptui.model.errors import ConfigError
from wptui.screens.theming import DEFAULT, NO_COLOUR, load_themes, parse_theme
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.styles import ANSI_NAMES, PALETTE, STYLES, StyleError, parse_style

THEMES = load_themes().found
NAMES = sorted(THEMES)


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, as WCAG defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_themes_that_were_promised_are_there() -> None:
    assert {"dark", "light", "high-contrast", "colour-blind", "ansi16", NO_COLOUR} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frugal", [False, True])
def test_each_makes_a_table_of_styles_and_a_theme_of_textuals(name: str, frugal: bool) -> None:
    styles = THEMES[name].styles(frugal=frugal)
    assert all(isinstance(styles[style], Style) for style in STYLES)
    theme = THEMES[name].textual(frugal=frugal)
    assert theme.to_color_system().generate() and theme.name == name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frugal", [False, True])
async def test_an_app_starts_in_it(shop: Shop, name: str, frugal: bool) -> None:
    widget = InboxList()
    host = Host(widget, shop, name, frugal=frugal)
    async with host.run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert host.current_theme.name == name and "Loading" in " ".join(host.lines)


@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read_on_every_ground(name: str) -> None:
    palette = THEMES[name].palette
    if not palette["surface"].startswith("#"):
        return
    least = 7 if name == "high-contrast" else 4.5
    for ink in ("foreground", "muted", "primary", "secondary", "accent", "success", "warning", "error", "note",
                "campaign", "read"):  # fmt: skip
        for ground in ("background", "surface", "panel"):
            assert contrast(palette[ink], palette[ground]) >= (4.5 if ink != "foreground" else least), (ink, ground)
    for ink in ("foreground", "error"):
        assert contrast(palette[ink], palette["selection"]) >= 4.5 if ink == "foreground" else 3, ink


def colours(style: Style) -> list[Color]:
    """The colours a style names."""
    return [colour for colour in (style.color, style.bgcolor) if colour is not None]


def test_sixteen_colours_are_sixteen_colours() -> None:
    styles = THEMES["ansi16"].styles()
    for name in STYLES:
        assert all(colour.type is ColorType.STANDARD for colour in colours(styles[name])), name
    assert set(THEMES["ansi16"].palette.values()) <= {"default", *ANSI_NAMES}
    assert THEMES["ansi16"].textual().ansi


def test_without_colour_there_is_none_and_states_still_differ() -> None:
    styles = THEMES[NO_COLOUR].styles()
    assert not any(colours(styles[name]) for name in STYLES)
    for one, other in (("inbox-clock", "inbox-clock-late"), ("inbox-title", "inbox-title-unread"),
                       ("inbox-title", "inbox-title inbox-selected")):  # fmt: skip
        assert styles[one] != styles[other]


def test_colour_blind_opposes_no_red_to_green() -> None:
    palette = THEMES["colour-blind"].palette
    good, bad = (Color.parse(palette[name]).get_truecolor() for name in ("success", "error"))
    # Told apart by the blue part and by lightness, which nobody lacks.
    assert abs(good.blue - bad.blue) > 100


def test_no_color_wins_over_the_setting() -> None:
    themes = load_themes()
    assert themes.get("light", {}).name == "light"
    assert themes.get("light", {"NO_COLOR": "1"}).name == NO_COLOUR
    assert themes.get("no such theme", {}).name == DEFAULT


def test_a_cell_costs_less_in_frugal_mode() -> None:
    from rich.color import ColorSystem
    from textual.strip import Strip

    dear, cheap = (THEMES["dark"].styles(frugal=frugal) for frugal in (False, True))
    line = [("07:41 ", "inbox-clock"), ("3 ", "inbox-unread"), ("Ahmet", "inbox-title-unread"), (" x", "inbox-preview")]

    def size(styles: object) -> int:
        return sum(
            len(Strip.render_style(segment.style or Style.null(), segment.text, ColorSystem.TRUECOLOR))
            for segment in styles.segments(line)  # type: ignore[attr-defined]
        )

    assert size(cheap) * 2 < size(dear)


def own(text: str, name: str = "mine") -> Path:
    """Writes one of the agent's own themes."""
    folder = paths.user_themes_dir()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_own_theme_is_found_and_one_of_the_same_name_replaces_ours() -> None:
    own('title = "Mine"\n[palette]\nprimary = "#123456"\n')
    own('[palette]\nprimary = "red"\n', "dark")
    themes = load_themes()
    assert themes.found["mine"].title == "Mine" and themes.found["mine"].palette["primary"] == "#123456"
    assert themes.found["dark"].palette["primary"] == "red"
    assert not themes.problems


@pytest.mark.parametrize(
    ("text", "line", "key", "why"),
    [
        ('[palette]\nprimary = "#12345"\n', 2, "palette.primary", "is no colour"),
        ('[palette]\n\nprimry = "red"\n', 3, "palette.primry", "no such colour"),
        ('title = 3\n', 1, "title", "must be text"),
        ('dark = "yes"\n', 1, "dark", "must be true or false"),
        ('[styles]\ninbox-clock = "bold $nothing"\n', 2, "styles.inbox-clock", "no colour of the palette"),
        ('[styles]\ninbox-clock = "blink"\n', 2, "styles.inbox-clock", "is no colour"),
        ('[styles]\ninbox-klock = "bold"\n', 2, "styles.inbox-klock", "no such style"),
        ('[palete]\nprimary = "red"\n', 1, "palete", "no such setting"),
        ('[variables]\nborder = "red; } App { display: none"\n', 2, "variables.border", "cannot be used"),
        ('title = "x\n', 1, "", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_broken_theme_is_reported_with_file_line_and_key_and_skipped(
    text: str, line: int, key: str, why: str
) -> None:
    path = own(text)
    themes = load_themes()
    assert "mine" not in themes.found and set(NAMES) <= set(themes.found)
    (problem,) = themes.problems
    assert problem.startswith(f"{path}:{line}: {key}") and why in problem


def test_what_is_no_text_is_reported_too() -> None:
    own("").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in load_themes().problems[0]
    with pytest.raises(ConfigError):
        parse_theme("[palette]\nprimary = 3", "x", "x.toml")


def test_definitions_know_attributes_and_their_opposites() -> None:
    palette = dict.fromkeys(PALETTE)
    assert parse_style("bold not italic red on #102030", palette) == Style.parse("bold not italic red on #102030")
    with pytest.raises(StyleError):
        parse_style("bright red", palette)


def test_every_style_the_widgets_name_exists() -> None:
    root = Path(__file__).parents[2] / "wptui"
    named = {
        name
        for path in [*root.glob("widgets/**/*.py"), *root.glob("screens/*.py")]
        for name in re.findall(r'"((?:inbox|thread|tick|md)-[a-z-]+[a-z])"', path.read_text("utf-8"))
    }
    assert named <= set(STYLES) | {"inbox-list", "inbox-pane"}, named - set(STYLES)
