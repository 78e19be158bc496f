"""Goods are reserved whole or not at all, whatever was looked at before."""

import pytest
from hub_books import Hub
from msgspec import structs
from shoppers import MARKET, all_pools, pool, reservation, set_free
from sqlalchemy import update
from stock_rows import add_kiosk

from contract.stock import StockKey
from contract.values import Sku
from hub.promises.reserving import adopt, reserve
from hub.store import holdings, offers, pools, recalls
from hub.store.chores import Site
from hub.store.pools import PoolDelta, PoolKey
from hub.store.recalls import Recall
from hub.store.reservations import Reservation
from hub.store.tables import kiosks

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


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_comes_back_as_a_flag_and_not_as_a_number(hub: Hub, flag: bool) -> None:  # noqa: FBT001 - it is one
    set_free(hub, "market", 5)
    one = structs.replace(wanted("r-1", tea=2), paid=flag, elsewhere=flag)
    assert take(hub, one)
    known = reservation(hub, "r-1")
    assert known is not None
    assert (known.paid is flag, known.elsewhere is flag) == (True, True)
    with hub.store.write() as connection:
        kiosk_id = add_kiosk(connection, "market")
        connection.execute(update(kiosks).values(online=flag))
        (post,) = holdings.lock_site(connection, Site("demo", "market"))
        assert post.online is flag
        recalls.add(connection, Recall("c-1", kiosk_id, 1, StockKey(Sku("tea")), 1, flag, NOW))
        (recall,) = recalls.recent(connection, [kiosk_id], [StockKey(Sku("tea"))], moment=NOW)
        assert recall.urgent is flag
