"""Commands of the composer: send, canned replies, files, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.cloudapi.limits import CAPTION, PayloadError
from wptui.i18n import _
from wptui.model.canned import fill
from wptui.model.commands import RemoveCanned, SaveCanned
from wptui.model.errors import UsageError
from wptui.store.variables import canned_text, known_values
from wptui.widgets.choices import Choice
from wptui.widgets.composer import PLACE
from wptui.widgets.render.cells import Line, wrap

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


def place(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of "41.0256, 28.9744", or with decimal commas "41,0256 28,9744"; else None."""
    parts = text.replace(";", " ").split()
    if len(parts) == 1:
        parts = text.split(",")
    parts = [part.strip().strip(",").replace(",", ".") for part in parts]
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        return None
    return (latitude, longitude) if -90 <= latitude <= 90 and -180 <= longitude <= 180 else None


def marked_places(text: str, cells: int) -> list[Line]:
    """Text filled into `cells`, what is still to be filled in marked."""
    lines: list[Line] = []
    for start, end in wrap(text, max(10, cells - 2)):
        line: Line = [(" ", "")]
        at = start
        for found in PLACE.finditer(text, start, end):
            line += [(text[at : found.start()], ""), (found.group(), "warning")]
            at = found.end()
        lines.append([*line, (text[at:end], "")])
    return lines


