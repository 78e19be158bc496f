"""The change feed: coalesced, numbered after the commit, and nothing is ever missed by who reads on."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hub_books import Hub
from sqlalchemy import text
from stock_rows import NOW, key, note_keys

from contract.stock import StockKey
from contract.values import Condition, Sku
from hub.store.changes import INCARNATION_SHIFT, Change, give_numbers, newest_number, read_changes
from hub.store.life import raise_incarnation

FIRST = 1 << INCARNATION_SHIFT


def read(hub: Hub, after: int = 0, limit: int = 100) -> list[Change]:
    with hub.store.read() as connection:
        return read_changes(connection, after=after, limit=limit)


def note(hub: Hub, *sites: str, sku: str = "tea") -> None:
    with hub.store.write() as connection:
        note_keys(connection, [key(site, sku) for site in sites])


def test_a_note_is_told_once_it_has_its_number(hub: Hub) -> None:
    note(hub, "market")
    assert read(hub, after=0) == []
    assert give_numbers(hub.store) == 1
    assert read(hub) == [Change(FIRST + 1, "demo", "market", StockKey(Sku("tea")), NOW)]
    assert give_numbers(hub.store) == 0


def test_what_changes_again_is_told_once_with_a_new_number(hub: Hub) -> None:
    note(hub, "a", "b", "c")
    give_numbers(hub.store)
    note(hub, "a")
    note(hub, "a")
    assert give_numbers(hub.store) == 1
    assert [(one.site, one.number - FIRST) for one in read(hub)] == [("b", 2), ("c", 3), ("a", 4)]
    assert [one.site for one in read(hub, after=FIRST + 3)] == ["a"]


def test_pages_go_on_where_the_one_before_ended(hub: Hub) -> None:
    note(hub, *(f"s{n}" for n in range(7)))
    while give_numbers(hub.store, at_once=2):
        pass
    seen: list[Change] = []
    while page := read(hub, seen[-1].number if seen else 0, limit=3):
        seen += page
    assert [one.number - FIRST for one in seen] == [1, 2, 3, 4, 5, 6, 7]


def test_goods_that_nobody_can_buy_are_not_told(hub: Hub) -> None:
    with hub.store.write() as connection:
        note_keys(connection, [("demo", "market", StockKey(Sku("tea"), Condition.DAMAGED))])
    assert give_numbers(hub.store) == 0


def test_a_transaction_that_is_rolled_back_tells_nothing(hub: Hub) -> None:
    with hub.store.engine.connect() as connection, connection.begin() as transaction:
        note_keys(connection, [key()])
        transaction.rollback()
    assert give_numbers(hub.store) == 0


def test_no_number_is_given_twice_where_the_change_that_had_the_newest_changes_again(hub: Hub) -> None:
    note(hub, "a", "b")
    give_numbers(hub.store)
    note(hub, "a", "b")
    give_numbers(hub.store)
    assert [(one.site, one.number - FIRST) for one in read(hub, after=FIRST + 2)] == [("a", 3), ("b", 4)]


def test_a_new_incarnation_tells_everything_anew_what_is_new_first(hub: Hub) -> None:
    note(hub, "a", "b")
    give_numbers(hub.store)
    with hub.store.write() as connection:
        assert raise_incarnation(connection, 2)
    note(hub, "c")
    assert give_numbers(hub.store, at_once=1) == 1
    assert give_numbers(hub.store) == 2
    second = 2 << INCARNATION_SHIFT
    assert [(one.site, one.number - second) for one in read(hub)] == [("c", 1), ("a", 2), ("b", 3)]


def test_who_gives_numbers_waits_for_no_transaction_that_is_open(hub: Hub) -> None:
    note(hub, "a")
    with hub.store.write() as connection:
        note_keys(connection, [key("b"), key("a")])
        if hub.store.is_postgresql:  # SQLite has one writer at a time
            assert give_numbers(hub.store) == 0  # "a" is locked by who notes it anew, "b" is not there yet
    assert give_numbers(hub.store) == 2
    with hub.store.write() as connection:
        note_keys(connection, [key("a")])
        assert [one.site for one in read(hub)] == ["a", "b"]
    assert give_numbers(hub.store) == 1
    assert [one.site for one in read(hub)] == ["b", "a"]


WRITERS, KEYS = 4, 20


class Follower:
    """Reads the feed on from its last number, in small pages."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.last = 0
        self.seen: dict[tuple[str, str], int] = {}

    def follow(self) -> int:
        page = read(self._hub, self.last, limit=5)
        for one in page:
            assert one.number > self.last
            self.last = self.seen[one.site, str(one.what.sku)] = one.number
        return len(page)


def test_a_reader_misses_nothing_while_four_write_and_two_give_numbers(hub: Hub) -> None:
    stopping = threading.Event()

    def write(worker: int) -> None:
        for n in range(KEYS):
            note(hub, f"s{worker}", "shared", sku=f"x{n}")

    def number() -> None:
        while not stopping.is_set():
            give_numbers(hub.store, at_once=7)

    follower = Follower(hub)
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        numbering = [pool.submit(number) for _ in range(2)]
        writing = [pool.submit(write, worker) for worker in range(WRITERS)]
        while not all(one.done() for one in writing):
            follower.follow()
        stopping.set()
        for one in [*writing, *numbering]:
            one.result()
    while give_numbers(hub.store) or follower.follow():
        pass
    with hub.store.read() as connection:
        rows = connection.execute(text("SELECT site, sku, number FROM changes")).all()
        assert newest_number(connection) == follower.last
    assert {(site, sku): number for site, sku, number in rows} == follower.seen
    assert len(follower.seen) == (WRITERS + 1) * KEYS
