"""What the demo's workspace is furnished with: departments, labels, a saved filter and a macro."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model import commands as c

if TYPE_CHECKING:
    from wptui.relay.accounts import Agent
    from wptui.relay.server import Relay

SUPPORT, SALES = "support", "sales"


def documents(agents: Sequence[str], numbers: Sequence[str]) -> dict[str, str]:
    """Section of the settings → its document. The first number is the support's, the others are the sales'."""
    first, *others = numbers
    everybody, sellers = _list(agents), _list([agents[0], *agents[2:]])
    return {
        "departments": f"""\
# `assign = "round_robin"` hands waiting customers to whoever is on duty, in turn.
[{SUPPORT}]
name = "{_("Support")}"
members = {everybody}
numbers = {_list([first])}
capacity = 8
give_back = "30m"

[{SALES}]
name = "{_("Sales")}"
members = {sellers}
numbers = {_list(others)}
""",
        "labels": f"""\
["{_("return")}"]
colour = "red"
group = "{_("orders")}"
help = "{_("The customer wants to send something back.")}"

["{_("parcel")}"]
colour = "yellow"
group = "{_("orders")}"

["{_("wholesale")}"]
colour = "green"
""",
        "filters": f"""\
[late-returns]
title = "{_("Late returns")}"
filter = "is:late label:{_("return")}"
""",
        "macros": f"""\
[parcel]
title = "{_("Parcel is on its way")}"
key = "f6"
do = [{{canned = "kargo"}}, {{label = "{_("parcel")}"}}, {{resolve = true}}]
""",
    }


def _list(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


async def furnish(relay: Relay, agents: Sequence[Agent]) -> None:
    """Saves the documents in the name of the first agent, who owns the workspace."""
    await relay.workspace.follow_accounts()
    numbers = relay.config.numbers
    for section, text in documents([agent.id for agent in agents], numbers).items():
        await relay.commands.execute(agents[0], c.command_id(), c.SaveSettings(section=section, text=text, expect=0))
