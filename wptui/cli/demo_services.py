"""The servers behind ``wptui demo``, as a process of their own: ``python -m wptui.cli.demo_services HOME PLAN``.

A sandbox Cloud API and a relay on free loopback ports, joined as Meta and a relay are: by HTTP, with signed webhooks.
PLAN is JSON: {"lang", "seed", "conversations", "pace"}. Prints one line of JSON with addresses and a sign-in code,
and runs until its standard input ends, so that it never outlives the demo.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from wptui.cli.demo_team import SALES, furnish
from wptui.i18n import _, install
from wptui.model import commands as c
from wptui.model.commands import AnyCommand, command_id
from wptui.model.priority import Priority
from wptui.relay.accounts import Agent
from wptui.relay.config import Campaign, Canned, RelayConfig
from wptui.relay.server import Relay
from wptui.sandbox.server import Sandbox

HOME_PREFIX = "wptui-demo-"
HISTORY = 0.75
"""Hours over which the customers of the full demo have begun to write."""


def _config(home: Path, sandbox: Sandbox) -> RelayConfig:
    return RelayConfig(
        app_secret=sandbox.app_secret,
        verify_token=sandbox.verify_token,
        access_token=sandbox.access_token,
        graph_url=sandbox.url,
        waba=sandbox.waba_id,
        numbers=tuple(sandbox.phone_number_ids),
        database=str(home / "relay" / "relay.db"),
        media_folder=home / "relay" / "media",
        workspace="Kahve Dükkânı",
        campaigns=(
            Campaign("KIŞ24", _("Winter 2024")),
            Campaign("BAHAR", _("Spring")),
            Campaign("HOŞGELDİN", _("Welcome")),
        ),
        canned=(
            Canned(
                "selam",
                _("Hello {{customer.first_name|there}}, how can I help?"),
                _("Greeting"),
            ),
            Canned("kargo", _("Your parcel is on its way; it arrives within two working days."), _("Parcel")),
            Canned("iade", _("We are sorry. We take it back and pay you the full price."), _("Return")),
            Canned("saat", _("We are open from 9 to 18 on weekdays."), _("Opening hours")),
        ),
    )


async def serve(home: Path, plan: dict[str, Any]) -> None:
    """Starts everything, says where, and stops when standard input ends."""
    sandbox = Sandbox(seed=plan["seed"], pace=plan["pace"])
    await sandbox.start()
    relay = Relay(_config(home, sandbox))
    try:
        await relay.start(port=0)
        await sandbox.connect(f"{relay.url}/webhook")
        names = ("Ayşe", "Mehmet", "Emily") if plan["lang"] == "tr" else ("Alice", "Mehmet", "Emily")
        agents = [relay.accounts.add(name) for name in names]
        await furnish(relay, agents)
        code = relay.accounts.code(agents[0].id)
        if plan["conversations"]:
            sandbox.play(plan["conversations"], history=HISTORY, lang=plan.get("customers", "both"))
        print(json.dumps({"relay": relay.url, "sandbox": sandbox.url, "code": code}), flush=True)
        colleagues = asyncio.create_task(_colleagues(relay, agents)) if plan["conversations"] else None
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
        if colleagues is not None:
            colleagues.cancel()
            await asyncio.gather(colleagues, return_exceptions=True)
    finally:
        await relay.stop()
        await sandbox.stop()


async def _colleagues(relay: Relay, agents: list[Agent]) -> None:
    """Two colleagues have been at work already: some conversations are theirs, some are done, one asks for help."""
    me, *others = agents
    wanted = 12
    found: list[tuple[str, int, str]] = []
    while len(found) < wanted:
        await asyncio.sleep(0.2)
        found = await relay.view.ask(
            lambda db: db.execute(
                "SELECT id, seq, department FROM conversations WHERE state = 'open' "
                "ORDER BY waiting_since DESC LIMIT ?",
                (wanted,),
            ).fetchall()
        )
    answer = _("Thank you for writing. I am looking into it right now.")
    for index, (conversation, seq, department) in enumerate(found):
        agent = others[-1 if department == SALES else index % len(others)]
        steps: list[AnyCommand] = [c.Assign(conversation=conversation, agent=agent.id)]
        if index % 3:
            content = {"type": "text", "text": {"body": answer}}
            steps.append(c.SendMessage(conversation=conversation, content=content, text=answer))
            steps.append(c.MarkRead(conversation=conversation, upto=seq))
        if index % 4 == 1:
            steps.append(c.Label(conversation=conversation, label=_("return")))
        if index % 4 == 2:
            note = _("Parcel lost, a new one is on its way.")
            called = [me.id] if index == 2 else []
            text = f"{note} @{me.name}" if called else note
            steps.append(c.AddNote(conversation=conversation, text=text, mentions=called))
        if index % 4 == 3:
            steps.append(c.Resolve(conversation=conversation))
        if index % 6 == 4:
            steps.append(c.SetPriority(conversation=conversation, priority=Priority.HIGH))
            reason = _("Asks for a price for fifty.")
            steps.append(c.Transfer(conversation=conversation, department=SALES, reason=reason, expect=agent.id))
        for step in steps:
            await relay.commands.execute(agent, command_id(), step)


def main() -> None:
    """Run as a program."""
    home, plan = Path(sys.argv[1]), json.loads(sys.argv[2])
    install(plan["lang"])
    try:
        asyncio.run(serve(home, plan))
    finally:
        if home.name.startswith(HOME_PREFIX):  # the demo's window may just have been closed on it
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
