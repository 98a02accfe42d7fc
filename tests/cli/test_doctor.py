"""``wptui doctor``: what is wrong is found, said, and comes with what to do."""

from __future__ import annotations

import json
import os
import pty
import threading
from typing import Any

import pytest

from wptui import paths
from wptui.cli import checks, main, probe
from wptui.model.finding import Finding


@pytest.fixture(autouse=True)
def ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TMUX", raising=False)


def report(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", "--json"])
    answer = json.loads(capsys.readouterr().out)
    return code, {finding["id"]: finding for finding in answer["findings"]}


def by_id(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


def test_a_folder_open_to_others_is_found_and_the_cure_works(capsys: pytest.CaptureFixture[str]) -> None:
    folder = paths.ensure_dir(paths.state_dir())
    folder.chmod(0o755)
    _code, found = report(capsys)
    assert found["files.state"]["status"] == "warn"
    assert found["files.state"]["todo"] == f"chmod 700 {folder}"
    folder.chmod(0o700)
    (folder / "token").write_text("t")
    (folder / "token").chmod(0o644)
    _code, found = report(capsys)
    assert found["files.state"]["todo"] == f"chmod 600 {folder / 'token'}"
    (folder / "token").chmod(0o600)
    assert report(capsys)[1]["files.state"]["status"] == "ok"


def test_wrong_settings_fail(capsys: pytest.CaptureFixture[str]) -> None:
    paths.write_atomic(paths.config_file(), b"\nthem = 1\n")
    code, found = report(capsys)
    assert code == 1
    assert found["settings.file"]["status"] == "fail"
    assert "config.toml:2: them:" in found["settings.file"]["text"]


def test_a_theme_that_does_not_exist_fails(capsys: pytest.CaptureFixture[str]) -> None:
    paths.write_atomic(paths.config_file(), b'theme = "no-such"\n')
    code, found = report(capsys)
    assert code == 1 and "no-such" in found["settings.theme"]["text"]


def test_a_broken_theme_of_ones_own_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    paths.write_atomic(paths.user_themes_dir() / "mine.toml", b"[palette]\nbackgruond = 'red'\n")
    _code, found = report(capsys)
    assert found["settings.themes"]["status"] == "warn"
    assert "mine.toml:2: palette.backgruond" in found["settings.themes"]["text"]


def test_what_it_finds_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    found = by_id(list(checks.terminal()))
    assert found["terminal.type"].status == found["terminal.size"].status == "ok"
    assert "256" in found["terminal.colours"].text
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    found = by_id(list(checks.terminal()))
    assert found["terminal.type"].status == "fail" and found["terminal.size"].status == "warn"
    assert "NO_COLOR" in found["terminal.colours"].text
    assert "terminal.ssh" in found


def test_every_failure_comes_with_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "20")
    paths.write_atomic(paths.config_file(), b"broken")
    paths.config_dir().chmod(0o777)
    everything = [*checks.terminal(), *checks.versions(), *checks.packaged(), *checks.files(), *checks.settings()]
    bad = [finding for finding in everything if finding.status != "ok"]
    assert len(bad) >= 4
    assert all(finding.todo for finding in bad)


def test_the_report_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    paths.write_atomic(paths.config_file(), b"broken")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "[FAIL]" in shown and "→" in shown and "failed." in shown.splitlines()[-1]


def test_the_terminal_is_asked_how_wide_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of this test's own answers: "a" takes one cell, everything else two."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr("sys.stdin", os.fdopen(os.dup(theirs), "r"))
    monkeypatch.setattr("sys.stdout", os.fdopen(os.dup(theirs), "w"))

    def terminal() -> None:
        seen = b""
        for _probe in range(2):
            while not seen.endswith(b"\x1b[6n"):
                seen += os.read(ours, 1024)
            text = seen.rpartition(b"\r")[2].removesuffix(b"\x1b[6n")
            os.write(ours, b"\x1b[1;2R" if text == b"a" else b"\x1b[1;3R")
            seen = b""

    thread = threading.Thread(target=terminal, daemon=True)
    thread.start()
    assert probe.measure(["a", "中"]) == {"a": 1, "中": 2}
    thread.join(5)
    monkeypatch.setattr(probe, "PATIENCE", 0.01)
    assert probe.measure(["a"]) is None, "a terminal that does not answer is not waited for"


def test_without_a_terminal_nothing_is_asked() -> None:
    assert probe.measure(["a"]) is None
