"""What the agent has given in the open conversation, until the relay has taken it, or a refusal is decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wptui.i18n import _
from wptui.model.commands import AddNote, AnyCommand, RunMacro, SendMessage
from wptui.model.errors import StorageError
from wptui.model.protocol import Result
from wptui.store import inbox
from wptui.sync.outbox import REFUSED, Pending
from wptui.widgets.outbox_pane import OutboxPane, OutboxState, Refusal

if TYPE_CHECKING:
    from wptui.screens.chat import Chat
    from wptui.screens.desk import Desk

_WRITTEN = (SendMessage, AddNote)
_HELD = "answered_meanwhile"


class Outgoing:
    """The lines between thread and composer, and what can be done about them."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.pane = OutboxPane()
        self._claims: dict[str, str] = {}
        """Commands by which the agent took the next customer: id → conversation."""

    def renew(self) -> None:
        """Shows what the relay has not taken yet."""
        desk = self.chat.main.wptui.desk
        pending: list[Pending] = []
        if self.chat.conversation is not None:
            try:
                pending = desk.outbox.pending(self.chat.conversation)
            except StorageError as error:
                self.chat.main.trouble(error)
        refusals: tuple[tuple[str, Refusal], ...] = ()
        if any(item.state == REFUSED for item in pending):
            from wptui.screens.refusals import explain

            label = self.chat.main.wptui.keymap.label
            refusals = tuple((item.id, explain(desk, item, label)) for item in pending if item.state == REFUSED)
        link = desk.link
        had = any(item.state == REFUSED for item in self.pane.state.pending)
        self.pane.show(OutboxState(pending, refusals, link is not None and link.state.connected))
        if had != bool(refusals):
            self.chat.main.renew_hints()

    def tick(self) -> None:
        """A second has passed: how long ago a colleague answered is told anew."""
        if any(item.state == REFUSED for item in self.pane.state.pending):
            self.renew()

    def claiming(self, command: str, conversation: str) -> None:
        """The agent took the next customer by `command`: should a colleague be faster, it is the one after."""
        self._claims[command] = conversation

    def _claimed(self, result: Result) -> bool:
        """Whether `result` answers such a claim that was lost, which is dealt with then."""
        conversation = self._claims.pop(result.id, None)
        if conversation is None or result.ok or result.code != "already_assigned":
            return False
        main = self.chat.main
        main.wptui.desk.outbox.drop(result.id)
        row = inbox.conversation(main.wptui.desk.db, conversation)
        name = row.title if row else _("a customer")
        told = _who_has_it(main.wptui.desk, conversation, result)
        main.banner.say(f"{name}: {told}", severity="warning")
        if self.chat.conversation == conversation and not self.chat.composer.text.strip():
            main.next_after(conversation)
        return True

    def refused(self) -> list[Pending]:
        """What the relay refused in this conversation and waits for a decision."""
        if self.chat.conversation is None:
            return []
        try:
            return [
                item
                for item in self.chat.main.wptui.desk.outbox.pending(self.chat.conversation)
                if item.state == REFUSED
            ]
        except StorageError:
            return []

    def settled(self, result: Result) -> None:
        """A command was answered. A refused message stays in sight; any other refusal is said once."""
        if self._claimed(result) or result.ok:
            return
        from wptui.screens.refusals import words

        outbox = self.chat.main.wptui.desk.outbox
        item = next((item for item in outbox.pending() if item.id == result.id), None)
        if item is None:
            return
        told = words(result.code, result.message)
        if result.code == "already_assigned" and item.conversation is not None:
            told = _who_has_it(self.chat.main.wptui.desk, item.conversation, result)
        held = isinstance(item.command, RunMacro) and result.code == _HELD
        if not held and not isinstance(item.command, _WRITTEN):
            outbox.drop(item.id)
            self.chat.main.banner.say(told, severity="error")
        elif item.conversation != self.chat.conversation:
            row = inbox.conversation(self.chat.main.wptui.desk.db, item.conversation or "")
            name = row.title if row else _("a customer")
            self.chat.main.banner.say(_("Not sent to {name}: {why}").format(name=name, why=told), severity="error")

    def force(self) -> None:
        """Sends anyway what was held back because a colleague was faster."""
        outbox = self.chat.main.wptui.desk.outbox
        for item in self.refused():
            if isinstance(item.command, SendMessage | RunMacro):
                self.chat.give(msgspec.structs.replace(item.command, force=True))
                outbox.drop(item.id)
        self.renew()

    def give_up(self) -> None:
        """Throws away what was refused."""
        for item in self.refused():
            self.chat.main.wptui.desk.outbox.drop(item.id)
        self.renew()
        self.chat.main.renew_hints()

    def take_back(self) -> None:
        """What was refused goes back to the composer, before what stands there."""
        refused = self.refused()
        if not refused:
            return
        # A note must never slip into an answer: only what is of the first one's kind comes back now.
        note = isinstance(refused[0].command, AddNote)
        chosen = [item for item in refused if isinstance(item.command, AddNote) == note]
        self.chat.take_note(note)
        texts = [text for item in chosen if (text := _own_words(item.command))]
        # On disk as a draft before the outbox lets go of it.
        self.chat.put_draft("\n".join(text for text in [*texts, self.chat.composer.text] if text))
        for item in chosen:
            self.chat.main.wptui.desk.outbox.drop(item.id)
        self.renew()
        self.chat.main.set_focus(self.chat.composer.editor)


def _who_has_it(desk: Desk, conversation: str, result: Result) -> str:
    """Who was faster: as the cache knows it, in the agent's language, else as the relay said it."""
    row = inbox.conversation(desk.db, conversation)
    if row is not None and row.assignee not in ("", desk.me):
        return _("{name} has this conversation already.").format(name=desk.name(row.assignee))
    return result.message or _("A colleague was faster: it is assigned already.")


def _own_words(command: AnyCommand) -> str:
    """What the agent typed; "" for a template, a file or a place, which the composer cannot hold."""
    if isinstance(command, AddNote):
        return command.text
    if isinstance(command, SendMessage) and command.content.get("type") == "text":
        return command.text
    return ""
