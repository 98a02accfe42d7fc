"""``wptui rules``: the rules, and what they would have done."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from wptui.i18n import _, ngettext
from wptui.model.errors import UsageError

Json = dict[str, Any]

_JSON = click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))
_SECONDS = 300.0
"""A month of a busy shop takes a while."""


@click.group(
    help=_(
        "What the relay does by itself. `wptui edit rules` changes the rules; `wptui rules test` shows what they "
        "would have done yesterday, without doing it."
    )
)
def rules() -> None:
    """The group."""


@rules.command("list", help=_("Show the rules, and which are on."))
@_JSON
def list_command(as_json: bool) -> int:
    """List the rules."""
    from wptui.cli.line_link import open_line, run

    async def show() -> int:
        from wptui.store import team

        async with open_line() as line:
            found = team.document(line.db, "rules")
        rows = [{"rule": id, "on": rule.on, "when": rule.when, "title": rule.title} for id, rule in found.items()]
        if as_json:
            click.echo(json.dumps({"rules": rows}, ensure_ascii=False))
        elif not rows:
            click.echo(_("There are no rules yet. `wptui edit rules` offers some to begin with."))
        else:
            for row in rows:
                state = _("on") if row["on"] else _("off")
                click.echo(f"{row['rule']:<20} {state:<4} {row['when']:<16} {row['title']}".rstrip())
        return 0

    return run(show())


@rules.command(
    "test",
    help=_("Show what the rules, also those that are off, would have done on a stretch of the log: nothing is sent."),
)
@click.option("--from", "begin", metavar="DAY", help=_("The first day, 2026-11-22; yesterday if not given."))
@click.option("--to", "end", metavar="DAY", help=_("The last day; the first one if not given."))
@click.option("--file", "file", metavar="FILE|-", help=_("Try this document instead of the rules in force."))
@_JSON
def test_command(begin: str | None, end: str | None, file: str | None, as_json: bool) -> int:
    """Rehearse the rules."""
    first = _day(begin, "--from") if begin else date.today() - timedelta(days=1)
    last = _day(end, "--to") if end else first
    if last < first:
        raise UsageError(_("--to lies before --from"))
    # What is not over yet today has not been done, and would perhaps never be.
    asked: Json = {"begin": _midnight(first), "end": min(_midnight(last + timedelta(days=1)), int(time.time()) + 1)}
    if asked["end"] <= asked["begin"]:
        raise UsageError(_("This day is still to come"))
    if file is not None:
        asked["text"] = _read(file)
    found = asyncio.run(_ask(asked))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found, first, last)
    return 0


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(_("{option} wants a day such as 2026-11-22").format(option=option)) from error


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day).timestamp())


def _read(file: str) -> str:
    from wptui.model import settings
    from wptui.model.settings.base import SettingsError

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
        settings.parse("rules", text)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(_("{file} cannot be read: {reason}").format(file=file, reason=error)) from error
    except SettingsError as error:
        told = _("{file}, line {line}: {key}: {reason}")
        raise UsageError(told.format(file=file, line=error.line, key=error.where, reason=error.message)) from error
    return text


async def _ask(asked: Json) -> Json:
    from wptui import config
    from wptui.sync import credentials
    from wptui.sync.http import Http

    http = Http(credentials.load(config.load().relay.url))
    try:
        return await http.call_json("POST", "/v1/rules/test", json=asked, timeout=_SECONDS)
    finally:
        await http.close()


def _show(found: Json, first: date, last: date) -> None:
    from wptui.model.settings.acts import REASONS
    from wptui.model.text import safe_line

    tallies = found["tallies"]
    if not tallies:
        click.echo(_("There are no rules yet. `wptui edit rules` offers some to begin with."))
        return
    days = first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"
    click.echo(
        ngettext("{days}: {n} event looked at.", "{days}: {n} events looked at.", found["events"]).format(
            days=days, n=found["events"]
        )
    )
    for tally in tallies:
        state = "" if tally["on"] else f" ({_('off')})"
        times = ngettext("would have acted {n} time", "would have acted {n} times", tally["fired"])
        title = f" · {tally['title']}" if tally["title"] else ""
        click.echo(f"\n{tally['rule']}{state}{title}: {times.format(n=tally['fired'])}")
        for case in (case for case in found["cases"] if case["rule"] == tally["rule"]):
            at = datetime.fromtimestamp(case["at"]).strftime("%d.%m. %H:%M")
            said = f"  “{safe_line(case['text'], 60)}”" if case.get("text") else ""
            click.echo(f"  {at}  {safe_line(case['customer'], 40)}{said}")
            for act in case.get("acts", ()):
                click.echo(f"      → {safe_line(act, 100)}")
            for act, code in case.get("skipped", {}).items():
                reason = _(REASONS[code]) if code in REASONS else code
                click.echo(f"      ✗ {safe_line(act, 80)} ({reason})")
