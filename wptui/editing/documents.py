"""What can be edited: each kind of document as the store has it, and the command that saves it."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wptui.editing import canned
from wptui.editing.context import context
from wptui.editing.findings import Finding, told
from wptui.editing.templates import template
from wptui.i18n import N_
from wptui.model import permissions, settings
from wptui.model.commands import AnyCommand, EditCanned, SaveCanned, SaveSettings
from wptui.model.errors import RefusedError
from wptui.store import team

ARRIVAL_TRIES, ARRIVAL_PAUSE = 100, 0.05
"""How often, and after how many seconds, to look for a colleague's change that the relay knows of."""

CANNED = "canned"
KINDS = (CANNED, *settings.SECTIONS)
"""Everything that can be edited, in the order in which it is listed."""
OWN = frozenset({CANNED, "macros", "filters"})
"""What agents also have of their own."""

TITLES: dict[str, str] = {
    "canned": N_("Canned replies"),
    "departments": N_("Departments"),
    "roles": N_("Roles"),
    "labels": N_("List of labels"),
    "hours": N_("Business hours"),
    "sla": N_("Service levels"),
    "rules": N_("Rules"),
    "macros": N_("Macros"),
    "filters": N_("Saved filters"),
}


class Bench(Protocol):
    """Where editing happens: line mode's connection, or the terminal's desk."""

    @property
    def db(self) -> sqlite3.Connection:
        """The cache."""
        ...

    @property
    def agent(self) -> str:
        """The agent's id."""
        ...

    async def submit(self, command: AnyCommand) -> bool:
        """Gives a command; False where nobody knows yet what became of it.

        Raises RefusedError in the relay's words, LinkError where there is no connection and nothing was given.
        """
        ...

    async def upload(self, path: Path) -> tuple[str, str]:
        """Hands a file to the relay: its key and name there. Raises WptuiError."""
        ...


@dataclass(frozen=True)
class Source:
    """A document as it is now. `fresh` where nobody has written it: the text is then a template."""

    kind: str
    own: bool
    text: str
    revision: int
    fresh: bool

    @property
    def entries(self) -> str:
        """The text to add entries to: a template that is comments only is left out."""
        return self.text if not self.fresh or self.kind == "rules" else ""

    @property
    def title(self) -> str:
        """What it is called, to be translated."""
        return TITLES[self.kind]


def source(db: sqlite3.Connection, kind: str, agent: str, *, own: bool = False) -> Source:
    """The document `kind`, shared or the own one of `agent`."""
    owner = agent if own else ""
    if kind == CANNED:
        replies = canned.replies(db, owner)
        text, revision = canned.write(replies), team.canned_revision(db, owner)
    else:
        text, revision = team.source(db, kind, owner)
    fresh = not text.strip()
    return Source(kind, own, template(db, kind, own=own) if fresh else text, revision, fresh)


def right(kind: str, *, own: bool) -> str:
    """The permission it takes to save the document; "" where nobody can, because there is none of one's own."""
    if kind == CANNED:
        return "canned.own" if own else "canned.edit"
    shared, mine = permissions.SECTIONS[kind]
    return mine if own else shared


def check(db: sqlite3.Connection, kind: str, text: str, agent: str) -> list[Finding]:
    """What is wrong with a document, and what is worth a second look, by line."""
    found = canned.problems(text) if kind == CANNED else settings.problems(kind, text)
    if found:
        return [Finding(error.line, error.where, told(error), path=error.path) for error in found]
    document = canned.parse(text) if kind == CANNED else settings.parse(kind, text)
    return sorted(context(db, kind, document, text, agent), key=lambda finding: finding.line)


async def save(bench: Bench, kind: str, text: str, revision: int, *, own: bool) -> bool:
    """Submits a document that `check` had nothing against; False where nobody knows yet what became of it.

    Files that canned replies name are uploaded first. Raises RefusedError (`changed_meanwhile` where somebody else
    saved since `revision`), and WptuiError where something could not be sent.
    """
    if kind != CANNED:
        return await bench.submit(SaveSettings(section=kind, text=text, expect=revision, own=own))
    replies: list[SaveCanned] = []
    for shortcut, entry in canned.parse(text).items():
        reply = canned.command(shortcut, entry, own=own)
        if entry.file and not entry.media:
            reply.media, reply.filename = await bench.upload(Path(entry.file).expanduser())
        replies.append(reply)
    return await bench.submit(EditCanned(replies=replies, expect=revision, own=own))


def changed_meanwhile(error: RefusedError) -> bool:
    """Whether somebody else saved first."""
    return error.code == "changed_meanwhile"


async def arrived(bench: Bench, before: Source) -> bool:
    """Waits until what the relay has newer than `before` is here; whether it came."""
    for _try in range(ARRIVAL_TRIES):
        if source(bench.db, before.kind, bench.agent, own=before.own).revision != before.revision:
            return True
        await asyncio.sleep(ARRIVAL_PAUSE)
    return False
