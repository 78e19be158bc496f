"""The till with devices: scans on every screen, receipts after the commit, weights, and nothing that stops it."""

from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from device_ends import CAPTURES, Replay
from msgspec.structs import replace
from till_hands import Hands
from till_terminal import barcode, stock_desk

from contract.values import Quantity, Unit
from hardware.formats.escpos import kick
from hardware.ports.printer import PrinterStatus
from hardware.twins.display import DisplayMachine
from hardware.twins.ends import HOST, Mute, PtyEnd, TcpEnd
from hardware.twins.printer import PrinterMachine
from hardware.twins.scale import Plate
from hardware.twins.scale_machines import ToledoMachine
from kiosk.config import DevicesConfig
from kiosk.core.ports import DeskError
from kiosk.devices.board import MAX_WAITING
from kiosk.station import open_station
from kiosk.till.app import TillApp
from kiosk.till.sale import SaleScreen
from kiosk.till.sounds import GAP_S, TONE, Sounds
from kiosk.till.speech import Speech

ESPRESSO = "4006381333931"
WRONG = "4006381333932"


class Shop:
    """A till over real drivers, and what stands around it."""

    def __init__(self, folder):
        self.folder = folder
        self.desk = stock_desk(folder / "data")
        self.scanner = PtyEnd(folder / "scanner", Mute())
        self.plate = Plate()
        self.scale = PtyEnd(folder / "scale", ToledoMachine(self.plate))
        self.machine = PrinterMachine()
        self.printer = TcpEnd(self.machine)
        self.display_machine = DisplayMachine()
        self.display = PtyEnd(folder / "display", self.display_machine)
        self.ends = [self.scanner, self.scale, self.printer, self.display]

    def config(self):
        address = f"tcp://{HOST}:{self.printer.port}"
        return DevicesConfig(
            scanner=f"serial://{self.folder}/scanner",
            scale=f"serial://{self.folder}/scale",
            scale_profile="toledo-8217-kg",
            printer=address,
            drawer=address,
            display=f"serial://{self.folder}/display",
            head=["Corner shop"],
        )

    @asynccontextmanager
    async def opened(self, *, language="en", **more):
        self.desk.config = replace(self.desk.config, devices=self.config())
        speech = Speech(language)
        with open_station(self.desk, speech) as station:
            app = TillApp(station, speech=speech, **more)
            async with app.run_test(size=(80, 24)) as pilot:
                yield Till(app, pilot)

    def close(self):
        for end in self.ends:
            end.close()


class Till(Hands):
    """A person at it, who can also wait for what a thread brings."""

    async def until(self, ready, what="it", turns=2000):
        for _ in range(turns):
            if found := ready():
                return found
            await self.pilot.pause(0.01)
        raise AssertionError(f"{what} never came; the notice: {self.notice()}; the basket: {self.basket()}")


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    for end in made.ends:
        end.start()
    yield made
    made.close()


async def ready(till):
    """Wait until the scanner's line is open."""
    await till.until(lambda: till.app.devices._scanner._scanner, "the scanner")
    await till.until(lambda: till.app.devices._scanner._scanner._wire, "its line")


async def test_sixty_scans_at_once_are_sixty_lines(shop):
    async with shop.opened() as till:
        await ready(till)
        shop.scanner.say(b"".join(f"{barcode(number)}\r".encode() for number in range(60)))
        await till.until(lambda: len(till.basket()) == 60, "sixty lines")
        assert till.basket() == [(f"P-{number:02d}", 1) for number in range(60)]


@pytest.mark.parametrize(
    ("typed", "basket"),
    [
        ("", [("ESP-1", 1)]),
        ("3*", [("ESP-1", 3)]),
        ("3*\n", [("ESP-1", 3)]),
        ("doppi", [("ESP-1", 1)]),
        ("12", [("ESP-1", 12)]),
        ("123", [("ESP-1", 1)]),
        ("4.5", [("ESP-1", 1)]),
    ],
)
async def test_a_scan_counts_a_quantity_and_all_else_gives_way(shop, typed, basket):
    async with shop.opened() as till:
        await ready(till)
        await till.type(typed)
        shop.scanner.say(f"{ESPRESSO}\r".encode())
        await till.until(till.basket, "the line")
        assert till.basket() == basket
        assert till.frame.entry.text == ""


async def test_a_chosen_result_gives_way_to_a_scan(shop):
    async with shop.opened() as till:
        await ready(till)
        await till.type("espr")
        await till.press("down", "down")
        shop.scanner.say(f"{barcode(0)}\r".encode())
        await till.until(till.basket, "the line")
        assert till.basket() == [("P-00", 1)]


@pytest.mark.parametrize(("code", "said"), [(WRONG, "WRONG CHECK DIGIT"), ("4006381333948", "UNKNOWN CODE")])
async def test_what_cannot_be_sold_is_said_and_the_next_scan_sells(shop, code, said):
    async with shop.opened() as till:
        await ready(till)
        shop.scanner.say(f"{code}\r{ESPRESSO}\r".encode())
        await till.until(till.basket, "the line")
        assert said in till.notice()
        assert till.basket() == [("ESP-1", 1)]


