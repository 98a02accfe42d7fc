"""Rules on a stage: saving them, and what comes of them at relay, log and customer."""

from __future__ import annotations

import re
from typing import Any

from tests.relay.stage import Screen, Stage, until
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.protocol import Events
from wptui.model.settings.ready import ready_made


def turned_on(*names: str, **changes: str) -> str:
    """The ready-made rules, these on; `changes` are values of theirs, by key."""
    text = ready_made("tr")
    for name in names:
        head, found, tail = text.partition(f"[{name}]\n")
        assert found, name
        own, rest, others = tail.partition("\n[")
        own = own.replace("on = false", "on = true")
        for key, value in changes.items():
            own = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", own)
        text = head + found + own + rest + others
    return text


async def save(screen: Screen, section: str, text: str, expect: int = 0) -> int:
    """Save a section; its revision."""
    result = await screen.ask(c.SaveSettings(section=section, text=text, expect=expect))
    assert result.ok, result.message
    assert result.seq is not None
    return result.seq


async def owner(play: Stage, rules: str, **sections: str) -> Screen:
    """The owner's terminal, on a workspace with these rules and other settings, once they are in force."""
    screen = await play.sit_down("Ayşe")
    for section, text in sections.items():
        await save(screen, section, text)
    revision = await save(screen, "rules", rules)
    await until(lambda: play.relay.rules._set.revision == revision, "the rules are in force")
    return screen


async def answer(screen: Screen, conversation: str, text: str = "Hemen bakıyorum") -> None:
    """An agent answers, and Meta takes it."""
    id = c.command_id()
    result = await screen.ask(
        c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": text}}), id
    )
    assert result.ok, result.message
    await screen.waits_for("message.accepted", message=id)


def fired(screen: Screen, rule: str = "") -> list[dict[str, Any]]:
    """What rules did, as the terminal knows it."""
    found = screen.seen(ev.RuleFired.TYPE)
    return [each for each in found if not rule or each["rule"] == rule]


async def quiet(play: Stage) -> None:
    """When everything that came was expanded, looked at by the rules, and sent to the terminals."""
    await play.sandbox.settled()

    async def done() -> bool:
        head = await play.relay.log.head()
        shown = [
            max((frame.cursor for frame in screen.of(Events)), default=0)
            for screen in play.screens
            if not screen.closed.is_set()
        ]
        return await play.relay.log.backlog() == 0 and play.relay.rules._at >= head and min(shown, default=head) >= head

    await until(done, "the rules have seen all")


async def rows(play: Stage, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return await play.relay.clerk.look(lambda db: db.execute(sql, values).fetchall())


async def arrived(play: Stage, text: str) -> Any:
    """The send to a customer that has `text` in it."""

    def found() -> Any:
        return next((send for send in play.sandbox.sends.all if send.wamid and text in str(send.body)), None)

    return await until(found, text)
