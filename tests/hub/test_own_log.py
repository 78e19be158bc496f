"""Each kiosk's own log: sums with their positions, one snapshot a generation, and a hub that went back (I11)."""

import random
from datetime import timedelta

import pytest
from hub_books import Hub, down_ack, status
from sqlalchemy import select
from steward_twins import CODE, TEA, Shop, Till, present, still

from contract.batch import decode_batch
from contract.codec import decode_down
from contract.down import ConfigChanged
from contract.down_rights import (
    EpochClosed,
    PromiseResolved,
    RecallRequested,
    ReservationConfirmed,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.facts import StockLine
from contract.registry import Data
from contract.rights import MAX_TOTALS, Answer, GrantTotal, ReservationRequested
from contract.stock import StockKey
from contract.streams import own_log
from contract.values import Currency, Epoch, Money, Quantity, Sku, instant_text
from hub.core.redistribute import plan_ours
from hub.downlink.downlink import Downlink
from hub.intake.arrivals import Message
from hub.life import begin_life
from hub.store import bookings, down, lives, promises, recalls, reservations
from hub.store import own_log as logs
from hub.store.catalogue import change_config
from hub.store.inbox import KioskRow, find_kiosk
from hub.store.own_log import StaleLife
from hub.store.recalls import Recall
from hub.store.reservations import Reservation
from hub.store.rights_tables import accounts, grants
from hub.store.rights_tables import lives as life_table
from hub.store.rights_tables import reservations as reservation_table
from hub.store.tables import metadata


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, still)


def row_of(shop: Shop, till: Till) -> KioskRow:
    with shop.hub.store.read() as connection:
        kiosk = find_kiosk(connection, till.address)
    assert kiosk is not None
    return kiosk


def told(shop: Shop, till: Till) -> list[Data]:
    """Return what the newest generation of a till's own log says."""
    log = own_log(till.address)
    with shop.hub.store.read() as connection:
        end = down.log_end(connection, "demo", log)
        assert end is not None
        return [decode_down(raw).data for raw in down.read_log(connection, "demo", log, end.generation, 1, limit=5000)]


def a_life(shop: Shop, name: str = "market/k1") -> Till:
    till = shop.till(name)
    till.receive(1)
    till.flush()
    return till


def rebirth(shop: Shop) -> None:
    begin_life(shop.hub.store, shop.hub.life, promoted=True)


def test_sums_are_noted_at_the_position_where_they_are_told(shop: Shop) -> None:
    kiosk = row_of(shop, a_life(shop))
    with shop.hub.store.write() as connection:
        at = present(shop.hub).at
        first = logs.grant(connection, kiosk, 1, {TEA: 3}, at, 1)
        assert logs.tell(connection, kiosk, [RightsGranted(Epoch(1), first)], at, 1) == 2
        second = logs.grant(connection, kiosk, 1, {TEA: 4}, at, 1)
        until = at + timedelta(hours=1)
        line = StockLine(TEA.sku, Quantity(4))
        placed = ReservationPlaced("r1", Epoch(1), CODE, [line], second, until)
        assert logs.tell(connection, kiosk, [ReservationRefused("r0", "no"), placed], at, 1) == 4
        noted = connection.execute(select(grants.c.position, grants.c.total).order_by(grants.c.position)).all()
        issued = connection.execute(select(accounts.c.issued)).scalar_one()
    assert first == [GrantTotal(TEA.sku, 3)]
    assert [tuple(row) for row in noted] == [(2, 3), (4, 7)]
    assert issued == 7


