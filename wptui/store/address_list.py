"""An address list as people keep them: CSV in any common shape → rows to import, and what is wrong with the others.

The file comes from a spreadsheet: its separator and its encoding are found out, its columns are known by their names
in English and Turkish, and phone numbers are written in every way there is.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from wptui.i18n import _
from wptui.model.commands import ImportContacts, ImportRow
from wptui.model.errors import UsageError
from wptui.model.text import fold, safe, safe_line

CHUNK = 200
"""Rows in one command."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a file."""
NAME, REMARK, ATTRIBUTE, VALUE = 120, 2000, 40, 500
"""Longest name, remark, attribute's name and attribute's value, in characters: the relay takes no more."""

FIELDS = ("phone", "name", "surname", "remark", "opted", "skip")
"""What a column can be; any other becomes an attribute under its own name."""

_HEADERS: dict[str, str] = {
    **dict.fromkeys(
        ("phone", "phone number", "telephone", "tel", "mobile", "mobile phone", "cell", "cellphone", "gsm", "whatsapp",
         "whatsapp number", "wa", "number", "telefon", "telefon no", "telefon numarasi", "telefonu", "cep", "cep no",
         "cep tel", "cep telefonu", "cep telefon", "numara", "gsm no", "whatsapp no", "whatsapp numarasi", "tel no"),
        "phone",
    ),
    **dict.fromkeys(
        ("name", "full name", "fullname", "customer", "customer name", "first name", "firstname", "given name", "ad",
         "adi", "isim", "ismi", "ad soyad", "adi soyadi", "ad soyadi", "isim soyisim", "musteri",
         "musteri adi", "unvan"),
        "name",
    ),
    **dict.fromkeys(
        ("surname", "last name", "lastname", "family name", "soyad", "soyadi", "soyisim"), "surname"
    ),
    **dict.fromkeys(
        ("remark", "remarks", "note", "notes", "comment", "comments", "not", "notlar", "aciklama", "yorum"), "remark"
    ),
    **dict.fromkeys(
        ("consent", "opt-in", "opt in", "optin", "opted in", "opted", "marketing", "marketing consent", "izin", "onay",
         "izinli", "pazarlama izni", "ileti izni", "ticari ileti izni", "iys", "iys onayi"),
        "opted",
    ),
}  # fmt: skip

