"""Which key does what. Settings may change any of it; screens show the keys as they are."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from kiosk.core.actions import ACTIONS
from kiosk.core.words import say

# What only screens can do; the rest is in kiosk.core.actions.
SEARCH, BACK, CLOSE = "search", "back", "close"
MENU, ERRORS = "menu", "errors"  # actions that screens know by name
ENTER: Final = "enter"  # finishes a line, always by the same key
OF_SCREENS: Final = (SEARCH, BACK, CLOSE)

DEFAULT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    MENU: ("f1",),
    SEARCH: ("f2",),
    "favourites": ("f3",),
    "hold": ("f4",),
    "recall": ("f5",),
    "discount": ("f6",),
    "discount-all": ("ctrl+d",),
    "price": ("f7",),
    "void": ("f8", "delete"),
    "clear": ("ctrl+x",),
    "qty": ("f11", "home"),
    "repeat": ("insert",),
    "note": ("ctrl+n",),
    "empties": ("ctrl+p",),
    "pay": ("f9",),
    "exact": ("f12",),
    BACK: ("escape",),
    ERRORS: ("ctrl+e",),
    CLOSE: ("f10", "ctrl+q", "ctrl+c"),
}
# What can be done while money is taken: the keys of goods, which have nothing to do there, mean these.
PAYING_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "card": ("f2",),
    "voucher": ("f3",),
    "foreign": ("f4",),
    "give-back": ("f8", "delete"),
}
_ALWAYS: Final = ("pay", BACK, CLOSE)  # mean the same while money is taken
# Terminals send ctrl+i, ctrl+j and ctrl+m for Tab and Enter.
_TYPING: Final = {"enter", "tab", "backspace", "space", "ctrl+i", "ctrl+j", "ctrl+m"}
_KEY: Final = re.compile(r"f[1-9]|f1[0-2]|ctrl\+[a-z]|insert|delete|home|end|pageup|pagedown|escape")
_NAMES: Final = {
    "escape": say("Esc"),
    "delete": say("Del"),
    "insert": say("Ins"),
    "home": say("Home"),
    "end": say("End"),
    "pageup": say("PgUp"),
    "pagedown": say("PgDn"),
}


class KeymapError(Exception):
    """The keys cannot be set so; the message names the action or the key."""


class Keymap(Struct, frozen=True):
    """Keys by action, and actions by key: ``paying`` while money is taken, where it is not the other's."""

    keys: Mapping[str, tuple[str, ...]]
    actions: Mapping[str, str]
    paying: Mapping[str, str]

    def shown(self, action: str) -> str:
        """Return the first key of an action as its cap has it; empty if it has none."""
        keys = self.keys.get(action, ())
        return key_name(keys[0]) if keys else ""


def make_keymap(changed: Mapping[str, tuple[str, ...]] | None = None) -> Keymap:
    """Return the keys with what settings change.

    Raises: KeymapError for an action that there is not, a key that two actions have, a key that types.
    """
    keys = {**DEFAULT_KEYS, **PAYING_KEYS}
    known = {*OF_SCREENS, *PAYING_KEYS, *(action.id for action in ACTIONS)}
    for action, own in (changed or {}).items():
        if action not in known:
            raise KeymapError(f"there is no action {action!r}: there are {', '.join(sorted(known))}")
        keys[action] = tuple(own)
    actions = _by_key({action: own for action, own in keys.items() if action not in PAYING_KEYS})
    paying = _by_key({action: keys.get(action, ()) for action in (*PAYING_KEYS, *_ALWAYS)})
    return Keymap(keys, actions, paying)


def _by_key(keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    actions: dict[str, str] = {}
    for action, own in keys.items():
        for key in own:
            if len(key) == 1 or key in _TYPING:
                raise KeymapError(f"{action}: the key {key!r} is for typing: name one such as f6 or ctrl+r")
            if not _KEY.fullmatch(key):
                raise KeymapError(f"{action}: there is no key {key!r}: name one such as f6, insert or ctrl+r")
            if key in actions:
                raise KeymapError(f"{actions[key]} and {action} have the same key {key!r}: give one another")
            actions[key] = action
    return actions


def key_name(key: str) -> str:
    """Return a key as its cap has it in the counter's country: ``F9``, ``Esc``, ``Ctrl+R``."""
    control, _, letter = key.rpartition("+")
    return say("Ctrl+{key}", key=letter.upper()) if control else _NAMES.get(key) or key.capitalize()
