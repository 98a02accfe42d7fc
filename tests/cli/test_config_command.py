"""``wptui config``: settings are shown, explained and changed from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from wptui import config, paths
from wptui.cli import main
from wptui.cli.config import config_group
from wptui.config import render


def test_path_show_and_docs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{paths.config_file()}\n"
    assert main(["config", "show"]) == 0
    assert config.parse(capsys.readouterr().out, "x") == config.Settings()
    assert main(["config", "docs"]) == 0
    table = capsys.readouterr().out
    assert '| `density` | `"comfortable"` · `"compact"` | `"comfortable"` |' in table
    assert table == render.markdown()


def test_set_takes_words_and_toml(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "first_response_target", "15m"]) == 0
    assert main(["config", "set", "notifications.mention.quiet", '["bell"]']) == 0
    settings = config.load()
    assert settings.first_response_target == 900
    assert settings.notifications.mention.quiet == {"bell"}
    assert main(["config", "set", "density", "tiny"]) == 1
    assert "density: must be one of" in capsys.readouterr().err


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that puts the next line of a script into the file each time it is opened."""
    script, edits = tmp_path / "my editor", tmp_path / "edits"
    script.write_text(f'#!/bin/sh\nhead -n 1 "{edits}" > "$1"\nsed -i 1d "{edits}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"'{script}'")
    return edits


def test_edit_checks_before_it_replaces(editor: Path) -> None:
    editor.write_text('densty = "compact"\ndensity = "compact"\n')
    done = CliRunner().invoke(config_group, ["edit"], input="e\n", standalone_mode=False)
    assert done.return_value == 0
    assert "config.toml:1: densty" in done.stderr
    assert config.load().density == "compact"
    assert paths.config_file().stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("answer", "code", "kept"), [("k", 1, 'theme = "light"\n'), ("s", 0, "broken\n")])
def test_edit_keeps_the_old_file_unless_told_otherwise(editor: Path, answer: str, code: int, kept: str) -> None:
    paths.write_atomic(paths.config_file(), b'theme = "light"\n')
    editor.write_text("broken\n")
    done = CliRunner().invoke(config_group, ["edit"], input=f"{answer}\n", standalone_mode=False)
    assert done.return_value == code
    assert paths.config_file().read_text() == kept


def test_edit_of_a_new_file_begins_with_the_explained_template(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VISUAL", "cat")
    assert main(["config", "edit"]) == 0
    shown = capfd.readouterr().out
    assert render.template() in shown and shown.endswith("Nothing changed.\n")
    assert not paths.config_file().exists()


def test_an_editor_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")
    assert main(["config", "edit"]) == 2
    assert "no-such-editor" in capsys.readouterr().err
