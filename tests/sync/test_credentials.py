"""Which relay, which token: encrypted or nowhere, private on disk, never shown."""

from __future__ import annotations

import types
from pathlib import Path

import pytest

from wptui import paths
from wptui.model.errors import AuthError, StorageError, UsageError
from wptui.sync import credentials
from wptui.sync.credentials import Account, places, relay_url

TOKEN = "wptui_verysecrettoken"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://relay.example.com", "https://relay.example.com"),
        ("https://Relay.Example.com/", "https://relay.example.com"),
        ("wss://relay.example.com/wptui/", "https://relay.example.com/wptui"),
        ("relay.example.com:8443", "https://relay.example.com:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("ws://localhost:8080", "http://localhost:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_addresses_have_one_spelling(given: str, url: str) -> None:
    assert relay_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "http://relay.example.com",
        "ws://192.168.1.5:8080",
        "http://127.0.0.1.example.com",
        "http://0.0.0.0:8080",
    ],
)
def test_unencrypted_is_refused_except_to_this_machine(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        relay_url(given)
    assert "not encrypted" in str(caught.value)
    assert "https://" in caught.value.hint


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ftp://x",
        "https://",
        "https://u:p@x.example",
        "https://x/?q=1",
        "https://x:port",
        "https://a b",
        "https://x#f",
    ],
)
def test_no_address(given: str) -> None:
    with pytest.raises(UsageError):
        relay_url(given)


def test_saved_and_loaded_again_privately() -> None:
    account = Account(url="https://r.example", token=TOKEN, agent="ayse", name="Ayşe", workspace="Kahve")
    where = Path(credentials.save(account))
    assert where.stat().st_mode & 0o777 == 0o600
    assert where.is_relative_to(paths.state_dir())
    assert credentials.load() == account
    assert credentials.load("https://r.example/") == account

    other = Account(url="https://s.example", token="t2", agent="ayse")
    credentials.save(other)
    assert credentials.load() == other  # the last login
    assert credentials.load("https://r.example") == account
    credentials.forget("https://s.example")
    assert credentials.load() == account
    credentials.forget("https://r.example")
    with pytest.raises(AuthError) as caught:
        credentials.load()
    assert "wptui login" in caught.value.hint


def test_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.save(Account(url="https://r.example", token=TOKEN))
    monkeypatch.setenv("WPTUI_TOKEN", "t3")
    monkeypatch.setenv("WPTUI_RELAY", "https://t.example/")
    assert credentials.load() == Account(url="https://t.example", token="t3")


def test_the_token_is_never_shown() -> None:
    account = Account(url="https://r.example", token=TOKEN, agent="ayse")
    assert TOKEN not in repr(account)
    assert TOKEN not in str(account.__rich_repr__())
    assert TOKEN not in f"{[account]}"


def test_a_damaged_file_is_told_without_its_content() -> None:
    credentials.save(Account(url="https://r.example", token=TOKEN))
    file = paths.state_dir() / "accounts.json"
    file.write_text(f'{{"current": "https://r.example", "accounts": [{{"url": 5, "token": "{TOKEN}"}}]}}')
    with pytest.raises(StorageError) as caught:
        credentials.load()
    assert TOKEN not in str(caught.value) and caught.value.__cause__ is None


def test_each_account_has_its_own_files() -> None:
    ayse = places(Account(url="https://r.example", token="a", agent="ayse"))
    same = places(Account(url="https://r.example", token="b", agent="ayse"))
    mehmet = places(Account(url="https://r.example", token="c", agent="mehmet"))
    elsewhere = places(Account(url="https://s.example", token="a", agent="ayse"))
    assert ayse == same  # signing in again keeps drafts and outbox
    assert len({ayse, mehmet, elsewhere}) == 3
    assert places(Account(url="https://r.example", token="a")) != places(Account(url="https://r.example", token="b"))


def test_a_keyring_that_works_keeps_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], str] = {}
    ring = types.SimpleNamespace(
        set_password=lambda service, user, password: kept.__setitem__((service, user), password),
        get_password=lambda service, user: kept.get((service, user)),
        delete_password=lambda service, user: kept.pop((service, user)),
    )
    monkeypatch.setattr(credentials, "_keyring", lambda: ring)
    account = Account(url="https://r.example", token=TOKEN, agent="ayse")
    assert credentials.save(account) == "keyring"
    assert TOKEN not in (paths.state_dir() / "accounts.json").read_text()
    assert credentials.load() == account
    credentials.forget(account.url)
    assert kept == {}


def test_a_keyring_that_fails_hands_over_to_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: str) -> None:
        raise RuntimeError("the daemon is locked")

    ring = types.SimpleNamespace(set_password=broken, get_password=broken, delete_password=broken)
    monkeypatch.setattr(credentials, "_keyring", lambda: ring)
    account = Account(url="https://r.example", token=TOKEN, agent="ayse")
    assert credentials.save(account) != "keyring"
    assert credentials.load() == account


def test_with_wptui_home_no_keyring_is_asked() -> None:
    assert credentials._keyring() is None
