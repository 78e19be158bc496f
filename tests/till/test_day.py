"""The date screen, the status line, tidying and the end of the day."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from contract.codec import decode
from contract.facts import ClockStepped
from contract.streams import lane_stream
from contract.values import Epoch, Lane
from kiosk.bootstrap import LocalDesk
from kiosk.clock import KioskClock
from kiosk.config import Config, LinkConfig
from kiosk.core.timekeeping import ClockMode
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import lane_path
from kiosk.journal.schema import TILL
from kiosk.till.date import DateScreen
from kiosk.till.sale import SaleScreen
from kiosk.till.speech import Speech

WOKE_UP_AT = datetime(2001, 1, 1, tzinfo=UTC)  # a Pi without a battery-backed clock


class Day:
    """A kiosk whose clock and network a test holds in its hands."""

    def __init__(self, data_dir, *, brokers=()):
        self.at = WOKE_UP_AT
        self.synchronized = False
        config = Config(clock=ClockMode.NTP, link=LinkConfig(brokers=list(brokers)))
        clock = KioskClock(ClockMode.NTP, machine=lambda: self.at, synchronized=lambda: self.synchronized)
        data_dir.mkdir(parents=True, exist_ok=True)
        journal = Journal(lane_path(data_dir, Lane.TILL), TILL, address=config.address, lane=Lane.TILL, clock=clock)
        self.desk = LocalDesk(data_dir, config, clock, journal)

    def network_sets_clock(self, at):
        self.at, self.synchronized = at, True
        self.desk.clock._checked_s = float("-inf")  # the kernel is asked again at once

    def steps(self):
        stored = self.desk.journal.stored(Epoch(1))
        return [fact.data for _, raw in stored if isinstance((fact := decode(raw)).data, ClockStepped)]


@pytest.fixture
def day(tmp_path):
    return Day(tmp_path / "data")


async def test_a_clock_that_cannot_be_trusted_asks_for_the_date_first(open_till, day):
    async with open_till(day.desk) as till:
        assert till.is_on(DateScreen)
        assert "WHAT DAY IS IT?" in till.screen()
        await till.type("\n26-11-2026\n")
        assert "not a date and time" in till.notice()
        await till.type("2026-11-31 10:00\n")
        assert "no such day" in till.notice()
        await till.type("2026-12-01 10:00\n")
        assert till.is_on(SaleScreen)
        assert "clock set to 2026-12-01 10:00" in till.notice()
        (step,) = day.steps()
        assert step.by == "person"
        assert "CLOCK UNTRUSTED" in till.screen()


async def test_a_date_that_has_passed_is_asked_about_once_more(open_till, day):
    async with open_till(day.desk) as till:
        await till.type("21.11.2020 14:05\n")
        assert "which has passed" in till.notice()
        assert day.steps() == []
        await till.type("21.11.2020 14:05\n")
        assert till.is_on(SaleScreen)


async def test_the_network_answers_for_the_person(open_till, day):
    async with open_till(day.desk) as till:
        day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
        till.app.tick()
        await till.settle()
        assert till.is_on(SaleScreen)
        assert "clock ok" in till.screen()
        assert day.steps() == []


async def test_a_clock_that_the_network_sets_later_is_recorded(open_till, day):
    async with open_till(day.desk) as till:
        await till.type("2026-12-01 10:00\n")
        day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
        till.app.tick()
        assert [step.by for step in day.steps()] == ["person", "network"]


async def test_escape_clears_a_half_typed_date(open_till, day):
    async with open_till(day.desk) as till:
        await till.type("2026")
        await till.press("escape")
        assert till.frame.entry.text == ""
        assert till.is_on(DateScreen)


async def test_the_status_line_says_what_the_link_does(open_till, tmp_path):
    day = Day(tmp_path / "data", brokers=["mqtt://hub.example"])
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    store = LinkStore(tmp_path / "data" / "link.db")
    async with open_till(day.desk) as till, AsyncExitStack() as later:

        async def status():
            till.app.tick()
            await till.settle()
            return till.screen().splitlines()[-1]

        assert "hub OFFLINE: the bridge is no" in await status()
        later.enter_context(only_bridge(tmp_path / "data"))
        store.save_state(connected=False, problem="connection refused by hub.example, the first of one brokers")
        assert "hub OFFLINE: connection ref" in await status()
        assert "the first of one brokers" in till.screen()
        await till.type("1.50\n")
        await till.press("f12")
        assert "1 unsent" in await status()
        store.save_state(connected=True, problem="")
        store.save_acks({lane_stream(Epoch(1), Lane.TILL): 1}, incarnation=1, at=day.at - timedelta(minutes=3))
        assert "hub connected | 0 unsent, ack 3 min ago | clock ok" in await status()
        assert len(await status()) <= 80
    store.close()


async def test_an_idle_till_tidies_up_once(open_till, day):
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    wal = day.desk.journal.path.with_name("till.db-wal")
    async with open_till(day.desk) as till:
        await till.type("1.50\n")
        await till.press("f12")
        till.app.stroke_s = float("-inf")
        till.app.tick()
        after = wal.stat().st_size, day.desk.journal.connection.total_changes
        till.app.tick()
        assert (wal.stat().st_size, day.desk.journal.connection.total_changes) == after


async def test_closing_asks_once_more(open_till, day):
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    async with open_till(day.desk) as till:
        await till.type("1.50\n")
        await till.press("f10")
        assert "Press F10 again to close the till. An open basket is kept." in till.notice()
        await till.press("escape", "ctrl+q")
        assert till.app.return_value is None
        await till.press("ctrl+q")
        assert till.app.return_value == "closed at the counter"


async def test_a_basket_from_before_is_restored(open_till, day):
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    async with open_till(day.desk) as till:
        await till.type("1.50\n2*3.00\n")
        await till.press("f12")
        await till.type("9.00\n")
    async with open_till(day.desk) as till:
        assert till.notice() == "BASKET RESTORED: 1 line from before the till stopped. Last sale: k1-1-1, 7.50"
        assert till.basket() == [("OPEN", 1)]


async def test_a_restored_basket_is_told_in_the_language_of_the_counter(open_till, day):
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    async with open_till(day.desk) as till:
        await till.type("9.00\n")
    async with open_till(day.desk, speech=Speech.of("de")) as till:
        assert "KORB WIEDER DA: 1 Zeile von vor dem Abbruch." in till.screen()


async def test_a_restored_basket_is_told_after_the_date_was_asked_for(open_till, day):
    day.network_sets_clock(datetime(2026, 12, 1, 9, tzinfo=UTC))
    async with open_till(day.desk) as till:
        await till.type("9.00\n")
    day.synchronized = False
    day.desk.clock._checked_s = float("-inf")
    async with open_till(day.desk) as till:
        assert till.is_on(DateScreen)
        await till.type("2026-12-01 10:00\n")
        assert till.notice().startswith("BASKET RESTORED: 1 line from before the till stopped.")
        assert till.notice().endswith("clock set to 2026-12-01 10:00")


async def test_a_small_screen_says_where_to_look_for_the_day(open_till, day):
    async with open_till(day.desk, size=(66, 20)) as till:
        assert till.is_on(DateScreen)
        assert "(it shows 2001-01-01 " in till.screen()
        assert "Look at a watch or a phone." in till.screen()
