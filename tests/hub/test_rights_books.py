"""The hub's books of rights: mirrors, pools, lives, late facts; and that they always add up."""

import json

import pytest
from hub_books import AT, Hub, LaneTwin, books, counted, make_hub, sale, status
from rights_twin import NOW, TEA, RightsTwin, faults, grant_from_pool, line, mirror, pool
from sqlalchemy import insert, select, update

from contract.registry import Data
from contract.rights import OverdraftBooked, RightsReleased
from contract.stock import Account, StockKey, adjust
from contract.values import Lane, Sku, parse_address
from hub.store import accounts as mirrors
from hub.store import lives, pools
from hub.store.accounts import AccountKey
from hub.store.errors import ContentRefused
from hub.store.inbox import find_kiosk
from hub.store.pools import PoolDelta, PoolKey
from hub.store.rights_tables import accounts, chores, counts, grants, passages, recalls, wants
from hub.store.rights_tables import lives as lives_table
from hub.store.tables import exceptions

CLOSED = lives_table.c.closed_at.is_not(None)
KEY = PoolKey("demo", "market", TEA)
K2 = parse_address("demo/market/k2")
HARBOUR = parse_address("demo/harbour/h1")


@pytest.fixture
def till() -> RightsTwin:
    return RightsTwin()


def next_life(epoch: int = 2) -> RightsTwin:
    return RightsTwin(epoch=epoch)


def add_to_pool(hub: Hub, **terms: int) -> None:
    with hub.store.write() as connection:
        pools.add(connection, {KEY: PoolDelta(**terms)})


def rows(hub: Hub, table, *columns: str):
    with hub.store.read() as connection:
        return [tuple(row) for row in connection.execute(select(*(table.c[name] for name in columns)))]


def close(hub: Hub, twin: LaneTwin, why: str = "stolen") -> dict[PoolKey, PoolDelta]:
    with hub.store.write() as connection:
        kiosk = find_kiosk(connection, twin.address)
        assert kiosk is not None
        return lives.close(connection, kiosk, twin.epoch, why, NOW)


def may_grant(hub: Hub) -> bool:
    with hub.store.read() as connection:
        return lives.may_grant(connection, "demo", "market")


# ------------------------------------------------------------------------------------------------------------- mirrors


def test_a_mirror_is_the_account_as_the_kiosk_has_it(hub: Hub, till: RightsTwin) -> None:
    till.receive(20)
    till.sell(amount=3)
    till.waste(1)
    till.take_back(2)
    till.hold("r1", 4)
    till.hold("r2", 2)
    till.lapse("r1", 4)
    till.send("t1", 3)
    till.release(1)
    till.put(adjust(till.has(), -2))
    till.record(counted("tea", 10, 12))
    hub.take(till.message())
    assert mirror(hub, till) == till.accounts
    assert faults(hub) == []


def test_accounts_of_another_site_kiosk_and_life_are_others(hub: Hub) -> None:
    twins = [RightsTwin(), RightsTwin(address=K2), RightsTwin(address=HARBOUR), next_life()]
    for n, twin in enumerate(twins, 1):
        twin.receive(n)
        hub.take(twin.message())
    assert [mirror(hub, twin)[TEA].received for twin in twins] == [1, 2, 3, 4]
    assert faults(hub) == []


def test_overdraft_waits_to_be_settled_and_somebody_is_to_look(hub: Hub, till: RightsTwin) -> None:
    till.receive(2)
    till.sell(amount=5)
    till.record(OverdraftBooked([line(3)], "boss", AT))
    hub.take(till.message())
    assert pool(hub) == PoolDelta(unsettled=3)
    assert "settle" in {why for (why,) in rows(hub, chores, "why")}
    assert faults(hub) == []


