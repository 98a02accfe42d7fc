"""``wptui agents`` and ``wptui audit``: who may sign in, and who did what, asked of the relay one is signed in to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click

from wptui.i18n import _, ngettext

Json = dict[str, Any]

_AGENT = click.argument("agent", metavar="AGENT")
_JSON = click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))


@click.group(
    help=_(
        "Who may sign in, through the relay you are signed in to. AGENT is an id or a name. "
        "On the relay's own machine `wptui relay agent` does the same without signing in."
    )
)
def agents() -> None:
    """The group."""


@agents.command("list", help=_("Show the agents, their roles and their devices."))
@_JSON
def list_command(as_json: bool) -> int:
    """List the agents."""
    found = _call("GET", "/v1/agents")
    if as_json:
        return _tell(found, "", as_json)
    for each in found["agents"]:
        state = _("shut out") if each["revoked"] else each["role"]
        click.echo(f"{each['id']:<20} {state:<12} {each['name']}")
        for device in each["devices"]:
            if not device["revoked"]:
                click.echo(f"    {device['device']}  {_minute(device['used_at'])}")
    return 0


@agents.command("add", help=_("Let somebody in, and print a one-time code for their terminal."))
@click.argument("name")
@click.option("--role", metavar="ROLE", default="agent", show_default=True, help=_("What they may do."))
@_JSON
def add_command(name: str, role: str, as_json: bool) -> int:
    """Add an agent."""
    found = _call("POST", "/v1/agents", {"name": name, "role": role})
    told = _("{name} may sign in as {role}; the id is {id}.")
    return _tell_code(found, told.format(name=found["name"], role=found["role"], id=found["id"]), as_json)


@agents.command("code", help=_("Print a new one-time code, for another device."))
@_AGENT
@_JSON
def code_command(agent: str, as_json: bool) -> int:
    """A new code."""
    return _tell_code(_call("POST", "/v1/agents/{id}/code", agent=agent), "", as_json)


@agents.command("role", help=_("Give somebody another role: owner, manager, agent, viewer, or one of your own."))
@_AGENT
@click.argument("role")
@_JSON
def role_command(agent: str, role: str, as_json: bool) -> int:
    """Change a role."""
    found = _call("POST", "/v1/agents/{id}/role", {"role": role}, agent=agent)
    return _tell(found, _("{name} is {role} now.").format(name=found["name"], role=found["role"]), as_json)


@agents.command("revoke", help=_("Shut somebody out, on all devices, at once."))
@_AGENT
@_JSON
def revoke_command(agent: str, as_json: bool) -> int:
    """Revoke an agent."""
    found = _call("POST", "/v1/agents/{id}/revoke", agent=agent)
    return _tell(found, _("{name} is shut out.").format(name=found["name"]), as_json)


@click.command(
    help=_(
        "Who did what, the latest first: in CONVERSATION (an id or its beginning, a phone number, a @username or a "
        "name), or everywhere."
    )
)
@click.argument("conversation", metavar="[CONVERSATION]", required=False)
@click.option("--agent", metavar="NAME", default="", help=_("Only what this agent did."))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help=_("How many at most."))
@click.option("--before", type=click.IntRange(1), metavar="NUMBER", help=_("Only what stands before this event."))
@_JSON
def audit_command(conversation: str | None, agent: str, limit: int, before: int | None, as_json: bool) -> int:
    """Print the trail."""
    from wptui.cli.line_link import run

    return run(_trail(conversation, agent, limit, before, as_json))


async def _trail(wanted: str | None, agent: str, limit: int, before: int | None, as_json: bool) -> int:
    import msgspec

    from wptui.cli import line_find, line_json
    from wptui.cli.line_link import open_line
    from wptui.store import audit

    async with open_line() as line:
        asked: Json = {"agent": agent}
        if wanted:
            asked["conversation"] = line_find.conversation(line.db, wanted).id
        names = audit.names(line.db)
        entries: list[audit.Entry] = []
        following = before
        while len(entries) < limit:
            page = asked | {"limit": min(limit - len(entries), 500)} | ({"before": following} if following else {})
            found = await line.http.call_json("GET", "/v1/audit", params=page)
            entries += msgspec.convert(found.get("entries", []), list[audit.Entry])
            following = found.get("next")
            if following is None:
                break
        told = [(entry, audit.sentence(entry, names)) for entry in entries]
        if as_json:
            line_json.emit(line, entries=[_row(entry, sentence) for entry, sentence in told], next=following)
            return 0
    for entry, sentence in told:
        where = f"{entry.title}: " if entry.title and not wanted else ""
        click.echo(f"{_minute(entry.at // 1000)}  {where}{sentence}")
    if following is not None:
        click.echo(_("There is more: --before {n} goes on.").format(n=following), err=True)
    return 0


def _row(entry: Any, sentence: str) -> Json:
    return {
        "seq": entry.seq,
        "time": entry.at // 1000,
        "actor": entry.actor,
        "name": entry.name,
        "type": entry.type,
        "conversation": entry.conversation,
        "title": entry.title,
        "data": entry.data,
        "sentence": sentence,
    }


def _call(method: str, path: str, body: Json | None = None, *, agent: str = "") -> Json:
    """The relay's answer; `{id}` in the path is the agent called `agent`. Raises as `sync.http.Http.call`."""
    return asyncio.run(_ask(method, path, body, agent))


async def _ask(method: str, path: str, body: Json | None, agent: str) -> Json:
    from urllib.parse import quote

    from wptui import config
    from wptui.sync import credentials
    from wptui.sync.http import Http

    http = Http(credentials.load(config.load().relay.url))
    try:
        if agent:
            found = await http.call_json("GET", "/v1/agents")
            path = path.format(id=quote(_find(found["agents"], agent), safe=""))
        return (
            await http.call_json(method, path, json=body or {})
            if method == "POST"
            else await http.call_json(method, path)
        )
    finally:
        await http.close()


def _find(agents: list[Json], wanted: str) -> str:
    """The id of the agent `wanted`: an id, or a name in any case and with or without accents. Raises UsageError."""
    from wptui.model.errors import UsageError
    from wptui.model.text import fold

    found = [each["id"] for each in agents if wanted in (each["id"], each["name"])]
    found = found or [each["id"] for each in agents if fold(each["name"]) == fold(wanted)]
    if len(found) == 1:
        return str(found[0])
    if found:
        raise UsageError(_("Several agents are called so: {ids}. Give the id.").format(ids=", ".join(found)))
    raise UsageError(_("There is no agent {name}.").format(name=wanted), hint=_("`wptui agents list` shows them."))


def _tell(found: Json, told: str, as_json: bool) -> int:
    from wptui.cli.line_json import SCHEMA

    click.echo(json.dumps({"schema": SCHEMA} | found, ensure_ascii=False) if as_json else told)
    return 0


def _tell_code(found: Json, told: str, as_json: bool) -> int:
    if as_json:
        return _tell(found, told, as_json)
    if told:
        click.echo(told)
    minutes = int(found["minutes"])
    click.echo(_("One-time code: {code}").format(code=found["code"]))
    within = ngettext("It works once, within {n} minute, with `wptui login`.",
                      "It works once, within {n} minutes, with `wptui login`.", minutes)  # fmt: skip
    click.echo(within.format(n=minutes))
    return 0


def _minute(ts: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(ts).strftime("%Y-%m-%d %H:%M")
