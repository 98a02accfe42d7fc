"""A Cloud API to develop against: the Graph endpoints a relay calls, and customers who write.

It knows a relay only as Meta does, by HTTP: signed webhooks go out, Graph calls come in. Nothing of the rest
of wptui is imported here, so a mistake shared by both sides cannot hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wptui.sandbox.server import Sandbox

__all__ = ["Sandbox"]


def __getattr__(name: str) -> Any:
    """Load `Sandbox` when it is asked for: it brings a web server along, which a terminal never needs."""
    if name == "Sandbox":
        from wptui.sandbox.server import Sandbox

        return Sandbox
    raise AttributeError(name)
