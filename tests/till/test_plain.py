"""The till by lines: over its real desk, and as a command on a pipe and on a terminal."""

import os
import pty
import select
import signal
import subprocess
import termios
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from kiosk_command import KIOSK, Kiosk
from till_terminal import barcode, sample_items, stock_desk, till_data
from waiting import wait_until

from contract.shop import Person, Role, Shop
from contract.values import Lane
from kiosk.bootstrap import LocalDesk
from kiosk.clock import KioskClock
from kiosk.config import Config
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Scanned
from kiosk.core.timekeeping import ClockMode
from kiosk.core.words import say
from kiosk.journal.journal import Journal
from kiosk.journal.outbox import lane_path
from kiosk.journal.schema import TILL
from kiosk.people import make_hash
from kiosk.station import open_station
from kiosk.till.plain import LineTill, Stir
from kiosk.till.speech import Speech

__all__ = ["till_data"]

ESPRESSO = "4006381333931"
CHEWING_GUM = "96385074"
GREETING = 4  # lines that every run begins with


class Typing:
    """Lines in the order in which they come, and whether each was hidden while it was typed."""

    def __init__(self, lines):
        self.lines = list(lines)
        self.hidden = []

    def next(self, *, hidden=False):
        line = self.lines.pop(0) if self.lines else Stir.END
        if hidden:
            self.hidden.append(line)
        return line

    def wake(self):
        raise AssertionError("no device was to stir by itself")


class Around:
    """Devices that have something to say."""

    def __init__(self, *heard):
        self.heard = list(heard)
        self.wrong = []

    def listen(self, wake):
        pass

    def hear(self):
        return self.heard.pop(0) if self.heard else None

    def warnings(self):
        return self.wrong

    def after_sale(self, sale, shop):
        pass

    def show_shopper(self, top, bottom):
        pass


class Run:
    """What a till said, and how it ended."""

    def __init__(self, desk, lines, *, speech=None, devices=None):
        self.said: list[str] = []
        self.typing = Typing(lines)
        with open_station(desk) as station:
            if devices:
                station.devices = devices
            self.reason = LineTill(station, speech or Speech(), self.typing, self.said.append).run()
            self.basket = [(line.sku, line.quantity.amount) for line in station.counter.basket.lines]
            self.errors = list(station.errors)

    @property
    def after(self):
        """What was said after the greeting."""
        return self.said[GREETING:]


@pytest.fixture
def desk(tmp_path):
    made = stock_desk(tmp_path / "data")
    yield made
    made.close()


def test_it_says_who_it_is_what_is_in_the_basket_and_what_it_waits_for(desk):
    run = Run(desk, [])
    assert run.said == [
        "Till k1 of demo. ? says what can be done.",
        "TOTAL 0.00 EUR, 0 lines",
        "Scan, code, name or price",
        "no hub set up",
    ]
    assert run.reason == "no more lines came"


def test_three_scans_and_exact_cash(desk):
    run = Run(desk, [ESPRESSO, "2*" + CHEWING_GUM, ESPRESSO, "/exact"])
    assert run.after == [
        "1 × Espresso, 2.20",
        "TOTAL 2.20 EUR, 1 line",
        "2 × Chewing gum, 1.98",
        "TOTAL 4.18 EUR, 2 lines",
        "1 × Espresso, 2.20",
        "TOTAL 6.38 EUR, 3 lines",
        "SOLD receipt k1-1-1, total 6.38, change 0.00",
        "TOTAL 0.00 EUR, 0 lines",
    ]
    assert desk.last_sale().total_minor == 638


def test_what_is_typed_behind_an_action_is_its_answer(desk):
    run = Run(desk, [ESPRESSO, "/pay 20"])
    assert "SOLD receipt k1-1-1, total 2.20, change 17.80" in run.after


def test_a_question_is_asked_until_its_answer_does(desk):
    run = Run(desk, ["APPLE", "much", "", "0,250", "/void"])
    question = "How many kg, such as 0.250"
    asked = [line for line in run.after if line.startswith(question)]
    assert len(asked) >= 2
    assert next(line for line in run.after if line.startswith("! ")).startswith("! 'much' is not a quantity")
    assert run.basket == []
    assert "taken out: Apples [loose]" in run.after
    assert "0.250 kg × Apples [loose], 0.75" in run.after


@pytest.mark.parametrize("choice", ["2", "Espresso d"])
def test_one_of_several_is_chosen_by_number_or_name(desk, choice):
    run = Run(desk, ["espr", "9", choice])
    assert "1. Espresso  2.20" in run.after
    assert "2. Espresso doppio  3.10" in run.after
    assert "! 9 is none of these: type a number of the list" in run.after
    assert run.basket == [("ESP-2", 1)]


