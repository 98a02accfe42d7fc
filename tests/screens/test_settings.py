"""Forms for those who do not like editors; and the editor from within the program."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.editing.desk import FakeEditor
from tests.screens.looking import hides, shows, until, write
from tests.screens.stage import Stage
from wptui.editing import canned
from wptui.model import events as ev
from wptui.model.commands import EditCanned, SaveSettings
from wptui.model.protocol import Result
from wptui.screens.settings_form import SettingsForm
from wptui.screens.settings_list import EntriesScreen
from wptui.store import team
from wptui.sync.state import LinkChange

DEPARTMENTS = '# who serves whom\n[satis]\nname = "Satış"   # as shown\nmembers = ["a1"]\n'


class Office:
    """The relay: takes what the terminal submits, compare-and-set and all."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.first = ""
        """A document that a colleague saves just before the next one of ours arrives."""

    def begin(self) -> None:
        loop = asyncio.get_running_loop()
        self.stage.app.desk.outbox.on_add = lambda: loop.call_soon(self._execute)

    def saves(self, section: str, text: str, owner: str = "") -> None:
        self.stage.shop.event(ev.SettingsSaved(section=section, text=text, owner=owner), actor="agent:a2")

    def text(self, section: str, owner: str = "") -> str:
        return team.source(self.stage.shop.db, section, owner)[0]

    def _execute(self) -> None:
        shop, outbox = self.stage.shop, self.stage.app.desk.outbox
        for item in outbox.pending():
            command = item.command
            if not isinstance(command, SaveSettings | EditCanned) or item.state != "waiting":
                continue
            owner = "a1" if command.own else ""
            if self.first and isinstance(command, SaveSettings):
                self.saves(command.section, self.first, owner)
                self.first = ""
            if isinstance(command, SaveSettings):
                revision = team.source(shop.db, command.section, owner)[1]
            else:
                revision = team.canned_revision(shop.db, owner)
            result = Result(id=item.id, ok=True, seq=shop.seq)
            if revision != command.expect:
                result = Result(id=item.id, ok=False, code="changed_meanwhile")
            elif isinstance(command, SaveSettings):
                saved = ev.SettingsSaved(section=command.section, text=command.text, owner=owner)
                shop.event(saved, actor="agent:a1")
            else:
                for (shortcut,) in shop.db.execute("SELECT shortcut FROM canned WHERE owner = ?", (owner,)).fetchall():
                    shop.event(ev.CannedRemoved(shortcut=shortcut, owner=owner), actor="agent:a1")
                for each in command.replies:
                    reply = ev.CannedSaved(
                        shortcut=each.shortcut, text=each.text, title=each.title, owner=owner, texts=each.texts,
                        media=each.media, filename=each.filename,
                    )  # fmt: skip
                    shop.event(reply, actor="agent:a1")
            outbox.settle(result)
            self.stage.relay.tell(LinkChange(results=[result]))
            self.stage.relay.happened()


@pytest.fixture
def office(stage: Stage) -> Office:
    stage.shop.event(ev.AgentAdded(agent="a1", name="Ayşe Demir", role="owner"), actor="relay")
    return Office(stage)


async def opened(pilot: Pilot[object], stage: Stage, office: Office, command: str) -> None:
    """The program, furnished, and a command given."""
    await shows(pilot, "Zeynep Kaya")
    await until(pilot, lambda: stage.link is not None)
    office.begin()
    stage.main.run_command(command)
    await until(pilot, lambda: len(stage.app.screen_stack) > 1)


def form(stage: Stage) -> SettingsForm:
    assert isinstance(stage.app.screen, SettingsForm)
    return stage.app.screen


