"""A till whose card was put back to before it gave rights away: the hub books what it cannot tell, and says so."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_books import Hub
from sqlalchemy import event, select
from steward_twins import TEA, Shop, Till, present

from contract import stock
from contract.facts import StockLine
from contract.rights import RightsAccepted, RightsMoved
from contract.values import Epoch, KioskId, Quantity
from hub.core.unsaid import WAIT, Unsaid, decide_presumed, said_after_all
from hub.steward.by_operator import close_kiosk
from hub.store import unsaid
from hub.store.rights_tables import lives, passages
from hub.store.tables import exceptions, kiosks

LONG_S = WAIT.total_seconds() + 20


@pytest.fixture
def shop(hub: Hub) -> Shop:
    return Shop(hub)


def give(giver: Till, taker: Till, amount: int = 6, name: str = "m-1") -> None:
    """Let rights move over the LAN; neither half is sent to the hub yet."""
    at, lines = giver.hub.clock.now(), [StockLine(TEA.sku, Quantity(amount))]
    giver.accounts[TEA] = stock.move_out(giver.account(), amount)
    giver.record(RightsMoved(name, KioskId(taker.address.kiosk), Epoch(taker.epoch), lines, at))
    taker.accounts[TEA] = stock.move_in(taker.account(), amount)
    taker.record(RightsAccepted(name, KioskId(giver.address.kiosk), Epoch(giver.epoch), lines, at))


def moves(shop: Shop) -> list[Any]:
    with shop.hub.store.read() as connection:
        return list(connection.execute(select(passages.c.out, passages.c.into, passages.c.ended)))


def troubles(shop: Shop, *, resolved: bool = False) -> list[Any]:
    with shop.hub.store.read() as connection:
        where = (exceptions.c.kind == "giver_put_back", exceptions.c.resolved_at.is_not(None) == resolved)
        return list(connection.execute(select(exceptions.c.subject, exceptions.c.detail).where(*where)))


def is_forked(shop: Shop, till: Till) -> list[bool]:
    with shop.hub.store.read() as connection:
        its = (kiosks.c.kiosk == till.address.kiosk, lives.c.epoch == till.epoch)
        rows = connection.execute(select(lives.c.forked_at).join(kiosks, kiosks.c.id == lives.c.kiosk_id).where(*its))
        return [one is not None for (one,) in rows]


def put_back(shop: Shop) -> tuple[Till, Till, Till]:
    """Return k1, which took six, k2 as its card was before it gave them, and k2 as it was."""
    taker, giver = shop.till("market/k1"), shop.till("market/k2")
    giver.receive(6)
    taker.receive(6)
    for till in shop.tills:
        till.flush()
    shop.settle_down(1)
    shop.tills.clear()
    hub, giver.hub = giver.hub, None  # type: ignore[assignment]  # the hub is not copied
    card = deepcopy(giver)
    giver.hub = card.hub = hub
    give(giver, taker)
    shop.tills += [taker, card]
    return taker, card, giver


def test_what_a_card_put_back_cannot_tell_is_booked_its_life_ends_and_a_person_is_told(shop: Shop) -> None:
    taker, card, _ = put_back(shop)
    shop.settle_down(2)
    assert (moves(shop), card.closed) == ([(0, 6, 0)], False)
    assert card.account().available == taker.account().available - 6 == 6, "eighteen are promised of twelve"
    shop.work(LONG_S)
    assert moves(shop) == [(0, 6, 0)], "the giver was not heard since"
    shop.settle_down(2)
    assert moves(shop) == [(6, 6, -6)]
    assert (card.closed, is_forked(shop, card), is_forked(shop, taker)) == (True, [True], [False])
    pool = shop.pool()
    assert (pool.limbo, pool.unsettled, pool.deficit, pool.free) == (0, 0, 0, 0)
    ((subject, detail),) = troubles(shop)
    assert subject == "demo/market/k2 m-1"
    assert json.loads(detail)["goods"] == {"tea sellable pc": 6}
    assert "put back" in json.loads(detail)["what"]
    shop.settle_down(40)
    assert moves(shop) == [(6, 6, -6)], "once"
    assert len(troubles(shop)) == 1
    shop.check()


def test_what_it_promised_meanwhile_is_owed_and_no_secret(shop: Shop) -> None:
    taker, card, _ = put_back(shop)
    taker.spend(12)
    card.spend(6)
    shop.settle_down(3)
    assert (shop.pool().unsettled, shop.pool().deficit) == (0, 0), "six too many were sold, and nobody knows"
    shop.work(LONG_S)
    shop.settle_down(4)
    assert (shop.pool().unsettled, shop.pool().deficit) == (0, 6)
    shop.check()


def test_a_life_that_ended_by_itself_left_what_it_gave_in_limbo_and_that_pays(shop: Shop) -> None:
    put_back(shop)
    newer = shop.till("market/k2", epoch=2)
    newer.receive(1)
    shop.settle_down(2)
    shop.give(free=4)
    assert shop.pool().limbo == 6
    shop.work(LONG_S)
    shop.settle_down(2)
    assert (shop.pool().limbo, shop.pool().unsettled, moves(shop)) == (0, 0, [(6, 6, -6)])
    assert shop.pool().free == 4, "limbo pays first: those rights are the very ones"
    assert not newer.closed
    assert is_forked(shop, newer) == [False]
    shop.check()


def test_a_giver_that_still_has_something_to_send_is_waited_for(shop: Shop) -> None:
    taker, _, giver = put_back(shop)
    shop.tills[:] = [taker, giver]
    taker.flush()
    giver.sent = len(giver.raws)  # its batches are held up, its state comes through
    for _ in range(3):
        shop.work(LONG_S)
        giver.flush()
    shop.work(LONG_S)
    assert moves(shop) == [(0, 6, 0)]
    giver.sent = 0
    shop.settle_down(2)
    assert (moves(shop), troubles(shop), giver.closed) == ([(6, 6, 0)], [], False)
    shop.check()


@pytest.mark.parametrize("life_went_on", [True, False])
def test_a_half_that_comes_after_all_counts_nothing_twice(shop: Shop, *, life_went_on: bool) -> None:
    *_, giver = put_back(shop)
    shop.settle_down(2)
    if not life_went_on:
        newer = shop.till("market/k2", epoch=2)
        newer.receive(1)
        newer.flush()
    shop.work(LONG_S)
    shop.settle_down(2)
    assert moves(shop) == [(6, 6, -6)]
    shop.hub.take(giver.message(len(giver.raws)))  # the tail was salvaged: in its place, or as a fork
    shop.check()
    shop.settle_down(3)
    assert moves(shop) == [(6, 6, 0)]
    pool = shop.pool()
    assert (pool.unsettled, pool.deficit, pool.free + pool.limbo) == (0, 0, 0)
    assert (troubles(shop), len(troubles(shop, resolved=True))) == ([], 1)
    shop.check()


def test_a_look_at_them_does_not_read_every_move_that_ever_was(hub: Hub) -> None:
    with hub.store.read() as connection:
        if connection.dialect.name != "sqlite":
            return  # an empty table is read whole there
        asked: list[tuple[str, Any]] = []
        event.listen(connection, "before_cursor_execute", lambda *of: asked.append((of[2], of[3])))
        unsaid.find(connection, hub.clock.now())
        sql, values = next(one for one in asked if "FROM passages" in one[0])
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("ix_passages_unsaid" in step for step in plan), plan


def test_what_of_the_giver_cannot_be_read_may_be_the_half(shop: Shop) -> None:
    _, card, _ = put_back(shop)
    card.raws.append(card.raws[-1].replace(b"stock.received.v1", b"stock.received.v9"))
    shop.settle_down(2)
    shop.work(LONG_S)
    shop.settle_down(2)
    assert moves(shop) == [(0, 6, 0)]


def test_a_card_that_died_with_it_is_not_waited_for_once_its_life_is_over(shop: Shop) -> None:
    taker, _, giver = put_back(shop)
    shop.tills[:] = [taker]
    giver.sent = len(giver.raws)
    giver.flush()  # it said how far it was, and died before its batch was heard
    shop.settle_down(2)
    shop.work(LONG_S)
    assert moves(shop) == [(0, 6, 0)]
    with shop.hub.store.write() as connection:
        close_kiosk(connection, present(shop.hub), giver.address, "drowned")
    shop.work()
    assert shop.pool().limbo == 6, "which k1 has"
    shop.work(LONG_S)
    assert (shop.pool().limbo, shop.pool().unsettled, moves(shop)) == (0, 0, [(6, 6, -6)])
    shop.hub.take(giver.message(len(giver.raws)))  # its card was salvaged
    shop.settle_down(3)
    assert (shop.pool().unsettled, shop.pool().deficit, moves(shop)) == (0, 0, [(6, 6, 0)])
    shop.check()


AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("late", "backlog", "unread", "out", "presumed"),
    [
        (WAIT, 0, 0, 0, 6),
        (WAIT - timedelta(microseconds=1), 0, 0, 0, 0),
        (WAIT, 1, 0, 0, 0),
        (WAIT, -1, 0, 0, 6),  # it says less than it sent: a card that was put back does
        (WAIT, 0, 1, 0, 0),
        (WAIT, 0, 0, 4, 2),
        (WAIT, 0, 0, 6, 0),
        (WAIT, 0, 0, 7, 0),
    ],
)
def test_a_half_is_presumed_when_its_giver_had_time_and_has_nothing_to_tell(
    late: timedelta, backlog: int, unread: int, out: int, presumed: int
) -> None:
    assert decide_presumed(Unsaid(out, 6, AT, AT + late, backlog, unread)) == presumed
    of_one_over = decide_presumed(Unsaid(out, 6, AT, AT + late, backlog, unread, over=True))
    assert of_one_over == (0 if late < WAIT else max(0, 6 - out))


@pytest.mark.parametrize(
    ("out", "into", "presumed", "back"), [(6, 6, 6, 0), (12, 6, 6, 6), (8, 6, 6, 2), (20, 6, 6, 6), (5, 6, 5, 0)]
)
def test_what_its_giver_tells_of_after_all_is_given_back_once(out: int, into: int, presumed: int, back: int) -> None:
    assert said_after_all(out=out, into=into, presumed=presumed) == back
