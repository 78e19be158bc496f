"""Reads the translations of the counter's sentences: a ``.po`` file a language, as translators' tools write them.

It is read at each start, so only what our own files hold is understood: one entry after another, no contexts, and two
rules for plurals. Babel's reader takes a tenth of a start for it (docs/decisions/0504).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

FOLDER: Final = Path(__file__).parent / "locale"
SOURCE: Final = "en"  # what the templates are written in
LANGUAGES: Final = (SOURCE, "de", "es", "fr")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", "t": "\t"}
_LINE: Final = re.compile(r'(msgid|msgid_plural|msgstr(?:\[\d\])?)? ?"(.*)"')
# Which form is said of n things, by the language's own rule.
_PLURALS: Final[Mapping[str, Callable[[int], int]]] = {"fr": lambda n: int(n > 1)}


def _singular_is_one(n: int) -> int:
    return int(n != 1)


class Translations(Struct, frozen=True):
    """What a language says for each English template."""

    forms: Mapping[str, tuple[str, ...]] = {}
    plural: Callable[[int], int] = _singular_is_one

    def find(self, one: str, many: str, n: int) -> str:
        """Return a template in this language; the English one where there is none."""
        forms = self.forms.get(one, ())
        if not many:
            return (forms and forms[0]) or one
        number = self.plural(n)
        found = forms[number] if number < len(forms) else ""
        return found or (many if n != 1 else one)


def load(language: str) -> Translations:
    """Return the translations of one of :data:`LANGUAGES`."""
    if language == SOURCE:
        return Translations()
    text = path_of(language).read_text("utf-8")
    return Translations(parse(text), _PLURALS.get(language, _singular_is_one))


def path_of(language: str) -> Path:
    """Return where a language's translations lie."""
    return FOLDER / language / "LC_MESSAGES" / "till.po"


def parse(text: str) -> dict[str, tuple[str, ...]]:
    """Return the forms of each template of a ``.po`` file; what is marked as fuzzy is no translation yet."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in text.split("\n\n"):
        if "\n#, fuzzy" in f"\n{entry}":
            continue
        parts = _parts(entry)
        forms = tuple(form for key, form in parts.items() if key.startswith("msgstr"))
        if parts.get("msgid") and any(forms):
            found[parts["msgid"]] = forms
    return found


def _parts(entry: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    key = ""
    for line in entry.splitlines():
        if match := _LINE.fullmatch(line):
            key = match[1] or key
            text = match[2]
            parts[key] = parts.get(key, "") + (_ESCAPE.sub(_unescaped, text) if "\\" in text else text)
    return parts


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[1])
