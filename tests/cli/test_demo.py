"""`wptui demo` without a terminal: one customer's story, every step of it real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wptui.cli import demo
from wptui.model.errors import LinkError

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wptui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Hello, where is my order?", "(read) ✔✔", "Thank you so much"]),
        ("tr", ["Merhaba, siparişim nerede?", "(okundu) ✔✔", "Çok teşekkürler"]),
    ],
)
def test_the_story_is_played_and_everything_is_gone_afterwards(lang: str, words: list[str], tmp_path: Path) -> None:
    done = run("--lang", lang, "demo", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(word in done.stdout for word in words), done.stdout
    assert len(re.findall(r" \(\d+ ms\)$", done.stdout, re.MULTILINE)) >= 10
    assert list(tmp_path.glob("wptui-demo-*")) == []


def test_a_step_that_fails_is_named_and_the_exit_code_is_1() -> None:
    # Without WebSockets' and HTTP's loopback the servers cannot listen: the first step fails.
    done = run("demo", PYTHONPATH=str(ROOT / "tests" / "cli" / "no_sockets"))
    assert done.returncode == 1
    assert "FAIL  sandbox and relay start" in done.stdout
    assert "the demo failed at: sandbox and relay start" in done.stderr and "Traceback" not in done.stderr


def test_the_servers_end_with_the_demo() -> None:
    with tempfile.TemporaryDirectory() as name:
        with demo.services(Path(name), {"conversations": 0, "pace": 0.0, "seed": "t"}) as found:
            assert found.relay.startswith("http://127.0.0.1:")
        from wptui.sync import http

        async def call() -> None:
            await http.login(found.relay, found.code, "test")

        import asyncio

        with pytest.raises(LinkError):
            asyncio.run(call())