async def test_a_department_is_edited_and_its_comments_stay(stage: Stage, office: Office) -> None:
    office.saves("departments", DEPARTMENTS)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.departments")
        await shows(pilot, "Departments", "Satış", "1 member")
        await pilot.press("enter")
        await shows(pilot, "Departments · satis", "Members", "Ayşe Demir", "Hand out")
        await write(pilot, "lar")
        await pilot.press("tab", "space")
        await shows(pilot, "[x] Ayşe Demir", "[ ] Mehmet Kurt")
        await pilot.press("down", "space", "enter")
        await shows(pilot, "Ayşe Demir, Mehmet Kurt")
        await pilot.press("tab", "tab", "right")
        await shows(pilot, "one after the other")
        await pilot.press("tab")
        await write(pilot, "many")
        await pilot.press("ctrl+s")
        await shows(pilot, "must be a whole number")
        await until(pilot, lambda: form(stage).focused is form(stage)._widgets[4])
        await pilot.press("backspace", "backspace", "backspace", "backspace", "5", "ctrl+s")
        await shows(pilot, "Saved.", "2 members")
        assert office.text("departments") == (
            '# who serves whom\n[satis]\nname = "Satışlar"   # as shown\nmembers = ["a1", "a2"]\n'
            'assign = "round_robin"\ncapacity = 5\n'
        )


async def test_a_label_is_added_and_deleted(stage: Stage, office: Office) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.labels")
        await shows(pilot, "Nothing here yet.")
        await pilot.press("a")
        await shows(pilot, "Colour", "plain")
        await write(pilot, "iade")
        await pilot.press("tab", "right")
        await shows(pilot, "red")
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved.", "iade")
        assert office.text("labels") == '[iade]\ncolour = "red"\n'
        await pilot.press("d")
        await shows(pilot, "Once more to delete iade.")
        await pilot.press("d")
        await shows(pilot, "Nothing here yet.")
        assert "iade" not in office.text("labels")


async def test_a_canned_reply_gets_another_language(stage: Stage, office: Office) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.canned")
        await shows(pilot, "your own")
        await pilot.press("enter")
        await shows(pilot, "/iban", "/kargo")
        await pilot.press("enter")
        await shows(pilot, "Another language")
        await pilot.press("tab")
        await write(pilot, " Tek")
        await pilot.press("tab")
        await write(pilot, "en")
        await pilot.press("tab")
        await write(pilot, "Our IBAN")
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved.")
        saved = canned.replies(stage.shop.db, "")["iban"]
        assert saved.text == "IBAN: TR00 0000 0000 0000 0000 0000 00 Tek" and saved.texts == {"en": "Our IBAN"}
        assert set(canned.replies(stage.shop.db, "")) == {"iban", "kargo", "ışık"}


async def test_the_week_of_the_business_and_of_a_department(stage: Stage, office: Office) -> None:
    office.saves("departments", DEPARTMENTS)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.hours")
        await shows(pilot, "The whole business", "always open", "Satış", "as the business")
        await pilot.press("enter")
        await shows(pilot, "Monday", "Sunday", "Closed days")
        await write(pilot, "09:00-12:00, 13:00-18:00")
        await pilot.press("shift+tab")
        await write(pilot, "2026-12-31 Sayım")
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved.")
        found = team.document(stage.shop.db, "hours")
        assert found.week.mon == ["09:00-12:00", "13:00-18:00"] and found.closed == {"2026-12-31": "Sayım"}
        await pilot.press("down", "enter")
        await shows(pilot, "Business hours · Satış")
        await write(pilot, "25:00")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(stage.app.screen, SettingsForm) and not stage.app.screen._saving)
        assert stage.app.screen.focused is form(stage)._widgets[0]
        await pilot.press("escape")


async def test_rules_are_switched(stage: Stage, office: Office) -> None:
    office.saves("rules", '# ours\n[w]\ntitle = "Hoş geldiniz"\nwhen = "first_message"\nthen = [{reply = "Merhaba"}]\n')
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.rules")
        await shows(pilot, "[x] Hoş geldiniz", "first_message → reply")
        await pilot.press("space")
        await shows(pilot, "[ ] Hoş geldiniz")
        assert "on = false" in office.text("rules") and "# ours" in office.text("rules")


async def test_ready_made_rules_are_there_to_be_switched_on(stage: Stage, office: Office) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.rules")
        await shows(pilot, "[ ] Welcome")
        await pilot.press("space")
        await shows(pilot, "[x]")
        saved = team.document(stage.shop.db, "rules")
        assert [rule.on for rule in saved.values()].count(True) == 1 and len(saved) == 11
        await pilot.press("end", "d", "d")
        await until(pilot, lambda: len(team.document(stage.shop.db, "rules")) == 10)
        await pilot.press("a")
        await shows(pilot, "Ready-made rules")
        await pilot.press("enter")
        await until(pilot, lambda: len(team.document(stage.shop.db, "rules")) == 11)


