"""How a set of durations is summed up: always n, median, p90 and mean; an empty set has none of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Figures of a set of durations in seconds; None where the set is empty (shown as "–", never 0)."""

    n: int
    median: float | None = None
    p90: float | None = None
    mean: float | None = None


def summarise(durations: Sequence[float]) -> Summary:
    """n, median, p90 (nearest rank: the smallest value that at least 90 % do not exceed) and mean."""
    if not durations:
        return Summary(0)
    ordered = sorted(durations)
    p90 = ordered[math.ceil(0.9 * len(ordered)) - 1]
    return Summary(len(ordered), statistics.median(ordered), p90, statistics.fmean(ordered))
