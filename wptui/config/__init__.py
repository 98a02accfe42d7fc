"""The terminal's settings: ``config.toml``.

`load` reads and checks the file; the `Settings` it returns are complete (defaults filled in) and frozen.
The relay has a configuration of its own (``wptui/relay``).
"""

from wptui.config.load import change, load, parse
from wptui.config.settings import Channel, Event, NotificationRule, Notifications, Settings, over_ssh

__all__ = [
    "Channel",
    "Event",
    "NotificationRule",
    "Notifications",
    "Settings",
    "change",
    "load",
    "over_ssh",
    "parse",
]
