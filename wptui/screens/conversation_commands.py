"""Commands about one conversation: who has it, whether it is done, when it comes back, what it is about."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wptui.i18n import _, format_date, format_time, format_weekday
from wptui.model.commands import AnyCommand, Assign, Label, Reopen, Resolve, Snooze, Tag
from wptui.model.text import fold
from wptui.store import inbox
from wptui.store.inbox import InboxRow
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

MORNING = 9
"""Hour at which a conversation snoozed to another day comes back."""
_SPAN = re.compile(r"(?:(\d{1,2})\s*[dg])?\s*(?:(\d{1,3})\s*(?:h|sa))?\s*(?:(\d{1,3})\s*(?:m|dk))?", re.IGNORECASE)
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")


def snooze_times(now: datetime) -> list[tuple[str, datetime]]:
    """The times offered: (what to call it, when)."""
    tomorrow = (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    monday = tomorrow + timedelta(days=(7 - tomorrow.weekday()) % 7)
    if monday == tomorrow:
        monday += timedelta(days=7)
    return [
        (_("in 1 hour"), now + timedelta(hours=1)),
        (_("in 3 hours"), now + timedelta(hours=3)),
        (_("tomorrow"), tomorrow),
        (_("next week"), monday),
    ]


def snooze_until(text: str, now: datetime) -> datetime | None:
    """When `text` means: "16:30" (today, or tomorrow where that is past), "45m", "2h", "1d 4h". None where nothing."""
    text = text.strip()
    if clock := _TIME.fullmatch(text):
        moment = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return moment if moment > now else moment + timedelta(days=1)
    if text.isdigit() and int(text) <= 1440:
        text += "m"
    span = _SPAN.fullmatch(text)
    if span is None or not any(span.groups()):
        return None
    days, hours, minutes = (int(part or 0) for part in span.groups())
    length = timedelta(days=days, hours=hours, minutes=minutes)
    return now + length if length else None


class ConversationCommands:
    """What is about the conversation that is open, or under the cursor."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def _row(self) -> InboxRow | None:
        target = self.main.target()
        row = inbox.conversation(self.main.wptui.desk.db, target) if target else None
        if row is None:
            self.main.banner.say(_("This conversation is no longer here."), severity="warning")
        return row

    def _give(self, row: InboxRow, command: AnyCommand, done: str) -> None:
        """Gives a command and says so; where there is no link, says when it will happen."""
        desk = self.main.wptui.desk
        desk.give(row.id, command)
        connected = desk.link is not None and desk.link.state.connected
        later = "" if connected else _("It goes out when the relay is back.")
        self.main.banner.say(f"{row.title}: {done}", later)

    # ── who ──────────────────────────────────────────────────────────────────────────────────────────────

    def take(self) -> None:
        """To the agent."""
        row = self._row()
        if row is not None:
            self._assign(row, self.main.wptui.desk.me)

    def assign(self) -> None:
        """To a colleague, or to nobody."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        people = sorted(desk.colleagues(), key=lambda each: (each[0] != desk.me, fold(each[1])))
        choices = [
            Choice(id, name, _("you") if id == desk.me else "", marked=id == row.assignee) for id, name in people
        ]
        choices.append(Choice("", _("nobody"), marked=not row.assignee))

        def chosen(agent: str | None) -> None:
            if agent is not None:
                self._assign(row, agent)

        self.main.app.push_screen(Picker(_("Assign {name} to").format(name=row.title), choices), chosen)

    def _assign(self, row: InboxRow, agent: str) -> None:
        desk = self.main.wptui.desk
        if agent == row.assignee:
            self.main.banner.say(_("It is so already."))
            return
        done = _("assigned to {agent}").format(agent=desk.name(agent)) if agent else _("assigned to nobody")
        self._give(row, Assign(conversation=row.id, agent=agent or None, expect=row.assignee or None), done)

    # ── done or later ────────────────────────────────────────────────────────────────────────────────────

    def resolve(self) -> None:
        """The request is done."""
        row = self._row()
        if row is None:
            return
        if row.state == "resolved":
            self.main.banner.say(_("It is resolved already."))
            return
        self._give(row, Resolve(conversation=row.id), _("resolved"))

    def reopen(self) -> None:
        """It is not."""
        row = self._row()
        if row is None:
            return
        if row.state == "snoozed":
            self._give(row, Snooze(conversation=row.id, until=0), _("back from snooze"))
        elif row.state == "resolved":
            self._give(row, Reopen(conversation=row.id), _("reopened"))
        else:
            self.main.banner.say(_("It is open already."))

    def snooze(self) -> None:
        """Out of sight until a time."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        now = datetime.fromtimestamp(self.main.wptui.desk.now())

        def told(moment: datetime) -> str:
            day = "" if moment.date() == now.date() else f"{format_weekday(moment, short=True)} "
            if moment - now > timedelta(days=6):
                day = f"{format_date(moment, 'short')} "
            return day + format_time(moment)

        choices = [Choice(str(int(moment.timestamp())), name, right=told(moment)) for name, moment in snooze_times(now)]
        if row.state == "snoozed":
            choices.append(Choice("0", _("wake up now")))

        def typed(text: str) -> Choice | None:
            moment = snooze_until(text, now)
            if moment is None:
                return None
            return Choice(str(int(moment.timestamp())), _("until {time}").format(time=told(moment)), words=text)

        def chosen(id: str | None) -> None:
            if id is None:
                return
            until = int(id)
            moment = datetime.fromtimestamp(until)
            done = _("snoozed until {time}").format(time=told(moment)) if until else _("back from snooze")
            self._give(row, Snooze(conversation=row.id, until=until), done)

        title = _("Snooze {name}: choose, or type 16:30, 45m, 2h, 1d").format(name=row.title)
        self.main.app.push_screen(Picker(title, choices, free=typed), chosen)

    # ── what about ───────────────────────────────────────────────────────────────────────────────────────

    def label(self) -> None:
        """Puts a label on, or takes one off."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        known = self.main.wptui.desk.db.execute(
            "SELECT label, COUNT(*) FROM labels GROUP BY label ORDER BY COUNT(*) DESC, label"
        )
        choices = [
            Choice(label, label, _("take off") if label in row.labels else "", marked=label in row.labels)
            for label, _count in known
        ]

        def typed(text: str) -> Choice | None:
            text = text.replace(",", " ").strip()
            if not text or any(fold(choice.id) == fold(text) for choice in choices):
                return None
            return Choice(text, _("New label: {label}").format(label=text), words=text)

        def chosen(label: str | None) -> None:
            if label:
                on = label not in row.labels
                done = _("label {label} on") if on else _("label {label} off")
                self._give(row, Label(conversation=row.id, label=label, on=on), done.format(label=label))

        empty = _("No labels yet: type one.")
        self.main.app.push_screen(
            Picker(_("Labels of {name}").format(name=row.title), choices, free=typed, empty=empty), chosen
        )

    def campaign(self) -> None:
        """Which campaign brought the request."""
        row = self._row()
        if row is None:
            return
        from wptui.screens.picker import Picker

        known = self.main.wptui.desk.db.execute("SELECT code, name FROM campaigns ORDER BY seq DESC")
        choices = [Choice(code, f"#{code}", name, marked=code == row.campaign) for code, name in known]
        if row.campaign and all(choice.id != row.campaign for choice in choices):
            choices.insert(0, Choice(row.campaign, f"#{row.campaign}", marked=True))
        if row.campaign:
            choices.append(Choice("", _("no campaign")))

        def typed(text: str) -> Choice | None:
            code = text.lstrip("#").strip()
            if not code or any(fold(choice.id) == fold(code) for choice in choices):
                return None
            return Choice(code, _("Campaign #{code}").format(code=code), words=text)

        def chosen(code: str | None) -> None:
            if code is not None and code != row.campaign:
                done = f"#{code}" if code else _("no campaign")
                self._give(row, Tag(conversation=row.id, campaign=code or None), done)

        empty = _("No campaigns yet: type a code.")
        self.main.app.push_screen(
            Picker(_("Campaign of {name}").format(name=row.title), choices, free=typed, empty=empty), chosen
        )

    def note(self) -> None:
        """Only colleagues see it."""
        target = self.main.target()
        if target is None:
            return
        self.main.chat.open(target, write=True)
        self.main.chat.take_note(True)

    def read(self) -> None:
        """Blue ticks."""
        row = self._row()
        if row is None:
            return
        from wptui.model.commands import MarkRead

        self._give(row, MarkRead(conversation=row.id, upto=row.seq), _("marked as read"))
