"""``wptui config``: look at the settings, read about them, change them."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

import click

from wptui import config, paths
from wptui.config import render
from wptui.i18n import _
from wptui.model.errors import ConfigError, UsageError


@click.group("config", help=_("Show, explain and change the settings of this terminal."))
def config_group() -> None:
    """The group itself does nothing."""


@config_group.command(help=_("Print every setting with the value in force, as TOML."))
def show() -> None:
    """Print the settings in force."""
    click.echo(render.effective(config.load()), nl=False)


@config_group.command(help=_("Print where the settings file is, or would be."))
def path() -> None:
    """Print the path."""
    click.echo(str(paths.config_file()))


@config_group.command(help=_("Print what can be set, with its values and meaning, as Markdown."))
def docs() -> None:
    """Print the documentation."""
    click.echo(render.markdown(), nl=False)


@config_group.command(
    "set",
    help=_(
        "Write one setting to the file, for example `wptui config set theme light`. VALUE is TOML; "
        "a plain word needs no quotes. Comments and order in the file are kept."
    ),
)
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> None:
    """Change one setting."""
    import tomllib

    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    config.change(key, parsed)


@config_group.command(
    help=_(
        "Open the settings in $VISUAL or $EDITOR. What is saved is checked before it replaces the old "
        "file; a new file begins with every setting explained."
    )
)
def edit() -> int:
    """Edit a copy, check it, put it in place."""
    target = paths.config_file()
    before = target.read_text(encoding="utf-8") if target.exists() else render.template()
    text = before
    while True:
        text = _edited(text)
        if text == before:
            click.echo(_("Nothing changed."))
            return 0
        try:
            config.parse(text, str(target))
        except ConfigError as error:
            click.echo(str(error), err=True)
            answer = click.prompt(
                _("[e]dit again, [k]eep the old settings, or [s]ave all the same"),
                type=click.Choice(["e", "k", "s"]),
                default="e",
                show_choices=False,
                err=True,
            )
            if answer == "e":
                continue
            if answer == "k":
                return 1
        paths.write_atomic(target, text.encode())
        return 0


def _edited(text: str) -> str:
    """*text* as the user's editor leaves it."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="wptui-") as folder:  # 0700
        copy = Path(folder) / "config.toml"
        copy.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*editor, str(copy)], check=False)
        except OSError as error:
            raise UsageError(
                _("the editor {editor} cannot be started: {reason}").format(editor=editor[0], reason=error.strerror),
                hint=_("Set VISUAL or EDITOR to an editor of yours."),
            ) from error
        if done.returncode:
            raise UsageError(
                _("the editor {editor} ended with code {code}; the settings are unchanged").format(
                    editor=editor[0], code=done.returncode
                )
            )
        return copy.read_text(encoding="utf-8")
