"""Every example of docs/rules.md is a document the relay takes, and every word of the settings is explained there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from wptui.model import settings
from wptui.model.settings.acts import VERBS
from wptui.model.settings.rules import If, When

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml ?(\w*)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("section", "text"), EXAMPLES)
def test_examples_can_be_saved(section: str, text: str) -> None:
    assert settings.parse(section or "rules", text)


@pytest.mark.parametrize("act", re.findall(r"`(\{\w+ = [^`…]*\})`", PAGE))
def test_acts_can_be_saved(act: str) -> None:
    assert settings.parse("macros", f"[x]\ndo = [{act}]\n")


def test_every_word_is_explained() -> None:
    words = {*get_args(When), *VERBS, *(name.rstrip("_") for name in If.__struct_fields__)}
    assert {word for word in words if word not in PAGE} == set()
