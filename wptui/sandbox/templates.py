"""The account's message templates, and Meta's checks of a template send against them."""

from __future__ import annotations

import re
from typing import Any

from wptui.sandbox.errors import GraphError, Json

PARAMETER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
FILLED_LIMIT = 1024
_FORBIDDEN = re.compile(r"[\n\t]| {5}")


def _template(number: int, name: str, language: str, category: str, *components: Json, **more: Any) -> Json:
    named = any(not variable.isdigit() for c in components for variable in PARAMETER.findall(c.get("text", "")))
    return {
        "id": f"4000000000000{number:02}",
        "name": name,
        "language": language,
        "status": "APPROVED",
        "category": category,
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "quality_score": {"score": "GREEN", "date": 1795348800},
        "rejected_reason": "NONE",
        "components": list(components),
    } | more


def _body(text: str, *examples: str) -> Json:
    component: Json = {"type": "BODY", "text": text}
    names = PARAMETER.findall(text)
    if names and not names[0].isdigit():
        component["example"] = {
            "body_text_named_params": [
                {"param_name": name, "example": example} for name, example in zip(names, examples, strict=True)
            ]
        }
    elif names:
        component["example"] = {"body_text": [list(examples)]}
    return component


def _header(text: str, *examples: str) -> Json:
    component: Json = {"type": "HEADER", "format": "TEXT", "text": text}
    if examples:
        component["example"] = {"header_text": list(examples)}
    return component


def _image_header() -> Json:
    return {
        "type": "HEADER",
        "format": "IMAGE",
        "example": {"header_handle": ["https://example.com/ornek.jpg"]},
    }


def _footer(text: str) -> Json:
    return {"type": "FOOTER", "text": text}


def _buttons(*buttons: Json) -> Json:
    return {"type": "BUTTONS", "buttons": list(buttons)}


def default_templates() -> list[Json]:
    """The templates of the sandbox's account, as ``GET /{waba}/message_templates`` lists them."""
    reply = "QUICK_REPLY"
    return [
        _template(1, "hos_geldiniz", "tr", "UTILITY", _body("Merhaba, Kahve Dükkânı'na hoş geldiniz.")),
        _template(
            2,
            "siparis_hazir",
            "tr",
            "UTILITY",
            _header("Sipariş {{1}}", "4521"),
            _body("Merhaba {{1}}, {{2}} numaralı siparişiniz hazır.", "Ayşe", "4521"),
            _footer("Kahve Dükkânı"),
        ),
        _template(
            3,
            "kargo_takip",
            "tr",
            "UTILITY",
            _body("Merhaba {{ad}}, kargonuz {{firma}} ile yola çıktı.", "Ayşe", "PTT"),
            _buttons(
                {
                    "type": "URL",
                    "text": "Kargom nerede?",
                    "url": "https://example.com/kargo/{{1}}",
                    "example": ["https://example.com/kargo/4521"],
                },
                {"type": reply, "text": "Teşekkürler"},
            ),
        ),
        _template(
            4,
            "kis_kampanyasi",
            "tr",
            "MARKETING",
            _image_header(),
            _body("{{1}}, kış kahveleri geldi! Kodunuzla %{{2}} indirim.", "Ayşe", "24"),
            _footer("Almak istemezseniz DUR yazın"),
            _buttons({"type": "COPY_CODE", "example": ["KIS24"]}, {"type": reply, "text": "Almak istemiyorum"}),
        ),
        _template(
            5,
            "randevu_hatirlatma",
            "tr",
            "UTILITY",
            _body("Merhaba {{ad}}, yarınki tadım saat {{saat}}'te. Geliyor musunuz?", "Ayşe", "14:00"),
            _buttons({"type": reply, "text": "Geliyorum"}, {"type": reply, "text": "Gelemiyorum"}),
        ),
        _template(6, "follow_up", "en", "UTILITY", _body("Hello, we have news about your request. Shall we go on?")),
        _template(
            7,
            "order_shipped",
            "en",
            "UTILITY",
            _header("Order {{1}}", "4521"),
            _body("Hi {{1}}, order {{2}} is on its way.", "Emily", "4521"),
            _buttons(
                {
                    "type": "URL",
                    "text": "Track",
                    "url": "https://example.com/track/{{1}}",
                    "example": ["https://example.com/track/4521"],
                }
            ),
        ),
        _template(
            8,
            "order_shipped",
            "tr",
            "UTILITY",
            _header("Sipariş {{1}}", "4521"),
            _body("Merhaba {{1}}, {{2}} numaralı siparişiniz yola çıktı.", "Ayşe", "4521"),
            _buttons(
                {
                    "type": "URL",
                    "text": "Takip et",
                    "url": "https://example.com/takip/{{1}}",
                    "example": ["https://example.com/takip/4521"],
                }
            ),
        ),
        _template(
            9,
            "bayram_indirimi",
            "tr",
            "MARKETING",
            _body("Bayramda {{1}} alana bir bedava!", "iki"),
            status="PAUSED",
            quality_score={"score": "RED", "date": 1795262400},
        ),
        _template(
            10,
            "cekilis",
            "tr",
            "MARKETING",
            _body("Telefon kazandınız, tıklayın!"),
            status="REJECTED",
            rejected_reason="ABUSIVE_CONTENT",
            quality_score={"score": "UNKNOWN", "date": 1795262400},
        ),
        _template(
            11,
            "giris_kodu",
            "tr",
            "AUTHENTICATION",
            _body("{{1}} doğrulama kodunuzdur.", "123456"),
            _buttons(
                {
                    "type": "URL",
                    "text": "Kodu kopyala",
                    "url": "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}",
                    "example": ["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp123456"],
                }
            ),
        ),
    ]


