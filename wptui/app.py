"""The terminal program: what `wptui` without a subcommand runs.

Nothing is imported here that the first screen does not need: the link, with TLS and HTTP, comes once the inbox is
visible (ENGINES.md: imports are four fifths of the start).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from wptui import paths
from wptui.i18n import _
from wptui.model.errors import AuthError, UsageError, WptuiError
from wptui.screens.actions import KeyMap

# Read by Textual when it is imported.
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

from textual.app import App
from textual.events import AppBlur, AppFocus, Event, Key
from textual.screen import Screen

from wptui.screens.desk import Desk, LinkLike, MakeLink, Remote, Told
from wptui.screens.theming import WptuiTheme, load_theme
from wptui.sync.credentials import Account, current
from wptui.sync.state import Kind, LinkChange
from wptui.widgets import glyphs
from wptui.widgets.styles import Styles

if TYPE_CHECKING:
    from wptui.config import Settings
    from wptui.screens.main import MainScreen
    from wptui.sync.outbox import Outbox

FIRST_FRAME = 0.03
"""Seconds until what is loaded behind the first frame may take the processor."""

PLAIN_BORDERS = """
MainScreen #chat-pane, MainScreen #stats { border-left: ascii $border-blurred; }
MainScreen.one-pane #chat-pane { border-left: none; }
Dialogue #box { border: ascii $border; }
Dialogue .preview { border-top: ascii $border-blurred; }
"""
"""Borders for terminals without line-drawing signs."""

_log = logging.getLogger("wptui.app")


class WptuiApp(App[int]):
    """The application: one desk, one main screen, one link."""

    TITLE = "wptui"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, desk: Desk, *, keymap: KeyMap | None = None, make_link: MakeLink | None = None) -> None:
        """`make_link` stands in for the real link in tests."""
        self.desk = desk
        self.keymap = keymap or KeyMap(desk.settings.keys)
        self.glyphs = glyphs.choose()
        self.frugal = desk.settings.frugal_on()
        self.crash: BaseException | None = None
        self._curtain = ExitStack()
        """Closed when the first frame may be painted."""
        self.focus_known = False
        """Whether this terminal tells when it gets and loses the focus."""
        self.lent = False
        """Whether the terminal is another program's just now (an editor's)."""
        self._make_link = make_link or connect
        self._main: MainScreen | None = None
        self._linking: asyncio.Task[None] | None = None
        if self.glyphs is glyphs.ASCII:
            self.CSS = PLAIN_BORDERS  # type: ignore[misc]
        theme, self.theme_problem = load_theme(desk.settings.theme)
        self.look: Styles = theme.styles(frugal=self.frugal)
        # Said here and not later: which filters Textual puts between us and the terminal is decided in there.
        super().__init__(ansi_color=theme.textual(frugal=self.frugal).ansi)
        self.dress(theme)

    # ── colours ──────────────────────────────────────────────────────────────────────────────────────────

    def dress(self, theme: WptuiTheme) -> None:
        """Puts a theme on: our own styles, and Textual's."""
        self.look = theme.styles(frugal=self.frugal)
        worn = theme.textual(frugal=self.frugal)
        self.register_theme(worn)
        self.ansi_color = worn.ansi
        self.theme = worn.name
        if self._main is not None:
            self._main.restyle()

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────

    def get_default_screen(self) -> Screen[None]:
        """The inbox, or the first steps."""
        if self.desk.account is None:
            from wptui.screens.welcome import WelcomeScreen

            return WelcomeScreen()
        from wptui.screens.main import MainScreen

        # One frame when everything has its place, instead of one for each step of getting there.
        self._curtain.enter_context(self.batch_update())
        self._main = MainScreen()
        return self._main

    def on_mount(self) -> None:
        """Behind the first frame comes everything that takes time."""
        if self._main is None:
            return
        self._main.call_after_refresh(self._curtain.close)
        # The callback comes when the first frame has been made; a moment later it is on the terminal.
        self._main.call_after_refresh(self.set_timer, FIRST_FRAME, self._begin)

    async def _begin(self) -> None:
        """The inbox is on the screen: load the rest, and connect."""
        if self._main is not None:
            await self._main.furnish()
        # What lives now lives until the end: the collector need not look at it again (ENGINES.md, point 7).
        gc.collect()
        gc.freeze()
        if self.theme_problem and self._main is not None:
            self._main.banner.say(self.theme_problem, severity="warning")
        self._linking = asyncio.create_task(self._live())

    async def _live(self) -> None:
        """Runs the link until the program ends."""
        desk = self.desk
        assert desk.account is not None and desk.files is not None
        try:
            desk.link, desk.remote = await self._make_link(desk.files.cache, desk.outbox, desk.account, self._told)
            self._told(LinkChange(state=desk.link.state))
            await desk.link.run()
        except WptuiError as error:
            if self._main is not None:
                self._main.banner.stand("error", str(error), error.hint)

    def _told(self, change: LinkChange) -> None:
        """The link's news. Held back while the main screen is not there."""
        self.desk.heard(change)
        if self._main is None or not self._main.furnished:
            return
        if change.state is not None and change.state.kind is Kind.REFUSED and change.state.code == "revoked":
            self.call_later(self._withdrawn, change.state.detail)
            return
        self._main.changed(change)

    async def _withdrawn(self, why: str) -> None:
        """Access was withdrawn: customers' data goes from the screen and from this machine."""
        from wptui.screens.welcome import WelcomeScreen

        main, self._main = self._main, None
        if main is None:
            return
        if self.desk.link is not None:
            await self.desk.link.close()
        self.desk.link = None
        self.desk.wipe()
        main.forget()
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.push_screen(WelcomeScreen(why))

    async def on_event(self, event: Event) -> None:
        """Keys of the main screen are taken before they are handed to a widget: see `MainScreen.take_key`."""
        main = self._main
        if isinstance(event, Key) and not event.is_forwarded and main is not None and self.screen is main:
            if not self.app_focus:
                self.app_focus = True  # whoever types is there
            if await main.take_key(event):
                return
        await super().on_event(event)

    def present(self) -> None:
        """The agent pressed a key: a lost link is tried at once, and nothing is unseen."""
        if self._main is not None and self._main.furnished and self._main.notices.unseen:
            self._main.notices.looked()
        link = self.desk.link
        if link is not None and not link.state.connected:
            link.poke()

    def on_app_focus(self, event: AppFocus) -> None:
        """The agent looks at the terminal again."""
        self.focus_known = True
        if self._main is not None and self._main.furnished:
            self._main.notices.looked()
            self._main.chat.seen()

    def on_app_blur(self, event: AppBlur) -> None:
        """The agent looks elsewhere."""
        self.focus_known = True

    async def on_unmount(self) -> None:
        """Drafts are written down, the link says good-bye."""
        if self._main is not None and self._main.furnished:
            self._main.chat.save_draft()
            self._main.notices.end()
        if self.desk.link is not None:
            await self.desk.link.close()
        if self._linking is not None:
            done, _pending = await asyncio.wait([self._linking], timeout=2.0)
            if not done:
                self._linking.cancel()
                await asyncio.gather(self._linking, return_exceptions=True)
        self.desk.close()

    def leave(self) -> None:
        """Quits. Drafts and the outbox are on disk."""
        self.exit(0)

    # ── terminal ─────────────────────────────────────────────────────────────────────────────────────────

    def tell_terminal(self, sequence: str) -> None:
        """Hands the terminal a sequence of the program's own (bell, title, clipboard, notification)."""
        if self._driver is not None and not self.lent:
            self._driver.write(sequence)
            self._driver.flush()

    def _fatal_error(self) -> None:
        """A fault of the program: its trace into the log, and no word of a customer on the terminal."""
        error = sys.exc_info()[1]
        self.crash = error
        _log.critical("wptui broke down", exc_info=error)
        self._close_messages_no_wait()


