"""A printer with a drawer, as a machine that speaks ESC/POS, and as twins in memory over the same machine."""

from collections.abc import Iterator
from threading import Event
from typing import Final

from hardware.errors import Closed, JobTooLarge, NotReady, Stuck, Unplugged
from hardware.formats import escpos
from hardware.ports.printer import MAX_JOB, PrinterStatus

LONGEST_HEAD: Final = 8  # bytes that tell the size of a command
_DLE, _EOT, _DC4 = 0x10, 0x04, 0x14
_PINS: Final = {0: 2, 48: 2, 1: 5, 49: 5}  # ESC p m


class PrinterMachine:
    """Keeps what it printed and counts how often its drawer opened.

    ``status`` is what it says of itself; unless READY (or UNKNOWN: it cannot tell) it prints nothing, and what comes
    waits in its buffer. ``paper_bytes``: after so many it is out of paper.
    """

    def __init__(self) -> None:
        self.status = PrinterStatus.READY
        self.paper_bytes: int | None = None
        self.printed = bytearray()
        self.opened: list[escpos.Pin] = []
        self._waiting = bytearray()
        self._obeyed = 0  # bytes of what was printed whose commands are obeyed
        self._rest = b""  # of a real-time command whose end has not come

    def receive(self, data: bytes) -> bytes:
        """Obey real-time commands at once, print or keep the rest, and return the answers."""
        answers = b""
        for piece in self._pieces(self._rest + data):
            if piece[:2] == bytes([_DLE, _EOT]):
                answers += b"" if self.status is PrinterStatus.UNKNOWN else escpos.say_status(self.status, piece[2])
            elif piece[:3] == bytes([_DLE, _DC4, 1]):
                self.opened.append(5 if piece[3] else 2)
            else:
                self._waiting += piece
                self.resume()
        return answers

    def tick(self) -> bytes:
        """Say nothing unasked."""
        return b""

    def resume(self) -> None:
        """Print what waits, if there is paper and the cover is closed."""
        if self.status not in {PrinterStatus.READY, PrinterStatus.UNKNOWN}:
            return
        size = len(self._waiting) if self.paper_bytes is None else min(self.paper_bytes, len(self._waiting))
        self.printed += self._waiting[:size]
        del self._waiting[:size]
        self._obey()
        if self.paper_bytes is not None:
            self.paper_bytes -= size
            if not self.paper_bytes:
                self.status = PrinterStatus.NO_PAPER

    def add_paper(self) -> None:
        """Put a new roll in; what waits is printed."""
        self.paper_bytes, self.status = None, PrinterStatus.READY
        self.resume()

    def _obey(self) -> None:
        """Open the drawer for each command to do so that stands outside pictures."""
        while self._obeyed < len(self.printed):
            head = bytes(self.printed[self._obeyed : self._obeyed + LONGEST_HEAD])
            size = command_size(head)
            if self._obeyed + size > len(self.printed):
                return
            if head[:2] == b"\x1bp" and head[2] in _PINS:
                self.opened.append(_PINS[head[2]])
            self._obeyed += size

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield real-time commands and what is between them; an unfinished one waits for its rest."""
        self._rest = b""
        begin = at = 0
        while (at := data.find(_DLE, at)) >= 0:
            size = {_EOT: 3, _DC4: 5}.get(data[at + 1], 0) if at + 1 < len(data) else 2
            if size and at + size > len(data):
                break
            if size:
                yield data[begin:at]
                yield data[at : at + size]
                begin = at + size
            at += max(1, size)
        end = len(data) if at < 0 else at
        yield data[begin:end]
        self._rest = data[end:]


def command_size(head: bytes) -> int:
    """Return how many bytes the command has that begins with ``head``, as far as it matters: 1 for all others."""
    match head[:2]:
        case b"\x1bp":
            return 5
        case b"\x1d(":  # GS ( and a letter: pictures and QR codes, with their length
            return 5 + int.from_bytes(head[3:5], "little")
        case b"\x1dv":  # GS v 0: a picture, with its width in bytes and its height
            return LONGEST_HEAD + int.from_bytes(head[4:6], "little") * int.from_bytes(head[6:8], "little")
        case b"\x1b" | b"\x1d":
            return 2  # its end has not come
        case _:
            return 1


class TwinPrinter:
    """A printer in memory; a drawer and tests may share its machine."""

    def __init__(self, machine: PrinterMachine | None = None) -> None:
        self.machine = machine or PrinterMachine()
        self.plugged = True
        self.takes: int | None = None  # bytes before it is stuck
        self.bytes_per_s = 0  # as fast as they come
        self._closed = False

    def print_job(self, job: bytes) -> None:
        """Print; see the port."""
        self._check()
        if len(job) > MAX_JOB:
            raise JobTooLarge(f"{len(job)} bytes, at most {MAX_JOB}")
        self._refuse(0)
        if self.bytes_per_s:
            Event().wait(len(job) / self.bytes_per_s)
        self.machine.receive(job[: self.takes])
        if self.takes is not None and self.takes < len(job):
            error = Stuck(f"{len(job) - self.takes} bytes left")
            error.sent = self.takes
            raise error
        self._refuse(len(job))

    def status(self) -> PrinterStatus:
        """Return what the printer says now."""
        if self._closed:
            raise Closed
        return self.machine.status if self.plugged else PrinterStatus.OFFLINE

    def close(self) -> None:
        """Give the printer back."""
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise Closed
        if not self.plugged:
            raise Unplugged("the twin")

    def _refuse(self, sent: int) -> None:
        if self.machine.status not in {PrinterStatus.READY, PrinterStatus.UNKNOWN}:
            error = NotReady(self.machine.status.value)
            error.sent = sent
            raise error


class TwinDrawer:
    """A drawer in memory; ``opened`` of its machine counts."""

    def __init__(self, machine: PrinterMachine | None = None, pin: escpos.Pin = 2) -> None:
        self.machine = machine or PrinterMachine()
        self.plugged = True
        self._pin = pin
        self._closed = False

    def kick(self) -> None:
        """Open, whatever keeps the printer from printing."""
        if self._closed:
            raise Closed
        if not self.plugged:
            raise Unplugged("the twin")
        self.machine.opened.append(self._pin)

    def close(self) -> None:
        """Give the drawer back."""
        self._closed = True
