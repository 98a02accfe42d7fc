"""Commands of the composer: send, files, places. Canned replies lie beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.cloudapi.limits import CAPTION, PayloadError
from wptui.i18n import _
from wptui.model.errors import UsageError
from wptui.screens.canned_commands import CannedCommands

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


class WritingCommands(CannedCommands):
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
