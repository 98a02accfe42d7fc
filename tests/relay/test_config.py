"""The relay's configuration: strict, precise about mistakes, and silent about secrets."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from wptui.model.errors import ConfigError
from wptui.relay import config
from wptui.relay.config import Campaign, Canned

SECRETS = {
    "WPTUI_APP_SECRET": "s3cret-app",
    "WPTUI_VERIFY_TOKEN": "s3cret-verify",
    "WPTUI_ACCESS_TOKEN": "s3cret-access",
}


class NoKeyring(KeyringBackend):
    """A machine without a keyring daemon."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.NoKeyringError

    set_password = delete_password = get_password  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def no_keyring() -> None:
    keyring.set_keyring(NoKeyring())


def load(text: str | None, folder: Path, **environment: str) -> config.RelayConfig:
    file = folder / "relay.toml"
    if text is not None:
        file.write_text(text, "utf-8")
    return config.load(file if text is not None else None, environment=SECRETS | environment)


def test_the_environment_alone_is_enough(tmp_path: Path) -> None:
    found = load(
        None,
        tmp_path,
        WPTUI_APP_SECRET_PREVIOUS="former",
        WPTUI_GRAPH_URL="http://127.0.0.1:9999/",
        WPTUI_WABA_ID="200",
        WPTUI_PHONE_NUMBER_IDS="1, 2",
        WPTUI_DATABASE=str(tmp_path / "x.db"),
        WPTUI_LISTEN="[::1]:0",
    )
    assert found.secrets == ("s3cret-app", "former")
    assert (found.graph_url, found.waba, found.numbers) == ("http://127.0.0.1:9999", "200", ("1", "2"))
    assert (found.host, found.port, found.is_public) == ("::1", 0, False)
    assert found.view_path == tmp_path / "x-view.db"


def test_everything_has_a_default(tmp_path: Path, private_home: Path) -> None:
    found = load(None, tmp_path)
    assert found.graph_url == "https://graph.facebook.com"
    assert Path(found.database).is_relative_to(private_home)
    assert found.host == "127.0.0.1"


