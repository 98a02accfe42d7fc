"""Names of styles, what each is for, and how a theme turns them into what the terminal is told.

A piece of a line carries style *names* (`wptui.widgets.render`); this table makes Rich styles of them. A theme
(`wptui.screens.theming`) gives the palette and may give any style another definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from wptui.widgets.render.cells import Line

PALETTE: dict[str, str] = {
    "background": "behind everything",
    "surface": "behind the panes",
    "panel": "behind headers, footers and dialogues",
    "foreground": "text",
    "muted": "text of less weight: times, hints, previews",
    "primary": "the interface's own colour: selection, titles of panes",
    "secondary": "its companion",
    "accent": "what is new: unread counts, the divider",
    "success": "delivered, in time",
    "warning": "soon late, closing, doubtful",
    "error": "late, failed",
    "selection": "behind the title of the selected conversation",
    "note": "text of private notes",
    "campaign": "campaign tags",
    "read": "ticks of messages that were read",
}
"""Colour names of a theme's palette → what they are for."""

ANSI_NAMES = tuple(
    f"{bright}{colour}"
    for bright in ("", "bright_")
    for colour in "black red green yellow blue magenta cyan white".split()
)
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike", "not")


class Meaning(NamedTuple):
    """A style's default definition and what it is for."""

    default: str
    doc: str


