"""What the commands under ``wptui relay`` share."""

from __future__ import annotations

from pathlib import Path

import click

from wptui.i18n import _

CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The relay's configuration file; by default relay.toml in the configuration folder."),
)
"""`--config FILE`, handed to the command as `config_file`."""