async def connect(cache: Path, outbox: Outbox, account: Account, told: Told) -> tuple[LinkLike, Remote]:
    """The real link to the relay. Its libraries are imported in a thread, so that keys are answered meanwhile."""

    def load() -> Account:
        from wptui.sync import credentials

        return account if account.token else credentials.load(account.url)

    signed_in = await asyncio.to_thread(load)
    from wptui.screens.remote import RelayRemote
    from wptui.sync.credentials import places
    from wptui.sync.link import Link

    link = Link(cache, outbox, signed_in, on_change=told)
    return link, RelayRemote(link.http, places(signed_in).media)


def start_log() -> Path:
    """Begins the log file: what the program does, never what anybody wrote."""
    path = paths.log_dir() / "wptui.log"
    paths.ensure_dir(path.parent)
    if path.exists() and path.stat().st_size > 1 << 20:
        path.replace(path.with_suffix(".log.1"))
    handler = logging.StreamHandler(paths.open_private(path, "a"))
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger("wptui")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
    return path


def run_terminal(settings: Settings) -> int:
    """Shows the inbox until the agent leaves it; the exit code.

    Raises UsageError where this is no terminal, ConfigError for keys that clash, StorageError where the list of
    accounts cannot be read: all before anything is drawn.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(_("this is not a terminal, and the inbox needs one"))
    keymap = KeyMap(settings.keys)
    log = start_log()
    try:
        account = current(settings.relay.url)
    except AuthError:
        account = None
    app = WptuiApp(Desk(settings, account), keymap=keymap)
    from wptui.screens.terminal import teach_keys

    teach_keys()
    code = app.run(mouse=settings.mouse_on())
    if app.crash is not None:
        name = type(app.crash).__name__
        print(_("wptui broke down ({error}). Drafts and unsent messages are kept.").format(error=name), file=sys.stderr)
        print(_("What happened stands in {path}").format(path=log), file=sys.stderr)
        return 1
    return code or 0
