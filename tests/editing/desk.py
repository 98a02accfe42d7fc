"""A store, a relay that takes what is submitted as the real one does, and an editor that does what it is told."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.story import Story
from wptui.editing import documents, editor
from wptui.editing.editor import Outcome
from wptui.model import events as ev
from wptui.model.commands import AnyCommand, EditCanned, SaveSettings
from wptui.model.errors import LinkError, RefusedError
from wptui.store import team

EDITOR = """
import json, os, sys
from pathlib import Path
file, plan = Path(sys.argv[-1]), Path(os.environ["FAKE_EDITOR_PLAN"])
steps = json.loads(plan.read_text("utf-8"))
step = steps.pop(0)
plan.write_text(json.dumps(steps), "utf-8")
text = file.read_text("utf-8")
seen = plan.with_name("seen")
seen.write_text((seen.read_text("utf-8") if seen.exists() else "") + text + "\\0", "utf-8")
plan.with_name("mode").write_text(oct(file.stat().st_mode & 0o777) + " " + file.name)
if "run" in step:
    import subprocess
    subprocess.run([sys.executable, "-m", "wptui", *step["run"]], check=True)
if step.get("code"):
    sys.exit(step["code"])
for old, new in step.get("replace", []):
    assert old in text, (old, text)
    text = text.replace(old, new)
if "whole" in step:
    text = step["whole"]
file.write_text(text, "utf-8")
"""


class FakeEditor:
    """$EDITOR as a program of its own, in a process of its own; `does` says what it does each time it is opened."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir(exist_ok=True)
        self.plan = folder / "plan"
        script = folder / "an editor.py"
        script.write_text(EDITOR, "utf-8")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} '{script}'")
        monkeypatch.setenv("FAKE_EDITOR_PLAN", str(self.plan))

    def does(self, *steps: dict[str, Any]) -> None:
        import json

        self.plan.write_text(json.dumps(steps), "utf-8")

    @property
    def seen(self) -> list[str]:
        """The texts it was opened with."""
        file = self.plan.with_name("seen")
        return file.read_text("utf-8").split("\0")[:-1] if file.exists() else []

    @property
    def mode(self) -> str:
        """Permissions and name of the file it was opened with."""
        return self.plan.with_name("mode").read_text()


class StoreBench:
    """Executes as the relay does: compare-and-set, then events."""

    def __init__(self, folder: Path, role: str = "owner") -> None:
        self.story = Story(folder / "cache.db")
        self.agent = "a1"
        self.trouble: Exception | None = None
        self.uploads: list[Path] = []
        for id, name, of in (("a1", "Ayşe Demir", role), ("a2", "Mehmet Kurt", "agent")):
            self.story.tell(ev.AgentAdded(agent=id, name=name, role=of))
        self.story.tell(ev.NumberUpdated(number="n1", name="Kahve", display="+90 850"))
        self.story.play()

    @property
    def db(self) -> sqlite3.Connection:
        return self.story.db

    def saves(self, section: str, text: str, agent: str = "a2", owner: str = "") -> None:
        """A colleague saves."""
        self.story.tell(ev.SettingsSaved(section=section, text=text, owner=owner), actor=f"agent:{agent}")
        self.story.play()

    async def submit(self, command: AnyCommand) -> bool:
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        assert isinstance(command, SaveSettings | EditCanned)
        owner = self.agent if command.own else ""
        if isinstance(command, SaveSettings):
            _text, revision = team.source(self.db, command.section, owner)
        else:
            revision = team.canned_revision(self.db, owner)
        if revision != command.expect:
            raise RefusedError("changed_meanwhile", "too late")
        actor = f"agent:{self.agent}"
        if isinstance(command, SaveSettings):
            self.story.tell(ev.SettingsSaved(section=command.section, text=command.text, owner=owner), actor=actor)
        else:
            for (shortcut,) in self.db.execute("SELECT shortcut FROM canned WHERE owner = ?", (owner,)).fetchall():
                self.story.tell(ev.CannedRemoved(shortcut=shortcut, owner=owner), actor=actor)
            for each in command.replies:
                saved = ev.CannedSaved(
                    shortcut=each.shortcut, text=each.text, title=each.title, owner=owner, texts=each.texts,
                    media=each.media, filename=each.filename,
                )  # fmt: skip
                self.story.tell(saved, actor=actor)
        self.story.play()
        return True

    async def upload(self, path: Path) -> tuple[str, str]:
        self.uploads.append(path)
        return f"key{len(self.uploads)}", path.name

    async def edit(self, kind: str, *, own: bool = False) -> Outcome:
        """One edit with $EDITOR."""

        async def run(path: Path) -> None:
            await asyncio.to_thread(editor.run_editor, path)

        return await editor.edit(self, documents.source(self.db, kind, self.agent, own=own), run)

    def text(self, section: str, owner: str = "") -> str:
        return team.source(self.db, section, owner)[0]


def cut_off() -> LinkError:
    return LinkError("There is no connection to the relay", hint="Try later.")
