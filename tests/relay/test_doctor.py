"""`wptui relay doctor`: each failure is found, and comes with what to do."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.relay.stage import Stage, stage, until
from wptui.model.finding import Finding
from wptui.relay.config import RelayConfig
from wptui.relay.doctor import Doctor, subscribe


async def examine(config: RelayConfig) -> dict[str, Finding]:
    return {finding.id: finding async for finding in Doctor(config).findings()}


def failed(found: dict[str, Finding]) -> set[str]:
    return {id for id, finding in found.items() if finding.status == "fail"}


async def test_all_is_well(play: Stage) -> None:
    await play.sandbox.say("mehmet", "Merhaba")
    await play.sandbox.settled()
    play.sandbox.graph.account.fields += ["account_alerts", "user_preferences"]
    found = await examine(play.config())
    assert {finding.status for finding in found.values()} == {"ok"}, found
    assert {
        "config.secrets", "disk.free", "log.integrity", "log.lag", "app.mode", "queue.lag", "meta.reachable",
        "clock.skew", "meta.token", "meta.scopes", "waba.subscribed", "webhook.fields", "webhook.reachable",
        "numbers.quality",
    } <= set(found)  # fmt: skip


async def test_the_three_silent_failures_are_found_and_one_is_mended(play: Stage) -> None:
    play.sandbox.webhooks.subscribed = False  # the app is not subscribed to the account
    play.sandbox.graph.account.fields = ["account_update"]  # the field is not ticked
    found = await examine(play.config())
    assert failed(found) == {"waba.subscribed", "webhook.fields"}
    assert found["app.mode"].status == "warn"  # and perhaps the app is not live: nothing ever came
    assert all(found[id].todo for id in ("waba.subscribed", "webhook.fields", "app.mode"))
    await subscribe(play.config())
    assert "waba.subscribed" not in failed(await examine(play.config()))


async def test_a_bad_token(play: Stage) -> None:
    play.sandbox.graph.account.token_valid = False
    found = await examine(play.config())
    assert found["meta.token"].status == "fail" and "system user" in found["meta.token"].todo
    refused = await examine(play.config(access_token="EAAwrong"))
    assert failed(refused)
    told = " ".join(finding.text + finding.todo for finding in refused.values())
    assert "EAAwrong" not in told and play.sandbox.app_secret not in told


async def test_another_verify_token_and_a_relay_that_is_down(play: Stage) -> None:
    found = await examine(play.config(verify_token="other"))
    assert found["webhook.reachable"].status == "fail" and "verify token" in found["webhook.reachable"].todo
    await play.relay.stop()
    found = await examine(play.config())
    assert found["webhook.reachable"].status == "fail"
    assert found["log.lease"].text == "no relay is running"


async def test_meta_out_of_reach_is_said_once(play: Stage) -> None:
    found = await examine(play.config(graph_url="http://127.0.0.1:9"))
    assert failed(found) == {"meta.reachable"}


async def test_a_number_that_is_not_the_accounts(play: Stage) -> None:
    found = await examine(play.config(numbers=("1",)))
    assert found["numbers.known"].status == "fail"


async def test_a_damaged_log(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        await play.sandbox.say("mehmet", "Merhaba")
        await play.sandbox.settled()
        await play.relay.stop()
        settings = play.config()
        path = Path(settings.database)
        data = bytearray(path.read_bytes())
        data[4096 * 2 : 4096 * 6] = b"\xff" * 4096 * 4
        path.write_bytes(data)
        found = await examine(settings)
        assert found["log.integrity"].status == "fail" and "backup" in found["log.integrity"].todo


async def test_bodies_that_wait_and_secrets_that_lack(tmp_path: Path) -> None:
    async with stage(tmp_path) as play:
        settings = play.config()
        await play.relay.log.store_raw(b"{}", 1_000)
        await until(lambda: play.relay.clerk.cursor)
        await play.relay.stop()
        db = sqlite3.connect(settings.database)
        db.execute("DELETE FROM expansions")
        db.execute("UPDATE meta SET value = 0 WHERE key = 'low'")
        db.commit()
        db.close()
        found = await examine(replace(settings, verify_token="", waba=""))
        assert found["config.secrets"].status == "fail" and "verify_token" in found["config.secrets"].text
        assert found["config.waba"].status == "warn"
        assert found["log.lag"].status == "warn"


async def test_a_full_disk(play: Stage, monkeypatch: Any) -> None:
    import shutil

    usage = shutil.disk_usage(play.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10 << 20))
    found = await examine(play.config())
    assert found["disk.free"].status == "fail" and found["disk.free"].todo
    assert (await play.relay.readiness())["ready"] is False