def test_a_snapshot_holds_what_the_newest_life_must_know_and_lets_older_generations_go(shop: Shop) -> None:
    till = a_life(shop)
    kiosk = row_of(shop, till)
    now = present(shop.hub)
    until = instant_text(now.at + timedelta(hours=1))
    line = StockLine(TEA.sku, Quantity(2))
    asked = ReservationRequested("p1", [line], "en", Currency("EUR"), now.at, Money(0))
    resolved = PromiseResolved("p1", Answer.SORRY, "Sorry.")
    with shop.hub.store.write() as connection:
        logs.tell(
            connection,
            kiosk,
            [RightsGranted(Epoch(1), logs.grant(connection, kiosk, 1, {TEA: 5}, now.at, 1))],
            now.at,
            1,
        )
        for name, state, source, confirmed in [
            ("placed", "placed", "order", True),
            ("held", "held", "order", True),
            ("unpaid", "held", "promise", False),
            ("broken", "held", "order", True),
            ("own", "held", "kiosk", True),
        ]:
            one = Reservation(
                name,
                "demo",
                "market",
                state,
                source,
                paid=False,
                code=CODE,
                at=now.now,
                until=until,
                goods={TEA: 2},
                kiosk_id=kiosk.id,
                epoch=1,
            )
            reservations.add(connection, one)
            if confirmed:
                where = reservation_table.c.id == name
                connection.execute(reservation_table.update().where(where).values(confirmed_at=now.now))
        bookings.give_up(connection, "broken", now.now)
        recalls.add(connection, Recall("c1", kiosk.id, 1, TEA, 2, urgent=True, at=now.now))
        promises.add(connection, "p1", kiosk, 1, request=asked, now=now.now)
        promises.set_answer(connection, "p1", Answer.SORRY, resolved, now=now.now, told=False)
    rebirth(shop)
    shop.work()
    found = told(shop, till)
    assert isinstance(found[0], ReservationPlaced)
    assert (found[0].reservation, found[0].totals) == ("placed", [GrantTotal(TEA.sku, 5)])
    assert found[1] == RightsGranted(Epoch(1), [GrantTotal(TEA.sku, 5)])
    assert found[2] == ReservationRefused("broken", logs.NO_LONGER_WANTED)
    assert isinstance(found[3], ReservationConfirmed)
    assert found[3].reservation == "held"
    assert found[4] == RecallRequested("c1", Epoch(1), [line], urgent=True)
    assert found[5:] == [resolved]
    with shop.hub.store.read() as connection:
        assert down.read_log(connection, "demo", own_log(till.address), 1, 1, limit=9) == []
        assert not logs.begin(connection, kiosk, now.at, 2)


def test_many_sums_take_several_facts(shop: Shop) -> None:
    till = a_life(shop)
    kiosk = row_of(shop, till)
    keys = {StockKey(Sku(f"s{n:05d}")): 1 for n in range(MAX_TOTALS + 5)}
    with shop.hub.store.write() as connection:
        logs.grant(connection, kiosk, 1, keys, present(shop.hub).at, 1)
    rebirth(shop)
    shop.work()
    sizes = [len(one.totals) for one in told(shop, till) if isinstance(one, RightsGranted)]
    assert sizes == [MAX_TOTALS, 5]


def test_a_life_that_was_never_granted_anything_is_made_to_report_too(shop: Shop) -> None:
    till = a_life(shop)
    rebirth(shop)
    shop.work()
    assert told(shop, till) == [RightsGranted(Epoch(1), [])]
    till.hear()
    till.flush()
    with shop.hub.store.read() as connection:
        assert connection.execute(select(life_table.c.reported)).scalar_one() == 2
        assert lives.may_grant(connection, "demo", "market")


def test_a_closed_life_is_told_so_in_every_generation(shop: Shop) -> None:
    till = a_life(shop)
    kiosk = row_of(shop, till)
    with shop.hub.store.write() as connection:
        lives.close(connection, kiosk, 1, "stolen", present(shop.hub).now)
    rebirth(shop)
    with shop.hub.store.write() as connection:
        assert logs.begin(connection, kiosk, present(shop.hub).at, 2)
    assert told(shop, till) == [EpochClosed(Epoch(1), "stolen")]


def test_a_writer_of_an_older_incarnation_writes_nothing(shop: Shop) -> None:
    kiosk = row_of(shop, a_life(shop))
    at = present(shop.hub).at
    with shop.hub.store.write() as connection:
        logs.begin(connection, kiosk, at, 2)
    with shop.hub.store.write() as connection, pytest.raises(StaleLife, match="incarnation 2"):
        logs.tell(connection, kiosk, [ReservationRefused("r", "no")], at, 1)


def copy_of(shop: Shop) -> dict[str, list[dict[str, object]]]:
    with shop.hub.store.read() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def restore(shop: Shop, copied: dict[str, list[dict[str, object]]]) -> None:
    """Put the books back to an older copy, as a backup would, and have the hub notice it at its start."""
    with shop.hub.store.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table in metadata.sorted_tables:
            if copied[table.name]:
                connection.execute(table.insert(), copied[table.name])
    life = begin_life(shop.hub.store, shop.hub.life)
    assert life.incarnation == 2
    for till in shop.tills:
        till.sent = 0  # they send again what the hub lost; what it has changes nothing


