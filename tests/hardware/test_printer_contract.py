"""What holds for one printer and its drawer holds for all: on a serial line, on the network, and the twin."""

import random
import time

import pytest
from escpos_ends import PRINTERS
from waiting import wait_until

from hardware.errors import Closed, JobTooLarge, NotReady, Stuck, Unplugged
from hardware.formats.escpos import INIT, kick
from hardware.ports.printer import MAX_JOB, SLOWEST_BYTES_S, PrinterStatus

JOB = INIT + "Café 2 x 1.50      3.00\n".encode("cp858") * 40 + b"\x1dV\x00"
STOPPED = [PrinterStatus.NO_PAPER, PrinterStatus.COVER_OPEN, PrinterStatus.OFFLINE]


@pytest.fixture(params=PRINTERS)
def hands(request, tmp_path):
    hands = PRINTERS[request.param](tmp_path)
    yield hands
    hands.printer.close()
    hands.drawer.close()
    hands.cable.close()


def wait_for(hands, printed):
    wait_until(lambda: len(hands.machine.printed) >= len(printed), what="the machine to print")
    assert bytes(hands.machine.printed) == printed


def test_every_byte_is_printed_once_and_in_order(hands):
    hands.printer.print_job(JOB)
    hands.printer.print_job(b"second")
    wait_for(hands, JOB + b"second")


def test_any_bytes_pass_unchanged(hands):
    job = bytes(byte for byte in random.Random(1).randbytes(60_000) if byte != 0x10)  # noqa: S311 - not for secrets
    hands.printer.print_job(job)
    wait_for(hands, job)


@pytest.mark.parametrize("status", STOPPED)
def test_a_printer_that_cannot_print_gets_nothing(hands, status):
    hands.machine.status = status
    with pytest.raises(NotReady, match=status.value) as caught:
        hands.printer.print_job(JOB)
    assert caught.value.sent == 0
    hands.machine.add_paper()
    assert not hands.machine.printed


@pytest.mark.parametrize("status", list(PrinterStatus))
def test_the_status_is_what_the_printer_says(hands, status):
    hands.machine.status = status
    assert hands.printer.status() is status


def test_a_printer_that_cannot_tell_prints(hands):
    hands.machine.status = PrinterStatus.UNKNOWN
    hands.printer.print_job(JOB)
    wait_for(hands, JOB)


def test_paper_that_runs_out_is_said_after_the_job(hands):
    hands.machine.paper_bytes = 500
    with pytest.raises(NotReady, match="no paper") as caught:
        hands.printer.print_job(JOB)
    assert caught.value.sent == len(JOB)
    wait_for(hands, JOB[:500])
    hands.machine.add_paper()
    assert bytes(hands.machine.printed) == JOB  # its buffer held the rest: printing again would print twice


def test_a_printer_that_stops_taking_bytes_is_told_in_time(hands):
    size = 1000  # on the network a larger job is given time in proportion
    hands.cable.take_only(100)
    before = time.monotonic()
    with pytest.raises(Stuck, match="waits for paper") as caught:
        hands.printer.print_job(b"x" * size)
    assert time.monotonic() - before < 5 + size / SLOWEST_BYTES_S
    assert 100 <= caught.value.sent <= size


def test_a_slow_printer_gets_everything(hands):
    hands.cable.slow_down(20_000)
    job = JOB * 10
    before = time.monotonic()
    hands.printer.print_job(job)
    wait_for(hands, job)
    assert time.monotonic() - before > len(job) / 20_000 * 0.8


def test_an_unplugged_printer_is_said_and_found_again(hands):
    hands.printer.print_job(JOB)
    hands.cable.unplug()
    assert hands.printer.status() is PrinterStatus.OFFLINE
    with pytest.raises(Unplugged, match="check its power and its cable") as caught:
        hands.printer.print_job(JOB)
    assert caught.value.sent == 0
    hands.cable.plug()
    hands.printer.print_job(JOB)
    wait_for(hands, JOB + JOB)


def test_a_job_beyond_any_receipt_is_refused(hands):
    with pytest.raises(JobTooLarge):
        hands.printer.print_job(b"x" * (MAX_JOB + 1))
    assert not hands.machine.printed


def test_a_closed_printer_says_so(hands):
    hands.printer.close()
    for use in (hands.printer.status, lambda: hands.printer.print_job(JOB)):
        with pytest.raises(Closed):
            use()


# --------------------------------------------------------------------------------------------------------------- drawer


def test_each_kick_opens_the_drawer_once(hands):
    hands.drawer.kick()
    hands.drawer.kick()
    wait_until(lambda: len(hands.machine.opened) >= 2, what="the drawer")
    assert hands.machine.opened == [2, 2]


@pytest.mark.parametrize("status", STOPPED)
def test_the_drawer_opens_while_the_printer_cannot_print(hands, status):
    hands.machine.status = status
    hands.drawer.kick()
    wait_until(lambda: hands.machine.opened, what="the drawer")
    assert hands.machine.opened == [2]
    hands.machine.add_paper()
    assert hands.machine.opened == [2]


def test_the_drawer_opens_at_a_printer_that_cannot_tell(hands):
    hands.machine.status = PrinterStatus.UNKNOWN
    hands.drawer.kick()
    wait_until(lambda: hands.machine.opened, what="the drawer")


def test_a_kick_in_a_job_opens_the_drawer_and_one_in_a_picture_does_not(hands):
    picture = b"\x1d(L" + (len(kick(2)) + 2).to_bytes(2, "little") + b"0p" + kick(2)
    hands.printer.print_job(picture + kick(5))
    wait_until(lambda: hands.machine.opened, what="the drawer")
    assert hands.machine.opened == [5]


def test_an_unplugged_drawer_says_so_within_its_time(hands):
    hands.cable.unplug()
    before = time.monotonic()
    with pytest.raises(Unplugged):
        hands.drawer.kick()
    assert time.monotonic() - before < 3


def test_a_closed_drawer_says_so(hands):
    hands.drawer.close()
    with pytest.raises(Closed):
        hands.drawer.kick()
