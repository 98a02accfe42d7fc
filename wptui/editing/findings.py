"""What was found out about a document, in the agent's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wptui.i18n import _
from wptui.model.settings.base import SettingsError


@dataclass(frozen=True)
class Finding:
    """Something about line `line` (from 1), key `where`. Only what is `wrong` keeps the document from being saved."""

    line: int
    where: str
    text: str
    wrong: bool = True
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.text}" if self.where else self.text
        return sentence if self.wrong else _("note: {sentence}").format(sentence=sentence)


def told(error: SettingsError) -> str:
    """The error's sentence in the agent's language."""
    near = _('; did you mean "{word}"?').format(word=error.near) if error.near else ""
    return error.told(_(error.template)) + near


def report(name: str, findings: Sequence[Finding]) -> str:
    """The findings, a line each: file, line, and what it is."""
    return "\n".join(f"{name}:{finding.line}: {finding}" for finding in findings)
