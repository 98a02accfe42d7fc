"""Editing in the terminal program: the desk as the place of an edit, and the agent's editor instead of the screen."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from wptui.editing import documents, editor
from wptui.editing.documents import Source
from wptui.editing.editor import Outcome
from wptui.i18n import _
from wptui.model.commands import AnyCommand
from wptui.model.errors import LinkError, RefusedError, UsageError
from wptui.screens.refusals import words

if TYPE_CHECKING:
    from wptui.app import WptuiApp
    from wptui.screens.desk import Desk

RESULT_SECONDS = 15.0
LOOK_SECONDS = 0.05


class DeskBench:
    """The desk as the place of an edit."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def db(self) -> sqlite3.Connection:
        """The cache."""
        return self.desk.db

    @property
    def agent(self) -> str:
        """The agent's id."""
        return self.desk.me

    @property
    def connected(self) -> bool:
        """Whether commands go out now."""
        state = self.desk.state
        return state is not None and state.connected

    async def submit(self, command: AnyCommand) -> bool:
        """Gives a command. Raises RefusedError; LinkError where there is no connection, and then nothing was given."""
        deadline = time.monotonic() + RESULT_SECONDS
        while not self.connected:
            if time.monotonic() > deadline:
                raise LinkError(_("There is no connection to the relay"))
            await asyncio.sleep(LOOK_SECONDS)
        id = self.desk.give(None, command)
        deadline = time.monotonic() + RESULT_SECONDS  # the relay's own time, however long the link was away
        while (result := self.desk.outbox.outcome(id)) is None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        if not result.ok:
            self.desk.outbox.drop(id)
            # What is wrong with a document is in the relay's own words: ours would only say that something is.
            told = result.message if result.code == "invalid" else words(result.code, result.message)
            raise RefusedError(result.code, told or result.code)
        return True

    async def upload(self, path: Path) -> tuple[str, str]:
        """Hands a file to the relay."""
        if self.desk.remote is None:
            raise LinkError(_("A file needs the relay, which cannot be reached now."))
        found = await self.desk.remote.upload(path)
        return found.key, found.filename


async def edit_in_editor(app: WptuiApp, source: Source) -> Outcome:
    """Lets the agent edit `source` in their own editor. Raises UsageError where this terminal cannot be lent to one."""
    bench = DeskBench(app.desk)

    async def run(path: Path) -> None:
        try:
            # The loop goes on meanwhile, so that the link lives; nothing may be drawn over the editor.
            with app.batch_update(), app.suspend():
                app.lent = True
                try:
                    await asyncio.to_thread(editor.run_editor, path)
                finally:
                    app.lent = False
        except SuspendNotSupported as error:
            raise UsageError(
                _("An editor cannot be opened from here"),
                hint=_("Use the form, or `wptui edit {kind}` in a shell.").format(kind=source.kind),
            ) from error

    return await editor.edit(bench, source, run)


def sources(desk: Desk) -> list[tuple[str, bool]]:
    """The documents that the agent may save: kind, and whether it is their own."""
    found: list[tuple[str, bool]] = []
    for kind in documents.KINDS:
        for own in (False, True):
            needed = documents.right(kind, own=own)
            if needed and desk.may(needed):
                found.append((kind, own))
    return found


def title(kind: str, own: bool) -> str:
    """What a document is called."""
    name = _(documents.TITLES[kind])
    return f"{name} ({_('your own')})" if own else name
