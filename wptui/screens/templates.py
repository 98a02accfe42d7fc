"""Templates: chosen with a preview, filled in, and sent; the only way to write outside the 24-hour window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.templates import Parameter, fill_template, template_components, template_parameters, unfillable
from wptui.i18n import _, ngettext
from wptui.model.errors import UsageError
from wptui.screens.canned_commands import marked_places
from wptui.screens.file_paths import typed_path
from wptui.screens.form import Field, Form, Values
from wptui.screens.picker import Picker
from wptui.screens.writing import place
from wptui.store.variables import known_values
from wptui.widgets.choices import Choice
from wptui.widgets.render.cells import Line
from wptui.widgets.render.words import kind_word

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

Components = list[dict[str, Any]]
FILES = ("image", "video", "document")


class Template(msgspec.Struct, frozen=True):
    """One template of the store."""

    id: str
    name: str
    language: str
    category: str
    components: Components

    @property
    def text(self) -> str:
        """As the customer reads it, places to fill in and all."""
        return fill_template(self.components)


def approved(db: Any) -> list[Template]:
    """The templates that may be sent, by name."""
    found: list[Template] = []
    for id, name, language, category, components in db.execute(
        "SELECT id, name, language, category, components FROM templates WHERE status = 'APPROVED' "
        "ORDER BY name, language"
    ):
        decoded = msgspec.json.decode(components)
        found.append(Template(id, name, language, category, decoded if isinstance(decoded, list) else []))
    return found


def offer_templates(main: MainScreen) -> None:
    """Lets the agent choose one, fill it in, and send it in the open conversation."""
    chat, desk = main.chat, main.wptui.desk
    row = chat.row
    if row is None:
        return
    chat.take_note(False)
    found = {template.id: template for template in approved(desk.db)}
    choices = [
        Choice(each.id, each.name, each.text.replace("\n", " "), each.language, words=f"{each.category} {each.text}")
        for each in found.values()
    ]

    def preview(choice: Choice, cells: int) -> list[Line]:
        template = found[choice.id]
        asked = len(template_parameters(template.components))
        told = ngettext("{n} value to fill in", "{n} values to fill in", asked).format(n=asked)
        return [*marked_places(template.text, cells), [(f" {template.category.lower()}, {told}", "muted")]]

    def chosen(id: str | None) -> None:
        if id is not None:
            _fill_in(main, found[id], row.id)

    empty = _("No approved templates. They come from Meta; ask whoever runs the relay.")
    main.app.push_screen(Picker(_("Templates"), choices, preview=preview, empty=empty), chosen)


def _fill_in(main: MainScreen, template: Template, conversation: str) -> None:
    blocked = unfillable(template.components)
    if blocked:
        main.banner.say(_("A template with {kind} cannot be sent from here.").format(kind=blocked), severity="warning")
        return
    desk = main.wptui.desk
    row = main.chat.row
    known = known_values(desk.db, row.id, agent=desk.my_name, now=int(desk.now())) if row is not None else {}
    asked = template_parameters(template.components)

    def show(values: Values, cells: int) -> list[Line]:
        given = {
            each.key: values[each.key] for each in asked if each.kind not in (*FILES, "location") and values[each.key]
        }
        try:
            parts = template_components(template.components, given, partial=True)
        except PayloadError:
            parts = []
        return marked_places(fill_template(template.components, parts), cells)

    def check(values: Values) -> tuple[str, str] | None:
        try:
            template_components(template.components, _values(asked, values, uploaded=None))
        except PayloadError as error:
            return error.field, str(error)
        return None

    def done(values: Values | None) -> None:
        if values is not None:
            main.run_worker(main.finish(_send(main, template, asked, values, conversation)))

    fields = [_field(each, known) for each in asked]
    title = f"{template.name} · {template.language}"
    main.app.push_screen(Form(title, fields, check=check, show=show), done)


def _field(parameter: Parameter, known: dict[str, str]) -> Field:
    """What to ask for one parameter; what is known of the customer stands there already."""
    label = {"header": _("Header"), "body": _("Text"), "button": _("Button")}[parameter.part]
    name = kind_word(parameter.name) if parameter.kind in (*FILES, "location") else parameter.name
    named = parameter.name.lower()
    value = ""
    if parameter.kind == "text" and named in ("name", "first_name", "customer_name", "ad", "isim", "musteri_adi"):
        value = known.get("customer.first_name" if "first" in named else "customer.name", "")
    example = _("for example {example}").format(example=parameter.example) if parameter.example else ""
    is_file = parameter.kind in FILES
    if parameter.kind == "location":
        example = "41.0256, 28.9744"
    elif is_file:
        example = _("~/photo.jpg, Tab completes")
    return Field(parameter.key, f"{label}: {name}", value, example, path=is_file)


def _values(asked: list[Parameter], values: Values, uploaded: dict[str, dict[str, str]] | None) -> dict[str, Any]:
    """The typed values as the template wants them. Without `uploaded`, files count as there if they can be read.

    Raises PayloadError, naming the field.
    """
    from wptui.cloudapi.media import inspect

    found: dict[str, Any] = {}
    for parameter in asked:
        typed = values[parameter.key]
        if parameter.kind in FILES:
            if uploaded is not None:
                found[parameter.key] = uploaded[parameter.key]
                continue
            path = typed_path(typed)
            if not path.is_file():
                raise PayloadError(parameter.key, _("There is no such file."))
            try:
                kind = inspect(path).kind
            except PayloadError as error:
                raise PayloadError(parameter.key, str(error)) from error
            if kind != parameter.kind:
                raise PayloadError(parameter.key, _("This is no {kind}.").format(kind=kind_word(parameter.kind)))
            found[parameter.key] = {"upload": "-"}
        elif parameter.kind == "location":
            where = place(typed)
            if where is None:
                raise PayloadError(parameter.key, _("Two numbers, for example 41.0256, 28.9744."))
            found[parameter.key] = {"latitude": where[0], "longitude": where[1]}
        else:
            found[parameter.key] = typed
    return found


async def _send(
    main: MainScreen, template: Template, asked: list[Parameter], values: Values, conversation: str
) -> None:
    """Uploads the files, and gives the message. Raises WptuiError, and then nothing was given."""
    uploaded: dict[str, dict[str, str]] = {}
    for parameter in asked:
        if parameter.kind not in FILES:
            continue
        remote = main.wptui.desk.remote
        if remote is None:
            raise UsageError(_("A file needs the relay, which cannot be reached now."))
        path = typed_path(values[parameter.key])
        main.banner.say(_("Uploading {name}…").format(name=path.name))
        file = await remote.upload(path)
        uploaded[parameter.key] = {"upload": file.key, "filename": file.filename}
    parts = template_components(template.components, _values(asked, values, uploaded))
    content: dict[str, object] = {
        "type": "template",
        "template": {"name": template.name, "language": {"code": template.language}, "components": parts},
    }
    main.chat.give_content(content, fill_template(template.components, parts), to=conversation)
    main.banner.hush()
