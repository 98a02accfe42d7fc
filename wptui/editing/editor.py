"""One edit from opening to saved: the agent's editor, errors shown where they are, and nothing ever lost."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wptui import paths
from wptui.editing import documents
from wptui.editing.documents import Bench, Source
from wptui.editing.findings import Finding
from wptui.editing.merge import diff, merge
from wptui.editing.templates import names
from wptui.i18n import _
from wptui.model.errors import RefusedError, StorageError, UsageError, WptuiError

SHOWN_CHANGES = 40
"""Lines of a colleague's change that stand at the head of the text."""

_MARK = "#!"
"""Begins the lines that are ours, and are taken out again."""

Run = Callable[[Path], Awaitable[None]]
"""Lets the agent edit a file; returns when the editor has ended."""


@dataclass(frozen=True)
class Outcome:
    """What became of an edit. `text` says it in a sentence; `kept` is where the agent's text lies if not saved."""

    saved: bool
    text: str
    kept: Path | None = None
    notes: Sequence[Finding] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether what the agent wrote was not saved."""
        return self.kept is not None


# ── the editor ───────────────────────────────────────────────────────────────────────────────────────────


def editor_command() -> list[str]:
    """The agent's editor: $VISUAL, $EDITOR, else one that is there. Raises UsageError where none is."""
    for variable in ("VISUAL", "EDITOR"):
        if chosen := os.environ.get(variable, "").strip():
            return shlex.split(chosen)
    for name in ("sensible-editor", "nano", "vi"):
        if shutil.which(name):
            return [name]
    raise UsageError(_("There is no editor here"), hint=_("Set VISUAL or EDITOR to an editor of yours."))


def run_editor(file: Path) -> None:
    """Lets the agent edit `file`. Raises UsageError where the editor cannot be started or fails."""
    command = editor_command()
    try:
        done = subprocess.run([*command, str(file)], check=False)
    except OSError as error:
        raise UsageError(
            _("the editor {editor} cannot be started: {reason}").format(editor=command[0], reason=error.strerror),
            hint=_("Set VISUAL or EDITOR to an editor of yours."),
        ) from error
    if done.returncode:
        raise UsageError(
            _("the editor {editor} ended with code {code}; nothing was saved").format(
                editor=command[0], code=done.returncode
            )
        )


# ── what is ours in the text ─────────────────────────────────────────────────────────────────────────────


def marked(text: str, head: Iterable[str], findings: Iterable[Finding] = ()) -> str:
    """`text` with lines of ours: `head` at its beginning, every finding above what it is about."""
    lines = text.splitlines(keepends=True)
    for finding in sorted(findings, key=lambda each: -each.line):
        lines.insert(max(0, min(finding.line - 1, len(lines))), f"{_MARK} {' '.join(str(finding).split())}\n")
    return "".join(f"{_MARK} {line}".rstrip() + "\n" for line in head) + "".join(lines)


def unmarked(text: str, before: str) -> str:
    """`text` without lines of ours, however the agent changed them; what `before` had of that kind is not ours."""
    known = {line.rstrip() for line in before.splitlines() if _is_marked(line)}
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    return "".join(line for line in lines if not _is_marked(line) or line.rstrip() in known)


def _is_marked(line: str) -> bool:
    return line.startswith(f"{_MARK} ") or line.rstrip() == _MARK


