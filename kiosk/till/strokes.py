"""Keys as the till takes them: one buffer, filled and emptied synchronously, so that scans never merge.

Clearing an ``Input`` in its Submitted handler merges back-to-back scans: the next scan's digits arrive before the
message does. Here Enter takes the text out of the buffer before the next key is looked at.
"""

import re
from itertools import pairwise
from typing import Final

from msgspec import Struct
from textual.events import Key

from contract.gtin import is_valid
from kiosk.core.entry import MAX_ENTRY, is_scan
from kiosk.core.labels.elements import FNC1  # a keyboard has it as Ctrl+]

MACHINE_GAP_S: Final = 0.03  # between keys, on average: a scanner needs 0-20 ms, fast typists 60 ms and more
MACHINE_KEYS: Final = 4  # below that many keys speed proves nothing
ENTER: Final = "enter"  # scanners end with CR, LF, both, or Tab
LINE_FEED: Final = "ctrl+j"
_TIMES: Final = re.compile("[1-9][0-9]?")  # without its star: longer numbers are of goods, or half a price
_LAST_DIGITS: Final = re.compile(r"[0-9]{8,14}\Z")


class Stroke(Struct, frozen=True):
    """One key: its name, its character if it prints one, and when it came (monotonic seconds)."""

    name: str
    char: str
    at_s: float


class Typed(Struct, frozen=True):
    """A finished line. ``by_machine`` says that no person types that fast.

    ``scan`` is a barcode at its end that came after something else: a scan while words or an amount were being typed.
    ``by_device`` says that a scanner on a line of its own read it: it is goods, and never words, money or a number.
    """

    text: str
    by_machine: bool = False
    scan: str = ""
    by_device: bool = False


class EntryLine:
    """What was typed since the last Enter."""

    def __init__(self) -> None:
        """Begin empty."""
        self.text = ""
        self._times_s: list[float] = []

    def type(self, char: str, at_s: float) -> None:
        """Add one character; beyond the longest entry there is no more."""
        if len(self.text) < MAX_ENTRY:
            self.text += char
            self._times_s.append(at_s)

    def backspace(self) -> None:
        """Take the last character back."""
        self.text = self.text[:-1]
        del self._times_s[len(self.text) :]

    def take(self) -> Typed:
        """Return the line and begin anew."""
        typed = Typed(self.text, self._is_machine(), self._scan_at_end())
        self.clear()
        return typed

    def by_person(self) -> str:
        """Return what a person typed so far; empty if a scanner did."""
        return "" if self._is_machine() or self._scan_at_end() else self.text.strip()

    def clear(self) -> None:
        """Begin anew."""
        self.text = ""
        self._times_s.clear()

    def _is_machine(self) -> bool:
        times = self._times_s
        return len(times) >= MACHINE_KEYS and (times[-1] - times[0]) / (len(times) - 1) <= MACHINE_GAP_S

    def _scan_at_end(self) -> str:
        start = 0
        for number, (before, after) in enumerate(pairwise(self._times_s), 1):
            if after - before > MACHINE_GAP_S:
                start = number
        tail = self.text[start:]
        if start and not tail.isdigit() and is_scan(tail):
            return tail  # a label that is not digits alone
        match = _LAST_DIGITS.search(self.text, start)
        return match[0] if match and match.start() > 0 and is_valid(match[0]) else ""


def from_scan(code: str, typed: str) -> Typed:
    """Return a scanner's code as a line: a quantity that was typed before it counts, all else gives way to it."""
    return Typed(times_before(typed) + code, by_machine=True, scan=code, by_device=True)


def times_before(typed: str) -> str:
    """Return the quantity typed before a scan, with its star: ``3*`` or ``3``; empty for what is none."""
    cleaned = typed.strip()
    if cleaned.endswith("*"):
        return cleaned
    return f"{cleaned}*" if _TIMES.fullmatch(cleaned) else ""


def from_key(event: Key) -> Stroke:
    """Return a key event as a stroke."""
    char = event.character if event.character and (event.is_printable or event.character == FNC1) else ""
    return Stroke(event.key, char, event.time)


def is_second_half(before: str, name: str) -> bool:
    """Return whether a key only ends the line that the key before it ended: the LF of CR LF is no Enter of its own."""
    return name == LINE_FEED and before == ENTER


def from_paste(text: str, at_s: float) -> list[Stroke]:
    """Return pasted text as strokes; a line end, of whatever system, is Enter."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return [Stroke("enter", "", at_s) if char == "\n" else Stroke(char, char, at_s) for char in lines if _usable(char)]


def _usable(char: str) -> bool:
    return char in {"\n", FNC1} or char.isprintable()
