"""Each device's thread, over real drivers and machines: nothing waits, nothing is lost, nothing is said twice."""

import time

import pytest
from device_ends import CAPTURES, SCALES, SCANNERS, Replay
from waiting import wait_until

from contract.sales import Payment, PaymentKind, SaleLine, SaleRecorded
from contract.values import BasketId, Currency, Quantity, Receipt, Unit
from hardware.drivers.choose import display_at, drawer_at, printer_at, scale_at
from hardware.formats.scale_profile import find_profile
from hardware.ports.printer import PrinterStatus
from hardware.ports.scale import NoWeight, Weight
from hardware.twins.display import DisplayMachine
from hardware.twins.ends import HOST, PtyEnd, TcpEnd
from hardware.twins.printer import PrinterMachine
from hardware.twins.scale import TwinScale
from kiosk.clock import KioskClock
from kiosk.core.notices import Mood, Notice
from kiosk.core.ports import DeskError
from kiosk.core.station import Scanned
from kiosk.core.timekeeping import ClockMode
from kiosk.core.words import say
from kiosk.devices.board import MAX_WAITING, Board
from kiosk.devices.scale import FRESH_S, Newest, ScaleWatch, decide_weight
from kiosk.devices.scanner import ScannerWatch
from kiosk.devices.shopper import DisplayWatch
from kiosk.devices.spool import MAX_JOBS, Spool
from kiosk.devices.worker import Worker


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def at_work():
    """Return what starts a worker; it is closed at the end."""
    started: list[Worker] = []

    def start(worker):
        worker.start()
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.close()


def hear(board, what="something"):
    return wait_until(board.hear, what=what)


# --------------------------------------------------------------------------------------------------------------- board


def test_a_board_wakes_once_for_each_thing_before_and_after_somebody_listens(board):
    woken: list[object] = []
    board.put(Scanned("1"))
    board.listen(lambda: woken.append(board.hear()))
    board.put(Scanned("2"))
    assert woken == [Scanned("1"), Scanned("2")]
    assert board.hear() is None


def test_a_board_is_bounded_and_says_what_it_dropped(board):
    woken: list[object] = []
    board.listen(lambda: woken.append(1))
    for number in range(MAX_WAITING + 3):
        board.put(Scanned(str(number)))
    assert [board.hear() for _ in range(MAX_WAITING)] == [Scanned(str(number)) for number in range(MAX_WAITING)]
    assert len(woken) == MAX_WAITING + 1
    lost = board.hear()
    assert isinstance(lost, Notice)
    assert lost.text.startswith("3 scans came faster")
    assert board.hear() is None


def test_what_is_wrong_is_said_until_it_is_well_and_that_once(board):
    board.warn("scale", say("NO SCALE"))
    board.warn("scanner", say("NO SCANNER"))
    board.warn("scale", say("NO SCALE AT ALL"))
    assert board.warnings() == ["NO SCALE AT ALL", "NO SCANNER"]
    board.well("scale", say("back"))
    board.well("scale", say("back"))
    assert (board.hear(), board.hear()) == (Notice(Mood.INFO, "back"), None)
    assert board.warnings() == ["NO SCANNER"]


class Faulty(Worker):
    """A driver that raises what no driver should."""

    turns = 0

    def step(self) -> None:
        self.turns += 1
        raise ZeroDivisionError("by nought")


def test_a_fault_in_a_driver_is_said_and_never_ends_the_thread(board, at_work):
    worker = at_work(Faulty(board, "scanner", say("the scanner")))
    wait_until(board.warnings, what="the warning")
    assert board.warnings() == ["the scanner failed (ZeroDivisionError: by nought): tell support"]
    before = time.monotonic()
    worker.close()
    assert time.monotonic() - before < 1
    assert worker.turns == 1  # it paused


# -------------------------------------------------------------------------------------------------------------- scanner


@pytest.fixture(params=sorted(SCANNERS))
def scanner(request, tmp_path):
    hands = SCANNERS[request.param](tmp_path)
    yield hands
    hands.close()


