"""`POST /v1/rules/test` and `wptui rules test`: what rules would have done, without doing it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from click.testing import CliRunner

from tests.relay.rules.ruling import answer, owner, quiet, rows, save, turned_on
from tests.relay.stage import Stage
from wptui.model import commands as c
from wptui.model.settings.ready import READY, ready_made


async def ask(play: Stage, name: str = "Ayşe", **asked: Any) -> Any:
    now = int(time.time())
    async with play.http(play.token(name)) as http:
        return await http.post("/v1/rules/test", json={"begin": now - 3600, "end": now + 3600} | asked)


def tallies(answer: Any) -> dict[str, int]:
    return {each["rule"]: each["fired"] for each in answer.json()["tallies"]}


async def test_it_tells_what_each_rule_would_have_done_and_does_nothing(play: Stage) -> None:
    screen = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Kargom nerede?")
    conversation = await play.conversation(screen, "Kargom nerede?")
    await answer(screen, conversation)
    assert (await screen.ask(c.Resolve(conversation=conversation))).ok
    await play.sandbox.say("zeynep", "DUR")
    await quiet(play)
    head = await play.relay.log.head()
    sent = len(play.sandbox.sends.all)
    found = await ask(play, text=ready_made("tr"))
    assert found.status_code == 200, found.text
    # Twenty hours and three days of silence are not over within this stretch.
    fired = tallies(found)
    assert list(fired) == list(READY)
    assert {rule for rule, n in fired.items() if n} == {"opt-out", "welcome", "faq-shipping", "csat"}
    (case,) = [each for each in found.json()["cases"] if each["rule"] == "faq-shipping"]
    assert case["customer"] == "Mehmet Demir" and case["text"] == "Kargom nerede?" and case["acts"][1] == "label: kargo"
    assert await play.relay.log.head() == head and len(play.sandbox.sends.all) == sent
    assert await rows(play, "SELECT count(*) FROM labels") == [(0,)]


async def test_times_are_rehearsed_and_rules_of_that_time_left_out(play: Stage) -> None:
    screen = await owner(play, turned_on("welcome"))
    await play.sandbox.say("mehmet", "Merhaba")
    conversation = await play.conversation(screen, "Merhaba")
    await quiet(play)
    await answer(screen, conversation)
    text = (
        '[bekliyor]\nwhen = "waiting"\nafter = "10m"\nthen = [{label = "geç"}]\n'
        '[selam]\nwhen = "first_message"\nthen = [{reply = "Selam"}]\n'
        '[sessiz]\nwhen = "silent"\nafter = "10m"\nthen = [{resolve = true}]\n'
        '[etiket]\nwhen = "resolved"\nthen = [{label = "bitti"}]\n'
    )
    await play.sandbox.say("zeynep", "Selam")
    await quiet(play)
    found = await ask(play, text=text)
    assert tallies(found) == {"bekliyor": 1, "selam": 2, "sessiz": 1, "etiket": 0}
    assert {each["customer"] for each in found.json()["cases"] if each["rule"] == "bekliyor"} == {"Zeynep Kaya"}
    assert tallies(await ask(play))["welcome"] == 2, "the rules in force, as if they had not acted"
    assert sum(tallies(await ask(play, begin=1_000_000, end=1_000_100)).values()) == 0


async def test_who_may_not_edit_rules_is_refused_and_errors_have_a_line(play: Stage) -> None:
    await play.sit_down("Ayşe")
    await play.sit_down("Mehmet", "agent")
    assert (await ask(play, "Mehmet")).status_code == 403
    wrong = await ask(play, text='[a]\nwhen = "waiting"\nthen = [{resolve = true}]\n')
    assert wrong.status_code == 422 and "line 2" in wrong.text
    assert (await ask(play, begin=10, end=5)).status_code == 400


async def test_the_command_line_shows_it(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from wptui.cli import rules
    from wptui.sync import credentials
    from wptui.sync.credentials import Account

    screen = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba")
    await play.conversation(screen, "Merhaba")
    account = Account(url=play.relay.url, token=play.token("Ayşe"))
    monkeypatch.setattr(credentials, "load", lambda _url: account)

    def run(*arguments: str) -> Any:
        text = '[selam]\ntitle = "Selam"\nwhen = "message"\nthen = [{reply = "Selam"}, {canned = "yok"}]\n'
        return CliRunner().invoke(rules.rules, ["test", "--file", "-", *arguments], input=text, standalone_mode=False)

    today = time.strftime("%Y-%m-%d")
    shown = await asyncio.to_thread(run, "--from", today)
    assert shown.exit_code == 0 and shown.exception is None, shown.exception
    assert "would have acted 1 time" in shown.output and "Mehmet" in shown.output and "→ reply: Selam" in shown.output
    assert "✗ canned: yok (there is no such thing)" in shown.output
    as_json = await asyncio.to_thread(run, "--from", today, "--json")
    assert '"fired": 1' in as_json.output
    await save(screen, "rules", turned_on("welcome"))
    listed = await asyncio.to_thread(lambda: CliRunner().invoke(rules.rules, ["list"], standalone_mode=False))
    assert listed.exception is None, listed.exception
    lines = [line.split()[:3] for line in listed.output.splitlines()]
    assert ["welcome", "on", "first_message"] in lines and ["away", "off", "message"] in lines