def test_where_a_number_is_money_options_have_names_and_no_numbers(desk):
    run = Run(desk, [ESPRESSO, "/pay", "Card", "1", ""])
    assert "* Card  2.20 EUR" in run.after
    assert not any(line.startswith("2. Card") for line in run.after)
    assert "1. Approved  the terminal says so" in run.after
    assert run.basket == []


def test_a_question_can_be_left_and_nothing_is_changed(desk):
    run = Run(desk, ["REPAIR", "/back", "/close"])
    assert "left" in run.after
    assert (run.basket, run.reason) == ([], "closed at the counter")


def test_an_action_is_no_answer(desk):
    run = Run(desk, [ESPRESSO, "/note", "/pay 20", "/nicer", "/note", "checked"])
    assert "! /pay 20 does nothing here: answer first, or /back" in run.after
    assert "Note: /pay 20" not in run.after
    assert "Note: /nicer" in run.after, "which is no action's name"
    assert run.basket == [("ESP-1", 1)]


def test_a_list_of_goods_is_not_lost_by_one_word(desk):
    run = Run(desk, ["/count", ESPRESSO, CHEWING_GUM, "/back", "", "/close"])
    assert "once more, and the list is thrown away" in run.after
    assert "left" not in run.after
    run = Run(desk, ["/count", ESPRESSO, CHEWING_GUM, "/back", "/back", ESPRESSO])
    assert "nothing of the list was recorded" in run.after
    assert run.basket == [("ESP-1", 1)]


@pytest.mark.parametrize("lines", [["/close"], ["REPAIR", "/close"], ["REPAIR"]])
def test_the_till_can_be_closed_or_cut_off_anywhere(desk, lines):
    assert Run(desk, [ESPRESSO, *lines]).basket == [("ESP-1", 1)]
    assert "BASKET RESTORED: 1 line" in Run(desk, []).said


def test_a_scan_leaves_a_question_and_is_sold(desk):
    run = Run(desk, [ESPRESSO, "/pay", barcode(7), "/exact"])
    assert ("P-07", 1) not in run.basket  # it was paid
    assert "SOLD receipt k1-1-1, total 3.27, change 0.00" in run.after


def test_an_unknown_scan_at_a_question_changes_nothing(desk):
    run = Run(desk, ["REPAIR", barcode(7), "12.50", "/note", barcode(777), "checked"])
    assert any(line.startswith("! that was a barcode: answer first (Price") for line in run.after)
    assert f"! UNKNOWN CODE {barcode(777)}: nothing was done with it; /back goes back to the sale" in run.after
    assert run.basket == [("REPAIR", 1)]
    assert "Note: checked" in run.after


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("4006381333932", "! WRONG CHECK DIGIT 4006381333932"),
        ("nothing like it", "! NOT FOUND 'nothing like it'"),
        ("/nix", "! there is no /nix: ? says what there is"),
        ("/99", "! there is no /99: ? says what there is"),
        ("/pay", "! the basket is empty: scan something first"),
        ("/menu 3", "! 3 means nothing here, and was left out"),
    ],
)
def test_errors_begin_with_a_mark_and_are_kept(desk, line, told):
    run = Run(desk, [line, "/back", "/errors", ""])
    assert any(said.startswith(told) for said in run.after), run.after
    assert run.errors[0].startswith(told.removeprefix("! "))
    assert any(said.startswith(f"1. {told.removeprefix('! ')}") for said in run.after)


def test_an_action_has_a_name_a_number_and_a_beginning(desk):
    listed = Run(desk, ["?"]).after
    number = next(line for line in listed if "/void " in line).partition(".")[0]
    for command in ("/void", f"/{number}", "/voi"):
        assert Run(desk, [ESPRESSO, command]).basket == []
    assert listed[-1] == "/back leaves a question, /close closes the till"


def test_help_and_an_empty_line_say_where_you_are(desk):
    run = Run(desk, ["3*", "", "/back", "REPAIR", "?"])
    assert run.after.count("3 × what?") == 2
    questions = [line for line in run.after if line.startswith("Price of") or line.endswith("?")]
    assert len(questions) >= 2


def test_a_pin_is_hidden(desk, tmp_path):
    shop = Shop(staff=(Person("anna", "Anna", Role.MANAGER, make_hash("4711")),))
    desk.shop = lambda: shop
    run = Run(desk, [ESPRESSO, "/price", "1.00", "1", "9999", "4711", "/back"])
    assert run.typing.hidden == ["9999", "4711"]
    assert not any("4711" in line for line in run.said)