class WritingCommands:
    """What is about the answer."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def write(self) -> None:
        """To the composer."""
        self.focus()

    def focus(self) -> None:
        """To the composer of the conversation."""
        target = self.main.target()
        if target is not None:
            self.main.chat.open(target, write=True)

    def send(self) -> None:
        """Sends what is written."""
        self.main.chat.composer.submit()

    def newline(self) -> None:
        """Another line."""
        self.main.chat.composer.newline()

    def force(self) -> None:
        """In spite of a colleague's answer."""
        self.main.chat.outgoing.force()

    def give_up(self) -> None:
        """Throws away what was held back."""
        self.main.chat.outgoing.give_up()

    # ── canned replies ───────────────────────────────────────────────────────────────────────────────────

    def canned(self) -> None:
        """Chooses a canned reply; it is written into the composer and not sent."""
        from wptui.screens.picker import Picker

        self.focus()
        chat, desk = self.main.chat, self.main.wptui.desk
        if chat.row is None:
            return
        row = chat.row.id
        values = known_values(desk.db, row, agent=desk.my_name, now=int(desk.now()))
        texts: dict[str, str] = {}
        choices: list[Choice] = []
        for shortcut, text, title, variants in desk.db.execute(
            "SELECT shortcut, text, title, texts FROM canned ORDER BY owner, shortcut"
        ):
            texts[shortcut] = fill(canned_text(desk.db, row, text, variants), values)
            first = texts[shortcut].split("\n", 1)[0]
            choices.append(Choice(shortcut, f"/{shortcut.lstrip('/')}", title or first, words=f"{shortcut} {text}"))

        def preview(choice: Choice, cells: int) -> list[Line]:
            return marked_places(texts[choice.id], cells)

        def chosen(shortcut: str | None) -> None:
            if shortcut is not None:
                chat.take_note(False)
                chat.composer.insert(texts[shortcut])
            self.main.set_focus(chat.composer.editor)

        empty = _("No canned replies yet. Write one, then “{title}” in {key}.").format(
            title=_("Save as canned reply"), key=self.main.wptui.keymap.label("app.palette")
        )
        self.main.app.push_screen(Picker(_("Canned replies"), choices, preview=preview, empty=empty), chosen)

    def save_canned(self) -> None:
        """Keeps what is written as a canned reply for everybody."""
        from wptui.screens.form import Field, Form, Values

        text = self.main.chat.composer.text.strip()
        if not text:
            self.main.banner.say(_("Write the reply first; {{customer.first_name|…}} becomes the customer's name."))
            return
        fields = [
            Field("shortcut", _("Shortcut"), placeholder="kargo"),
            Field("title", _("Title"), optional=True),
        ]

        def check(values: Values) -> tuple[str, str] | None:
            word = values["shortcut"].lstrip("/")
            return None if word and " " not in word else ("shortcut", _("One word, without blanks."))

        def chosen(values: Values | None) -> None:
            if values is not None:
                word = values["shortcut"].lstrip("/")
                self.main.wptui.desk.give(None, SaveCanned(shortcut=word, text=text, title=values["title"]))
                self.main.banner.say(_("Saved for everybody as /{shortcut}.").format(shortcut=word))

        self.main.app.push_screen(Form(_("Save as canned reply"), fields, check=check, button=_("save")), chosen)

    def remove_canned(self) -> None:
        """Deletes a canned reply for everybody."""
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        found = desk.db.execute("SELECT shortcut, title FROM canned ORDER BY shortcut").fetchall()
        choices = [Choice(shortcut, f"/{shortcut}", title) for shortcut, title in found]

        def chosen(shortcut: str | None) -> None:
            if shortcut is not None:
                desk.give(None, RemoveCanned(shortcut=shortcut))
                self.main.banner.say(_("/{shortcut} is deleted for everybody.").format(shortcut=shortcut))

        self.main.app.push_screen(Picker(_("Delete a canned reply"), choices), chosen)

    # ── templates ────────────────────────────────────────────────────────────────────────────────────────

    def template(self) -> None:
        """Chooses a template, asks for its values, sends it."""
        from wptui.screens.templates import offer_templates

        self.focus()
        offer_templates(self.main)

    # ── files and places ─────────────────────────────────────────────────────────────────────────────────

    def attach(self) -> None:
        """Asks for a file; what is written is its caption."""
        from wptui.cloudapi.media import inspect
        from wptui.screens.file_paths import typed_path
        from wptui.screens.form import Field, Form, Values

        self.focus()
        chat = self.main.chat
        row = chat.row
        if row is None:
            return
        chat.check_window()
        chat.take_note(False)  # a file goes to the customer
        caption = chat.composer.text.strip()
        fields = [
            Field("path", _("File"), placeholder=_("~/photo.jpg, Tab completes"), path=True),
            Field("caption", _("Caption"), caption, optional=True),
        ]

        def check(values: Values) -> tuple[str, str] | None:
            path = typed_path(values["path"])
            if not path.is_file():
                return "path", _("There is no such file.")
            try:
                inspect(path)
            except PayloadError as error:
                return "path", f"{error} {error.hint}".strip()
            if len(values["caption"]) > CAPTION:
                return "caption", _("A caption has {n} characters at most.").format(n=CAPTION)
            return None

        def chosen(values: Values | None) -> None:
            if values is not None:
                self.main.run_worker(self.main.finish(self._upload(row.id, values, caption)))

        self.main.app.push_screen(Form(_("Attach a file"), fields, check=check), chosen)

    async def _upload(self, conversation: str, values: dict[str, str], caption: str) -> None:
        from wptui.screens.file_paths import typed_path

        remote = self.main.wptui.desk.remote
        if remote is None:
            raise UsageError(_("A file needs the relay, which cannot be reached now."))
        path = typed_path(values["path"])
        self.main.banner.say(_("Uploading {name}…").format(name=path.name))
        uploaded = await remote.upload(path)
        chat = self.main.chat
        chat.give_content(uploaded.content(values["caption"]), values["caption"], to=conversation)
        self.main.banner.hush()
        if chat.conversation == conversation and caption and chat.composer.text.strip() == caption:
            chat.clear()

    def location(self) -> None:
        """Asks for a place."""
        from wptui.screens.form import Field, Form, Values

        self.focus()
        chat = self.main.chat
        row = chat.row
        if row is None:
            return
        chat.check_window()
        chat.take_note(False)
        fields = [
            Field("place", _("Latitude, longitude"), placeholder="41.0256, 28.9744"),
            Field("name", _("Name"), optional=True),
        ]

        def check(values: Values) -> tuple[str, str] | None:
            return None if place(values["place"]) else ("place", _("Two numbers, for example 41.0256, 28.9744."))

        def chosen(values: Values | None) -> None:
            found = place(values["place"]) if values is not None else None
            if values is None or found is None:
                return
            location: dict[str, object] = {"latitude": found[0], "longitude": found[1]}
            if values["name"]:
                location["name"] = values["name"]
            told = values["name"] or f"{found[0]}, {found[1]}"
            chat.give_content({"type": "location", "location": location}, told, to=row.id)

        self.main.app.push_screen(Form(_("Send a location"), fields, check=check), chosen)
