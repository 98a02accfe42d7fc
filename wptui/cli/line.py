"""Line mode: ``wptui list|read|search`` and what changes a conversation, for scripts and screen readers.

Each command brings the cache up to date for a moment, does its work, and says in words what became of it. What it
prints is documented in docs/line-mode.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from wptui.i18n import _
from wptui.model.errors import UsageError

SORTS = ("waiting", "due", "priority", "unread", "last", "campaign", "window")
VIEWS = ("all", "mine", "unassigned", "late", "mentions", "following", "snoozed", "resolved")
STATES = ("accepted", "sent", "delivered")

Decorator = Callable[[Any], Any]


def json_option() -> Decorator:
    return click.option("--json", "as_json", is_flag=True, help=_("For programs: one JSON object."))


def offline_option() -> Decorator:
    return click.option(
        "--offline", is_flag=True, help=_("Do not connect: show what is here, and leave commands in the outbox.")
    )


def act_options(function: Any) -> Any:
    """The options every changing command has."""
    return json_option()(offline_option()(function))


@click.command(
    help=_(
        "Print the inbox, the most urgent conversation first. --filter takes what the inbox's filter line does: "
        'is:late campaign:CODE label:NAME number:NAME agent:NAME department:NAME priority:high from:NAME "words"; '
        "a minus negates."
    )
)
@click.option("--view", type=click.Choice(VIEWS), default="all", show_default=True, help=_("Which conversations."))
@click.option("--sort", type=click.Choice(SORTS), default="waiting", show_default=True, help=_("In which order."))
@click.option("--filter", "filter_line", default="", metavar="FILTER", help=_("Only those that match."))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help=_("How many at most."))
@json_option()
@offline_option()
def list_command(view: str, sort: str, filter_line: str, limit: int, as_json: bool, offline: bool) -> int:
    """Print the inbox."""
    from wptui.cli import line_show

    return line_show.inbox_list(view, sort, filter_line, limit, as_json=as_json, offline=offline)


@click.command(
    help=_("Print a conversation. ID is its id or the beginning of it, a phone number, a @username or a name.")
)
@click.argument("id", metavar="ID")
@click.option("--limit", type=click.IntRange(1, 5000), default=50, show_default=True, help=_("The last so many."))
@click.option("--ids", is_flag=True, help=_("With the id of each message at the end of its line."))
@json_option()
@offline_option()
def read_command(id: str, limit: int, ids: bool, as_json: bool, offline: bool) -> int:
    """Print a conversation."""
    from wptui.cli import line_show

    return line_show.conversation(id, limit, ids=ids, as_json=as_json, offline=offline)


@click.command(
    help=_("Search names, phone numbers and all messages on this machine, newest first. Accents do not matter.")
)
@click.argument("words", metavar="WORDS", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help=_("How many at most."))
@json_option()
@offline_option()
def search_command(words: tuple[str, ...], limit: int, as_json: bool, offline: bool) -> int:
    """Print what matches."""
    from wptui.cli import line_show

    return line_show.search(" ".join(words), limit, as_json=as_json, offline=offline)


@click.command(
    help=_(
        "Answer a customer, and print what became of it. TEXT may be - to read it from standard input. "
        "Exit code 1 if it did not get as far as --wait says, with the reason."
    )
)
@click.argument("id", metavar="ID")
@click.argument("text", metavar="[TEXT]", required=False)
@click.option("--quote", metavar="MESSAGE", help=_("Reply to this message: its id, or last."))
@click.option("--canned", metavar="SHORTCUT", help=_("Send a canned reply, its variables filled."))
@click.option("--template", metavar="NAME", help=_("Send a template: the only way when the window is closed."))
@click.option("--lang", "language", metavar="LANG", help=_("The template's language, if there are several."))
@click.option(
    "--param", "params", metavar="[KEY=]VALUE", multiple=True,
    help=_("A value of the template: by its key (body.1, header.name …), or one after the other."),
)  # fmt: skip
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=_("Send a file: photo, video, audio or document."),
)  # fmt: skip
@click.option("--caption", default="", help=_("What stands below the file."))
@click.option(
    "--wait", type=click.Choice(STATES), default="accepted", show_default=True, help=_("Until it got so far.")
)
@click.option("--timeout", type=click.FloatRange(0), default=30.0, show_default=True, help=_("Seconds to wait."))
@click.option("--force", is_flag=True, help=_("Even if a colleague has answered meanwhile."))
@act_options
def reply_command(id: str, text: str | None, as_json: bool, offline: bool, **options: Any) -> int:
    """Answer a customer."""
    given = [name for name in ("canned", "template", "file") if options[name]] + (["TEXT"] if text is not None else [])
    if len(given) != 1:
        told = _("give one of TEXT, --canned, --template and --file")
        raise UsageError(told, hint=_("Two things to say are two replies; a file's words go into --caption."))
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    from wptui.cli import line_send

    return line_send.reply(id, line_send.Wanted(text=text, **options), as_json=as_json, offline=offline)


@click.command(help=_("Write a note that only colleagues see. TEXT may be - to read it from standard input."))
@click.argument("id", metavar="ID")
@click.argument("text", metavar="TEXT")
@click.option("--mention", "mentions", metavar="AGENT", multiple=True, help=_("Call a colleague: an id or a name."))
@act_options
def note_command(id: str, text: str, mentions: tuple[str, ...], as_json: bool, offline: bool) -> int:
    """Write a note."""
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    from wptui.cli import line_act

    return line_act.note(id, text, mentions, as_json=as_json, offline=offline)


@click.command(help=_("Give a conversation to AGENT (an id or name), to me, or to nobody."))
@click.argument("id", metavar="ID")
@click.argument("agent", metavar="AGENT|me|nobody")
@act_options
def assign_command(id: str, agent: str, as_json: bool, offline: bool) -> int:
    """Give it to somebody."""
    from wptui.cli import line_act

    return line_act.assign(id, agent, as_json=as_json, offline=offline)


@click.command(help=_("Close the request: what the customer wanted is done."))
@click.argument("id", metavar="ID")
@act_options
def resolve_command(id: str, as_json: bool, offline: bool) -> int:
    """Close the request."""
    from wptui.cli import line_act

    return line_act.resolve(id, as_json=as_json, offline=offline)


@click.command(help=_("Open a resolved request again."))
@click.argument("id", metavar="ID")
@act_options
def reopen_command(id: str, as_json: bool, offline: bool) -> int:
    """Open it again."""
    from wptui.cli import line_act

    return line_act.reopen(id, as_json=as_json, offline=offline)


@click.command(
    help=_("Put a conversation aside until UNTIL: 2h, 30m, 3d, tomorrow, or a date or time like 2026-11-30T09:00; off.")
)
@click.argument("id", metavar="ID")
@click.argument("until", metavar="UNTIL")
@act_options
def snooze_command(id: str, until: str, as_json: bool, offline: bool) -> int:
    """Put it aside."""
    from wptui.cli import line_act

    return line_act.snooze(id, until, as_json=as_json, offline=offline)


@click.command(
    help=_("Put labels on a conversation (+name, or name), or take them off (-name)."),
    context_settings={"ignore_unknown_options": True},
)
@click.argument("id", metavar="ID")
@click.argument("labels", metavar="+LABEL|-LABEL", nargs=-1, required=True, type=click.UNPROCESSED)
@act_options
def label_command(id: str, labels: tuple[str, ...], as_json: bool, offline: bool) -> int:
    """Label it."""
    from wptui.cli import line_act

    return line_act.label(id, labels, as_json=as_json, offline=offline)
