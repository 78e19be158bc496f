"""All devices of one till, as its settings name them (see :class:`kiosk.core.station.Devices`)."""

from collections.abc import Callable, Sequence
from functools import partial

from contract.sales import SaleRecorded
from contract.shop import Shop
from contract.values import Quantity
from hardware.formats.receipt import print_bytes
from hardware.ports.display import LineDisplay
from hardware.ports.drawer import Drawer
from hardware.ports.printer import Printer
from hardware.ports.scale import Scale
from hardware.ports.scanner import Scanner
from kiosk.config import DevicesConfig
from kiosk.core.ports import DeskError
from kiosk.core.receipt import Figures, Speak, receipt_lines
from kiosk.core.words import in_english, say
from kiosk.devices.board import Board
from kiosk.devices.scale import ScaleWatch
from kiosk.devices.scanner import ScannerWatch
from kiosk.devices.shopper import DisplayWatch
from kiosk.devices.spool import Spool
from kiosk.devices.worker import Worker


class LocalDevices:
    """The devices that ``config`` names, each with its thread. ``head`` is printed on top of every receipt."""

    def __init__(
        self, config: DevicesConfig, *, head: Sequence[str] = (), speak: Speak = str, money: Figures = in_english
    ) -> None:
        """Make the parts; nothing is opened before ``listen``. Receipts are written by ``speak`` and ``money``."""
        self._config = config
        self._head, self._speak, self._money = tuple(head), speak, money
        self._board = Board()
        self._scanner = ScannerWatch(self._board, self._open_scanner) if config.scanner else None
        self._scale = ScaleWatch(self._board, self._open_scale) if config.scale else None
        self._display = DisplayWatch(self._board, self._open_display) if config.display else None
        drawer = self._open_drawer if config.drawer else None
        printer = self._open_printer if config.printer else None
        self._spool = Spool(self._board, drawer, printer) if drawer or printer else None
        self.hear = self._board.hear
        self.warnings = self._board.warnings

    def listen(self, wake: Callable[[], object]) -> None:
        """Put every device to work; ``wake`` is called once for each thing to ``hear``."""
        self._board.listen(wake)
        for worker in self._workers():
            worker.start()

    def weigh(self) -> Quantity:
        """Return what lies on the scale, at once; see :meth:`kiosk.devices.scale.ScaleWatch.weigh`."""
        if self._scale is None:
            raise DeskError(say("there is no scale here: type the weight"))
        return self._scale.weigh()

    def after_sale(self, sale: SaleRecorded, shop: Shop) -> None:
        """Open the drawer if cash moved, then print the receipt; returns at once."""
        if self._spool:
            self._spool.add(sale, partial(self._render, sale, shop))

    def show_shopper(self, top: str, bottom: str) -> None:
        """Let the shopper read two rows, where there is a display."""
        if self._display:
            self._display.show(top, bottom)

    def close(self) -> None:
        """End: what is still to be printed is, within a few seconds; the others end meanwhile."""
        for worker in self._workers():
            if worker is not self._spool:
                worker.end()
        for worker in reversed(self._workers()):
            worker.close()

    def _workers(self) -> list[Worker]:
        return [one for one in (self._scanner, self._scale, self._display, self._spool) if one is not None]

    def _render(self, sale: SaleRecorded, shop: Shop) -> bytes:
        rows = receipt_lines(
            sale,
            width=self._config.paper,
            head=self._head,
            taxes={rate.code: rate.name for rate in shop.taxes},
            speak=self._speak,
            money=self._money,
        )
        return print_bytes([(row.text, row.bold) for row in rows], sale.receipt)

    def _open_scanner(self) -> Scanner:
        from hardware.drivers.choose import scanner_at  # noqa: PLC0415 - imported by the thread that needs it

        return scanner_at(self._config.scanner)

    def _open_scale(self) -> Scale:
        from hardware.drivers.choose import scale_at  # noqa: PLC0415 - the same
        from hardware.formats.scale_profile import find_profile  # noqa: PLC0415 - the same

        return scale_at(self._config.scale, find_profile(self._config.scale_profile), self._config.scale_unit or None)

    def _open_printer(self) -> Printer:
        from hardware.drivers.choose import printer_at  # noqa: PLC0415 - the same

        return printer_at(self._config.printer)

    def _open_drawer(self) -> Drawer:
        from hardware.drivers.choose import drawer_at  # noqa: PLC0415 - the same

        return drawer_at(self._config.drawer, self._config.drawer_pin)

    def _open_display(self) -> LineDisplay:
        from hardware.drivers.choose import display_at  # noqa: PLC0415 - the same

        return display_at(self._config.display, behind_printer=self._config.display_behind_printer)
