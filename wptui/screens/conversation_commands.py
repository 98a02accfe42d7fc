"""Commands about one conversation: whether it is done, when it comes back, what it is about."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from wptui.i18n import _, format_date, format_time, format_weekday
from wptui.model.commands import Label, Reopen, Resolve, Snooze, Tag
from wptui.model.text import fold
from wptui.screens.handing import HandingCommands
from wptui.screens.macros import MacroCommands
from wptui.widgets.choices import Choice

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


class ConversationCommands(HandingCommands, MacroCommands):
    """What is about the conversation that is open, or under the cursor."""

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

        team = self.main.team
        used = [
            label
            for (label,) in self.desk.db.execute(
                "SELECT label FROM labels GROUP BY label ORDER BY COUNT(*) DESC, label"
            )
        ]
        groups = list(dict.fromkeys(entry.group for entry in team.labels.values()))
        listed = sorted(team.labels, key=lambda label: groups.index(team.labels[label].group))
        choices: list[Choice] = []
        for label in [*listed, *(label for label in used if label not in team.labels)]:
            entry = team.labels.get(label)
            on = label in row.labels
            told = [_("take off") if on else "", entry.group if entry else "", entry.help if entry else ""]
            detail = " · ".join(part for part in told if part)
            style = team.label_styles.get(label, "inbox-label")
            choices.append(Choice(label, label, detail, style=style, marked=on))

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