def test_devices_are_heard_at_the_sale_and_at_a_question(desk):
    lost = Notice(Mood.ERROR, say("the scanner was pulled"))
    around = Around(Scanned(ESPRESSO), lost, Scanned(CHEWING_GUM))
    around.wrong = [say("the printer has no paper")]
    run = Run(desk, [Stir.DEVICE, "/note", Stir.DEVICE, Stir.DEVICE, Stir.DEVICE], devices=around)
    assert run.basket == [("ESP-1", 1), ("EAN8", 1)]
    assert "! the scanner was pulled" in run.after
    assert run.said.count("! the printer has no paper") == 1


def test_another_language_is_spoken_in_its_figures(desk):
    run = Run(desk, [ESPRESSO, "/pay 5,00"], speech=Speech.of("de"))
    assert any("2,20" in line for line in run.after)
    assert not any("2.20" in line for line in run.after)


def test_a_clock_that_cannot_be_trusted_asks_for_the_date_first(tmp_path):
    machine_at = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    config = Config(clock=ClockMode.NTP)
    clock = KioskClock(ClockMode.NTP, machine=lambda: machine_at, synchronized=lambda: False)
    data = tmp_path / "data"
    data.mkdir()
    journal = Journal(lane_path(data, Lane.TILL), TILL, address=config.address, lane=Lane.TILL, clock=clock)
    desk = LocalDesk(data, config, clock, journal)
    desk.catalogue.put(sample_items())
    run = Run(desk, ["soon", "2031-01-05 10:00", ESPRESSO])
    assert run.said[0] == "WHAT DAY IS IT?"
    assert any(line.startswith("! 'soon' is not a date and time") for line in run.said)
    assert "clock set to 2031-01-05 10:00" in run.said
    assert run.basket == [("ESP-1", 1)]
    desk.close()


def test_the_command_works_on_a_pipe(till_data):
    kiosk = Kiosk(till_data)
    done = kiosk.with_input(f"{ESPRESSO}\n/exact\n", "till", "--plain")
    assert (done.status, done.err) == (0, "")
    assert "SOLD receipt k1-1-1, total 2.20, change 0.00" in done.out
    assert kiosk.with_input("/close\n", "till", "--plain").out.count("TOTAL") == 1


def test_what_is_no_text_is_an_unknown_code(till_data):
    argv = [KIOSK, "--data", till_data, "till", "--plain"]
    typed = b"\xff\xfe\x00garbage\n" + ESPRESSO.encode() + b"\n"
    done = subprocess.run(argv, input=typed, capture_output=True, check=True)
    assert "1 × Espresso" in done.stdout.decode()


def test_a_terminal_without_our_letters_gets_marks_for_them(till_data):
    argv = [KIOSK, "--data", till_data, "till", "--plain"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(argv, input=ESPRESSO.encode() + b"\n", capture_output=True, check=True, env=env)
    assert b"1 ? Espresso, 2.20" in done.stdout


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, data):
        self.fd, end = pty.openpty()
        argv = ["setpriv", "--pdeathsig", "KILL", KIOSK, "--data", data, "till", "--plain"]
        self.child = subprocess.Popen(argv, stdin=end, stdout=end, stderr=end, start_new_session=True)
        os.close(end)
        self.seen = b""

    def wait(self, text):
        give_up_at = time.monotonic() + 30
        while text not in self.seen:
            assert time.monotonic() < give_up_at, self.seen
            if select.select([self.fd], [], [], 0.1)[0]:
                with suppress(OSError):
                    self.seen += os.read(self.fd, 65536)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(till_data, number):
    terminal = Terminal(till_data)
    terminal.wait(b"Scan, code")
    terminal.child.send_signal(number)
    assert terminal.child.wait(30) == 0
    os.close(terminal.fd)


@pytest.mark.parametrize("pin", ["4711", "471147114711"])
def test_a_pin_is_not_shown_on_a_terminal(till_data, pin):
    settings = f'[[shop.staff]]\nid = "anna"\nname = "Anna"\nrole = "manager"\npin = "{make_hash(pin)}"\n'
    (till_data / "kiosk.toml").write_text(f'clock = "system"\n{settings}')
    terminal = Terminal(till_data)
    terminal.wait(b"Scan, code")
    os.write(terminal.fd, f"{ESPRESSO}\n/price\n1.00\n1\n".encode())
    terminal.wait(b"PIN of Anna")
    wait_until(lambda: not terminal.echoes(), what="a terminal that shows nothing")
    os.write(terminal.fd, f"{pin}\n".encode())
    terminal.wait(b"TOTAL 1.00 EUR")
    assert terminal.echoes()
    assert b"4711" not in terminal.seen
    os.write(terminal.fd, b"/close\n")
    assert terminal.child.wait(30) == 0
    os.close(terminal.fd)
