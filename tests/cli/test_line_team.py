"""Line mode for the team: real processes, a real relay."""

from __future__ import annotations

from tests.cli.shell import wptui
from tests.cli.test_line import Shop, shop
from wptui.model import events as ev
from wptui.relay.eventlog import Append

__all__ = ["shop"]

DEPARTMENTS = """
[support]
name = "Destek"
members = ["ayse"]

[sales]
name = "Satış"
members = ["mehmet"]
"""
MACROS = """
[urgent]
title = "Make it urgent"
do = [{priority = "urgent"}, {label = "acele"}]
"""


async def furnish(shop: Shop) -> None:
    saved = [
        ev.SettingsSaved(section=name, text=text) for name, text in (("departments", DEPARTMENTS), ("macros", MACROS))
    ]
    events = [ev.make(each, at=1, actor="relay") for each in saved]
    await shop.relay.clerk.act(lambda db: [Append(events)])


async def test_duty_and_team(shop: Shop) -> None:
    await furnish(shop)
    assert (await wptui("duty")).out == "Ayşe: away\n"  # a command that looks in puts nobody on duty
    assert (await wptui("duty", "busy")).out == "Ayşe: busy\n"
    told = (await wptui("duty", "--json")).json
    assert (told["ok"], told["agent"], told["duty"]) == (True, "ayse", "busy")
    assert (await wptui("duty", "away", "--agent", "mehmet")).out == "Mehmet: away\n"
    assert (await wptui("duty", "asleep")).code == 2

    lines = (await wptui("team")).out.splitlines()
    assert lines[0] == "Destek: 0 waiting, 0 late, 0 unassigned, 0 of 1 on duty [support]"
    assert lines[2].startswith("No department: 2 waiting, 0 late, 2 unassigned, longest wait ")
    assert lines[3].startswith("Ayşe: Owner, busy since ")
    team = (await wptui("team", "--json", "--offline")).json
    assert [each["id"] for each in team["departments"]] == ["support", "sales", ""]
    assert {each["id"]: each["duty"] for each in team["agents"]} == {"ayse": "busy", "mehmet": "away"}


async def test_transfer_priority_follow_and_a_macro(shop: Shop) -> None:
    await furnish(shop)
    moved = await wptui("transfer", "ayse", "--to", "satış", "--agent", "mehmet", "--reason", "fatura")
    assert moved.out == "Ayşe Yılmaz: Moved to Satış.\n", moved.err
    (found,) = (await wptui("list", "--json", "--filter", "department:sales")).json["conversations"]
    assert (found["department"], found["assignee"]["id"], found["priority"]) == ("sales", "mehmet", "normal")
    assert (await wptui("transfer", "ayse")).code == 2
    unknown = await wptui("transfer", "ayse", "--to", "depo")
    assert unknown.code == 2 and "Destek (support)" in unknown.err

    assert (await wptui("priority", "mehmet", "high")).out == "Mehmet Demir: Priority high.\n"
    assert (await wptui("follow", "mehmet")).code == 0
    assert (await wptui("follow", "mehmet", "--off")).code == 0
    done = await wptui("macro", "mehmet", "urgent")
    assert (done.code, done.out) == (0, "Mehmet Demir: Done: Make it urgent.\n"), done.err
    (found,) = (await wptui("list", "--json", "--filter", "label:acele")).json["conversations"]
    assert found["priority"] == "urgent"
    assert "There are: urgent" in (await wptui("macro", "mehmet", "nothing")).err


async def test_a_note_calls_a_colleague(shop: Shop) -> None:
    await furnish(shop)
    assert (await wptui("note", "mehmet", "Bakar mısın?", "--mention", "Ayşe")).code == 0
    assert (await wptui("note", "mehmet", "x", "--mention", "nobody here")).code == 2
    (line,) = (await wptui("mentions")).out.splitlines()
    assert line.startswith("new, Mehmet Demir, ") and "you: Bakar mısın?" in line
    (mention,) = (await wptui("mentions", "--seen", "--json")).json["mentions"]
    assert not mention["seen"]
    assert "new, " not in (await wptui("mentions")).out
