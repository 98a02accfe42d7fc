"""Brings the translation catalogues along with the source: ``python -m tools.messages`` (``make messages``).

Extracts every marked string of ``wptui/``, merges them into each ``wptui.po`` (what is no longer used goes,
what is new comes in untranslated), and compiles the ``wptui.mo`` beside it. Entries are sorted and carry
neither dates nor line numbers, so that a diff shows only words that changed. Both files are committed:
a plain checkout speaks Turkish without a build step. ``--check`` changes nothing and exits 1 if something
is left to do.
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "wptui"

# What click says in our command line's name; its other messages are for programmers.
CLICK: tuple[str | tuple[str, str], ...] = (
    "Aborted!",
    "Choose from:\n\t{choices}",
    "Commands",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    "Error: {message}",
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    "Invalid value for {param_hint}: {message}",
    "Invalid value: {message}",
    "Missing argument",
    "Missing command.",
    "Missing option",
    "No such command {name!r}.",
    "No such option {name!r}.",
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    "Option {name!r} does not take a value.",
    "Options",
    "Positional arguments",
    "Show the version and exit.",
    "Show this message and exit.",
    "Try '{command} {option}' for help.",
    "Usage:",
    "default: {default}",
    "required",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is not readable.",
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
)


def extract() -> Catalog:
    """Every string that can be shown, without translations."""
    template = Catalog(domain="wptui")
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in calls(path):
            texts = [text.value for text in call.texts if isinstance(text, ast.Constant)]
            if len(texts) == len(call.texts):
                template.add(tuple(texts) if len(texts) > 1 else texts[0], context=call.context)
    for message in CLICK:
        template.add(message, auto_comments=["said by click"])
    return template


class Call(NamedTuple):
    """A call of one of gettext's functions: the message, or the singular and the plural."""

    texts: list[ast.expr]
    context: str | None
    line: int


def calls(path: Path) -> Iterator[Call]:
    """Gettext's calls in *path*. From the syntax tree: babel's own extractor, which reads tokens, sees no call
    inside an f-string before Python 3.12, and takes every string of the argument for the message."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            match node.func.id, node.args:
                case (("_" | "N_"), [text, *_rest]):
                    yield Call([text], None, node.lineno)
                case "ngettext", [singular, plural, *_rest]:
                    yield Call([singular, plural], None, node.lineno)
                case "pgettext", [ast.Constant(value=context), text, *_rest]:
                    yield Call([text], context, node.lineno)


def po_files() -> list[Path]:
    """The catalogues there are, one a language."""
    return sorted((PACKAGE / "locale").glob("*/LC_MESSAGES/wptui.po"))


def read(po: Path) -> Catalog:
    """The catalogue in *po*, named after its folder."""
    with po.open("rb") as file:
        return read_po(file, locale=po.parent.parent.name, domain="wptui")


def merged(catalog: Catalog, template: Catalog) -> Catalog:
    """*catalog* with the entries of *template*: translations kept, nothing guessed, nothing obsolete."""
    catalog.update(template, no_fuzzy_matching=True, keep_user_comments=True)
    catalog.obsolete.clear()
    return catalog


def po_text(catalog: Catalog) -> bytes:
    """The ``.po`` file of *catalog*."""
    out = io.BytesIO()
    write_po(out, catalog, width=100, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    code = str(catalog.locale)
    header = (
        f"# wptui in {catalog.locale.english_name if catalog.locale else code}\n"
        'msgid ""\nmsgstr ""\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Language: {code}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    return header.encode() + out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """The ``.mo`` file of *catalog*; untranslated entries are left out, so that the English one is shown."""
    # A catalogue without a date gets today's from babel, and would be another file every minute.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def problems(catalog: Catalog) -> list[str]:
    """What keeps *catalog* from being complete: a sentence each."""
    found = []
    for message in catalog:
        if not message.id:
            continue
        name = repr(message.id if isinstance(message.id, str) else message.id[0])
        texts = [message.string] if isinstance(message.string, str) else list(message.string or [""])
        if message.fuzzy:
            found.append(f"{name} is marked fuzzy")
        elif not all(texts):
            found.append(f"{name} is not translated")
        elif not any(_placeholders(text) == wanted for wanted in _wanted(message) for text in texts):
            found.append(f"{name} has other placeholders than its translation")
        elif not all(any(_placeholders(text) == wanted for wanted in _wanted(message)) for text in texts):
            found.append(f"a form of {name} has other placeholders than its source")
    return found


def _wanted(message: Message) -> list[list[str]]:
    forms = [message.id] if isinstance(message.id, str) else list(message.id)
    return [_placeholders(form) for form in forms]


def _placeholders(text: str) -> list[str]:
    """``{name}`` and ``%(name)s`` in *text*, sorted; with stray braces, by the words in braces."""
    try:
        named = [field for _text, field, _spec, _conversion in string.Formatter().parse(text) if field is not None]
    except ValueError:
        named = re.findall(r"\{(\w*)\}", text)
    return sorted(named + re.findall(r"%\((\w+)\)", text))


def main(arguments: list[str]) -> int:
    """Update or check every catalogue; what is left to translate is printed."""
    check = arguments == ["--check"]
    template = extract()
    left = 0
    for po in po_files():
        catalog = merged(read(po), template)
        for name, data in ((po, po_text(catalog)), (po.with_suffix(".mo"), mo_bytes(catalog))):
            if not name.exists() or name.read_bytes() != data:
                if check:
                    print(f"{name.relative_to(ROOT)} is not current: make messages")
                    left += 1
                else:
                    name.write_bytes(data)
        for problem in problems(catalog):
            print(f"{po.relative_to(ROOT)}: {problem}")
            left += 1
    return 1 if left and check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
