"""How a call to the Graph API ends.

Of a send, three bad endings are told apart, because a customer must never get a message twice:

    GraphRefused       Meta answered no, with a code: certainly not sent
    GraphUnreachable   no connection came about: certainly not sent
    GraphUnclear       the request went out and no clear answer came back: it may have been sent

A 5xx with a Graph error in it is Meta's no. Without one it comes from something in between (502, 504, a page in
HTML), and whether Meta got the request cannot be known: unclear.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from wptui.cloudapi.errors import ErrorRule, rule
from wptui.i18n import _
from wptui.model.errors import LinkError, WptuiError
from wptui.model.events import Problem
from wptui.model.text import safe_line

if TYPE_CHECKING:
    import httpx

_TIMED_OUT = 408


class GraphRefused(WptuiError):
    """Meta said no; nothing was sent. `code` is Meta's, or the HTTP status where the answer carried none."""

    def __init__(
        self, code: int, title: str, details: str = "", *, status: int = 0, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code}: {title}" + (f" ({details})" if details else ""))
        self.code = code
        self.title = title
        self.details = details
        self.status = status
        """HTTP status."""
        self.retry_after = retry_after
        """Seconds Meta asks to wait, if it says."""

    @property
    def rule(self) -> ErrorRule:
        """What to tell the agent, and whether to try again."""
        return rule(self.code)

    @property
    def problem(self) -> Problem:
        """For an event."""
        return Problem(code=self.code, title=self.title, details=self.details)


class GraphUnreachable(LinkError):
    """No connection to Meta: nothing was sent."""


class GraphUnclear(LinkError):
    """The request went out, and nobody knows what became of it."""


class MediaRefused(WptuiError):
    """A file is not fetched: a wrong id, a foreign address, too big, or other bytes than announced."""


def read_answer(response: httpx.Response, hide: Callable[[str], str]) -> dict[str, Any]:
    """The JSON object Meta answered with. Raises GraphRefused or GraphUnclear; `hide` takes secrets out of texts."""
    status = response.status_code
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        raise _refused(error, response, hide)
    if 200 <= status < 300 and isinstance(answer, dict):
        return answer
    if 300 <= status < 500 and status != _TIMED_OUT:
        title = response.reason_phrase or "HTTP"
        raise GraphRefused(status, safe_line(title, 200), status=status, retry_after=_retry_after(response))
    raise GraphUnclear(_("Meta's answer cannot be read (HTTP {status}).").format(status=status))


def _refused(error: dict[str, Any], response: httpx.Response, hide: Callable[[str], str]) -> GraphRefused:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    code = error.get("code")
    number = code if isinstance(code, int) else response.status_code
    title = hide(str(error.get("message") or "")).removeprefix(f"(#{number}) ")
    return GraphRefused(
        number,
        safe_line(title, 500),
        safe_line(hide(str(details or error.get("error_user_msg") or "")), 1000),
        status=response.status_code,
        retry_after=_retry_after(response),
    )


def _retry_after(response: httpx.Response) -> int | None:
    """Seconds to wait: from Retry-After, or the minutes until quota comes back, whichever Meta sends."""
    header = response.headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdigit() and len(header) < 8:
        return int(header)
    if header and "Date" in response.headers:
        try:
            until = parsedate_to_datetime(header) - parsedate_to_datetime(response.headers["Date"])
            return max(0, int(until.total_seconds()))
        except (TypeError, ValueError):
            pass
    try:
        usage = json.loads(response.headers.get("X-Business-Use-Case-Usage", "{}"))
        minutes = [each.get("estimated_time_to_regain_access", 0) for listed in usage.values() for each in listed]
        longest = max((each for each in minutes if isinstance(each, int)), default=0)
    except (ValueError, AttributeError, TypeError):
        return None
    return longest * 60 or None
