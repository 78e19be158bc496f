"""What ESC/POS printers are told and answer; the tests compare it with python-escpos.

Real-time commands (DLE) are obeyed when they arrive, also while the printer is offline or its buffer is full; all
others wait in the buffer for their turn.
"""

from typing import Final

from hardware.ports.printer import PrinterStatus

INIT: Final = b"\x1b@"
PULSE_MS: Final = 100  # drawers want 50 to 200 ms
_KICK: Final = b"\x1bp"  # ESC p m t1 t2: pin, pulse on and off in units of 2 ms
_KICK_NOW: Final = b"\x10\x14\x01"  # DLE DC4 1 m t: pin, pulse in units of 100 ms
ASK_PRINTER: Final = b"\x10\x04\x01"  # DLE EOT n
ASK_OFFLINE: Final = b"\x10\x04\x02"
ASK_PAPER: Final = b"\x10\x04\x04"
ASK_STATUS: Final = ASK_PRINTER + ASK_OFFLINE + ASK_PAPER
STATUS_BYTES: Final = 3  # one for each question

_FIXED: Final = (0x93, 0x12)  # of every answer to DLE EOT: bits 0, 1, 4 and 7 are 0, 1, 1 and 0
_OFFLINE: Final = 0x08  # of the first answer
_COVER, _PAPER_STOP, _ERROR = 0x04, 0x20, 0x40  # of the second
_PAPER_OUT: Final = 0x60  # of the third

Pin = int


def kick(pin: Pin) -> bytes:
    """Return the command that opens the drawer on connector pin 2 or 5 in its turn."""
    return _KICK + bytes([_select(pin), PULSE_MS // 2, PULSE_MS // 2])


def kick_now(pin: Pin) -> bytes:
    """Return the command that opens the drawer at once, whatever keeps the printer from printing."""
    return _KICK_NOW + bytes([_select(pin), PULSE_MS // 100])


def read_status(answer: bytes) -> PrinterStatus:
    """Return what the answer to ASK_STATUS says; UNKNOWN if it is none."""
    mask, fixed = _FIXED
    if len(answer) != STATUS_BYTES or any(byte & mask != fixed for byte in answer):
        return PrinterStatus.UNKNOWN
    printer, offline, paper = answer
    if offline & _COVER:
        return PrinterStatus.COVER_OPEN
    if offline & _PAPER_STOP or paper & _PAPER_OUT == _PAPER_OUT:
        return PrinterStatus.NO_PAPER
    if printer & _OFFLINE or offline & _ERROR:
        return PrinterStatus.OFFLINE
    return PrinterStatus.READY


def say_status(status: PrinterStatus, question: int) -> bytes:
    """Return what a printer in ``status`` answers to DLE EOT ``question``; nothing to a question that is none."""
    offline = 0 if status is PrinterStatus.READY else _OFFLINE
    cause = {PrinterStatus.COVER_OPEN: _COVER, PrinterStatus.NO_PAPER: _PAPER_STOP, PrinterStatus.OFFLINE: _ERROR}
    paper = _PAPER_OUT if status is PrinterStatus.NO_PAPER else 0
    bits = {1: offline, 2: cause.get(status, 0), 3: 0, 4: paper}.get(question)
    return b"" if bits is None else bytes([_FIXED[1] | bits])


def _select(pin: Pin) -> int:
    return {2: 0, 5: 1}[pin]
