"""What a part loads when it is imported: the core knows no Textual, and starting costs only what is needed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

CORE = [
    "wptui.model",
    "wptui.config",
    "wptui.cloudapi",
    "wptui.store",
    "wptui.metrics",
    "wptui.sync",
    "wptui.relay",
    "wptui.sandbox",
    "wptui.cli",
]


def loaded(program: str, *arguments: str) -> set[str]:
    """The top-level modules in memory after *program*, run by a fresh interpreter."""
    tail = "\nimport sys; print('\\x00' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program + tail, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.rpartition("\x00")[2].split())


@pytest.mark.parametrize("package", CORE)
def test_the_core_runs_without_textual(package: str) -> None:
    """Every module of the package, not only its front door."""
    assert find_spec(package) is not None
    program = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module({package!r})\n"
        "for module in pkgutil.walk_packages(getattr(package, '__path__', []), package.__name__ + '.'):\n"
        "    if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
    )
    assert "textual" not in loaded(program)


def test_the_version_costs_no_library() -> None:
    names = loaded("from wptui.cli import main; main(['--version'])")
    assert not names & {"click", "textual", "rich", "httpx", "msgspec", "platformdirs", "sqlite3"}


def test_help_loads_no_command() -> None:
    names = loaded("from wptui.cli import main; main(['--help'])")
    assert not names & {"textual", "httpx", "websockets", "sqlite3", "uvicorn", "starlette", "keyring"}


def test_without_a_terminal_textual_is_not_loaded() -> None:
    program = "import os, sys; from wptui.cli import main; assert main([]) == 2"
    assert not loaded(program) & {"textual", "click"}
