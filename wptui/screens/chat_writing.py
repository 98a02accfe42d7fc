"""What is written in the conversation that is open: drafts, notes, quotes, enclosures, and giving it all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from wptui.cloudapi.limits import TEXT
from wptui.i18n import N_, _
from wptui.model.commands import AddNote, AnyCommand, SendMessage
from wptui.model.errors import StorageError, UsageError, WptuiError
from wptui.model.text import safe_line
from wptui.model.window import is_open
from wptui.store.inbox import InboxRow
from wptui.store.thread import ThreadRow
from wptui.widgets.composer import PLACE, Composer
from wptui.widgets.render.mentions import called
from wptui.widgets.thread_view import ThreadView

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen
    from wptui.screens.outgoing import Outgoing

DRAFT_SECONDS = 0.4
"""How long after the last key a draft is written down."""
TYPING_SECONDS = 10.0
"""How often colleagues (and the customer) are told that the agent types."""
GLANCE_SECONDS = 3.0
"""A colleague's answer must have been on the screen this long before an answer of our own goes out unasked."""


class Enclosed(NamedTuple):
    """A file that goes along with the answer: its key at the relay, and its name."""

    key: str
    name: str


class ChatWriting:
    """The writing half of `screens.chat.Chat`, which owns what is declared here."""

    main: MainScreen
    thread: ThreadView
    composer: Composer
    outgoing: Outgoing
    conversation: str | None
    row: InboxRow | None
    quote: ThreadRow | None
    note: bool
    canned: str
    enclosed: Enclosed | None
    _draft: str
    _saving: bool
    _typing_told: float
    _colleague: tuple[int, float]
    _meanwhile: int

    def mark_read(self, *, forced: bool = False) -> None:
        """The conversation counts as read."""
        raise NotImplementedError

    def _presence(self, state: str) -> None:
        raise NotImplementedError

    def _closed(self, row: InboxRow) -> str:
        raise NotImplementedError

    def _draft_key(self) -> str:
        return f"note:{self.conversation}" if self.note else self.conversation or ""

    def _load_draft(self) -> None:
        try:
            self._draft = self.main.wptui.desk.outbox.draft(self._draft_key())
        except StorageError:
            self._draft = ""
        self.composer.load(self._draft)

    def edited(self, text: str) -> None:
        """The agent typed: kept as a draft soon, told to colleagues now and then."""
        if self.conversation is None or text == self._draft:
            return
        self._draft = text
        if not self._saving:
            self._saving = True
            self.main.set_timer(DRAFT_SECONDS, self.save_draft)
        now = time.monotonic()
        if text and not self.note and now - self._typing_told > TYPING_SECONDS and self.composer.state.window_open:
            self._typing_told = now
            self._presence("typing")
        if not text:
            self.canned = ""
            self._meanwhile = 0
            self._rest()

    def _rest(self) -> None:
        """The agent types no longer, but is still there."""
        if self._typing_told:
            self._typing_told = 0.0
            self._presence("viewing")

    def save_draft(self) -> None:
        """Writes the draft down, if there is anything new."""
        self._saving = False
        if self.conversation is None:
            return
        outbox = self.main.wptui.desk.outbox
        try:
            if outbox.draft(self._draft_key()) != self._draft:
                outbox.set_draft(self._draft_key(), self._draft)
        except WptuiError as error:
            self.main.trouble(error)

    def take_note(self, on: bool) -> None:
        """From answer to note and back; each has a draft of its own."""
        if self.conversation is None or on == self.note:
            return
        self.save_draft()
        self.note = on
        self.composer.describe(note=on)
        self._load_draft()
        self.main.renew_hints()

    def reply_to(self, row: ThreadRow | None) -> None:
        """The next answer quotes `row`; None takes that back."""
        self.quote = row
        told = ""
        if row is not None:
            told = row.text or _(N_("the chosen message"))
        self.composer.describe(quote=told)
        self.main.renew_hints()

    def send(self, text: str, *, note: bool = False) -> None:
        """Gives what is written as a message, or as a note. Raises UsageError (why not) and StorageError."""
        row = self.row
        if row is None:
            return
        if note:
            self.give(AddNote(conversation=row.id, text=text, mentions=called(text, self._agents())))
        else:
            if closed := self._closed(row):
                raise UsageError(closed)
            self.check_window()
            place = PLACE.search(text)
            if place is not None:
                self.composer.next_place(first=True)
                raise UsageError(_("{place} is still to be filled in.").format(place=place.group()))
            if len(text) > TEXT:
                more = len(text) - TEXT
                raise UsageError(
                    _("The text is {n} characters too long.").format(n=more), hint=_("Send it in two parts.")
                )
            for content, told in self._contents(text):
                self.give_content(content, told)
        self.clear()
        if note:
            self.take_note(False)
            self.main.set_focus(self.thread)  # never straight on into an answer that goes to the customer

    def _contents(self, text: str) -> list[tuple[dict[str, object], str]]:
        """The message objects of what is written, with the file that goes along; each with what to show of it."""
        if self.enclosed is None:
            return [({"type": "text", "text": {"body": text}}, text)]
        from wptui.screens.enclosing import enclosure

        return enclosure(*self.enclosed, text)

    def _agents(self) -> dict[str, str]:
        """Id → name of everybody a note can call."""
        return dict(self.main.wptui.desk.colleagues())

    def offer_colleagues(self) -> None:
        """Asks whom the note calls; without an answer the @ is just written."""
        from wptui.screens.handing import colleague_choices
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        if self.row is None:
            return
        choices = [each for each in colleague_choices(desk, self.row.department) if each.id != desk.me]

        def chosen(agent: str | None) -> None:
            self.composer.insert(f"@{desk.name(agent)} " if agent else "@")
            self.main.set_focus(self.composer.editor)

        self.main.app.push_screen(Picker(_("Call in the note"), choices), chosen)

    def enclose(self, key: str, name: str) -> None:
        """A file at the relay goes along with the answer; with an empty key none does."""
        self.enclosed = Enclosed(key, name) if key else None
        self.composer.describe(enclosed=safe_line(name, 60) if key else "")

    def put_draft(self, text: str) -> None:
        """Puts `text` into the composer, and on disk as its draft."""
        self._draft = text
        self.composer.load(text)
        self.save_draft()

    def clear(self) -> None:
        """Empties the composer and its draft."""
        self.put_draft("")

    def check_window(self) -> None:
        """Raises UsageError where only a template may go out now."""
        assert self.row is not None
        if not is_open(self.row.window_expires, int(self.main.wptui.desk.now())):
            key = self.main.wptui.keymap.label("composer.template")
            raise UsageError(
                _("The customer wrote more than 24 hours ago: only a template can go out."),
                hint=_("{key} chooses one; your text is kept.").format(key=key),
            )

    def give_content(self, content: dict[str, object], text: str, *, to: str | None = None) -> None:
        """Gives a message object, with what the agent had on the screen when answering.

        `to` names the conversation where the agent may meanwhile have opened another one.
        """
        conversation = to or self.conversation
        assert conversation is not None
        desk = self.main.wptui.desk
        last = desk.db.execute("SELECT MAX(seq) FROM messages WHERE conversation = ?", (conversation,)).fetchone()[0]
        here = conversation == self.conversation
        newest, came = self._colleague
        if here and last is not None and came and time.monotonic() - came < GLANCE_SECONDS:
            last = min(last, newest - 1)  # it may have come in under the very last keys: the relay asks
        if here and last is not None and self._meanwhile:
            last = min(last, self._meanwhile - 1)  # what was written before it may not fit any more
        quote = self.quote.wamid if here and self.quote is not None else None
        desk.give(
            conversation,
            SendMessage(
                conversation=conversation,
                content=content,
                text=text,
                quote=quote,
                answering=last,
                canned=self.canned if here else "",
            ),
        )
        if not here:
            return
        self.canned = ""
        self._meanwhile = 0
        self.enclose("", "")
        self._rest()
        self.thread.action_last()  # what becomes of it is told there, and its keys mean it
        self.outgoing.renew()
        self.reply_to(None)
        if desk.settings.mark_read in ("on_open", "on_reply"):
            self.mark_read()

    def give(self, command: AnyCommand) -> None:
        """Gives a command about the open conversation: on disk first, then on the screen."""
        self.main.wptui.desk.give(self.conversation, command)
        self.outgoing.renew()
