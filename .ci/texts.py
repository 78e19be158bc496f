"""Collects every sentence of the till into its translations (``make texts``), or says what is wrong with them.

The English template is the key of a translation. What is new comes in empty, what is gone goes, what was translated
stays. ``--check`` changes nothing, and fails on what is missing, stale or says other fields than the English does.
"""

import ast
import string
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages import pofile

ROOT = Path(__file__).parent.parent
SPEAKERS = {"say": 1, "say_many": 2}  # how many templates each takes
OWN = Path("core") / "words.py"  # defines them
LANGUAGES = ("de", "es", "fr")
HEAD = """# What the till says. Keep the fields in {{braces}} as they are; empty ones are said in English.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=({rule});\\n"
"""


class Fault(Exception):
    """A sentence cannot be translated; the message says where and why."""


def main() -> int:
    """Update the translations, or check them."""
    root = Path(sys.argv[sys.argv.index("--root") + 1]) if "--root" in sys.argv else ROOT
    try:
        texts = dict(collect(root / "kiosk"))
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    if "--check" not in sys.argv:
        for language in LANGUAGES:
            update(path_of(root, language), language, texts)
    faults = [fault for language in LANGUAGES for fault in check(path_of(root, language), texts)]
    print(f"texts: {len(texts)}, faults: {len(faults)}", *faults, sep="\n")
    return 1 if faults and "--check" in sys.argv else 0


def path_of(root: Path, language: str) -> Path:
    """Return where a language's translations lie."""
    return root / "kiosk" / "till" / "locale" / language / "LC_MESSAGES" / "till.po"


def collect(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each template with its plural, or an empty one.

    Raises: Fault for a template that is no literal, or whose fields are not those that are given.
    """
    for path in sorted(folder.rglob("*.py")):
        if path.relative_to(folder) == OWN:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPEAKERS:
                found = _templates(node, SPEAKERS[node.func.id], f"{path}:{node.lineno}")
                if found[0]:  # nothing is said in any language
                    yield found


def update(path: Path, language: str, texts: dict[str, str]) -> None:
    """Write a language's file anew, with what was translated before."""
    before = _read(path, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD.format(language=language, rule="n > 1" if language == "fr" else "n != 1"))
        for one, many in sorted(texts.items()):
            forms = before.get(one, ())
            file.write(_entry(one, many, forms if len(forms) == (2 if many else 1) else ("", "")))


def check(path: Path, texts: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with a language's file."""
    known = _read(path, path.parent.parent.name)
    yield from (f"{path}: no longer said: {one!r}" for one in known.keys() - texts.keys())
    for one, many in texts.items():
        forms = known.get(one, ("",))
        if not all(forms) or len(forms) != (2 if many else 1):
            yield f"{path}: not translated: {one!r}"
            continue
        yield from (
            f"{path}: other fields than {one!r}: {form!r}"
            for form, model in zip(forms, (one, many), strict=False)
            if fields_of(form) - {"n"} != fields_of(model) - {"n"}
        )


def fields_of(template: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _templates(node: ast.Call, count: int, where: str) -> tuple[str, str]:
    literals = [arg.value for arg in node.args[:count] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(literals) != count:
        raise Fault(f"{where}: a template is a literal, or nobody can translate it")
    given = {keyword.arg for keyword in node.keywords if keyword.arg} | ({"n"} if count > 1 else set())
    said = set().union(*map(fields_of, literals)) if given else set()
    if said - {"n"} != given - {"n"}:
        raise Fault(f"{where}: {literals[0]!r} says {sorted(said)}, and is given {sorted(given)}")
    return literals[0], literals[1] if count > 1 else ""


def _read(path: Path, language: str) -> dict[str, tuple[str, ...]]:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {_first(one.id): _all(one.string) for one in pofile.read_po(file, locale=language) if one.id}


def _entry(one: str, many: str, forms: tuple[str, ...]) -> str:
    if not many:
        return f"\nmsgid {_quoted(one)}\nmsgstr {_quoted(forms[0])}\n"
    ids = f"\nmsgid {_quoted(one)}\nmsgid_plural {_quoted(many)}\n"
    return f"{ids}msgstr[0] {_quoted(forms[0])}\nmsgstr[1] {_quoted(forms[1])}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _first(one: str | Sequence[str]) -> str:
    return one if isinstance(one, str) else one[0]


def _all(forms: str | Sequence[str] | None) -> tuple[str, ...]:
    return (forms,) if isinstance(forms, str) else tuple(forms or ())


if __name__ == "__main__":
    sys.exit(main())
