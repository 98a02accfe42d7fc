"""Scripts: what customers say, in which order, and how they react to what the agent writes.

A script is a TOML file in ``script/``:

``names.first`` and ``names.last``: names to make customers from. ``words``: lists that fill ``{…}`` in texts,
besides ``{order}`` (an order number), ``{first}`` (the customer's first name) and ``{new_phone}``.

``[[story]]``: ``id``, ``weight`` (how often, default 1), ``phone = false`` for a customer known by BSUID only,
``number`` (which of the business's numbers, default any), ``name`` (instead of one from the lists), ``steps``.
A step is one of

- ``{say = "…"}`` a text, or one of a list of texts; ``{react = "👍"}`` a reaction to the agent's last message;
- ``{type = "…", …}`` anything of `wptui.sandbox.inbound.TYPES`;
- ``{wait = "reply", patience = [from, to], nudge = "…"}`` wait for the agent's answer; after *patience* seconds
  say *nudge* and wait on. Without *patience* the customer waits in silence.

Each but the last may have ``after = [from, to]``: seconds before it, default 3 to 15.

``[[answer]]``: what a waiting customer says when the agent's text matches the pattern ``when``; the fields besides
are a step's. He goes on waiting then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from wptui.sandbox.errors import Json

DEFAULT_AFTER = (3.0, 15.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a customer does, with nothing left to chance."""

    after: float  # seconds since the step before, or since the agent's answer
    what: Json | None = None  # to write; None: wait for an answer
    patience: float | None = None  # seconds to wait before the nudge
    nudge: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A reaction to certain words of the agent."""

    when: re.Pattern[str]
    step: Json


@dataclass(frozen=True, slots=True)
class Story:
    """A script's story as written."""

    id: str
    weight: float
    phone: bool
    number: int | None
    name: str | None
    steps: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """One TOML file."""

    id: str
    lang: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    words: dict[str, list[str]]
    stories: tuple[Story, ...]
    answers: tuple[Answer, ...] = field(default=())

    def name(self, dice: Random) -> str:
        """A customer's name."""
        return f"{dice.choice(self.first)} {dice.choice(self.last)}"

    def story(self, dice: Random) -> Story:
        """A story, the weighty ones more often."""
        return dice.choices(self.stories, [story.weight for story in self.stories])[0]

    def fillers(self, dice: Random, name: str, new_phone: str) -> dict[str, str]:
        """What ``{…}`` stands for in one customer's texts."""
        chosen = {word: dice.choice(choices) for word, choices in self.words.items()}
        first = name.partition(" ")[0]
        return chosen | {"order": str(dice.randrange(1000, 10000)), "first": first, "new_phone": new_phone}

    def plan(self, story: Story, dice: Random, fillers: dict[str, str]) -> list[Step]:
        """*story* with every choice made."""
        return [make_step(step, dice, fillers, first=index == 0) for index, step in enumerate(story.steps)]

    def answer(self, text: str) -> Json | None:
        """The step with which a waiting customer answers the agent's *text*, if any fits."""
        return next((answer.step for answer in self.answers if answer.when.search(text)), None)


def make_step(step: Json, dice: Random, fillers: dict[str, str], *, first: bool = False) -> Step:
    """A script's *step* with its choices made; the *first* of a story comes at once."""
    low, high = step.get("after", DEFAULT_AFTER)
    after = 0.0 if first else dice.uniform(low, high)
    if "wait" in step:
        patience = step.get("patience")
        nudge = step.get("nudge")
        return Step(
            0.0,
            patience=dice.uniform(*patience) if patience else None,
            nudge=_fill(nudge, fillers) if nudge else None,
        )
    what: Json = {key: value for key, value in step.items() if key not in ("after", "say", "react", "when")}
    if "say" in step:
        said = step["say"]
        what |= {"type": "text", "text": dice.choice(said) if isinstance(said, list) else said}
    elif "react" in step:
        what |= {"type": "reaction", "emoji": step["react"]}
    if what.get("quote") is True:
        what["quote"] = "last"
    what = {key: _fill(value, fillers) if isinstance(value, str) else value for key, value in what.items()}
    if what["type"] in ("image", "voice", "audio", "document", "sticker"):
        what["variant"] = dice.randrange(8)
    return Step(after, what)


def _fill(text: str, fillers: dict[str, str]) -> str:
    """*text* with ``{word}`` replaced; other braces stay (hostile texts are full of them)."""
    return re.sub(r"\{(\w+)\}", lambda match: fillers.get(match[1], match[0]), text)


@cache
def load(name: str) -> Script:
    """The packaged script ``script/<name>.toml``."""
    text = files("wptui.sandbox").joinpath("script", f"{name}.toml").read_text("utf-8")
    return parse(name, tomllib.loads(text))


def parse(name: str, data: dict[str, Any]) -> Script:
    """The script *name* from TOML *data*. Raises KeyError or TypeError if something needed is missing."""
    return Script(
        id=name,
        lang="en" if name == "en" else "tr",
        first=tuple(data["names"]["first"]),
        last=tuple(data["names"]["last"]),
        words=data.get("words", {}),
        stories=tuple(
            Story(
                id=story["id"],
                weight=float(story.get("weight", 1)),
                phone=story.get("phone", True),
                number=story.get("number"),
                name=story.get("name"),
                steps=tuple(story["steps"]),
            )
            for story in data["story"]
        ),
        answers=tuple(_answers(data.get("answer", ()))),
    )


def _answers(entries: Iterable[Json]) -> Iterable[Answer]:
    for entry in entries:
        yield Answer(re.compile(entry["when"], re.IGNORECASE), entry)
