"""The relay's refusals in words, each with the keys that help."""

from __future__ import annotations

from collections.abc import Callable

from wptui.i18n import N_, _, format_ago
from wptui.screens.desk import Desk
from wptui.sync.outbox import Pending
from wptui.widgets.outbox_pane import Refusal

Label = Callable[[str], str]
"""The key of a command, as shown."""

_WORDS: dict[str, str] = {
    "window_closed": N_("The 24-hour window is closed: only a template can go out."),
    "answered_meanwhile": N_("A colleague answered meanwhile."),
    "not_found": N_("The relay does not know this conversation or message any more."),
    "already_assigned": N_("A colleague was faster: it is assigned already."),
    "too_long": N_("The text is too long."),
    "forbidden": N_("Your role may not do this."),
    "invalid": N_("The relay did not understand the command."),
    "malformed": N_("The relay did not understand the command."),
    "changed_meanwhile": N_("Somebody changed it meanwhile."),
    "not_retryable": N_("This message cannot be sent again."),
    "no_recipient": N_("There is no address to answer this customer at."),
    "media_missing": N_("The relay no longer has the file. Attach it again."),
}


def words(code: str, message: str) -> str:
    """Why a command was refused. The relay's own words where the code is new to us."""
    known = _WORDS.get(code)
    return _(known) if known else message or _("The relay refused ({code}).").format(code=code)


def explain(desk: Desk, item: Pending, label: Label) -> Refusal:
    """The refusal of a message or note, with the keys that help."""
    back = (label("app.back"), _("edit"))
    drop = (label("composer.give_up"), _("discard"))
    match item.code:
        case "answered_meanwhile":
            return Refusal(_who_answered(desk, item), ((label("composer.force"), _("send anyway")), back, drop))
        case "window_closed":
            return Refusal(words(item.code, item.message), ((label("composer.template"), _("template")), back, drop))
    return Refusal(words(item.code, item.message), (back, drop))


def _who_answered(desk: Desk, item: Pending) -> str:
    found = desk.db.execute(
        "SELECT author, ts FROM messages WHERE conversation = ? AND dir = 'out' AND automatic = 0 AND author <> ? "
        "ORDER BY ts DESC, seq DESC LIMIT 1",
        (item.conversation, f"agent:{desk.me}"),
    ).fetchone()
    if found is None:
        return words(item.code, item.message)
    author = desk.name(str(found[0]).removeprefix("agent:"))
    return _("{name} answered {time} ago: send anyway?").format(name=author, time=format_ago(desk.now() - found[1]))