# -- checking a send


def check_template(templates: list[Json], template: Any) -> Json:
    """The template a send's ``template`` object names, after Meta's checks. Raises `GraphError`."""
    if not isinstance(template, dict) or not template.get("name"):
        raise GraphError(131008, "Parameter template.name is required")
    code = (template.get("language") or {}).get("code")
    if not code:
        raise GraphError(131008, "Parameter template.language.code is required")
    name = template["name"]
    found = next((t for t in templates if t["name"] == name and t["language"] == code), None)
    if found is None or found["status"] in ("REJECTED", "PENDING"):
        raise GraphError(132001, f"template name ({name}) does not exist in {code}")
    if found["status"] == "PAUSED":
        raise GraphError(132015, f"template {name} ({code}) is paused")
    if found["status"] == "DISABLED":
        raise GraphError(132016, f"template {name} ({code}) is disabled")
    given = template.get("components") or []
    if not isinstance(given, list):
        raise GraphError(131009, "template.components must be a list")
    for component in found["components"]:
        kind = component["type"]
        if kind == "BUTTONS":
            _check_buttons(component["buttons"], given)
        elif kind in ("HEADER", "BODY"):
            mine = [c for c in given if str(c.get("type", "")).upper() == kind]
            _check_component(component, [p for c in mine for p in c.get("parameters") or []])
    return found


def _check_component(component: Json, parameters: list[Json]) -> None:
    where = component["type"].lower()
    form = component.get("format", "TEXT")
    if form != "TEXT":
        if len(parameters) != 1:
            _wrong_count(where, len(parameters), 1)
        kind = str(parameters[0].get("type", "")).upper()
        if kind != form:
            raise GraphError(132012, f"{where}: Format mismatch, expected {form}, received {kind or 'UNKNOWN'}")
        medium = parameters[0].get(form.lower()) or {}
        if form != "LOCATION" and not (medium.get("id") or medium.get("link")):
            raise GraphError(131008, f"{where}: the {form.lower()} needs an id or a link")
        return
    names = list(dict.fromkeys(PARAMETER.findall(component.get("text", ""))))
    if len(parameters) != len(names):
        _wrong_count(where, len(parameters), len(names))
    named = bool(names) and not names[0].isdigit()
    values: dict[str, str] = {}
    for position, parameter in enumerate(parameters, 1):
        name = parameter.get("parameter_name") if named else str(position)
        if not name:
            raise GraphError(100, "Parameter name is missing or empty")
        values[str(name)] = _value(where, parameter)
    if set(values) != set(names):
        raise GraphError(100, f"{where}: expected parameters {', '.join(names)}")
    filled = PARAMETER.sub(lambda match: values[match[1]], component.get("text", ""))
    if len(filled) > FILLED_LIMIT:
        raise GraphError(132005, f"{where}: the text has {len(filled)} of {FILLED_LIMIT} characters")


def _value(where: str, parameter: Json) -> str:
    kind = parameter.get("type")
    if kind == "text":
        value = parameter.get("text")
    elif kind in ("currency", "date_time"):
        value = (parameter.get(kind) or {}).get("fallback_value")
    else:
        raise GraphError(132012, f"{where}: Format mismatch, expected TEXT, received {str(kind).upper()}")
    if not isinstance(value, str) or not value:
        raise GraphError(131008, f"{where}: Parameter of type {kind} is missing text value")
    if _FORBIDDEN.search(value):
        raise GraphError(132018)
    return value


def _check_buttons(buttons: list[Json], given: list[Json]) -> None:
    mine = {
        str(c.get("index")): c for c in given if str(c.get("type", "")).lower() == "button"
    }  # clients write the index as a number or as text
    for index, button in enumerate(buttons):
        kind = button["type"]
        component = mine.pop(str(index), None)
        needs = kind == "COPY_CODE" or (kind == "URL" and bool(PARAMETER.search(button["url"])))
        if component is None:
            if needs:
                title = kind.title()
                raise GraphError(131008, f"buttons: Button at index {index} of type {title} requires a parameter")
            continue
        if str(component.get("sub_type", "")).upper() != kind:
            raise GraphError(132012, f"buttons: Button at index {index} is of type {kind}")
        parameters = component.get("parameters") or []
        if needs and len(parameters) != 1:
            _wrong_count(f"button {index}", len(parameters), 1)
    if mine:
        raise GraphError(132000, f"buttons: there is no button at index {', '.join(mine)}")


def _wrong_count(where: str, got: int, wanted: int) -> None:
    raise GraphError(
        132000,
        f"{where}: number of localizable_params ({got}) does not match the expected number of params ({wanted})",
    )
