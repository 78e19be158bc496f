"""Our few ESC/POS bytes are those of python-escpos and of a receipt that another program made."""

import pytest
from escpos import constants, printer  # type: ignore[import-untyped]  # it has no py.typed
from escpos_ends import PRINTERS
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from hardware.formats import escpos, line_display
from hardware.ports.printer import PrinterStatus
from hardware.twins.printer import PrinterMachine

RECEIPT = "8_devices/receipt-with-logo.bin"


def test_the_commands_are_those_of_python_escpos():
    dummy = printer.Dummy()
    for pin in (2, 5):
        dummy.cashdraw(pin)
        assert dummy.output == escpos.kick(pin)
        dummy.clear()
    assert constants.HW_INIT == escpos.INIT
    assert constants.RT_STATUS_ONLINE == escpos.ASK_PRINTER
    assert constants.RT_STATUS_PAPER == escpos.ASK_PAPER
    assert constants.LINE_DISPLAY_OPEN == line_display.SELECT_DISPLAY
    assert constants.LINE_DISPLAY_CLOSE == line_display.SELECT_PRINTER
    assert line_display.START.startswith(constants.LINE_DISPLAY_CLEAR)


def test_the_real_time_kick_is_that_of_the_manuals():
    assert (escpos.kick_now(2), escpos.kick_now(5)) == (b"\x10\x14\x01\x00\x01", b"\x10\x14\x01\x01\x01")


@pytest.mark.parametrize("status", list(PrinterStatus))
def test_what_a_printer_says_is_read_back(status):
    said = b"".join(escpos.say_status(status, question) for question in (1, 2, 4))
    assert escpos.read_status(said if status is not PrinterStatus.UNKNOWN else b"") is status


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"\x12\x12\x12", PrinterStatus.READY), (b"\x16\x12\x12", PrinterStatus.READY),  # the drawer's switch
        (b"\x12\x1a\x12", PrinterStatus.READY),  # paper is fed by hand
        (b"\x12\x12\x1e", PrinterStatus.READY),  # paper is nearly out
        (b"\x1a\x16\x12", PrinterStatus.COVER_OPEN), (b"\x1a\x32\x72", PrinterStatus.NO_PAPER),
        (b"\x12\x12\x72", PrinterStatus.NO_PAPER), (b"\x1a\x12\x12", PrinterStatus.OFFLINE),
        (b"\x12\x52\x12", PrinterStatus.OFFLINE), (b"", PrinterStatus.UNKNOWN), (b"\x12\x12", PrinterStatus.UNKNOWN),
        (b"OK\n", PrinterStatus.UNKNOWN), (b"\x12\x12\x12\x12", PrinterStatus.UNKNOWN),
        (b"\x00\x12\x12", PrinterStatus.UNKNOWN), (b"\xff\xff\xff", PrinterStatus.UNKNOWN),
    ],
)  # fmt: skip
def test_the_answers_of_the_manuals_are_read(answer, status):
    assert escpos.read_status(answer) is status


@given(st.lists(st.integers(1, 400), max_size=40), st.data())
def test_a_printer_prints_the_same_however_the_bytes_arrive(sizes, data):
    pieces = st.sampled_from(
        [b"text\n", b"\x10\x04\x01", escpos.kick(2), escpos.kick_now(5), b"\x10", b"\x1d(L\x03\x00abc"]
    )
    stream = b"".join(data.draw(st.lists(pieces, max_size=12))) + b"end"
    whole, cut = PrinterMachine(), PrinterMachine()
    answers = whole.receive(stream)
    said = b""
    for size in sizes:
        said += cut.receive(stream[:size])
        stream = stream[size:]
    said += cut.receive(stream)
    assert (said, cut.printed, sorted(cut.opened)) == (answers, whole.printed, sorted(whole.opened))


@pytest.mark.parametrize("make", PRINTERS.values(), ids=PRINTERS)
def test_a_real_receipt_with_a_picture_arrives_whole_and_opens_the_drawer_once(make, real_data, tmp_path):
    receipt = (real_data / RECEIPT).read_bytes()
    assert receipt.startswith(escpos.INIT)
    assert receipt[-5:-2] == b"\x1bp0"
    hands = make(tmp_path)
    hands.printer.print_job(receipt)
    wait_until(lambda: len(hands.machine.printed) >= len(receipt), what="the machine to print")
    assert (bytes(hands.machine.printed), hands.machine.opened) == (receipt, [2])
    hands.cable.close()
