"""The relay as a whole, over real HTTP and WebSockets, with the sandbox as Meta."""

from __future__ import annotations

from tests.relay.stage import Stage
from wptui.model import commands as c


async def test_a_message_reaches_the_agent_and_the_answer_reaches_the_customer(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba, siparişim nerede?")
    conversation = await play.conversation(ayse, "Merhaba, siparişim nerede?")

    id = c.command_id()
    text = "Hemen bakıyorum"
    result = await ayse.ask(
        c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": text}}), id
    )
    assert result.ok, result
    accepted = await ayse.waits_for("message.accepted", message=id)
    await ayse.waits_for("message.status", wamid=accepted["wamid"], status="read")

    (send,) = play.sandbox.sends.all
    assert send.callback == id
    assert send.body["text"] == {"body": text}
    assert ayse.seen("message.queued", message=id)[0]["text"] == text