def keep(kind: str, text: str) -> Path:
    """Puts what could not be saved into a private file. Raises StorageError."""
    folder = paths.state_dir() / "edits"
    stem = f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}"
    number = 0
    while (file := folder / (f"{stem}-{number}.toml" if number else f"{stem}.toml")).exists():
        number += 1
    try:
        paths.write_atomic(file, text.encode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(_("{file}: cannot be written: {reason}").format(file=file, reason=reason)) from error
    return file


# ── the edit ─────────────────────────────────────────────────────────────────────────────────────────────


async def edit(bench: Bench, source: Source, run: Run) -> Outcome:
    """Lets the agent edit `source` until it is saved or given up. Raises UsageError where no editor can be used."""
    return await _Edit(bench, source, run).go()


class _Edit:
    def __init__(self, bench: Bench, source: Source, run: Run) -> None:
        self.bench = bench
        self.source = source
        self.run = run
        self.text = source.text
        """What the agent has made of it so far."""
        self.shown = source.text
        """What was last put before them, without lines of ours."""
        self.head: list[str] = []
        self.findings: list[Finding] = []
        self.merging = False

    async def go(self) -> Outcome:
        self.head = self._welcome()
        while True:
            try:
                written = await self._open()
            except UsageError as error:
                if self.text != self.source.text:
                    kept = keep(self.source.kind, self.text)
                    error.hint = _("Your text is in {file}").format(file=kept)
                raise
            if not written.strip():
                return Outcome(False, _("Nothing was saved: the text was empty."))
            if written == self.source.text or (written == self.shown and not self.merging):
                return self._left(written)
            self.text = written
            self.findings = documents.check(self.bench.db, self.source.kind, written, self.bench.agent)
            if any(finding.wrong for finding in self.findings):
                self.shown, self.merging = written, False
                self.head = [
                    _("This cannot be saved yet: see the lines that begin with {mark}").format(mark=_MARK),
                    _("Leave it as it is to give up."),
                ]
                continue
            outcome = await self._save()
            if outcome is not None:
                return outcome

    def _welcome(self) -> list[str]:
        head = [
            _(self.source.title) + (f" ({_('your own')})" if self.source.own else ""),
            _("Saved when you leave the editor; leave it unchanged or empty to save nothing."),
            _("Lines that begin with {mark} are taken away again.").format(mark=_MARK),
        ]
        if self.source.kind == documents.CANNED:
            head.append(_("Comments are not kept in canned replies."))
        if not self.source.fresh:
            head += names(self.bench.db, self.source.kind)
        return head

    async def _open(self) -> str:
        """The text as the agent leaves it. The file is private, and gone afterwards."""
        with tempfile.TemporaryDirectory(prefix="wptui-") as folder:  # 0700
            file = Path(folder) / f"{self.source.kind}.toml"
            with paths.open_private(file, "wb") as out:
                out.write(marked(self.text, self.head, self.findings).encode())
            await self.run(file)
            try:
                return unmarked(file.read_bytes().decode(), self.text)
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(_("the edited text cannot be read: {reason}").format(reason=error)) from error

    def _left(self, written: str) -> Outcome:
        """The agent left without a change."""
        if written == self.source.text:
            return Outcome(False, _("Nothing changed."))
        kept = keep(self.source.kind, written)
        return Outcome(False, _("Not saved. Your text is in {file}").format(file=kept), kept)

    async def _save(self) -> Outcome | None:
        """Submits; None to go on editing."""
        source, notes = self.source, self.findings
        try:
            done = await documents.save(self.bench, source.kind, self.text, source.revision, own=source.own)
        except RefusedError as error:
            if documents.changed_meanwhile(error) and await self._changed():
                return None
            if error.code == "invalid":
                # The relay knows better than this version: what it says stands at the head.
                self.shown, self.merging = self.text, False
                self.head = [*str(error).splitlines(), _("Leave it as it is to give up.")]
                return None
            return self._kept(error)
        except WptuiError as error:
            return self._kept(error)
        if not done:
            kept = keep(source.kind, self.text)
            text = _("It goes out with the next connection. Your text is also in {file}").format(file=kept)
            return Outcome(False, text, kept, notes)
        return Outcome(True, _("{title}: saved.").format(title=_(source.title)), None, notes)

    def _kept(self, error: WptuiError) -> Outcome:
        kept = keep(self.source.kind, self.text)
        hint = f" {error.hint}" if error.hint else ""
        return Outcome(False, _("Not saved: {reason}{hint} Your text is in {file}").format(
            reason=str(error).rstrip(".") + ".", hint=hint, file=kept), kept)  # fmt: skip

    async def _changed(self) -> bool:
        """Somebody else saved first: the agent's changes are put on top of theirs; False where theirs do not come."""
        before, mine = self.source, self.text
        if not await documents.arrived(self.bench, before):
            return False
        after = documents.source(self.bench.db, before.kind, self.bench.agent, own=before.own)
        base, theirs = ("" if before.fresh else before.text), ("" if after.fresh else after.text)
        merged = merge(base, mine, theirs)
        self.text = "".join(f"{line}\n" for line in merged.lines)
        self.findings = [
            Finding(place + 1, "", f"{_('yours')}: {line}")
            for place, lines in merged.clashes.items()
            for line in reversed(lines)
        ]
        self.source, self.shown, self.merging = after, self.text, True
        changes = list(diff(base, theirs))
        cut = [*changes[:SHOWN_CHANGES], "…"] if len(changes) > SHOWN_CHANGES else changes
        self.head = [
            self._who(before),
            *cut,
            "",
            _("Your changes are put on top of the new text; where both changed the same lines, yours are comments."),
            _("Leave the editor to save it so; leave it empty to save nothing."),
        ]
        return True

    def _who(self, before: Source) -> str:
        who = _saved_by(self.bench.db, before, self.bench.agent)
        return _("{name} has changed it meanwhile:").format(name=who) if who else _("It was changed meanwhile:")


def _saved_by(db: sqlite3.Connection, source: Source, agent: str) -> str:
    """The name of who saved a section last; "" where that is not known."""
    row = db.execute(
        "SELECT COALESCE(a.name, s.by) FROM settings s LEFT JOIN agents a ON 'agent:' || a.id = s.by "
        "WHERE s.section = ? AND s.owner = ?",
        (source.kind, agent if source.own else ""),
    ).fetchone()
    return str(row[0]) if row else ""