STYLES: dict[str, Meaning] = {
    "text": Meaning("$foreground on $surface", "text of the panes; what every other style is laid over"),
    "muted": Meaning("$muted", "text of less weight"),
    "accent": Meaning("bold $accent", "what is new"),
    "ok": Meaning("$success", "in order"),
    "warning": Meaning("$warning", "soon wrong"),
    "error": Meaning("bold $error", "wrong"),
    "key": Meaning("bold $primary", "a key to press"),
    "heading": Meaning("bold $primary", "titles inside a pane"),
    "bar-chart": Meaning("$primary", "bars and sparklines"),
    "panel": Meaning("on $panel", "behind the header, the footer and the titles of panes"),
    "chosen": Meaning("bold on $selection", "the chosen line of a list in a dialogue"),
    "inbox-bar": Meaning("$primary", "the bar before the selected conversation"),
    "inbox-selected": Meaning("bold on $selection", "title of the selected conversation"),
    "inbox-clock": Meaning("$foreground", "how long a customer has waited"),
    "inbox-clock-late": Meaning("bold $error", "the same, past the target"),
    "inbox-time": Meaning("$muted", "time of the last message, where nobody waits"),
    "inbox-clock-soon": Meaning("bold $warning", "the same, shortly before the answer is due"),
    "inbox-snoozed": Meaning("italic $muted", "until when it is snoozed"),
    "inbox-unread": Meaning("bold $accent", "number of unread messages"),
    "inbox-title": Meaning("$foreground", "name of the customer"),
    "inbox-title-unread": Meaning("bold $foreground", "the same, with unread messages"),
    "inbox-campaign": Meaning("$campaign", "campaign tag"),
    "inbox-label": Meaning("$secondary", "labels"),
    "inbox-department": Meaning("italic $primary", "department, where the agent sees several"),
    "inbox-presence": Meaning("bold $accent", "a colleague looks at it, or types"),
    "inbox-mark": Meaning("bold $accent", "you follow it, or a note calls you"),
    "priority-urgent": Meaning("bold reverse $error", "an urgent conversation"),
    "priority-high": Meaning("bold $warning", "one of high priority"),
    "priority-low": Meaning("$muted", "one of low priority"),
    "inbox-number": Meaning("$muted", "which of our numbers it is on"),
    "inbox-preview": Meaning("$muted", "the last message"),
    "inbox-kind": Meaning("italic $muted", "the last message, where it is no text"),
    "inbox-assignee": Meaning("$muted", "initials of the agent who has it"),
    "inbox-mine": Meaning("bold $secondary", "the same, where it is yourself"),
    "inbox-closing": Meaning("$warning", "time left of the 24-hour window"),
    "inbox-new": Meaning("bold $accent", "the line that announces new conversations above"),
    "thread-cursor": Meaning("$primary", "the bar before the selected message"),
    "thread-in": Meaning("$foreground", "what a customer wrote"),
    "thread-in-bar": Meaning("$muted", "the line beside it"),
    "thread-out": Meaning("$foreground", "what we wrote"),
    "thread-out-bar": Meaning("$primary", "the line beside it"),
    "thread-ai": Meaning("italic $muted", "what Meta's agent wrote"),
    "thread-author": Meaning("bold $secondary", "who wrote"),
    "thread-time": Meaning("$muted", "the time of a message"),
    "thread-day": Meaning("$muted", "the line between days"),
    "thread-new": Meaning("bold $accent", "the line before unread messages"),
    "thread-quote": Meaning("italic $muted", "the message that is replied to"),
    "thread-media": Meaning("$secondary", "a file, a place, a card, a cart"),
    "thread-tag": Meaning("italic $muted", "edited, forwarded, from an ad …"),
    "thread-hint": Meaning("$muted", "what can be done here"),
    "thread-reaction": Meaning("$foreground", "reactions"),
    "thread-event": Meaning("$muted", "assigned, resolved …"),
    "thread-note": Meaning("$note", "a private note"),
    "thread-note-author": Meaning("bold $note", "who left it"),
    "thread-mention": Meaning("bold underline $note", "a colleague called in a note"),
    "thread-mention-me": Meaning("bold reverse $note", "the same, where it is yourself"),
    "thread-automatic": Meaning("italic $secondary", "what a rule wrote"),
    "thread-revoked": Meaning("italic $muted", "a message its writer deleted"),
    "thread-below": Meaning("bold $accent", "the line that announces messages below"),
    "tick-queued": Meaning("$muted", "not yet with WhatsApp"),
    "tick-sent": Meaning("$muted", "with WhatsApp"),
    "tick-delivered": Meaning("$muted", "on the customer's phone"),
    "tick-read": Meaning("bold $read", "read, played"),
    "tick-failed": Meaning("bold $error", "not sent"),
    "tick-unknown": Meaning("bold $warning", "perhaps sent"),
    "label-red": Meaning("red", "labels in the colour the team gave them"),
    "label-orange": Meaning("bright_red", "the same"),
    "label-yellow": Meaning("yellow", "the same"),
    "label-green": Meaning("green", "the same"),
    "label-cyan": Meaning("cyan", "the same"),
    "label-blue": Meaning("bright_blue", "the same"),
    "label-purple": Meaning("magenta", "the same"),
    "label-pink": Meaning("bright_magenta", "the same"),
    "label-grey": Meaning("$muted", "the same"),
    "md-bold": Meaning("bold", "*bold*"),
    "md-italic": Meaning("italic", "_italic_"),
    "md-strike": Meaning("strike", "~struck~"),
    "md-mono": Meaning("$secondary", "```typewriter```"),
    "md-link": Meaning("underline", "web addresses"),
}
"""Style name → its definition in a theme that says nothing of it. `$name` is a colour of the palette."""


class StyleError(ValueError):
    """A definition is not understood; the text says why."""


def colour(text: str) -> Color | None:
    """A palette colour: `#rrggbb`, one of the 16 ANSI names, or `default` (None: the terminal's own).

    Raises StyleError.
    """
    if text == "default":
        return None
    if text in ANSI_NAMES:
        return Color.parse(text)
    if len(text) == 7 and text[0] == "#":
        try:
            int(text[1:], 16)
        except ValueError:
            pass
        else:
            return Color.parse(text)
    raise StyleError(f"{text!r} is no colour: #rrggbb, default, {', '.join(ANSI_NAMES)}")


