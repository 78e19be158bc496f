"""Dialogues: what a till asks, one thing at a time, whatever shows it. No screen, no IO.

A dialogue is a generator: it yields what it asks, is sent what a person typed, scanned or chose, and returns what to
say at its end. The screens and the plain line mode run the same ones, so both can do the same.

Rules
-----
1.  What was asked stands until it is answered or left; an answer that does not do is refused, and says what to do.
2.  Leaving a dialogue changes nothing: it records only in its last step.
3.  A scan where goods are not asked for leaves the dialogue and is sold, so that a till can scan from everywhere;
    unless the dialogue is about goods in hand that are not in the basket yet (``holds_goods``): it would be forgotten.
"""

from collections.abc import Callable, Generator
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from kiosk.core.errors import Refused
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import Amount, Text, say

T = TypeVar("T")


class Takes(StrEnum):
    """What a prompt asks for."""

    WORDS = "words"
    MONEY = "money"  # a number as fast as a scan is asked about
    NUMBER = "number"
    PIN = "pin"  # not shown
    GOODS = "goods"  # a scan, a code or a name; a scan is an answer here
    CODE = "code"  # of a voucher or a slip: a scan that is no goods is an answer here
    CHOICE = "choice"  # one of ``options``, and nothing else


class Option(Struct, frozen=True):
    """One thing to choose: by its number, its name's beginning, arrow keys, mouse or finger; or by the key of ``key``.

    Where a number is asked for, a number is the answer, and not an option's.
    """

    id: str
    label: str  # a Text, or a name that somebody gave: of goods, of a person
    hint: str = ""
    key: str = ""  # an action's id: its key chooses this option
    whole: bool = False  # by its name's beginning it is not chosen: where goods are named, that begins a name of goods


class Prompt(Struct, frozen=True):
    """One question. ``told`` is shown above it; ``refused`` says why the answer before did not do.

    ``figure`` is shown large, instead of the total; ``empty`` is what Enter alone means (None: nothing). ``left`` is
    what to say when the dialogue is left here, ``said`` what came of the answer before. ``doubt`` is said the first
    time that somebody wants to leave: much was entered, and would be lost. ``grid``: the options are fields that a
    finger finds.
    """

    text: Text
    takes: Takes = Takes.WORDS
    options: tuple[Option, ...] = ()
    title: str = ""
    told: tuple[str, ...] = ()
    refused: str = ""
    said: str = ""
    empty: Text | None = None
    figure: Amount | None = None
    holds_goods: bool = False
    left: Text | None = None
    doubt: Text | None = None
    grid: bool = False


Dialogue = Generator[Prompt, str, Notice | None]
Asking = Generator[Prompt, str, T]


def ask(prompt: Prompt, parse: Callable[[str], T], *, typed: str = "") -> Asking[T]:
    """Ask until ``parse`` takes the answer (an option's is its id); what is refused is shown.

    ``typed`` is what was typed before the question: its first answer, so that nobody is asked what they said already.
    """
    while True:
        text, typed = typed or (yield prompt), ""
        try:
            return parse(text)
        except Refused as error:
            prompt = replace(prompt, refused=str(error))


class Talk:
    """One dialogue that is being held."""

    def __init__(self, dialogue: Dialogue) -> None:
        """Come to its first question, if it has one; see ``prompt``."""
        self._dialogue = dialogue
        self.prompt: Prompt | None = None
        self.notice: Notice | None = None
        self._go_on(lambda: next(dialogue))

    def answer(self, text: str) -> None:
        """Answer the question that stands; ``prompt`` is the next, or None: then ``notice`` is what to say."""
        if self.prompt is None:
            return
        if self.prompt.takes is Takes.CHOICE and not _is_offered(self.prompt, text):
            none = say("{text} is none of these: choose one", text=text) if text else say("choose one of these")
            self.prompt = replace(self.prompt, refused=none)
        else:
            self._go_on(lambda: self._dialogue.send(text))

    def leave(self) -> None:
        """Ask no more; ``notice`` is what to say of that, if anything."""
        self._dialogue.close()
        left = self.prompt.left if self.prompt is not None else None
        self.prompt, self.notice = None, Notice(Mood.INFO, left) if left else None

    def _go_on(self, step: Callable[[], Prompt]) -> None:
        try:
            self.prompt = step()
        except StopIteration as end:
            self.prompt, self.notice = None, end.value
        except Refused as error:
            self.prompt, self.notice = None, Notice(Mood.ERROR, str(error))


def _is_offered(prompt: Prompt, text: str) -> bool:
    return any(one.id == text for one in prompt.options) or (not text and prompt.empty is not None)
