"""A wa.me link for one of our numbers, and its QR code, on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui import qr
from wptui.i18n import _
from wptui.model.errors import WptuiError
from wptui.model.text import safe_line
from wptui.model.wa_link import TEXT, wa_link, with_code
from wptui.screens.dialogue import DialogueTitle, TextLines, Told
from wptui.screens.file_paths import typed_path
from wptui.screens.form import Field, Form, Values
from wptui.screens.terminal import clipboard
from wptui.widgets.choices import Choice
from wptui.widgets.footer import Hints
from wptui.widgets.glyphs import ASCII
from wptui.widgets.render.cells import Line, wrap

if TYPE_CHECKING:
    from wptui.app import WptuiApp
    from wptui.screens.desk import Desk


class LinkScreen(Screen[None]):
    """Number, campaign and text make the link; the code is drawn below it."""

    DEFAULT_CSS = """
    LinkScreen #link { height: 2; }
    LinkScreen #code { height: 1fr; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._ours: list[tuple[str, str, str]] = desk.db.execute(
            "SELECT id, display, name FROM numbers WHERE display <> '' ORDER BY id"
        ).fetchall()
        self._phone = self._ours[0][1] if self._ours else ""
        self._campaign = ""
        self._text = ""
        self._link = TextLines(id="link")
        self.code = TextLines(id="code")
        self._told = Told()
        self._hints = Hints()

    def compose(self) -> ComposeResult:
        yield DialogueTitle(_("Link and QR code"))
        yield self._link
        yield self.code
        yield self._told
        yield self._hints

    def on_mount(self) -> None:
        """Shows the first number's."""
        self._hints.show(
            [("n", _("number")), ("c", _("campaign")), ("t", _("text")), ("y", _("copy link")), ("s", _("save code")),
             ("esc", _("back"))]
        )  # fmt: skip

    def on_resize(self, event: events.Resize) -> None:
        """More room, or less."""
        self.call_after_refresh(self._renew)

    @property
    def link(self) -> str:
        """The link as it stands; "" without a number."""
        return wa_link(self._phone, with_code(self._text, self._campaign)) if self._phone else ""

    def _renew(self) -> None:
        cells, rows = max(20, self.size.width), max(1, self.code.size.height)
        if not self.link:
            self._link.show([[(f" {_('No number is known here. Press n.')}", "warning")]])
            self.code.show([])
            return
        spans = wrap(self.link, cells - 2)
        lines: list[Line] = [[(" ", ""), (self.link[begin:end], "key")] for begin, end in spans[:2]]
        self._link.show(lines)
        theme = self.app.current_theme
        code = qr.drawn(self.link, ascii_only=not self._draws_blocks(), light=theme.dark)
        if len(code) > rows or len(code[0]) > cells:
            self.code.show([[(f" {_('The window is too small for the code: s saves it as a file.')}", "warning")]])
        else:
            self.code.show([[("  ", ""), (line, "")] for line in code])

    def _draws_blocks(self) -> bool:
        return self.code.looks.glyphs is not ASCII

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Chooses, copies, saves or leaves."""
        acts = {"n": self._choose_number, "c": self._choose_campaign, "t": self._write, "y": self._copy,
                "s": self._save}  # fmt: skip
        if event.key in ("escape", "q"):
            self.dismiss(None)
        elif event.key in acts:
            acts[event.key]()
        else:
            return
        event.stop()
        event.prevent_default()

    def _choose_number(self) -> None:
        from wptui.screens.picker import Picker

        choices = [Choice(display, name or display, display if name else "") for _id, display, name in self._ours]

        def typed(text: str) -> Choice | None:
            digits = "".join(char for char in text if char in "0123456789")
            return Choice(f"+{digits}", f"+{digits}", _("another number")) if 8 <= len(digits) <= 15 else None

        def chosen(phone: str | None) -> None:
            if phone is not None:
                self._phone = phone
                self._renew()

        self.app.push_screen(Picker(_("Which number?"), choices, free=typed), chosen)

    def _choose_campaign(self) -> None:
        from wptui.screens.picker import Picker

        rows = self._desk.db.execute("SELECT code, name FROM campaigns ORDER BY code").fetchall()
        choices = [Choice("", _("No campaign")), *(Choice(code, code, name) for code, name in rows)]

        def chosen(code: str | None) -> None:
            if code is not None:
                self._campaign = code
                self._renew()

        self.app.push_screen(Picker(_("Which campaign?"), choices), chosen)

    def _write(self) -> None:
        def check(values: Values) -> tuple[str, str] | None:
            if len(with_code(values["text"], self._campaign)) <= TEXT:
                return None
            return "text", _("The text is too long: {n} characters are the most.").format(n=TEXT)

        def chosen(values: Values | None) -> None:
            if values is not None:
                self._text = safe_line(values["text"])
                self._renew()

        field = Field("text", _("What the customer sends"), self._text, _("Hello, I have a question"), optional=True)
        self.app.push_screen(Form(_("Text of the link"), [field], check=check, button=_("take")), chosen)

    def _copy(self) -> None:
        sequence = clipboard(self.link) if self.link else None
        if sequence is None:
            return
        app: WptuiApp = self.app  # type: ignore[assignment]
        app.tell_terminal(sequence)
        self._told.say(_("Handed to the terminal's clipboard, if it allows it."))

    def _save(self) -> None:
        if not self.link:
            return

        def path_of(values: Values) -> Path:
            return typed_path(values["file"])

        def check(values: Values) -> tuple[str, str] | None:
            if path_of(values).suffix.lower() in qr.FORMATS:
                return None
            return "file", _("A QR code is saved as .svg or .png.")

        def chosen(values: Values | None) -> None:
            if values is None:
                return
            try:
                qr.save(self.link, path_of(values))
            except WptuiError as error:
                self._told.say(str(error), "error")
            else:
                self._told.say(_("QR code saved: {path}").format(path=path_of(values)), "ok")

        name = f"{self._campaign or 'whatsapp'}.svg"
        field = Field("file", _("File (.svg or .png)"), f"~/{name}", path=True)
        self.app.push_screen(Form(_("Save the QR code"), [field], check=check, button=_("save")), chosen)
