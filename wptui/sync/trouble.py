"""Why there is no link: every error of network, relay and disk as one sentence, a next step, and when to try again."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from wptui.i18n import _
from wptui.model.errors import AuthError, LinkError, RefusedError, StorageError, WptuiError
from wptui.model.protocol import Sorry
from wptui.model.text import safe_line
from wptui.sync.http import unreachable
from wptui.sync.outbox import is_full


class Retry(StrEnum):
    """When an attempt makes sense again."""

    SOON = "soon"
    RARELY = "rarely"
    """Not until somebody has done something."""


class Trouble(WptuiError):
    """There is no link. `code` is stable and machine-readable, the message and `hint` are for the agent."""

    def __init__(self, code: str, detail: str, *, hint: str = "", retry: Retry = Retry.SOON) -> None:
        super().__init__(detail, hint=hint)
        self.code = code
        self.detail = detail
        self.retry = retry

    @classmethod
    def of(cls, sorry: Sorry) -> Trouble:
        """What a relay's `sorry` means here."""
        again = _("Sign in again: ask whoever runs the relay for a code, then `wptui login`.")
        match sorry.code:
            case "unauthorized":
                return cls(
                    sorry.code, _("The relay does not accept this terminal's token"), hint=again, retry=Retry.RARELY
                )
            case "revoked":
                return cls(
                    sorry.code, _("This terminal's access to the relay was withdrawn"), hint=again, retry=Retry.RARELY
                )
            case "older_terminal":
                return cls(
                    sorry.code,
                    _("This wptui is older than the relay's"),
                    hint=_("Update wptui on this machine; drafts and unsent messages are kept."),
                    retry=Retry.RARELY,
                )
            case "older_relay":
                return cls(
                    sorry.code,
                    _("This wptui is newer than the relay's"),
                    hint=_("Whoever runs the relay has to update it; drafts and unsent messages are kept."),
                    retry=Retry.RARELY,
                )
            case "changed":
                return cls(sorry.code, _("What you may do or see has changed"))
            case "busy":
                return cls(sorry.code, _("The relay is busy or restarting"))
        said = safe_line(sorry.message, 200)
        return cls(sorry.code, said or _("The relay refused the connection"))


def diagnose(error: BaseException) -> Trouble:
    """The trouble behind `error`. What is nobody's fault but ours has the code "bug"."""
    match error:
        case Trouble():
            return error
        case AuthError():
            return Trouble.of(Sorry(code="unauthorized"))
        case RefusedError():
            return Trouble.of(Sorry(code=error.code, message=str(error)))
        case LinkError():
            return Trouble("unreachable", str(error), hint=error.hint)
    cause = error.__cause__ if isinstance(error, StorageError) else error
    if cause is not None and is_full(cause):
        return Trouble(
            "disk_full",
            _("The disk of this machine is full, or cannot be written"),
            hint=_("Make room. Nothing is lost; it goes on by itself."),
        )
    if isinstance(error, StorageError):
        return Trouble("storage", str(error), hint=error.hint)
    if isinstance(error, sqlite3.Error):
        return Trouble("storage", _("The cache cannot be written: {error}").format(error=error))
    if isinstance(error, OSError) and error.filename is not None:
        return Trouble("storage", _("{path} cannot be used: {error}").format(path=error.filename, error=error.strerror))
    if isinstance(error, (OSError, EOFError)) or type(error).__module__.startswith(("websockets", "httpx", "ssl")):
        told = unreachable(error)
        return Trouble("unreachable", str(told), hint=told.hint)
    return Trouble("bug", _("Something went wrong in wptui itself; it tries again"))
