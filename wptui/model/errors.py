"""The errors wptui raises, as one tree.

WptuiError                what a user may be shown: a sentence, and a hint at the next step
├── ConfigError           a setting is missing or wrong (names file, line, key)
├── UsageError            the command was asked for something it does not do (exit code 2)
├── AuthError             a token, code or signature was refused
├── LinkError             the relay or Meta cannot be reached, or speaks another version
├── RefusedError          a command was refused by the relay; `code` says why
├── ConflictError         somebody else was faster (compare-and-set failed)
└── StorageError          a database or file could not be read or written
"""

from __future__ import annotations


class WptuiError(Exception):
    """Base of all errors that are told to a user. `hint` says what to do next, if anything."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(WptuiError):
    """A setting is missing, unknown or wrong. The message names the file, the line and the key."""


class UsageError(WptuiError):
    """The command line asked for something that cannot be done so."""


class AuthError(WptuiError):
    """A token, one-time code or signature was refused."""


class LinkError(WptuiError):
    """The other side cannot be reached, or speaks a version this side does not understand."""


class RefusedError(WptuiError):
    """The relay refused a command; `code` is stable and machine-readable."""

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class ConflictError(WptuiError):
    """Compare-and-set failed: the version expected is not the one found."""


class StorageError(WptuiError):
    """A database or file could not be read or written."""
