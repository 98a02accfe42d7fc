"""A customer's profile: who they are, and all that was between them and the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import _, format_duration, ngettext
from wptui.model.commands import AnyCommand, BlockContact, EditContact, MergeContacts, OptContact, SplitContact
from wptui.model.errors import WptuiError
from wptui.model.text import safe_line
from wptui.screens.dialogue import DialogueTitle, TextLines, Told
from wptui.screens.form import Field, Form, Values
from wptui.screens.terminal import clipboard
from wptui.store import people
from wptui.store.audit import actor_name
from wptui.store.people import Merge, PastRequest, Profile
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.footer import Hints
from wptui.widgets.render.cells import Line, clip, simple, wrap
from wptui.widgets.render.words import when

if TYPE_CHECKING:
    from wptui.app import WptuiApp
    from wptui.screens.desk import Desk

EVERY = 0.5
"""Seconds between two looks at what became of a command, and at what is new."""
ATTRIBUTES = 6
"""Attributes in the form: more do not fit into a small window."""

Place = tuple[str, str]
"""(conversation, message) to jump to."""


class ContactScreen(Screen["Place"]):
    """Answers the place in a thread to jump to, the message "" where there is none; or None."""

    DEFAULT_CSS = """
    ContactScreen ChoiceList { height: 1fr; }
    ContactScreen #head { height: 6; }
    """

    def __init__(self, desk: Desk, contact: str) -> None:
        super().__init__()
        self._desk = desk
        self._contact = contact
        self._profile: Profile | None = None
        self._title = DialogueTitle(_("Profile"))
        self.head = TextLines(id="head")
        self.list = ChoiceList()
        self._told = Told()
        self._hints = Hints()
        self._places: dict[str, Place] = {}
        self._given: dict[str, str] = {}
        """Commands whose outcome is awaited, with what to say when they are done."""

    def compose(self) -> ComposeResult:
        yield self._title
        yield self.head
        yield self.list
        yield self._told
        yield self._hints

    def on_mount(self) -> None:
        """Shows what is known."""
        self.list.empty = _("No requests, orders or notes yet.")
        self._renew(first=True)
        self.set_interval(EVERY, self._look)

    def on_resize(self, event: events.Resize) -> None:
        """Another width, other lines."""
        self.call_after_refresh(self._show_head)

    def _look(self) -> None:
        for id, told in list(self._given.items()):
            result = self._desk.outbox.outcome(id)
            if result is None:
                continue
            del self._given[id]
            if not result.ok:
                self._desk.outbox.drop(id)
            self._told.say(told if result.ok else result.message or result.code, "ok" if result.ok else "error")
        self._renew()

    def _renew(self, *, first: bool = False) -> None:
        profile = people.profile(self._desk.db, self._contact)
        if profile == self._profile and not first:
            return
        self._profile = profile
        if profile is None:
            self._told.say(_("This contact does not exist (any more)."), "error")
            self.list.offer([])
            return
        self._show_head()
        self._offer(profile)
        self._show_hints(profile)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────

    def _show_head(self) -> None:
        if self._profile is None:
            return
        lines = self.head_lines(self._profile, max(20, self.size.width))
        self.head.styles.height = min(len(lines), max(3, self.size.height // 2))
        self.head.show(lines)

    def head_lines(self, profile: Profile, cells: int) -> list[Line]:
        """Who they are, in lines of `cells`."""
        person = profile.person
        now = int(self._desk.now())
        lines: list[Line] = [[(" ", ""), (clip(simple(person.title), cells - 2), "heading")]]
        facts = [person.phone, f"@{person.username}" if person.username else ""]
        facts += [_("profile name {name}").format(name=person.name)] if person.name not in ("", person.title) else []
        facts += [_("since {time}").format(time=when(person.since, now, None))] if person.since else []
        facts += [ngettext("{n} request", "{n} requests", len(profile.requests)).format(n=len(profile.requests))]
        lines += self._filled("  ".join(fact for fact in facts if fact), cells)
        if person.blocked:
            lines.append([(f" {_('Blocked: can neither write nor be written to.')}", "error")])
        if person.opted_out:
            lines.append([(f" {_('Does not want marketing messages.')}", "warning")])
        elif person.opted_at:
            lines.append([(f" {_('Agreed to marketing messages.')}", "ok")])
        known = [
            alias.value + (f" ({_('former')})" if alias.retired else "")
            for alias in person.aliases
            if alias.value not in (person.phone.removeprefix("+"), person.username)
        ]
        if known:
            lines += self._filled(_("Also known as {names}").format(names=", ".join(known)), cells, "muted")
        if person.attributes:
            pairs = [f"{name}: {value}" for name, value in sorted(person.attributes.items())]
            lines += self._filled("   ".join(pairs), cells)
        if profile.campaigns:
            codes = [f"{code} ×{count}" if count > 1 else code for code, count in profile.campaigns]
            lines += self._filled(_("Campaigns {codes}").format(codes=", ".join(codes)), cells)
        if person.remark:
            lines += self._filled(person.remark.replace("\n", " / "), cells, "note")
        return lines

    def _filled(self, text: str, cells: int, style: str = "") -> list[Line]:
        text = simple(text)
        return [[(" ", ""), (text[begin:end], style)] for begin, end in wrap(text, cells - 2)[:3]]

    def _offer(self, profile: Profile) -> None:
        now = int(self._desk.now())
        found: list[tuple[int, Choice]] = []
        self._places = {}

        def add(id: str, ts: int, title: str, detail: str, place: Place | None, style: str = "") -> None:
            found.append((ts, Choice(id, safe_line(title, 200), safe_line(detail, 300), when(ts, now, None),
                                     style=style)))  # fmt: skip
            if place is not None:
                self._places[id] = place

        for request in profile.requests:
            title, detail = self._request(request)
            place = (request.conversation, request.opened_message)
            add(f"request:{request.id}", request.opened_at, title, detail, place)
        for order in profile.orders:
            totals = ", ".join(f"{total} {currency}" for currency, total in order.totals.items())
            count = ngettext("{n} item", "{n} items", order.items).format(n=order.items)
            detail = "  ".join(filter(None, (totals, order.text)))
            add(f"order:{order.message}", order.ts, _("Order, {count}").format(count=count), detail,
                (order.conversation, order.message))  # fmt: skip
        for note in profile.notes:
            title = _("Note by {name}").format(name=self._who(note.author))
            add(f"note:{note.message}", note.ts, title, note.text, (note.conversation, note.message), "note")
        for merge in profile.merges:
            add(f"merge:{merge.seq}", merge.at, *self._merge(merge), None, "muted" if merge.undone else "")
        found.sort(key=lambda each: -each[0])
        chosen = self.list.chosen
        choices = [choice for _ts, choice in found]
        at = next((n for n, each in enumerate(choices) if chosen is not None and each.id == chosen.id), 0)
        self.list.offer(choices, at)

    def _request(self, request: PastRequest) -> tuple[str, str]:
        answer = request.first_response
        if answer is not None:
            text = _("answered in {time} by {name}")
            told = [text.format(time=format_duration(answer), name=self._who(request.first_response_by))]
        else:
            told = [_("not answered")]
        if request.resolved_at is not None:
            told.append(_("resolved by {name}").format(name=self._who(request.resolved_by)))
        told += [request.campaign] if request.campaign else []
        told += [f"CSAT {request.csat}/5"] if request.csat is not None else []
        told += [f"NPS {request.nps}/10"] if request.nps is not None else []
        return (_("Request") if request.resolved_at is not None else _("Request, open")), ", ".join(told)

    def _merge(self, merge: Merge) -> tuple[str, str]:
        name = merge.title or merge.contact
        if not merge.by_hand:
            return _("Merged with {name}").format(name=name), _("Meta named both as one customer")
        detail = _("undone") if merge.undone else _("by {name}").format(name=self._who(merge.by))
        return _("Merged with {name}").format(name=name), detail

    def _who(self, actor: str) -> str:
        return actor_name(actor, self._desk.agents)

    def _show_hints(self, profile: Profile) -> None:
        may = self._desk.may
        hints = [("enter", _("open"))] if profile.requests or profile.notes or profile.orders else []
        hints += [("e", _("edit")), ("o", _("consent"))] if may("contact.edit") else []
        hints += [("b", _("unblock") if profile.person.blocked else _("block"))] if may("contact.block") else []
        if may("contact.merge"):
            hints.append(("m", _("merge")))
            hints += [("u", _("undo merge"))] if self._undoable() else []
        hints += [("y", _("copy number"))] if profile.person.phone else []
        self._hints.show([*hints, ("esc", _("back"))])

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Moves, acts, opens or leaves."""
        acts = {"e": self._edit, "o": self._opt, "b": self._block, "m": self._merge_with, "u": self._undo,
                "y": self._copy, "enter": self._open}  # fmt: skip
        if event.key in ("escape", "q", "P"):
            self.dismiss(None)
        elif event.key in acts:
            acts[event.key]()
        elif not self.list.step(event.key):
            return
        event.stop()
        event.prevent_default()

    def on_choice_list_picked(self) -> None:
        """A click opens."""
        self._open()

    def _open(self) -> None:
        chosen = self.list.chosen
        if chosen is not None and chosen.id in self._places:
            self.dismiss(self._places[chosen.id])
        elif chosen is None and self._profile is not None and self._profile.person.conversations:
            self.dismiss((self._profile.person.conversations[0][0], ""))

    def _may(self, permission: str) -> bool:
        if self._desk.may(permission):
            return True
        self._told.say(_("Your role does not allow this."), "warning")
        return False

    def _give(self, command: AnyCommand, told: str) -> None:
        try:
            self._given[self._desk.give(None, command)] = told
        except WptuiError as error:
            self._told.say(f"{error} {error.hint}".strip(), "error")
            return
        connected = self._desk.state is not None and self._desk.state.connected
        self._told.say(_("Asking the relay…") if connected else _("It goes out with the next connection."))

    def _copy(self) -> None:
        phone = self._profile.person.phone if self._profile is not None else ""
        sequence = clipboard(phone) if phone else None
        if sequence is None:
            self._told.say(_("The number is not known."), "warning")
            return
        app: WptuiApp = self.app  # type: ignore[assignment]
        app.tell_terminal(sequence)
        self._told.say(_("Handed to the terminal's clipboard, if it allows it."))

    def _edit(self) -> None:
        if self._profile is None or not self._may("contact.edit"):
            return
        person = self._profile.person
        names = sorted(person.attributes)[:ATTRIBUTES]
        fields = [
            Field("name", _("Name in the address book"), person.book_name, person.name, optional=True),
            Field("remark", _("Remark"), person.remark.replace("\n", " / "), optional=True),
            *(Field(f"={name}", name, person.attributes[name], optional=True) for name in names),
            Field("new", _("New attribute"), placeholder=_("size = M"), optional=True),
        ]

        def check(values: Values) -> tuple[str, str] | None:
            if values["new"] and not all(part.strip() for part in values["new"].partition("=")):
                return "new", _("Write it as name = value.")
            return None

        def chosen(values: Values | None) -> None:
            if values is None:
                return
            attributes: dict[str, str | None] = {
                name: values[f"={name}"] or None for name in names if values[f"={name}"] != person.attributes[name]
            }
            if values["new"]:
                name, _equals, value = values["new"].partition("=")
                attributes[name.strip()] = value.strip()
            remark = None if values["remark"] == fields[1].value else values["remark"].replace(" / ", "\n")
            wanted = None if values["name"] == person.book_name else values["name"]
            if attributes or remark is not None or wanted is not None:
                command = EditContact(contact=person.id, name=wanted, remark=remark, attributes=attributes)
                self._give(command, _("Saved."))

        title = _("Profile of {name}").format(name=person.title)
        self.app.push_screen(Form(title, fields, check=check, button=_("save")), chosen)

    def _opt(self) -> None:
        if self._profile is None or not self._may("contact.edit"):
            return
        out = not self._profile.person.opted_out
        told = _("Does not want marketing messages.") if out else _("Wants marketing messages.")
        self._give(OptContact(contact=self._contact, out=out), told)

    def _block(self) -> None:
        if self._profile is None or not self._may("contact.block"):
            return
        from wptui.screens.picker import Picker

        blocked = not self._profile.person.blocked
        name = self._profile.person.title
        title = _("Block {name}?") if blocked else _("Unblock {name}?")
        choices = [Choice("no", _("No")), Choice("yes", _("Yes, block") if blocked else _("Yes, unblock"))]

        def chosen(id: str | None) -> None:
            if id == "yes":
                command = BlockContact(contact=self._contact, blocked=blocked)
                self._give(command, _("Blocked.") if blocked else _("Unblocked."))

        self.app.push_screen(Picker(title.format(name=name), choices), chosen)

    # ── merging ──────────────────────────────────────────────────────────────────────────────────────────

    def _merge_with(self) -> None:
        if self._profile is None or not self._may("contact.merge"):
            return
        name = self._profile.person.title
        title = _("Who else is {name}?").format(name=name)
        field = Field("who", _("Name, number or @username"))

        def check(values: Values) -> tuple[str, str] | None:
            return None if self._others(values["who"]) else ("who", _("There is nobody else of this name."))

        def chosen(values: Values | None) -> None:
            if values is not None:
                self._choose_other(name, values["who"])

        self.app.push_screen(Form(title, [field], check=check, button=_("find")), chosen)

    def _others(self, wanted: str) -> list[people.Person]:
        return [each for each in people.find(self._desk.db, wanted) if each.id != self._contact]

    def _choose_other(self, name: str, wanted: str) -> None:
        from wptui.screens.picker import Picker

        choices = [Choice(each.id, each.title, each.phone, right=each.id) for each in self._others(wanted)]

        def chosen(id: str | None) -> None:
            if id is not None:
                self._give(MergeContacts(contact=id, into=self._contact), _("Merged; u undoes it."))

        self.app.push_screen(Picker(_("This one is {name} too:").format(name=name), choices), chosen)

    def _undoable(self) -> Merge | None:
        """The merge that can be undone: the last one, if a colleague made it."""
        standing = [each for each in self._profile.merges if not each.undone] if self._profile is not None else []
        return standing[0] if standing and standing[0].by_hand else None

    def _undo(self) -> None:
        merge = self._undoable()
        if merge is None:
            self._told.say(_("There is no merge by hand to undo."), "warning")
        elif self._may("contact.merge"):
            self._give(SplitContact(contact=self._contact, merge=merge.seq), _("The merge is undone."))