def parse_style(definition: str, palette: Mapping[str, Color | None]) -> Style:
    """The Rich style of `definition`: attributes, a colour, `on` a colour. Raises StyleError."""
    attributes: dict[str, bool] = {}
    colours: dict[str, Color | None] = {}
    where, negate = "color", False
    for word in definition.split():
        if word == "on":
            where = "bgcolor"
        elif word == "not":
            negate = True
        elif word in ATTRIBUTES:
            attributes[word] = not negate
            negate = False
        elif word.startswith("$"):
            if word[1:] not in palette:
                raise StyleError(f"{word} is no colour of the palette: {', '.join(palette)}")
            colours[where] = palette[word[1:]]
        else:
            colours[where] = colour(word)
    return Style(color=colours.get("color"), bgcolor=colours.get("bgcolor"), **attributes)  # type: ignore[arg-type]


class Styles:
    """The styles of one theme. Ask with one or several names: `styles["thread-in md-bold"]`; later ones win.

    `frugal` leaves the terminal's own colours wherever the theme's text and backgrounds only repeat them, and
    counts in 256 colours, so that a cell costs as few bytes as possible.
    """

    def __init__(
        self, palette: Mapping[str, str], definitions: Mapping[str, str] | None = None, *, frugal: bool = False
    ) -> None:
        colours = {name: colour(palette.get(name, "default")) for name in PALETTE}
        if frugal:
            colours |= dict.fromkeys(("background", "surface", "panel", "foreground"))
            colours = {name: c.downgrade(ColorSystem.EIGHT_BIT) if c else None for name, c in colours.items()}
        self._styles = {name: parse_style(meaning.default, colours) for name, meaning in STYLES.items()}
        for name, definition in (definitions or {}).items():
            if name not in STYLES:
                raise StyleError(f"{name} is no style")
            self._styles[name] = parse_style(definition, colours)
        self._combined: dict[str, Style] = {}

    def __getitem__(self, names: str) -> Style:
        """The style of `names`, over `text`. Unknown names change nothing."""
        style = self._combined.get(names)
        if style is None:
            style = self._styles["text"]
            for name in names.split():
                style += self._styles.get(name, Style.null())
            self._combined[names] = style
        return style

    def segments(self, line: Line, over: str = "") -> list[Segment]:
        """The pieces of a line as segments, as few as can be; `over` names styles laid over each.

        Blanks show no ink, so they take the style of what stands beside them where that looks the same: every
        segment costs some 26 bytes on the wire.
        """
        merged: list[tuple[str, Style]] = []
        for text, names in line:
            if not text:
                continue
            style = self[f"{names} {over}" if over else names]
            if merged:
                before, last = merged[-1]
                if last == style or (text.isspace() and _same_ground(last, style)):
                    merged[-1] = (before + text, last)
                    continue
                if before.isspace() and _same_ground(last, style):
                    merged[-1] = (before + text, style)
                    continue
            merged.append((text, style))
        return [Segment(text, _ground(style) if text.isspace() else style) for text, style in merged]

    def strip(self, line: Line, cells: int, over: str = "") -> Strip:
        """`line` as a strip of exactly `cells`."""
        return Strip(self.segments(line, over)).adjust_cell_length(cells, self[over])


def _inked(style: Style) -> bool:
    """Whether blanks in this style can be seen."""
    return bool(style.underline or style.reverse or style.strike)


def _same_ground(one: Style, other: Style) -> bool:
    """Whether a blank looks the same in both."""
    return one.bgcolor == other.bgcolor and not _inked(one) and not _inked(other)


@lru_cache(256)
def _ground(style: Style) -> Style:
    """What of a style a blank shows; an empty style rather than none, for Textual's NO_COLOR filter asks each."""
    return style if _inked(style) else Style(bgcolor=style.bgcolor)


def plain_text(lines: Iterable[Line]) -> str:
    """The text of lines without their styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


DEFAULT_PALETTE: dict[str, str] = dict.fromkeys(PALETTE, "default")
"""The terminal's own colours: what is drawn before, or without, a theme."""
