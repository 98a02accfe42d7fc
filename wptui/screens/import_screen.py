"""An address list, looked through and imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import _, format_percent, ngettext
from wptui.model.commands import ImportContacts
from wptui.model.errors import WptuiError
from wptui.screens.dialogue import DialogueTitle, TextLines
from wptui.screens.file_paths import typed_path
from wptui.screens.form import Field, Form, Values
from wptui.store import address_list
from wptui.store.address_list import FIELDS, AddressList, Entry
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.footer import Hints
from wptui.widgets.render.cells import Line, clip, simple

if TYPE_CHECKING:
    from wptui.screens.desk import Desk
    from wptui.screens.main import MainScreen

EVERY = 0.1
"""Seconds between two looks at what became of the commands."""
SHOWN = 1000
"""Lines of the file listed at most; all are imported."""

_WORDS = {
    "phone": lambda: _("phone"),
    "name": lambda: _("name"),
    "surname": lambda: _("surname"),
    "remark": lambda: _("remark"),
    "opted": lambda: _("consent"),
    "skip": lambda: _("left out"),
}


def ask_for_list(main: MainScreen) -> None:
    """Asks for the file and the country of its numbers, and shows what is in it."""
    desk = main.wptui.desk

    def check(values: Values) -> tuple[str, str] | None:
        try:
            _parsed(*_asked(values))
        except WptuiError as error:
            return ("country" if len(values["country"]) != 2 else "phone"), str(error)
        except OSError as error:
            return "file", _("The file cannot be read: {reason}").format(reason=error.strerror or error)
        return None

    def chosen(values: Values | None) -> None:
        if values is not None:
            main.app.push_screen(ImportScreen(desk, *_asked(values)))

    fields = [
        Field("file", _("Address list (CSV)"), placeholder="~/musteriler.csv", path=True),
        Field("country", _("Country of numbers written without one"), "TR"),
        Field("phone", _("Column of the numbers, where it is not found"), optional=True),
    ]
    main.app.push_screen(Form(_("Import contacts"), fields, check=check, button=_("look")), chosen)


def _asked(values: Values) -> tuple[bytes, str, dict[str, str]]:
    """Bytes of the file, country, and columns named by hand. Raises OSError."""
    mapping = {"phone": values["phone"]} if values["phone"] else {}
    return typed_path(values["file"]).read_bytes(), values["country"], mapping


def _parsed(data: bytes, country: str, mapping: dict[str, str]) -> AddressList:
    return address_list.read(data, country=country, mapping=mapping)


class ImportScreen(Screen[None]):
    """Columns and lines of a list, what is wrong in it, and its import with a bar."""

    DEFAULT_CSS = """
    ImportScreen ChoiceList { height: 1fr; }
    ImportScreen #head { height: 3; }
    ImportScreen #bar { height: 1; }
    """

    def __init__(self, desk: Desk, data: bytes, country: str, mapping: dict[str, str]) -> None:
        super().__init__()
        self._desk = desk
        self._data = data
        self._country = country
        self._mapping = mapping
        self._found = _parsed(data, country, mapping)
        self._update = True
        self._only_wrong = False
        self._waiting: list[tuple[str, ImportContacts]] = []
        self._asked = ""
        self.done = 0
        self.running = False
        self.finished = False
        self.head = TextLines(id="head")
        self.list = ChoiceList()
        self.bar = TextLines(id="bar")
        self._hints = Hints()

    def compose(self) -> ComposeResult:
        yield DialogueTitle(_("Import contacts"))
        yield self.head
        yield self.list
        yield self.bar
        yield self._hints

    def on_mount(self) -> None:
        """Shows the list."""
        self._show()
        self.set_interval(EVERY, self._look)

    def on_resize(self, event: events.Resize) -> None:
        """Another width, other lines."""
        self.call_after_refresh(self._show_head)

    # ── what is shown ────────────────────────────────────────────────────────────────────────────────────

    def _show(self) -> None:
        self._show_head()
        entries = [entry for entry in self._found.entries if entry.problems or not self._only_wrong]
        self.list.empty = _("Nothing is wrong.")
        self.list.offer([self._choice(entry) for entry in entries[:SHOWN]])
        self._show_hints()

    def _show_hints(self) -> None:
        if self.running:
            self._hints.show([("esc", _("stop"))])
            return
        hints = [("enter", _("import"))] if self._found.rows and not self.finished else []
        if not self.finished:
            hints += [
                ("m", _("columns")),
                ("f", _("only fill in") if self._update else _("replace too")),
            ]
        hints.append(("w", _("all lines") if self._only_wrong else _("what is wrong")))
        self._hints.show([*hints, ("esc", _("back"))])

    def _show_head(self) -> None:
        cells = max(20, self.size.width) - 2
        found = self._found
        columns = [
            f"{header} = {_WORDS[what]()}" if what in _WORDS else header
            for header, what in zip(found.headers, found.fields, strict=True)
        ]
        good, bad = len(found.rows), sum(bool(entry.problems) for entry in found.entries)
        told = ngettext("{n} contact can be imported", "{n} contacts can be imported", good).format(n=good)
        if bad:
            told += ", " + ngettext("{n} line is left out", "{n} lines are left out", bad).format(n=bad)
        how = _("Known names are replaced.") if self._update else _("Known names stay; what is empty is filled in.")
        lines: list[Line] = [
            [(" ", ""), (clip(simple(told), cells), "heading")],
            [(" ", ""), (clip(simple(", ".join(columns)), cells), "")],
            [(" ", ""), (clip(how, cells), "muted")],
        ]
        self.head.show(lines)

    def _choice(self, entry: Entry) -> Choice:
        line = str(entry.line)
        if entry.row is None:
            reasons = "; ".join(f"{each.column}: {each.reason}" for each in entry.problems)
            return Choice(line, ", ".join(filter(None, entry.cells))[:60], reasons, right=line, style="error")
        row = entry.row
        more = [*(f"{name}: {value}" for name, value in row.attributes.items()), row.remark]
        if row.opted is not None:
            more.append(_("consent: yes") if row.opted else _("consent: no"))
        return Choice(line, f"{row.phone}  {row.name}".rstrip(), ", ".join(filter(None, more)), right=line)

    def _bar(self, text: str = "", style: str = "") -> None:
        total = len(self._found.rows)
        if text or not total:
            self.bar.show([[(f" {clip(simple(text), max(10, self.size.width - 2))}", style)]] if text else [])
            return
        share = self.done / total
        room = max(10, min(60, self.size.width - 30))
        full = round(room * share)
        line: Line = [(" ", ""), ("█" * full, "ok"), ("░" * (room - full), "muted")]
        told = _("{done} of {total}, {share}")
        line.append(("  " + told.format(done=self.done, total=total, share=format_percent(share)), ""))
        self.bar.show([line])

    # ── importing ────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        if self.running or self.finished or not self._found.rows:
            return
        if not self._desk.may("contact.import"):
            self._bar(_("Your role does not allow this."), "warning")
            return
        if self._desk.state is None or not self._desk.state.connected:
            self._bar(_("There is no connection to the relay, which this needs"), "warning")
            return
        self.running, self.done = True, 0
        self._waiting = address_list.commands(self._found.rows, self._desk.me, update=self._update)
        self._bar()
        self._show_hints()
        self._next()

    def _next(self) -> None:
        if not self._waiting:
            self.running, self.finished = False, True
            count = self.done
            self._bar(ngettext("{n} contact imported.", "{n} contacts imported.", count).format(n=count), "ok")
            self._show_hints()
            return
        # One at a time: what an agent does meanwhile in other windows need not wait behind a whole list.
        id, command = self._waiting[0]
        if all(item.id != id for item in self._desk.outbox.pending()):
            self._desk.outbox.add(None, command, id=id)
        self._asked = id

    def _look(self) -> None:
        if not self.running or not self._asked:
            return
        result = self._desk.outbox.outcome(self._asked)
        if result is None:
            return
        if not result.ok:
            self._desk.outbox.drop(self._asked)
            self._stop(result.message or result.code)
            return
        self.done += len(self._waiting.pop(0)[1].rows)
        self._asked = ""
        self._bar()
        self._next()

    def _stop(self, why: str) -> None:
        self.running, self._asked = False, ""
        told = _("Stopped after {done} of {total}: {why}")
        self._bar(told.format(done=self.done, total=len(self._found.rows), why=why), "error")
        self._show_hints()

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """Moves, looks closer, imports or leaves."""
        if event.key in ("escape", "q"):
            if self.running:
                self._stop(_("begin again, and what is done is done once."))
            else:
                self.dismiss(None)
        elif self.running:
            if not self.list.step(event.key):
                return
        elif event.key == "enter":
            self._begin()
        elif event.key == "w":
            self._only_wrong = not self._only_wrong
            self._show()
        elif event.key == "f" and not self.finished:
            self._update = not self._update
            self._show()
        elif event.key == "m" and not self.finished:
            self._map()
        elif not self.list.step(event.key):
            return
        event.stop()
        event.prevent_default()

    def _map(self) -> None:
        from wptui.screens.picker import Picker

        found = self._found
        choices = [
            Choice(header, header, right=_WORDS[what]() if what in _WORDS else _("attribute"))
            for header, what in zip(found.headers, found.fields, strict=True)
        ]

        def chosen(header: str | None) -> None:
            if header is not None:
                fields = [Choice(each, _WORDS[each]()) for each in FIELDS]
                title = _("What is {column}?").format(column=header)
                self.app.push_screen(Picker(title, fields), lambda what: self._mapped(header, what))

        self.app.push_screen(Picker(_("Which column?"), choices), chosen)

    def _mapped(self, header: str, what: str | None) -> None:
        if what is None:
            return
        wanted = {each: column for each, column in self._mapping.items() if column != header} | {what: header}
        try:
            self._found = _parsed(self._data, self._country, wanted)
        except WptuiError as error:
            self._bar(str(error), "error")
            return
        self._mapping = wanted
        self._show()
