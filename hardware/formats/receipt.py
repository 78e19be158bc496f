"""A receipt as an ESC/POS printer is told it; the tests compare the commands with python-escpos."""

from collections.abc import Iterable
from typing import Final

from hardware.formats import escpos
from hardware.formats.text_page import CODE_PAGE, SELECT, showable

BOLD: Final = {False: b"\x1bE\x00", True: b"\x1bE\x01"}
CENTRE: Final = b"\x1ba\x01"
LEFT: Final = b"\x1ba\x00"
FEED: Final = b"\x1bd\x06"  # six lines: from the print head past the cutter
CUT: Final = b"\x1dV\x01"  # leaves a point, so that the receipt does not fall
MODULE: Final = 5  # dots of a QR code's module: 0.6 mm, which phones and scanners read
MAX_CODE: Final = 100  # characters; a receipt's number has some twenty


def print_bytes(rows: Iterable[tuple[str, bool]], code: str = "") -> bytes:
    """Return the whole job: rows of (text, bold), a QR code of ``code``, feed and cut."""
    job = escpos.INIT + SELECT
    job += b"".join(BOLD[bold] + showable(text).encode(CODE_PAGE) + b"\n" for text, bold in rows)
    return job + BOLD[False] + (CENTRE + qr_code(code) + LEFT if code else b"") + FEED + CUT


def qr_code(code: str) -> bytes:
    """Return the commands that print a QR code: model 2, least correction; a receipt is flat and new.

    Raises: ValueError if it is empty, longer than MAX_CODE, or not ASCII.
    """
    if not 1 <= len(code) <= MAX_CODE:
        raise ValueError(f"a code of {len(code)} characters cannot be printed: 1 to {MAX_CODE}")
    data = code.encode("ascii")
    return _qr(b"1A2\x00") + _qr(b"1C" + bytes([MODULE])) + _qr(b"1E0") + _qr(b"1P0" + data) + _qr(b"1Q0")


def _qr(body: bytes) -> bytes:
    return b"\x1d(k" + len(body).to_bytes(2, "little") + body
