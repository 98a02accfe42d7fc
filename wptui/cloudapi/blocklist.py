"""Blocking customers: what is asked of Meta, and what it answers.

Meta answers each user by itself: with HTTP 400 where one of them could not be blocked, and the reason beside him.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wptui.cloudapi.answers import GraphRefused
from wptui.model.text import safe_line

if TYPE_CHECKING:
    import httpx


def request(phone: str) -> dict[str, Any]:
    """The body that blocks, or unblocks, `phone` ("+" and digits)."""
    return {"messaging_product": "whatsapp", "block_users": [{"user": phone}]}


def check(response: httpx.Response) -> None:
    """Raises GraphRefused with Meta's reason where the user is named as failed; else the answer is as any other."""
    try:
        listed = json.loads(response.content)["block_users"]["failed_users"]
        problem = listed[0]["errors"][0]
        code, title = int(problem["code"]), str(problem.get("message") or "")
        data = problem.get("error_data")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return
    details = data.get("details") if isinstance(data, dict) else None
    raise GraphRefused(code, safe_line(title, 500), safe_line(str(details or ""), 1000), status=response.status_code)
