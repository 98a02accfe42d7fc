"""Waiting for an event, but not for ever."""

from __future__ import annotations

import asyncio


async def set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Waits until `event` is set, `seconds` at the most (None: as long as it takes); whether it was set.

    Not with `asyncio.wait_for`: Python 3.11's forgets a cancellation that comes together with the event, and whoever
    cancelled then waits for a job that never ends.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
