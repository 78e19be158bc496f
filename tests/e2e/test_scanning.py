"""The real till with scanner, printer and drawer at its wires: what is scanned is sold, whatever goes on beside."""

import pytest
from till_terminal import TmuxTill, barcode, stock_desk
from waiting import wait_until

from hardware.formats.escpos import kick
from hardware.ports.printer import PrinterStatus
from hardware.twins.ends import HOST, Mute, PtyEnd, TcpEnd
from hardware.twins.printer import PrinterMachine
from kiosk.bootstrap import open_desk

ESPRESSO = "4006381333931"
CODES = [barcode(number) for number in range(60)]
ALL = [(f"P-{number:02d}", 1) for number in range(60)]


class Site:
    """A till in tmux whose devices are at the ends of real lines."""

    def __init__(self, folder):
        self.data_dir = folder / "data"
        stock_desk(self.data_dir).close()
        self.scanner = PtyEnd(folder / "scanner", Mute())
        self.machine = PrinterMachine()
        self.printer = TcpEnd(self.machine)
        self.scanner.start()
        self.printer.start()
        address = f"tcp://{HOST}:{self.printer.port}"
        (self.data_dir / "kiosk.toml").write_text(
            f'clock = "system"\n[devices]\nscanner = "serial://{folder}/scanner"\nprinter = "{address}"\n'
            f'drawer = "{address}"\nhead = ["Corner shop"]\n'
        )
        self.till = TmuxTill(folder, self.data_dir)

    def start(self):
        """Start the till, and wait until it hears its scanner: what is sent before that is lost, as on any line."""
        self.till.start()
        wait_until(self._is_heard, what="the scanner", deadline_s=20)
        self.till.press("Escape")
        wait_until(lambda: "NOISE" not in self.till.screen(), what="the notice to go")

    def _is_heard(self):
        self.scanner.say(b"\x00\r")
        return "NOISE from the scanner" in self.till.screen()

    def scan(self, *codes, end="\r"):
        self.scanner.say("".join(code + end for code in codes).encode())

    def sold(self):
        desk = open_desk(self.data_dir)
        last = desk.last_sale()
        desk.close()
        return last

    def lines(self):
        desk = open_desk(self.data_dir)
        basket = desk.open_basket()
        desk.close()
        return [(line.sku, line.quantity.amount) for line in basket.lines]

    def close(self):
        self.till.end()
        self.scanner.close()
        self.printer.close()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_sixty_scans_without_a_gap_on_a_serial_line(site, end):
    site.start()
    site.scan(*CODES, end=end)
    site.till.wait("TOTAL 77.70")
    assert site.lines() == ALL


@pytest.mark.parametrize("end", ["\r", "\t"])
def test_sixty_scans_without_a_gap_on_the_keyboard(site, end):
    site.till.start()
    site.till.type("".join(code + end for code in CODES))
    site.till.wait("TOTAL 77.70")
    assert site.lines() == ALL


def test_a_scanner_and_a_person_at_the_same_time(site):
    site.start()
    site.scan(*CODES[:20])
    site.till.wait("TOTAL 21.90")  # a digit that comes before a scan is its quantity, wherever the two come from
    site.till.type("3*")
    site.till.wait("TOTAL 21.90", "3*")
    site.scan(CODES[20])
    site.till.wait("TOTAL 25.50")
    site.scan(*CODES[21:])
    site.till.wait("TOTAL 80.10")
    assert site.lines() == [*ALL[:20], ("P-20", 3), *ALL[21:]]


def test_scanned_paid_in_one_key_and_printed_behind_the_drawer(site):
    site.start()
    site.scan(*CODES[:3])
    site.till.wait("TOTAL 3.03")
    site.till.press("F12")
    site.till.wait("SOLD receipt k1-1-1, total 3.03")
    site.till.press("F10")
    site.till.wait("again to close")
    site.till.press("F10")
    site.till.wait_dead()
    printed = bytes(site.machine.printed)
    assert printed.startswith(kick(2) + b"\x1b@")
    assert site.machine.opened == [2]
    assert [text in printed for text in (b"Corner shop", b"Piece number 02", b"3.03 EUR", b"1P0k1-1-1")] == [True] * 4
    assert printed.count(b"Corner shop") == 1


def test_garbage_and_wrong_check_digits_between_scans(site):
    site.start()
    site.scanner.say(b"\xff\xfe\xfd" * 200 + b"\r")
    site.scan(CODES[0], "4006381333932", CODES[1])
    site.scanner.say(b"\x80\x81noise\r" * 50)
    site.scan(CODES[2])
    site.till.wait("TOTAL 3.03")
    site.till.wait("WRONG CHECK DIGIT 4006381333932")
    assert site.lines() == ALL[:3]


def test_a_scan_while_money_is_asked_for_is_goods(site):
    site.start()
    site.scan(CODES[0])
    site.till.wait("TOTAL 1.00")
    site.till.press("F9")
    site.till.wait("TO PAY 1.00")
    site.scan(ESPRESSO)
    site.till.wait("TOTAL 3.20")
    assert site.sold() is None


def test_a_scanner_that_is_pulled_is_told_and_back_when_it_is_plugged_in(site):
    site.start()
    site.scanner.unplug()
    site.till.wait("NO SCANNER")
    site.till.scan(CODES[0])
    site.till.wait("TOTAL 1.00")
    site.scanner.plug()
    site.till.wait("the scanner is there again")
    assert "NO SCANNER" not in site.till.wait("TOTAL 1.00")
    site.scan(CODES[1])
    site.till.wait("TOTAL 2.01")


def test_a_till_starts_and_sells_while_its_scanner_and_printer_are_missing(site):
    site.scanner.close()
    site.printer.close()
    site.till.start()
    site.till.wait("NO SCANNER")
    site.till.wait("RECEIPTS, the printer: it is not reached")
    site.till.scan(CODES[0])
    site.till.wait("TOTAL 1.00")
    site.till.press("F12")
    site.till.wait("SOLD", "k1-1-1", "the drawer is shut")
    assert site.sold().receipt == "k1-1-1"


def test_a_killed_till_prints_no_receipt_a_second_time(site):
    site.machine.status = PrinterStatus.UNKNOWN
    site.start()
    site.scan(CODES[0])
    site.till.wait("TOTAL 1.00")
    site.till.press("F12")
    site.till.wait("SOLD receipt k1-1-1")
    site.till.kill()
    before = site.machine.printed.count(b"Corner shop")
    site.start()
    site.till.wait("Last sale: k1-1-1")
    site.scan(CODES[1])
    site.till.wait("TOTAL 1.01")
    assert site.machine.printed.count(b"Corner shop") == before <= 1
