"""Eight workers on one PostgreSQL: tills, stewards and programs at once; no unit is promised twice, none is lost."""

import itertools
import random
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic

from hub_books import make_hub, open_hub
from machine_network import MachineClock, Network
from machine_parts import LIMITS
from mosquitto_record import seeded
from rights_books import Books
from rights_checks import Checks
from rights_hands import Hands
from rights_kiosk import RightsKiosk
from rights_shelf import Shelf
from rights_world import KIOSKS, SITES, SKUS, World
from sqlalchemy import Connection

from contract.codec import digest
from contract.facts import KioskStopping
from hub.core import redistribute
from hub.downlink.downlink import Downlink
from hub.promises.holds import Holds
from hub.steward.steward import Steward
from hub.store import promises
from hub.store.errors import WorldFailed

TRIES = 5  # two that wait for each other: one of them is told to try again
TURNS = 30  # of each of the eight: some hundreds of operations in all
PATIENCE_S = 60.0  # for everything to become quiet on a machine that does much else
MEMORY = Path("/dev/shm")  # noqa: S108 - what is tested here is the hub's database


class Reader:
    """What the books are read with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql):
        return [] if sql in {"BEGIN", "COMMIT"} else self._connection.exec_driver_sql(sql)


class Floor(World):
    """Shelves and tills; the hub is elsewhere. ``lock`` is held while goods are in somebody's hands."""

    def __init__(self, hub):
        self.store, self.life = hub.store, hub.life
        self.clock = MachineClock()
        self.lock = threading.RLock()
        self._ids = itertools.count(1)
        self.rested = 0  # tills at which nothing is done any more
        self.shelves = {site: Shelf() for site in SITES}
        self.vans, self.moves, self.ever, self.ended, self.kiosks = {}, {}, {}, set(), []
        self.answers, self.tellers, self.stray_spent = {}, {}, defaultdict(int)
        self.failures, self.done, self.start = [], threading.Event(), threading.Barrier(8)

    def patiently(self, do):
        """Do what may fail because the world does, as its callers do: again, a few times."""
        for _ in range(TRIES):
            with suppress(WorldFailed):
                return do()
        return do()

    def was_broken(self, promise):
        with self.store.read() as connection:
            found = promises.find(connection, promise)
        return found is not None and bool(found.earlier)

    def observe_one(self, kiosk):
        with self.lock:
            for noted in kiosk.new_facts():
                self.ever[digest(noted.raw)] = (kiosk, noted)
                self._heed(kiosk, noted)
            self._hear_answers(kiosk)


def tend_till(floor: Floor, nth: int, folder: Path) -> None:
    """Sell, set aside, waste and ask at one till; its link loses every tenth message."""
    rng, network = random.Random(nth), Network()  # noqa: S311
    worker = make_hub(floor.store, floor.life)
    worker.ingest._clock = floor.clock
    downlink = Downlink(floor.store, seeded(nth), limits=LIMITS)
    folder.mkdir()
    with floor.lock:
        kiosk = RightsKiosk(folder, KIOSKS[nth], network, floor.clock, floor.new_id)
        floor.kiosks.append(kiosk)
    hands = Hands(floor)
    kiosk.connect()
    floor.start.wait()
    for turn in range(TURNS):
        act_at_till(floor, hands, kiosk, rng, turn)
        carry(floor, worker, downlink, kiosk, rng)
    with floor.lock:
        floor.rested += 1
    while not floor.done.wait(0.01):
        with floor.lock:
            kiosk.record([KioskStopping("the day is over")]) if rng.random() < 0.02 else None
        carry(floor, worker, downlink, kiosk, None)
    kiosk.close()


def act_at_till(floor, hands, kiosk, rng, turn):
    sku, amount = rng.choice(SKUS), rng.randint(1, 3)
    acts: list[Callable[[], object]] = [
        lambda: hands.receive(kiosk, sku, amount + 3),
        lambda: hands.sell(kiosk, sku, amount),
        lambda: hands.sell(kiosk, sku, amount),
        lambda: hands.waste(kiosk, sku, 1),
        lambda: hands.hold(kiosk, {sku: amount}, timedelta(minutes=5)),
        lambda: hands.collect(kiosk, turn),
        lambda: hands.release(kiosk, sku, amount),
        lambda: hands.want(kiosk, sku, amount),
        lambda: hands.promise(kiosk, sku, amount, rng.choice([None, *SITES]), paid=turn % 2 == 0),
    ]
    with floor.lock:
        rng.choice(acts[: 1 if turn < 2 else None])()
    floor.observe_one(kiosk)