def test_sixty_scans_at_once_come_whole_and_in_order(scanner, board, at_work):
    assert scanner.scanner.wait(0) is None
    at_work(ScannerWatch(board, lambda: scanner.scanner))
    for number in range(60):
        scanner.scan(f"{4000000000000 + number}")
    assert [hear(board) for _ in range(60)] == [Scanned(f"{4000000000000 + number}") for number in range(60)]


def test_a_scanner_that_dies_is_a_warning_until_it_is_back(scanner, board, at_work):
    assert scanner.scanner.wait(0) is None
    at_work(ScannerWatch(board, lambda: scanner.scanner))
    scanner.cable.unplug()
    wait_until(board.warnings, what="the warning")
    assert board.warnings() == ["NO SCANNER: it is not connected: check its power and its cable"]
    scanner.cable.plug()
    assert hear(board) == Notice(Mood.INFO, "the scanner is there again")
    assert board.warnings() == []
    scanner.scan("4006381333931")
    assert hear(board) == Scanned("4006381333931")


def test_a_scanner_that_makes_noise_is_said_once_and_scans_go_on(tmp_path, board, at_work):
    hands = SCANNERS["serial"](tmp_path)
    assert hands.scanner.wait(0) is None
    at_work(ScannerWatch(board, lambda: hands.scanner))
    for _ in range(100):
        hands.send("\xff\xfe\x00noise\r")
    hands.scan("4006381333931")
    heard = [hear(board), hear(board)]
    hands.close()
    assert heard[1] == Scanned("4006381333931")
    assert isinstance(heard[0], Notice)
    assert heard[0].mood is Mood.ERROR
    assert heard[0].text.startswith("NOISE from the scanner, nothing was added: scan again")


def test_how_much_noise_was_not_said_is_said_with_the_next(tmp_path, board):
    watch = ScannerWatch(board, lambda: SCANNERS["twin"](tmp_path).scanner)
    for at_s in (0.0, 1.0, 2.9, 3.0):
        watch._complain(say("NOISE"), at_s)
    assert [board.hear(), board.hear(), board.hear()] == [
        Notice(Mood.ERROR, "NOISE"),
        Notice(Mood.ERROR, "NOISE (2 more before it)"),
        None,
    ]


# ---------------------------------------------------------------------------------------------------------------- scale


@pytest.fixture(params=sorted(SCALES))
def scale(request, tmp_path):
    hands = SCALES[request.param](tmp_path)
    yield hands
    hands.close()


def refusal(watch):
    with pytest.raises(DeskError) as refused:
        watch.weigh()
    return str(refused.value)


def weighed(watch):
    """Return the weight, or an empty text as long as there is none."""
    try:
        return watch.weigh()
    except DeskError:
        return ""


def test_what_lies_on_the_scale_is_there_without_waiting(scale, board, at_work):
    watch = at_work(ScaleWatch(board, lambda: scale.scale))
    scale.plate.put(250_000)
    assert wait_until(lambda: weighed(watch), what="the weight") == Quantity(250, Unit.GRAM)
    before = time.monotonic()
    watch.weigh()
    assert time.monotonic() - before < 0.05
    scale.plate.put(300_000, stable=False)
    wait_until(lambda: not weighed(watch), what="movement")
    assert "does not rest" in refusal(watch)
    scale.plate.put(16_000_000)
    wait_until(lambda: "too heavy" in refusal(watch), what="overload")
    scale.plate.put(-5_000)
    wait_until(lambda: "below zero" in refusal(watch), what="below zero")
    scale.plate.put(0)
    wait_until(lambda: "nothing lies on the scale" in refusal(watch), what="nothing")


def test_a_scale_that_is_pulled_says_so_and_comes_back(scale, board, at_work):
    watch = at_work(ScaleWatch(board, lambda: scale.scale))
    scale.plate.put(250_000)
    wait_until(lambda: weighed(watch), what="the weight")
    scale.cable.unplug()
    wait_until(board.warnings, what="the warning")
    assert board.warnings()[0].startswith("NO SCALE: it is not connected")
    assert "not connected" in refusal(watch)
    scale.cable.plug()
    assert hear(board) == Notice(Mood.INFO, "the scale is there again")
    assert wait_until(lambda: weighed(watch), what="the weight") == Quantity(250, Unit.GRAM)


