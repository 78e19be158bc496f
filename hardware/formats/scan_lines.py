"""From a scanner's bytes to whole codes.

Rules
-----
1.  A code ends with CR, LF, CR LF or TAB; the empty line between CR and LF is nothing. A scanner that sends no end at
    all is read with ``gap_s``: its code ends when nothing came for so long.
2.  Only printable ASCII and GS (which parts GS1 elements) stand in a code. Any other byte spoils the whole line.
3.  A line that is longer than MAX_CODE, spoiled, or pauses for HALF_S without an end is told once, as a problem.
4.  What comes within FORGET_S after such a pause, up to the next end, may be the rest of the broken code: it is no code
    either, and is told, for it may have been a whole one. After FORGET_S of silence a new line begins.
"""

from typing import Final

from hardware.ports.scanner import MAX_CODE, ProblemKind, Scan, ScanProblem

ENDS: Final = b"\r\n\t"
HALF_S: Final = 0.5  # scanners send a character each 10 ms at worst; a busy Pi may look away in between
FORGET_S: Final = 2.0  # no device rests this long inside a code; a person needs about as long to scan again
_IN_CODES: Final = frozenset(range(0x20, 0x7F)) | {0x1D}  # printable ASCII, and GS

_MESSAGES: Final[dict[ProblemKind, str]] = {
    "garbage": "the scanner sent characters that no code has: scan again; if it stays, check its speed and settings",
    "long": f"the scanner sent more than {MAX_CODE} characters without an end: scan again, check its settings",
    "half": "a code came only in part: scan again; if it stays, set the scanner to end codes with Enter",
}

LineEvent = Scan | ScanProblem


class LineReader:
    """Reads what one scanner sends; forgotten with the connection."""

    def __init__(self, *, gap_s: float | None = None) -> None:
        self._gap_s = gap_s
        self._code = bytearray()
        self._begun = False
        self._fault: ProblemKind | None = None
        self._told = False  # the line is known to be no code and that was said
        self._paused = False  # ... because of a pause: what follows may be its rest
        self._last_s = 0.0

    def feed(self, chunk: bytes, at_s: float) -> list[LineEvent]:
        """Return what ``chunk``, which came at ``at_s``, brings to an end."""
        events = self.settle(at_s)
        for byte in chunk:
            if byte in ENDS:
                events += self._end(at_s)
            elif event := self._take(byte, at_s):
                events.append(event)
        if chunk:
            self._last_s = at_s
        return events

    def settle(self, at_s: float) -> list[LineEvent]:
        """Return what the silence until ``at_s`` brings to an end."""
        due = self.due_s()
        if due is None or at_s < due:
            return []
        if self._gap_s is not None:
            return self._end(at_s)
        if self._told and self._paused:
            self._reset()
            return []
        events: list[LineEvent] = [] if self._told else [_problem(self._fault or "half", at_s)]
        self._told = self._paused = True
        self._code.clear()
        return events + (self.settle(at_s) if at_s >= self._last_s + FORGET_S else [])

    def due_s(self) -> float | None:
        """Return the instant from which silence means something, or None where it never will."""
        if not self._begun:
            return None
        if self._gap_s is not None:
            return self._last_s + self._gap_s
        return self._last_s + (FORGET_S if self._told and self._paused else HALF_S)

    def drop(self, at_s: float) -> list[LineEvent]:
        """Return what is to be told of an unfinished line when the connection ends; a new one may begin."""
        events: list[LineEvent] = [_problem("half", at_s)] if self._begun and not self._told else []
        self._reset()
        return events

    def _take(self, byte: int, at_s: float) -> ScanProblem | None:
        self._begun = True
        if self._told:
            return None
        if byte not in _IN_CODES:
            self._fault = self._fault or "garbage"
        self._code.append(byte)
        if len(self._code) <= MAX_CODE:
            return None
        self._told = True
        self._code.clear()
        return _problem(self._fault or "long", at_s)

    def _end(self, at_s: float) -> list[LineEvent]:
        event: LineEvent | None = None
        if self._paused:
            event = _problem("half", at_s)
        elif self._begun and not self._told:
            code = self._code.decode("latin-1")
            fault = self._fault or (None if code.strip() else "garbage")
            event = _problem(fault, at_s) if fault else Scan(code, at_s)
        self._reset()
        return [event] if event else []

    def _reset(self) -> None:
        self._code.clear()
        self._begun = self._told = self._paused = False
        self._fault = None


def _problem(kind: ProblemKind, at_s: float) -> ScanProblem:
    return ScanProblem(kind, _MESSAGES[kind], at_s)
