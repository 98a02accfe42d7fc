"""What can set off a rule: something that happened in a conversation, or a time that is over."""

from __future__ import annotations

from dataclasses import dataclass

from wptui.model import events as ev
from wptui.model.settings.rules import When

RULE = "rule:"
"""Actors that are rules begin so: what they do sets off nothing."""

_NOT_WRITTEN = frozenset({"request_welcome", "system"})


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something a rule may act on, once: `subject` names it for ever, also in a log that was expanded again."""

    whens: frozenset[When]
    conversation: str
    subject: str
    ts: int
    """When it happened, Unix seconds: for opening hours."""
    message: str = ""
    """The message it is about; for those a customer wrote also `kind` and `text`."""
    kind: str = ""
    text: str = ""
    value: str = ""
    """The label, the campaign, or the survey."""
    score: int | None = None
    rule: str = ""
    """The one rule whose time is over; "" where any may act."""


TYPES = frozenset(
    cls.TYPE
    for cls in (
        ev.MessageReceived,
        ev.ConversationOpened,
        ev.ConversationResolved,
        ev.ConversationLabelled,
        ev.ConversationTagged,
        ev.ConversationMoved,
        ev.SurveyAnswered,
    )
)
"""Events that may be an occasion."""


def occasion_of(event: ev.Event) -> Occasion | None:
    """The occasion that `event` is; None for most events, and for all that a rule did."""
    if event.type not in TYPES or event.conversation is None or event.actor.startswith(RULE):
        return None
    data = ev.load(event)
    where, at = event.conversation, event.at // 1000
    match data:
        case ev.MessageReceived(source="live", counts=True) if data.kind not in _NOT_WRITTEN:
            return Occasion(
                frozenset({"message", "first_message"}),
                where,
                data.message,
                data.ts,
                message=data.message,
                kind=data.kind,
                text=data.text,
            )
        case ev.ConversationOpened():
            return Occasion(frozenset({"opened"}), where, f"opened:{where}", at)
        case ev.ConversationResolved():
            return Occasion(frozenset({"resolved"}), where, f"resolved:{where}:{event.at}", at)
        case ev.ConversationLabelled(label=label):
            return Occasion(frozenset({"labelled"}), where, f"labelled:{where}:{label}:{event.at}", at, value=label)
        case ev.ConversationTagged(campaign=str(campaign)):
            subject = f"campaign:{where}:{campaign}:{event.at}"
            return Occasion(frozenset({"campaign"}), where, subject, at, value=campaign)
        case ev.ConversationMoved(department=department):
            return Occasion(frozenset({"moved"}), where, f"moved:{where}:{department}:{event.at}", at)
        case ev.SurveyAnswered(score=int(score)):
            return Occasion(
                frozenset({"survey_answered"}),
                where,
                f"{data.survey}:{data.message}",
                data.ts,
                message=data.message,
                value=data.survey,
                score=score,
            )
    return None