async def test_noise_is_said_and_selling_goes_on(shop):
    async with shop.opened() as till:
        await ready(till)
        shop.scanner.say(b"\xff\x01\x02\r" * 500 + f"{ESPRESSO}\r".encode())
        await till.until(till.basket, "the line")
        assert till.notice().startswith("NOISE from the scanner, nothing was added: scan again")
        await till.type("ESP-2\n")
        assert till.basket() == [("ESP-1", 1), ("ESP-2", 1)]


@pytest.mark.parametrize(
    ("code", "sold"),
    [("20", []), ("5.00", []), ("1", []), ("REPAIRS", []), ("1234", [("1234", 1)]), ("ESP-1", [("ESP-1", 1)])],
)
async def test_a_scan_is_goods_or_nothing_also_where_money_is_asked_for(shop, code, sold):
    async with shop.opened() as till:
        await till.type("ESP-2\n")
        await ready(till)
        await till.press("f9")
        assert not till.is_on(SaleScreen)
        shop.scanner.say(f"{code}\r".encode())
        await till.until(lambda: till.basket()[1:] == sold and (sold or till.notice()), "what came of it")
        shop.scanner.say(f"{code}\r".encode() * (not sold) + f"{barcode(0)}\r".encode())
        await till.until(lambda: ("P-00", 1) in till.basket(), "the next scan")
        assert till.basket() == [("ESP-2", 1), *sold, ("P-00", 1)]
        assert till.app.desk.last_sale() is None


async def test_a_sale_opens_the_drawer_then_prints_and_only_after_it_is_on_record(shop):
    known = []

    class Watched(PrinterMachine):
        def receive(self, data):
            if b"\x1bp" in data or b"\x1b@" in data:
                known.append(shop.desk_reads())
            return super().receive(data)

    def desk_reads():
        other = stock_desk(shop.folder / "data", [])
        last = other.last_sale()
        other.close()
        return last.receipt if last else ""

    shop.desk_reads = desk_reads
    shop.machine = shop.printer._machine = Watched()
    async with shop.opened() as till:
        await till.type("ESP-2\n")
        await till.press("f12")
        assert "SOLD receipt k1-1-1" in till.notice()
        await till.until(lambda: b"\x1dV\x01" in shop.machine.printed, "the receipt")
    printed = bytes(shop.machine.printed)
    assert printed.startswith(kick(2) + b"\x1b@")
    assert b"Corner shop" in printed
    assert b"Espresso doppio" in printed
    assert b"1P0k1-1-1" in printed
    assert shop.machine.opened == [2]
    assert set(known) == {"k1-1-1"}
    assert len(known) >= 2


async def test_receipt_and_display_are_in_the_language_of_the_counter(shop):
    async with shop.opened(language="de") as till:
        await till.type("5*ESP-2\n")
        await till.until(lambda: shop.display_machine.rows[1].endswith("15,50"), "the display")
        await till.press("f12")
        await till.until(lambda: b"\x1dV\x01" in shop.machine.printed, "the receipt")
    assert b"5 \x9e 3,10" in shop.machine.printed
    assert b"15,50 EUR" in shop.machine.printed


async def test_a_printer_that_fails_says_which_receipt_is_missing_and_the_sale_stands(shop):
    shop.machine.status = PrinterStatus.COVER_OPEN
    async with shop.opened() as till:
        await till.type("ESP-2\n")
        await till.press("f12")
        await till.until(lambda: "SOLD k1-1-1, but its receipt is not printed" in till.notice(), "the notice")
        assert shop.machine.opened == [2]
        await till.until(lambda: "its cover is open: close it" in till.screen(), "the warning")
        shop.machine.add_paper()
        await till.until(lambda: "NO RECEIPTS" not in till.screen(), "the end of the warning")
    assert shop.desk.last_sale() is None or shop.desk.last_sale().receipt == "k1-1-1"


async def test_a_till_whose_devices_are_all_missing_starts_says_so_and_sells(shop):
    for end in shop.ends:
        end.close()
    async with shop.opened() as till:
        await till.type(f"{ESPRESSO}\n")
        await till.press("f12")
        await till.until(lambda: "SOLD k1-1-1, but" in till.notice(), "the notice")
        assert "Receipt k1-1-1" in till.screen()
        devices = till.app.devices
        await till.until(lambda: len(devices.warnings()) == 4, "four warnings")
        for each in ("NO SCANNER", "NO SCALE", "NO RECEIPTS", "NO CUSTOMER"):
            await till.until(lambda each=each: each in till.screen(), f"{each}, in its turn")
        assert sorted(text.split(":")[0] for text in devices.warnings()) == [
            "NO CUSTOMER DISPLAY",
            "NO RECEIPTS, the printer",
            "NO SCALE",
            "NO SCANNER",
        ]
        await till.type("ESP-2\n")
        assert till.basket() == [("ESP-2", 1)]


