"""What an operator asks for by hand is done only where it keeps the books true, and says why not."""

import pytest
from hub_books import Hub
from steward_twins import TEA, Shop, Till, present, still

from contract.stock import StockKey
from contract.values import Sku, instant_text
from hub.core.redistribute import plan_ours
from hub.steward import by_operator
from hub.store import by_hand
from hub.store.pools import PoolKey

KEY = PoolKey("demo", "market", TEA)


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, still)


@pytest.mark.parametrize("owed", ["unsettled", "deficit"])
def test_what_a_site_owes_is_not_granted_by_hand(shop: Shop, owed: str) -> None:
    k1 = shop.till()
    k1.receive(1)
    k1.flush()
    shop.give(free=3, **{owed: 2})
    with shop.hub.store.write() as connection:
        with pytest.raises(by_operator.NotDone, match="not free at market, less what the site owes"):
            by_operator.grant(connection, present(shop.hub), k1.address, TEA, 2)
        assert by_operator.grant(connection, present(shop.hub), k1.address, TEA, 1) == 1
    shop.check()


def shared(hub: Hub) -> tuple[Shop, Till, Till]:
    """Return a shop that shares by policy, and its tills with seven each."""
    shop = Shop(hub, plan_ours)
    k1, k2 = shop.till("market/k1"), shop.till("market/k2")
    k1.receive(14)
    shop.settle_down(3)
    assert (k1.account().available, k2.account().available) == (7, 7)
    return shop, k1, k2


def recall(shop: Shop, till: Till, amount: int) -> None:
    with shop.hub.store.write() as connection:
        by_operator.recall(connection, present(shop.hub), till.address, TEA, amount, recall_id=f"c{amount}")


def kept(shop: Shop) -> dict[PoolKey, int]:
    with shop.hub.store.read() as connection:
        return {key: one.amount for key, one in by_hand.every(connection, instant_text(shop.hub.clock.now())).items()}


def test_what_was_recalled_by_hand_is_there_for_the_grant(hub: Hub) -> None:
    shop, k1, k2 = shared(hub)
    recall(shop, k1, 6)
    shop.settle_down(3)
    assert (k1.account().available, k2.account().available, shop.pool().free) == (1, 7, 6)
    with hub.store.write() as connection:
        by_operator.grant(connection, present(hub), k2.address, TEA, 4)
    shop.settle_down(3)
    assert (k1.account().available, k2.account().available, shop.pool().free) == (1, 11, 2), "and it stays there"
    assert kept(shop) == {KEY: 2}
    with hub.store.write() as connection:
        by_operator.grant(connection, present(hub), k2.address, TEA, 2)
    assert kept(shop) == {KEY: 0}
    shop.check()


def test_what_was_recalled_and_not_granted_is_shared_again_after_a_while(hub: Hub) -> None:
    shop, k1, k2 = shared(hub)
    recall(shop, k1, 6)
    shop.settle_down(2)
    assert (shop.pool().free, kept(shop)) == (6, {KEY: 6})
    hub.clock.advance(by_operator.BY_HAND.total_seconds())
    shop.settle_down(3)
    assert (k1.account().available, k2.account().available, shop.pool().free, kept(shop)) == (7, 7, 0, {})
    shop.check()


def test_what_two_tills_are_asked_for_by_hand_is_kept_together(hub: Hub) -> None:
    shop, k1, k2 = shared(hub)
    recall(shop, k1, 2)
    recall(shop, k2, 3)
    assert kept(shop) == {KEY: 5}
    shop.settle_down(2)
    assert shop.pool().free == 5


def test_what_was_granted_by_hand_is_not_evened_out_at_once(hub: Hub) -> None:
    shop, k1, k2 = shared(hub)
    recall(shop, k1, 6)
    shop.settle_down(2)
    with hub.store.write() as connection:
        by_operator.grant(connection, present(hub), k2.address, TEA, 6)
    shop.settle_down(3)
    assert (k1.account().available, k2.account().available) == (1, 13)
    k1.want(4)
    shop.settle_down(2)
    assert k1.account().granted >= 4, "but for a shopper who stands there"
    shop.check()


def test_goods_that_nobody_has_are_named(hub: Hub) -> None:
    shop, k1, _ = shared(hub)
    typo = StockKey(Sku("typo"))
    with hub.store.write() as connection:
        with pytest.raises(by_operator.NotDone, match=r"demo/market/k1 never had any typo \(sellable, pc\)"):
            by_operator.recall(connection, present(hub), k1.address, typo, 3, recall_id="c1")
        with pytest.raises(by_operator.NotDone, match="market never had any typo"):
            by_operator.grant(connection, present(hub), k1.address, typo, 3)
    assert kept(shop) == {}
