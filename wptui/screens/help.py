"""Every command, its keys and its id, made from the catalogue."""

from __future__ import annotations

from collections.abc import Callable

from wptui.i18n import _
from wptui.screens.action import GROUPS
from wptui.screens.actions import ACTIONS, KeyMap
from wptui.screens.reading import ReadingScreen
from wptui.widgets.render.cells import Line, fit, width, wrap

Allowed = Callable[[str], bool]


def help_lines(keymap: KeyMap, cells: int, allowed: Allowed = lambda _id: True) -> list[Line]:
    """The help, filled into `cells`, of the commands that are `allowed` (by id).

    On a narrow screen the explanation stands under its command.
    """
    actions = sorted((each for each in ACTIONS if allowed(each.id)), key=lambda each: GROUPS.index(each.group))
    keys = {action.id: keymap.labels(action.id) or "–" for action in actions}
    key_room = min(26 if cells >= 100 else 16, max(width(text) for text in keys.values())) + 2
    title_room = max(width(_(action.title)) for action in actions) + 2
    wide = cells >= 100
    lines: list[Line] = []
    group = ""
    for action in actions:
        if action.group != group:
            group = action.group
            lines += [[], [(" ", ""), (_(group), "heading")]]
        start: Line = [(" ", ""), (fit(keys[action.id], key_room), "key"), (fit(_(action.title), title_room), "")]
        if wide:
            room = max(20, cells - key_room - title_room - 26)
            text = _(action.help)
            for number, (begin, end) in enumerate(wrap(text, room - 2)):
                front: Line = start if number == 0 else [(" " * (1 + key_room + title_room), "")]
                line: Line = [*front, (fit(text[begin:end], room), "muted")]
                lines.append([*line, (action.id, "muted")] if number == 0 else line)
        else:
            lines.append(start)
            text = _(action.help)
            for begin, end in wrap(text, max(20, cells - key_room - 2)):
                lines.append([(" " * (1 + key_room), ""), (text[begin:end], "muted")])
    lines += [[], [(" ", ""), (_("Other keys"), "heading")]]
    told = _(
        "Arrows, page up and page down, home and end move in every list. In config.toml, under [keys], a command's "
        'id gets other keys: inbox.next = ["n", "f8"].'
    )
    lines += [[(" ", ""), (told[begin:end], "")] for begin, end in wrap(told, max(20, cells - 2))]
    return lines[1:]


class HelpScreen(ReadingScreen):
    """The help."""

    def __init__(self, keymap: KeyMap, allowed: Allowed) -> None:
        super().__init__(_("Help"))
        self._keymap = keymap
        self._allowed = allowed

    def made(self, cells: int) -> list[Line]:
        return help_lines(self._keymap, cells, self._allowed)
