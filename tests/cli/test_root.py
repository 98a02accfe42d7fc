"""The command line as its user meets it: help, errors, exit codes, languages, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wptui import __version__, i18n
from wptui.cli import main
from wptui.cli.errors import guard
from wptui.cli.root import COMMANDS
from wptui.model.errors import ConfigError, LinkError, UsageError

ROOT = Path(__file__).resolve().parent.parent.parent


def wptui(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real program, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "wptui", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["--lang", "tr", "--version"]) == 0
    assert capsys.readouterr().out == f"wptui {__version__}\n" * 2


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


def test_help_speaks_turkish_down_to_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    done = wptui("--lang", "tr", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Kullanım: wptui")
    assert "Seçenekler:" in done.stdout and "Gelen kutusunu yazdırır." in done.stdout


def test_the_settings_choose_the_language_and_the_command_line_has_the_last_word() -> None:
    assert wptui("config", "set", "lang", "tr").returncode == 0
    assert wptui("--help").stdout.startswith("Kullanım:")
    assert wptui("--lang", "en", "--help").stdout.startswith("Usage:")


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["config", "set", "theme"], ["--lang", "xx"]])
def test_wrong_usage_is_2_and_says_where_help_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "--help" in shown.err and "Error:" in shown.err


def test_without_a_terminal_the_inbox_says_so_and_what_to_do() -> None:
    done = wptui()
    assert done.returncode == 2 and done.stdout == ""
    assert "not a terminal" in done.stderr and "wptui list" in done.stderr


def test_wrong_settings_do_not_keep_the_help_away() -> None:
    home = Path(os.environ["WPTUI_HOME"]) / "config"
    home.mkdir(parents=True)
    (home / "config.toml").write_text("nonsense = 1\n")
    assert wptui("config", "docs").returncode == 0
    done = wptui("config", "show")
    assert done.returncode == 1
    assert done.stderr.startswith(f"wptui: {home / 'config.toml'}:1: nonsense:") and "hint:" in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("no"), 2), (ConfigError("no"), 1), (LinkError("no", hint="plug it in"), 1), (KeyboardInterrupt(), 1)],
)
def test_errors_become_exit_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_arguments: list[str]) -> int:
        raise error

    assert guard(fail, []) == code
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert not isinstance(error, LinkError) or shown == "wptui: no\nhint: plug it in\n"


def test_a_fault_of_the_program_is_not_hidden() -> None:
    def fail(_arguments: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guard(fail, [])


def test_a_reader_that_leaves_early_is_no_error_message() -> None:
    program = "import sys; from wptui.cli.errors import guard\n"
    program += "def talk(_): print('x\\n' * 100000); return 0\nsys.exit(guard(talk, []))"
    talker = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    assert talker.stdout and talker.stderr
    talker.stdout.read(2)
    talker.stdout.close()
    assert talker.stderr.read() == b""
    assert talker.wait(20) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_WPTUI_COMPLETE" in script and "%(" not in script


def test_completion_knows_commands_and_their_options() -> None:
    first = wptui(_WPTUI_COMPLETE="bash_complete", COMP_WORDS="wptui re", COMP_CWORD="1")
    assert {line.partition(",")[2] for line in first.stdout.split()} == {"read", "reply", "resolve", "reopen", "relay"}
    second = wptui(_WPTUI_COMPLETE="bash_complete", COMP_WORDS="wptui doctor --", COMP_CWORD="2")
    assert "--json" in second.stdout


def test_a_second_language_in_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    """`main` is called again and again by tests and by the demo: nothing of the last call may stick."""
    main(["--lang", "tr", "config", "docs"])
    main(["--lang", "en", "config", "docs"])
    turkish, english = capsys.readouterr().out.split("\n| setting |")
    assert "| ayar |" in turkish and "meaning" in english
    assert i18n.language() == "en"
