"""A kiosk that was closed as lost gets no rights in any life, whatever it says, until an operator admits it again."""

from datetime import timedelta

import pytest
from hub_books import Hub, status
from sqlalchemy import select
from steward_twins import MARKET, TEA, Shop, Till, present

from contract.values import Address
from hub.core.redistribute import plan_ours
from hub.steward import by_operator
from hub.store import closing, offers, queries
from hub.store.tables import exceptions


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, plan_ours)


def lose(shop: Shop, at: Address) -> int | None:
    with shop.hub.store.write() as connection:
        return by_operator.close_kiosk(connection, present(shop.hub), at, "stolen", lost=True)[0]


def admit(shop: Shop, at: Address) -> None:
    with shop.hub.store.write() as connection:
        by_operator.admit(connection, present(shop.hub), at)


def heard(shop: Shop) -> list[tuple[str, bool]]:
    """Return the exceptions of kiosks that were lost and heard: the subject, and whether it is open."""
    with shop.hub.store.read() as connection:
        statement = select(exceptions).where(exceptions.c.kind == "fenced_kiosk_heard").order_by(exceptions.c.id)
        return [(row.subject, row.resolved_at is None) for row in connection.execute(statement)]


def thief(shop: Shop) -> tuple[Till, Till]:
    """Return the till that stays, and the next life of the one that was stolen, which asks for tea."""
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(4)
    k2.receive(4)
    k1.flush()
    k2.flush()
    assert lose(shop, k2.address) == 1
    shop.tills.remove(k2)
    again = shop.till("market/k2", epoch=2)
    again.want(3)
    again.flush()
    shop.give(free=6)
    return k1, again


def test_a_stolen_kiosk_is_granted_and_recalled_nothing_and_nothing_is_placed_with_it(shop: Shop) -> None:
    k1, again = thief(shop)
    assert shop.reserve("r1", 1)
    k1.leave()
    shop.work()
    again.hear()
    assert (again.account().granted, again.held) == (0, {})
    again.receive(9)
    again.flush()
    k1.flush()
    k1.want(12)
    shop.settle_down(3)
    assert (again.account().released, again.account().available) == (0, 9)
    assert set(k1.held) == {"r1"}
    for act in (
        lambda c: by_operator.grant(c, present(shop.hub), again.address, TEA, 1),
        lambda c: by_operator.recall(c, present(shop.hub), again.address, TEA, 1, recall_id="c1"),
    ):
        with shop.hub.store.write() as connection, pytest.raises(by_operator.NotDone, match="closed as lost"):
            act(connection)
    shop.check()


def test_what_a_stolen_kiosk_has_is_promised_to_nobody_who_waits(shop: Shop) -> None:
    _, again = thief(shop)
    again.receive(500)
    again.flush()
    with shop.hub.store.read() as connection:
        soon = shop.hub.clock.now() + timedelta(seconds=1)
        assert offers.at_tills(connection, "demo", [TEA], soon)["market"][TEA] < 100


def test_its_sales_are_booked_as_ever(shop: Shop) -> None:
    _, again = thief(shop)
    assert again.spend(2) == 2
    again.flush()
    shop.work()
    shop.check()
    assert sum(one.account.sold for one in shop.mirrors().values()) == 2


def test_a_count_does_not_wait_for_it(shop: Shop) -> None:
    k1, again = thief(shop)
    with shop.hub.store.read() as connection:
        names = closing.names(connection, MARKET)
        assert closing.open_lives(connection, names) == [("k1", 1)]
    shop.hub.clock.advance(5)
    k1.count(4 + 6 + 3)  # of the four that were stolen with it, three stand there
    k1.flush()
    shop.work()
    assert (shop.pool().limbo, shop.pool().unsettled) == (0, 0)
    shop.check()
    assert again.account().granted == 0


def test_that_it_is_heard_is_told_once_and_its_will_is_not_its_word(shop: Shop) -> None:
    k2 = shop.till("market/k2")
    k2.receive(4)
    k2.flush()
    lose(shop, k2.address)
    k2.leave()
    assert heard(shop) == []
    for _ in range(3):
        shop.hub.take(status(k2.address))
    assert heard(shop) == [("demo/market/k2", True)]
    with shop.hub.store.read() as connection:
        assert [one.fenced_at is not None for one in queries.list_kiosks(connection)] == [True]


def test_one_that_is_found_and_admitted_gets_what_it_asked_for(shop: Shop) -> None:
    _, again = thief(shop)
    shop.work()
    again.hear()
    assert again.account().granted == 0
    shop.give(free=6)
    admit(shop, again.address)
    assert heard(shop) == [("demo/market/k2", False)]
    shop.work()
    again.hear()
    assert again.account().granted >= 3
    again.flush()
    assert heard(shop) == [("demo/market/k2", False)]
    with shop.hub.store.write() as connection, pytest.raises(by_operator.NotDone, match="not fenced"):
        by_operator.admit(connection, present(shop.hub), again.address)
    shop.check()


def test_one_that_was_closed_before_can_be_fenced_later_and_only_once(shop: Shop) -> None:
    k2 = shop.till("market/k2")
    k2.flush()
    with shop.hub.store.write() as connection:
        by_operator.close_kiosk(connection, present(shop.hub), k2.address, "gone")
    assert lose(shop, k2.address) is None
    with pytest.raises(by_operator.NotDone, match="no open life"):
        lose(shop, k2.address)


def test_one_that_was_closed_and_not_lost_gets_rights_in_its_next_life(shop: Shop) -> None:
    k2 = shop.till("market/k2")
    k2.flush()
    with shop.hub.store.write() as connection:
        by_operator.close_kiosk(connection, present(shop.hub), k2.address, "a new card")
    again = shop.till("market/k2", epoch=2)
    again.want(3)
    again.flush()
    shop.give(free=6)
    shop.work()
    again.hear()
    assert again.account().granted >= 3
