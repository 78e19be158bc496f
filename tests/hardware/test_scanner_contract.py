"""What holds for one scanner holds for all: drivers with a machine at the other end, and the twin."""

import threading
import time

import pytest
from device_ends import SCANNERS

from hardware.errors import Closed
from hardware.ports.scanner import MAX_CODE, Scan, ScannerReady, ScanProblem

CODES = ["4006381333931", "5 GS1-test/%.$+", "A", "]C101040063813339311024X", "https://example.com/01/0400638?x=1#y"]
PATIENCE_S = 5.0  # of a test; each step takes milliseconds


@pytest.fixture(params=SCANNERS)
def hands(request, tmp_path):
    hands = SCANNERS[request.param](tmp_path)
    assert hands.scanner.wait(0) is None  # connected before anybody scans
    yield hands
    hands.scanner.close()
    hands.close()


def next_event(hands):
    return hands.scanner.wait(PATIENCE_S)


def next_codes(hands, count):
    return [event.code for event in (next_event(hands) for _ in range(count)) if isinstance(event, Scan)]


def test_each_code_comes_whole_and_in_order(hands):
    for code in CODES:
        hands.scan(code)
    assert next_codes(hands, len(CODES)) == CODES


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_every_usual_end_ends_a_code(hands, end, request):
    if "\n" in end and "wedge" in request.node.callspec.id:
        hands.send("12\r34\r")  # a keyboard has one Enter key
    else:
        hands.send(f"12{end}34{end}")
    assert next_codes(hands, 2) == ["12", "34"]


def test_sixty_scans_without_a_pause_give_sixty_codes(hands):
    codes = [f"40063813{number:05}" for number in range(60)]
    hands.send("".join(f"{code}\r" for code in codes[:30]))
    for code in codes[30:]:
        hands.scan(code)
    assert next_codes(hands, 60) == codes


def test_a_code_says_when_it_came(hands):
    before = time.monotonic()
    hands.scan("12")
    event = next_event(hands)
    assert before <= event.at_s <= time.monotonic()


def test_nothing_scanned_is_nothing_after_the_time_and_no_sooner(hands):
    before = time.monotonic()
    assert hands.scanner.wait(0.1) is None
    assert 0.1 <= time.monotonic() - before < PATIENCE_S


def test_half_a_code_is_a_problem_and_no_code(hands):
    hands.send("400638")
    event = next_event(hands)
    assert isinstance(event, ScanProblem)
    assert event.kind == "half"
    assert "scan again" in event.message


def test_a_line_without_end_is_one_problem(hands):
    hands.send("9" * (2 * MAX_CODE) + "\r")
    hands.scan("12")
    event = next_event(hands)
    assert isinstance(event, ScanProblem)
    assert event.kind == "long"
    assert next_codes(hands, 1) == ["12"]


def test_unplugged_is_told_once_and_the_scanner_comes_back(hands):
    hands.cable.unplug()
    event = next_event(hands)
    assert isinstance(event, ScanProblem)
    assert event.kind == "unplugged"
    assert "cable" in event.message
    assert hands.scanner.wait(1.2) is None  # longer than a driver waits before it looks again
    hands.cable.plug()
    assert isinstance(next_event(hands), ScannerReady)
    hands.scan("12")
    assert next_codes(hands, 1) == ["12"]


def test_a_code_cut_by_the_cable_is_no_code(hands):
    hands.send("400638")
    assert hands.scanner.wait(0.05) is None
    hands.cable.unplug()
    kinds = [next_event(hands).kind for _ in range(2)]
    assert kinds == ["half", "unplugged"]
    hands.cable.plug()
    assert isinstance(next_event(hands), ScannerReady)
    hands.scan("1333931")
    assert next_codes(hands, 1) == ["1333931"]


def test_closed_ends_a_wait_in_another_thread(hands):
    ended = []

    def wait():
        try:
            while True:
                hands.scanner.wait(0.05)
        except Closed as error:
            ended.append(str(error))

    thread = threading.Thread(target=wait)
    thread.start()
    hands.scanner.close()
    thread.join(PATIENCE_S)
    assert ended
    with pytest.raises(Closed):
        hands.scanner.wait(0)
