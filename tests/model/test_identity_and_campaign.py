"""Keys that survive an expansion again, and codes found in what customers write."""

from __future__ import annotations

import pytest

from wptui.model.campaign import find_code
from wptui.model.identity import BSUID, Alias, AliasKind, contact_key, conversation_key, normalise


def test_keys_are_the_same_each_time_and_differ_where_they_should() -> None:
    one = Alias(AliasKind.WA_ID, "905550000001")
    assert contact_key(one) == contact_key(Alias(AliasKind.WA_ID, "905550000001"))
    assert len({contact_key(one), contact_key(one, 1), contact_key(Alias(AliasKind.BSUID, "905550000001"))}) == 3
    assert conversation_key("c1", "n1") != conversation_key("c1", "n2")


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        (AliasKind.WA_ID, "+90 555 000 00 03", "905550000003"),
        (AliasKind.USERNAME, "@Deniz.Atolye", "deniz.atolye"),
        (AliasKind.BSUID, " TR.1 ", "TR.1"),
    ],
)
def test_one_spelling_of_an_alias(kind: AliasKind, value: str, normal: str) -> None:
    assert normalise(kind, value) == normal


def test_user_ids_are_found_in_the_body_of_a_system_message() -> None:
    body = "User Can changed from TR.10000000004291364 to TR.ENT.10000000004388895"
    assert BSUID.findall(body) == ["TR.10000000004291364", "TR.ENT.10000000004388895"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Merhaba #KIŞ24 için yazıyorum", "KIŞ24"),
        ("kış24!", "KIŞ24"),
        ("KIS24 indirimi", "KIŞ24"),
        ("yaz kampanyası sürüyor mu", "YAZ KAMPANYASI"),
        ("KIŞ2400 nerede", None),
        ("", None),
    ],
)
def test_a_code_is_a_whole_word_in_turkish_folding(text: str, code: str | None) -> None:
    assert find_code(text, ["KIŞ24", "YAZ KAMPANYASI"]) == code
