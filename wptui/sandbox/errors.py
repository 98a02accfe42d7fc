"""Meta's error codes in Meta's words, and the two shapes they come in.

A refused call answers with `GraphError.as_response`; a message that was accepted and then failed brings
`as_status_error` in its ``failed`` status. Which of the two a code comes as when nobody says otherwise is
its ``sync`` field.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]

HELP = "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"


class Refusal(NamedTuple):
    """How one code is told: HTTP status, title, details, and whether it is the answer to the call itself."""

    status: int
    title: str
    details: str
    sync: bool = True


def _failed(title: str, details: str, status: int = 400) -> Refusal:
    return Refusal(status, title, details, sync=False)


CODES: dict[int, Refusal] = {
    0: Refusal(401, "AuthException", "We were unable to authenticate the app user."),
    1: Refusal(400, "API Unknown", "Invalid request or possible server error."),
    2: Refusal(503, "API Service", "Temporary due to downtime or due to being overloaded."),
    3: Refusal(500, "API Method", "Capability or permissions issue."),
    4: Refusal(400, "API Too Many Calls", "The app has reached its API call rate limit."),
    10: Refusal(403, "API Permission Denied", "Permission is either not granted or has been removed."),
    100: Refusal(400, "Invalid parameter", "The request included unsupported or misspelled parameters."),
    190: Refusal(401, "Invalid OAuth access token", "Access token has expired or cannot be parsed."),
    200: Refusal(403, "API Permission", "Permission is either not granted or has been removed."),
    368: Refusal(403, "Temporarily blocked for policies violations", "The account has been restricted."),
    80007: Refusal(400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130403: _failed("User blocked", "The business has blocked this user."),
    130429: Refusal(400, "Rate limit hit", "Cloud API message throughput has been reached."),
    130472: _failed("User's number is part of an experiment", "Message was not sent: user is in an experiment."),
    130497: Refusal(403, "Business account is restricted", "Restricted from messaging users in this country."),
    131000: Refusal(500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: Refusal(403, "Access denied", "Permission is either not granted or has been removed."),
    131008: Refusal(400, "Required parameter is missing", "The request is missing a required parameter."),
    131009: Refusal(400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: Refusal(500, "Service unavailable", "A service is temporarily unavailable."),
    131021: Refusal(400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: _failed("Message undeliverable", "Unable to deliver message to this recipient."),
    131030: Refusal(400, "Recipient phone number not in allowed list", "Add the number to the list of test numbers."),
    131031: Refusal(403, "Account has been locked", "The account is restricted or disabled for policy reasons."),
    131037: Refusal(400, "Display name approval needed", "The number's display name has not been approved yet."),
    131042: _failed("Business eligibility payment issue", "There is an error related to the payment method."),
    131045: Refusal(500, "Incorrect certificate", "Message failed to send: phone number registration error."),
    131047: _failed("Re-engagement message", "More than 24 hours have passed since the recipient last replied."),
    131048: _failed("Spam rate limit hit", "There are restrictions on how many messages this number can send."),
    131049: _failed(
        "Meta chose not to deliver",
        "This message was not delivered to maintain healthy ecosystem engagement.",
    ),
    131050: _failed("User has stopped marketing messages", "The user does not want marketing messages from you."),
    131051: Refusal(400, "Unsupported message type", "Message type is currently not supported."),
    131052: _failed("Media download error", "Unable to download the media sent by the user or under the link."),
    131053: _failed("Media upload error", "Unable to upload the media used in the message."),
    131056: Refusal(400, "Pair rate limit hit", "Too many messages sent from this number to the same recipient."),
    131057: Refusal(500, "Account in maintenance mode", "The number is being upgraded to higher throughput."),
    131062: Refusal(
        400,
        "BSUID recipients not supported",
        "Business-scoped User ID (BSUID) recipients are not supported for this message.",
    ),
    131063: _failed("Marketing through Cloud API disabled", "Marketing templates cannot be sent by Cloud API."),
    131064: Refusal(400, "Blocked for misclassification", "Templates were repeatedly put in a wrong category."),
    132000: Refusal(400, "Number of parameters does not match the expected number of params", "See the template."),
    132001: Refusal(404, "Template name does not exist in the translation", "No such template and language."),
    132005: Refusal(400, "Translated text too long", "The text with its parameters filled in is too long."),
    132007: Refusal(400, "Template content policy violated", "The template's content violates a policy."),
    132012: Refusal(400, "Parameter format does not match", "A parameter is formatted incorrectly."),
    132015: Refusal(400, "Template is paused", "The template is paused due to low quality."),
    132016: Refusal(400, "Template is disabled", "The template was paused too often and is now disabled."),
    132018: Refusal(
        400,
        "Template parameter not allowed",
        "No new lines, tabs or more than four spaces in a row in a parameter.",
    ),
    133004: Refusal(503, "Server temporarily unavailable", "Registration servers are temporarily unavailable."),
    133005: Refusal(400, "Two step verification PIN mismatch", "Two-step verification PIN incorrect."),
    133006: Refusal(400, "Phone number needs to be verified", "The number needs to be verified before registering."),
    133008: Refusal(400, "Too many two step verification PIN guesses", "Try again later."),
    133009: Refusal(400, "Two step verification PIN guessed too fast", "Try again later."),
    133010: Refusal(400, "Phone number not registered", "The number is not registered on the platform."),
    133015: Refusal(400, "Please wait a few minutes", "The number was deleted recently and is still being removed."),
    133016: Refusal(400, "Account register deregister rate limit", "Too many registrations in a short time."),
    135000: Refusal(400, "Generic user error", "Message failed to send because of an unknown error."),
    139100: Refusal(
        400,
        "Failed to block/unblock users",
        "Failed to block some users, see the block_users response list for details",
    ),
    137000: _failed("Recipient identity key mismatch", "The recipient's identity key hash does not match."),
}

UNKNOWN = Refusal(400, "Unknown error", "An error the sandbox was asked for.")


class GraphError(Exception):
    """A call is refused with Meta's *code*; *details* takes the place of the code's usual words."""

    def __init__(self, code: int, details: str | None = None, *, status: int | None = None) -> None:
        refusal = CODES.get(code, UNKNOWN)
        self.code = code
        self.status = refusal.status if status is None else status
        self.title = refusal.title
        self.details = refusal.details if details is None else details
        super().__init__(f"(#{code}) {self.title}: {self.details}")

    def as_response(self, trace: str) -> Json:
        """The answer's body, as the Graph API words it; *trace* is its ``fbtrace_id``."""
        error: Json = {
            "message": f"(#{self.code}) {self.title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": trace,
        }
        if self.code == 190:
            error["error_subcode"] = 463
        return {"error": error}


def as_status_error(code: int) -> Json:
    """One item of ``statuses[].errors`` for *code*."""
    refusal = CODES.get(code, UNKNOWN)
    return {
        "code": code,
        "title": refusal.title,
        "message": refusal.title,
        "error_data": {"details": refusal.details},
        "href": HELP,
    }
