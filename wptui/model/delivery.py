"""The states of an outgoing message and their order: a tick never goes back."""

from __future__ import annotations

from enum import StrEnum


class Delivery(StrEnum):
    """`queued` … `unknown` are ours (DESIGN.md §6), the rest are Meta's statuses (CLOUD_API.md §7)."""

    QUEUED = "queued"
    ATTEMPTED = "attempted"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


RANK: dict[str, int] = {state: rank for rank, state in enumerate(Delivery)}
"""Order of states. `failed` stands before `delivered`: a failure after delivery is an anomaly, never shown."""

REACHED_META = frozenset({Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.PLAYED})
"""States in which the Cloud API has the message and it has not failed: only these count as an answer."""


def advance(current: str | None, new: str) -> str | None:
    """The state after `new` is reported over `current`: the further of the two; unknown states change nothing."""
    if new not in RANK:
        return current
    if current is None or RANK[new] > RANK.get(current, -1):
        return new
    return current
