"""A program wants what tills of the site hold: refused at once, asked back, and held a moment later."""

from typing import Any

import httpx
import pytest
from hub_books import Hub
from hub_calls import Api
from shoppers import answers, asks
from sqlalchemy import select
from steward_twins import TEA, Shop, Till

from contract.asking import MEMORY_S
from contract.rights import Answer
from hub.core.demand import TRY_AGAIN_S, WAITED
from hub.core.redistribute import plan_ours
from hub.promises.reserving import Present
from hub.steward.online import read_online
from hub.store import demands as demand_rows
from hub.store.chores import Site
from hub.store.demand_tables import demands
from hub.store.rights_tables import recalls

MARKET = Site("demo", "market")


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub, plan_ours)


@pytest.fixture
def api(hub: Hub) -> Api:
    return Api(hub)


def rows(shop: Shop, table: Any) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(table)))


def stocked(shop: Shop, amount: int, name: str = "market/k1") -> Till:
    till = shop.till(name)
    till.receive(amount)
    till.flush()
    shop.work()
    return till


def is_asked_back(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and "retry_after_s" in answer.json()


@pytest.mark.parametrize("key", ["k-1", "k-2"])
def test_what_a_till_holds_is_refused_asked_back_and_held_a_moment_later(shop: Shop, api: Api, key: str) -> None:
    till = stocked(shop, 10)
    refused = api.hold(3, key="k-1")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_free")
    assert (refused.json()["retry_after_s"], refused.headers["retry-after"]) == (TRY_AGAIN_S, str(TRY_AGAIN_S))
    assert "asked back, try again in 3 s" in refused.json()["detail"]
    assert shop.pool().reserved == 0
    shop.round_trip()
    assert [(row.asked, row.urgent) for row in rows(shop, recalls)] == [(3, True)]
    assert api.hold(3, key=key).status_code == 201
    assert (shop.pool().reserved, till.account().available) == (3, 7)
    assert rows(shop, demands) == []
    shop.settle_down(3)
    shop.check()


def test_a_request_that_is_repeated_has_no_more_asked_back_than_it_asks(shop: Shop, api: Api) -> None:
    stocked(shop, 10)
    for _ in range(3):
        assert is_asked_back(api.hold(3))
    shop.work()
    assert is_asked_back(api.hold(3))
    for _ in range(4):
        shop.round_trip(WAITED.total_seconds() / 5)
    assert [row.asked for row in rows(shop, recalls) if row.urgent] == [3]
    assert api.hold(3).status_code == 201


def test_two_shoppers_have_asked_back_what_both_want(shop: Shop, api: Api) -> None:
    stocked(shop, 10)
    assert is_asked_back(api.hold(3, key="ada"))
    assert is_asked_back(api.hold(4, key="bert"))
    shop.round_trip()
    assert sum(row.asked for row in rows(shop, recalls)) == 7
    assert [api.hold(3, key="ada").status_code, api.hold(4, key="bert").status_code] == [201, 201]
    shop.check()


def test_what_nobody_has_is_refused_for_good_and_no_till_is_asked(shop: Shop, api: Api) -> None:
    stocked(shop, 2)
    refused = api.hold(3)
    assert (refused.status_code, refused.json().get("retry_after_s")) == (409, None)
    assert "retry-after" not in refused.headers
    shop.work()
    assert rows(shop, recalls) == []
    stocked(shop, 5, "market/k2")
    assert api.hold(3).json() == refused.json()
    assert rows(shop, demands) == []


def test_what_another_site_holds_is_not_asked_back_for_this_one(shop: Shop, api: Api) -> None:
    stocked(shop, 10, "harbour/k1")
    assert not is_asked_back(api.hold(3))
    assert rows(shop, demands) == []


def test_a_till_that_is_not_heard_is_not_asked(shop: Shop, api: Api) -> None:
    stocked(shop, 10).leave()
    assert not is_asked_back(api.hold(3))


def test_what_a_promise_waits_for_is_not_asked_back_for_a_program(shop: Shop, api: Api) -> None:
    till = stocked(shop, 5)
    harbour = shop.till("harbour/k1")
    harbour.record(asks(site="market", tea=3))
    harbour.flush()
    assert not is_asked_back(api.hold(3, key="late"))
    assert is_asked_back(api.hold(2, key="small"))
    shop.round_trip()
    assert [(one.answer, one.site) for one in answers(shop.hub, harbour.address)] == [(Answer.CONFIRMED, "market")]
    assert till.account().promisable == 0
    assert api.hold(2, key="small").status_code == 201


def test_who_never_tries_again_ties_goods_up_for_a_while_only(shop: Shop, api: Api) -> None:
    till = stocked(shop, 10)
    assert is_asked_back(api.hold(6))
    shop.round_trip()
    till.want(9)
    shop.round_trip()
    assert (shop.pool().free, till.account().available) == (6, 4)
    for _ in range(4):
        shop.round_trip(WAITED.total_seconds() / 3)
    assert (shop.pool().free, till.account().available) == (1, 9)
    shop.check()


def test_who_went_counts_as_demand_for_two_hours(shop: Shop, api: Api, hub: Hub) -> None:
    stocked(shop, 10)
    assert is_asked_back(api.hold(6))

    def asked(seconds: float) -> tuple[int, int]:
        hub.clock.advance(seconds)
        at = hub.clock.now()
        with hub.store.read() as connection:
            found = read_online(connection, MARKET, [TEA], Present(at.isoformat(), at, 1))
        return found.asked[TEA], found.demanded.get(TEA, 0)

    assert [asked(1), asked(WAITED.total_seconds()), asked(MEMORY_S)] == [(6, 6), (6, 0), (0, 0)]


def test_a_site_has_room_for_so_many_and_lets_the_old_go(
    shop: Shop, api: Api, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demand_rows, "MAX_ROWS", 2)
    stocked(shop, 10)
    assert [is_asked_back(api.hold(1, key=key)) for key in ("a", "b", "c", "a")] == [True, True, False, True]
    hub.clock.advance(MEMORY_S + 1)
    shop.tills[0].flush()
    assert is_asked_back(api.hold(1, key="d"))
    assert [row.key for row in rows(shop, demands)] == ["d"]
