"""A till that keeps its cover is not asked again and again to share it: what nobody needs is asked for once an hour."""

from typing import Any

import pytest
from hub_books import Hub
from sqlalchemy import select
from steward_twins import TEA, Shop, Till

from contract.rights import Urgency
from contract.stock import StockKey
from hub.core.redistribute import Plan, Pool, Recall
from hub.store.rights_tables import recalls

MINUTE_S = 60.0


class Keeper(Till):
    """A till whose own demand says that it needs all that it has."""

    def release(self, amount: int, key: StockKey = TEA, recall: str | None = None) -> None:
        super().release(0, key, recall)


def ask_who_has_most(pool: Pool, *, urgent: bool) -> Plan:
    return Plan(recalls=(Recall(max(pool.holders, key=lambda one: one.available).name, 1, urgent=urgent),))


@pytest.mark.parametrize(("urgent", "most", "least"), [(True, 60, 10), (False, 2, 2)])
def test_what_is_kept_is_asked_for_once_an_hour_unless_somebody_needs_it(
    hub: Hub, most: int, least: int, *, urgent: bool
) -> None:
    shop = Shop(hub, lambda pool: ask_who_has_most(pool, urgent=urgent))
    k1, k2 = Keeper(hub, "market/k1"), shop.till("market/k2")
    shop.tills.append(k1)
    k1.receive(5)
    k2.want(3, why=Urgency.LOW)  # and nothing is free: the steward looks at it again and again
    for _ in range(66):
        shop.round_trip(MINUTE_S)
    assert least <= len(rows(shop)) <= most
    assert {row.given for row in rows(shop) if row.answered_at} == {0}
    assert k1.account().available == 5


def rows(shop: Shop) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(recalls).order_by(recalls.c.at)))
