"""The till's log stays short however it sells, nobody's sale pays for it, and nothing is written without need."""

import threading

import pytest
from facts_of_a_day import sale
from waiting import wait_until

from kiosk.journal.database import open_reader
from kiosk.journal.schema import TILL
from kiosk.journal.tidy import EVERY_S, LONG_EVERY_S, Tidier

SHORT = 2**20  # bytes: soon longer than that


class Bench:
    """A journal that is written to, and a tidier beside it with a clock of its own."""

    def __init__(self, open_journal):
        self.journal = open_journal()
        self.log = self.journal.path.with_name("till.db-wal")
        self.now_s = 0.0

        self.tidier = Tidier(self.journal, lambda: self.now_s, log_bytes=SHORT)
        self._baskets = 0

    def sell(self, log_bytes=0):
        """Sell at least once, and until the log is as long."""
        while True:
            self._baskets += 1
            self.journal.record([sale(f"b{self._baskets}")])
            if self.log.stat().st_size >= log_bytes:
                return

    def turn(self, passed_s=EVERY_S):
        self.now_s += passed_s
        self.tidier.turn()

    def life(self):
        """Return what SQLite changes in the log's header whenever it begins anew."""
        return self.log.read_bytes()[16:24]


@pytest.fixture
def bench(open_journal):
    made = Bench(open_journal)
    yield made
    made.tidier.close()


def test_the_log_of_a_till_that_never_pauses_begins_anew(bench, open_journal):
    stopped = threading.Event()
    own = open_journal()

    def sell_without_pause():
        number = 0
        while not stopped.is_set():
            number += 1
            own.record([sale(f"busy-{number}")])

    seller = threading.Thread(target=sell_without_pause)
    seller.start()
    lives = set()

    def began_anew_often():
        bench.turn(LONG_EVERY_S)
        lives.add(bench.life())
        return len(lives) > 4

    try:
        wait_until(began_anew_often, what="the log to begin anew", deadline_s=60)
    finally:
        stopped.set()
        seller.join()
    assert own.record([sale("last")])[0].receipt == f"k7-1-{int(own.newest())}"


def test_a_log_that_was_long_is_cut_and_the_next_sale_does_not_begin_it(bench):
    bench.sell(2 * SHORT)
    before = bench.life()
    bench.turn()
    assert bench.log.stat().st_size <= SHORT
    began = bench.life()
    assert began != before
    bench.sell()
    assert bench.life() == began, "a sale synced the header of a new log"


@pytest.mark.parametrize("log_bytes", [SHORT + 1, 5 * SHORT], ids=["a little held back", "much held back"])
def test_a_reader_is_not_waited_for(bench, log_bytes):
    bench.sell()
    reader = open_reader(bench.journal.path, len(TILL))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM facts").fetchone()
    bench.sell(log_bytes)
    before = bench.life()
    bench.turn()
    bench.sell()
    assert bench.life() == before
    reader.close()
    bench.turn(LONG_EVERY_S)
    assert bench.life() != before


def test_an_idle_kiosk_writes_nothing(bench):
    bench.sell()
    for _ in range(3):
        bench.turn()
    written = bench.journal.connection.execute("PRAGMA data_version").fetchone()
    for _ in range(20):
        bench.turn()
    assert bench.journal.connection.execute("PRAGMA data_version").fetchone() == written


def test_what_was_written_meanwhile_is_moved(bench):
    bench.turn()
    bench.sell()
    bench.turn(EVERY_S / 2)
    before = bench.life()
    bench.turn(EVERY_S / 2)
    assert bench.life() != before


def test_somebody_who_keeps_the_file_is_no_fault_of_the_disk(bench, open_journal):
    bench.sell(2 * SHORT)
    other = open_journal()
    for one in (bench.journal.connection, bench.tidier._db):
        one.execute("PRAGMA busy_timeout=1")
    other.connection.execute("BEGIN IMMEDIATE")
    bench.turn()
    assert bench.journal.checkpoint() == 0
    other.connection.execute("ROLLBACK")
    began = bench.life()
    bench.turn()
    assert bench.life() != began