def test_a_silent_scale_is_told(board, at_work):
    twin = TwinScale()
    twin.plate.silent = True
    watch = at_work(ScaleWatch(board, lambda: twin))
    assert "said nothing yet" in refusal(watch)
    wait_until(board.warnings, what="the warning", deadline_s=20)
    assert "it does not answer" in board.warnings()[0]
    assert "it does not answer" in refusal(watch)


@pytest.mark.parametrize(
    ("said", "age_s", "told"),
    [
        (Weight(250_000, stable=True), FRESH_S + 0.01, "has not answered since"),
        (Weight(250_000, stable=False), 0.0, "does not rest"),
        (Weight(-1, stable=True), 0.0, "below zero"),
        (Weight(499, stable=True), 0.0, "nothing lies on the scale"),
        (NoWeight("unsaid"), 0.0, "gives no weight"),
    ],
)
def test_goods_are_never_sold_by_a_weight_that_is_none(said, age_s, told):
    with pytest.raises(DeskError, match=told):
        decide_weight(Newest(said, 100.0), 100.0 + age_s)


def test_a_weight_as_old_as_may_be_is_taken_rounded_to_grams():
    assert decide_weight(Newest(Weight(250_500, stable=True), 100.0), 100.0 + FRESH_S) == Quantity(251, Unit.GRAM)


def test_a_real_scale_whose_frames_come_in_parts(real_data, tmp_path, board, at_work):
    stream = (real_data / CAPTURES / "DEFENDER3000__DEFENDER3000_hex.bin").read_bytes()
    end = PtyEnd(tmp_path / "tty", Replay(stream, 13))
    end.start()
    scale = scale_at(f"serial://{tmp_path}/tty", find_profile("ohaus-defender-3000"))
    watch = at_work(ScaleWatch(board, lambda: scale))
    seen = set()
    give_up_at = time.monotonic() + 3
    while time.monotonic() < give_up_at:
        seen.add(weighed(watch))
    end.close()
    assert seen == {"", Quantity(360, Unit.GRAM)}


# ----------------------------------------------------------------------------------------------------- drawer, printer


def sale(receipt="k1-1-1", kind=PaymentKind.CASH):
    line = SaleLine("A", "Apples", Quantity(1), 500, 500)
    more = {"reference": "v"} if kind is PaymentKind.VOUCHER else {}
    at = KioskClock(ClockMode.SYSTEM).stamp().at
    payments = [Payment(kind, 500, 500, 0, **more)]
    return SaleRecorded(Receipt(receipt), BasketId("b"), at, Currency("EUR"), [line], 500, payments)


@pytest.fixture(params=["serial", "tcp"])
def printer(request, tmp_path):
    """Return a printer's machine, its end, and its address."""
    machine = PrinterMachine()
    end = PtyEnd(tmp_path / "tty", machine) if request.param == "serial" else TcpEnd(machine)
    end.start()
    address = f"serial://{tmp_path}/tty" if isinstance(end, PtyEnd) else f"tcp://{HOST}:{end.port}"
    yield machine, end, address
    end.close()


def make_spool(board, address):
    return Spool(board, lambda: drawer_at(address), lambda: printer_at(address))


def test_the_drawer_opens_before_the_receipt_is_printed(printer, board, at_work):
    machine, _, address = printer
    spool = at_work(make_spool(board, address))
    spool.add(sale(), lambda: b"receipt one")
    spool.add(sale("k1-1-2", PaymentKind.VOUCHER), lambda: b"receipt two")
    wait_until(lambda: b"receipt two" in machine.printed, what="both receipts")
    assert bytes(machine.printed) == b"\x1bp\x00\x32\x32receipt onereceipt two"
    assert machine.opened == [2]
    assert board.hear() is None


