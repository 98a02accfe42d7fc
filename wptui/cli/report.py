"""How the doctors report: a line for each finding, or one JSON object, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

import click

from wptui.i18n import _, ngettext

_MARKS = {"ok": (" ok ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


class Found(Protocol):
    """What a check found: a stable id; ok, warn or fail; what it is, and what to do, in the user's language."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def todo(self) -> str: ...


def show(finding: Found) -> None:
    """Print one finding for people."""
    mark, colour = _MARKS[finding.status]
    click.echo(f"  [{click.style(mark, fg=colour)}] {finding.text}")
    if finding.todo:
        click.echo(f"         → {finding.todo}")


def verdict(findings: Sequence[Found], *, as_json: bool) -> int:
    """Print the end of a report (with *as_json* all of it), and return the exit code."""
    failed = sum(finding.status == "fail" for finding in findings)
    warned = sum(finding.status == "warn" for finding in findings)
    if as_json:
        rows = [
            {"id": f.id, "status": f.status, "text": f.text, **({"todo": f.todo} if f.todo else {})} for f in findings
        ]
        click.echo(json.dumps({"ok": not failed, "findings": rows}, ensure_ascii=False))
    elif failed:
        click.echo(ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed))
    elif warned:
        click.echo(ngettext("Nothing failed; {n} warning.", "Nothing failed; {n} warnings.", warned).format(n=warned))
    else:
        click.echo(_("All is well."))
    return 1 if failed else 0