def test_released_rights_are_free(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    till.release(3)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(free=3)
    assert "want" in {why for (why,) in rows(hub, chores, "why")}
    assert faults(hub) == []


def test_either_half_of_a_passage_may_come_first(hub: Hub, till: RightsTwin) -> None:
    other, far = RightsTwin(address=K2), RightsTwin(address=HARBOUR)
    till.receive(9)
    till.give("m1", other, 4)
    till.send("t1", 3)
    other.accept("m1", till, 4)
    far.arrive("t1", 2)
    hub.take(other.message(), far.message())
    assert faults(hub) == []
    assert {row[:3] for row in rows(hub, passages, "id", "out", "into")} == {("m1", 0, 4), ("t1", 0, 2)}
    hub.take(till.message())
    assert faults(hub) == []
    found = rows(hub, passages, "id", "kind", "giver", "receiver", "out", "into")
    assert set(found) == {("m1", "move", "k1", "k2", 4, 4), ("t1", "transfer", "market", "harbour", 3, 2)}


def test_a_wish_is_noted_once_whatever_is_repeated(hub: Hub, till: RightsTwin) -> None:
    till.ask("q1", 5)
    till.ask("q1", 7)
    hub.take(till.message())
    assert rows(hub, wants, "request", "amount") == [("q1", 5)]
    with hub.store.write() as connection:  # as the steward does, once it is met
        connection.execute(update(wants).values(amount=0))
    till.ask("q1", 5)
    hub.take(till.message())
    assert rows(hub, wants, "request", "amount") == [("q1", 0)]
    till.ask("q2", 2)
    hub.take(till.message())
    assert rows(hub, wants, "request", "amount") == [("q2", 2)]


def test_a_closed_life_wants_nothing(hub: Hub, till: RightsTwin) -> None:
    till.ask("q1", 5)
    hub.take(till.message(), next_life().raw_message(1, [b"x"]))
    assert rows(hub, wants, "request") == []
    till.ask("q2", 5)
    hub.take(till.message())
    assert rows(hub, wants, "request") == []


def test_a_recall_is_answered_by_whom_it_was_asked_of(hub: Hub, till: RightsTwin) -> None:
    other = RightsTwin(address=K2)
    other.release(0, "r1")
    till.receive(1)
    hub.take(till.message())
    with hub.store.write() as connection:
        kiosk = find_kiosk(connection, till.address)
        assert kiosk is not None
        row = {"id": "r1", "kiosk_id": kiosk.id, "epoch": 1, "sku": "tea", "condition": "sellable", "unit": "pc"}
        connection.execute(insert(recalls).values(**row, asked=3, urgent=True, at=NOW))
    hub.take(other.message())
    assert rows(hub, recalls, "answered_at") == [(None,)]
    till.release(0, "r1")
    hub.take(till.message())
    assert rows(hub, recalls, "answered_at") == [(NOW,)]


def test_a_count_is_noted_with_every_position_it_covers(hub: Hub, till: RightsTwin) -> None:
    till.receive(4)
    till.count(3)
    hub.take(till.message())
    (found,) = rows(hub, counts, "seq", "sku", "counted", "cut", "closed_at")
    assert (*found[:3], json.loads(found[3]), found[4]) == (2, "tea", 3, [["k1", 1, 1]], None)
    assert "count" in {why for (why,) in rows(hub, chores, "why")}


# ---------------------------------------------------------------------------------------------------------------- pools


def test_a_pool_gives_what_it_has_and_no_more(hub: Hub) -> None:
    add_to_pool(hub, free=3)
    with hub.store.write() as connection:
        assert not pools.take(connection, KEY, "free", 4)
        assert pools.take(connection, KEY, "free", 2, "reserved")
        assert not pools.take(connection, PoolKey("demo", "harbour", TEA), "free", 1)
    assert pool(hub) == PoolDelta(free=1, reserved=2)
    with hub.store.write() as connection:
        assert pools.take(connection, KEY, "reserved", 2)
    assert pool(hub) == PoolDelta(free=1)


@pytest.mark.parametrize("term", ["free", "reserved", "limbo", "deficit", "unsettled"])
def test_no_term_of_a_pool_falls_below_zero(hub: Hub, term: str) -> None:
    add_to_pool(hub, **{term: 1})
    with pytest.raises(ContentRefused):
        add_to_pool(hub, **{term: -2})
    add_to_pool(hub, **{term: -1}, adjusted=-7)
    assert pool(hub) == PoolDelta(adjusted=-7)


# --------------------------------------------------------------------------------------------------------------- grants


def test_what_was_granted_is_in_flight_until_it_was_seen(hub: Hub, till: RightsTwin) -> None:
    till.receive(10)
    till.release(10)
    till.report()
    hub.take(till.message())
    positions = [grant_from_pool(hub, till, amount) for amount in (3, 2)]
    till.hear_grant(*positions[0])
    till.sell(amount=3)
    hub.take(till.message())
    assert (mirror(hub, till)[TEA].granted, pool(hub).free) == (3, 5)
    assert {row[0] for row in rows(hub, grants, "total")} == {5}
    till.hear_grant(*positions[1])
    till.sell(amount=1)
    hub.take(till.message())
    assert mirror(hub, till) == till.accounts
    assert rows(hub, grants, "total") == []
    assert faults(hub) == []


def test_seen_means_nothing_before_the_generation_was_reported(hub: Hub, till: RightsTwin) -> None:
    till.receive(10)
    till.release(10)
    hub.take(till.message())
    position, total = grant_from_pool(hub, till, 4)
    till.seen = position + 50  # of another log
    till.sell()
    hub.take(till.message())
    assert mirror(hub, till)[TEA].granted == 0
    till.seen = 0
    till.report()
    till.hear_grant(position, total)
    till.receive(1)
    hub.take(till.message())
    assert mirror(hub, till)[TEA].granted == 4


@pytest.mark.parametrize(
    ("there", "left"),
    [
        ({"free": 9}, PoolDelta(free=3)),
        ({"free": 4, "limbo": 5}, PoolDelta(limbo=3)),
        ({"free": 1, "limbo": 2}, PoolDelta(deficit=3)),
    ],
)
def test_a_hub_that_forgot_what_it_granted_takes_it_from_what_it_has(
    hub: Hub, till: RightsTwin, there: dict[str, int], left: PoolDelta
) -> None:
    add_to_pool(hub, **there, adjusted=sum(there.values()))  # found by a count
    till.hear_grant(0, 6)
    till.sell(amount=2)
    till.report()
    hub.take(till.message())
    assert pool(hub)._replace(adjusted=0) == left
    assert mirror(hub, till) == till.accounts
    assert rows(hub, accounts, "issued") == [(6,)]
    assert ("deficit" in {kind for kind, _ in books(hub.store)["exceptions"]}) == bool(left.deficit)
    assert faults(hub) == []


def test_a_report_of_a_closed_life_is_in_limbo(hub: Hub, till: RightsTwin) -> None:
    add_to_pool(hub, free=2, adjusted=2)
    till.receive(1)
    hub.take(till.message())
    close(hub, till)
    till.hear_grant(0, 6)
    till.report()
    hub.take(till.message())
    assert pool(hub) == PoolDelta(limbo=6, deficit=3, adjusted=2)
    assert faults(hub) == []


def test_nothing_is_granted_at_a_site_that_has_not_reported_to_this_incarnation(hub: Hub, till: RightsTwin) -> None:
    other = RightsTwin(address=K2)
    for twin in (till, other):
        twin.receive(1)
        hub.take(twin.message())
    assert may_grant(hub)  # nobody was before the first incarnation
    with hub.store.write() as connection:
        connection.exec_driver_sql("UPDATE hub_life SET incarnation = 2")
    assert not may_grant(hub)
    for twin, generation, last in ((till, 2, True), (other, 1, True), (other, 2, False)):
        twin.report(generation, last=last)
        hub.take(twin.message())
        assert not may_grant(hub)
    close(hub, other)
    assert may_grant(hub)
    third = RightsTwin(address=parse_address("demo/market/k3"))
    third.receive(1)
    hub.take(third.message())
    assert not may_grant(hub)
    third.report(2)
    hub.take(third.message())
    assert may_grant(hub)


# ---------------------------------------------------------------------------------------------------------------- lives


def test_a_newer_life_closes_the_one_before_into_limbo(hub: Hub, till: RightsTwin) -> None:
    till.receive(10)
    till.release(4)
    till.hold("r1", 2)
    hub.take(till.message())
    grant_from_pool(hub, till, 3)  # never seen
    new = next_life()
    new.receive(1)
    hub.take(new.message())
    assert pool(hub) == PoolDelta(free=1, limbo=7, reserved=2)  # what was set aside stays promised
    assert {row[:2] for row in rows(hub, lives_table, "epoch", "closed_at")} == {(1, NOW), (2, None)}
    assert ("life_closed", "demo/market/k1 1") in books(hub.store)["exceptions"]
    assert faults(hub) == []


def test_what_comes_with_the_newer_life_is_booked_before_the_older_is_closed(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    till.sell(amount=7)
    new = next_life()
    new.receive(1)
    for careful in (False, True):
        hub.wipe()
        make_hub(hub.store, hub.life, careful=careful).take(till.message(), new.message())
        assert pool(hub) == PoolDelta(unsettled=2)
        assert faults(hub) == []


def test_a_status_of_a_newer_life_closes_the_one_before(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    hub.take(till.message())
    hub.take(status(till.address, newest={"till@2": 1}))
    assert pool(hub) == PoolDelta(limbo=5)
    hub.take(status(till.address, newest={"till@1": 1}))
    hub.take(status(till.address, newest={"till@999999999": 1}))  # beyond belief
    assert sorted(rows(hub, lives_table, "epoch")) == [(1,), (2,)]


def test_a_life_that_is_heard_of_late_was_closed_from_its_beginning(hub: Hub, till: RightsTwin) -> None:
    new = next_life()
    new.receive(2)
    hub.take(new.message())
    till.receive(5)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(limbo=5)
    till.sell(amount=6)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(unsettled=1)
    assert faults(hub) == []


def test_a_life_is_closed_once(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    hub.take(till.message())
    assert close(hub, till) == {KEY: PoolDelta(limbo=5)}
    assert close(hub, till) == {}
    assert pool(hub) == PoolDelta(limbo=5)


def test_what_cannot_be_read_of_a_closed_life_is_unsettled(hub: Hub, till: RightsTwin) -> None:
    till.raws.append(b"what came in")
    till.raws.append(till.encode(sale("k1-1-2", "tea", 3), 2, "0" * 64))
    hub.take(till.message())
    assert close(hub, till) == {KEY: PoolDelta(unsettled=3)}
    assert faults(hub) == []


# ---------------------------------------------------------------------------------------------------------------- late


def close_count(hub: Hub, difference: int) -> None:
    """Close a count as the steward does, with what it found over or short."""
    with hub.store.write() as connection:
        connection.execute(update(counts).values(closed_at=NOW, difference=difference))
        there = pools.lock(connection, [KEY])[KEY]
        free = max(0, difference) + there.limbo
        short = max(0, -difference)
        pools.add(connection, {KEY: PoolDelta(free, limbo=-there.limbo, unsettled=short, adjusted=difference)})


def test_late_sales_are_paid_from_limbo_then_the_count_since_then_unsettled(hub: Hub, till: RightsTwin) -> None:
    till.receive(10)
    hub.take(till.message())
    close(hub, till)
    till.sell(amount=2)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(limbo=8)
    new = next_life()
    new.count(5)
    hub.take(new.message())
    close_count(hub, -3)
    assert pool(hub) == PoolDelta(free=8, unsettled=3, adjusted=-3)
    assert faults(hub) == []
    for amount, left in ((2, PoolDelta(free=8, unsettled=3, adjusted=-1)), (3, PoolDelta(free=8, unsettled=5))):
        till.sell(amount=amount)
        hub.take(till.message())
        assert pool(hub) == left
        assert faults(hub) == []
    assert rows(hub, counts, "reversed") == [(3,)]


def test_goods_that_came_late_and_were_counted_since_are_minted_once(hub: Hub, till: RightsTwin) -> None:
    till.sell()
    hub.take(till.message())
    close(hub, till)
    new = next_life()
    new.count(4)
    hub.take(new.message())
    close_count(hub, 4)
    till.receive(6)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(free=4, limbo=2, unsettled=1)
    assert faults(hub) == []


def test_a_count_before_the_life_was_closed_has_seen_what_it_sold(hub: Hub, till: RightsTwin) -> None:
    till.receive(3)
    till.count(1)
    hub.take(till.message())
    close_count(hub, -2)
    with hub.store.write() as connection:
        connection.execute(update(counts).values(closed_at="2026-03-07T09:00:00.000000Z"))
    close(hub, till)
    till.sell(amount=4)
    hub.take(till.message())
    assert pool(hub) == PoolDelta(unsettled=3, adjusted=-2)
    assert faults(hub) == []


def test_a_late_release_and_a_late_move_take_from_limbo(hub: Hub, till: RightsTwin) -> None:
    other = RightsTwin(address=K2)
    till.receive(10)
    hub.take(till.message())
    close(hub, till)
    till.release(3)
    till.give("m1", other, 2)
    other.accept("m1", till, 2)
    hub.take(till.message(), other.message())
    assert pool(hub) == PoolDelta(free=3, limbo=5)
    assert faults(hub) == []


def fork_of(till: RightsTwin, *data: Data) -> LaneTwin:
    fork = LaneTwin(raws=till.raws[:1])
    fork.record(*data)
    return fork


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("careful", [False, True])
def test_sales_of_a_second_card_are_booked_once_as_late_ones(
    hub: Hub, till: RightsTwin, *, closed: bool, careful: bool
) -> None:
    till.receive(10)
    till.sell(amount=1)
    till.sell(amount=1)
    hub.take(till.message())
    if closed:
        close(hub, till)
    before = mirror(hub, till)
    fork = fork_of(till, sale("k1-1-2", "tea", 3, 100), RightsReleased([line(2)], AT))
    worker = make_hub(hub.store, hub.life, careful=careful)
    for _ in range(2):
        worker.take(fork.message())
    assert mirror(hub, till) == before
    assert mirror(hub, LaneTwin(epoch=0)) == {TEA: Account(sold=3)}
    assert pool(hub) == (PoolDelta(limbo=5) if closed else PoolDelta(unsettled=3))
    assert sum(row[4] for row in books(hub.store)["receipts"]) == 2 * 300 + 300
    assert faults(hub) == []


def test_a_fork_that_the_books_cannot_hold_is_kept_and_told(hub: Hub, till: RightsTwin) -> None:
    till.receive(1)
    till.sell()
    till.sell()
    hub.take(till.message())
    hub.take(fork_of(till, sale("k1-1-2", "tea", 5)).message())
    with hub.store.write() as connection:
        connection.execute(update(accounts).where(accounts.c.epoch == 0).values(sold=2**53 - 1))
        connection.execute(update(exceptions).values(resolved_at=NOW))
    fork = fork_of(till, sale("k1-1-7", "coffee"), sale("k1-1-8", "tea", 2))
    hub.take(fork.message())
    assert [row[2] for row in books(hub.store)["quarantine"]] == ["fork"] * 3
    told = [json.loads(detail) for kind, detail in rows(hub, exceptions, "kind", "detail") if kind == "fork"]
    assert [one["booked"] for one in told] == [1, 1]
    assert mirror(hub, LaneTwin(epoch=0))[StockKey(Sku("coffee"))] == Account(sold=1)


# --------------------------------------------------------------------------------------------------------- carefulness


def test_a_fact_that_is_refused_undoes_its_part_of_the_books_of_rights(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    till.release(1)
    hub.take(till.message())
    with hub.store.write() as connection:
        connection.execute(update(accounts).values(released=2**53 - 2))
    new = next_life()
    new.receive(3)
    till.release(1)
    till.release(1)  # one too many
    till.hold("r1", 1)
    hub.take(till.message(), new.message())
    assert [row[:3] for row in books(hub.store)["quarantine"]] == [("till", 4, "refused")]
    assert (pool(hub).free, pool(hub).reserved) == (1, 1)
    assert mirror(hub, till)[TEA].held == 1
    assert {row[0] for row in rows(hub, lives_table, "epoch")} == {1, 2}


def test_a_life_whose_first_fact_is_refused_is_heard_of_all_the_same(hub: Hub, till: RightsTwin) -> None:
    till.receive(5)
    hub.take(till.message())
    add_to_pool(hub, free=2**53 - 1, adjusted=2**53 - 1)
    new = next_life()
    new.record(RightsReleased([line(1)], AT))
    new.receive(1)
    hub.take(new.message())
    assert [row[:3] for row in books(hub.store)["quarantine"]] == [("till", 1, "refused")]
    assert set(rows(hub, lives_table, "epoch", "closed_at")) == {(1, NOW), (2, None)}
    assert pool(hub).limbo == 5


def test_what_a_life_leaves_pays_for_late_facts_of_the_same_transaction(hub: Hub, till: RightsTwin) -> None:
    second, third = next_life(2), next_life(3)
    second.receive(5)
    third.sell()
    till.receive(1)
    hub.take(till.message(), second.message())
    till.sell()
    till.sell(amount=3)
    hub.take(till.message(), third.message())
    assert pool(hub) == PoolDelta(limbo=2, unsettled=1)
    assert faults(hub) == []


def test_a_sum_granted_that_is_lower_is_old_news(hub: Hub, till: RightsTwin) -> None:
    till.receive(1)
    hub.take(till.message())
    with hub.store.write() as connection:
        kiosk = find_kiosk(connection, till.address)
        assert kiosk is not None
        for total in (5, 3):
            mirrors.raise_granted(connection, {AccountKey(kiosk.id, 1, TEA, "demo", "market"): total})
    assert mirror(hub, till)[TEA].granted == 5


def test_a_lane_beside_the_till_does_not_say_what_was_seen(hub: Hub, till: RightsTwin) -> None:
    till.receive(10)
    till.release(10)
    till.report()
    hub.take(till.message())
    position, _ = grant_from_pool(hub, till, 4)
    beside = RightsTwin(lane=Lane.SENSE, seen=position)
    beside.receive(1)
    hub.take(beside.message())
    assert mirror(hub, till)[TEA].granted == 0
