"""Writes docs/events.md from the event classes: `python -m tools.event_catalogue [--check]`."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from types import ModuleType

from wptui.model.events import contacts, conversations, messages, workspace

TARGET = Path(__file__).parents[1] / "docs" / "events.md"

HEAD = """# Event catalogue

Generated from `wptui/model/events/` by `make docs`; a test keeps it current.

An event is `{seq, at, actor, conversation?, type, data}`, as `wptui relay events --json` prints it, one a line.
`seq` is dense and increasing, `at` the relay's clock in Unix milliseconds; every `ts` is a WhatsApp timestamp in
Unix seconds. A reader keeps and skips types and fields it does not know. Fields with a default are left out where
they hold it.
"""


def catalogue() -> str:
    """The catalogue as Markdown."""
    parts = [HEAD]
    for module in (messages, conversations, contacts, workspace):
        parts.append(f"\n## {(module.__doc__ or '').strip().rstrip('.')}\n")
        parts += _classes(module)
    return "".join(parts)


def _classes(module: ModuleType) -> list[str]:
    lines: list[str] = []
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        name = next(
            (
                d.args[0].value
                for d in node.decorator_list
                if isinstance(d, ast.Call) and isinstance(d.args[0], ast.Constant)
            ),
            None,
        )
        doc = " ".join((ast.get_docstring(node) or "").split())
        lines.append(f"\n### {f'`{name}`' if name else node.name}\n\n{doc}\n")
        fields = _fields(node)
        if fields:
            lines.append("\n| field | type | meaning |\n|---|---|---|\n" + "".join(fields))
    return lines


def _fields(node: ast.ClassDef) -> list[str]:
    rows: list[str] = []
    for item, following in zip(node.body, [*node.body[1:], None], strict=True):
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        meaning = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            meaning = " ".join(str(following.value.value).split())
        kind = ast.unparse(item.annotation).replace("|", "\\|")
        default = f" = {ast.unparse(item.value)}" if item.value is not None else ""
        rows.append(f"| `{item.target.id}` | `{kind}{default}` | {meaning} |\n")
    return rows


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text("utf-8") != catalogue())
    TARGET.write_text(catalogue(), "utf-8")
