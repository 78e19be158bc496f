"""Counts close when the hub holds every till at their cut; what they find is minted or owed, and limbo is cleared."""

from copy import deepcopy
from typing import Any

import pytest
from hub_books import AT, Hub, LaneTwin, sale
from sqlalchemy import select
from steward_twins import TEA, Shop, Till, present, still

from contract.down_rights import EpochClosed
from contract.facts import StockLine, StockReceived
from contract.goods import TillPosition
from contract.stock import StockKey
from contract.values import Epoch, Quantity, Seq, Sku
from hub.core.counting import Mark
from hub.steward import by_operator
from hub.store.rights_tables import counts, reservations
from hub.store.tables import exceptions


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, still)


def found(shop: Shop) -> list[tuple[int | None, bool]]:
    """Return the difference of each count, and whether it is closed."""
    with shop.hub.store.read() as connection:
        rows = connection.execute(select(counts).order_by(counts.c.at, counts.c.seq)).all()
    return [(row.difference, row.closed_at is not None) for row in rows]


def open_kinds(shop: Shop) -> set[str]:
    with shop.hub.store.read() as connection:
        statement = select(exceptions.c.kind).where(exceptions.c.resolved_at.is_(None))
        return set(connection.execute(statement).scalars())


def state_of(shop: Shop, name: str) -> str:
    with shop.hub.store.read() as connection:
        return str(connection.execute(select(reservations.c.state).where(reservations.c.id == name)).scalar_one())


def close(shop: Shop, till: Till, why: str = "stolen") -> Any:
    with shop.hub.store.write() as connection:
        return by_operator.close_kiosk(connection, present(shop.hub), till.address, why)


@pytest.mark.parametrize(
    ("there", "counted", "odd"), [(4, 5000, True), (4, 100, False), (200, 9, False), (0, 101, True)]
)
def test_a_surplus_that_is_more_likely_a_slip_counts_and_is_looked_at(
    shop: Shop, there: int, counted: int, *, odd: bool
) -> None:
    k1 = shop.till()
    if there:
        k1.receive(there)
    k1.count(counted)
    k1.flush()
    shop.work()
    assert shop.pool().adjusted == counted - there
    assert ("count_surplus" in open_kinds(shop)) is odd
    shop.check()


def test_what_a_count_finds_over_is_free_and_what_is_short_is_owed(shop: Shop) -> None:
    k1 = shop.till()
    k1.receive(10)
    k1.spend(2)
    k1.count(9)
    k1.flush()
    shop.work()
    assert found(shop) == [(1, True)]
    assert (shop.pool().free, shop.pool().adjusted) == (1, 1)
    shop.check()
    k1.count(6)
    shop.settle_down(4)
    assert found(shop)[1] == (-3, True)
    assert shop.pool().adjusted == -2
    assert k1.account().available + shop.pool().free == 6
    shop.check()