async def test_macros_and_filters_of_ones_own(stage: Stage, office: Office) -> None:
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.macros")
        await write(pilot, "own")
        await pilot.press("enter")
        await shows(pilot, "Nothing here yet.")
        await pilot.press("a")
        await shows(pilot, "Acts, one a line")
        await write(pilot, "kargo")
        await pilot.press("tab", "tab", "tab")
        await write(pilot, "canned: kargo")
        await pilot.press("enter")
        await write(pilot, "resolv")
        await pilot.press("ctrl+s")
        await shows(pilot, "there is no such key here")
        await pilot.press("e", "ctrl+s")
        await shows(pilot, "Saved.", "canned: kargo · resolve")
        (macro,) = team.document(stage.shop.db, "macros", "a1").values()
        assert [act.verb for act in macro.do] == ["canned", "resolve"]


async def test_roles_as_a_matrix(stage: Stage, office: Office) -> None:
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, stage, office, "settings.roles")
        await shows(pilot, "Owner", "Viewer", "See every conversation")
        await pilot.press("space")
        await shows(pilot, "The built-in roles cannot be changed")
        await pilot.press("a")
        await shows(pilot, "New role")
        await write(pilot, "boss")
        await pilot.press("tab")
        await write(pilot, "Chief")
        await pilot.press("ctrl+s")
        await shows(pilot, "Chief")
        await until(pilot, lambda: not isinstance(stage.app.screen, SettingsForm))
        await pilot.press("space", "down", "down", "space", "ctrl+s")
        await shows(pilot, "Saved.")
        assert team.document(stage.shop.db, "roles")["boss"].permissions == ["see.all", "see.own"]


async def test_a_colleagues_change_of_the_same_entry_is_not_overwritten(stage: Stage, office: Office) -> None:
    office.saves("departments", DEPARTMENTS)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.departments")
        await pilot.press("enter")
        await shows(pilot, "Departments · satis")
        await write(pilot, "lar")
        office.first = DEPARTMENTS.replace('["a1"]', '["a2"]')
        await pilot.press("ctrl+s")
        await shows(pilot, "A colleague has changed it meanwhile")
        assert office.text("departments") == DEPARTMENTS.replace('["a1"]', '["a2"]')
        # Of another entry it is no conflict.
        await pilot.press("escape", "enter")
        await shows(pilot, "Mehmet Kurt")
        await write(pilot, "2")
        office.first = office.text("departments") + '\n[yeni]\nname = "Yeni"\n'
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved.", "Yeni", "Satış2")


async def test_only_what_the_role_allows_is_offered(stage: Stage, office: Office) -> None:
    stage.shop.event(ev.AgentAdded(agent="a1", name="Ayşe Demir", role="agent"), actor="relay")
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.edit")
        await shows(pilot, "Canned replies (your own)", "Macros (your own)")
        await hides(pilot, "Departments")
        await hides(pilot, "Roles")


async def test_where_the_terminal_cannot_be_lent_it_is_said(stage: Stage, office: Office) -> None:
    office.saves("labels", "[iade]\n")
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.labels")
        await pilot.press("ctrl+e")
        await shows(pilot, "An editor cannot be opened from here", "wptui edit labels")


async def test_the_editor_from_within(
    stage: Stage, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.saves("labels", "[iade]\n")
    fake = FakeEditor(tmp_path / "editor", monkeypatch)
    fake.does({"replace": [("[iade]", "[iade]\ncolour = 'rde'")]}, {"replace": [("'rde'", "'red'")]})

    @contextlib.contextmanager
    def lent() -> Iterator[None]:
        yield

    monkeypatch.setattr(stage.app, "suspend", lent)
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, stage, office, "settings.labels")
        assert isinstance(stage.app.screen, EntriesScreen)
        await pilot.press("ctrl+e")
        await shows(pilot, "List of labels: saved.")
        assert office.text("labels") == "[iade]\ncolour = 'red'\n" and not stage.app.lent
