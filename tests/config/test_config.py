"""An agent's config.toml: read strictly, explained, changed without losing a comment."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wptui import config, paths
from wptui.config import render
from wptui.config.kinds import Duration, QuietHours
from wptui.config.settings import Sort, View
from wptui.model.errors import ConfigError
from wptui.store import inbox


def error(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "config.toml")
    return str(caught.value)


def test_no_file_means_every_default() -> None:
    settings = config.load()
    assert (settings.theme, settings.first_response_target, settings.mark_read) == ("dark", 600, "on_open")


def test_what_is_written_is_what_is_used() -> None:
    settings = config.parse(
        """
        lang = "tr"
        first_response_target = "1h30m"
        [relay]
        url = "https://inbox.example.com/"
        [notifications]
        desktop = "osc9"
        quiet_hours = "22:00-08:00"
        [notifications.mention]
        focused = []
        [keys]
        inbox.open = ["enter", "o", "enter"]
        "thread.raw" = "X"
        conversation.resolve = []
        """,
        "config.toml",
    )
    assert settings.lang == "tr"
    assert settings.first_response_target == 5400
    assert settings.relay.url == "https://inbox.example.com"
    assert settings.notifications.mention.focused == frozenset()
    assert settings.notifications.mention.unfocused == {"bell", "title", "desktop"}
    assert settings.keys == {
        "inbox.open": ("enter", "o"),
        "thread.raw": ("X",),
        "conversation.resolve": (),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'theme = "dark"\n\ndenstiy = "compact"',
            'config.toml:3: denstiy: there is no such setting; did you mean "density"',
        ),
        (
            '\ndensity = "compcat"',
            'config.toml:2: density: must be one of "comfortable", "compact"; did you mean "com',
        ),
        ("frugal = true", 'config.toml:1: frugal: must be one of "auto", "on", "off"'),
        ('first_response_target = "10 minutes"', "config.toml:1: first_response_target: must be a duration"),
        ("first_response_target = 600", "config.toml:1: first_response_target: must be a duration"),
        ('first_response_target = "0s"', "config.toml:1: first_response_target: must be between"),
        (
            '# x\n[notifications.mention]\nfocused = ["bel"]',
            'config.toml:3: notifications.mention.focused: must be one of "bell"',
        ),
        (
            'notifications.mention.focused = "bell"',
            "config.toml:1: notifications.mention.focused: must be a list",
        ),
        ("[notifications]\nmention = 3", "config.toml:2: notifications.mention: must be a table"),
        (
            '[notifications]\nquiet_hours = "22-8"',
            "config.toml:2: notifications.quiet_hours: must be two times of day",
        ),
        ('[relay]\nurl = "http://inbox.example.com"', "config.toml:2: relay.url: must begin with https://"),
        ('[relay]\nurl = "https://me:secret@inbox.example.com"', "config.toml:2: relay.url: must not carry"),
        ("[relay]\n\nport = 1", "config.toml:3: relay.port: there is no such setting"),
        ('[keys]\n"Inbox Open" = "o"', 'config.toml:2: keys.Inbox Open: "Inbox Open" is not a command id'),
        ('[keys.inbox]\nopen = "ctrl o"', "config.toml:2: keys.inbox.open: must be a key"),
        ('[keys]\n"inbox.open" = 1', "config.toml:2: keys.inbox.open: must be a key"),
        ("theme = \nview = 1", "config.toml:1: not valid TOML"),
        ('theme = "dark', "config.toml:1: not valid TOML"),
    ],
)
def test_an_error_names_file_line_and_key(text: str, told: str) -> None:
    assert error(text).startswith(told)


def test_a_secret_in_the_url_is_not_repeated_in_the_error() -> None:
    assert "secret" not in error('[relay]\nurl = "https://me:secret@inbox.example.com"')


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"config\.toml: not UTF-8"):
        config.load(path)


def test_a_local_relay_needs_no_encryption() -> None:
    assert config.parse('[relay]\nurl = "http://127.0.0.1:8080"', "x").relay.url == "http://127.0.0.1:8080"


def test_orders_and_views_are_those_of_the_inbox() -> None:
    assert set(get_args(Sort)) == set(inbox.Sort)
    assert set(get_args(View)) == set(inbox.View)


def test_frugal_and_mouse_follow_ssh_unless_told_otherwise() -> None:
    ssh = {"SSH_CONNECTION": "198.51.100.7 50000 198.51.100.8 22"}
    automatic = config.Settings()
    assert automatic.frugal_on(ssh) and not automatic.mouse_on(ssh)
    assert not automatic.frugal_on({}) and automatic.mouse_on({})
    told = config.parse('frugal = "off"\nmouse = "on"', "x")
    assert not told.frugal_on(ssh) and told.mouse_on(ssh)


def test_channels_depend_on_focus_quiet_hours_and_the_way_to_the_desktop() -> None:
    day, night = time(12), time(23, 30)
    plain = config.Settings().notifications
    assert plain.channels("new_message", focused=False, now=night) == {"bell", "title"}
    own = config.parse('[notifications]\ndesktop = "osc777"\nquiet_hours = "22:00-08:00"\n', "x").notifications
    assert own.channels("new_message", focused=False, now=day) == {"bell", "title", "desktop"}
    assert own.channels("new_message", focused=True, now=day) == {"title"}
    assert own.channels("new_message", focused=False, now=night) == {"title"}
    assert own.channels("new_message", focused=False, now=time(8)) == {"bell", "title", "desktop"}


@given(st.integers(1, 365 * 86_400))
def test_any_duration_survives_being_written_and_read(seconds: int) -> None:
    minutes, rest = divmod(seconds, 60)
    assert Duration().read(f"{minutes}m{rest}s") == seconds


@given(st.times(), st.times(), st.times())
def test_quiet_hours_hold_from_start_to_end_even_past_midnight(start: time, end: time, now: time) -> None:
    hours = QuietHours().read(f"{start:%H:%M}-{end:%H:%M}")
    quiet = config.Notifications(quiet_hours=hours).is_quiet(now)
    minutes = [t.hour * 60 + t.minute for t in (start, now, end)]
    since_start, length = (minutes[1] - minutes[0]) % 1440, (minutes[2] - minutes[0]) % 1440
    assert quiet == (since_start < length)


def test_what_is_shown_can_be_read_back() -> None:
    settings = config.parse(
        'first_response_target = "90s"\n[notifications]\nquiet_hours = "22:00-08:00"\n[keys]\na.b = ["x"]\n',
        "x",
    )
    assert config.parse(render.effective(settings), "x") == settings


def test_the_template_with_every_line_set_free_is_the_default() -> None:
    template = render.template()
    assert config.parse(template, "x") == config.Settings()
    free = "\n".join(line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in template.splitlines())
    assert "\ntheme = " in free
    assert config.parse(free, "x") == config.Settings()


def test_a_change_keeps_comments_and_order_and_is_private() -> None:
    path = paths.ensure_dir(paths.config_dir()) / "config.toml"
    path.write_text('# mine\nview = "mine"  # first\n\n[notifications]\n# at home\ndesktop = "osc9"\n')
    config.change("theme", "light")
    config.change("notifications.quiet_hours", "22:00-08:00")
    config.change("keys.inbox.open", ["o"])
    text = path.read_text()
    assert text.startswith('# mine\nview = "mine"  # first\n') and "# at home" in text
    settings = config.load()
    assert (settings.theme, settings.view, settings.keys) == ("light", "mine", {"inbox.open": ("o",)})
    assert settings.notifications.quiet_hours == (22 * 60, 8 * 60)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_wrong_change_changes_nothing() -> None:
    config.change("theme", "light")
    before = paths.config_file().read_bytes()
    for key, value in (("density", "huge"), ("no.such", 1), ("keys.Bad Id", "x"), ("theme.name", "x")):
        with pytest.raises(ConfigError):
            config.change(key, value)
    assert paths.config_file().read_bytes() == before
