"""Colleagues called in a note: @Mehmet Kurt."""

from __future__ import annotations

from collections.abc import Mapping

from wptui.model.text import fold


def calls(text: str, agents: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where `text` calls one of `agents` (id → name) by their whole name: (start, end, id), in order.

    Of two names that begin alike the longer one is meant. Capitals make no difference.
    """
    if "@" not in text:
        return []
    names = sorted(
        ((fold(name), len(name), id) for id, name in agents.items() if name and not id.startswith("rule:")),
        key=lambda each: -each[1],
    )
    found: list[tuple[int, int, str]] = []
    at = text.find("@")
    while at >= 0:
        if at == 0 or not text[at - 1].isalnum():
            for folded, size, id in names:
                end = at + 1 + size
                if fold(text[at + 1 : end]) == folded and not text[end : end + 1].isalnum():
                    found.append((at, end, id))
                    break
        at = text.find("@", at + 1)
    return found


def called(text: str, agents: Mapping[str, str]) -> list[str]:
    """The ids of the agents that `text` calls, each once."""
    return list(dict.fromkeys(id for _start, _end, id in calls(text, agents)))
