"""Writes the man page from the commands themselves: ``python -m wptui.cli.manpage > docs/wptui.1``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from wptui import __version__, i18n
from wptui.cli.root import build

_ENVIRONMENT = {
    "WPTUI_HOME": "One folder for all files, instead of the platform's.",
    "WPTUI_CONFIG": "The settings file, instead of config.toml in the configuration folder.",
    "WPTUI_LANG": "Language, before LC_ALL, LC_MESSAGES and LANG.",
    "NO_COLOR": "When set, nothing is coloured.",
    "VISUAL, EDITOR": "The editor of `wptui config edit`.",
    "SSH_CONNECTION, SSH_TTY": "When set, the frugal mode is on unless the settings say otherwise.",
    "WPTUI_APP_SECRET, WPTUI_VERIFY_TOKEN, WPTUI_ACCESS_TOKEN": "The relay's secrets at Meta.",
    "WPTUI_GRAPH_URL, WPTUI_WABA_ID, WPTUI_PHONE_NUMBER_IDS": "The relay's Graph API, account and numbers.",
    "WPTUI_DATABASE, WPTUI_LISTEN": "Where the relay keeps its log, and the host:port it listens on.",
}


def escape(text: str) -> str:
    """*text* as roff: nothing in it is taken for a request, and nothing in it is beyond ASCII."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", text)
    text = re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)
    return re.sub(r"[^\x00-\x7f]", lambda match: f"\\[u{ord(match[0]):04X}]", text)


def _paragraphs(text: str) -> Iterator[str]:
    """A help text's paragraphs; those that click is told not to wrap (``\\b``) stay as they are."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield ".PP"
        if paragraph.startswith("\b"):
            yield from (".nf", escape(paragraph.removeprefix("\b").strip("\n")), ".fi")
        else:
            yield escape(" ".join(paragraph.split()))


def _command(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """The entry of *command* and of the commands below it."""
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield from (f'.SS "{escape(ctx.command_path)} {escape(usage)}"', *_paragraphs(command.help or ""))
    yield from _options(command, ctx)
    if isinstance(command, click.Group):
        yield from _commands(command, ctx)


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record and record[1] and "--help" not in parameter.opts:
            yield from (".TP", f"\\fB{escape(record[0])}\\fR", escape(record[1]))


def _commands(group: click.Group, ctx: click.Context) -> Iterator[str]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None and not command.hidden:
            yield from _command(command, click.Context(command, parent=ctx, info_name=name))


def page() -> str:
    """The man page, in English."""
    i18n.install("en")
    root = build()
    ctx = click.Context(root, info_name="wptui")
    lines = [
        f'.TH WPTUI 1 "" "wptui {__version__}" "User Commands"',
        ".SH NAME",
        "wptui \\- a terminal inbox for WhatsApp customer service",
        ".SH SYNOPSIS",
        ".B wptui",
        escape(" ".join(root.collect_usage_pieces(ctx))),
        ".SH DESCRIPTION",
        *_paragraphs(root.help or ""),
        ".SH OPTIONS",
        *_options(root, ctx),
        ".SH COMMANDS",
        *_commands(root, ctx),
        ".SH ENVIRONMENT",
    ]
    for names, meaning in _ENVIRONMENT.items():
        lines += [".TP", f"\\fB{escape(names)}\\fR", escape(meaning)]
    lines += [
        ".SH FILES",
        "\\fBwptui config path\\fR prints where the settings are; \\fBwptui doctor\\fR lists every folder.",
        ".SH EXIT STATUS",
        "0 done, 1 failed, 2 wrong usage.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    click.echo(page(), nl=False)
