"""Template sends, checked as Meta checks them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.support import Agent, code
from wptui.sandbox import Sandbox


def text(value: str, name: str | None = None) -> dict[str, str]:
    return {"type": "text", "text": value} | ({"parameter_name": name} if name else {})


def body(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "body", "parameters": list(parameters)}


def header(*parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "header", "parameters": list(parameters)}


def button(kind: str, index: Any, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "button", "sub_type": kind, "index": index, "parameters": list(parameters)}


PHOTO = {"type": "image", "image": {"link": "https://example.com/kis.jpg"}}
NAMED = body(text("Ayşe", "ad"), text("PTT", "firma"))
TRACK = button("url", "0", text("4521"))
COUPON = button("copy_code", 0, {"type": "coupon_code", "coupon_code": "KIS24"})


@pytest.mark.parametrize(
    ("name", "language", "components"),
    [
        ("hos_geldiniz", "tr", []),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"), text("4521"))]),
        ("kargo_takip", "tr", [NAMED, TRACK]),
        ("kargo_takip", "tr", [NAMED, TRACK, button("quick_reply", 1, {"type": "payload", "payload": "ok"})]),
        ("kis_kampanyasi", "tr", [header(PHOTO), body(text("Ayşe"), text("24")), COUPON]),
        ("giris_kodu", "tr", [body(text("123456")), button("url", 0, text("123456"))]),
        ("order_shipped", "en", [header(text("1")), body(text("Emily"), text("1")), TRACK]),
    ],
)
async def test_right_templates(
    sandbox: Sandbox, agent: Agent, name: str, language: str, components: list[dict[str, Any]]
) -> None:
    """Templates need no open window."""
    template = {"name": name, "language": {"code": language}, "components": components}
    response = await agent.send("mehmet", type="template", template=template)
    assert response.status_code == 200, response.text
    assert response.json()["messages"][0]["message_status"] == "accepted"
    await sandbox.sends.settled()
    assert sandbox.sends.all[0].statuses == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("name", "language", "components", "expected"),
    [
        ("", "tr", [], 131008),
        ("hos_geldiniz", "", [], 131008),
        ("yok", "tr", [], 132001),
        ("hos_geldiniz", "en", [], 132001),
        ("bayram_indirimi", "tr", [body(text("iki"))], 132015),
        ("cekilis", "tr", [], 132001),
        ("hos_geldiniz", "tr", [body(text("fazla"))], 132000),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"))], 132000),
        ("siparis_hazir", "tr", [body(text("Ayşe"), text("4521"))], 132000),
        ("siparis_hazir", "tr", [header(PHOTO), body(text("Ayşe"), text("4521"))], 132012),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"), text("a\nb"))], 132018),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"), text("a     b"))], 132018),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"), text(""))], 131008),
        ("siparis_hazir", "tr", [header(text("4521")), body(text("Ayşe"), text("x" * 1100))], 132005),
        ("kargo_takip", "tr", [body(text("Ayşe"), text("PTT")), TRACK], 100),
        ("kargo_takip", "tr", [body(text("Ayşe", "isim"), text("PTT", "firma")), TRACK], 100),
        ("kargo_takip", "tr", [NAMED], 131008),
        ("kargo_takip", "tr", [NAMED, button("url", 0)], 132000),
        ("kargo_takip", "tr", [NAMED, button("quick_reply", 0)], 132012),
        ("kargo_takip", "tr", [NAMED, TRACK, button("url", 7, text("x"))], 132000),
        ("kis_kampanyasi", "tr", [body(text("Ayşe"), text("24")), COUPON], 132000),
        ("kis_kampanyasi", "tr", [header({"type": "image"}), body(text("A"), text("2")), COUPON], 131008),
        ("kis_kampanyasi", "tr", [header(PHOTO), body(text("Ayşe"), text("24"))], 131008),
    ],
)
async def test_wrong_templates(
    agent: Agent, name: str, language: str, components: list[dict[str, Any]], expected: int
) -> None:
    template = {"name": name, "language": {"code": language}, "components": components}
    response = await agent.send(type="template", template=template)
    assert code(response) == expected, response.text


async def test_disabled_template(sandbox: Sandbox, agent: Agent) -> None:
    sandbox.sends.templates[0]["status"] = "DISABLED"
    template = {"name": "hos_geldiniz", "language": {"code": "tr"}}
    assert code(await agent.send(type="template", template=template)) == 132016


async def test_authentication_needs_a_phone_number(sandbox: Sandbox, agent: Agent) -> None:
    template = {
        "name": "giris_kodu",
        "language": {"code": "tr"},
        "components": [body(text("123456")), button("url", 0, text("123456"))],
    }
    assert code(await agent.send("deniz", type="template", template=template)) == 131062


async def test_template_header_media_must_exist(agent: Agent) -> None:
    photo = {"type": "image", "image": {"id": "42"}}
    components = [header(photo), body(text("Ayşe"), text("24")), COUPON]
    template = {"name": "kis_kampanyasi", "language": {"code": "tr"}, "components": components}
    assert code(await agent.send(type="template", template=template)) == 131009
