"""Days of promises by chance: each is answered in time, once, and no unit stands behind two of them."""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hub_books import AT, Hub
from shoppers import asks
from sqlalchemy import select
from steward_twins import Shop, Till

from contract.down_rights import PromiseResolved
from contract.rights import Answer, PromiseTold
from hub.core.redistribute import plan_ours
from hub.promises.promising import WINDOW
from hub.store.rights_tables import promises, reservation_lines, reservations, waits
from hub.store.tables import exceptions

PLACES = ["market/k1", "market/k2", "harbour/k1", "pier/k1"]
TURNS = 40  # some minutes of a shop: enough for a promise to wait, to be broken and to be placed anew
OPEN = ("reserved", "placed", "held")


class Day:
    """Tills that sell, receive, ask and are away by chance; what they were told is kept as they heard it."""

    def __init__(self, hub: Hub, seed: int) -> None:
        self.shop = Shop(hub, plan_ours, seed)
        self.rng = random.Random(seed)  # noqa: S311
        self.tills = [self.shop.till(name) for name in PLACES]
        self.away: set[str] = set()
        self.heard: dict[str, list[PromiseResolved]] = {}
        self.asked = 0
        for till in self.tills:
            till.receive(self.rng.randint(1, 6))

    def turn(self) -> None:
        till = self.rng.choice(self.tills)
        act = self.rng.choice(["sell", "sell", "take", "receive", "ask", "ask", "away", "back"])
        if act == "sell":
            till.sell_by_right(self.rng.randint(1, 2))
        elif act == "take":
            till.spend(self.rng.randint(1, 3))  # goods in hand, by right or not
        elif act == "receive":
            till.receive(self.rng.randint(1, 3))
        elif act == "ask":
            self.asked += 1
            site = self.rng.choice([None, "market", "harbour"])
            till.record(asks(f"p-{self.asked:03}", site=site, tea=self.rng.randint(1, 3), paid=100))
        else:
            self.away ^= {str(till.address)}
            till.leave()
        self.talk()
        self.shop.work(self.rng.choice([0.2, 1.0, 7.0]))

    def talk(self) -> None:
        for till in self.tills:
            if str(till.address) not in self.away:
                till.flush()
                self.hear(till)
                till.flush()

    def hear(self, till: Till) -> None:
        for fact in till.hear():
            if isinstance(fact, PromiseResolved):
                self.heard.setdefault(fact.promise, []).append(fact)
                till.record(PromiseTold(fact.promise, fact.answer, AT, fact.lines, fact.site, fact.code))

    def rows(self, table: Any) -> list[Any]:
        with self.shop.hub.store.read() as connection:
            return list(connection.execute(select(table)))

    def check(self) -> None:
        now = self.shop.hub.clock.now()
        late = [
            row.id for row in self.rows(promises) if row.state == "pending" and _age_s(row.at, now) > 8.0 + WINDOW_S
        ]
        assert late == []
        left, right = self.shop.sides()
        for site in ("harbour", "pier"):
            pool = self.shop.pool(site=site)
            left += pool.free + pool.reserved + pool.limbo
            right += pool.adjusted + pool.unsettled + pool.deficit
        assert left == right
        self.check_waits()

    def check_waits(self) -> None:
        """Check that what is reserved is in the pools or at tills, and that nobody waits who was answered."""
        known = {row.id: row for row in self.rows(promises)}
        booked = {row.id: row for row in self.rows(reservations)}
        for wait in self.rows(waits):
            if wait.why == "broken":
                assert booked[wait.id].answered_at is None
            else:
                assert known[wait.id].state == ("pending" if wait.why == "promise" else "later")
        amounts = {row.reservation: row.amount for row in self.rows(reservation_lines)}
        in_pools = Counter({row.site: 0 for row in booked.values()})
        for row in booked.values():
            in_pools[row.site] += amounts[row.id] if row.state == "reserved" else 0
        for site, amount in in_pools.items():
            assert self.shop.pool(site=site).reserved == amount
        roots = Counter(row.origin or row.id for row in booked.values() if row.state in OPEN)
        assert not [name for name, count in roots.items() if count > 1]

    def check_told(self) -> None:
        """Check that each was told one answer, and another only after a break that is written down."""
        known = {row.id: row for row in self.rows(promises)}
        for name, said in self.heard.items():
            earlier = json.loads(known[name].earlier or "[]")
            assert len(said) == len(earlier) + 1
            assert [one["answer"] for one in earlier] == [one.answer for one in said[:-1]]
            assert all(one.answer is not Answer.SORRY for one in said[:-1])
            assert all(one.message for one in said)
        assert sorted(self.heard) == [f"p-{n + 1:03}" for n in range(self.asked)]


WINDOW_S = WINDOW.total_seconds()


def _age_s(at: str, now: Any) -> float:
    return float((now - type(now).fromisoformat(at)).total_seconds())


@pytest.mark.parametrize("seed", range(3))
def test_a_day_by_chance_keeps_every_promise_or_says_that_it_did_not(hub: Hub, seed: int) -> None:
    day = Day(hub, seed)
    for _ in range(TURNS):
        day.turn()
        day.check()
    day.away.clear()
    for _ in range(12):
        day.talk()
        day.shop.work(40)
        day.check()
    day.talk()
    day.check_told()
    left = [row.subject for row in day.rows(exceptions) if row.kind == "reservation_broken" and not row.resolved_at]
    assert left == []
    assert not [row for row in day.rows(waits) if row.why != "later"]
