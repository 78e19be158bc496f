"""What kiosks are told of each other's stock: everything once, then what changed, seldom and bounded."""

import random

import msgspec
import pytest
from hub_books import AT, Hub, down_ack, status
from sqlalchemy import func, select, update
from stock_rows import add_account, add_kiosk, add_pool, key, note_keys

from contract.batch import decode_batch
from contract.codec import Fact, decode_down
from contract.down import MAX_LEVELS, AvailabilityChanged
from contract.envelope import LogSource
from contract.stock import Account
from contract.streams import AVAILABILITY
from contract.values import parse_address
from hub.availability.live import Availability
from hub.availability.teller import Teller
from hub.core.availability import Rules
from hub.downlink.downlink import Downlink
from hub.intake.arrivals import Message
from hub.store import availability_log, down
from hub.store.changes import Change
from hub.store.life import raise_incarnation, read_life
from hub.store.rights_tables import pools
from hub.store.tables import down_facts, kiosks

FIRST = 1_000_001


class World:
    """A hub whose stock changes, and what its kiosks are told of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.held = Availability(hub.store, hub.clock, Rules())
        self.teller = Teller(hub.store, hub.clock, self.held)

    def step(self, seconds: float = 0) -> int:
        self.hub.clock.advance(seconds)
        self.held.refresh()
        return self.teller.step()

    def sell(self, site: str, free: int, sku: str = "tea") -> None:
        with self.hub.store.write() as connection:
            connection.execute(update(pools).where(pools.c.site == site, pools.c.sku == sku).values(free=free))
            note_keys(connection, [key(site, sku)])

    def hear(self) -> None:
        with self.hub.store.write() as connection:
            connection.execute(update(kiosks).values(last_seen_at=self.hub.clock.now().isoformat()))

    def log(self) -> list[Fact]:
        """Return what is in the newest generation."""
        with self.hub.store.read() as connection:
            end = down.log_end(connection, "demo", AVAILABILITY)
            if end is None:
                return []
            raws = down.read_log(connection, "demo", AVAILABILITY, end.generation, 1, limit=10_000)
        return [decode_down(raw) for raw in raws]

    def told(self) -> list[tuple[bool, list[tuple[str, str, int, bool]], list[str]]]:
        found = []
        for fact in self.log():
            assert isinstance(fact.data, AvailabilityChanged)
            levels = [(str(one.site), str(one.sku), one.amount, one.more) for one in fact.data.levels]
            found.append((fact.data.complete, levels, [str(one.site) for one in fact.data.heard]))
        return found

    def generation(self) -> int:
        source = self.log()[-1].source
        assert isinstance(source, LogSource)
        return source.generation


@pytest.fixture
def world(hub: Hub) -> World:
    with hub.store.write() as connection:
        for site, free in [("market", 3), ("harbour", 40), ("fair", 0)]:
            kiosk_id = add_kiosk(connection, site)
            add_pool(connection, site, free)
            add_account(connection, kiosk_id, site, Account(received=1, sold=1))
    made = World(hub)
    assert made.step() == 1
    return made


BEGUN = (True, [("harbour", "tea", 5, True), ("market", "tea", 3, False)], ["fair", "harbour", "market"])


def test_a_log_begins_with_what_there_is_and_how_old_that_is(world: World) -> None:
    assert [(done, sorted(levels), heard) for done, levels, heard in world.told()] == [BEGUN]
    assert world.generation() == FIRST
    (fact,) = world.log()
    assert isinstance(fact.data, AvailabilityChanged)
    assert {one.at for one in fact.data.heard} == {AT}


def test_what_changed_is_told_together_and_not_more_often_than_every_half_minute(world: World) -> None:
    world.sell("market", 2)
    assert world.step(29) == 0
    world.sell("market", 1)
    world.sell("fair", 4)
    assert world.step(1) == 1
    assert world.told()[1:] == [(True, [("market", "tea", 1, False), ("fair", "tea", 4, False)], [])]
    world.sell("market", 0)
    assert world.step(29) == 0
    assert world.step(1) == 1
    assert world.told()[-1] == (True, [("market", "tea", 0, False)], [])


def test_where_nothing_changed_only_the_ages_are_told_now_and_then(world: World) -> None:
    with world.hub.store.read() as connection:
        before = read_life(connection)
    assert world.step(31) == 0
    assert len(world.log()) == 1
    with world.hub.store.read() as connection:
        assert read_life(connection) == before
    world.hub.clock.advance(269)
    world.hear()
    assert world.step() == 1
    assert world.told()[1:] == [(True, [], ["fair", "harbour", "market"])]
    fact = world.log()[-1]
    assert isinstance(fact.data, AvailabilityChanged)
    assert {(one.at - AT).total_seconds() for one in fact.data.heard} == {300}


def test_more_than_a_fact_holds_waits_for_the_next(world: World) -> None:
    count = MAX_LEVELS + 5
    with world.hub.store.write() as connection:
        for n in range(count):
            add_pool(connection, "market", 1, sku=f"s{n:05}")
        note_keys(connection, [key("market", f"s{n:05}") for n in range(count)])
    world.step(30)
    world.step(30)
    assert [len(levels) for _, levels, _ in world.told()[1:]] == [MAX_LEVELS, 5]
    assert len({sku for _, levels, _ in world.told()[1:] for _, sku, *_ in levels}) == count


def test_a_generation_of_many_facts_is_complete_with_its_last(world: World) -> None:
    with world.hub.store.write() as connection:
        for n in range(MAX_LEVELS + 5):
            add_pool(connection, "market", 1, sku=f"s{n:05}")
        note_keys(connection, [key("market", f"s{n:05}") for n in range(MAX_LEVELS + 5)])
    world.step(86_400)
    assert world.generation() == FIRST + 1
    assert [(done, len(levels)) for done, levels, _ in world.told()] == [(False, MAX_LEVELS), (True, 7)]
    with world.hub.store.read() as connection:
        older = select(func.count()).where(down_facts.c.log == AVAILABILITY, down_facts.c.generation == FIRST)
        assert connection.execute(older).scalar_one() == 0


def test_a_log_that_grew_as_long_as_it_may_begins_anew(world: World) -> None:
    with world.hub.store.write() as connection:
        told = availability_log.lock(connection, "demo")
        assert told is not None
        assert told.room == availability_log.LEAST_LINES
        short = msgspec.structs.replace(told, room=1)
        availability_log.go_on(connection, "demo", short, [], [], told.number, world.hub.clock.now())
    world.sell("market", 2)
    world.step(30)
    assert world.generation() == FIRST
    world.sell("market", 1)
    world.step(30)
    assert world.generation() == FIRST + 1
    assert sorted(world.told()[0][1]) == [("harbour", "tea", 5, True), ("market", "tea", 1, False)]


def test_a_new_incarnation_begins_a_generation_of_its_own(world: World) -> None:
    with world.hub.store.write() as connection:
        raise_incarnation(connection, 2)
    world.step(30)
    assert world.generation() == 2_000_001


def test_two_hubs_tell_it_once(world: World) -> None:
    other = World(world.hub)
    world.sell("market", 2)
    other.held.refresh()
    assert world.step(30) == 1
    assert other.step() == 0
    assert len(world.log()) == 2


def test_a_hub_that_was_slower_tells_nothing(world: World) -> None:
    """What it prepared was for a log that another hub has gone on with since."""
    with world.hub.store.read() as connection:
        stale = availability_log.read(connection, "demo")
    assert stale is not None
    world.sell("market", 2)
    world.step(30)
    now, before = world.hub.clock.now(), world.told()
    page = [Change(stale.number + 1, *key("market"), "")]
    assert not world.teller._go_on("demo", stale, page, now)
    assert not world.teller._begin("demo", stale, world.held.number, now)
    assert not world.teller._begin("demo", None, world.held.number, now)
    assert world.told() == before


def test_what_is_told_counts_as_a_commit(world: World) -> None:
    with world.hub.store.read() as connection:
        before = read_life(connection)
    world.sell("market", 2)
    world.step(30)
    with world.hub.store.read() as connection:
        after = read_life(connection)
    assert before is not None
    assert after is not None
    assert after.commits == before.commits + 1


def test_a_clock_that_went_back_does_not_stop_it(world: World) -> None:
    world.hub.clock.advance(-7200)
    world.hub.clock.elapsed_s += 7201
    world.sell("market", 2)
    assert world.step() == 1
    assert world.told()[0][1] == [("harbour", "tea", 5, True), ("market", "tea", 2, False)]


def test_before_the_first_look_nothing_is_told(hub: Hub) -> None:
    with hub.store.write() as connection:
        add_pool(connection, "market", 1)
    world = World(hub)
    assert world.teller.step() == 0
    assert world.log() == []


def test_a_kiosk_that_is_online_is_sent_it_and_a_new_generation_from_its_beginning(world: World) -> None:
    kiosk = parse_address("demo/market/k1")
    downlink, hub = Downlink(world.hub.store, random.Random(1)), world.hub  # noqa: S311
    sent: list[str] = []

    def publish(message: Message) -> bool:
        head = decode_batch(message.payload).head
        sent.append(f"{message.topic} {head.stream} {head.first}+{head.count}")
        return True

    def hear(*messages: Message) -> list[str]:
        sent.clear()
        outcome = hub.take(*messages)
        hub.clock.advance(1)
        downlink.heard(outcome.told, outcome.acked, hub.clock.monotonic_s())
        downlink.look(hub.clock.monotonic_s(), at_once=True)
        downlink.send(publish, hub.clock.monotonic_s())
        return list(sent)

    topic = "popup/v1/demo/market/k1/down/facts"
    assert f"{topic} availability@{FIRST} 1+1" in hear(status(kiosk))
    world.sell("market", 2)
    world.step(30)
    assert f"{topic} availability@{FIRST} 2+1" in hear(down_ack(kiosk, {f"availability@{FIRST}": 1}))
    world.step(86_400)
    assert f"{topic} availability@{FIRST + 1} 1+1" in hear(down_ack(kiosk, {f"availability@{FIRST}": 2}))
