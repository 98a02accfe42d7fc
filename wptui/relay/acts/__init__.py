"""What a command does to the state as it is: the events it leads to, or why it is refused.

Pure functions of the view; `commands` runs them one at a time, so that of two agents who do the same at once the
second sees what the first did. Each module has a table `PLANS` of the commands it plans.
"""

from __future__ import annotations

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay.acts import authority, canned, contacts, conversations, messages, settings, team
from wptui.relay.acts.base import Act as Act
from wptui.relay.acts.base import Elsewhere as Elsewhere
from wptui.relay.acts.base import Plans
from wptui.relay.acts.base import event_number as event_number
from wptui.relay.outgoing import refused
from wptui.relay.rules.acts import plan_macro

_PLANS: Plans = {
    **messages.PLANS,
    **conversations.PLANS,
    **team.PLANS,
    **settings.PLANS,
    **canned.PLANS,
    c.RunMacro: plan_macro,
    **contacts.PLANS,
}


def plan(act: Act, command: c.AnyCommand) -> list[ev.Data]:
    """The events of `command`, none where it changes nothing; whether the agent may has been asked before (`permit`).

    Raises RefusedError.
    """
    known = _PLANS.get(type(command))
    if known is None:
        raise refused("invalid", _("The relay cannot do this."))
    return known(act, command)


def permit(act: Act, command: c.AnyCommand) -> None:
    """Raises RefusedError: not_found for what the agent does not see, forbidden for what their role does not allow."""
    authority.check(act, command)


def conversation_of(command: c.AnyCommand) -> str | None:
    """The conversation a command is about."""
    found: str | None = getattr(command, "conversation", None)
    return found
