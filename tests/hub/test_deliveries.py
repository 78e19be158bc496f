"""Deliveries at the hub (I8): one kiosk a line, and a person is called where goods may have been booked twice."""

import json
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from hub_books import AT, Hub, make_hub
from sqlalchemy import select
from steward_twins import Shop, Till, present, still

from contract.down_rights import DeliveryAdvised, EpochClosed
from contract.facts import MAX_LINES, Origin, StockLine, StockReceived
from contract.stock import StockKey
from contract.values import Condition, Epoch, Quantity, Sku, Unit
from hub.life import begin_life
from hub.steward import by_operator
from hub.steward.by_operator import NotDone
from hub.steward.deliveries import advise
from hub.store import deliveries, own_log
from hub.store.delivery_tables import deliveries as delivery_table
from hub.store.inbox import find_kiosk
from hub.store.rights_tables import accounts
from hub.store.tables import MAX_SUM, exceptions

TEA, OIL = StockKey(Sku("tea")), StockKey(Sku("oil"), unit=Unit.MILLILITRE)
TWICE, STRANGE, DIFFERS = "delivery_twice", "delivery_not_advised", "delivery_differs"


@pytest.fixture
def shop(hub: Hub) -> Shop:
    """Two tills at the market and one at the harbour, that were heard of."""
    shop = Shop(hub, still)
    for name in ("market/k1", "market/k2", "harbour/k1"):
        shop.till(name).flush()
    return shop


def came(till: Till, *goods: tuple[StockKey, int], advice: str = "", hours: float = 0, origin: Origin = Origin.TILL):
    """Receive goods, and let the hub hear of it."""
    lines = [StockLine(what.sku, Quantity(amount, what.unit), what.condition) for what, amount in goods]
    till.record(StockReceived(lines, AT + timedelta(hours=hours), advice, origin))
    till.flush()


def tell(shop: Shop, till: Till, goods: dict[StockKey, int], advice: str = "D-1", on: date | None = None) -> int:
    with shop.hub.store.write() as connection:
        return advise(connection, present(shop.hub), till.address, advice, goods, expected_on=on)


def called(shop: Shop) -> list[tuple[str, str]]:
    with shop.hub.store.read() as connection:
        rows = connection.execute(select(exceptions.c.kind, exceptions.c.subject).order_by(exceptions.c.id))
        return [tuple(row) for row in rows]


def detail(shop: Shop, kind: str) -> dict:
    with shop.hub.store.read() as connection:
        return dict(
            json.loads(connection.execute(select(exceptions.c.detail).where(exceptions.c.kind == kind)).scalar_one())
        )


def received(shop: Shop) -> int:
    return sum(held.account.received for held in shop.mirrors(TEA).values())


# ------------------------------------------------------------------------------------------------------------ advising


def test_a_kiosk_is_told_of_its_delivery_once(shop: Shop) -> None:
    k1 = shop.tills[0]
    goods = {TEA: 24, OIL: 5000}
    assert tell(shop, k1, goods, on=date(2026, 3, 9)) == 2
    assert tell(shop, k1, goods, on=date(2026, 3, 9)) == 0
    lines = [StockLine(OIL.sku, Quantity(5000, OIL.unit)), StockLine(TEA.sku, Quantity(24))]
    told = [fact for fact in k1.hear() if isinstance(fact, DeliveryAdvised)]
    assert told == [DeliveryAdvised("D-1", lines, date(2026, 3, 9))]


def test_a_line_is_for_one_kiosk_of_the_site_and_the_others_are_not_told(shop: Shop) -> None:
    k1, k2, far = shop.tills
    tell(shop, k1, {TEA: 24})
    with pytest.raises(NotDone, match="D-1: tea of it was advised to k1, and no other kiosk may receive it"):
        tell(shop, k2, {TEA: 24, OIL: 5})
    assert tell(shop, k2, {OIL: 5}) == 1, (
        "another line of the same delivery may be another's, and nothing came of the try"
    )
    assert tell(shop, far, {TEA: 24}) == 1, "another site numbers its deliveries by itself"
    assert tell(shop, k2, {StockKey(TEA.sku, Condition.DAMAGED): 1}) == 1