def carry(floor, worker, downlink, kiosk, rng):
    """Carry messages both ways; with ``rng`` some are lost and some come twice."""
    kiosk.turn()
    up, kiosk.network.up = kiosk.network.up, []
    if rng:
        up = [message for message in up for _ in range(rng.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 2]))]
    outcome = floor.patiently(lambda: worker.ingest.take(up))
    now_s = floor.clock.monotonic_s()
    downlink.heard(outcome.told, outcome.acked, now_s)
    downlink.look(now_s, at_once=True)
    kiosk.network.send_down(outcome.answers)
    downlink.send(lambda message: kiosk.network.send_down([message]) is None, now_s)
    down, kiosk.network.down = kiosk.network.down, []
    for message in down:
        kiosk.receive(message)
    kiosk.back()
    floor.observe_one(kiosk)


def steward(floor: Floor, nth: int, _: Path) -> None:
    mine = Steward(floor.store, floor.clock, keep=floor.life.keep, new_id=floor.new_id, policy=redistribute.plan_ours)
    floor.start.wait()
    while not floor.done.wait(0.01):
        floor.clock.advance(0.5)
        floor.patiently(mine.step)


def order(floor: Floor, nth: int, _: Path) -> None:
    """Reserve, confirm and cancel at both sites, as programs do."""
    rng, hands = random.Random(nth), Hands(floor)  # noqa: S311
    floor.hub = Orders(  # type: ignore[assignment]
        floor, Holds(floor.store, floor.clock, new_id=floor.new_id, keep=floor.life.keep)
    )
    floor.start.wait()
    for turn in range(TURNS):
        hands.hub_hold(rng.choice(SITES), {rng.choice(SKUS): rng.randint(1, 3)}, minutes=15, paid=turn % 2 == 0)
        hands.hub_confirm(rng.randint(0, 9))
        if turn % 3 == 0:
            hands.hub_cancel(rng.randint(0, 9))


class Orders:
    """What programs ask of the hub."""

    def __init__(self, floor: Floor, holds: Holds) -> None:
        self._floor, self._holds = floor, holds
        self.store = self
        self.crash = ""

    def act(self, do, crash):
        return self._floor.patiently(lambda: self._holds.run(do))

    def look(self) -> None:
        """Tell nobody: whoever carries messages looks for himself."""


def test_eight_workers_promise_no_unit_twice_and_lose_none(postgres_url: str, tmp_path: Path) -> None:
    cards = Path(tempfile.mkdtemp(prefix="rights-workers-", dir=MEMORY))
    with open_hub(postgres_url, tmp_path / "state") as hub:
        floor = Floor(hub)
        work = [tend_till, tend_till, tend_till, steward, steward, order, order, order]
        threads = [threading.Thread(target=guarded, args=(floor, one, n, cards)) for n, one in enumerate(work)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads[5:]:
                thread.join()
            wait_until_heard(floor)
        finally:
            floor.done.set()
            for thread in threads:
                thread.join()
            shutil.rmtree(cards)
        assert floor.failures == []
        check(floor)


def guarded(floor: Floor, work: Callable[[Floor, int, Path], None], nth: int, cards: Path) -> None:
    try:
        work(floor, nth, cards / str(nth))
    except BaseException as error:  # noqa: BLE001 - shown by the assertion of the test
        floor.failures.append(error)
        floor.start.abort()


def wait_until_heard(floor: Floor) -> None:
    """Wait until the hub has heard every fact, and nothing is to be done or on its way."""
    until = monotonic() + PATIENCE_S
    while monotonic() < until and not floor.failures:
        with floor.lock:
            books = look(floor)
            unsettled = any(pool["unsettled"] for pool in books.pools.values())
            is_heard = floor.rested == len(floor.kiosks) and not set(floor.ever) - books.held
            if is_heard and not unsettled and not books.pending:
                return
        floor.done.wait(0.1)
    assert floor.failures, "the hub never heard everything"


def look(floor: Floor) -> Books:
    with floor.store.read() as connection:
        return Books(Reader(connection))


def check(floor: Floor) -> None:
    books = look(floor)
    assert books.imbalance() == {}
    assert not books.quarantined
    assert len(floor.ever) > TURNS
    checks = Checks(floor)
    for site in SITES:
        for sku in SKUS:
            assert books.shelf(site, sku) == floor.shelves[site].total(sku)
            promised = {
                one.id: one.goods.get(sku, 0)
                for one in books.booked.values()
                if one.site == site and one.state in {"reserved", "placed", "held"} and one.id not in floor.ended
            }
            assert sum(promised.values()) <= floor.shelves[site].total(sku) + books.owed(site, sku), promised
    checks._check_pools(books)