def test_a_count_waits_for_the_tills_that_it_names_and_takes_what_they_did_later_out(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k2.flush()
    k2.receive(5)
    k2.spend(1)
    cut = k2.position()
    k1.count(13, cut)  # 10 and 4 by the books
    k1.flush()
    shop.work()
    assert found(shop) == [(None, False)]
    k1.spend(2)
    k2.spend(3)
    k2.flush()
    k1.flush()
    shop.work(60)
    assert found(shop) == [(-1, True)]
    shop.settle_down(4)
    shop.check()


def test_a_count_that_does_not_know_a_till_stays_open_until_an_operator_names_it(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.receive(4)
    k2.flush()
    k1.receive(6)
    k1.count(10)
    k1.flush()
    shop.work()
    assert found(shop) == [(None, False)]
    assert "count_waits" in open_kinds(shop)
    with shop.hub.store.write() as connection:
        row = connection.execute(select(counts)).one()
        name = (row.kiosk_id, row.epoch, row.seq)
        by_operator.settle_count(connection, present(shop.hub), name, [Mark("k2", 1, 1)])
        with pytest.raises(by_operator.NotDone, match="no kiosk k7"):
            by_operator.settle_count(connection, present(shop.hub), name, [Mark("k7", 1, 1)])
    shop.work()
    assert found(shop) == [(0, True)]
    assert "count_waits" not in open_kinds(shop)


def test_a_count_by_a_clock_that_was_ahead_does_not_stop_those_after_it(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k1.flush()
    shop.hub.clock.advance(3 * 3600)
    k2.count(10, k1.position())
    k2.flush()
    shop.work()
    shop.hub.clock.advance(-3 * 3600)
    k1.count(8, k2.position())
    k1.flush()
    shop.work(4 * 3600)
    assert found(shop) == [(-2, True), (0, True)]  # by their own clocks, which says nothing of their order


def copied(shop: Shop) -> tuple[Till, Till, LaneTwin]:
    """Return a till that sold two of ten, one that counts, and a copy of the first's card from before the sales."""
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    card = k1.raws[:]
    k1.spend(1)
    k1.spend(1)
    k1.flush()
    return k1, k2, LaneTwin(k1.address, raws=card)


def hear(shop: Shop, copy: LaneTwin) -> None:
    shop.hub.clock.advance(5)
    shop.hub.take(copy.message())
    shop.hub.clock.advance(5)


@pytest.mark.parametrize("ahead_s", [0, 3 * 3600], ids=["a right clock", "a clock that is ahead"])
def test_what_a_second_card_sold_after_a_count_is_not_found_over(shop: Shop, ahead_s: int) -> None:
    k1, k2, copy = copied(shop)
    shop.hub.clock.advance(ahead_s)
    k2.count(8, k1.position())
    shop.hub.clock.advance(-ahead_s)
    copy.record(sale("k1-1-1", "tea", 3))
    hear(shop, copy)
    k2.flush()
    shop.work(4 * 3600)
    assert found(shop) == [(0, True)]
    shop.check()


def test_what_a_second_card_received_before_a_count_that_is_in_doubt_is_not_minted_again(shop: Shop) -> None:
    k1, k2, copy = copied(shop)
    copy.record(StockReceived([StockLine(TEA.sku, Quantity(4))], AT))
    k2.count(12, k1.position())
    hear(shop, copy)
    k2.flush()
    shop.work(60)
    assert found(shop) == [(0, True)]
    shop.check()


def test_what_a_second_card_sold_is_before_the_counts_that_follow(shop: Shop) -> None:
    k1, k2, copy = copied(shop)
    copy.record(sale("k1-1-1", "tea", 3))
    hear(shop, copy)
    k2.count(5, k1.position())
    k2.flush()
    shop.work(60)
    assert found(shop) == [(0, True)]
    shop.check()


def test_an_older_count_says_nothing_after_a_newer_one(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.flush()
    k1.receive(10)
    k1.count(7, TillPosition(k2.address.kiosk, Epoch(1), Seq(1)))
    k1.flush()
    shop.work()
    k1.count(8, TillPosition(k2.address.kiosk, Epoch(1), Seq(0)))
    k1.flush()
    shop.work()
    k2.receive(1)
    k2.flush()
    shop.work(60)
    assert found(shop) == [(0, True), (-2, True)]


def test_an_older_count_that_waits_for_a_lost_card_is_over_with_a_newer_one(shop: Shop) -> None:
    """What its till said behind the last word is gone with the card: nobody needs it any more."""
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.flush()
    k1.receive(10)
    k1.count(7, TillPosition(k2.address.kiosk, Epoch(1), Seq(9)))
    k1.count(6)
    k1.flush()
    shop.work()
    assert found(shop) == [(None, False), (None, False)]
    assert "count_waits" in open_kinds(shop)
    k1.count(8, TillPosition(k2.address.kiosk, Epoch(1), Seq(0)))
    k1.flush()
    shop.work()
    shop.work(60)
    assert found(shop) == [(0, True), (0, True), (-2, True)]
    assert "count_waits" not in open_kinds(shop)
    shop.check()


def forked(shop: Shop) -> tuple[Till, Till, Till]:
    """Return a till with five, a second card of it that went another way since, and another till of the site."""
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(5)
    for till in (k1, k2):
        till.flush()
    hub, k1.hub = k1.hub, None  # type: ignore[assignment]  # the hub is not copied
    card = deepcopy(k1)
    k1.hub = card.hub = hub
    k1.receive(1, StockKey(Sku("cups")))
    k1.flush()
    return k1, card, k2


@pytest.mark.parametrize("elsewhere", ["another site", "another sku"])
def test_a_newer_count_of_other_goods_says_nothing_of_an_older_one(shop: Shop, elsewhere: str) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.flush()
    k1.receive(10)
    k1.count(7, TillPosition(k2.address.kiosk, Epoch(1), Seq(1)))
    other = shop.till("harbour/k1") if elsewhere == "another site" else k1
    shop.hub.clock.advance(10)
    for _ in range(3):  # further than the till of the same name at the first site
        other.receive(1, StockKey(Sku("cups")))
    other.count(0, k2.position(), key=TEA if other is not k1 else StockKey(Sku("coffee")))
    k1.flush()
    other.flush()
    shop.work()
    k2.receive(1)
    k2.flush()
    shop.work(60)
    assert sorted(found(shop), key=str) == [(-4, True), (0, True)]


@pytest.mark.parametrize(("older_first", "differences"), [(True, [-2, 8]), (False, [0, 6])])
def test_of_counts_whose_positions_tell_no_order_the_clock_does(
    shop: Shop,
    older_first: bool,  # noqa: FBT001 - a column of the table
    differences: list[int],
) -> None:
    """Each was taken ahead of the other at its own till; only one that is older says nothing any more."""
    older, newer = shop.till("market/k1"), shop.till("market/k2")
    older.receive(10)
    newer.receive(1)
    for till in (older, newer):
        till.flush()
    older.count(9, TillPosition(newer.address.kiosk, Epoch(1), Seq(1)))
    shop.hub.clock.advance(10)
    newer.receive(1)
    newer.count(8, TillPosition(older.address.kiosk, Epoch(1), Seq(0)))
    for till in (older, newer) if older_first else (newer, older):
        till.flush()
        shop.work(60)
    assert found(shop) == [(difference, True) for difference in differences]


@pytest.mark.parametrize("brought", [3, 5])
def test_what_a_second_card_brought_was_found_by_the_count_before_it_was_heard(shop: Shop, brought: int) -> None:
    """Else the same goods were minted twice: once as found, once as received."""
    k1, card, k2 = forked(shop)
    card.receive(brought)
    k2.count(8, k1.position())  # what the card brought lies there as well; of five, two were sold since
    k2.flush()
    shop.work()
    assert found(shop) == [(3, True)]
    shop.hub.clock.advance(1)
    card.flush()
    shop.work()
    assert "fork" in open_kinds(shop)
    assert shop.pool().limbo == brought - 3, "which the next count finds"
    shop.check()


def test_a_shortage_is_not_taken_back_for_what_a_second_card_took(shop: Shop) -> None:
    """Nobody knows whether the count saw it: else goods that went after it would be promised."""
    k1, card, k2 = forked(shop)
    k2.count(3, k1.position())
    k2.flush()
    shop.work()
    assert found(shop) == [(-2, True)]
    card.spend(2)
    card.flush()
    shop.settle_down(2)
    pool = shop.pool()
    assert k1.account().available + pool.free + pool.limbo - pool.unsettled - pool.deficit == 1
    shop.check()


def test_a_stolen_till_is_closed_told_and_counted_and_its_rights_are_free_again(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(10)
    k1.flush()
    k2.receive(5)
    k2.flush()
    epoch, moved = close(shop, k2)
    assert (epoch, [delta.limbo for delta in moved.values()]) == (1, [5])
    shop.check()
    assert k2.hear() == [EpochClosed(Epoch(1), "stolen")] or k2.closed
    k2.spend(3)  # before it heard of that; nobody knows yet
    shop.hub.clock.advance(5)
    k1.count(12)
    k1.flush()
    shop.work()
    assert found(shop) == [(-3, True)]
    assert (shop.pool().limbo, shop.pool().free) == (0, 2)
    shop.check()
    k2.flush()  # the late sale takes the count's shortage back: it is paid once
    shop.work(30)
    shop.check()
    assert shop.pool()[1:5] == (0, 0, 0, 0)
    assert k1.account().available + shop.pool().free == 12


def test_a_count_taken_before_the_theft_does_not_clear_limbo(shop: Shop) -> None:
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k2.receive(5)
    k2.flush()
    k1.receive(1)
    k1.count(6, k2.position())
    shop.hub.clock.advance(60)
    close(shop, k2)
    k1.flush()
    shop.work()
    assert found(shop) == [(0, True)]
    assert shop.pool().limbo == 5


def test_a_kiosk_that_is_closed_or_unknown_cannot_be_closed_recalled_or_granted(shop: Shop) -> None:
    k1 = shop.till()
    k1.receive(5)
    k1.flush()
    shop.give(free=3)
    with shop.hub.store.write() as connection:
        now = present(shop.hub)
        assert by_operator.grant(connection, now, k1.address, TEA, 2) == 2
        with pytest.raises(by_operator.NotDone, match="not free"):
            by_operator.grant(connection, now, k1.address, TEA, 2)
        by_operator.recall(connection, now, k1.address, TEA, 4, recall_id="c1")
        with pytest.raises(by_operator.NotDone, match="already"):
            by_operator.recall(connection, now, k1.address, TEA, 1, recall_id="c2")
    k1.hear()
    k1.flush()
    assert (k1.account().released, shop.pool().free) == (4, 5)
    close(shop, k1)
    for act in (
        lambda c: by_operator.close_kiosk(c, now, k1.address, "again"),
        lambda c: by_operator.grant(c, now, k1.address, TEA, 1),
        lambda c: by_operator.recall(c, now, Till(shop.hub, "market/k9").address, TEA, 1, recall_id="c3"),
    ):
        with shop.hub.store.write() as connection, pytest.raises(by_operator.NotDone):
            act(connection)
    shop.check()


@pytest.mark.parametrize("how", ["closed", "newer life"])
@pytest.mark.parametrize("heard", [True, False], ids=["held", "placed"])
def test_what_a_closed_till_had_set_aside_is_placed_anew_and_never_given_away(hub: Hub, how: str, heard: bool) -> None:  # noqa: FBT001 - a column of the table
    shop = Shop(hub, still)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(6)
    k1.flush()
    shop.give(free=4)
    assert shop.reserve("r1", 4)
    shop.work()
    assert state_of(shop, "r1") == "placed"
    if heard:
        k1.hear()
        k1.flush()
        assert state_of(shop, "r1") == "held"
    k1.leave()
    if how == "closed":
        close(shop, k1, "stolen")
        others = []
    else:
        newer = shop.till("market/k1", epoch=2)
        newer.flush()
        others = [newer.position()]
    assert (shop.pool().reserved, shop.pool().limbo) == (4, 6)
    assert state_of(shop, "r1") == "reserved"
    shop.check()
    k2.receive(1)
    k2.flush()
    shop.hub.clock.advance(5)
    k2.count(11, *others)
    k2.flush()
    shop.work(60)
    assert shop.pool().free == 6
    assert state_of(shop, "r1") in {"placed", "reserved"}
    shop.check()


def test_what_a_closed_till_reports_late_that_it_had_set_aside_is_kept_too(hub: Hub) -> None:
    shop = Shop(hub, still)
    k1 = shop.till("market/k1")
    k1.receive(6)
    k1.flush()
    k1.set_aside("own-1", 2)
    close(shop, k1)
    assert shop.pool().limbo == 6
    k1.flush()
    assert (shop.pool().limbo, shop.pool().reserved) == (4, 2)
    assert state_of(shop, "own-1") == "reserved"
    shop.check()