_YES = frozenset(("yes", "y", "true", "1", "x", "ok", "evet", "e", "var", "onayli", "izinli", "onay", "✓"))
_NO = frozenset(("no", "n", "false", "0", "-", "hayir", "h", "yok", "ret", "red", "izinsiz"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line. `column` is its header."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list: what will be imported of it, or why it will not be."""

    line: int
    cells: tuple[str, ...]
    row: ImportRow | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressList:
    """A file that was read."""

    headers: tuple[str, ...]
    fields: tuple[str, ...]
    """What each column is: one of `FIELDS`, or the name of an attribute."""
    entries: tuple[Entry, ...]
    delimiter: str
    encoding: str
    rows: tuple[ImportRow, ...] = field(default=())

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong, by line."""
        return [problem for entry in self.entries for problem in entry.problems]


def read(data: bytes, *, country: str, mapping: Mapping[str, str] | None = None) -> AddressList:
    """The list in `data`. Numbers without a country are of `country` (TR, DE …).

    `mapping` says which column is what where the names do not: field → header. Raises UsageError where the file is
    no list, has no column of phone numbers, or `mapping` names what is not there.
    """
    import phonenumbers

    if len(data) > LARGEST:
        raise UsageError(_("The file is too big: {n} MB are the most.").format(n=LARGEST >> 20))
    country = country.upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise UsageError(_("{country} is no country: two letters are wanted, such as TR.").format(country=country))
    text, encoding = _decoded(data)
    delimiter = _delimiter(text)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
        table = [(lines.line_num, cells) for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UsageError(_("The file cannot be read: {reason}").format(reason=error)) from error
    if len(table) < 2:
        raise UsageError(_("There is nothing to import: a line of column names and one line a customer are wanted."))
    headers = tuple(safe_line(cell) for cell in table[0][1])
    fields = _fields(headers, mapping or {})
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, cells in table[1:]:
        entries.append(_entry(line, cells, headers, fields, country, seen))
    rows = tuple(entry.row for entry in entries if entry.row is not None)
    return AddressList(headers, fields, tuple(entries), delimiter, encoding, rows)


def commands(rows: Sequence[ImportRow], agent: str, *, update: bool = True) -> list[tuple[str, ImportContacts]]:
    """The commands that import `rows`, each with its id: the same rows of the same agent have the same ids.

    So an import that broke off can be run again: what was done is done once.
    """
    found = []
    for start in range(0, len(rows), CHUNK):
        command = ImportContacts(rows=list(rows[start : start + CHUNK]), update=update)
        digest = hashlib.blake2b(agent.encode() + b"\0" + msgspec.json.encode(command), digest_size=16).hexdigest()
        found.append((f"import-{digest}", command))
    return found


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), "utf-16"
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1254", "replace"), "cp1254"  # what Excel writes on a Turkish Windows


def _delimiter(text: str) -> str:
    """The separator that parts the first lines most evenly."""
    first = [line for line in text.splitlines()[:20] if line.strip()]
    if not first:
        return ","
    counts = {each: [line.count(each) for line in first] for each in ";,\t|"}
    return max(counts, key=lambda each: (min(counts[each]) > 0, counts[each][0]))


def _fields(headers: Sequence[str], mapping: Mapping[str, str]) -> tuple[str, ...]:
    folded = [fold(header).strip(" .:*") for header in headers]
    found = [_HEADERS.get(name, header[:ATTRIBUTE]) for name, header in zip(folded, headers, strict=True)]
    for wanted, header in mapping.items():
        if wanted not in FIELDS:
            text = _("{field} is not known: a column can be {fields}.")
            raise UsageError(text.format(field=wanted, fields=", ".join(FIELDS)))
        try:
            place = folded.index(fold(safe_line(header)).strip(" .:*"))
        except ValueError:
            told = _("There is no column {name}.").format(name=header)
            raise UsageError(told, hint=_("There are: {names}").format(names=", ".join(headers))) from None
        if wanted != "skip":
            found = [headers[n][:ATTRIBUTE] if each == wanted else each for n, each in enumerate(found)]
        found[place] = wanted
    for wanted in ("phone", "name", "surname", "remark", "opted"):
        places = [n for n, each in enumerate(found) if each == wanted]
        for place in places[1:]:  # the first of two is meant; the other is kept under its own name
            found[place] = headers[place][:ATTRIBUTE]
    if "phone" not in found:
        hint = _("Name it: --map phone=COLUMN. There are: {names}").format(names=", ".join(headers))
        raise UsageError(_("No column of phone numbers was found."), hint=hint)
    return tuple(each or "skip" for each in found)


def _entry(
    line: int, cells: list[str], headers: Sequence[str], fields: Sequence[str], country: str, seen: dict[str, int]
) -> Entry:
    problems: list[Problem] = []
    row = ImportRow(phone="")
    surname = ""

    def wrong(place: int, reason: str) -> None:
        problems.append(Problem(line, headers[place], reason))

    def short(place: int, text: str, limit: int) -> str:
        if len(text) > limit:
            wrong(place, _("{n} characters are the most").format(n=limit))
        return text

    for place, what in enumerate(fields):
        value = cells[place].strip() if place < len(cells) else ""
        if what == "phone":
            row.phone, reason = _phone(value, country)
            if reason:
                wrong(place, reason)
        elif what == "name":
            row.name = short(place, safe_line(value), NAME)
        elif what == "surname":
            surname = safe_line(value)
        elif what == "remark":
            row.remark = short(place, safe(value).strip(), REMARK)
        elif what == "opted":
            row.opted = _consent(value)
            if value and row.opted is None:
                wrong(place, _("neither yes nor no: {value}").format(value=safe_line(value, 30)))
        elif what != "skip" and value:
            row.attributes[what] = short(place, safe_line(value), VALUE)
    row.name = f"{row.name} {surname}".strip()
    if surname:
        short(fields.index("surname"), row.name, NAME)
    if len(cells) > len(headers) and any(cell.strip() for cell in cells[len(headers) :]):
        wrong(len(headers) - 1, _("the line has more columns than the first one"))
    if row.phone in seen and not problems:
        wrong(fields.index("phone"), _("the same number as in line {line}").format(line=seen[row.phone]))
    if not problems:
        seen[row.phone] = line
    return Entry(line, tuple(safe_line(cell) for cell in cells), None if problems else row, tuple(problems))


def _phone(text: str, country: str) -> tuple[str, str]:
    """The number as E.164, or why it is none."""
    import phonenumbers

    text = safe_line(text).strip("' ")
    if not text:
        return "", _("the number is missing")
    if "e+" in text.lower():
        return "", _("a spreadsheet has rounded the number: format the column as text")
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "", _("no phone number: {value}").format(value=safe_line(text, 30))
    if not phonenumbers.is_valid_number(number):
        return "", _("this number does not exist: {value}").format(value=safe_line(text, 30))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), ""


def _consent(text: str) -> bool | None:
    word = fold(text)
    return True if word in _YES else False if word in _NO else None