async def test_a_weight_is_there_at_once_or_a_reason(shop):
    async with shop.opened() as till:
        shop.plate.put(250_000)

        def weighed():
            try:
                return till.app.devices.weigh()
            except DeskError:
                return None

        assert await till.until(weighed, "the weight") == Quantity(250, Unit.GRAM)
        shop.scale.unplug()
        await till.until(lambda: "NO SCALE" in till.screen(), "the warning")
        with pytest.raises(DeskError, match="or type the weight"):
            till.app.devices.weigh()


async def test_the_shopper_sees_line_total_and_change(shop):
    machine = shop.display_machine
    async with shop.opened() as till:
        await till.type("2*ESP-1\n")
        wanted = ["Espresso        4.40", "Total           4.40"]
        await till.until(lambda: machine.rows == wanted, f"{wanted}, not {machine.rows}")
        await till.type("ESP-2\n")
        await till.press("f9")
        await till.type("10\n")
        wanted = ["Total           7.50", "Change          2.50"]
        await till.until(lambda: machine.rows == wanted, f"{wanted}, not {machine.rows}")


async def test_a_card_or_voucher_leaves_the_drawer_shut(shop):
    async with shop.opened() as till:
        await till.type("ESP-2\n")
        till.app._sale.counter.paying.voucher("V-1", till.app._sale.counter.bill.total_minor)
        await till.until(lambda: b"\x1dV\x01" in shop.machine.printed, "the receipt")
    assert shop.machine.opened == []


async def test_a_good_scan_is_heard_where_settings_want_it(shop):
    async with shop.opened(sound="both") as till:
        heard: list[str] = []
        till.app.sounds._write, till.app.sounds._ring = heard.append, lambda: heard.append("bell")
        await ready(till)
        shop.scanner.say(f"{ESPRESSO}\r".encode())
        await till.until(till.basket, "the line")
        shop.scanner.say(f"{WRONG}\r".encode())
        await till.until(till.notice, "the notice")
        await till.press("escape", "f8")
        assert heard == [TONE, "bell"]


@pytest.mark.parametrize(
    ("sound", "heard"), [("bell", ["bell", "bell"]), ("none", []), ("both", ["bell", "tone", "bell"])]
)
def test_bells_have_a_pause_between_them(sound, heard):
    made = []
    sounds = Sounds(sound, lambda: made.append("bell"), lambda _: made.append("tone"))
    sounds.bad(10.0)
    sounds.bad(10.0 + GAP_S / 2)
    sounds.good()
    sounds.bad(10.0 + GAP_S)
    assert made == heard


def test_a_till_without_devices_has_no_thread_for_them(tmp_path):
    desk = stock_desk(tmp_path / "data")
    with open_station(desk) as station:
        assert station.devices.warnings() == ()
        assert station.devices.hear() is None
        with pytest.raises(DeskError, match="no scale here"):
            station.devices.weigh()
    desk.close()


async def test_a_scanner_gone_mad_floods_neither_screen_nor_ears_nor_memory(shop):
    async with shop.opened() as till:
        rung: list[float] = []
        till.app.sounds._ring = lambda: rung.append(till.app.stroke_s)
        await ready(till)
        for _ in range(30):
            shop.scanner.say(b"no such thing 7\r" * 100)
            await till.pilot.pause(0.01)
        assert len(till.app.devices._board._heard) <= MAX_WAITING
        await till.type("ESP-2\n")
        assert till.basket() == [("ESP-2", 1)]
        await till.until(lambda: not till.app.devices._board._heard, "the end of it")
        shop.scanner.say(f"{ESPRESSO}\r".encode())
        await till.until(lambda: len(till.basket()) == 2, "the next scan")
        pauses = [after - before for before, after in pairwise(rung)]
        assert not [pause for pause in pauses if 0 <= pause < GAP_S]


def weighed(till):
    try:
        return till.app.devices.weigh().amount
    except DeskError:
        return 0


async def test_weighed_goods_are_sold_by_the_scale_and_by_a_person_where_it_says_nothing(shop):
    async with shop.opened() as till:
        shop.plate.put(250_000)
        await till.until(lambda: weighed(till) == 250, "the weight")
        await till.type("APPLE\n")
        assert till.basket() == [("APPLE", 250)]
        shop.plate.put(300_000, stable=False)
        await till.until(lambda: not weighed(till), "movement")
        await till.type("APPLE\n\n")
        assert till.notice() == "the scale does not rest: wait a moment, and weigh again"
        till.wait_s(2)
        await till.type("0.4\n")
        assert till.basket() == [("APPLE", 250), ("APPLE", 400)]


async def test_a_real_scale_whose_frames_come_in_parts_never_sells_a_wrong_weight(shop, real_data):
    capture = (real_data / CAPTURES / "DEFENDER3000__DEFENDER3000_hex.bin").read_bytes()
    shop.scale._machine = Replay(capture, 7)
    config = replace(shop.config(), scale_profile="ohaus-defender-3000")
    shop.config = lambda: config
    async with shop.opened() as till:
        for _ in range(5):
            await till.until(lambda: weighed(till), "a weight", turns=4000)
            await till.type("APPLE\n")
            if not till.is_on(SaleScreen):
                await till.press("escape")  # the scale moved on in this moment, and was asked about
        assert {amount for _, amount in till.basket()} == {360}
