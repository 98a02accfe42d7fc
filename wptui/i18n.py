"""Words, plural forms, numbers and dates in the agent's language.

English is the source language; catalogues lie in ``wptui/locale``. Modules import ``_`` once, at any
time: the language is looked up when it is called, so ``install`` may come later (or again).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

LANGUAGES = ("en", "tr")
LOCALE_DIR = Path(__file__).resolve().parent / "locale"

_language = "en"
_catalogue: NullTranslations | None = None


def _(message: str) -> str:
    """*message* in the installed language."""
    return message if _catalogue is None else _catalogue.gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """*singular* or *plural*, whichever the installed language uses for *n* things."""
    if _catalogue is None:
        return singular if n == 1 else plural
    return _catalogue.ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """*message* where the same English word has several translations; *context* tells them apart."""
    return message if _catalogue is None else _catalogue.pgettext(context, message)


def language() -> str:
    """The installed language, ``en`` or ``tr``."""
    return _language


def choose(wanted: str | None = None) -> str:
    """The language to use: *wanted*, else ``WPTUI_LANG``, else the locale variables, else English.

    Understands ``tr``, ``tr_TR.UTF-8``, ``tr-TR`` and the ``LANGUAGE``-less POSIX order
    ``LC_ALL``, ``LC_MESSAGES``, ``LANG``. A language without a catalogue counts as English.
    """
    for value in (
        wanted,
        *(os.environ.get(name) for name in ("WPTUI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")),
    ):
        if value:
            code = value.replace("-", "_").split(".")[0].split("_")[0].lower()
            return code if code in LANGUAGES else "en"
    return "en"


def install(lang: str | None = None) -> str:
    """Choose the language (see `choose`), load its catalogue, and return its code."""
    global _language, _catalogue
    _language = choose(lang)
    _catalogue = None
    if _language != "en":
        from gettext import translation  # imports `re` and reads files: only when there is something to read

        _catalogue = translation("wptui", LOCALE_DIR, [_language], fallback=True)
    return _language
