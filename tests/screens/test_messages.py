"""What an agent does with one message: reactions, files, places, copies, and what lies behind it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.screens.looking import hides, shows, until, write
from tests.screens.stage import Stage
from wptui.model.canned import fill
from wptui.model.commands import DiscardMessage, React, RetryMessage, SendMessage
from wptui.screens.file_paths import complete
from wptui.screens.message_commands import file_name
from wptui.screens.story import story_lines
from wptui.screens.terminal import clipboard, desktop, through, title
from wptui.screens.writing import place
from wptui.widgets.styles import plain_text

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def test_a_reaction_is_chosen_and_given(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "home", "plus")
        await shows(pilot, "thank you")
        await write(pilot, "thank")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(React))
        command = stage.given(React)[0].command
        assert command.emoji == "🙏" and command.target.startswith("wamid.")


async def test_a_file_is_checked_before_it_is_uploaded_and_carries_its_caption(stage: Stage, tmp_path: Path) -> None:
    photo, program = tmp_path / "foto.png", tmp_path / "virus.exe"
    photo.write_bytes(PNG)
    program.write_bytes(b"MZ\x90\0" + b"\0" * 60)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "i")
        await write(pilot, "yeni raf")
        await pilot.press("ctrl+a")
        await shows(pilot, "Attach a file", "yeni raf")
        field = stage.app.screen.query("Entry").first()
        field.value = str(program)  # type: ignore[attr-defined]
        await pilot.press("down", "enter")
        await shows(pilot, "WhatsApp does not take files of this type")
        assert not stage.relay.uploads
        field.value = str(tmp_path / "nowhere.png")  # type: ignore[attr-defined]
        await pilot.press("down", "enter")
        await shows(pilot, "There is no such file.")
        field.value = str(tmp_path / "fo")  # type: ignore[attr-defined]
        await pilot.press("end", "tab")
        assert field.value == str(photo)  # type: ignore[attr-defined]
        await pilot.press("down", "enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.content == {
            "type": "image",
            "image": {"upload": "key1", "caption": "yeni raf"},
        }
        assert stage.main.chat.composer.text == ""


async def test_a_place_is_sent(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "ctrl+l")
        await write(pilot, "burası")
        await pilot.press("enter", "enter")
        await shows(pilot, "Two numbers")
        await pilot.press("ctrl+u")
        await write(pilot, "41.0256, 28.9744")
        await pilot.press("down")
        await write(pilot, "Galata")
        await pilot.press("enter")
        await until(pilot, lambda: stage.given(SendMessage))
        assert stage.given(SendMessage)[0].command.content == {
            "type": "location",
            "location": {"latitude": 41.0256, "longitude": 28.9744, "name": "Galata"},
        }


@pytest.mark.parametrize(
    ("text", "found"),
    [("41.0256, 28.9744", (41.0256, 28.9744)), ("41,0256 28,9744", (41.0256, 28.9744)), ("41.5,29", (41.5, 29.0)),
     ("91, 0", None), ("0, 181", None), ("x", None), ("", None), ("1 2 3", None)],
)  # fmt: skip
def test_places_as_people_write_them(text: str, found: tuple[float, float] | None) -> None:
    assert place(text) == found


async def test_a_photo_is_saved_under_a_harmless_name_and_never_over_another(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    monkeypatch.setattr("wptui.screens.message_commands.download_folder", lambda: downloads)
    source = tmp_path / "k1.jpg"
    source.write_bytes(b"jpeg")
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter")
        stage.main.chat.thread.jump_to("wamid.photo")
        await pilot.press("O")
        await shows(pilot, "no file")  # the failure is said
        stage.relay.files["k1"] = source
        await pilot.press("O")
        await shows(pilot, "Saved as")
        await pilot.press("O")
        await until(pilot, lambda: len(list(downloads.iterdir())) == 2)
        assert all(path.read_bytes() == b"jpeg" for path in downloads.iterdir())


def test_a_file_name_from_outside_is_no_path(stage: Stage) -> None:
    from dataclasses import replace

    from wptui.store.thread import message

    row = message(stage.shop.db, "wamid.photo")
    assert row is not None
    for hostile, name in (
        ("../../.bashrc", "bashrc"),
        ("..\\..\\fatura.pdf", "fatura.pdf"),
        ("a\x1b]0;x\x07.pdf", "a]0x.pdf"),
        ("", f"wptui-{row.ts}.jpg"),
    ):
        made = file_name(replace(row, media={"filename": hostile}), Path("k1.jpg"))
        assert "/" not in made and not made.startswith(".")
        assert made.isprintable()
        if hostile != "a\x1b]0;x\x07.pdf":
            assert made == name


async def test_the_text_is_handed_to_the_terminals_clipboard(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(stage.app, "tell_terminal", told.append)
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Ahmet Yılmaz")
        await pilot.press("down", "enter", "home", "y")
        await shows(pilot, "Handed to the terminal's clipboard")
    copied = next(each for each in told if "]52;c;" in each)
    assert base64.b64decode(copied.split(";")[-1].rstrip("\a")).decode() == "Merhaba, kış indirimi var mı?"


def test_a_text_too_long_for_a_clipboard_is_not_sent_to_the_terminal() -> None:
    assert clipboard("x" * 56_000) is not None
    assert clipboard("x" * 57_000) is None


async def test_a_failed_message_is_sent_again_or_given_up(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Fatma Şahin")
        await pilot.press("enter")
        await shows(pilot, "Hemen gönderiyorum")
        await pilot.press("R")
        await until(pilot, lambda: stage.given(RetryMessage))
        await pilot.press("D")
        await until(pilot, lambda: stage.given(DiscardMessage))
        await pilot.press("home", "R")
        await shows(pilot, "This works on a message that was not sent.")


async def test_the_raw_story_is_told_and_its_absence_too(stage: Stage) -> None:
    async with stage.app.run_test(size=(100, 30)) as pilot:
        await shows(pilot, "Fatma Şahin")
        await pilot.press("enter", "x")
        await shows(pilot, "no story", "131047")  # without the relay: what this machine knows
        await pilot.press("escape")
        row = stage.main.message()
        assert row is not None
        stage.relay.stories[row.id] = {
            "message": row.id,
            "webhooks": [{"number": 7, "received_at": 1795444320000, "body": '{"object": "whatsapp"}'}],
            "attempts": [{"type": "message.failed", "at": 1795444320000, "data": {"problem": {"code": 131047}}}],
            "statuses": [],
            "events": [],
        }
        await pilot.press("x")
        await shows(pilot, "message.failed", "The 24-hour window is closed", '"object": "whatsapp"', "#7")
        await pilot.press("escape")
        await hides(pilot, "message.failed")


def test_a_story_shows_no_control_character_whatever_it_holds() -> None:
    story = {
        "message": "m\x1b[31m",
        "webhooks": [{"number": 1, "received_at": "x", "body": "\x1b]52;c;AAAA\x07 \x9b31m not json"}, "nonsense"],
        "attempts": [{"type": 5, "at": None, "data": []}],
        "statuses": [{"data": {"status": "failed", "problems": [None, {"code": "x", "title": "\x07"}]}}],
        "events": None,
    }
    text = plain_text(story_lines(story, 60))
    assert all(char == "\n" or char.isprintable() for char in text)


def test_sequences_for_the_terminal_cannot_be_ended_by_a_name() -> None:
    evil = "Ali\x1b\\\x07\x9c;rm\n"
    for kind in ("osc9", "osc777", "osc99"):
        sequence = desktop(kind, evil, evil, tmux=False)
        inner = sequence.replace("\x1b]", "").replace("\x1b\\", "")
        assert "\x1b" not in inner and "\x07" not in inner and "\n" not in inner and "\x9c" not in inner
    assert title(evil).count("\x1b") == 2
    assert through("\x1b]9;x\x1b\\", tmux=True) == "\x1bPtmux;\x1b\x1b]9;x\x1b\x1b\\\x1b\\"


def test_variables_with_fallbacks_and_places_to_fill() -> None:
    known = {"customer.first_name": "Ayşe", "empty": ""}
    assert fill("{{customer.first_name|efendim}}, {{order}}", known) == "Ayşe, {{order}}"
    assert fill("{{ customer.name | efendim }} {{empty|}}!", known) == "efendim !"
    assert fill("{{order", known) == "{{order"


def test_paths_are_completed_as_far_as_they_are_clear(tmp_path: Path) -> None:
    for name in ("foto1.jpg", "foto2.jpg", ".gizli"):
        (tmp_path / name).touch()
    (tmp_path / "belge").mkdir()
    assert complete(f"{tmp_path}/fo") == (f"{tmp_path}/foto", ["foto1.jpg", "foto2.jpg"])
    assert complete(f"{tmp_path}/be") == (f"{tmp_path}/belge/", ["belge/"])
    assert complete(f"{tmp_path}/") == (f"{tmp_path}/", ["belge/", "foto1.jpg", "foto2.jpg"])
    assert complete(f"{tmp_path}/none/x") == (f"{tmp_path}/none/x", [])
