"""Meta's error codes (CLOUD_API.md §11): what to tell the agent, and whether trying again makes sense.

The same codes come in the answer to a send and in a `failed` status. Decide by code, never by title or HTTP status.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from wptui.i18n import N_


class Retry(StrEnum):
    """Whether, when and by whom the same send may be tried again."""

    NO = "no"
    """Not as it is: the reason will not go away by itself."""
    NEVER = "never"
    """The customer does not want it."""
    LATER = "later"
    """By hand, not within 24 hours."""
    PAIR = "pair"
    """By itself, after 4^n seconds: too fast for this one customer."""
    BACKOFF = "backoff"
    """By itself, a few times, after 2^n seconds."""
    MINUTE = "minute"
    """By itself, after about a minute."""
    MINUTES = "minutes"
    """By itself, after some minutes, and the whole app waits."""
    AFTER_CHANGE = "after_change"
    """By hand, once the message or the template is another."""
    CONFIRM = "confirm"
    """By hand, once the agent has confirmed whom they write to."""
    OPERATOR = "operator"
    """Nobody can send until the operator has put something right."""


class ErrorRule(NamedTuple):
    """What one code means."""

    tell: str
    """English sentence with the next step, marked for translation: show it through `wptui.i18n._`."""
    retry: Retry = Retry.NO
    scope: str = "message"
    """What else must wait: message, recipient, number, app."""

    @property
    def automatic(self) -> bool:
        """Whether the relay tries again by itself."""
        return self.retry in _DELAYS

    def delay(self, attempt: int) -> int | None:
        """Seconds to wait after failed attempt number `attempt` (from 1); None: not again by itself."""
        delays = _DELAYS.get(self.retry)
        if delays is None or attempt > len(delays):
            return None
        return delays[max(attempt, 1) - 1]


_DELAYS: dict[Retry, tuple[int, ...]] = {
    Retry.PAIR: (4, 16, 64, 256, 1024),
    Retry.BACKOFF: (2, 4, 8, 16, 32, 64),
    Retry.MINUTE: (60, 60, 120, 240),
    Retry.MINUTES: (300, 600, 1200, 1800),
}

_WINDOW = ErrorRule(N_("The 24-hour window is closed. Send a template instead."))
_LOGIN = ErrorRule(
    N_("The login to Meta is invalid or lacks rights. Ask the operator to renew the access token."),
    Retry.OPERATOR,
    "app",
)
_RESTRICTED = ErrorRule(
    N_("Meta has restricted this business account. Ask the operator to look into Meta Business Suite."),
    Retry.OPERATOR,
    "app",
)
_META = ErrorRule(N_("Meta has a problem at the moment. It is tried again by itself."), Retry.BACKOFF)
_QUOTA = ErrorRule(
    N_("The quota of calls to Meta is used up. It goes on by itself in some minutes."), Retry.MINUTES, "app"
)
_MALFORMED = ErrorRule(N_("Meta found this message malformed. Please report it to the operator."))
_REGISTRATION = ErrorRule(
    N_("The business number is not properly registered. Ask the operator to check its registration and PIN."),
    Retry.OPERATOR,
    "number",
)
_TEMPLATE = ErrorRule(
    N_("Meta did not take the values of the template. Correct them and send again."), Retry.AFTER_CHANGE
)
_SPEED = ErrorRule(
    N_("The business number is at its speed limit. The message is queued and goes out by itself."),
    Retry.BACKOFF,
    "number",
)

RULES: dict[int, ErrorRule] = {
    131047: _WINDOW,
    131026: ErrorRule(N_("This customer cannot be reached on WhatsApp. Use another way.")),
    131049: ErrorRule(
        N_("Meta held this marketing message back. Try again tomorrow at the earliest."), Retry.LATER, "recipient"
    ),
    131050: ErrorRule(
        N_("The customer has stopped marketing messages. Do not send any more."), Retry.NEVER, "recipient"
    ),
    130472: ErrorRule(N_("Meta keeps this customer out of marketing for an experiment. Use another way.")),
    131048: ErrorRule(
        N_("Meta restricts this number because customers reported or blocked it. Stop, and ask the operator."),
        Retry.OPERATOR,
        "number",
    ),
    131056: ErrorRule(
        N_("Too many messages to this customer in a short time. The message is queued and goes out by itself."),
        Retry.PAIR,
        "recipient",
    ),
    130429: _SPEED,
    **dict.fromkeys((4, 80007), _QUOTA),
    131064: ErrorRule(
        N_("Meta blocks this because templates were put into a wrong category. Ask the operator."),
        Retry.OPERATOR,
        "number",
    ),
    **dict.fromkeys((1, 2, 131000, 131016, 133004), _META),
    131057: ErrorRule(
        N_("Meta is upgrading the business number. The message goes out by itself in about a minute."),
        Retry.MINUTE,
        "number",
    ),
    **dict.fromkeys((0, 190, 3, 10, 131005, *range(200, 300)), _LOGIN),
    **dict.fromkeys((368, 131031, 130497), _RESTRICTED),
    131042: ErrorRule(
        N_("There is a problem with the payment to Meta. Ask the operator to check the payment method."),
        Retry.OPERATOR,
        "app",
    ),
    130403: ErrorRule(N_("You have blocked this customer. Unblock them first.")),
    **dict.fromkeys((131008, 131009, 100, 135000), _MALFORMED),
    131021: ErrorRule(N_("This is the business number itself. A message cannot go to its sender.")),
    131030: ErrorRule(N_("This customer is not on the list of test numbers. Ask the operator to add them.")),
    131051: ErrorRule(N_("Meta does not support this type of message. Send it in another form."), Retry.AFTER_CHANGE),
    131052: ErrorRule(
        N_("Meta could not fetch the file. Ask for it, or send it, again in another form."), Retry.AFTER_CHANGE
    ),
    131053: ErrorRule(
        N_("Meta could not take the file. Check its type and size and send it again."), Retry.AFTER_CHANGE
    ),
    131060: ErrorRule(N_("Meta cannot show this message here. Look into the WhatsApp Business app.")),
    131062: ErrorRule(N_("This needs the customer's phone number, which is not known. Ask for it.")),
    131063: ErrorRule(N_("Marketing templates are switched off for this account. Ask the operator."), Retry.OPERATOR),
    **dict.fromkeys((132000, 132005, 132007, 132012, 132018), _TEMPLATE),
    132001: ErrorRule(
        N_("The template does not exist in this language. Refresh the list and choose again."), Retry.AFTER_CHANGE
    ),
    132015: ErrorRule(N_("Meta has paused this template. Choose another one.")),
    132016: ErrorRule(N_("Meta has disabled this template. Choose another one.")),
    131037: ErrorRule(
        N_("The display name of the business number is not approved. Ask the operator."), Retry.OPERATOR, "number"
    ),
    **dict.fromkeys((131045, *range(133005, 133011), 133015, 133016), _REGISTRATION),
    137000: ErrorRule(
        N_("The customer's security code has changed. Confirm who they are, then send again."),
        Retry.CONFIRM,
        "recipient",
    ),
    # Answers without a code of Meta's carry the HTTP status in its place (`graph.GraphRefused`).
    413: ErrorRule(N_("The file is too big for Meta. Send a smaller one."), Retry.AFTER_CHANGE),
    429: _SPEED,
}
_UNKNOWN = ErrorRule(N_("Meta refused this message. The details below say why."))


def rule(code: int) -> ErrorRule:
    """The rule of `code`; for an unknown one, show the details and do not try again."""
    return RULES.get(code, _UNKNOWN)


def is_known(code: int) -> bool:
    """Whether `code` stands in the table."""
    return code in RULES
