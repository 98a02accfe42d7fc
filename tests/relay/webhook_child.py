"""A relay's webhook in a process of its own, to be killed: prints its port, then serves.

python -m tests.relay.webhook_child LOG SECRET
"""

from __future__ import annotations

import asyncio
import sys

from tests.relay.serving import serve
from wptui.relay.eventlog import make_log
from wptui.relay.meters import Meters
from wptui.relay.webhook import Webhook


async def main(path: str, secret: str) -> None:
    async with make_log(path) as log:
        async with serve(Webhook(log, secrets=(secret,), verify_token="token", meters=Meters())) as address:
            print(address, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
