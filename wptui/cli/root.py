"""The click root: global options, and the table of subcommands, each imported when it is called."""

from __future__ import annotations

import gettext
import os
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from wptui import __version__, config, i18n
from wptui.i18n import LANGUAGES, N_, _
from wptui.model.errors import ConfigError


class Entry(NamedTuple):
    """Where a subcommand lives, and what it is for."""

    place: str  # "module:attribute"
    summary: str


COMMANDS = {
    "demo": Entry("wptui.cli.demo:demo", N_("Try wptui: sandbox, relay and terminal at once.")),
    "login": Entry("wptui.cli.login:login", N_("Connect this terminal to a relay.")),
    "logout": Entry("wptui.cli.login:logout", N_("Forget the relay's token and the cache.")),
    "list": Entry("wptui.cli.line:list_command", N_("Print the inbox.")),
    "read": Entry("wptui.cli.line:read_command", N_("Print a conversation.")),
    "reply": Entry("wptui.cli.line:reply_command", N_("Answer a customer.")),
    "note": Entry("wptui.cli.line:note_command", N_("Write a note that only colleagues see.")),
    "assign": Entry("wptui.cli.line:assign_command", N_("Give a conversation to an agent.")),
    "resolve": Entry("wptui.cli.line:resolve_command", N_("Close a request.")),
    "reopen": Entry("wptui.cli.line:reopen_command", N_("Open a resolved request again.")),
    "snooze": Entry("wptui.cli.line:snooze_command", N_("Put a conversation aside until later.")),
    "label": Entry("wptui.cli.line:label_command", N_("Put labels on a conversation, or take them off.")),
    "transfer": Entry("wptui.cli.line_team:transfer_command", N_("Move a conversation to another department.")),
    "priority": Entry("wptui.cli.line_team:priority_command", N_("Set how urgent a conversation is.")),
    "follow": Entry("wptui.cli.line_team:follow_command", N_("Be told of what happens in a conversation.")),
    "macro": Entry("wptui.cli.line_team:macro_command", N_("Do a macro's acts in a conversation.")),
    "mentions": Entry("wptui.cli.line_team:mentions_command", N_("Print the notes that call you.")),
    "team": Entry("wptui.cli.line_team:team_command", N_("Print who is on duty and who waits.")),
    "duty": Entry("wptui.cli.line_team:duty_command", N_("Print your duty, or set it.")),
    "hours": Entry("wptui.cli.hours:hours_command", N_("Print whether it is open, and when it opens next.")),
    "search": Entry("wptui.cli.line:search_command", N_("Search all messages.")),
    "contact": Entry("wptui.cli.contact:contact", N_("Show, edit, merge, block, import and export contacts.")),
    "link": Entry("wptui.cli.link:link_command", N_("Make a wa.me link and its QR code.")),
    "edit": Entry("wptui.cli.edit:edit", N_("Edit canned replies and the team's settings.")),
    "rules": Entry("wptui.cli.rules:rules", N_("What the relay does by itself, and would have done.")),
    "agents": Entry("wptui.cli.agents:agents", N_("Who may sign in, and as what.")),
    "audit": Entry("wptui.cli.agents:audit_command", N_("Who did what, and when.")),
    "config": Entry("wptui.cli.config:config_group", N_("Show, explain and change the settings.")),
    "doctor": Entry("wptui.cli.doctor:doctor", N_("Check terminal, files, cache and connection.")),
    "completion": Entry("wptui.cli.completion:completion", N_("Print a shell's completion script.")),
    "relay": Entry("wptui.cli.relay:relay", N_("Run and manage the server.")),
    "sandbox": Entry("wptui.cli.sandbox:sandbox", N_("Run a WhatsApp Cloud API to develop against.")),
}


class LazyGroup(click.Group):
    """A group whose commands come from `COMMANDS`: help lists them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _colon, attribute = entry.place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(entry.summary)) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [
            CompletionItem(name, help=_(entry.summary))
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)


def build() -> click.Group:
    """The root command, its texts in the installed language."""

    @click.group(
        cls=LazyGroup,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        help=_(
            "A terminal inbox for WhatsApp customer service. Without a command: the inbox itself, "
            "sorted by who needs an answer first."
        ),
        epilog=_("Exit codes: 0 done, 1 failed, 2 wrong usage."),
    )
    @click.version_option(__version__, "-V", "--version", prog_name="wptui", message="%(prog)s %(version)s")
    @click.option("--lang", type=click.Choice(LANGUAGES), help=_("Language, before the setting and the locale."))
    @click.pass_context
    def root(ctx: click.Context, lang: str | None) -> Any:
        if ctx.invoked_subcommand is None:
            from wptui.cli.terminal import open_terminal

            return open_terminal(lang)
        return None

    return root


def run(arguments: list[str]) -> int:
    """Parse *arguments* and run the command they name; returns the exit code.

    Raises WptuiError as the command does; wrong usage has been told when 2 is returned.
    """
    install_language(_wanted_language(arguments))
    try:
        result = build().main(arguments, prog_name="wptui", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 1
    return result if isinstance(result, int) else 0


def _wanted_language(arguments: list[str]) -> str | None:
    """``--lang`` before the first subcommand: help texts are made before click parses anything."""
    for position, argument in enumerate(arguments):
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
        if argument in COMMANDS:
            break
    return None


def install_language(wanted: str | None) -> None:
    """Install the language of *wanted*, the settings or the environment, for our texts and click's."""
    setting = None
    try:
        setting = config.load().lang
    except ConfigError:
        pass  # told by the commands that need the settings; `wptui config edit` must still work
    # click asks the process-wide gettext for "Usage:" and its errors: give it our catalogue
    if i18n.install(wanted, setting) == "en":
        gettext.textdomain("messages")
    else:
        gettext.bindtextdomain("wptui", i18n.LOCALE_DIR)
        gettext.textdomain("wptui")
        os.environ["LANGUAGE"] = i18n.language()
