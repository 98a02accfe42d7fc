"""What lies behind a message: the webhook, our attempts, Meta's answers, statuses and errors."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wptui.cloudapi.errors import rule
from wptui.i18n import _, format_date, format_time
from wptui.model.errors import WptuiError
from wptui.model.text import safe
from wptui.screens.reading import ReadingScreen
from wptui.store.thread import ThreadRow
from wptui.widgets.render.cells import Line, wrap

if TYPE_CHECKING:
    from wptui.screens.desk import Desk


def story_lines(story: dict[str, Any], cells: int) -> list[Line]:
    """The story, filled into `cells`. Everything in it came from outside and is made safe here once more."""
    lines: list[Line] = []
    room = max(20, cells - 4)

    def say(text: str, style: str = "", indent: int = 2) -> None:
        for part in safe(text).split("\n"):
            # Long tokens and ids have no blanks: they are cut at the edge, never lost.
            for begin, end in wrap(part, room - indent) or [(0, 0)]:
                lines.append([(" " * indent, ""), (part[begin:end], style)])

    def heading(text: str, count: int) -> None:
        lines.extend([[], [(" ", ""), (f"{text} ({count})", "heading")]])

    for name in ("message", "wamid", "conversation"):
        if story.get(name):
            say(f"{name}: {story[name]}", "muted", 1)
    statuses = _listed(story, "statuses")
    heading(_("Statuses"), len(statuses))
    for event in statuses:
        data = _data(event)
        say(f"{_when(event)}  {data.get('status', '')}", "ok" if data.get("status") != "failed" else "error")
        for problem in data.get("problems") or []:
            _problem(say, problem)
    attempts = _listed(story, "attempts")
    heading(_("Attempts"), len(attempts))
    for event in attempts:
        data = _data(event)
        say(f"{_when(event)}  {event.get('type', '')}", "error" if "failed" in str(event.get("type")) else "")
        if isinstance(data.get("problem"), dict):
            _problem(say, data["problem"])
        say(_pretty(data), "muted", 4)
    bodies = _listed(story, "webhooks")
    heading(_("Webhooks"), len(bodies))
    for body in bodies:
        received = body.get("received_at")
        say(f"#{body.get('number', '?')}  {_moment(received)}")
        say(_pretty(body.get("body")), "muted", 4)
    events = _listed(story, "events")
    heading(_("Events"), len(events))
    for event in events:
        say(f"{event.get('seq', '')}  {_when(event)}  {event.get('type', '')}  {event.get('actor', '')}")
        say(_pretty(_data(event)), "muted", 4)
    return lines


def _listed(story: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = story.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _data(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data")
    return data if isinstance(data, dict) else {}


def _problem(say: Any, problem: Any) -> None:
    if not isinstance(problem, dict):
        return
    code = problem.get("code")
    say(f"{code}  {problem.get('title', '')}  {problem.get('details', '')}", "error", 4)
    if isinstance(code, int):
        say(_(rule(code).tell), "", 4)


def _when(event: dict[str, Any]) -> str:
    return _moment(event.get("at"))


def _moment(milliseconds: Any) -> str:
    if not isinstance(milliseconds, (int, float)):
        return ""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000)
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)
    return f"{format_date(moment, 'short')} {format_time(moment, seconds=True)}"


def _pretty(value: Any) -> str:
    """JSON to read; what is no JSON as it came."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(value)


class StoryScreen(ReadingScreen):
    """The raw story of one message."""

    def __init__(self, desk: Desk, row: ThreadRow) -> None:
        super().__init__(_("Raw story"))
        self._desk = desk
        self._row = row
        self._story: dict[str, Any] | None = None
        self._problem = ""

    def on_mount(self) -> None:
        """Asks the relay."""
        super().on_mount()
        self.run_worker(self._ask())

    async def _ask(self) -> None:
        try:
            if self._desk.remote is None:
                self._problem = _("The story lies at the relay, which cannot be reached now.")
            else:
                self._story = await self._desk.remote.story(self._row.id)
        except WptuiError as error:
            self._problem = f"{error} {error.hint}".strip()
        self.again()

    def made(self, cells: int) -> list[Line]:
        if self._story is not None:
            return story_lines(self._story, cells)
        if not self._problem:
            return [[], [(" ", ""), (_("Asking the relay…"), "muted")]]
        known = [
            f"id: {self._row.id}",
            f"wamid: {self._row.wamid or '–'}",
            f"{_('state')}: {self._row.status or '–'}",
            f"{_('error')}: {self._row.error_code or '–'} {safe(self._row.error_text)}",
        ]
        lines: list[Line] = [[]]
        lines += [[(" ", ""), (self._problem[begin:end], "error")] for begin, end in wrap(self._problem, cells - 2)]
        lines += [[], [(" ", ""), (_("What this machine knows of it:"), "")]]
        return lines + [[("   ", ""), (text, "muted")] for text in known]
