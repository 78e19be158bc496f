"""Goods are reserved whole or not at all, whatever was looked at before."""

from hub_books import Hub
from shoppers import MARKET, all_pools, pool, reservation, set_free

from contract.stock import StockKey
from contract.values import Sku
from hub.promises.reserving import adopt, reserve
from hub.store import offers, pools
from hub.store.pools import PoolDelta, PoolKey
from hub.store.reservations import Reservation

NOW = "2026-03-07T09:30:00.000000Z"


def wanted(name: str, **goods: int) -> Reservation:
    keys = {StockKey(Sku(sku)): amount for sku, amount in goods.items()}
    return Reservation(name, "demo", "market", "reserved", "order", False, "C", NOW, NOW, keys)  # noqa: FBT003


def take(hub: Hub, one: Reservation) -> bool:
    with hub.store.write() as connection:
        return reserve(connection, one, NOW)


def test_what_is_short_of_one_thing_takes_nothing(hub: Hub) -> None:
    set_free(hub, "market", 5, "cup")
    set_free(hub, "market", 1, "tea")
    before = all_pools(hub)
    assert not take(hub, wanted("r-1", cup=5, tea=2))
    assert not take(hub, wanted("r-1", cup=5, unheard=1))
    assert all_pools(hub) == before
    assert reservation(hub, "r-1") is None
    assert take(hub, wanted("r-1", cup=5, tea=1))
    assert (pool(hub, MARKET, "cup"), pool(hub, MARKET)) == ({"reserved": 5}, {"reserved": 1})


def test_goods_that_left_by_the_door_already_are_not_promised(hub: Hub) -> None:
    set_free(hub, "market", 5)
    with hub.store.write() as connection:
        pools.add(connection, {PoolKey("demo", "market", StockKey(Sku("tea"))): PoolDelta(unsettled=1, deficit=1)})
    before = all_pools(hub)
    assert not take(hub, wanted("r-1", tea=4))
    assert all_pools(hub) == before
    with hub.store.write() as connection:
        assert offers.free(connection, "demo", [StockKey(Sku("tea"))]) == {"market": {StockKey(Sku("tea")): 3}}
    assert take(hub, wanted("r-1", tea=3))


def test_an_id_that_is_known_takes_nothing(hub: Hub) -> None:
    set_free(hub, "market", 5)
    assert take(hub, wanted("r-1", tea=2))
    assert not take(hub, wanted("r-1", tea=1))
    assert pool(hub, MARKET) == {"free": 3, "reserved": 2}


def test_what_an_earlier_hub_promised_is_kept_and_what_is_missing_is_owed(hub: Hub) -> None:
    set_free(hub, "market", 3)
    with hub.store.write() as connection:
        adopt(connection, wanted("r-1", tea=5, cup=1), NOW)
    assert pool(hub, MARKET) == {"reserved": 5, "deficit": 2}
    assert pool(hub, MARKET, "cup") == {"reserved": 1, "deficit": 1}
