"""What is an answer to a survey, and what is something to answer: a score is not counted, and must not be mistaken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.relay.rules.answers import survey_answer


def asked(story: Story, *, reached: bool = True) -> None:
    """A customer wrote, and was asked for a score at T0 + 100."""
    story.customer("k1")
    story.writes("k1", "m1", ts=T0)
    sent = ev.MessageQueued(
        message="s1", number="n1", kind="text", ts=T0 + 100, text="0-10?", content={}, automatic=True
    )
    story.tell(sent, "k1", actor="rule:nps", at=T0 + 100)
    survey = ev.SurveySent(survey="s1", kind="nps", request="k1-1", message="s1")
    story.tell(survey, "k1", actor="rule:nps", at=T0 + 100)
    story.tell(ev.MessageAttempted(message="s1", attempt=1), "k1", at=T0 + 101)
    outcome: ev.Data = ev.MessageAccepted(message="s1", wamid="w1")
    if not reached:
        outcome = ev.MessageFailed(message="s1", problem=ev.Problem(code=131047, title="window"))
    story.tell(outcome, "k1", at=T0 + 101)
    story.play()


@pytest.mark.parametrize(
    ("ts", "reached", "score"),
    [(T0 + 160, True, 7), (T0 + 90, True, None), (T0 + 160, False, None), (T0 + 100 + 49 * 3600, True, None)],
    ids=["after", "written before it was asked", "never asked", "too late"],
)
def test_a_bare_number_is_a_score_only_where_the_question_was_seen(
    tmp_path: Path, ts: int, reached: bool, score: int | None
) -> None:
    story = Story(tmp_path / "store.db")
    asked(story, reached=reached)
    said = ev.MessageReceived(message="m2", kind="text", ts=ts, received_at=ts, text="7")
    found = survey_answer(story.db, "k1", said)
    assert (found.score if found is not None else None) == score