def test_a_whole_file(tmp_path: Path) -> None:
    found = load(
        """
[relay]
listen = "0.0.0.0:8443"
database = "/srv/wptui/relay.db"
workspace = "Kahve Dükkânı"
timezone = "Europe/Istanbul"
reopen_within = "2h"
first_response_target = "5m"

[meta]
waba = "200"
numbers = ["1"]

[media]
folder = "/srv/media"
largest = 20
keep = "90d"

[[campaigns]]
code = "KIŞ24"
ads = ["77"]

[[canned]]
shortcut = "kargo"
text = "Yola çıktı"
""",
        tmp_path,
        WPTUI_PHONE_NUMBER_IDS="9",
    )
    assert (found.host, found.port, found.is_public) == ("0.0.0.0", 8443, True)
    assert (found.reopen_within, found.first_response_target) == (7200, 300)
    assert found.numbers == ("9",)  # the environment wins
    assert (found.media_folder, found.media_largest, found.media_keep) == (Path("/srv/media"), 20 << 20, 90 * 86_400)
    assert found.campaigns == (Campaign("KIŞ24", "", ("77",)),)
    assert found.canned == (Canned("kargo", "Yola çıktı"),)
    assert found.workspace == "Kahve Dükkânı"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[relay]\nworkspce = "x"', 'relay.toml:2: relay.workspce: there is no such setting; did you mean "workspace"'),
        ('\n[rely]\nx = 1', "relay.toml:2: rely: there is no such table"),
        ('[relay]\nlisten = "8080"', "relay.toml:2: relay.listen: must be host and port"),
        ('[relay]\nlisten = "host:99999"', "relay.toml:2: relay.listen"),
        ('[relay]\nreopen_within = "soon"', "relay.toml:2: relay.reopen_within: must be a duration"),
        ('[relay]\ntimezone = "Mars/Base"', "relay.toml:2: relay.timezone: must be a time zone"),
        ('[relay]\ntimezone = "../etc/passwd"', "relay.toml:2: relay.timezone"),
        ('[relay]\nworkspace = 7', "relay.toml:2: relay.workspace: must be text"),
        ('[meta]\nwaba = "1"\nnumbers = "1"', "relay.toml:3: meta.numbers: must be a list"),
        ('[meta]\nnumbers = ["+90555"]', "relay.toml:2: meta.numbers: must be ids of digits"),
        ('[meta]\ngraph_url = "http://example.com"', "relay.toml:2: meta.graph_url: must begin with https"),
        ('[media]\nlargest = 5000', "relay.toml:2: media.largest: must be a number of megabytes"),
        ('[[campaigns]]\nname = "x"', "campaigns: code is missing"),
        ('[[canned]]\nshortcut = "x"', "canned: text is missing"),
        ('[canned]\nshortcut = "x"', "canned: must be a list of tables"),
        ('[relay]\nworkspace = "x', "relay.toml:2: not valid TOML"),
        ('relay = 1', "relay.toml:1: relay: must be a table"),
        ('[meta]\napp_secret = "s3cret-in-file"', "relay.toml:2: meta.app_secret: secrets stand in a file"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text, tmp_path)
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WPTUI_LISTEN", "8080"),
        ("WPTUI_PHONE_NUMBER_IDS", "1,two"),
        ("WPTUI_GRAPH_URL", "graph.facebook.com"),
        ("WPTUI_GRAPH_URL", "http://graph.facebook.com"),
    ],
)
def test_a_mistake_in_the_environment_is_named_by_variable(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load(None, tmp_path, **{name: value})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path / "missing.toml", environment=SECRETS)


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", ["WPTUI_APP_SECRET", "WPTUI_VERIFY_TOKEN", "WPTUI_ACCESS_TOKEN"])
def test_a_secret_that_is_nowhere_is_asked_for_by_name(missing: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config.load(environment={key: value for key, value in SECRETS.items() if key != missing})
    assert missing in refused.value.hint
    assert config.load(environment={}, secrets=False).app_secret == ""


def test_secrets_come_from_their_own_file_if_nobody_else_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("")
    file = tmp_path / "relay-secrets.toml"
    file.write_text('app_secret = "s3cret-a"\nverify_token = "b"\naccess_token = "c"\n')
    file.chmod(0o644)
    with pytest.raises(ConfigError) as refused:
        config.load(tmp_path / "relay.toml", environment={})
    assert "chmod 600" in refused.value.hint and "s3cret" not in str(refused.value)
    file.chmod(0o600)
    found = config.load(tmp_path / "relay.toml", environment={"WPTUI_VERIFY_TOKEN": "env"})
    assert (found.app_secret, found.verify_token, found.access_token) == ("s3cret-a", "env", "c")
    file.write_text('app_secret = "s3cret\n')
    with pytest.raises(ConfigError) as refused:
        config.load(tmp_path / "relay.toml", environment={})
    assert "relay-secrets.toml:1" in str(refused.value) and "s3cret" not in str(refused.value)
    file.write_text('app_secrt = "s3cret"\n')
    with pytest.raises(ConfigError, match="did you mean"):
        config.load(tmp_path / "relay.toml", environment={})


def test_secrets_come_from_the_keyring_last(tmp_path: Path) -> None:
    class Ring(NoKeyring):
        def get_password(self, service: str, username: str) -> str | None:
            return {"access_token": "from ring", "app_secret": "not asked"}.get(username)

    keyring.set_keyring(Ring())
    environment = {key: value for key, value in SECRETS.items() if key != "WPTUI_ACCESS_TOKEN"}
    found = config.load(environment=environment)
    assert (found.access_token, found.app_secret) == ("from ring", "s3cret-app")
    (tmp_path / "relay.toml").write_text("[relay]\nkeyring = false\n")
    with pytest.raises(ConfigError):
        config.load(tmp_path / "relay.toml", environment=environment)


def test_secrets_are_never_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = load(None, tmp_path, WPTUI_APP_SECRET_PREVIOUS="s3cret-former", WPTUI_DATABASE="postgresql://u:s3cret@h/d")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().info("%r %s", found, found)
    assert "s3cret" not in caplog.text
    assert found.view_path.is_absolute()


def test_the_environment_is_the_processs_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setitem(os.environ, name, value)
    assert config.load().access_token == "s3cret-access"
