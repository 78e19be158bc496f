"""What a person must decide, as short lines: what, where, and what to do. For programs there is ``--json``."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Final

from hub.core.read_models import ExceptionView

_WIDTH: Final = 100  # columns: two windows side by side on an office screen
_INDENT: Final = "    "
_LONGEST: Final = 200  # characters of one thing that is told: a list of goods is looked up, not read here
_MINUTE: Final = len("2026-03-07T09:30")
_SENTENCES: Final = ("what", "why")  # these are said first, and without their names
_TODO: Final = "do"


def lines_of(case: ExceptionView) -> Iterator[str]:
    """Yield a case's lines: its number, time, kind and subject; then indented what happened, and what to do."""
    done = "" if case.resolved_at is None else f"  resolved {_time(case.resolved_at)}"
    yield f"{case.id}  {_time(case.at)}  {case.kind}  {case.subject}{done}"
    sentences = [_short(case.detail[name]) for name in _SENTENCES if case.detail.get(name)]
    others = [f"{name} {_short(said)}" for name, said in case.detail.items() if said not in ("", None, [], {})]
    told = [*sentences, *(one for one in others if one.partition(" ")[0] not in {*_SENTENCES, _TODO})]
    if told:
        yield from _wrapped("; ".join(told))
    if todo := case.detail.get(_TODO):
        yield from _wrapped(f"to do: {todo}")


def _time(at: str) -> str:
    return at[:_MINUTE].replace("T", " ")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _short(value: object) -> str:
    text = _plain(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _plain(value: object) -> str:
    match value:
        case Mapping():
            return " ".join(f"{name} {_plain(one)}" for name, one in value.items())
        case list():
            return ", ".join(_plain(one) for one in value)
        case _:
            return str(value)
