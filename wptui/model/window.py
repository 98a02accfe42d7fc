"""The 24-hour customer-service window (CLOUD_API.md §10). Times are Unix seconds."""

from __future__ import annotations

SERVICE_WINDOW = 24 * 3600
"""A customer message or call opens the window for this long, and every further one resets it."""


def service_window_end(inbound_at: int) -> int:
    """When a window opened by a message written at `inbound_at` closes."""
    return inbound_at + SERVICE_WINDOW


def is_open(window_expires: int | None, now: int) -> bool:
    """Whether free-form messages may be sent at `now`."""
    return window_expires is not None and now < window_expires
