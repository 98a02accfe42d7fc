"""From a key to what it does: which command is meant, what it needs to work on, and who does it.

The commands themselves lie beside this by subject, as `actions.COMMANDS` tells; each has a method for every command
of `actions` under its name.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from wptui.i18n import _
from wptui.model.errors import WptuiError
from wptui.screens.action import MESSAGE
from wptui.screens.actions import BY_ID, COMMANDS, NEEDS, Action, Need, Where, key_label
from wptui.widgets.banner import Banner
from wptui.widgets.footer import Hints
from wptui.widgets.inbox_list import InboxList

if TYPE_CHECKING:
    from wptui.app import WptuiApp
    from wptui.screens.chat import Chat
    from wptui.screens.inbox_pane import InboxPane
    from wptui.screens.main import MainScreen
    from wptui.screens.team_view import TeamView
    from wptui.store.thread import ThreadRow


def movements(widget: type[Widget]) -> dict[str, str]:
    """Key → action, of a list's own bindings."""
    bindings = Binding.make_bindings(widget.BINDINGS)
    return {binding.key: binding.action for binding in bindings}


MOVEMENTS: dict[type[Widget] | type[None], dict[str, str]] = {InboxList: movements(InboxList)}
"""What the lists' own keys do; the thread's are added with the thread."""


