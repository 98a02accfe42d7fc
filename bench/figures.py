"""How a benchmark tells its figures: one line each, with what it is measured against beside it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

WIDTH = 54


def shown(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def tell(
    name: str,
    value: float,
    unit: str,
    *,
    peer: tuple[str, float] | None = None,
    at_most: float | None = None,
    at_least: float | None = None,
    ratio_at_most: float | None = None,
) -> None:
    """Prints `name value unit   peer value   ratio   target ok`, with as much of it as there is.

    `peer` is another program (or the bare library) doing the same in the same run, in the same unit. Targets are in
    that unit, or a bound on the ratio to the peer.
    """
    line = f"{name:<{WIDTH}} {shown(value):>9} {unit:<8}"
    ratio = None
    if peer is not None:
        ratio = value / peer[1] if peer[1] else float("inf")
        line += f" {peer[0]} {shown(peer[1])}   {ratio:.2f}×"
    for met, sign, target, what in (
        (at_most is None or value <= at_most, "≤", at_most, unit),
        (at_least is None or value >= at_least, "≥", at_least, unit),
        (ratio_at_most is None or (ratio or 0) <= ratio_at_most, "≤", ratio_at_most, "×"),
    ):
        if target is not None:
            line += f"   target {sign} {shown(target)} {what} {'ok' if met else 'MISSED'}"
    print(line.rstrip(), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile: always a value that was really seen."""
    ordered = sorted(values)
    return ordered[max(1, int(-(-len(ordered) * share // 100))) - 1]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that knows `--quick`: a tenth of the work, to see that it runs; its figures say little."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, to see that it runs")
    return parser
