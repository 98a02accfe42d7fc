"""``wptui doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from wptui.cli import checks, checks_relay
from wptui.cli.report import show, verdict
from wptui.i18n import N_, _
from wptui.model.finding import Finding

SECTIONS: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
    (N_("Terminal"), checks.terminal),
    (N_("Versions"), checks.versions),
    (N_("Packaged files"), checks.packaged),
    (N_("Folders"), checks.files),
    (N_("Settings"), checks.settings),
    (N_("Cache and outbox"), checks_relay.files),
    (N_("Relay"), checks_relay.link),
]


@click.command(
    help=_(
        "Check the terminal, versions, files, settings, cache and the connection to the relay, and say "
        "what to do where something is wrong. Exit code 1 if something failed."
    )
)
@click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
def doctor(as_json: bool) -> int:
    """Run every check and report."""
    findings: list[Finding] = []
    for title, check in SECTIONS:
        found = list(check())
        findings += found
        if found and not as_json:
            click.secho(_(title), bold=True)
            for finding in found:
                show(finding)
    return verdict(findings, as_json=as_json)
