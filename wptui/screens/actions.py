"""Every command of the terminal, defined once.

A definition gives the key binding, the footer's hint, the palette's entry, the line in the help and the id by
which ``[keys]`` in ``config.toml`` gives it other keys. No Textual here: the keys are checked before it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wptui.config.load import error_at
from wptui.i18n import N_, _
from wptui.screens.action import (
    CONVERSATION,
    INBOX,
    MESSAGE,
    NEEDS,
    TEAM,
    WINDOW,
    WRITING,
    Action,
    Need,
    Where,
)

__all__ = ["ACTIONS", "BY_ID", "COMMANDS", "NEEDS", "Action", "KeyMap", "Need", "Where", "key_label"]

_EDITORS = (
    "canned.own", "canned.edit", "filters.edit", "labels.edit", "hours.edit", "sla.edit", "rules.edit",
    "departments.edit", "roles.edit",
)  # fmt: skip
"""Permissions with each of which there is something to edit."""

ACTIONS: tuple[Action, ...] = (
    Action("inbox.open", N_("Open the conversation"), ("enter",),
           N_("Shows its messages; enter once more begins an answer."),
           INBOX, "inbox", "conversation", N_("open"), 1),
    Action("inbox.next", N_("Take the next customer"), ("n",),
           N_("Assigns the most urgent customer nobody else has to you and opens the conversation."),
           INBOX, hint=N_("next"), order=2,
           may=("conversation.claim",)),
    Action("inbox.find", N_("Filter the inbox"), ("/",),
           N_("Words, and terms such as is:late campaign:KIŞ24 label:iade."),
           INBOX, hint=N_("find"), order=8),
    Action("inbox.search", N_("Search all messages"), ("ctrl+f",),
           N_("Finds words in every conversation; ışık is found by isik."),
           INBOX, hint=N_("search"), order=12),
    Action("inbox.sort", N_("Choose the order"), ("s",),
           N_("Waiting time, due time, priority, unread, newest, campaign or closing window."),
           INBOX, hint=N_("sort"), order=13),
    Action("inbox.view", N_("Choose the view"), ("v",),
           N_("All, mine, unassigned, late, mentions, following, snoozed, resolved, and saved filters."),
           INBOX, hint=N_("view"), order=14),
    Action("inbox.view_all", N_("View: all"), ("1",),
           N_("Every open conversation."),
           INBOX),
    Action("inbox.view_mine", N_("View: mine"), ("2",),
           N_("Open conversations assigned to you."),
           INBOX),
    Action("inbox.view_unassigned", N_("View: unassigned"), ("3",),
           N_("Open conversations nobody has taken."),
           INBOX),
    Action("inbox.view_late", N_("View: late"), ("4",),
           N_("Customers who have waited longer than the target."),
           INBOX),
    Action("inbox.view_snoozed", N_("View: snoozed"), ("5",),
           N_("Conversations put aside until later."),
           INBOX),
    Action("inbox.view_resolved", N_("View: resolved"), ("6",),
           N_("Conversations whose request is done."),
           INBOX),
    Action("inbox.view_mentions", N_("View: mentions"), ("7",),
           N_("Conversations in which a colleague's note calls you."),
           INBOX),
    Action("inbox.view_following", N_("View: following"), ("8",),
           N_("Conversations you follow."),
           INBOX),
    Action("inbox.save_filter", N_("Save the filter"), ("V",),
           N_("Keeps filter line and order as a view, for yourself or for everybody."),
           INBOX, may=("canned.own", "filters.edit")),
    Action("conversation.assign", N_("Assign"), ("a",),
           N_("Gives the conversation to a colleague, or to nobody."),
           CONVERSATION, need="conversation", hint=N_("assign"), order=5,
           may=("conversation.claim", "conversation.assign")),
    Action("conversation.take", N_("Assign to me"), ("A",),
           N_("Gives the conversation to you."),
           CONVERSATION, need="conversation",
           may=("conversation.claim",)),
    Action("conversation.give_back", N_("Give back"), ("B",),
           N_("Nobody has the conversation any more: it is in the queue again."),
           CONVERSATION, need="conversation", may=("conversation.claim", "conversation.assign")),
    Action("conversation.transfer", N_("Transfer"), ("t",),
           N_("Moves the conversation to another department, with the reason."),
           CONVERSATION, need="conversation", hint=N_("transfer"), order=19, may=("conversation.transfer",)),
    Action("conversation.priority", N_("Priority"), ("p",),
           N_("Urgent, high, normal or low: what is more urgent is served first."),
           CONVERSATION, need="conversation", may=("conversation.priority",)),
    Action("conversation.follow", N_("Follow"), ("f",),
           N_("You are told of what happens here; once more and you are not."),
           CONVERSATION, need="conversation"),
    Action("conversation.macro", N_("Macros"), ("M",),
           N_("Several acts with one key: chosen from a list, or by the macro's own key."),
           CONVERSATION, need="conversation", hint=N_("macro"), order=20, may=("message.send",)),
    Action("conversation.resolve", N_("Resolve"), ("e",),
           N_("The request is done; a new message opens the next one."),
           CONVERSATION, need="conversation", hint=N_("resolve"), order=6,
           may=("conversation.resolve",)),
    Action("conversation.reopen", N_("Reopen"), ("E",),
           N_("The request is not done after all."),
           CONVERSATION, need="conversation",
           may=("conversation.resolve",)),
    Action("conversation.snooze", N_("Snooze"), ("z",),
           N_("Puts the conversation aside until a time, or the customer's next message."),
           CONVERSATION, need="conversation", hint=N_("snooze"), order=16,
           may=("conversation.snooze",)),
    Action("conversation.label", N_("Labels"), ("l",),
           N_("Puts a label on, or takes one off."),
           CONVERSATION, need="conversation", hint=N_("label"), order=17,
           may=("conversation.label",)),
    Action("conversation.campaign", N_("Campaign"), ("c",),
           N_("Says which campaign brought the request."),
           CONVERSATION, need="conversation",
           may=("conversation.campaign",)),
    Action("conversation.note", N_("Write a note"), ("N", ":"),
           N_("Only colleagues see it, never the customer."),
           CONVERSATION, need="conversation", hint=N_("note"), order=15,
           may=("conversation.note",)),
    Action("conversation.read", N_("Mark as read"), ("m",),
           N_("The customer sees blue ticks."),
           CONVERSATION, need="conversation",
           may=("conversation.read",)),
    Action("contact.profile", N_("Profile"), ("P",),
           N_("Who the customer is: past requests, orders, notes, consent; edit, block, merge."),
           CONVERSATION, need="conversation", hint=N_("profile"), order=21),
    Action("contact.import_list", N_("Import contacts"), (),
           N_("Reads an address list (CSV), shows what is wrong in it, and imports the rest."),
           WINDOW, may=("contact.import",)),
    Action("contact.link", N_("Link and QR code"), (),
           N_("A wa.me link to one of our numbers, with a campaign's code."),
           WINDOW),
    Action("message.reply", N_("Reply to the message"), ("r",),
           N_("Your answer quotes the chosen message."),
           MESSAGE, need="customer", hint=N_("reply"), order=4,
           may=("message.send",)),
    Action("message.react", N_("React"), ("+",),
           N_("Puts an emoji on the chosen message, or takes yours back."),
           MESSAGE, need="customer",
           may=("message.send",)),
    Action("message.open", N_("Open the file"), ("o",),
           N_("Fetches photo, voice or document and shows it with your desktop's program."),
           MESSAGE, need="media"),
    Action("message.save", N_("Save the file"), ("O",),
           N_("Copies the file to your download folder, fetching it again if it failed."),
           MESSAGE, need="media"),
    Action("message.expand", N_("Show whole"), ("w",),
           N_("Shows a long message to its end, and what it said before it was edited."),
           MESSAGE, need="message"),
    Action("message.copy", N_("Copy the text"), ("y",),
           N_("Hands the message's text to your terminal's clipboard (OSC 52)."),
           MESSAGE, need="message"),
    Action("message.story", N_("Raw story"), ("x",),
           N_("Webhook, API answers, statuses and errors of the chosen message."),
           MESSAGE, need="message"),
    Action("message.retry", N_("Send again"), ("R",),
           N_("Tries a message that was not sent once more."),
           MESSAGE, need="failed",
           may=("message.send",)),
    Action("message.discard", N_("Discard"), ("D",),
           N_("Gives up on a message that was not sent."),
           MESSAGE, need="failed",
           may=("message.send",)),
    Action("message.quoted", N_("Jump to the quoted message"), ("J",),
           N_("Shows what the chosen message answers."),
           MESSAGE, need="quoted"),
    Action("thread.write", N_("Write"), ("enter", "tab"),
           N_("Moves to the composer."),
           WRITING, "thread", hint=N_("write"), order=1,
           may=("message.send", "conversation.note")),
    Action("composer.focus", N_("Write an answer"), ("i",),
           N_("Moves to the composer of the open conversation."),
           WRITING, need="conversation",
           may=("message.send", "conversation.note")),
    Action("composer.send", N_("Send"), ("enter",),
           N_("Sends what is written."),
           WRITING, "composer", hint=N_("send"), order=1),
    Action("composer.newline", N_("New line"), ("alt+enter", "shift+enter", "ctrl+j"),
           N_("Begins another line without sending."),
           WRITING, "composer", hint=N_("new line"), order=2),
    Action("composer.canned", N_("Canned replies"), ("ctrl+r",),
           N_("Also / in an empty composer."),
           WRITING, need="conversation", hint=N_("canned"), order=18,
           may=("message.send",)),
    Action("composer.save_canned", N_("Save as canned reply"), (),
           N_("Keeps what is written under a shortcut, for everybody or for yourself."),
           WRITING, need="conversation",
           may=("canned.own", "canned.edit")),
    Action("composer.remove_canned", N_("Delete a canned reply"), (),
           N_("Takes it away."),
           WRITING,
           may=("canned.own", "canned.edit")),
    Action("composer.template", N_("Template"), ("ctrl+t",),
           N_("A message approved by Meta: the only kind outside the 24-hour window."),
           WRITING, need="conversation", hint=N_("template"), order=9,
           may=("message.template",)),
    Action("composer.attach", N_("Attach a file"), ("ctrl+a",),
           N_("Photo, video, voice or document, with what is written as its caption."),
           WRITING, need="conversation",
           may=("message.send",)),
    Action("composer.location", N_("Send a location"), ("ctrl+l",),
           N_("Latitude and longitude, for example of your shop."),
           WRITING, need="conversation",
           may=("message.send",)),
    Action("composer.force", N_("Send anyway"), ("ctrl+s",),
           N_("Sends an answer that was held back because a colleague was faster."),
           WRITING, need="refused",
           may=("message.send",)),
    Action("composer.give_up", N_("Discard the held answer"), ("ctrl+o",),
           N_("Throws away an answer that was held back or refused."),
           WRITING, need="refused", may=("message.send", "conversation.note")),
    Action("team.duty", N_("Duty"), ("d",),
           N_("On, busy or away: conversations are handed out only to those on duty."),
           TEAM),
    Action("team.show", N_("Team"), ("T",),
           N_("Who waits in which department, who is on duty, and who has how much."),
           TEAM),
    Action("team.mentions", N_("Notes that call you"), ("@",),
           N_("Those you have not seen first; enter opens the conversation at the note."),
           TEAM),
    Action("team.audit", N_("What happened here"), ("H",),
           N_("Who did what in the conversation, from the relay's event log."),
           TEAM, need="conversation", may=("see.audit",)),
    Action("settings.edit", N_("Settings"), ("f4",),
           N_("Canned replies, departments, labels, hours and all else you may change, as forms."),
           TEAM, may=_EDITORS),
    Action("settings.editor", N_("Edit in your editor"), ("f3",),
           N_("Opens canned replies or settings as TOML in $VISUAL or $EDITOR."),
           TEAM, may=_EDITORS),
    Action("settings.canned", N_("Edit canned replies"), (),
           N_("Shortcut, text, languages and file of each; shared, and your own."),
           TEAM, may=("canned.own", "canned.edit")),
    Action("settings.macros", N_("Edit macros"), (),
           N_("Several acts on one key; shared, and your own."),
           TEAM, may=("canned.own", "canned.edit")),
    Action("settings.filters", N_("Edit saved filters"), (),
           N_("Views by a filter line; shared, and your own."),
           TEAM, may=("canned.own", "filters.edit")),
    Action("settings.departments", N_("Edit departments"), (),
           N_("Members, numbers, and how conversations are handed out."),
           TEAM, may=("departments.edit",)),
    Action("settings.roles", N_("Edit roles"), (),
           N_("Who may do what."),
           TEAM, may=("roles.edit",)),
    Action("settings.labels", N_("Edit the list of labels"), (),
           N_("Colours, groups and meanings."),
           TEAM, may=("labels.edit",)),
    Action("settings.hours", N_("Edit business hours"), (),
           N_("The week, holidays and closed days, of departments too."),
           TEAM, may=("hours.edit",)),
    Action("settings.sla", N_("Edit service levels"), (),
           N_("In which time customers are answered."),
           TEAM, may=("sla.edit",)),
    Action("settings.rules", N_("Edit rules"), (),
           N_("What the relay does by itself: switched on and off here, written in your editor."),
           TEAM, may=("rules.edit",)),
    Action("app.back", N_("Back"), ("escape",),
           N_("From the composer to the messages, from the messages to the inbox."),
           WINDOW, hint=N_("back"), order=3),
    Action("app.palette", N_("All commands"), ("ctrl+p",),
           N_("Finds a command by its name."),
           WINDOW, hint=N_("palette"), order=10),
    Action("app.help", N_("Help"), ("?", "f1"),
           N_("Every command and its keys."),
           WINDOW, hint=N_("help"), order=7),
    Action("app.stats", N_("Figures"), ("f2",),
           N_("Shows or hides today's figures."),
           WINDOW),
    Action("app.theme", N_("Theme"), (),
           N_("Other colours, for this session."),
           WINDOW),
    Action("app.resync", N_("Connect now"), ("f5",),
           N_("Asks the relay at once instead of waiting."),
           WINDOW),
    Action("app.quit", N_("Quit"), ("q", "ctrl+q"),
           N_("Drafts and unsent messages are kept."),
           WINDOW),
)  # fmt: skip
"""The catalogue, in the order of the help."""

COMMANDS: dict[str, str] = {
    "inbox": "inbox_commands:InboxCommands",
    "conversation": "conversation_commands:ConversationCommands",
    "message": "message_commands:MessageCommands",
    "composer": "writing:WritingCommands",
    "thread": "writing:WritingCommands",
    "team": "team_commands:TeamCommands",
    "contact": "contact_commands:ContactCommands",
    "settings": "settings_commands:SettingsCommands",
    "app": "window_commands:WindowCommands",
}
"""Group of an id (what stands before its dot) → module of `wptui.screens` and class with a method for each command.