def test_a_hub_that_went_back_grants_nothing_before_every_life_reported_and_then_knows_what_it_forgot(hub: Hub) -> None:
    shop = Shop(hub, plan_ours)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(1)
    k2.receive(1)
    shop.settle_down(2)
    shop.give(free=10)
    copied = copy_of(shop)
    k2.want(4)
    shop.settle_down(3)
    granted = k2.account().granted
    assert granted >= 4
    restore(shop, copied)
    before = k1.account().granted
    k1.want(12)
    k1.flush()
    for _ in range(4):
        shop.work(6)
        k1.hear()
        k1.flush()
    assert k1.account().granted == before  # k2 is silent still: what it was granted is not known
    shop.settle_down()
    assert k2.account().granted >= granted
    goods = k1.account().available + k2.account().available + shop.pool().free
    assert goods == 12
    assert shop.pool().deficit == 0
    shop.check()


def batches(downlink: Downlink, hub: Hub, seconds: float = 0.0) -> list[tuple[str, int, int]]:
    hub.clock.advance(seconds)
    found: list[Message] = []

    def publish(message: Message) -> bool:
        found.append(message)
        return True

    downlink.send(publish, hub.clock.monotonic_s())
    return [(head.stream, head.first, head.count) for head in (decode_batch(one.payload).head for one in found)]


def test_the_own_log_goes_ahead_of_the_fleets_at_once_and_only_to_its_kiosk(shop: Shop) -> None:
    k1, k2 = a_life(shop, "market/k1"), a_life(shop, "market/k2")
    hub = shop.hub
    downlink = Downlink(hub.store, random.Random(1))  # noqa: S311
    online = hub.take(status(k1.address), status(k2.address))
    downlink.heard(online.told, online.acked, hub.clock.monotonic_s())
    assert batches(downlink, hub) == []
    change_config(hub.store, "demo", ConfigChanged(), at=hub.clock.now())
    with hub.store.write() as connection:
        logs.tell(connection, row_of(shop, k1), [ReservationRefused("r", "no")], hub.clock.now(), 1)
    downlink.look(hub.clock.monotonic_s())
    assert batches(downlink, hub) == []  # its time has not come
    downlink.look(hub.clock.monotonic_s(), at_once=True)
    assert batches(downlink, hub) == [("market/k1@1", 1, 2), ("fleet@1", 1, 1), ("fleet@1", 1, 1)]
    acked = hub.take(down_ack(k1.address, {"market/k1@1": 2, "fleet@1": 1, "market/k2@1": 7}))
    downlink.heard(acked.told, acked.acked, hub.clock.monotonic_s())
    again = Downlink(hub.store, random.Random(1))  # noqa: S311
    online = hub.take(status(k1.address))
    again.heard(online.told, online.acked, hub.clock.monotonic_s())
    assert batches(again, hub) == []  # its cursors outlive the hub
    lost = hub.take(down_ack(k1.address, {"fleet@1": 1}))
    again.heard(lost.told, lost.acked, hub.clock.monotonic_s())
    assert batches(again, hub) == [("market/k1@1", 1, 2)]


def test_a_new_generation_of_the_own_log_is_sent_from_its_beginning(shop: Shop) -> None:
    k1 = a_life(shop)
    hub = shop.hub
    downlink = Downlink(hub.store, random.Random(1))  # noqa: S311
    online = hub.take(status(k1.address))
    with hub.store.write() as connection:
        logs.tell(connection, row_of(shop, k1), [ReservationRefused("r", "no")], hub.clock.now(), 1)
    downlink.heard(online.told, online.acked, hub.clock.monotonic_s())
    assert batches(downlink, hub) == [("market/k1@1", 1, 2)]
    rebirth(shop)
    shop.work()
    assert batches(downlink, hub, 10.0) == []  # what was let go cannot be sent again
    downlink.look(hub.clock.monotonic_s(), at_once=True)
    assert batches(downlink, hub, 10.0) == [("market/k1@2", 1, 1)]
