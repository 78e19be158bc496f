"""A receipt printer that understands ESC/POS, on any line."""

from typing import Final

from hardware.drivers.escpos_link import EscposLink, ask_status
from hardware.drivers.lines import Wire
from hardware.errors import Closed, HardwareError, JobTooLarge, NotReady, Stuck
from hardware.ports.printer import MAX_JOB, SLOWEST_BYTES_S, STALL_S, PrinterStatus
from hardware.settings import Line

CAN_TRY: Final = {PrinterStatus.READY, PrinterStatus.UNKNOWN}  # many printers on the network never answer


class EscposPrinter:
    """The printer on ``line``; it need not be plugged in yet. After ``stall_s`` without taking a byte it is stuck."""

    def __init__(self, line: Line, *, stall_s: float = STALL_S) -> None:
        self._link = EscposLink(line)
        self._stall_s = stall_s

    def print_job(self, job: bytes) -> None:
        """Hand over all of ``job``; see the port.

        The printer is asked before: one without paper takes bytes into its buffer and prints them whenever it gets
        paper, which may be after a person printed again. It is asked again at the end, for paper that ran out.
        """
        if len(job) > MAX_JOB:
            raise JobTooLarge(f"{len(job)} bytes, at most {MAX_JOB}")
        with self._link.use() as wire:
            before = _refuse(ask_status(wire))
            wire.write(job, self._stall_s)
            try:
                wire.drain(self._stall_s)
                if before is not PrinterStatus.UNKNOWN:
                    self._look_after(wire, len(job))
            except HardwareError as error:
                error.sent = len(job)
                raise

    def status(self) -> PrinterStatus:
        """Return what the printer says now."""
        try:
            with self._link.use() as wire:
                return ask_status(wire)
        except Closed:
            raise
        except Stuck:
            return PrinterStatus.UNKNOWN
        except HardwareError:
            return PrinterStatus.OFFLINE

    def close(self) -> None:
        """Give the line back."""
        self._link.close()

    def _look_after(self, wire: Wire, size: int) -> None:
        """Ask a printer that can tell how it is; on the network the question waits until the job is taken."""
        if _refuse(ask_status(wire, self._stall_s + size / SLOWEST_BYTES_S)) is PrinterStatus.UNKNOWN:
            raise Stuck("it answered before the job, and does not any more")


def _refuse(status: PrinterStatus) -> PrinterStatus:
    if status not in CAN_TRY:
        raise NotReady(status.value)
    return status