class CommandScreen(Screen[None]):
    """A screen whose keys are the commands of the catalogue. `MainScreen` fills it with panes."""

    banner: Banner
    hints: Hints
    inbox: InboxPane
    chat: Chat
    team: TeamView
    furnished: bool
    """Whether everything but the inbox is there, too."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: dict[str, Any] = {}
        self._early: list[events.Key] = []
        """The first command given before everything was there, and the keys behind it: they may be its text."""

    @property
    def wptui(self) -> WptuiApp:
        """The app."""
        return cast("WptuiApp", self.app)

    async def take_early(self) -> None:
        """Takes the keys that were pressed before everything was there, each after the one before it."""
        early, self._early = self._early, []
        for event in early:
            await self.wptui.on_event(event)

    def where(self) -> list[Where]:
        """The panes whose commands a key press may mean now."""
        focused = self.focused
        if focused is self.inbox.list:
            return ["inbox", "main"]
        if self.furnished and focused is self.chat.thread:
            return ["thread", "main"]
        if self.furnished and focused is self.chat.composer.editor:
            return ["composer", "main"]
        return ["main"]

    async def take_key(self, event: events.Key) -> bool:
        """A key press, before any widget has it; whether it was a command or moved a cursor.

        Taken here and not where it bubbles to: on a slow line keys come in bursts, and a key that is taken early
        must not overtake the one before it ("down, enter, i, text" would open the wrong conversation).
        """
        self.wptui.present()
        if self._early:
            self._early.append(event)
            return True
        where = self.where()
        if where == ["main"] and self.focused is not None:
            return False  # the filter line
        if "composer" in where:
            if event.is_printable or self.wptui.keymap.find(event.key, None, ["composer"]):
                return False  # in its turn, behind the text typed before it
        else:
            focused = self.focused
            movement = MOVEMENTS.get(type(focused), {}).get(event.key)
            if movement and focused is not None and not self.wptui.keymap.find(event.key, event.character, where):
                await focused.run_action(movement)
                return True
        action = self.wptui.keymap.find(event.key, event.character, where)
        if action is None:
            return self._macro_key(event)
        if self.furnished:
            self.run_command(action.id)
        else:
            self._early.append(event)
        return True

    def _macro_key(self, event: events.Key) -> bool:
        """Runs the macro whose own key this is, if there is one; the program's keys have gone first."""
        keys = self.team.macro_keys
        name = keys.get(event.key) or keys.get(event.character or "")
        if name is None or not self.furnished:
            return False
        missing = self.missing("conversation")
        if not self.allowed("conversation.macro"):
            self.refuse()
        elif missing:
            self.banner.say(_(NEEDS[missing]))
        else:
            try:
                self._commands("conversation").run_macro(*name)
            except WptuiError as error:
                self.trouble(error)
        return True

    def refuse(self) -> None:
        """Says that the agent's role does not allow what was asked for."""
        self.banner.say(_("Your role does not allow this."), severity="warning")

    def composer_key(self, event: events.Key) -> bool:
        """A key pressed in the composer: the composer's own commands."""
        if event.is_printable:
            return False
        action = self.wptui.keymap.find(event.key, None, ["composer"])
        if action is not None:
            self.run_command(action.id)
        return action is not None

    def run_command(self, id: str) -> None:
        """Does a command of the catalogue, or says what it needs first."""
        if not self.allowed(id):
            self.refuse()
            return
        missing = self.missing(BY_ID[id].need)
        if missing:
            self.banner.say(_(NEEDS[missing]))
            return
        group, _dot, name = id.partition(".")
        try:
            done = getattr(self._commands(group), name)()
        except WptuiError as error:
            self.trouble(error)
            return
        if inspect.isawaitable(done):
            self.run_worker(self.finish(done), exit_on_error=True)

    async def finish(self, work: Any) -> None:
        """Waits for `work`, and says what went wrong with it."""
        try:
            await work
        except WptuiError as error:
            self.trouble(error)

    def _commands(self, group: str) -> Any:
        """The object with the commands of a group, made when it is first needed."""
        if group not in self._groups:
            self._groups[group] = commands_of(group, cast("MainScreen", self))
        return self._groups[group]

    def trouble(self, error: WptuiError) -> None:
        """Says what went wrong, and what to do."""
        self.banner.say(str(error), error.hint, "error")

    def allowed(self, id: str) -> bool:
        """Whether the agent's role allows the command; before everything is there, nobody is asked."""
        return not self.furnished or self.wptui.desk.may_any(BY_ID[id].may)

    def missing(self, need: Need) -> Need:
        """What a command lacks to work on now; "" for nothing."""
        if not need:
            return ""
        if need == "conversation":
            return "" if self.target() else need
        if need == "refused":
            return "" if self.furnished and self.chat.outgoing.refused() else need
        row = self.message()
        if row is None:
            return "message"
        held = {
            "message": True,
            "media": row.media is not None,
            "customer": row.wamid is not None and row.dir in ("in", "out"),
            "failed": row.dir == "out" and row.status in ("failed", "unknown"),
            "quoted": row.quote is not None,
        }
        return "" if held[need] else need

    def target(self) -> str | None:
        """The conversation a command is about: the one open, or the one under the inbox's cursor."""
        if not self.furnished or self.focused is self.inbox.list or self.chat.conversation is None:
            return self.inbox.list.selected
        return self.chat.conversation

    def message(self) -> ThreadRow | None:
        """The message a command is about."""
        return self.chat.thread.selected if self.furnished and self.chat.conversation else None

    def offered(self, action: Action) -> bool:
        """Whether the command can be given now."""
        return self.allowed(action.id) and not self.missing(action.need)

    def renew_hints(self) -> None:
        """The footer's keys for where the agent is."""
        where = self.where()
        writing = "composer" in where
        keymap = self.wptui.keymap
        hints: list[tuple[int, str, str]] = []
        for action in BY_ID.values():
            if action.group == MESSAGE and self.focused is self.inbox.list:
                continue  # a message is chosen in the pane beside, which is not where the agent is
            keys = [key for key in keymap.keys[action.id] if not (writing and len(key) == 1)]
            if action.hint and keys and action.where in where and self.offered(action):
                hint = self._back() if action.id == "app.back" else _(action.hint)
                if hint:
                    hints.append((action.order, key_label(keys[0]), hint))
        self.hints.show([(key, word) for _order, key, word in sorted(hints)])

    def _back(self) -> str:
        """What going back does from here, in a word or two; "" where there is nothing to go back from."""
        focused = self.focused
        if not self.furnished or focused is self.inbox.list:
            return _("clear filter") if self.inbox.query.filter.source else ""
        chat = self.chat
        if chat.outgoing.refused():
            return _("edit")
        if focused is chat.composer.editor:
            if chat.note:
                return _("no note")
            if chat.quote is not None:
                return _("no quote")
            if chat.enclosed is not None:
                return _("no file")
        return _(BY_ID["app.back"].hint)

    def on_descendant_focus(self) -> None:
        """Another pane, other keys."""
        self.renew_hints()


def commands_of(group: str, main: MainScreen) -> Any:
    """The commands of a group. Imported here: the first screen needs none of them."""
    module, _colon, name = COMMANDS[group].partition(":")
    return getattr(import_module(f"wptui.screens.{module}"), name)(main)
