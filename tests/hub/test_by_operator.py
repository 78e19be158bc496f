"""What an operator asks for by hand is done only where it keeps the books true, and says why not."""

import pytest
from hub_books import Hub
from steward_twins import TEA, Shop, present, still

from hub.steward import by_operator


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
