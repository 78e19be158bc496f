"""The thread of drawer and printer: after each sale the drawer first, then its receipt.

Rules
-----
1.  Drawers come before everything that waits for the printer: a shopper waits for change, nobody for paper.
2.  A receipt is printed by itself at most once. What failed is said, with its number, and not tried again; while a
    warning says that there are no receipts, it is not said anew with each sale.
3.  While nothing is printed the printer is asked how it is, so that an empty roll is known before the next sale.
"""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition
from typing import Final

from msgspec import Struct

from contract.sales import PaymentKind, SaleRecorded
from contract.values import Receipt
from hardware.errors import HardwareError
from hardware.ports.drawer import Drawer
from hardware.ports.printer import Printer, PrinterStatus
from kiosk.core.notices import Mood, Notice
from kiosk.core.words import Text, say
from kiosk.devices.board import Board
from kiosk.devices.words import STATES, why
from kiosk.devices.worker import Worker

MAX_JOBS: Final = (
    50  # receipts that wait: a till makes some five sales a minute, and a stuck printer refuses in seconds
)
DRAIN_S: Final = 4.0  # how long the end of the till waits for the last receipt
IDLE_S: Final = 1.0  # of one wait for work
LOOK_S: Final = 15.0  # between two looks at a printer that is well; at one that is not, BAD_S
BAD_S: Final = 2.0
SURE: Final = 2  # looks in a row that must say the same: another program may just be printing


class Job(Struct, frozen=True):
    """A receipt to print; ``render`` makes its bytes, in the thread."""

    receipt: Receipt
    render: Callable[[], bytes]


class Spool(Worker):
    """Opens and prints. The parts are made in the thread: drivers import slowly; None: the till has no such device."""

    def __init__(
        self, board: Board, open_drawer: Callable[[], Drawer] | None, open_printer: Callable[[], Printer] | None
    ) -> None:
        """Work with these."""
        super().__init__(board, "printer", say("the receipt printer"))
        self._open_drawer, self._open_printer = open_drawer, open_printer
        self._drawer: Drawer | None = None
        self._printer: Printer | None = None
        self._changed = Condition()
        self._kicks: deque[Receipt] = deque()
        self._jobs: deque[Job] = deque()
        self._look_at_s = 0.0
        self._bad = 0

    def add(self, sale: SaleRecorded, render: Callable[[], bytes]) -> None:
        """Take what is to be done after a sale; returns at once."""
        with self._changed:
            if self._open_drawer and any(one.kind is PaymentKind.CASH for one in sale.payments):
                self._kicks.append(sale.receipt)
            if self._open_printer:
                self._jobs.append(Job(sale.receipt, render))
            late = self._jobs.popleft() if len(self._jobs) > MAX_JOBS else None
            self._changed.notify()
        if late:
            self._failed(late.receipt, say("too many receipts wait: look at the printer"))

    def step(self) -> None:
        """Open, or print, or look at the printer."""
        self._make()
        kick, job = self._next()
        if kick is not None:
            self._kick(kick)
        elif job is not None:
            self._print(job)
        elif self._printer and time.monotonic() >= self._look_at_s:
            self._look(self._printer)

    def end(self) -> None:
        """Ask the thread to end, also where it waits for work."""
        super().end()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Print what waits, for DRAIN_S at most, then end."""
        give_up_at = time.monotonic() + DRAIN_S
        with self._changed:
            while (self._kicks or self._jobs) and (left_s := give_up_at - time.monotonic()) > 0:
                self._changed.wait(left_s)
        super().close()

    def stop(self) -> None:
        """Give both back."""
        for part in (self._drawer, self._printer):
            if part:
                part.close()

    def _make(self) -> None:
        if self._open_drawer and self._drawer is None:
            self._drawer = self._open_drawer()
        if self._open_printer and self._printer is None:
            self._printer = self._open_printer()

    def _next(self) -> tuple[Receipt | None, Job | None]:
        """Return what is to be done; nothing after IDLE_S. It is out of the row from then on: nothing is done twice."""
        with self._changed:
            if not (self._kicks or self._jobs or self.ended.is_set()):
                self._changed.wait(IDLE_S)
            kick = self._kicks.popleft() if self._kicks else None
            job = self._jobs.popleft() if self._jobs and kick is None else None
            self._changed.notify_all()
        return kick, job

    def _kick(self, receipt: Receipt) -> None:
        assert self._drawer is not None  # noqa: S101 - only then a kick is taken
        try:
            self._drawer.kick()
        except HardwareError as error:
            text = say("SOLD {receipt}, but the drawer is shut: {why}; use its key", receipt=receipt, why=why(error))
            self.board.put(Notice(Mood.ERROR, text))

    def _print(self, job: Job) -> None:
        assert self._printer is not None  # noqa: S101 - only then a job is taken
        try:
            self._printer.print_job(job.render())
        except HardwareError as error:
            self._failed(job.receipt, why(error), in_part=bool(error.sent))
            self._look_at_s = 0.0  # what is wrong now is soon known
        else:
            self._fine()

    def _failed(self, receipt: Receipt, reason: Text, *, in_part: bool = False) -> None:
        if in_part:
            text = say(
                "SOLD {receipt}, but its receipt may be printed in part only: {why}", receipt=receipt, why=reason
            )
        elif self._bad >= SURE:
            return  # a warning stands on the screen and says so: one more error each sale would only hide others
        else:
            text = say("SOLD {receipt}, but its receipt is not printed: {why}", receipt=receipt, why=reason)
        self.board.put(Notice(Mood.ERROR, text))

    def _look(self, printer: Printer) -> None:
        status = printer.status()
        if status in {PrinterStatus.READY, PrinterStatus.UNKNOWN}:
            self._fine()
            return
        self._bad += 1
        self._look_at_s = time.monotonic() + BAD_S
        if self._bad >= SURE:
            self.board.warn(self.device, say("NO RECEIPTS, the printer: {why}", why=STATES[status]))

    def _fine(self) -> None:
        self._bad, self._look_at_s = 0, time.monotonic() + LOOK_S
        self.board.well(self.device, say("the receipt printer is ready again"))
