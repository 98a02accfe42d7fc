"""Sending: each message once, in order, and nothing forgotten, whatever happens between the relay and Meta."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.relay.stage import Screen, Stage, config, stage, until
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.relay.eventlog import Append
from wptui.relay.throttle import Throttle, ceiling
from wptui.sandbox.faults import FailRule


def text(conversation: str, body: str, **more: Any) -> c.SendMessage:
    return c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": body}}, **more)


async def talk(play: Stage, who: str = "mehmet", said: str = "Merhaba") -> tuple[Screen, str]:
    """A customer who has written, and an agent who has read it."""
    screen = await play.sit_down("Ayşe")
    await play.sandbox.say(who, said)
    return screen, await play.conversation(screen, said)


def sent(play: Stage) -> list[str]:
    """The texts Meta has taken, in order."""
    return [send.body["text"]["body"] for send in play.sandbox.sends.all if send.wamid]


def steps(screen: Screen, id: str) -> list[str]:
    """What happened to one message, by the names of its events."""
    return [
        event.type.partition(".")[2]
        for event in screen.events
        if event.type.startswith("message.") and msgspec.json.decode(event.data).get("message") == id
        and event.type != "message.status"
    ]  # fmt: skip


async def test_the_same_frame_twice_is_one_message(play: Stage) -> None:
    ayse, conversation = await talk(play)
    id = c.command_id()
    first = await ayse.ask(text(conversation, "bir kere"), id)
    second = await ayse.ask(text(conversation, "bir kere"), id)
    assert first.ok and second.ok and first.seq == second.seq
    await ayse.waits_for("message.accepted", message=id)
    await play.sandbox.settled()
    assert sent(play) == ["bir kere"]


async def test_an_id_used_for_another_command_is_refused(play: Stage) -> None:
    ayse, conversation = await talk(play)
    id = c.command_id()
    assert (await ayse.ask(text(conversation, "bir"), id)).ok
    assert (await ayse.ask(text(conversation, "iki"), id)).code == "malformed"


async def test_messages_of_one_conversation_keep_their_order(play: Stage) -> None:
    ayse, conversation = await talk(play)
    play.sandbox.faults.delay_ms = 30  # each is under way when the next is asked for
    for n in range(12):
        assert (await ayse.ask(text(conversation, str(n)))).ok
    await until(lambda: len(ayse.seen("message.accepted")) == 12)
    assert sent(play) == [str(n) for n in range(12)]
    # Not by luck: none was tried before the one before it had its outcome.
    calls = [event.type for event in ayse.events if event.type in ("message.attempted", "message.accepted")]
    assert calls == ["message.attempted", "message.accepted"] * 12


async def test_too_fast_for_one_customer_waits_in_order(play: Stage) -> None:
    ayse, conversation = await talk(play)
    play.sandbox.faults.fail.append(FailRule(131056, times=2, mode="sync"))
    ids = [c.command_id() for _n in range(3)]
    for n, id in enumerate(ids):
        assert (await ayse.ask(text(conversation, str(n)), id)).ok
    await until(lambda: len(sent(play)) == 3)
    assert sent(play) == ["0", "1", "2"]
    await ayse.waits_for("message.accepted", message=ids[2])
    assert steps(ayse, ids[0]) == ["queued", "attempted", "deferred", "attempted", "deferred", "attempted", "accepted"]
    assert [data["problem"]["code"] for data in ayse.seen("message.deferred", message=ids[0])] == [131056, 131056]
    assert steps(ayse, ids[1]) == ["queued", "attempted", "accepted"]


async def test_a_customer_who_must_wait_holds_up_nobody_else(play: Stage) -> None:
    ayse, slow = await talk(play, "mehmet", "önce ben")
    await play.sandbox.say("zeynep", "sonra ben")
    other = await play.conversation(ayse, "sonra ben")
    play.sandbox.faults.fail.append(FailRule(131056, times=3, mode="sync", recipient="mehmet"))
    await ayse.ask(text(slow, "bekleyen"))
    await ayse.waits_for("message.deferred")
    await ayse.ask(text(other, "geçen"))
    await until(lambda: len(sent(play)) == 2)
    assert sent(play) == ["geçen", "bekleyen"]


@pytest.mark.parametrize("fault", ["drop_after", "timeout"])
async def test_an_answer_that_never_comes_is_unknown_and_settled_by_the_status(play: Stage, fault: str) -> None:
    ayse, conversation = await talk(play)
    play.relay.graph._http.timeout = httpx.Timeout(0.4)
    setattr(play.sandbox.faults, fault, 1)  # taken, and the line is cut, or silent for ever
    id = c.command_id()
    await ayse.ask(text(conversation, "gitti mi?"), id)
    await ayse.waits_for("message.unknown", message=id)
    await ayse.waits_for("message.status", message=id, status="read")
    await ayse.ask(text(conversation, "sonraki"))  # what comes later is not held up
    await until(lambda: len(sent(play)) == 2)
    await play.sandbox.settled()
    assert sent(play) == ["gitti mi?", "sonraki"]
    status = await play.relay.clerk.look(
        lambda db: db.execute("SELECT status, wamid FROM messages WHERE id = ?", (id,)).fetchone()
    )
    assert status == ("read", play.sandbox.sends.all[0].wamid)


async def test_what_was_never_answered_nor_sent_stays_unknown_until_the_agent_decides(play: Stage) -> None:
    ayse, conversation = await talk(play)
    play.sandbox.faults.drop = 1  # the line is cut before Meta has taken it
    id = c.command_id()
    await ayse.ask(text(conversation, "tekrar"), id)
    await ayse.waits_for("message.unknown", message=id)
    again = c.command_id()
    result = await ayse.ask(c.RetryMessage(conversation=conversation, message=id), again)
    assert result.ok
    await ayse.waits_for("message.accepted", message=again)
    assert ayse.seen("message.discarded", message=id)
    assert (await ayse.ask(c.RetryMessage(conversation=conversation, message=id))).code == "invalid"
    assert sent(play) == ["tekrar"]


async def test_a_refusal_for_good_fails_at_once_with_its_code(play: Stage) -> None:
    ayse, conversation = await talk(play)
    play.sandbox.faults.fail.append(FailRule(131031, mode="sync"))
    id = c.command_id()
    await ayse.ask(text(conversation, "olmaz"), id)
    failed = await ayse.waits_for("message.failed", message=id)
    assert failed["problem"]["code"] == 131031
    assert steps(ayse, id) == ["queued", "attempted", "failed"]


async def test_meta_out_of_reach_is_waited_for(play: Stage) -> None:
    ayse, conversation = await talk(play)
    base = play.relay.graph._root
    play.relay.graph._root = "http://127.0.0.1:9/v1"  # nobody listens there
    id = c.command_id()
    await ayse.ask(text(conversation, "sabır"), id)
    await ayse.waits_for("message.deferred", message=id)
    play.relay.graph._root = base
    await ayse.waits_for("message.accepted", message=id)
    assert sent(play) == ["sabır"]


async def test_a_customer_without_a_phone_number_is_answered_by_user_id(play: Stage) -> None:
    ayse, conversation = await talk(play, "deniz", "numaram yok")
    await ayse.ask(text(conversation, "önemli değil"))
    (send,) = await play.sandbox.arrived(1)
    assert "to" not in send.body and send.body["recipient"] == play.sandbox.world.customer("deniz").user_id


async def test_a_full_disk_at_the_outcome_forgets_nothing(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse, conversation = await talk(play)
    append = play.relay.log.append
    refused = 0

    async def full(batch: Any, *, raws: Any = ()) -> Any:
        nonlocal refused
        if refused < 2 and any(event.type == "message.accepted" for group in batch for event in group.events):
            refused += 1
            raise StorageError("the disk is full")
        return await append(batch, raws=raws)

    monkeypatch.setattr(play.relay.log, "append", full)
    id = c.command_id()
    await ayse.ask(text(conversation, "bir kez"), id)
    await ayse.waits_for("message.accepted", message=id)
    assert refused == 2
    assert sent(play) == ["bir kez"]


async def test_what_was_queued_while_no_relay_ran_goes_out_at_the_next_start(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        ayse, conversation = await talk(play)
        play.relay.sender._throttle.pause(None, 1000)
        assert (await ayse.ask(text(conversation, "sonra"))).ok
        await play.restart()
        await until(lambda: sent(play) == ["sonra"])


async def test_killed_between_attempt_and_outcome_it_is_unknown_then_settled(tmp_path: Path) -> None:
    """The relay is a real process here, killed while Meta holds its answer back."""
    async with stage(tmp_path) as play:
        ayse, conversation = await talk(play)
        token = play.token("Ayşe")
        url = play.relay.url
        await play.relay.stop()

        process = await serve(play, url)
        ayse = await play.connect(token)
        await play.sandbox.pause()
        play.sandbox.faults.timeout = 1  # Meta takes it and never answers
        id = c.command_id()
        await ayse.ask(text(conversation, "son nefes"), id)
        await ayse.waits_for("message.attempted", message=id)
        await until(lambda: any(call.callback == id and call.wamid for call in play.sandbox.sends.all))
        process.send_signal(signal.SIGKILL)
        await process.wait()

        process = await serve(play, url)
        try:
            ayse = await play.connect(token)
            unknown = await ayse.waits_for("message.unknown", message=id)
            assert unknown["reason"] == "restart"
            await play.sandbox.pause(False)
            await ayse.waits_for("message.status", message=id, status="read")
            assert sent(play) == ["son nefes"]
        finally:
            process.terminate()
            assert await process.wait() == 0


async def serve(play: Stage, url: str) -> asyncio.subprocess.Process:
    """`wptui relay run` at `url` on the stage's log; the stage's relay is stopped."""
    settings = config(play.sandbox, play.folder)
    environment = os.environ | play.sandbox.environment | {
        "WPTUI_DATABASE": settings.database,
        "WPTUI_LISTEN": url.removeprefix("http://"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wptui", "relay", "run", env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert url in line.decode(), line
    return process


async def test_metas_alarm_about_speed_slows_everything_down(play: Stage) -> None:
    alarm = ev.AccountAlerted(field="messages", text="130429", details={"code": 130429})
    await play.relay.clerk.act(lambda db: [Append([ev.make(alarm, at=1, actor="meta")])])
    now = asyncio.get_running_loop().time()
    assert play.relay.sender._throttle.ready("any", "") > now


def test_the_ceiling_follows_what_meta_says_of_a_number() -> None:
    assert [ceiling(level) for level in ("", "STANDARD", "HIGH", "20")] == [80, 80, 1000, 20]


def test_a_number_sends_below_its_ceiling() -> None:
    now = 100.0
    throttle = Throttle(lambda: now)
    count = 0
    while now < 110.0:
        if throttle.ready("1", "20") <= now:
            throttle.take("1", "20")
            count += 1
        else:
            now = throttle.ready("1", "20") + 1e-9
    assert 20 * 0.8 * 10 <= count <= 20 * 10
    throttle.pause(None, 5)
    assert throttle.ready("2", "") == now + 5


async def test_a_fault_of_ours_leaves_no_message_hanging(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse, conversation = await talk(play)
    send = play.relay.graph.send_message

    async def broken(number: str, payload: Any) -> Any:
        monkeypatch.setattr(play.relay.graph, "send_message", send)
        raise KeyError("a bug")

    monkeypatch.setattr(play.relay.graph, "send_message", broken)
    id = c.command_id()
    await ayse.ask(text(conversation, "ilk"), id)
    await ayse.waits_for("message.unknown", message=id)
    await ayse.ask(text(conversation, "ikinci"))
    await until(lambda: sent(play) == ["ikinci"])


async def test_a_bad_day_at_meta(play: Stage) -> None:
    """Everything goes wrong at once, webhooks too: no customer gets anything twice, and no message hangs."""
    ayse = await play.sit_down("Ayşe")
    mehmet = await play.sit_down("Mehmet")
    faults = play.sandbox.faults
    faults.duplicate, faults.reorder, faults.overtake = 0.3, 0.3, True
    conversations = []
    for n in range(8):
        await play.sandbox.say(f"+9055501{n:05}", f"soru {n}")
        conversations.append(await play.conversation(ayse, f"soru {n}"))
    faults.drop, faults.drop_after, faults.http_500 = 3, 3, 3
    faults.fail += [FailRule(131056, 3, "sync"), FailRule(130429, 2, "sync"), FailRule(131000, 2, "sync")]
    ids: dict[str, str] = {}
    for line in range(5):
        for n, conversation in enumerate(conversations):
            agent = (ayse, mehmet)[n % 2]
            id = c.command_id()
            ids[id] = f"{n}.{line}"
            command = text(conversation, ids[id], force=True)
            assert (await agent.ask(command, id)).ok
            if line % 2:
                assert (await agent.ask(command, id)).ok  # the answer was lost: the terminal asks again

    def states() -> Any:
        return play.relay.clerk.look(lambda db: dict(db.execute("SELECT id, status FROM messages WHERE dir = 'out'")))

    async def settled() -> bool:
        return not {"queued", "attempted"} & set((await states()).values())

    await until(settled)
    await play.sandbox.settled()

    async def read() -> bool:
        accepted = {send.callback for send in play.sandbox.sends.all if send.wamid}
        found = await states()
        return all(found[id] == ("read" if id in accepted else "unknown") for id in ids)

    await until(read)
    taken = [send.callback for send in play.sandbox.sends.all if send.wamid]
    assert len(taken) == len(set(taken))
    assert len(set(ids) - set(taken)) == 6  # what was dropped, or answered with a bare 500, nobody knows
    for n in range(8):
        lines = [ids[id] for id in taken if id and ids[id].startswith(f"{n}.")]
        assert lines == sorted(lines)
