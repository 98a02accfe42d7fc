"""The program in a real pseudo-terminal, as an agent's terminal sees it: bytes in, bytes out.

There is no relay behind it: the terminal shows what its cache holds, says that it is offline, and loses nothing.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from tests.screens.stage import furnished
from tests.widgets.seed import NOW, Shop
from wptui.model.commands import Resolve, SendMessage, Snooze
from wptui.sync.credentials import Account, current, places, save
from wptui.sync.outbox import Outbox

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "webhooks"
HIDDEN = ("NO_COLOR", "TMUX", "STY", "COLORTERM", "COLUMNS", "LINES")
"""What the test's own terminal says of itself."""
PROGRAM = [sys.executable, "-c", "import sys; from wptui.cli import main; sys.exit(main())"]


class Terminal:
    """A terminal with a program in it."""

    def __init__(self, columns: int = 100, rows: int = 30, program: str = "", **environ: str) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        master, slave = pty.openpty()
        self._size(slave, columns, rows)
        self.before = termios.tcgetattr(slave)
        self.fd, self.slave = master, slave
        names = {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1", **environ}
        env = {key: value for key, value in os.environ.items() if key not in HIDDEN}
        self.process = subprocess.Popen(
            [*PROGRAM[:2], program + PROGRAM[2]],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, **names},
            start_new_session=True,
            cwd="/",
        )

    @staticmethod
    def _size(fd: int, columns: int, rows: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        self._size(self.slave, columns, rows)
        self.screen.resize(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def read(self, seconds: float) -> bool:
        """Takes what the program has written; whether there was anything within `seconds`."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.bytes += data
        # pyte knows neither private modes with "$" nor kitty's keyboard protocol, and would print their ends.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[$u][a-z]?|\x1b\[[0-9;]*\$[a-z]", b"", data))
        return bool(data)

    def until(self, seen: Callable[[], object], seconds: float = 20.0) -> None:
        """Reads until `seen` is true."""
        end = time.monotonic() + seconds
        while not seen():
            left = end - time.monotonic()
            if left <= 0 or (not self.read(min(left, 0.2)) and self.process.poll() is not None):
                break
        assert seen(), f"waited in vain; exit {self.process.poll()}; the screen:\n{self.text}"

    def shows(self, *texts: str) -> None:
        self.until(lambda: all(text in self.text for text in texts))

    def end(self) -> int:
        """Waits for the program's end; its exit code."""
        self.until(lambda: self.process.poll() is not None)
        while self.read(0.05):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)
        os.close(self.slave)


@pytest.fixture
def opened() -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(columns: int = 100, rows: int = 30, **environ: str) -> Terminal:
        made.append(Terminal(columns, rows, **environ))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def signed_in(private_home: Path) -> Account:
    """An agent with a filled cache, and a relay at whose address nobody answers."""
    save(Account(url="http://127.0.0.1:9", token="secret-token", agent="a1", name="Ayşe Demir", workspace="Kahve"))
    account = current()
    assert account is not None
    furnished(places(account).cache).db.close()
    return account


def outbox_of(account: Account) -> Outbox:
    return Outbox(places(account).outbox)


def test_a_day_in_a_terminal(opened: Callable[..., Terminal], signed_in: Account) -> None:
    terminal = opened(100, 30)
    terminal.shows("Kahve Dükkânı", "Fatma Şahin", "Ahmet Yılmaz")
    terminal.shows("offline", "Nobody answers at the relay's address")
    terminal.type("\x1b[B\r")
    terminal.shows("siparişim nerede", "#KIŞ24")
    terminal.type("i")
    terminal.shows("^p palette", "enter send")
    # Alt+Enter as terminals without the kitty protocol send it: a new line, and nothing sent.
    terminal.type("bir\x1b\riki")
    terminal.shows(" bir", " iki")
    outbox = outbox_of(signed_in)
    assert not [item for item in outbox.pending() if isinstance(item.command, SendMessage)]
    terminal.resize(60, 20)
    terminal.shows("iki")
    terminal.resize(20, 5)
    terminal.shows("Make the window")
    terminal.resize(120, 40)
    terminal.shows("First response", " iki")
    terminal.type("\x11")  # ctrl+q
    assert terminal.end() == 0
    assert outbox.draft("ahmet") == "bir\niki"
    # The terminal is as it was: normal screen, cursor, keys, modes.
    for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1004l"):
        assert sequence in terminal.bytes
    assert termios.tcgetattr(terminal.slave)[:4] == terminal.before[:4]
    assert b"secret-token" not in terminal.bytes


def test_killed_after_enter_nothing_is_lost_and_nothing_is_doubled(
    opened: Callable[..., Terminal], signed_in: Account
) -> None:
    terminal = opened(100, 30)
    terminal.shows("Fatma Şahin", "offline")
    terminal.type("\x1b[B\ri")
    terminal.shows("enter send")
    terminal.type("Hemen bakıyorum\r")
    terminal.shows("Hemen bakıyorum  waits for the connection")
    terminal.process.kill()
    terminal.end()
    sent = [item for item in outbox_of(signed_in).pending() if isinstance(item.command, SendMessage)]
    assert [item.command.text for item in sent] == ["Hemen bakıyorum"]
    again = opened(100, 30)
    again.shows("Fatma Şahin")
    again.type("\x1b[B\r")
    again.shows("Hemen bakıyorum  waits for the connection")
    assert [item.id for item in outbox_of(signed_in).pending() if isinstance(item.command, SendMessage)] == [
        item.id for item in sent
    ]


def test_keys_that_come_in_one_burst_mean_what_they_mean_one_by_one(
    opened: Callable[..., Terminal], signed_in: Account
) -> None:
    """A slow line delivers seconds of typing at once."""
    terminal = opened(100, 30)
    terminal.shows("Fatma Şahin", "offline")
    terminal.type("\x1b[B\x1b[B\x1b[A\riezin verin\x1b\x1b")
    terminal.until(lambda: outbox_of(signed_in).draft("ahmet") == "ezin verin")
    pending = [item.command for item in outbox_of(signed_in).pending()]
    assert not any(isinstance(command, Resolve) for command in pending)  # the e of the text is no command
    terminal.type("z45m\r")
    terminal.until(lambda: any(isinstance(item.command, Snooze) for item in outbox_of(signed_in).pending()))


def test_a_fault_of_the_program_restores_the_terminal_and_names_the_log(
    opened: Callable[..., Terminal], signed_in: Account, private_home: Path
) -> None:
    broken = "import wptui.screens.chat as c; c.Chat.open = lambda *a, **k: 1 / 0; "
    terminal = opened(100, 30, program=broken)
    terminal.shows("Fatma Şahin", "offline")
    terminal.type("\x1b[B\r")
    assert terminal.end() == 1
    assert termios.tcgetattr(terminal.slave)[:4] == terminal.before[:4]
    assert b"\x1b[?1049l" in terminal.bytes and b"\x1b[?25h" in terminal.bytes
    said = terminal.bytes.rpartition(b"\x1b[?1049l")[2].decode()
    assert "wptui broke down (ZeroDivisionError)" in said and "wptui.log" in said and "Traceback" not in said
    log = (private_home / "logs" / "wptui.log").read_text()
    assert "ZeroDivisionError" in log and "Traceback" in log
    # What customers wrote and who they are does not belong into a log.
    assert not any(text in log for text in ("Ahmet", "sipariş", "Fatma", "secret-token"))


def test_the_first_start_shows_what_to_do(opened: Callable[..., Terminal]) -> None:
    terminal = opened(80, 24)
    terminal.shows("Welcome to wptui", "wptui demo", "wptui login")
    terminal.type("q")
    assert terminal.end() == 0


def test_turkish_without_colour_over_ssh(opened: Callable[..., Terminal], signed_in: Account) -> None:
    terminal = opened(80, 24, WPTUI_LANG="tr", NO_COLOR="1", SSH_CONNECTION="1 2 3 4")
    terminal.shows("bekleyen", "Fatma Şahin")
    terminal.type("q")
    assert terminal.end() == 0
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", terminal.bytes)  # no colour of any depth
    assert not re.search(rb"\x1b\[(?:[0-9]+;)*(?:3[0-7]|4[0-7])[;m]", terminal.bytes)
    assert b"\x1b[?1003h" not in terminal.bytes  # the mouse costs bytes over SSH


def test_not_a_terminal(signed_in: Account) -> None:
    done = subprocess.run(
        PROGRAM, stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/"
    )
    assert done.returncode == 2
    assert b"not a terminal" in done.stderr and b"Traceback" not in done.stderr and not done.stdout


def test_hostile_customers_reach_the_tty_as_text(opened: Callable[..., Terminal], signed_in: Account) -> None:
    shop = Shop(places(signed_in).cache)
    shop.seq = int(shop.db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()[0])
    shop._seq = iter(range(shop.seq + 1, shop.seq + 10_000))  # type: ignore[assignment]
    for number, body in enumerate(sorted(CORPUS.glob("14[3-7]_x_*.json"))):
        shop.open(f"x{number}", "?")
        shop.webhook(body.read_bytes(), f"x{number}", NOW - 90_000 - number)
    shop.db.close()
    terminal = opened(80, 24)
    terminal.shows("Fatma Şahin", "offline")
    for _ in range(11):
        terminal.type("\r")
        terminal.until(lambda: "window" in terminal.text)
        terminal.type("\x1b")
        terminal.until(lambda: "waiting time" in terminal.text)
        terminal.type("\x1b[B")
    terminal.type("q")
    assert terminal.end() == 0
    # What the program itself says is taken away; what is left are letters and line ends.
    rest = re.sub(
        rb"\x1b\[[0-9;<>=?]*[$ ]?[A-Za-z]|\x1b\][0-9;]*[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>78]", b"", terminal.bytes
    )
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", rest), rest[:200]
    text = rest.decode()
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069]", text)
    # And none of the program's own sequences is one that a customer wrote.
    assert b"\x1b]52;" not in terminal.bytes and b"\x1b[2J" not in rest
    titles = set(re.findall(rb"\x1b\](\d+);", terminal.bytes))
    assert titles <= {b"0", b"22"}, titles
