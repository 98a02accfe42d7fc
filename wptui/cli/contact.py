"""``wptui contact``: profiles, consent, blocking, merging, and whole address lists, in and out."""

from __future__ import annotations

from pathlib import Path

import click

from wptui.cli.line import act_options, json_option, offline_option
from wptui.i18n import _


@click.group(
    help=_("Customers' profiles. CONTACT is an id, a phone number or its end, a @username, or words of the name.")
)
def contact() -> None:
    """The group."""


@contact.command("show", help=_("Print what is known of a contact: profile, past requests, orders, notes."))
@click.argument("contact", metavar="CONTACT")
@json_option()
@offline_option()
def show(contact: str, as_json: bool, offline: bool) -> int:
    """Print one."""
    from wptui.cli import contact_show

    return contact_show.show(contact, as_json=as_json, offline=offline)


@contact.command("list", help=_("Print contacts, or those that WORDS find."))
@click.argument("words", metavar="[WORDS]", nargs=-1)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help=_("How many at most."))
@json_option()
@offline_option()
def list_(words: tuple[str, ...], limit: int, as_json: bool, offline: bool) -> int:
    """Print several."""
    from wptui.cli import contact_show

    return contact_show.listed(" ".join(words), limit, as_json=as_json, offline=offline)


@contact.command("edit", help=_("Change a profile. An empty value clears it."))
@click.argument("contact", metavar="CONTACT")
@click.option("--name", help=_("Name in the address book."))
@click.option("--remark", help=_("What colleagues should know."))
@click.option("--set", "attributes", metavar="NAME=VALUE", multiple=True, help=_("An attribute; NAME= takes it away."))
@act_options
def edit(
    contact: str, name: str | None, remark: str | None, attributes: tuple[str, ...], as_json: bool, offline: bool
) -> int:
    """Change a profile."""
    from wptui.cli import contact_act

    return contact_act.edit(contact, name, remark, attributes, as_json=as_json, offline=offline)


@contact.command("merge", help=_("CONTACT and INTO are one person: everything moves to INTO."))
@click.argument("contact", metavar="CONTACT")
@click.argument("into", metavar="INTO")
@act_options
def merge(contact: str, into: str, as_json: bool, offline: bool) -> int:
    """Make two one."""
    from wptui.cli import contact_act

    return contact_act.merge(contact, into, as_json=as_json, offline=offline)


@contact.command("split", help=_("Undo the last merge by hand of CONTACT, or the one that --merge names."))
@click.argument("contact", metavar="CONTACT")
@click.option("--merge", "number", type=int, help=_("The number of the merge, as `contact show` prints it."))
@act_options
def split(contact: str, number: int | None, as_json: bool, offline: bool) -> int:
    """Make one two again."""
    from wptui.cli import contact_act

    return contact_act.split(contact, number, as_json=as_json, offline=offline)


@contact.command("block", help=_("Block a customer at Meta: they can no longer write, and are not written to."))
@click.argument("contact", metavar="CONTACT")
@act_options
def block(contact: str, as_json: bool, offline: bool) -> int:
    """Block."""
    from wptui.cli import contact_act

    return contact_act.block(contact, True, as_json=as_json, offline=offline)


@contact.command("unblock", help=_("Unblock a customer at Meta."))
@click.argument("contact", metavar="CONTACT")
@act_options
def unblock(contact: str, as_json: bool, offline: bool) -> int:
    """Unblock."""
    from wptui.cli import contact_act

    return contact_act.block(contact, False, as_json=as_json, offline=offline)


@contact.command("opt", help=_("Record whether a customer wants marketing messages."))
@click.argument("contact", metavar="CONTACT")
@click.argument("wish", metavar="in|out", type=click.Choice(("in", "out")))
@act_options
def opt(contact: str, wish: str, as_json: bool, offline: bool) -> int:
    """Record consent."""
    from wptui.cli import contact_act

    return contact_act.opt(contact, wish == "out", as_json=as_json, offline=offline)


@contact.command(
    "import",
    help=_(
        "Import an address list (CSV). Separator, encoding and columns are found out; --preview shows what would "
        "come of it. Run it again after an interruption: what is done is done once."
    ),
)
@click.argument("file", metavar="FILE.csv", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--country", default="TR", show_default=True, help=_("Country of numbers that are written without one."))
@click.option(
    "--map", "mapping", metavar="FIELD=COLUMN", multiple=True,
    help=_("Which column is phone, name, surname, remark or opted; skip leaves one out."),
)  # fmt: skip
@click.option("--preview", is_flag=True, help=_("Import nothing: show the first rows and what is wrong."))
@click.option("--no-update", is_flag=True, help=_("Fill in what is not known, and leave what is."))
@json_option()
def import_(file: Path, country: str, mapping: tuple[str, ...], preview: bool, no_update: bool, as_json: bool) -> int:
    """Import a list."""
    from wptui.cli import contact_import

    return contact_import.run_import(file, country, mapping, preview=preview, update=not no_update, as_json=as_json)


@contact.command("export", help=_("Write the contacts you see as CSV, in the form that import reads."))
@click.argument("file", metavar="[FILE.csv]", type=click.Path(path_type=Path, dir_okay=False), required=False)
@offline_option()
def export(file: Path | None, offline: bool) -> int:
    """Export."""
    from wptui.cli import contact_import

    return contact_import.run_export(file, offline=offline)
