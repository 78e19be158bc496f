"""Whatever tills do and whatever the link does to it: mirrors are what tills have, and the books add up."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from hub_books import Hub, make_hub, open_hub
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rights_twin import TEA, RightsTwin, faults, mirror, pool

from contract.stock import NoRights
from contract.values import parse_address
from hub.intake.arrivals import Message
from hub.store import pools
from hub.store.pools import PoolDelta, PoolKey

FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # each example is some dozens of transactions on a real database
KEY = PoolKey("demo", "market", TEA)
PLACES = ["demo/market/k1", "demo/market/k2", "demo/harbour/k1"]
DEEDS = [
    "sell",
    "sell",
    "receive",
    "waste",
    "take_back",
    "release",
    "hold",
    "lapse",
    "send",
    "give",
    "junk",
    "new life",
]


class Town:
    """Tills of two sites, in one life after another, and what they recorded."""

    def __init__(self, draw: st.DataObject) -> None:
        self.draw = draw.draw
        self.twins = [RightsTwin(address=parse_address(place)) for place in PLACES]
        self.held: dict[int, list[tuple[str, int]]] = {}
        self.junk = False
        self.names = 0

    def act(self) -> None:
        """Let somebody do something that the contract's arithmetic allows."""
        twin = self.draw(st.sampled_from(self.newest()))
        amount = self.draw(st.integers(1, 6))
        self.names += 1
        with suppress(NoRights):
            self.do(twin, self.draw(st.sampled_from(DEEDS)), amount, f"n{self.names}")

    def do(self, twin: RightsTwin, deed: str, amount: int, name: str) -> None:
        held = self.held.setdefault(id(twin), [])
        match deed:
            case "hold":
                twin.hold(name, amount)
                held.append((name, amount))
            case "lapse" if held:
                twin.lapse(*held.pop())
            case "lapse":
                pass
            case "send":
                self.send(twin, amount, name)
            case "give":
                other = self.newest()[1 - PLACES.index(str(twin.address)) % 2]
                if other is not twin and other.address.site == twin.address.site:
                    twin.give(name, other, amount)
                    other.accept(name, twin, amount)
            case "junk":
                twin.raws.append(b"junk %d" % self.names)
            case "new life":
                self.twins.append(RightsTwin(address=twin.address, epoch=twin.epoch + 1))
            case "sell":
                twin.sell(amount=amount)
            case _:
                getattr(twin, deed)(amount)

    def send(self, twin: RightsTwin, amount: int, name: str) -> None:
        to = self.draw(st.sampled_from([one for one in self.newest() if one.address.site != twin.address.site]))
        twin.send(name, amount, to.address.site)
        to.arrive(name, self.draw(st.integers(1, amount)), twin.address.site)

    def newest(self) -> list[RightsTwin]:
        """Return the present life of each till."""
        return [max((t for t in self.twins if str(t.address) == at), key=lambda t: t.epoch) for at in PLACES]

    def any_batch(self) -> Message:
        twin = self.draw(st.sampled_from([twin for twin in self.twins if twin.raws]))
        first = self.draw(st.integers(1, len(twin.raws)))
        return twin.message(first, self.draw(st.integers(1, len(twin.raws) - first + 1)))


@FEW
@given(st.data())
def test_mirrors_are_what_tills_have_and_the_books_add_up_after_every_transaction(
    hub: Hub, data: st.DataObject
) -> None:
    hub.wipe()
    town = Town(data)
    for _ in range(data.draw(st.integers(1, 25))):
        town.act()
        if any(twin.raws for twin in town.twins) and data.draw(st.booleans()):
            worker = make_hub(hub.store, hub.life, careful=data.draw(st.booleans()))
            worker.take(*(town.any_batch() for _ in range(data.draw(st.integers(1, 3)))))
            assert faults(hub) == []
    for _ in range(2):
        hub.take(*(twin.message() for twin in town.twins if twin.raws))
    for twin in town.twins:
        assert mirror(hub, twin) == twin.accounts
    assert faults(hub) == []


def till_of(number: int) -> RightsTwin:
    """A till that releases 9 of 30 units, and sells 37 more than it has."""
    till = RightsTwin(address=parse_address(f"demo/market/k{number}"))
    till.receive(30)
    for _ in range(9):
        till.release(1)
        till.sell(amount=2)
    for _ in range(10):
        till.sell(amount=4)
    return till


class Spender:
    """Reserves free rights, and settles what is unsettled with them, as long as there are any."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.reserved = self.settled = 0

    def work(self) -> None:
        for _ in range(40):
            with self.hub.store.write() as connection:
                self.reserved += pools.take(connection, KEY, "free", 1, "reserved")
            with self.hub.store.write() as connection:
                if pools.take(connection, KEY, "unsettled", 1):
                    settled = pools.take(connection, KEY, "free", 1)
                    pools.add(connection, {} if settled else {KEY: PoolDelta(unsettled=1)})
                    self.settled += settled


def book(hub: Hub, till: RightsTwin) -> None:
    worker = make_hub(hub.store, hub.life)
    for first in range(1, len(till.raws) + 1, 2):
        worker.take(till.message(first, 2))


def at_once(works: list[Callable[[], None]]) -> list[BaseException]:
    """Run every one in a thread; return what they raised."""
    start = threading.Barrier(len(works))
    failures: list[BaseException] = []

    def alone(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - shown by the caller
            failures.append(error)

    threads = [threading.Thread(target=alone, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_workers_that_book_and_spend_one_pool_keep_every_unit(postgres_url: str, tmp_path: Path) -> None:
    with open_hub(postgres_url, tmp_path / "state") as hub:
        tills, spenders = [till_of(number) for number in range(1, 5)], [Spender(hub) for _ in range(4)]
        works = [partial(book, hub, till) for till in tills] + [spender.work for spender in spenders]
        assert at_once(works) == []
        for till in tills:
            assert mirror(hub, till) == till.accounts
        reserved, settled = sum(one.reserved for one in spenders), sum(one.settled for one in spenders)
        owed = sum(till.has().overdraft for till in tills) - settled
        assert pool(hub) == PoolDelta(36 - reserved - settled, reserved, unsettled=owed)
        assert faults(hub) == []
