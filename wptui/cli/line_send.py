"""``wptui reply``: what is to be sent, checked before it leaves, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from wptui.cli import line_act, line_find, line_json, line_text
from wptui.cli.line_link import Line, open_line, run
from wptui.cli.line_text import Names
from wptui.cloudapi.payloads import check_content
from wptui.cloudapi.templates import fill_template, template_components, template_parameters, unfillable
from wptui.i18n import _
from wptui.model.canned import fill
from wptui.model.commands import SendMessage
from wptui.model.delivery import RANK, Delivery
from wptui.model.errors import RefusedError, UsageError
from wptui.store.inbox import InboxRow
from wptui.store.thread import ThreadRow
from wptui.store.variables import canned_text, known_values
from wptui.sync.media import upload

Json = dict[str, Any]

RESULT_SECONDS = 15.0

_PLACE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
"""What a canned reply leaves for the agent to fill in."""


@dataclass(frozen=True)
class Wanted:
    """The options of ``wptui reply``."""

    text: str | None
    quote: str | None
    canned: str | None
    template: str | None
    language: str | None
    params: tuple[str, ...]
    file: Path | None
    caption: str
    wait: str
    timeout: float
    force: bool


def reply(wanted: str, options: Wanted, *, as_json: bool, offline: bool) -> int:
    """Sends, waits, and says what became of it. Raises PayloadError and UsageError before anything is sent."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            row = line_find.conversation(line.db, wanted)
            content, shown = await _content(line, row, options)
            check_content(content)
            command = SendMessage(
                conversation=row.id,
                content=content,
                text=shown,
                quote=line_find.quoted(line.db, row, options.quote) if options.quote else None,
                answering=row.seq,
                force=options.force,
            )
            try:
                result = await line.execute(row.id, command, RESULT_SECONDS)
            except RefusedError as error:
                if error.code == "answered_meanwhile" and not error.hint:
                    error.hint = _("`wptui read {id}` shows it; --force sends all the same.").format(id=row.id)
                return line_act.refused(line, row, error, as_json=as_json)
            if result is None:
                return line_act.kept(line, row, as_json=as_json, offline=offline)
            message = await line.message(result.id, Delivery(options.wait), options.timeout)
            return _tell(line, row, result.id, message, Delivery(options.wait), as_json=as_json)

    return run(work())


async def _content(line: Line, row: InboxRow, options: Wanted) -> tuple[Json, str]:
    """The message object, and the text to show for it."""
    if options.file is not None:
        uploaded = await upload(line.http, options.file)
        return uploaded.content(options.caption), options.caption
    if options.template is not None:
        return _template(line, options)
    text = options.text if options.text is not None else _canned(line, row, options.canned or "")
    return {"type": "text", "text": {"body": text}}, text


def _canned(line: Line, row: InboxRow, shortcut: str) -> str:
    shortcut = shortcut.removeprefix("/")
    found = line.db.execute(
        "SELECT text, texts FROM canned WHERE shortcut = ? ORDER BY owner DESC", (shortcut,)
    ).fetchone()
    if found is None:
        names = ", ".join(name for (name,) in line.db.execute("SELECT shortcut FROM canned ORDER BY shortcut"))
        raise UsageError(
            _("There is no canned reply {name}").format(name=shortcut),
            hint=_("There are: {names}").format(names=names) if names else "",
        )
    values = known_values(line.db, row.id, agent=Names(line.db, line.me).agent(line.me), now=line.now)
    text = fill(canned_text(line.db, row.id, *found), values)
    if missing := _PLACE.findall(text):
        raise UsageError(
            _("The canned reply asks for {names}, which nobody knows here").format(names=", ".join(missing)),
            hint=_("Write the text yourself, or give the variable a default: {{name|default}}."),
        )
    return text


def _template(line: Line, options: Wanted) -> tuple[Json, str]:
    found = line.db.execute(
        "SELECT language, components FROM templates WHERE name = ? ORDER BY language", (options.template,)
    )
    rows = [row for row in found if options.language in (None, row[0])]
    if not rows:
        raise UsageError(_("There is no template {name}").format(name=options.template))
    if len(rows) > 1:
        languages = ", ".join(row[0] for row in rows)
        raise UsageError(
            _("The template is there in several languages: {names}").format(names=languages), hint=_("Give --lang.")
        )
    language, encoded = rows[0]
    components: list[Json] = msgspec.json.decode(encoded)
    if kind := unfillable(components):
        raise UsageError(_("Templates with {kind} cannot be sent from here").format(kind=kind))
    sent = template_components(components, _values(components, options.params))
    template: Json = {"name": options.template, "language": {"code": language}}
    if sent:
        template["components"] = sent
    return {"type": "template", "template": template}, fill_template(components, sent)


def _values(components: list[Json], params: tuple[str, ...]) -> dict[str, Any]:
    """Parameter key → value, from `--param key=value` and `--param value` in the order of the message."""
    asked = template_parameters(components)
    keys = [parameter.key for parameter in asked]
    values: dict[str, Any] = {}
    for given in params:
        named, equals, value = given.partition("=")
        if equals and named in keys:
            values[named] = value
            continue
        free = [each for each in keys if each not in values]
        if not free:
            raise UsageError(
                _("The template asks for {n} values").format(n=len(keys)),
                hint=_("They are: {names}").format(names=", ".join(keys)) if keys else "",
            )
        values[free[0]] = given
    for parameter in asked:
        link = values.get(parameter.key)
        if link and parameter.kind in ("image", "video", "document"):
            values[parameter.key] = {"link": link}
    return values


def _tell(line: Line, row: InboxRow, id: str, message: ThreadRow | None, wait: Delivery, *, as_json: bool) -> int:
    """Prints the state reached; the exit code is 1 unless it is what was waited for."""
    status = message.status if message is not None and message.status else "queued"
    ok = status != Delivery.FAILED and RANK.get(status, 0) >= RANK[wait]
    if as_json:
        line_json.emit(
            line,
            ok=ok,
            conversation=row.id,
            id=id,
            wamid=message.wamid if message else None,
            status=status,
            error=line_json.problem(message) if message else None,
        )
        return 0 if ok else 1
    click.echo(f"{row.title}: {line_text.status(status)} [{id}]")
    if message is not None and status == Delivery.FAILED:
        reason = line_text.failure(message.error_code, message.error_text)
        click.echo(_("Not sent: {reason}").format(reason=reason), err=True)
    elif not ok:
        click.echo(_("It did not get further in time; it goes on by itself. `wptui read` shows where it is."), err=True)
    return 0 if ok else 1
