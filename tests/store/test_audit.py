"""The trail in words."""

from __future__ import annotations

from typing import Any

import pytest

from wptui.model import events as ev
from wptui.store import audit

NAMES = {"ayse": "Ayşe", "mehmet": "Mehmet", "department:satis": "Satış"}


def told(type: str, actor: str = "agent:ayse", **data: Any) -> str:
    return audit.sentence(audit.Entry(seq=1, at=0, actor=actor, type=type, data=audit.fields(type, data)), NAMES)


@pytest.mark.parametrize(
    ("type", "actor", "data", "sentence"),
    [
        ("conversation.assigned", "agent:ayse", {"agent": "ayse"}, "Ayşe took it over"),
        ("conversation.assigned", "agent:ayse", {"agent": "mehmet", "reason": "iade"},
         "Ayşe assigned it to Mehmet: iade"),
        ("conversation.assigned", "agent:ayse", {}, "Ayşe gave it back to all"),
        ("conversation.assigned", "relay", {"how": "unanswered"}, "not answered in time: back to the queue"),
        ("conversation.assigned", "relay", {"how": "left"}, "the assignee was shut out: back to the queue"),
        ("conversation.assigned", "relay", {"agent": "mehmet", "how": "auto"}, "given to Mehmet, whose turn it was"),
        ("conversation.moved", "agent:ayse", {"department": "satis"}, "Ayşe moved it to Satış"),
        ("conversation.moved", "rule:menu", {"department": ""}, "rule menu moved it to no department"),
        ("conversation.prioritised", "agent:ayse", {"priority": 3}, "Ayşe set the priority: urgent"),
        ("message.queued", "rule:welcome", {"kind": "text", "text": "Merhaba"}, "rule welcome wrote: Merhaba"),
        ("message.received", "meta", {"kind": "image"}, "the customer wrote: [image]"),
        ("agent.duty_changed", "agent:ayse", {"agent": "mehmet", "state": "busy"}, "Ayşe set Mehmet: busy"),
        ("agent.duty_changed", "relay", {"agent": "mehmet", "state": "away"}, "Mehmet is away"),
        ("settings.saved", "agent:ayse", {"section": "rules", "text": "…"}, "Ayşe changed the settings rules"),
    ],
)  # fmt: skip
def test_sentences(type: str, actor: str, data: dict[str, Any], sentence: str) -> None:
    assert told(type, actor, **data) == sentence


def test_every_type_in_the_trail_is_one_of_ours_and_a_strange_shape_is_no_fault() -> None:
    assert set(audit.audited()) <= set(ev.REGISTRY)
    for type in audit.audited():
        for data in (
            {},
            {"priority": 99},
            {"priority": "x", "until": "x", "problem": 3, "mentions": 3, "agents": None},
        ):
            entry = audit.Entry(seq=1, at=0, actor="agent:gone", type=type, data=audit.fields(type, data))
            assert audit.sentence(entry, {}).strip()
    assert audit.sentence(audit.Entry(seq=1, at=0, actor="x", type="new.thing"), {}) == "x: new.thing"


def test_a_long_message_is_told_in_short_and_a_document_not_at_all() -> None:
    assert len(audit.fields("message.queued", {"text": "x" * 5000})["text"]) == audit.TEXT
    assert "text" not in audit.fields("settings.saved", {"section": "rules", "text": "x"})
