"""Single changes to a document, as a form makes them: everything else stays as it was written, comments too."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wptui.editing import canned, documents
from wptui.editing.documents import Bench
from wptui.editing.findings import Finding
from wptui.i18n import _
from wptui.model.errors import ConflictError, RefusedError

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """What to do to the table at `at`, () for the document itself: values by key, None takes a key away.

    With `remove` the whole table goes. `before` is the table as the agent saw it (None for one that is new), so that
    a colleague's change of the same table is not lost.
    """

    at: Keys
    values: Mapping[Keys, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    remove: bool = False


def table_at(text: str, at: Keys) -> dict[str, Any] | None:
    """The table at `at` in a valid document; None where there is none."""
    found: Any = tomllib.loads(text)
    for name in at:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def applied(text: str, change: Change) -> str:
    """A valid document with `change`."""
    import tomlkit

    document = tomlkit.parse(text)
    if change.remove:
        *parents, last = change.at
        holder = _walk(document, tuple(parents), make=False)
        if holder is not None and last in holder:
            del holder[last]
        return tomlkit.dumps(document)
    table = _walk(document, change.at, make=True)
    for path, value in change.values.items():
        *parents, last = path
        if value is None:
            inner = _walk(table, tuple(parents), make=False)
            if inner is not None and last in inner:
                del inner[last]
                if parents and not inner:
                    _drop_empty(table, tuple(parents))
        else:
            inner = _walk(table, tuple(parents), make=True)
            if last not in inner:
                _add(inner, last, _item(value))
            elif inner[last] != value:
                inner[last] = _item(value)
    return tomlkit.dumps(document)


def _walk(table: Any, path: Keys, *, make: bool) -> Any:
    import tomlkit

    for name in path:
        if name not in table:
            if not make:
                return None
            if isinstance(table, tomlkit.TOMLDocument) and len(table):
                table.add(tomlkit.nl())
            table[name] = tomlkit.table()
        table = table[name]
    return table


def _add(table: Any, key: str, item: Any) -> None:
    """Adds a key behind the table's last, before comments that already belong to what follows."""
    from tomlkit.container import Container
    from tomlkit.items import Table

    body = table.value if isinstance(table, Table) else table
    found = [name for name, value in body.body if name is not None and not isinstance(value, Table)]
    if isinstance(body, Container) and found:
        body._insert_after(found[-1], key, item)  # tomlkit's own `append` goes behind those comments
    else:
        table[key] = item


def _drop_empty(table: Any, path: Keys) -> None:
    *parents, last = path
    holder = _walk(table, tuple(parents), make=False)
    if holder is not None and last in holder and not holder[last]:
        del holder[last]


def _item(value: Any) -> Any:
    """A value as TOML: text over several lines where it has them."""
    import tomlkit

    if isinstance(value, str):
        return tomlkit.parse(f"x = {canned.string(value)}\n")["x"]
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        array = tomlkit.array()
        for each in value:
            inline = tomlkit.inline_table()
            inline.update(each)
            array.append(inline)
        return array.multiline(len(value) > 1)
    return value


async def submit(bench: Bench, kind: str, change: Change, *, own: bool) -> list[Finding]:
    """Applies `change` to the document as it is now, and saves it. What keeps it from being saved, or nothing.

    Raises ConflictError where a colleague changed the same table since the agent saw it, RefusedError and other
    WptuiError where the relay would not have it or cannot be reached.
    """
    for _try in range(3):
        source = documents.source(bench.db, kind, bench.agent, own=own)
        text = source.entries
        now = table_at(text, change.at)
        if now != change.before and not (now is None and not change.before):
            raise ConflictError(_("A colleague has changed it meanwhile: look at it once more."))
        new = applied(text, change)
        if new == text:
            return []
        findings = documents.check(bench.db, kind, new, bench.agent)
        if any(finding.wrong for finding in findings):
            return [finding for finding in findings if finding.wrong]
        try:
            await documents.save(bench, kind, new, source.revision, own=own)
            return []
        except RefusedError as error:
            if not documents.changed_meanwhile(error) or not await documents.arrived(bench, source):
                raise
    raise ConflictError(_("A colleague has changed it meanwhile: look at it once more."))
