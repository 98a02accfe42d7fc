"""What acts lead to: windows, consent, blocks, templates, languages, departments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.model.settings.acts import Act
from wptui.model.settings.base import read
from wptui.relay.outgoing import Stored
from wptui.relay.rules.acts import Planned, Scene, plan_acts
from wptui.relay.rules.conditions import standing

CODE = {"type": "BODY", "text": "Merhaba {{1}}, siparişiniz {{2}}"}


class Files:
    def describe(self, key: str) -> Stored | None:
        return Stored(key, "image", "image/png", 3) if key == "foto" else None


@pytest.fixture
def story(tmp_path: Path) -> Story:
    told = Story(tmp_path / "view.db")
    told.tell(ev.WorkspaceConfigured(name="Kahve", timezone="UTC"))
    told.tell(ev.NumberUpdated(number="n1", name="Kahve Dükkânı"))
    told.tell(ev.AgentAdded(agent="a1", name="Ayşe Yılmaz"))
    told.tell(ev.SettingsSaved(section="departments", text='[d1]\nname = "Satış"\nmembers = ["a1"]\n'))
    for id, status, category in (
        ("t1", "APPROVED", "UTILITY"),
        ("t2", "PAUSED", "UTILITY"),
        ("t3", "APPROVED", "MARKETING"),
    ):
        told.tell(
            ev.TemplateUpdated(id=id, name=id, language="tr", status=status, category=category, components=[CODE])
        )
    told.tell(ev.CannedSaved(shortcut="kargo", text="On its way", texts={"tr": "Yolda"}, media="foto"))
    told.customer("k1")
    told.writes("k1", "m1")
    return told


def plan(story: Story, *acts: dict[str, Any], now: int = T0 + 60, agent: str = "", **more: Any) -> Planned:
    story.play()
    stands = standing(story.db, "k1")
    assert stands is not None
    scene = Scene(story.db, stands, now, "x", Files(), agent=agent, **more)
    return plan_acts(scene, [read(each, Act) for each in acts])


def test_outside_the_window_only_an_approved_template_goes_out(story: Story) -> None:
    values = ["{{customer.first_name}}", "yolda"]
    late = plan(
        story,
        {"reply": "Merhaba"},
        {"menu": "?"},
        {"template": "t1", "values": values},
        {"template": "t2", "values": values},
        {"template": "t1", "values": ["bir"]},
        {"template": "yok"},
        now=T0 + 25 * 3600,
    )
    assert list(late.skipped.values()) == ["window_closed", "window_closed", "blocked_template", "invalid", "not_found"]
    (sent,) = late.data
    assert isinstance(sent, ev.MessageQueued) and sent.automatic and sent.text == "Merhaba Ayşe, siparişiniz yolda"


def test_who_opted_out_gets_no_marketing_and_no_follow_up_but_an_answer(story: Story) -> None:
    story.tell(ev.ContactOpted(contact="c-k1", ts=T0, out=True))
    found = plan(story, {"template": "t3", "values": ["a", "b"]}, {"reply": "Merhaba"})
    assert found.skipped == {"template: t3": "opted_out"} and found.acts == ["reply: Merhaba"]
    assert plan(story, {"reply": "Merhaba"}, follow_up=True).skipped == {"reply: Merhaba": "opted_out"}


def test_who_is_blocked_gets_nothing(story: Story) -> None:
    story.tell(ev.ContactBlocked(contact="c-k1", blocked=True, numbers=["n1"]))
    found = plan(story, {"reply": "Merhaba"}, {"template": "t1", "values": ["a", "b"]}, {"label": "x"})
    assert list(found.skipped.values()) == ["blocked", "blocked"] and found.acts == ["label: x"]


def test_a_canned_reply_goes_out_in_the_customers_language_with_its_file(story: Story) -> None:
    (sent,) = plan(story, {"canned": "kargo"}).data
    assert isinstance(sent, ev.MessageQueued)
    assert (sent.kind, sent.text, sent.canned) == ("image", "Yolda", "kargo")
    story.tell(ev.ContactEdited(contact="c-k1", attributes={"language": "en"}))
    (sent,) = plan(story, {"canned": "kargo"}).data
    assert isinstance(sent, ev.MessageQueued) and sent.text == "On its way"


def test_a_variable_nobody_knows_keeps_a_message_back(story: Story) -> None:
    assert plan(story, {"reply": "Sipariş {{order.no}}"}).skipped == {"reply: Sipariş {{order.no}}": "unfilled"}
    story.tell(ev.ContactEdited(contact="c-k1", attributes={"order.no": "A7"}))
    assert [each.text for each in plan(story, {"reply": "Sipariş {{order.no}}"}).data] == ["Sipariş A7"]  # type: ignore[attr-defined]


def test_auto_goes_to_somebody_of_the_department_the_act_before_chose(story: Story) -> None:
    acts = ({"department": "d1"}, {"assign": "auto"}, {"notify": ["@d1", "assignee", "yok"]})
    assert plan(story, *acts).skipped == {"assign: auto": "nobody"}
    story.tell(ev.AgentDutyChanged(agent="a1", state="on"))
    moved, assigned, told = plan(story, *acts).data
    assert moved == ev.ConversationMoved(department="d1", how="rule")
    assert assigned == ev.ConversationAssigned(agent="a1", how="rule")
    assert isinstance(told, ev.AgentNotified) and told.agents == ["a1"]
    assert story.row("conversations", id="k1")["department"] == "", "planning changes nothing"


def test_a_rules_campaign_stands_behind_what_the_message_said(story: Story) -> None:
    story.tell(ev.CampaignSaved(code="KIŞ24"))
    story.tell(ev.CampaignSaved(code="YAZ24"))
    assert plan(story, {"campaign": "kış24"}).data == [ev.ConversationTagged(campaign="KIŞ24", how="rule")]
    story.tell(ev.ConversationTagged(campaign="YAZ24", how="code"), "k1")
    assert plan(story, {"campaign": "kış24"}).data == []
    assert plan(story, {"campaign": "kış24"}, agent="a1").data == [ev.ConversationTagged(campaign="KIŞ24", how="hand")]


def test_what_is_so_already_is_not_done_again(story: Story) -> None:
    story.tell(ev.ConversationLabelled(label="x"), "k1")
    found = plan(story, {"label": "x"}, {"unlabel": "y"}, {"priority": "normal"}, {"assign": "nobody"}, {"opt": "in"})
    assert found == Planned()
