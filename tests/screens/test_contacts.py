"""A customer's profile, an address list, a link with its code: on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.screens.looking import hides, screen_text, shows, until, write
from tests.screens.stage import NOW, Stage
from wptui.model import events as ev
from wptui.model.commands import (
    BlockContact,
    EditContact,
    ImportContacts,
    MergeContacts,
    OptContact,
    SplitContact,
)
from wptui.model.protocol import Result
from wptui.qr import drawn
from wptui.screens.import_screen import ImportScreen


def furnish(stage: Stage) -> None:
    """Ahmet has a past, and Ayşe may do everything."""
    shop = stage.shop
    shop.event(ev.AgentAdded(agent="a1", name="Ayşe Demir", role="owner"), actor="relay")
    shop.event(ev.ContactAliased(contact="p-ahmet", kind="wa_id", value="905550000012"), actor="meta")
    edited = ev.ContactEdited(contact="p-ahmet", remark="Kapıda ödeme ister", attributes={"beden": "42"})
    shop.event(edited, actor="agent:a1")
    order = {"items": [{"product": "A1"}, {"product": "A2"}], "totals": {"TRY": "349.90"}}
    received = ev.MessageReceived(
        message="order1", kind="order", ts=NOW - 60, received_at=NOW - 59, text="Hızlı olsun", body=order
    )
    shop.event(received, "ahmet")


async def begun(pilot: Pilot[object], stage: Stage) -> None:
    """Everything is there, and connected."""
    await until(pilot, lambda: stage.link is not None and stage.app.desk.remote is not None and stage.main.furnished)
    await shows(pilot, "Ahmet Yılmaz")


async def profile(pilot: Pilot[object], stage: Stage) -> None:
    """Ahmet's profile is open."""
    stage.main.chat.open("ahmet")
    stage.main.set_focus(stage.main.chat.thread)
    await pilot.pause()
    await pilot.press("P")
    await shows(pilot, "beden: 42")


def done(stage: Stage, kind: type[object], event: ev.Data | None = None, *, code: str = "", told: str = "") -> object:
    """The relay does what was asked, or refuses it; the command."""
    (item,) = stage.given(kind)
    if event is not None:
        stage.shop.event(event, actor="agent:a1")
        stage.relay.happened("ahmet")
    stage.relay.outbox.settle(Result(id=item.id, ok=not code, code=code, message=told, seq=stage.shop.seq))
    return item.command


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_profile_at_a_glance(stage: Stage, size: tuple[int, int]) -> None:
    furnish(stage)
    async with stage.app.run_test(size=size) as pilot:
        await begun(pilot, stage)
        await profile(pilot, stage)
        await shows(pilot, "Ahmet Yılmaz", "Kapıda ödeme ister", "Order, 2 items", "349.90 TRY", "Request")
        assert all(len(line) <= size[0] for line in screen_text(pilot).splitlines())
        # What comes meanwhile is seen.
        stage.shop.event(ev.ConversationNoted(note="n9", text="iade bekliyor"), "ahmet", actor="agent:a2")
        await shows(pilot, "iade bekliyor", "Mehmet Kurt")
        await pilot.press("escape")
        await hides(pilot, "Kapıda ödeme ister")


async def test_enter_opens_the_place_in_the_thread(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await begun(pilot, stage)
        await profile(pilot, stage)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is stage.main)
        assert stage.main.chat.conversation == "ahmet"
        await until(pilot, lambda: (row := stage.main.chat.thread.selected) is not None and row.id == "order1")


