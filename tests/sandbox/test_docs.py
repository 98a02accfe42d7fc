"""What docs/sandbox.md promises is there, and what is there is told."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from wptui.cli.sandbox import run
from wptui.sandbox.control import Control
from wptui.sandbox.faults import MAGIC_WORDS, Faults, magic
from wptui.sandbox.inbound import TYPES
from wptui.sandbox.server import CAST, Sandbox

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
WORDS = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]+)`", PROSE))))


@pytest.mark.parametrize(
    "names",
    [
        {f.name for f in fields(Faults)},
        MAGIC_WORDS,
        set(TYPES),
        {key for key, *_ in CAST},
        {f"--{parameter.name}".replace("_", "-") for parameter in run.params} - {"--faults", "--relay", "--listen"},
    ],
    ids=["switches", "magic", "types", "cast", "options"],
)
def test_everything_is_told(names: set[str]) -> None:
    assert names <= WORDS


def test_every_endpoint_is_told() -> None:
    for route in Control(Sandbox(seed=1)).routes():
        assert route.path.rpartition("/")[2] in WORDS, route.path


def test_magic_texts_work() -> None:
    told = re.findall(r"^\| `(!\S+)`", TEXT, re.MULTILINE)
    assert len(told) == 9 and all(magic(text) for text in told)
