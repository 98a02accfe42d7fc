"""``wptui completion``: the script that teaches a shell wptui's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from wptui.i18n import _

_INSTALL = {
    "bash": "wptui completion bash > ~/.local/share/bash-completion/completions/wptui",
    "zsh": "wptui completion zsh > ~/.zfunc/_wptui",
    "fish": "wptui completion fish > ~/.config/fish/completions/wptui.fish",
}


@click.command(
    help=_("Print the completion script for SHELL. To install it, put it where the shell looks:")
    + "\n\n\b\n"
    + "\n".join(_INSTALL.values())
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script."""
    found = get_completion_class(shell)
    assert found is not None  # click has all three
    script = found(ctx.find_root().command, {}, "wptui", "_WPTUI_COMPLETE")
    click.echo(script.source_template % script.source_vars())  # without running bash to see its version
