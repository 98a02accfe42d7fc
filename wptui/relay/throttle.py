"""How fast a business number may send (CLOUD_API.md §10), and who has to pause."""

from __future__ import annotations

import time
from collections.abc import Callable

STANDARD = 80.0
"""Messages a second of a number, until Meta upgrades it."""

_LEVELS = {"HIGH": 1000.0, "STANDARD": STANDARD, "NOT_APPLICABLE": STANDARD, "COEXISTENCE": 20.0}

_SHARE = 0.8
"""What is used of the ceiling: incoming messages count against it too."""


def ceiling(throughput: str) -> float:
    """Messages a second, from a number's throughput as the view has it: a level of Meta's, or a figure."""
    if throughput.isascii() and throughput.isdigit() and int(throughput) > 0:
        return float(throughput)
    return _LEVELS.get(throughput.upper(), STANDARD)


class Throttle:
    """One bucket a number; times are monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next: dict[str, float] = {}
        self._paused: dict[str | None, float] = {}

    def pause(self, number: str | None, seconds: float) -> None:
        """Nothing goes out of `number` (None: of any) for so long."""
        until = self._clock() + seconds
        self._paused[number] = max(until, self._paused.get(number, 0.0))

    def ready(self, number: str, throughput: str) -> float:
        """When the next message of `number` may go. A tenth of a second's messages may go at once."""
        burst = max(1.0, ceiling(throughput) * _SHARE / 10)
        allowed = self._next.get(number, 0.0) - (burst - 1) / (ceiling(throughput) * _SHARE)
        return max(allowed, self._paused.get(number, 0.0), self._paused.get(None, 0.0))

    def take(self, number: str, throughput: str) -> None:
        """One message of `number` goes now."""
        step = 1 / (ceiling(throughput) * _SHARE)
        self._next[number] = max(self._next.get(number, 0.0), self._clock()) + step
