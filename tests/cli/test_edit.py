"""`wptui edit` over a real relay: the editor is a process, and so is wptui."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cli.shell import wptui
from tests.cli.test_line import Shop
from tests.editing.desk import FakeEditor
from wptui.store import team


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A relay with an owner, signed in on this machine, and an agent."""
    shop = Shop(tmp_path)
    await shop.start()
    try:
        ayse = shop.relay.accounts.add("Ayşe")
        shop.relay.accounts.add("Mehmet")
        done = await wptui("login", shop.proxy.url, "--code", shop.relay.accounts.code(ayse.id))
        assert (done.code, done.err) == (0, "")
        yield shop
    finally:
        await shop.stop()


async def written(shop: Shop, section: str) -> str:
    """What the relay's own view holds."""
    return (await shop.relay.clerk.look(lambda db: team.source(db, section)))[0]


async def test_documents_are_edited_printed_and_taken_from_files(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeEditor(tmp_path / "editor", monkeypatch)
    members = ", ".join(f'"{id}"' for id in sorted(agent.id for agent in shop.relay.accounts.agents()))
    text = f'# hours follow\n[satis]\nname = "Satış"\nmembers = [{members}]\n'
    fake.does({"whole": text.replace("[satis]", "[satis]\ncapactiy = 5")}, {"replace": [("capactiy", "capacity")]})
    done = await wptui("edit", "departments")
    assert (done.code, done.out, done.err) == (0, "Departments: saved.\n", "")
    assert 'did you mean "capacity"?\ncapactiy = 5' in fake.seen[1]
    assert await written(shop, "departments") == text.replace("[satis]", "[satis]\ncapacity = 5")

    printed = await wptui("edit", "departments", "--print")
    assert (printed.code, printed.out) == (0, await written(shop, "departments"))

    bad = await wptui("edit", "departments", "--file", "-", stdin=text.replace("name", "nmae"))
    assert bad.code == 1 and '-:3: satis.nmae: there is no such key here; did you mean "name"?' in bad.err
    file = tmp_path / "departments.toml"
    file.write_text(text, "utf-8")
    assert (await wptui("edit", "departments", "--file", str(file))).code == 0
    assert await written(shop, "departments") == text

    usage = await wptui("edit", "departments", "--own")
    assert usage.code == 2
    assert (await wptui("edit", "nothing")).code == 2
    assert (await wptui("edit", "departments", "--file", "/nowhere")).code == 2

    fake.does({"whole": '[tesekkur]\ntext = "Teşekkürler"\n'})
    assert (await wptui("edit", "canned", "--own")).code == 0
    own = "SELECT owner FROM canned WHERE shortcut = 'tesekkur'"
    ayse = next(agent for agent in shop.relay.accounts.agents() if agent.name == "Ayşe")
    assert await shop.relay.clerk.look(lambda db: db.execute(own).fetchall()) == [(ayse.id,)]
    # The shared ones stand as they were.
    assert "[selam]" in (await wptui("edit", "canned", "--print")).out

    fake.does({})
    unchanged = await wptui("edit", "canned")
    assert (unchanged.code, unchanged.out) == (0, "Nothing changed.\n")


async def test_what_a_colleague_saved_meanwhile_stays(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "labels.toml"
    file.write_text('[iade]\ncolour = "red"\n\n[kargo]\ncolour = "blue"\n', "utf-8")
    assert (await wptui("edit", "labels", "--file", str(file))).code == 0
    theirs = file.read_text("utf-8") + '\n[yeni]\ncolour = "green"\n'
    file.write_text(theirs, "utf-8")
    # While the editor is open, another wptui saves.
    fake = FakeEditor(tmp_path / "editor", monkeypatch)
    fake.does({"run": ["edit", "labels", "--file", str(file)], "replace": [('"red"', '"pink"')]}, {})
    done = await wptui("edit", "labels")
    assert (done.code, done.err) == (0, "")
    assert await written(shop, "labels") == theirs.replace("red", "pink")
    assert "has changed it meanwhile:" in fake.seen[1] and "#! +[yeni]" in fake.seen[1]


async def test_without_the_relay_and_without_the_right(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeEditor(tmp_path / "editor", monkeypatch)
    mehmet = next(agent for agent in shop.relay.accounts.agents() if agent.name == "Mehmet")
    assert (await wptui("login", shop.proxy.url, "--code", shop.relay.accounts.code(mehmet.id))).code == 0
    refused = await wptui("edit", "roles")
    assert refused.code == 1 and "Your role may not do this." in refused.err and not fake.seen
    assert "--own" in (await wptui("edit", "canned")).err
    shop.proxy.cut()
    cut = await wptui("edit", "macros", "--own")
    assert cut.code == 1 and "connection" in cut.err and not fake.seen