The class is made with the `MainScreen` when one of its commands is first given; a method may be a coroutine.
"""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

_SYMBOLS = {
    "escape": "esc",
    "space": N_("space"),
    "pageup": "pgup",
    "pagedown": "pgdn",
    "question_mark": "?",
}


def key_label(key: str) -> str:
    """*key* as the footer and the help write it: ``^t`` for ``ctrl+t``, ``alt-enter`` for ``alt+enter``."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    last = _(_SYMBOLS.get(last, last))
    prefix = "".join("^" if modifier == "ctrl" else f"{modifier}-" for modifier in modifiers)
    return prefix + last


def _overlap(one: Where, other: Where) -> bool:
    return one == other or "main" in (one, other)


class KeyMap:
    """Which key gives which command, with the agent's own keys over the defaults."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """*keys* is the ``[keys]`` table. Raises ConfigError for an id that is none, and for a clash."""
        self.keys: dict[str, tuple[str, ...]] = {action.id: action.keys for action in ACTIONS}
        for command, chosen in keys.items():
            if command not in BY_ID:
                raise error_at(("keys", command), _unknown(command))
            self.keys[command] = tuple("space" if key == " " else key for key in chosen)
        self._by_key: dict[str, list[Action]] = {}
        for action in ACTIONS:
            for key in self.keys[action.id]:
                self._by_key.setdefault(key, []).append(action)
        self._check(keys)

    def _check(self, changed: Mapping[str, tuple[str, ...]]) -> None:
        for key, actions in self._by_key.items():
            for place, action in enumerate(actions):
                for other in actions[place + 1 :]:
                    # In the composer printable keys are text: the other panes' letters do not clash with it.
                    if not _overlap(action.where, other.where) or (
                        len(key) == 1 and "composer" in (action.where, other.where)
                    ):
                        continue
                    if action.id not in changed and other.id not in changed:
                        continue
                    mine, theirs = (action, other) if action.id in changed else (other, action)
                    raise error_at(
                        ("keys", mine.id),
                        _("the key {key} is already {command}'s").format(key=key, command=theirs.id),
                    )

    def find(self, key: str, character: str | None, where: Iterable[Where]) -> Action | None:
        """The command of a key press (Textual's key name, and the character it types) in the panes *where*."""
        for name in (character, key) if character else (key,):
            for action in self._by_key.get(name or "", ()):
                if action.where in where:
                    return action
        return None

    def label(self, command: str) -> str:
        """The first key of *command* as shown, or "" when it has none."""
        keys = self.keys[command]
        return key_label(keys[0]) if keys else ""

    def labels(self, command: str) -> str:
        """All keys of *command* as shown, parted by spaces."""
        return " ".join(key_label(key) for key in self.keys[command])


def _unknown(command: str) -> str:
    from wptui.config.kinds import suggestion

    return _('there is no command "{id}"').format(id=command) + suggestion(command, list(BY_ID))
