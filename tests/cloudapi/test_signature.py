"""Only bodies signed with one of our secrets are Meta's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.corpus import files, payloads, secret, wire
from wptui.cloudapi.signature import is_signed, is_verify_token, sign


@pytest.mark.parametrize("file", files())
def test_every_body_of_the_corpus_is_signed_as_meta_signs(file: str) -> None:
    body, signature = wire(file)
    entry = payloads()[file]
    assert signature in (entry.get("signature_of_wire"), entry["signature_of_file"])
    assert is_signed(body, signature, [secret()])
    assert not is_signed(body + b" ", signature, [secret()])


def test_a_turkish_letter_is_signed_as_it_stands_in_the_bytes() -> None:
    escaped = b'{"name":"Ay\\u015fe"}'
    signature = sign(escaped, "s3cret")
    assert is_signed(escaped, signature, ["s3cret"])
    assert not is_signed('{"name":"Ayşe"}'.encode(), signature, ["s3cret"])


def test_both_secrets_are_good_while_they_are_rotated() -> None:
    body = b"{}"
    assert is_signed(body, sign(body, "old"), ["new", "old"])
    assert is_signed(body, sign(body, "new"), ["new", "old"])
    assert not is_signed(body, sign(body, "older"), ["new", "old"])


@pytest.mark.parametrize("header", [None, "", "sha256=", "sha256=ş", "sha1=00", "\udcff", b"sha256=\xff"])
def test_a_header_that_is_none_is_wrong_and_raises_nothing(header: str | bytes | None) -> None:
    assert not is_signed(b"{}", header, ["secret"])


def test_an_empty_secret_signs_nothing() -> None:
    assert not is_signed(b"{}", sign(b"{}", ""), ["", ""])
    assert not is_signed(b"{}", sign(b"{}", ""), [])


def test_upper_case_hex_is_not_what_meta_sends() -> None:
    right = sign(b"{}", "secret")
    assert not is_signed(b"{}", "sha256=" + right.removeprefix("sha256=").upper(), ["secret"])


@given(st.binary(max_size=64), st.text(max_size=80), st.text(min_size=1, max_size=20))
def test_no_made_up_header_passes_and_none_raises(body: bytes, header: str, key: str) -> None:
    assert is_signed(body, header, [key]) == (header == sign(body, key))


def test_the_verify_token_is_compared_whole() -> None:
    assert is_verify_token("şifre", "şifre")
    assert is_verify_token("şifre".encode(), "şifre")
    for wrong in ("", None, "şifr", "şifrem", "\udcff"):
        assert not is_verify_token(wrong, "şifre")
    assert not is_verify_token("", "")