def test_what_was_not_received_can_be_corrected_and_what_was_can_not(shop: Shop) -> None:
    k1 = shop.tills[0]
    tell(shop, k1, {TEA: 24})
    assert tell(shop, k1, {TEA: 25}) == 1
    assert tell(shop, k1, {TEA: 25}, on=date(2026, 3, 9)) == 1
    came(k1, (TEA, 25), advice="D-1")
    assert tell(shop, k1, {TEA: 25}, on=date(2026, 3, 9)) == 0
    with pytest.raises(NotDone, match=r"tea of it was received as k1=1@1: give what comes now another number"):
        tell(shop, k1, {TEA: 26})
    assert called(shop) == []


def test_a_kiosk_that_is_not_there_is_told_nothing(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    with shop.hub.store.write() as connection:
        by_operator.close_kiosk(connection, present(shop.hub), k2.address, "stolen")
    with pytest.raises(NotDone, match="has no open life"):
        tell(shop, k2, {TEA: 1})
    k2.address = k2.address.__class__(k2.address.region, k2.address.site, "k9")
    with pytest.raises(NotDone, match="no kiosk demo/market/k9 was ever heard of"):
        tell(shop, k2, {TEA: 1})
    assert tell(shop, k1, {TEA: 1}) == 1


def test_a_delivery_has_no_more_lines_than_a_receipt_can_name_and_takes_several_facts(shop: Shop) -> None:
    k1 = shop.tills[0]
    many = {StockKey(Sku(f"s{n}")): 1 for n in range(MAX_LINES)}
    assert tell(shop, k1, many) == MAX_LINES
    with pytest.raises(NotDone, match="more than 2000 lines"):
        tell(shop, k1, {TEA: 1})
    told = [fact for fact in k1.hear() if isinstance(fact, DeliveryAdvised)]
    assert [len(fact.lines) for fact in told] == [deliveries.MAX_TOLD] * 10
    assert {line.sku for fact in told for line in fact.lines} == {what.sku for what in many}


def test_a_new_generation_tells_again_what_nobody_has_received(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    tell(shop, k1, {TEA: 24, OIL: 5}, "D-1", on=date(2026, 3, 9))
    tell(shop, k1, {TEA: 7}, "D-2")
    came(k1, (TEA, 24), advice="D-1")
    came(k2, (TEA, 7), advice="D-2")
    begin_life(shop.hub.store, shop.hub.life, promoted=True)
    shop.work()
    told = [fact for fact in k1.hear() if isinstance(fact, DeliveryAdvised)]
    assert told == [DeliveryAdvised("D-1", [StockLine(OIL.sku, Quantity(5, OIL.unit))], date(2026, 3, 9))]


def test_a_closed_kiosk_is_told_what_its_next_life_may_receive(shop: Shop) -> None:
    k1 = shop.tills[0]
    tell(shop, k1, {TEA: 24})
    with shop.hub.store.write() as connection:
        by_operator.close_kiosk(connection, present(shop.hub), k1.address, "re-imaged")
    begin_life(shop.hub.store, shop.hub.life, promoted=True)
    with shop.hub.store.write() as connection:
        kiosk = find_kiosk(connection, k1.address)
        assert kiosk is not None
        own_log.begin(connection, kiosk, AT, 2)
    assert k1.hear() == [EpochClosed(Epoch(1), "re-imaged"), DeliveryAdvised("D-1", [StockLine(TEA.sku, Quantity(24))])]


# ----------------------------------------------------------------------------------------------------------- receiving


def test_what_was_advised_and_received_once_calls_nobody(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    tell(shop, k1, {TEA: 24, OIL: 5})
    tell(shop, k2, {TEA: 6}, "D-2")
    came(k1, (TEA, 24), advice="D-1")
    came(k1, (OIL, 5), advice="D-1")
    came(k2, (TEA, 6), advice="D-2")
    assert called(shop) == []
    assert received(shop) == 30


def test_an_advice_line_received_by_two_kiosks_is_booked_and_told_with_both(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    tell(shop, k1, {TEA: 24})
    came(k1, (TEA, 24), advice="D-1")
    came(k2, (TEA, 24), advice="D-1")
    assert received(shop) == 48, "a fact takes effect as ever"
    assert called(shop) == [(TWICE, "demo/market/k2 1@1 D-1"), (STRANGE, "demo/market/k2 1@1 D-1")]
    told = detail(shop, TWICE)
    assert (told["receipt"], told["before"], told["advice"]) == ("k2=1@1", ["k1=1@1"], "D-1")
    assert told["goods"] == [{"sku": "tea", "amount": 24, "unit": "pc", "advised": 24, "to": "k1"}]
    assert "count these goods" in told["do"]


def test_whoever_is_heard_first_somebody_is_called(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    tell(shop, k1, {TEA: 24})
    came(k2, (TEA, 24), advice="D-1")
    assert [kind for kind, _ in called(shop)] == [STRANGE]
    came(k1, (TEA, 24), advice="D-1")
    assert called(shop)[1:] == [(TWICE, "demo/market/k1 1@1 D-1")]
    assert detail(shop, TWICE)["before"] == ["k2=1@1"]


def test_an_advice_that_nobody_was_given_and_goods_that_are_not_on_it_are_told(shop: Shop) -> None:
    k1 = shop.tills[0]
    came(k1, (TEA, 1), advice="D-7")
    tell(shop, k1, {TEA: 1}, "D-8")
    came(k1, (TEA, 1), (OIL, 2), advice="D-8")
    assert called(shop) == [(STRANGE, "demo/market/k1 1@1 D-7"), (STRANGE, "demo/market/k1 1@2 D-8")]


def test_another_amount_than_advised_is_told(shop: Shop) -> None:
    k1 = shop.tills[0]
    tell(shop, k1, {TEA: 24, OIL: 5})
    came(k1, (TEA, 20), (TEA, 3), (OIL, 5), advice="D-1")
    assert called(shop) == [(DIFFERS, "demo/market/k1 1@1 D-1")]
    assert detail(shop, DIFFERS)["goods"] == [{"sku": "tea", "amount": 23, "unit": "pc", "advised": 24, "to": "k1"}]


def test_goods_without_an_advice_that_come_twice_on_one_day_at_one_site_are_told(shop: Shop) -> None:
    k1, k2, far = shop.tills
    came(k1, (TEA, 24), (OIL, 5))
    came(far, (TEA, 24))
    came(k2, (StockKey(TEA.sku, Condition.DAMAGED), 24))
    came(k2, (TEA, 24), hours=15)
    assert called(shop) == [], "AT is 9:30: fifteen hours later it is another day"
    came(k2, (TEA, 12), hours=14)
    assert called(shop) == [(TWICE, "demo/market/k2 1@3")]
    assert (detail(shop, TWICE)["before"], received(shop)) == (["k1=1@1"], 60)
    came(k1, (OIL, 5), (TEA, 1))
    assert called(shop)[1:] == [(TWICE, "demo/market/k1 1@2")]


def test_the_day_is_that_of_the_receipt_in_utc(shop: Shop) -> None:
    k1 = shop.tills[0]
    came(k1, (TEA, 1), hours=14)
    came(k1, (TEA, 1), hours=14.6)
    assert called(shop) == []


def test_goods_with_and_without_an_advice_are_other_goods(shop: Shop) -> None:
    k1 = shop.tills[0]
    tell(shop, k1, {TEA: 1})
    came(k1, (TEA, 1), advice="D-1")
    came(k1, (TEA, 1))
    assert called(shop) == []


def test_repeats_and_forks_of_a_receipt_and_history_that_is_replayed_call_nobody_for_goods(shop: Shop) -> None:
    k1, k2, _ = shop.tills
    came(k1, (TEA, 24))
    for _ in range(3):
        shop.hub.take(k1.message())
    came(k2, (TEA, 5), origin=Origin.REPLAY)
    came(k2, (TEA, 5), origin=Origin.REPLAY)
    assert called(shop) == []
    fork = Till(shop.hub, "market/k1")
    fork.record(StockReceived([StockLine(TEA.sku, Quantity(24))], AT + timedelta(seconds=1)))
    fork.flush()
    assert [kind for kind, _ in called(shop)] == ["fork"]


def test_an_exception_that_was_resolved_is_not_opened_by_a_repeat(shop: Shop) -> None:
    k1 = shop.tills[0]
    came(k1, (TEA, 24))
    came(k1, (TEA, 24))
    with shop.hub.store.write() as connection:
        connection.execute(exceptions.update().values(resolved_at="2026-03-07T10:00:00.000000Z"))
    shop.hub.take(k1.message())
    assert len(called(shop)) == 1


@pytest.mark.parametrize("careful", [False, True])
def test_receipts_of_one_transaction_are_compared_with_each_other(shop: Shop, *, careful: bool) -> None:
    k1, k2, _ = shop.tills
    lines = [StockLine(TEA.sku, Quantity(24))]
    for till in (k1, k2):
        till.record(StockReceived(lines, AT))
    hub = make_hub(shop.hub.store, shop.hub.life, careful=careful)
    hub.take(k1.message(), k2.message())
    assert called(shop) == [(TWICE, "demo/market/k2 1@1")]


def test_a_fact_that_the_books_will_not_have_leaves_no_receipt(shop: Shop) -> None:
    k1 = shop.tills[0]
    came(k1, (TEA, 1))
    with shop.hub.store.write() as connection:
        connection.execute(accounts.update().values(received=MAX_SUM))  # one more passes what a sum can be
    came(k1, (TEA, 2))
    assert [kind for kind, _ in called(shop)] == ["quarantined"]
    with shop.hub.store.read() as connection:
        assert connection.execute(select(delivery_table.c.seq)).scalars().all() == [1]


def test_two_workers_that_book_one_delivery_at_the_same_moment_do_not_miss_it(shop: Shop, tmp_path: Path) -> None:
    """On PostgreSQL they run side by side; there the second would not see the first without waiting for it."""
    k1, k2, _ = shop.tills
    rounds, failures = 12, []
    for till in (k1, k2):
        for n in range(rounds):
            till.record(StockReceived([StockLine(Sku(f"s{n}"), Quantity(1))], AT))
    start = threading.Barrier(2)

    def work(till: Till) -> None:
        hub = make_hub(shop.hub.store, shop.hub.life)
        try:
            for n in range(rounds):
                start.wait()
                hub.take(till.message(n + 1, 1))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)
            start.abort()

    threads = [threading.Thread(target=work, args=(till,)) for till in (k1, k2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(subject.split()[-1] for _, subject in called(shop)) == sorted(f"1@{n + 1}" for n in range(rounds))


def test_what_came_is_listed_beside_what_was_advised(shop: Shop) -> None:
    k1, k2, far = shop.tills
    tell(shop, k1, {TEA: 24, OIL: 5}, on=date(2026, 3, 9))
    tell(shop, far, {TEA: 1})
    came(k1, (TEA, 20), advice="D-1")
    came(k2, (TEA, 3), advice="D-1")
    came(k2, (TEA, 3), advice="D-9")
    came(k2, (TEA, 3))
    with shop.hub.store.read() as connection:
        found = deliveries.page(connection, site="market", limit=100)
        assert len(deliveries.page(connection, site=None, limit=100)) == 4
        assert len(deliveries.page(connection, site=None, limit=2)) == 2
    told = [(one.advice, one.kiosk, one.what.sku, one.day, one.expected, one.received) for one in found]
    assert told == [
        ("D-1", "k1", "oil", "2026-03-09", 5, 0),
        ("D-1", "k1", "tea", "2026-03-09", 24, 23),
        ("D-9", "k2", "tea", "", 0, 3),
    ]
