"""``wptui doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import click

from wptui.cli import checks, checks_relay
from wptui.cli.checks import Finding
from wptui.i18n import N_, _, ngettext

SECTIONS: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
    (N_("Terminal"), checks.terminal),
    (N_("Versions"), checks.versions),
    (N_("Packaged files"), checks.packaged),
    (N_("Folders"), checks.files),
    (N_("Settings"), checks.settings),
    (N_("Cache and outbox"), checks_relay.files),
    (N_("Relay"), checks_relay.link),
]

_MARKS = {"ok": " ok ", "warn": "warn", "fail": "FAIL"}
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command(
    help=_(
        "Check the terminal, versions, files, settings, cache and the connection to the relay, and say "
        "what to do where something is wrong. Exit code 1 if something failed."
    )
)
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
def doctor(as_json: bool) -> int:
    """Run every check and report."""
    report = {title: list(check()) for title, check in SECTIONS}
    findings = [finding for found in report.values() for finding in found]
    failed = sum(finding.status == "fail" for finding in findings)
    if as_json:
        rows = [
            {"id": f.id, "status": f.status, "text": f.text, **({"todo": f.todo} if f.todo else {})} for f in findings
        ]
        click.echo(json.dumps({"ok": not failed, "findings": rows}, ensure_ascii=False))
        return 1 if failed else 0
    for title, found in report.items():
        if not found:
            continue
        click.secho(_(title), bold=True)
        for finding in found:
            mark = click.style(_MARKS[finding.status], fg=_STYLES[finding.status])
            click.echo(f"  [{mark}] {finding.text}")
            if finding.todo:
                click.echo(f"         → {finding.todo}")
    if failed:
        click.echo(ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed))
        return 1
    warned = sum(finding.status == "warn" for finding in findings)
    if warned:
        click.echo(ngettext("Nothing failed; {n} warning.", "Nothing failed; {n} warnings.", warned).format(n=warned))
    else:
        click.echo(_("All is well."))
    return 0
