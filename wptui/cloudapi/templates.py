"""Templates: what must be asked, the parameters as Meta wants them, and the text as the customer will read it.

Pure, and used by the relay and the terminal alike. `components` are those of Meta's template list; `parameters`
are the components of a send (CLOUD_API.md §9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from wptui.cloudapi.limits import PayloadError
from wptui.i18n import _

Json = dict[str, Any]

_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,64})\s*\}\}", re.ASCII)
_MEDIA = frozenset({"image", "video", "document"})
_UNFILLABLE = frozenset({"CAROUSEL", "LIMITED_TIME_OFFER"})
_UNFILLABLE_BUTTONS = frozenset({"MPM", "SPM", "ORDER_DETAILS"})
BODY_LIMIT = 1024
HEADER_LIMIT = 60


class Parameter(NamedTuple):
    """One thing to ask before a template can go out."""

    key: str
    """Where `template_components` looks for its value: "header", "header.1", "body.1", "body.name", "button.0"."""
    part: str
    """header, body or button."""
    kind: str
    """text, image, video, document, location, url (the end of a link) or copy_code."""
    name: str
    """What to call it: the parameter's name or number, or the button's text."""
    example: str = ""


def unfillable(components: Sequence[Json]) -> str:
    """Why this template cannot be sent from here (the component's type), or "" if it can."""
    for component in components:
        kind = _upper(component, "type")
        if kind in _UNFILLABLE:
            return kind
        for button in _buttons(component):
            if _upper(button, "type") in _UNFILLABLE_BUTTONS:
                return _upper(button, "type")
    return ""


def template_parameters(components: Sequence[Json]) -> list[Parameter]:
    """What must be asked, in the order of the message. A one-time code is asked once, for body and button."""
    asked: list[Parameter] = []
    for component in components:
        kind = _upper(component, "type")
        if kind == "HEADER":
            form = (_upper(component, "format") or "TEXT").lower()
            if form in _MEDIA or form == "location":
                asked.append(Parameter("header", "header", form, form))
            else:
                asked += _places(component, "header")
        elif kind == "BODY":
            asked += _places(component, "body")
        elif kind == "BUTTONS":
            for index, button in enumerate(_buttons(component)):
                asked += _of_button(index, button)
    return asked


def template_components(components: Sequence[Json], values: Mapping[str, Any], *, partial: bool = False) -> list[Json]:
    """The `components` of a send, from a value for the key of every parameter of `template_parameters`.

    A text is a `str`; a file is `{"id": …}`, `{"link": …}` or `{"upload": …}` (with "filename" for a document);
    a location is `{"latitude": …, "longitude": …, "name": …, "address": …}`. With `partial`, what has no value
    yet is left out (for a preview). Raises PayloadError naming the key of a value that is missing or not allowed.
    """
    built: list[Json] = []
    by_part: dict[str, list[Json]] = {"header": [], "body": []}
    for parameter in template_parameters(components):
        value = values.get(parameter.key)
        if value is None or value == "":
            if partial:
                continue
            raise PayloadError(parameter.key, _("A value is missing: {name}").format(name=parameter.name))
        if parameter.part == "button":
            built.append(_button_parameter(parameter, value))
        else:
            by_part[parameter.part].append(_parameter(parameter, value, partial))
    first = [{"type": part, "parameters": given} for part, given in by_part.items() if given]
    if code := _one_time_code(components, values):
        built.append(code)
    if not partial:
        _check_length(components, first)
    return first + built


def fill_template(components: Sequence[Json], parameters: Sequence[Json] = ()) -> str:
    """The template as the customer reads it: header, body and footer, then the buttons as "[text]".

    What has no value yet stays as "{{…}}"; files and places are not text and are left out. Never raises.
    """
    given = {part: _values(parameters, part) for part in ("header", "body")}
    lines: list[str] = []
    for component in components:
        kind = _upper(component, "type")
        text = component.get("text")
        if kind in ("HEADER", "BODY") and isinstance(text, str):
            lines.append(_filled(text, given[kind.lower()]))
        elif kind == "FOOTER" and isinstance(text, str):
            lines.append(text)
        elif kind == "BUTTONS":
            titles = [f"[{button['text']}]" for button in _buttons(component) if isinstance(button.get("text"), str)]
            if titles:
                lines.append(" ".join(titles))
    return "\n".join(line for line in lines if line)


# ── the parts ────────────────────────────────────────────────────────────────────────────────────────────


def _upper(value: Json, key: str) -> str:
    found = value.get(key)
    return found.upper() if isinstance(found, str) else ""


def _buttons(component: Json) -> list[Json]:
    found = component.get("buttons")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _places(component: Json, part: str) -> list[Parameter]:
    text = component.get("text")
    if not isinstance(text, str):
        return []
    examples = _examples(component, part)
    names = list(dict.fromkeys(_PLACE.findall(text)))
    if all(name.isdigit() for name in names):
        names.sort(key=int)  # positions count, not the order in which they stand in the text
    return [Parameter(f"{part}.{name}", part, "text", name, examples.get(name, "")) for name in names]


def _examples(component: Json, part: str) -> dict[str, str]:
    example = component.get("example")
    if not isinstance(example, dict):
        return {}
    named = example.get(f"{part}_text_named_params")
    if isinstance(named, list):
        return {str(each.get("param_name")): str(each.get("example", "")) for each in named if isinstance(each, dict)}
    listed = example.get(f"{part}_text")
    if isinstance(listed, list) and listed and isinstance(listed[0], list):
        listed = listed[0]
    return {str(place): str(each) for place, each in enumerate(listed, 1)} if isinstance(listed, list) else {}


def _of_button(index: int, button: Json) -> list[Parameter]:
    kind, title = _upper(button, "type"), str(button.get("text") or "")
    example = button.get("example")
    if isinstance(example, list):
        example = example[0] if example else ""
    told = example if isinstance(example, str) else ""
    if kind == "URL" and _PLACE.search(str(button.get("url") or "")) and not _is_one_time(button):
        return [Parameter(f"button.{index}", "button", "url", title or "url", told)]
    if kind == "COPY_CODE":
        return [Parameter(f"button.{index}", "button", "copy_code", title or "code", told)]
    return []


def _is_one_time(button: Json) -> bool:
    return _upper(button, "type") == "OTP" or "otp_type=" in str(button.get("url") or "")


def _parameter(parameter: Parameter, value: Any, partial: bool) -> Json:
    if parameter.kind in _MEDIA:
        allowed = ("id", "link", "upload", "filename")
        file = {key: value[key] for key in allowed if key in value} if isinstance(value, dict) else {}
        if not any(key in file for key in ("id", "link", "upload")):
            raise PayloadError(parameter.key, _("A file is missing: {name}").format(name=parameter.name))
        if parameter.kind != "document":
            file.pop("filename", None)
        return {"type": parameter.kind, parameter.kind: file}
    if parameter.kind == "location":
        if not isinstance(value, dict) or "latitude" not in value or "longitude" not in value:
            raise PayloadError(parameter.key, _("A place is missing"))
        return {"type": "location", "location": {key: str(each) for key, each in value.items()}}
    text = _plain(parameter, value, partial)
    name = {} if parameter.name.isdigit() else {"parameter_name": parameter.name}
    return {"type": "text", **name, "text": text}


def _button_parameter(parameter: Parameter, value: Any) -> Json:
    index = parameter.key.removeprefix("button.")
    text = _plain(parameter, value, False)
    if parameter.kind == "copy_code":
        if len(text) > 20:
            raise PayloadError(parameter.key, _("The code is longer than {n} characters").format(n=20))
        given: Json = {"type": "coupon_code", "coupon_code": text}
    else:
        given = {"type": "text", "text": text}
    return {"type": "button", "sub_type": parameter.kind, "index": index, "parameters": [given]}


def _plain(parameter: Parameter, value: Any, partial: bool) -> str:
    """A value Meta takes: one line of text without tabs or a run of more than four spaces."""
    if not isinstance(value, str):
        raise PayloadError(parameter.key, _("This is no text: {name}").format(name=parameter.name))
    if not partial and ("\n" in value or "\t" in value or "     " in value):
        raise PayloadError(
            parameter.key,
            _("Line breaks, tabs and long runs of spaces are not allowed here: {name}").format(name=parameter.name),
        )
    return value


def _one_time_code(components: Sequence[Json], values: Mapping[str, Any]) -> Json | None:
    """The button of an authentication template carries the code of the body once more."""
    code = values.get("body.1")
    for component in components:
        for index, button in enumerate(_buttons(component)):
            if _is_one_time(button) and isinstance(code, str) and code:
                given = {"type": "text", "text": code}
                return {"type": "button", "sub_type": "url", "index": str(index), "parameters": [given]}
    return None


def _check_length(components: Sequence[Json], given: Sequence[Json]) -> None:
    limits = {"HEADER": HEADER_LIMIT, "BODY": BODY_LIMIT}
    for component in components:
        kind = _upper(component, "type")
        if kind in limits and isinstance(component.get("text"), str):
            length = len(fill_template([component], given))
            if length > limits[kind]:
                raise PayloadError(
                    kind.lower(),
                    _("The filled template is too long: {n} of {limit} characters").format(
                        n=length, limit=limits[kind]
                    ),
                )


def _values(parameters: Sequence[Json], part: str) -> dict[str, str]:
    """Place → text, of the parameters of a send."""
    found: dict[str, str] = {}
    for component in parameters:
        listed = component.get("parameters")
        if _upper(component, "type") != part.upper() or not isinstance(listed, list):
            continue
        for place, each in enumerate((each for each in listed if isinstance(each, dict)), 1):
            name = each.get("parameter_name")
            text = each.get("text")
            if text is None:  # currency and date_time carry the words to fall back to
                inner = each.get(str(each.get("type")))
                text = inner.get("fallback_value") if isinstance(inner, dict) else None
            if isinstance(text, str):
                found[name if isinstance(name, str) else str(place)] = text
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values.get(place.group(1), place.group()), text)
