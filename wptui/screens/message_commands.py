"""Commands about one message: answer it, react, open its file, copy it, look behind it, send it again."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wptui.i18n import N_, _
from wptui.model.commands import DiscardMessage, React, RetryMessage
from wptui.model.errors import StorageError, UsageError
from wptui.model.text import safe_line
from wptui.screens import terminal
from wptui.store.thread import ThreadRow
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

EMOJI: tuple[tuple[str, str], ...] = (
    ("👍", N_("thumbs up")),
    ("❤️", N_("heart")),
    ("🙏", N_("thank you")),
    ("😂", N_("laughing")),
    ("😮", N_("surprised")),
    ("😢", N_("sad")),
    ("✅", N_("done")),
    ("🎉", N_("celebration")),
    ("👀", N_("looking into it")),
    ("⏳", N_("a moment")),
)
"""The reactions offered, WhatsApp's own first."""


class MessageCommands:
    """What is about the chosen message."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def _row(self) -> ThreadRow:
        row = self.main.message()
        assert row is not None  # `MainScreen.missing` has seen to it
        return row

    def reply(self) -> None:
        """The answer quotes the message."""
        row = self._row()
        self.main.chat.take_note(False)
        self.main.chat.reply_to(row)
        self.main.set_focus(self.main.chat.composer.editor)

    def react(self) -> None:
        """Puts an emoji on it."""
        from wptui.screens.picker import Picker

        row = self._row()
        me = self.main.wptui.desk.me
        mine = next((emoji for by, emoji in row.reactions if by.removeprefix("agent:") == me), "")
        # Emoji last on the line: terminals disagree about their width.
        choices = [Choice(emoji, _(name), right=emoji, marked=emoji == mine) for emoji, name in EMOJI]
        if mine:
            choices.insert(0, Choice("", _("take the reaction back")))

        def typed(text: str) -> Choice | None:
            return None if text.isascii() or len(text) > 16 else Choice(text, _("this"), right=text, words=text)

        def chosen(emoji: str | None) -> None:
            if emoji is not None:
                self.main.chat.give(React(conversation=row.conversation, target=row.wamid or "", emoji=emoji))

        self.main.app.push_screen(Picker(_("React"), choices, free=typed), chosen)

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────

    async def _fetch(self, row: ThreadRow) -> Path:
        desk = self.main.wptui.desk
        if row.media_key is None:
            raise UsageError(
                _("Meta no longer has this file.")
                if row.media_state == "failed"
                else _("The relay is still fetching it."),
                hint="" if row.media_state == "failed" else _("Try again in a moment."),
            )
        if desk.remote is None:
            raise UsageError(_("The file lies at the relay, which cannot be reached now."))
        self.main.banner.say(_("Fetching the file…"))
        path = await desk.remote.fetch(row.media_key)
        self.main.banner.hush()
        return path

    async def open(self) -> None:
        """Shows the file with the desktop's own program."""
        path = await self._fetch(self._row())
        opener = _opener()
        if opener is None:
            self.main.banner.say(
                _("No program to open files here."), _("The file: {path}").format(path=path), "warning"
            )
            return
        import asyncio

        process = await asyncio.create_subprocess_exec(
            opener,
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        del process  # it lives on by itself

    async def save(self) -> None:
        """Copies the file to the download folder."""
        row = self._row()
        path = await self._fetch(row)
        folder = download_folder()
        name = file_name(row, path)
        try:
            saved = _copy(path, folder, name)
        except OSError as error:
            raise StorageError(
                _("{path} cannot be written: {error}").format(path=folder, error=error.strerror)
            ) from error
        self.main.banner.say(_("Saved as {path}").format(path=saved))

    # ── text ─────────────────────────────────────────────────────────────────────────────────────────────

    def copy(self) -> None:
        """Offers the text to the terminal's clipboard."""
        row = self._row()
        if not row.text:
            self.main.banner.say(_("There is no text in this message."))
            return
        sequence = terminal.clipboard(row.text)
        if sequence is None:
            self.main.banner.say(_("The message is too long for the terminal's clipboard."), severity="warning")
            return
        self.main.wptui.tell_terminal(sequence)
        # No terminal answers whether it took it.
        self.main.banner.say(_("Handed to the terminal's clipboard, if it allows it."))

    def expand(self) -> None:
        """Shows a long message whole."""
        self.main.chat.thread.action_expand()

    def quoted(self) -> None:
        """Jumps to what the message answers."""
        row = self._row()
        if row.quoted is None:
            self.main.banner.say(_("The quoted message is older than what lies on this machine."))
            return
        self.main.chat.thread.action_quoted()

    # ── behind it ────────────────────────────────────────────────────────────────────────────────────────

    def story(self) -> None:
        """Webhook, API answers, statuses, errors."""
        from wptui.screens.story import StoryScreen

        self.main.app.push_screen(StoryScreen(self.main.wptui.desk, self._row()))

    def retry(self) -> None:
        """Sends it once more."""
        row = self._row()
        self.main.chat.give(RetryMessage(conversation=row.conversation, message=row.id))

    def discard(self) -> None:
        """Gives up on it."""
        row = self._row()
        self.main.chat.give(DiscardMessage(conversation=row.conversation, message=row.id))


def _opener() -> str | None:
    """The program that opens files as the desktop does."""
    if sys.platform == "darwin":
        return shutil.which("open")
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER"):
        return shutil.which("xdg-open")
    return None


def download_folder() -> Path:
    """Where files are saved: the user's download folder, or the home folder where there is none."""
    from platformdirs import user_downloads_path

    folder = user_downloads_path()
    return folder if folder.is_dir() else Path.home()


def file_name(row: ThreadRow, path: Path) -> str:
    """A name made by us, with what the sender called it where that is a harmless name."""
    media = row.media or {}
    wanted = Path(safe_line(str(media.get("filename") or ""), 80).replace("\\", "/")).name.lstrip(".")
    kept = "".join(char for char in wanted if char.isalnum() or char in " ._-()").strip()
    return kept or f"wptui-{row.ts}{path.suffix}"


def _copy(path: Path, folder: Path, name: str) -> Path:
    """Copies without ever replacing a file."""
    stem, suffix = os.path.splitext(name)
    for number in range(1, 1000):
        target = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        try:
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as file, path.open("rb") as source:
            shutil.copyfileobj(source, file)
        return target
    raise FileExistsError(17, "too many files of that name", str(folder))
