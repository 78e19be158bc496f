"""Bytes to and from a USB printer through libusb, by python-escpos. Unverified: no such printer was at hand.

Where the kernel shows the printer as ``/dev/usb/lp0``, ``lp:///dev/usb/lp0`` needs neither library nor this file.
"""

import errno
import time
from typing import Any, Final, Self

from escpos.exceptions import DeviceNotFoundError  # type: ignore[import-untyped]  # it has no py.typed
from escpos.printer import Usb  # type: ignore[import-untyped]  # the same

from hardware.errors import HardwareError, NotAllowed, Stuck, Unplugged
from hardware.settings import UsbLine

CHUNK: Final = 1024  # bytes at a time: a printer of 100 mm/s takes them in a fraction of a second
MIN_TIMEOUT_MS: Final = 1  # 0 would mean for ever


class UsbWire:
    """A printer behind libusb. It stays open: python-escpos resets the printer whenever it opens it."""

    def __init__(self, printer: Any) -> None:
        self._printer = printer

    @classmethod
    def open(cls, line: UsbLine) -> Self:
        """Find and claim the printer.

        Raises: Unplugged, NotAllowed.
        """
        printer = Usb(
            line.vendor, line.product, timeout=MIN_TIMEOUT_MS, in_ep=line.endpoint_in, out_ep=line.endpoint_out
        )
        try:
            printer.open()
        except DeviceNotFoundError as error:
            raise Unplugged(f"{line.vendor:04x}:{line.product:04x}: {error}".replace("\n", " ")) from error
        except (OSError, ValueError) as error:  # USBError is an OSError; NoBackendError, without libusb, a ValueError
            raise _translate(error) from error
        return cls(printer)

    def read(self, timeout_s: float) -> bytes:
        """Return what comes within ``timeout_s``; some printers answer with nothing at once, and are asked again."""
        give_up_at = time.monotonic() + timeout_s
        while (left_s := give_up_at - time.monotonic()) > 0:
            try:
                data = self._printer.device.read(self._printer.in_ep, 64, max(MIN_TIMEOUT_MS, int(left_s * 1000)))
            except OSError as error:
                if error.errno == errno.ETIMEDOUT:
                    return b""
                raise _translate(error) from error
            if len(data):
                return bytes(data)
        return b""

    def write(self, data: bytes, stall_s: float) -> None:
        """Hand ``data`` over, CHUNK by CHUNK."""
        self._printer.timeout = max(MIN_TIMEOUT_MS, int(stall_s * 1000))
        for sent in range(0, len(data), CHUNK):
            try:
                self._printer._raw(data[sent : sent + CHUNK])  # noqa: SLF001 - python-escpos' way of sending bytes
            except OSError as error:
                problem = _translate(error)
                problem.sent = sent + 1  # how much of the chunk left is not known
                raise problem from error

    def discard_input(self) -> None:
        """Read until there is nothing more."""
        self.read(0.01)

    def drain(self, stall_s: float) -> None:
        """Nothing to wait for: a write ends when the printer took it."""

    def close(self) -> None:
        """Release the printer."""
        self._printer.close()


def _translate(error: Exception) -> HardwareError:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.EACCES, errno.EPERM}:
        return NotAllowed(str(error))
    return Stuck(str(error)) if number == errno.ETIMEDOUT else Unplugged(str(error))