async def test_a_profile_is_edited(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await profile(pilot, stage)
        await pilot.press("e")
        await shows(pilot, "Name in the address book", "New attribute")
        await write(pilot, "Ahmet Bey")
        await pilot.press("down", "down", "down")
        await write(pilot, "renk")
        await pilot.press("enter")
        await shows(pilot, "Write it as name = value.")
        pilot.app.screen.focused.value = "renk = mavi"  # type: ignore[union-attr]
        await pilot.press("up", "ctrl+s")
        await until(pilot, lambda: stage.given(EditContact))
        command = done(stage, EditContact, ev.ContactEdited(contact="p-ahmet", name="Ahmet Bey"))
        assert command == EditContact(contact="p-ahmet", name="Ahmet Bey", attributes={"renk": "mavi"})
        await shows(pilot, "Saved.", "Ahmet Bey")


async def test_block_consent_merge_and_undo(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await begun(pilot, stage)
        await profile(pilot, stage)
        await pilot.press("o")
        await until(pilot, lambda: stage.given(OptContact))
        done(stage, OptContact, ev.ContactOpted(contact="p-ahmet", ts=NOW, out=True))
        await shows(pilot, "Does not want marketing messages.")
        await pilot.press("b")
        await shows(pilot, "Block Ahmet Yılmaz?")
        await pilot.press("down", "enter")
        await until(pilot, lambda: stage.given(BlockContact))
        done(stage, BlockContact, code="not_blocked", told="Meta blocks only who has written.")
        await shows(pilot, "Meta blocks only who has written.")
        assert not stage.given(BlockContact)
        await pilot.press("m")
        await shows(pilot, "Who else is Ahmet Yılmaz?")
        await write(pilot, "zeynep")
        await pilot.press("enter")
        await shows(pilot, "This one is Ahmet Yılmaz too:")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(MergeContacts))
        command = done(stage, MergeContacts, ev.ContactMerged(contact="p-zeynep", into="p-ahmet"))
        assert command == MergeContacts(contact="p-zeynep", into="p-ahmet")
        await shows(pilot, "Merged with Zeynep Kaya")
        await pilot.press("u")
        await until(pilot, lambda: stage.given(SplitContact))
        (seq,) = stage.app.desk.db.execute("SELECT seq FROM merges").fetchone()
        split = ev.ContactSplit(contact="p-zeynep", into="p-ahmet", merge=seq)
        assert done(stage, SplitContact, split) == SplitContact(contact="p-ahmet", merge=seq)
        await shows(pilot, "The merge is undone.")
        assert stage.app.desk.db.execute("SELECT 1 FROM contacts WHERE id = 'p-zeynep'").fetchone()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_an_address_list_is_looked_through_and_imported(
    stage: Stage, tmp_path: Path, size: tuple[int, int]
) -> None:
    furnish(stage)
    file = tmp_path / "liste.csv"
    lines = ["Ad;Cep;Beden", "Kötü;12;L", *(f"Kişi {n};0555123{n:04d};M" for n in range(250))]
    file.write_text("\n".join(lines), "cp1254")
    async with stage.app.run_test(size=size) as pilot:
        await begun(pilot, stage)
        stage.main.run_command("contact.import_list")
        await shows(pilot, "Address list (CSV)")
        pilot.app.screen.focused.value = str(tmp_path / "none.csv")  # type: ignore[union-attr]
        await pilot.press("enter", "enter", "enter")
        await shows(pilot, "The file cannot be read")
        pilot.app.screen.focused.value = str(file)  # type: ignore[union-attr]
        await pilot.press("enter", "enter", "enter")
        await shows(pilot, "250 contacts can be imported, 1 line is left out", "Cep = phone", "Kişi 7")
        assert "this number does not exist" in screen_text(pilot)
        await pilot.press("w")
        await hides(pilot, "Kişi 7")
        await pilot.press("f", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ImportScreen)
        for count in (200, 50):
            await until(pilot, lambda: stage.given(ImportContacts))
            command = done(stage, ImportContacts)
            assert isinstance(command, ImportContacts) and len(command.rows) == count and not command.update
            await until(pilot, lambda: not stage.given(ImportContacts) or screen.done >= 200)
        await shows(pilot, "250 contacts imported.")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is stage.main)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_link_and_its_code(stage: Stage, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(stage)
    copied: list[str] = []
    monkeypatch.setattr(stage.app, "tell_terminal", copied.append)
    async with stage.app.run_test(size=size) as pilot:
        await begun(pilot, stage)
        stage.main.run_command("contact.link")
        await shows(pilot, "https://wa.me/908500000001")
        await pilot.press("c")
        await shows(pilot, "Which campaign?")
        await write(pilot, "bahar")
        await pilot.press("enter")
        link = "https://wa.me/908500000001?text=BAHAR"
        await shows(pilot, link)
        code = drawn(link, light=pilot.app.current_theme.dark)
        await until(pilot, lambda: all(line.rstrip() in screen_text(pilot) for line in code))
        await pilot.press("y")
        await until(pilot, lambda: copied)
        await pilot.press("n")
        await write(pilot, "+90 555 123 45 67".replace(" ", "").removeprefix("+"))
        await pilot.press("enter")
        await shows(pilot, "https://wa.me/905551234567?text=BAHAR")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is stage.main)


async def test_a_blocked_customer_shows_so(stage: Stage) -> None:
    furnish(stage)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await begun(pilot, stage)
        stage.main.chat.open("ahmet")
        stage.shop.event(ev.ContactBlocked(contact="p-ahmet", blocked=True, numbers=["n1"]), actor="agent:a1")
        stage.relay.happened("ahmet")
        await shows(pilot, "blocked", "This customer is blocked.")
        stage.shop.event(ev.ContactBlocked(contact="p-ahmet", blocked=False), actor="agent:a1")
        stage.relay.happened("ahmet")
        await hides(pilot, "This customer is blocked.")
