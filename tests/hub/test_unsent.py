"""Goods that arrive under an id that nobody sent: a person is told, but not while a till may still tell of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_books import AT, Hub, status
from sqlalchemy import select
from steward_twins import Shop, Till

from contract.facts import StockLine
from contract.goods import GoneLine, TransferReceived, TransferSent
from contract.values import Quantity, SiteId, Sku
from hub.core.unsent import LONGEST, WAIT, Sender, decide_unsent
from hub.store import transfers
from hub.store.tables import exceptions
from hub.store.transfers import UNSENT

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
HEARD = NOON + WAIT
LONG_S = WAIT.total_seconds() + 20


@pytest.mark.parametrize(
    ("after", "senders", "told"),
    [
        (WAIT, [], True),
        (WAIT - timedelta(seconds=1), [], False),
        (WAIT, [Sender(HEARD)], True),
        (WAIT, [Sender(HEARD), Sender(HEARD - timedelta(seconds=1))], False),
        (WAIT, [Sender(HEARD, backlog=1)], False),
        (LONGEST - timedelta(seconds=1), [Sender(NOON)], False),
        (LONGEST, [Sender(NOON, backlog=9)], True),
    ],
)
def test_a_person_is_told_once_nobody_can_tell_of_it_any_more(
    after: timedelta,
    senders: list[Sender],
    told: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert decide_unsent(NOON, NOON + after, senders) == told


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub)


def arrive(till: Till, name: str = "abc", origin: str = "harbour") -> None:
    till.record(TransferReceived(name, SiteId(origin), [StockLine(Sku("tea"), Quantity(2))], AT))
    till.flush()


def cases(shop: Shop) -> list[Any]:
    with shop.hub.store.read() as connection:
        found = select(exceptions.c.subject, exceptions.c.resolved_at.is_(None)).where(exceptions.c.kind == UNSENT)
        return [tuple(row) for row in connection.execute(found.order_by(exceptions.c.id))]


def test_goods_from_a_site_that_nobody_knows_are_told_of_once(shop: Shop) -> None:
    arrive(shop.till("market/k1"))
    shop.work(60)
    assert cases(shop) == []
    shop.work(LONG_S)
    shop.work(LONG_S)
    assert cases(shop) == [("demo abc", True)]
    with shop.hub.store.write() as connection:
        assert len(transfers.close(connection, "abc", "2026-03-07T10:30:00.000000Z", limit=10)) == 1
    shop.work(LONG_S)
    assert cases(shop) == [("demo abc", False)]  # closed, and not told of again


def test_a_till_that_is_out_of_touch_may_have_sent_it_and_its_word_ends_it(shop: Shop) -> None:
    sender, taker = shop.till("harbour/k1"), shop.till("market/k1")
    sender.receive(5)
    sender.flush()
    arrive(taker)
    shop.work(LONG_S)
    assert cases(shop) == []  # it was not heard since
    shop.hub.take(status(sender.address))
    shop.work()
    shop.work(20)
    assert cases(shop) == [("demo abc", True)]
    sender.record(TransferSent("abc", SiteId("market"), [GoneLine(Sku("tea"), Quantity(2))], AT))
    sender.flush()
    assert cases(shop) == [("demo abc", False)]


def test_what_was_sent_calls_nobody_however_long_the_rest_is_on_its_way(shop: Shop) -> None:
    sender, taker = shop.till("harbour/k1"), shop.till("market/k1")
    sender.receive(5)
    sender.record(TransferSent("abc", SiteId("market"), [GoneLine(Sku("tea"), Quantity(3))], AT))
    sender.flush()
    arrive(taker)
    shop.work(LONGEST.total_seconds() + 20)
    assert cases(shop) == []