def test_a_printer_without_paper_opens_the_drawer_says_so_and_never_prints_late(printer, board, at_work):
    machine, _, address = printer
    machine.status = PrinterStatus.NO_PAPER
    spool = at_work(make_spool(board, address))
    spool.add(sale(), lambda: b"receipt")
    told = hear(board)
    assert isinstance(told, Notice)
    assert told == Notice(
        Mood.ERROR, "SOLD k1-1-1, but its receipt is not printed: it cannot print: put paper in and close the cover"
    )
    assert machine.opened == [2]
    wait_until(board.warnings, what="the warning", deadline_s=20)
    assert board.warnings() == ["NO RECEIPTS, the printer: it has no paper: put a roll in"]
    machine.add_paper()
    assert hear(board) == Notice(Mood.INFO, "the receipt printer is ready again")
    assert b"receipt" not in machine.printed
    spool.add(sale("k1-1-2"), lambda: b"receipt two")
    wait_until(lambda: b"receipt two" in machine.printed, what="the next receipt")


def test_a_printer_that_is_not_there_is_said_before_anything_is_sold(tmp_path, board, at_work):
    spool = at_work(make_spool(board, f"serial://{tmp_path}/tty"))
    wait_until(board.warnings, what="the warning", deadline_s=20)
    assert board.warnings() == ["NO RECEIPTS, the printer: it is not reached: check its power and its cable"]
    spool.add(sale(), lambda: b"receipt")
    spool.add(sale("k1-1-2"), lambda: b"receipt")
    told = [hear(board).text, hear(board).text]
    assert told[0].startswith("SOLD k1-1-1, but the drawer is shut: it is not connected")
    assert told[1].startswith("SOLD k1-1-2, but the drawer is shut: it is not connected")
    spool.close()
    assert board.hear() is None  # that there are no receipts is said already


def test_drawers_do_not_wait_for_receipts(printer, board, at_work):
    machine, end, address = printer
    end.bytes_per_s = 2000
    spool = make_spool(board, address)
    for number in range(3):  # all wait before the first is begun: else some are printed already
        spool.add(sale(f"k1-1-{number}"), lambda: b"r" * 1000)
    at_work(spool)
    wait_until(lambda: machine.opened == [2, 2, 2] and machine.printed.count(b"r") == 3000, what="all", deadline_s=20)
    assert bytes(machine.printed).lstrip(b"\x1bp\x00\x32") == b"r" * 3000


def test_receipts_that_wait_are_bounded_and_the_oldest_is_said(board):
    spool = Spool(board, None, lambda: printer_at(f"tcp://{HOST}:9"))
    for number in range(MAX_JOBS + 1):
        spool.add(sale(f"k1-1-{number}"), lambda: b"")
    told = board.hear()
    assert isinstance(told, Notice)
    assert told.text == "SOLD k1-1-0, but its receipt is not printed: too many receipts wait: look at the printer"
    assert board.hear() is None


def test_the_last_receipt_is_printed_before_the_till_ends(printer, board):
    machine, _, address = printer
    spool = make_spool(board, address)
    spool.start()
    spool.add(sale(), lambda: b"the last")
    spool.close()
    wait_until(lambda: machine.printed.endswith(b"the last"), what="the last receipt")


# -------------------------------------------------------------------------------------------------------------- display


def test_a_display_shows_the_newest_also_when_it_comes_back(tmp_path, board, at_work):
    machine = DisplayMachine()
    end = PtyEnd(tmp_path / "tty", machine)
    watch = at_work(DisplayWatch(board, lambda: display_at(f"serial://{tmp_path}/tty")))
    watch.show("Espresso", "2.20")
    wait_until(board.warnings, what="the warning")
    assert board.warnings()[0].startswith("NO CUSTOMER DISPLAY: it is not connected")
    watch.show("Tea", "1.80")
    end.start()
    wait_until(lambda: machine.rows[0].startswith("Tea"), what="the newest", deadline_s=20)
    assert hear(board) == Notice(Mood.INFO, "the customer display is there again")
    end.close()
