"""The terminal program over a real store and a real outbox, with a stand-in where the network would be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.widgets.seed import NOW, Shop, small_shop
from wptui.app import WptuiApp
from wptui.config import Settings, parse
from wptui.model import events as ev
from wptui.model.errors import LinkError, RefusedError
from wptui.model.protocol import Presence, Result
from wptui.screens.desk import Desk
from wptui.screens.main import MainScreen
from wptui.screens.remote import Trail
from wptui.store.audit import Entry
from wptui.store.changes import Changes
from wptui.sync.credentials import Account, Places
from wptui.sync.media import Uploaded
from wptui.sync.outbox import Outbox, Pending
from wptui.sync.state import Kind, LinkChange, LinkState

__all__ = ["NOW", "Stage", "StandIn"]


def furnished(path: Path) -> Shop:
    """The small shop with a name, canned replies, templates and campaigns."""
    shop = small_shop(path)
    shop.event(ev.WorkspaceConfigured(name="Kahve Dükkânı"), actor="relay")
    shop.event(ev.NumberUpdated(number="n1", name="Kahve Dükkânı", display="+90 850 000 00 01"), actor="meta")
    shop.event(ev.CampaignSaved(code="KIŞ24", name="Kış indirimi"), actor="relay")
    shop.event(ev.CampaignSaved(code="BAHAR", name="Bahar"), actor="relay")
    for shortcut, text, title in (
        ("kargo", "Merhaba {{customer.first_name|efendim}}, siparişiniz {{order}} yola çıktı. {{agent.name}}", "Kargo"),
        ("iban", "IBAN: TR00 0000 0000 0000 0000 0000 00", ""),
        ("ışık", "Işıklı reklam panosu stokta.", "Işık"),
    ):
        shop.event(ev.CannedSaved(shortcut=shortcut, text=text, title=title), actor="agent:a1")
    body = {
        "type": "BODY",
        "text": "Merhaba {{1}}, siparişiniz {{2}} hazır.",
        "example": {"body_text": [["Ayşe", "42"]]},
    }
    footer = {"type": "FOOTER", "text": "Kahve Dükkânı"}
    photo = {"type": "HEADER", "format": "IMAGE"}
    link = {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Takip", "url": "https://k.example/{{1}}"}]}
    for id, name, components in (
        ("t1", "siparis_hazir", [body, footer]),
        ("t2", "kis_kampanyasi", [photo, {"type": "BODY", "text": "Kış indirimi başladı!"}, link]),
        ("t3", "merhaba", [{"type": "BODY", "text": "Merhaba {{name}}, size nasıl yardımcı olabiliriz?"}]),
    ):
        template = ev.TemplateUpdated(
            id=id, name=name, language="tr", status="APPROVED", category="UTILITY", components=components
        )
        shop.event(template, actor="meta")
    return shop


class StandIn:
    """Where the link would be: the test says what the relay says, and sees what the terminal asks."""

    def __init__(self, shop: Shop, outbox: Outbox, tell: Callable[[LinkChange], None], state: LinkState) -> None:
        self.shop = shop
        self.outbox = outbox
        self.tell = tell
        self.state = state
        self.pokes = 0
        self.said: list[tuple[str, str | None]] = []
        self.pulled: list[tuple[str, tuple[int, int]]] = []
        self.stories: dict[str, dict[str, Any]] = {}
        self.files: dict[str, Path] = {}
        self.uploads: list[Path] = []
        self.asked: list[tuple[Any, ...]] = []
        self.trail: list[Entry] = []
        self.page = 100
        self._closed = asyncio.Event()

    async def run(self) -> None:
        await self._closed.wait()

    async def close(self) -> None:
        self._closed.set()

    def poke(self) -> None:
        self.pokes += 1

    def presence(self, state: str, conversation: str | None) -> None:
        self.said.append((state, conversation))

    async def pull_older(self, conversation: str, before: tuple[int, int], limit: int = 100) -> None:
        self.pulled.append((conversation, before))

    # ── beside the log ───────────────────────────────────────────────────────────────────────────────────

    async def story(self, message: str) -> dict[str, Any]:
        if message not in self.stories:
            raise LinkError("no story", hint="later")
        return self.stories[message]

    async def fetch(self, key: str) -> Path:
        if key not in self.files:
            raise LinkError("no file")
        return self.files[key]

    async def upload(self, path: Path) -> Uploaded:
        from wptui.cloudapi.media import inspect

        found = inspect(path)
        self.uploads.append(path)
        return Uploaded(f"key{len(self.uploads)}", found.kind, found.mime, found.size, found.filename, found.voice)

    async def add_agent(self, name: str, role: str) -> dict[str, Any]:
        self.asked.append(("add", name, role))
        return {"id": "new", "name": name, "role": role, "code": "AAAA-BBBB-CCCC", "minutes": 30}

    async def new_code(self, agent: str) -> dict[str, Any]:
        self.asked.append(("code", agent))
        return {"id": agent, "name": agent, "code": "DDDD-EEEE-FFFF", "minutes": 30}

    async def set_role(self, agent: str, role: str) -> None:
        if role == "owner":
            raise RefusedError("forbidden", "The role owner may do more than you: you cannot give it.")
        self.asked.append(("role", agent, role))

    async def shut_out(self, agent: str) -> None:
        self.asked.append(("shut out", agent))

    async def audit(self, *, conversation: str = "", agent: str = "", before: int | None = None) -> Trail:
        self.asked.append(("audit", conversation, agent, before))
        if not self.trail:
            raise LinkError("no trail")
        below = [entry for entry in self.trail if before is None or entry.seq < before]
        page = below[: self.page]
        return Trail(page, page[-1].seq if len(below) > self.page else None)

    # ── the relay's side, played by the test ─────────────────────────────────────────────────────────────

    def become(self, kind: Kind, **fields: Any) -> None:
        """The link stands otherwise."""
        self.state = LinkState(kind=kind, since=NOW, agent="a1", name="Ayşe Demir", fresh=NOW, **fields)
        self.tell(LinkChange(state=self.state))

    def happened(self, *conversations: str, **fields: Any) -> None:
        """The events just told to the shop have arrived."""
        changes = Changes(conversations=set(conversations), workspace=not conversations, **fields)
        self.tell(LinkChange(changes=changes))

    def refuse(self, item: Pending, code: str, message: str = "") -> None:
        """The relay refuses a command."""
        result = Result(id=item.id, ok=False, code=code, message=message)
        self.outbox.settle(result)
        self.tell(LinkChange(results=[result]))

    def take(self, item: Pending) -> None:
        """The relay takes a message: its event arrives, then its result."""
        command: Any = item.command
        self.shop.event(
            ev.MessageQueued(message=item.id, number="n1", kind="text", ts=NOW, text=command.text),
            item.conversation,
            actor="agent:a1",
        )
        self.happened(item.conversation or "")
        result = Result(id=item.id, ok=True, seq=self.shop.seq)
        self.outbox.settle(result)
        self.tell(LinkChange(results=[result]))

    def hears(self, state: str, conversation: str | None, agent: str = "a2", name: str = "Mehmet Kurt") -> None:
        """A colleague does something."""
        self.tell(LinkChange(presence=[Presence(state=state, conversation=conversation, agent=agent, name=name)]))


class Stage:
    """A shop, and the program over it."""

    def __init__(self, home: Path, config: str = "", seed: Callable[[Path], Shop] = furnished) -> None:
        self.files = Places(home / "cache.db", home / "outbox.db", home / "media")
        self.shop = seed(self.files.cache)
        self.settings: Settings = parse(config, "config.toml")
        self.account = Account(url="https://relay.example.com", token="t", agent="a1", name="Ayşe Demir")
        self.link: StandIn | None
        self.start_state = LinkState(kind=Kind.LIVE, since=NOW, agent="a1", name="Ayşe Demir", fresh=NOW)
        self.app = self.make()

    def make(self) -> WptuiApp:
        """The program, not yet running; a second one is the next start."""
        self.link = None
        desk = Desk(self.settings, self.account, files=self.files)
        self.app = WptuiApp(desk, make_link=self._make_link)
        return self.app

    async def _make_link(self, cache: Path, outbox: Outbox, account: Account, told: Any) -> Any:
        self.link = StandIn(self.shop, outbox, told, self.start_state)
        return self.link, self.link

    @property
    def main(self) -> MainScreen:
        screen = next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))
        return screen

    @property
    def relay(self) -> StandIn:
        assert self.link is not None
        return self.link

    def given(self, kind: type[Any] | None = None) -> list[Pending]:
        """What lies in the outbox."""
        pending = self.app.desk.outbox.pending()
        return [item for item in pending if kind is None or isinstance(item.command, kind)]
