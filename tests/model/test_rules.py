"""Rules and macros as documents: what cannot work is told, with its place; the ready-made ones are fine and off."""

from __future__ import annotations

import pytest

from wptui.model import settings
from wptui.model.canned import fill, language_of, unfilled, variant
from wptui.model.settings.ready import READY, ready_made


@pytest.mark.parametrize("language", ["en", "tr"])
def test_the_ready_made_rules_are_fine_and_off(language: str) -> None:
    rules = settings.parse("rules", ready_made(language))
    assert tuple(rules) == READY
    assert not any(rule.on for rule in rules.values())


@pytest.mark.parametrize(
    ("rule", "line", "word"),
    [
        ('when = "waiting"\nthen = [{resolve = true}]', 2, "after"),
        ('when = "message"\nafter = "1m"\nthen = [{resolve = true}]', 3, "after"),
        ('when = "message"\nthen = [{reply = "a", label = "b"}]', 3, "two things"),
        ('when = "message"\nthen = [{}]', 3, "nothing to do"),
        ('when = "message"\nthen = []', 3, "at least one"),
        ('when = "message"\nthen = [{survey = "ces", text = "?"}]', 3, "csat"),
        ('when = "resolved"\nthen = [{survey = "csat"}]', 3, "question"),
        ('when = "message"\nthen = [{priority = "hihg"}]', 3, "high"),
        ('when = "message"\nthen = [{assign = "me"}]', 3, "macros"),
        ('when = "message"\nthen = [{resolve = false}]', 3, "true"),
        ('when = "moved"\nif = {keyword = ["a"]}\nthen = [{resolve = true}]', 3, "message"),
        ('when = "message"\nif = {score_below = 3}\nthen = [{resolve = true}]', 3, "survey_answered"),
        ('when = "message"\nthen = [{reply = "a", language = "tr"}]', 3, "does not belong"),
    ],
)
def test_what_cannot_work_is_told_with_its_line(rule: str, line: int, word: str) -> None:
    (wrong,) = settings.problems("rules", f"[a]\n{rule}\n")
    assert wrong.line == line and word in wrong.message, (wrong.line, wrong.message)


def test_two_macros_on_one_key_are_told() -> None:
    text = '[a]\nkey = "f6"\ndo = [{resolve = true}]\n[b]\nkey = "f6"\ndo = [{assign = "me"}]\n'
    (wrong,) = settings.problems("macros", text)
    assert wrong.where == "b.key" and "a" in wrong.message


def test_variables_and_languages() -> None:
    known = {"customer.first_name": "Ayşe"}
    assert fill("{{customer.first_name|efendim}}, {{order}}", known) == "Ayşe, {{order}}"
    assert (unfilled("{{order}}"), unfilled("tamam")) == ("order", "")
    assert [language_of("", phone) for phone in ("+905550000001", "+4930", "+1212", "+999", "")] == [
        "tr", "de", "en", "", "",
    ]  # fmt: skip
    assert language_of("de-AT", "+90555") == "de-AT"
    assert [variant("x", {"de": "ja", "tr": "evet"}, code) for code in ("de_AT", "TR", "fr", "")] == [
        "ja", "evet", "x", "x",
    ]  # fmt: skip
