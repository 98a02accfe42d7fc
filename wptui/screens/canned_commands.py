"""Commands of canned replies: choose, save, delete; shared ones and one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wptui.i18n import _, ngettext
from wptui.model.canned import fill, variant
from wptui.model.commands import RemoveCanned, SaveCanned
from wptui.store.variables import known_values, language
from wptui.widgets.choices import Choice
from wptui.widgets.composer import PLACE
from wptui.widgets.render.cells import Line, wrap

if TYPE_CHECKING:
    from wptui.screens.desk import Desk
    from wptui.screens.main import MainScreen


class Reply(NamedTuple):
    """A canned reply for one customer: `text` in their `language` ("" for the plain text) and filled."""

    shortcut: str
    own: bool
    title: str
    text: str
    language: str
    media: str
    filename: str
    uses: int


def replies(desk: Desk, conversation: str) -> list[Reply]:
    """What the agent may use in a conversation, the most used first; one's own hides a shared one of its name."""
    values = known_values(desk.db, conversation, agent=desk.my_name, now=int(desk.now()))
    wanted = language(desk.db, conversation)
    uses = dict(desk.db.execute("SELECT canned, COUNT(*) FROM messages WHERE canned <> '' GROUP BY canned"))
    found: dict[str, Reply] = {}
    for owner, shortcut, text, title, texts, media, filename in desk.db.execute(
        "SELECT owner, shortcut, text, title, texts, media, filename FROM canned WHERE owner IN ('', ?) "
        "ORDER BY owner, shortcut",
        (desk.me,),
    ):
        variants: dict[str, str] = msgspec.json.decode(texts)
        chosen = variant(text, variants, wanted)
        code = next((code for code, each in variants.items() if each == chosen), "") if chosen != text else ""
        found[shortcut] = Reply(
            shortcut, bool(owner), title, fill(chosen, values), code, media, filename, uses.get(shortcut, 0)
        )
    return sorted(found.values(), key=lambda each: (-each.uses, each.shortcut))


def marked_places(text: str, cells: int) -> list[Line]:
    """Text filled into `cells`, what is still to be filled in marked."""
    lines: list[Line] = []
    for start, end in wrap(text, max(10, cells - 2)):
        line: Line = [(" ", "")]
        at = start
        for found in PLACE.finditer(text, start, end):
            line += [(text[at : found.start()], ""), (found.group(), "warning")]
            at = found.end()
        lines.append([*line, (text[at:end], "")])
    return lines


class CannedCommands:
    """What is about stored answers."""

    main: MainScreen

    def focus(self) -> None:
        """To the composer of the conversation."""
        raise NotImplementedError

    def canned(self) -> None:
        """Chooses a canned reply; it is written into the composer and not sent."""
        from wptui.screens.picker import Picker

        self.focus()
        chat, desk = self.main.chat, self.main.wptui.desk
        if chat.row is None:
            return
        found = {each.shortcut: each for each in replies(desk, chat.row.id)}
        choices: list[Choice] = []
        for each in found.values():
            told = [
                _("own") if each.own else "",
                each.language,
                each.filename or (_("file") if each.media else ""),
                each.title or each.text.split("\n", 1)[0],
            ]
            detail = " · ".join(part for part in told if part)
            times = ngettext("{n} use", "{n} uses", each.uses).format(n=each.uses) if each.uses else ""
            words = f"{each.shortcut} {each.text}"
            choices.append(Choice(each.shortcut, f"/{each.shortcut.lstrip('/')}", detail, times, words))

        def preview(choice: Choice, cells: int) -> list[Line]:
            return marked_places(found[choice.id].text, cells)

        def chosen(shortcut: str | None) -> None:
            if shortcut is not None:
                reply = found[shortcut]
                chat.take_note(False)
                chat.composer.insert(reply.text)
                chat.canned = shortcut
                if reply.media:
                    chat.enclose(reply.media, reply.filename or reply.media)
                self.main.renew_hints()
            self.main.set_focus(chat.composer.editor)

        empty = _("No canned replies yet. Write one, then “{title}” in {key}.").format(
            title=_("Save as canned reply"), key=self.main.wptui.keymap.label("app.palette")
        )
        self.main.app.push_screen(Picker(_("Canned replies"), choices, preview=preview, empty=empty), chosen)

    def save_canned(self) -> None:
        """Keeps what is written as a canned reply, for everybody or for oneself."""
        text = self.main.chat.composer.text.strip()
        if not text:
            self.main.banner.say(_("Write the reply first; {{customer.first_name|…}} becomes the customer's name."))
            return
        desk = self.main.wptui.desk
        if not desk.may("canned.edit"):
            self._name_canned(text, own=True)
            return
        if not desk.may("canned.own"):
            self._name_canned(text, own=False)
            return
        from wptui.screens.picker import Picker

        def chosen(whose: str | None) -> None:
            if whose is not None:
                self._name_canned(text, own=whose == "own")

        choices = [Choice("shared", _("for everybody")), Choice("own", _("for me"))]
        self.main.app.push_screen(Picker(_("Save as canned reply"), choices), chosen)

    def _name_canned(self, text: str, *, own: bool) -> None:
        from wptui.screens.form import Field, Form, Values

        fields = [
            Field("shortcut", _("Shortcut"), placeholder="kargo"),
            Field("title", _("Title"), optional=True),
        ]

        def check(values: Values) -> tuple[str, str] | None:
            word = values["shortcut"].lstrip("/")
            return None if word and " " not in word else ("shortcut", _("One word, without blanks."))

        def chosen(values: Values | None) -> None:
            if values is None:
                return
            word = values["shortcut"].lstrip("/")
            command = SaveCanned(shortcut=word, text=text, title=values["title"], own=own)
            self.main.wptui.desk.give(None, command)
            told = _("Saved for you as /{shortcut}.") if own else _("Saved for everybody as /{shortcut}.")
            self.main.banner.say(told.format(shortcut=word))

        self.main.app.push_screen(Form(_("Save as canned reply"), fields, check=check, button=_("save")), chosen)

    def remove_canned(self) -> None:
        """Deletes a canned reply: one's own, or for everybody."""
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        choices: list[Choice] = []
        for owner, shortcut, title in desk.db.execute(
            "SELECT owner, shortcut, title FROM canned WHERE owner IN ('', ?) ORDER BY owner DESC, shortcut", (desk.me,)
        ):
            if desk.may("canned.own" if owner else "canned.edit"):
                detail = " · ".join(part for part in (_("own") if owner else "", title) if part)
                choices.append(Choice(f"{int(bool(owner))}{shortcut}", f"/{shortcut}", detail))

        def chosen(id: str | None) -> None:
            if id is not None:
                own, shortcut = id[0] == "1", id[1:]
                desk.give(None, RemoveCanned(shortcut=shortcut, own=own))
                told = _("Your /{shortcut} is deleted.") if own else _("/{shortcut} is deleted for everybody.")
                self.main.banner.say(told.format(shortcut=shortcut))

        self.main.app.push_screen(Picker(_("Delete a canned reply"), choices), chosen)
