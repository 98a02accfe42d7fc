"""What a template asks, how it reads when filled, and what goes to Meta."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui.cloudapi.payloads import (
    PayloadError,
    check_content,
    fill_template,
    template_components,
    template_parameters,
    unfillable,
)

SHIPPED: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["1042"]}},
    {
        "type": "BODY",
        "text": "Hello {{2}}, parcel {{1}} is on its way.",
        "example": {"body_text": [["TRK1", "Ayşe"]]},
    },
    {"type": "FOOTER", "text": "Örnek Gümüş"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "QUICK_REPLY", "text": "Thanks"},
            {"type": "URL", "text": "Track", "url": "https://x.example/t/{{1}}", "example": ["https://x.example/t/9"]},
            {"type": "URL", "text": "Shop", "url": "https://x.example"},
            {"type": "COPY_CODE", "example": "GUM10"},
            {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+905550000010"},
        ],
    },
]
VALUES = {"header.1": "1042", "body.1": "TRK9", "body.2": "Ayşe", "button.1": "TRK9", "button.3": "KIS24"}
NAMED: list[dict[str, Any]] = [
    {
        "type": "body",
        "text": "Hello {{ first_name }}, see you at {{time}}!",
        "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ayşe"}]},
    }
]


def test_everything_is_asked_once_in_its_order_with_its_example() -> None:
    asked = template_parameters(SHIPPED)
    assert [(each.key, each.kind, each.name, each.example) for each in asked] == [
        ("header.1", "text", "1", "1042"),
        ("body.1", "text", "1", "TRK1"),
        ("body.2", "text", "2", "Ayşe"),
        ("button.1", "url", "Track", "https://x.example/t/9"),
        ("button.3", "copy_code", "code", "GUM10"),
    ]


def test_the_answers_become_what_meta_wants() -> None:
    built = template_components(SHIPPED, VALUES)
    assert built == [
        {"type": "header", "parameters": [{"type": "text", "text": "1042"}]},
        {"type": "body", "parameters": [{"type": "text", "text": "TRK9"}, {"type": "text", "text": "Ayşe"}]},
        {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "TRK9"}]},
        {
            "type": "button",
            "sub_type": "copy_code",
            "index": "3",
            "parameters": [{"type": "coupon_code", "coupon_code": "KIS24"}],
        },
    ]
    template = {"name": "shipped", "language": {"code": "en"}, "components": built}
    assert check_content({"type": "template", "template": template}, uploaded=True) == "template"


def test_the_preview_reads_as_the_customer_will() -> None:
    shown = "Order 1042\nHello Ayşe, parcel TRK9 is on its way.\nÖrnek Gümüş\n[Thanks] [Track] [Shop] [Call]"
    assert fill_template(SHIPPED, template_components(SHIPPED, VALUES)) == shown


def test_what_is_not_filled_in_yet_stays_a_place() -> None:
    built = template_components(NAMED, {"body.time": "14:30"}, partial=True)
    assert fill_template(NAMED, built) == "Hello {{ first_name }}, see you at 14:30!"
    assert fill_template(NAMED) == NAMED[0]["text"]


def test_named_parameters_carry_their_names() -> None:
    assert [(each.key, each.example) for each in template_parameters(NAMED)] == [
        ("body.first_name", "Ayşe"),
        ("body.time", ""),
    ]
    built = template_components(NAMED, {"body.first_name": "Ali", "body.time": "9"})
    assert built[0]["parameters"][0] == {"type": "text", "parameter_name": "first_name", "text": "Ali"}
    assert fill_template(NAMED, built) == "Hello Ali, see you at 9!"


def test_a_place_used_twice_is_asked_once() -> None:
    body = [{"type": "BODY", "text": "{{1}} and {{1}} and {{2}}"}]
    assert [each.key for each in template_parameters(body)] == ["body.1", "body.2"]
    built = template_components(body, {"body.1": "a", "body.2": "b"})
    assert fill_template(body, built) == "a and a and b"


@pytest.mark.parametrize("form", ["IMAGE", "VIDEO", "DOCUMENT"])
def test_a_picture_above_is_asked_for_as_a_file(form: str) -> None:
    components = [{"type": "HEADER", "format": form}, {"type": "BODY", "text": "x"}]
    (asked,) = template_parameters(components)
    assert (asked.key, asked.kind) == ("header", form.lower())
    built = template_components(components, {"header": {"upload": "k1", "filename": "a.pdf"}})
    file = built[0]["parameters"][0][form.lower()]
    assert file == ({"upload": "k1", "filename": "a.pdf"} if form == "DOCUMENT" else {"upload": "k1"})
    with pytest.raises(PayloadError) as error:
        template_components(components, {"header": "a.jpg"})
    assert error.value.field == "header"
    template = {"name": "x", "language": {"code": "en"}, "components": built}
    with pytest.raises(PayloadError, match="not uploaded"):
        check_content({"type": "template", "template": template}, uploaded=True)
    check_content({"type": "template", "template": template})


def test_a_place_above_is_asked_for_as_a_place() -> None:
    components = [{"type": "HEADER", "format": "LOCATION"}]
    place = {"latitude": 40.98, "longitude": 29.02, "name": "Moda"}
    (built,) = template_components(components, {"header": place})
    assert built["parameters"][0]["location"] == {"latitude": "40.98", "longitude": "29.02", "name": "Moda"}
    with pytest.raises(PayloadError):
        template_components(components, {"header": {"name": "Moda"}})


def test_a_one_time_code_is_asked_once_and_goes_to_body_and_button() -> None:
    components = [
        {"type": "BODY", "text": "*{{1}}* is your code."},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "URL", "text": "Copy", "url": "https://www.whatsapp.com/otp/?otp_type=COPY_CODE&c={{1}}"}
            ],
        },
    ]
    assert [each.key for each in template_parameters(components)] == ["body.1"]
    body, button = template_components(components, {"body.1": "123456"})
    assert body["parameters"] == button["parameters"] == [{"type": "text", "text": "123456"}]
    assert (button["sub_type"], button["index"]) == ("url", "0")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"body.2": ""}, "body.2"),
        ({"body.2": None}, "body.2"),
        ({"body.2": 5}, "body.2"),
        ({"body.2": "two\nlines"}, "body.2"),
        ({"body.2": "tab\there"}, "body.2"),
        ({"body.2": "many     spaces"}, "body.2"),
        ({"body.2": "x" * 1024}, "body"),
        ({"header.1": "x" * 60}, "header"),
        ({"button.3": "x" * 21}, "button.3"),
    ],
)
def test_an_answer_meta_would_refuse_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(PayloadError) as error:
        template_components(SHIPPED, VALUES | change)
    assert error.value.field == field


def test_templates_that_cannot_be_filled_here_say_why() -> None:
    assert unfillable(SHIPPED) == ""
    assert unfillable([{"type": "BODY", "text": "x"}, {"type": "carousel", "cards": []}]) == "CAROUSEL"
    assert unfillable([{"type": "BUTTONS", "buttons": [{"type": "MPM"}]}]) == "MPM"


def test_money_and_dates_read_as_their_fallback() -> None:
    body = [{"type": "BODY", "text": "{{1}} until {{2}}"}]
    sent = [
        {"type": "currency", "currency": {"fallback_value": "100 TL", "code": "TRY"}},
        {"type": "date_time", "date_time": {"fallback_value": "1 May"}},
    ]
    assert fill_template(body, [{"type": "body", "parameters": sent}]) == "100 TL until 1 May"


def test_a_value_that_looks_like_a_place_is_not_filled_again() -> None:
    body = [{"type": "BODY", "text": "{{1}} {{2}}"}]
    built = template_components(body, {"body.1": "{{2}}", "body.2": "b"})
    assert fill_template(body, built) == "{{2}} b"


_JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=10) | st.sampled_from(["BODY", "HEADER", "BUTTONS", "{{1}}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "buttons", "parameters", "format", "example"]), inner)
    ),
    max_leaves=8,
)
_OBJECTS = st.lists(st.dictionaries(st.sampled_from(["type", "text", "buttons", "parameters", "example"]), _JUNK))


@given(_OBJECTS, _OBJECTS)
def test_a_template_of_any_shape_can_be_read(components: list[Any], parameters: list[Any]) -> None:
    assert isinstance(fill_template(components, parameters), str)
    asked = template_parameters(components)
    built = template_components(components, {each.key: "x" for each in asked if each.kind == "text"}, partial=True)
    assert isinstance(fill_template(components, built), str)
