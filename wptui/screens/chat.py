"""The conversation that is open: what is shown of it, what is written in it, and who else is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import MarkRead, SeeMentions
from wptui.model.errors import WptuiError
from wptui.model.protocol import Presence
from wptui.model.window import is_open
from wptui.screens.chat_writing import ChatWriting, Enclosed
from wptui.screens.colleagues import Colleagues
from wptui.screens.outgoing import Outgoing
from wptui.store import inbox
from wptui.store.changes import Changes
from wptui.store.inbox import InboxRow
from wptui.store.thread import ThreadRow
from wptui.widgets.chat_title import ChatState, ChatTitle
from wptui.widgets.composer import Composer
from wptui.widgets.thread_view import ThreadView

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class Chat(ChatWriting):
    """The right pane."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main
        self.title = ChatTitle()
        self.thread = ThreadView(id="thread")
        self.outgoing = Outgoing(self)
        self.composer = Composer(main.composer_key)
        self.conversation: str | None = None
        self.row: InboxRow | None = None
        self.quote: ThreadRow | None = None
        self.note = False
        self.canned = ""
        """Shortcut of the canned reply that what is written was made from."""
        self.enclosed: Enclosed | None = None
        self.colleagues = Colleagues(main.wptui.desk)
        self._draft = ""
        self._saving = False
        self._typing_told = 0.0
        self._marked: dict[str, int] = {}
        self._called: dict[str, int] = {}
        """Conversation → when the newest mention of which we have said that it was seen was written."""
        self._identity: tuple[str, str, str] = ("", "", "")
        self._blocked = False
        self._colleague: tuple[int, float] = (0, 0.0)
        """Seq of the newest answer of a colleague in the open conversation, and when it came to the screen."""
        self._meanwhile = 0
        """Seq of the first of them that came while what stands in the composer was being written; 0 for none."""

    # ── opening and closing ──────────────────────────────────────────────────────────────────────────────

    def open(self, conversation: str, *, at: str = "", write: bool = False) -> None:
        """Shows a conversation; `at` a message in it. `write` goes straight to the composer."""
        desk = self.main.wptui.desk
        if conversation != self.conversation:
            row = inbox.conversation(desk.db, conversation)
            if row is None:
                self.main.banner.say(_("This conversation is no longer here."), severity="warning")
                return
            self._leave()
            self.conversation, self.row = conversation, row
            self._read_identity()
            self._colleague, self._meanwhile = (self._colleagues_answer(), 0.0), 0
            self.thread.open(
                conversation,
                unread_after_seq=row.read_seq if row.unread else None,
                title=row.title,
                group=row.kind == "group",
            )
            self.composer.describe(open=True, hint=self._hint())
            self._load_draft()
            self._presence("viewing")
        self.main.show_chat(True)
        if at:
            self.thread.jump_to(at)
        self.tick(desk.now())
        self.outgoing.renew()
        self._see_mentions()
        if write and self.composer.state.closed and not self.note:
            self.main.banner.say(self.composer.state.closed, severity="warning")
            write = False
        self.main.set_focus(self.composer.editor if write else self.thread)
        if desk.settings.mark_read == "on_open":
            self.mark_read()

    def reopen(self) -> None:
        """The cache is another file: reads everything anew."""
        desk = self.main.wptui.desk
        conversation = self.conversation
        self.row = inbox.conversation(desk.db, conversation) if conversation else None
        if conversation is not None and self.row is None:
            # A new cache fills from the newest conversation on; this one may still come.
            self.thread.open(None, db=desk.db)
            return
        self.thread.open(conversation, db=desk.db, title=self.row.title if self.row else None)

    def close(self) -> None:
        """Shows no conversation."""
        self._leave()
        self.conversation = self.row = None
        self.thread.open(None)
        self.composer.load("")
        self.composer.describe(open=False, note=False, quote="", hint="")
        self.title.show(ChatState())
        self.outgoing.renew()
        self.main.show_chat(False)
        self.main.set_focus(self.main.inbox.list)

    def _leave(self) -> None:
        self.save_draft()
        if self.conversation is not None:
            self._presence("gone")
        self.quote, self.note, self.canned, self.enclosed = None, False, "", None
        self.composer.describe(quote="", note=False, enclosed="")

    def _read_identity(self) -> None:
        assert self.row is not None
        desk = self.main.wptui.desk
        found = desk.db.execute(
            "SELECT phone, username, blocked FROM contacts WHERE id = ?", (self.row.contact,)
        ).fetchone()
        numbers = dict(desk.db.execute("SELECT id, CASE name WHEN '' THEN display ELSE name END FROM numbers"))
        phone, username, blocked = found or ("", "", 0)
        self._blocked = bool(blocked)
        self._identity = (phone, username, numbers.get(self.row.number, "") if len(numbers) > 1 else "")

    def _colleagues_answer(self) -> int:
        """Seq of the newest answer of somebody else in the open conversation; 0 for none."""
        desk = self.main.wptui.desk
        return int(
            desk.db.execute(
                "SELECT IFNULL(MAX(seq), 0) FROM messages "
                "WHERE conversation = ? AND dir = 'out' AND automatic = 0 AND author <> ?",
                (self.conversation, f"agent:{desk.me}"),
            ).fetchone()[0]
        )

    def _hint(self) -> str:
        keymap = self.main.wptui.keymap
        return _("{write} write · {send} send · {canned} canned reply").format(
            write=keymap.label("composer.focus"), send=keymap.label("composer.send"), canned="/"
        )

    # ── what changed ─────────────────────────────────────────────────────────────────────────────────────

    def changed(self, changes: Changes) -> None:
        """The cache changed."""
        self.colleagues.changed(changes)
        if self.conversation is None:
            return
        desk = self.main.wptui.desk
        if self.conversation in changes.removed:
            self.close()
            self.main.banner.say(_("This conversation is no longer yours to see, or was merged."), severity="warning")
            return
        if self.conversation not in changes.conversations:
            return
        was_missing = self.row is None
        self.row = inbox.conversation(desk.db, self.conversation)
        if self.row is None:
            return
        newest = self._colleagues_answer()
        if newest > self._colleague[0]:
            if not was_missing and not self.note and self.composer.text.strip():
                self._meanwhile = self._meanwhile or newest
            self._colleague = (newest, 0.0 if was_missing else time.monotonic())
        if was_missing:
            self.thread.open(self.conversation, db=desk.db, title=self.row.title)
        else:
            self.thread.refresh_rows()
        self._read_identity()
        self.tick(desk.now())
        self.seen()

    def tick(self, now: float) -> None:
        """Shows what the clock changes: the window, the deadline, and colleagues who went."""
        self.colleagues.expire()
        self.main.inbox.list.mark(here=self.colleagues.marks())
        if self.row is None:
            return
        desk = self.main.wptui.desk
        phone, username, number = self._identity
        self.title.show(
            ChatState(
                row=self.row,
                phone=phone,
                username=username,
                number=number,
                blocked=self._blocked,
                assignee=desk.name(self.row.assignee) if self.row.assignee else "",
                mine=self.row.assignee == desk.me,
                present=self.colleagues.words(self.row.id),
                present_short=self.colleagues.sign(self.row.id, self.main.wptui.glyphs),
                labels=self.main.team.label_styles,
                department=self.main.team.departments.get(self.row.department, "") if self.main.team.several else "",
                now=now,
            )
        )
        self.composer.describe(
            window_open=is_open(self.row.window_expires, int(now)),
            window_key=self.main.wptui.keymap.label("composer.template"),
            closed=self._closed(self.row),
        )
        self.outgoing.tick()

    def _closed(self, row: InboxRow) -> str:
        """Why the agent may not answer here; "" where they may."""
        desk = self.main.wptui.desk
        if self._blocked:
            return _("This customer is blocked.")
        if not desk.may("message.send"):
            return _("Your role reads along, without answering.")
        if row.assignee not in ("", desk.me) and not desk.may("message.others"):
            return _("{name} has it; you answer only your own.").format(name=desk.name(row.assignee))
        return ""

    def heard(self, presence: Presence) -> None:
        """A colleague looks or types somewhere."""
        if self.colleagues.heard(presence):
            self.tick(self.main.wptui.desk.now())

    def _presence(self, state: str) -> None:
        link = self.main.wptui.desk.link
        if link is not None:
            link.presence(state, self.conversation)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────

    def seen(self) -> None:
        """The newest message is on the screen of an agent who looks at it."""
        app = self.main.wptui
        looking = app.app_focus and self.main.is_current and self.thread.at_bottom
        if looking:
            self._see_mentions()
            if app.desk.settings.mark_read == "on_open":
                self.mark_read()

    def _see_mentions(self) -> None:
        """Notes that call the agent have been seen, once the conversation is open."""
        desk = self.main.wptui.desk
        newest = desk.db.execute(
            "SELECT MAX(ts) FROM mentions WHERE conversation = ? AND agent = ? AND NOT seen",
            (self.conversation, desk.me),
        ).fetchone()[0]
        if self.conversation is not None and newest is not None and newest > self._called.get(self.conversation, 0):
            self._called[self.conversation] = newest
            desk.give(self.conversation, SeeMentions(conversation=self.conversation))

    def mark_read(self, *, forced: bool = False) -> None:
        """The conversation counts as read; the customer sees blue ticks. Once for each state of it."""
        row = self.row
        if not self.main.wptui.desk.may("conversation.read"):
            return
        if row is None or not (row.unread or forced) or (self._marked.get(row.id, -1) >= row.seq and not forced):
            return
        try:
            self.main.wptui.desk.give(row.id, MarkRead(conversation=row.id, upto=row.seq))
        except WptuiError as error:
            self.main.trouble(error)
            return
        self._marked[row.id] = row.seq
