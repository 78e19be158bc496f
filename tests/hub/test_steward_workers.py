"""Many hubs on one store: tills sell by right only, and however ingests and stewards meet, no unit is sold twice."""

import random
import threading
from collections.abc import Callable

from hub_books import Hub, make_hub
from steward_twins import Shop, Till, new_steward, still

WORKERS = 8
ROUNDS = 10
GOODS = 60


def run(workers: list[Callable[[], None]]) -> list[BaseException]:
    failures: list[BaseException] = []
    start = threading.Barrier(len(workers))

    def guarded(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion of the test
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_eight_hubs_at_once_never_give_a_right_to_two(hub: Hub) -> None:
    shop = Shop(hub, still)
    shop.give(free=GOODS // 2)
    assert shop.reserve("first", 5)
    sold = [0] * WORKERS

    def worker(nth: int) -> Callable[[], None]:
        mine = make_hub(hub.store, hub.life)
        till = Till(mine, f"market/k{nth}")
        steward = new_steward(mine, seed=nth + 2)
        rng = random.Random(nth)  # noqa: S311
        shop.tills.append(till)
        other = Shop(mine, still)

        def work() -> None:
            if not nth:
                till.receive(GOODS // 2)
            for turn in range(ROUNDS):
                till.want(rng.randint(1, 3))
                till.flush()
                mine.clock.advance(2.0)
                steward.step()
                till.hear()
                sold[nth] += till.sell_by_right()
                if rng.random() < 0.3:
                    other.reserve(f"r-{nth}-{turn}", 1)  # where something is free just then
            till.flush()

        return work

    assert run([worker(nth) for nth in range(WORKERS)]) == []
    latest = max(till.hub.clock.at for till in shop.tills)
    for till in shop.tills:
        till.hub.clock.at = latest
    hub.clock.at = latest
    shop.settle_down(8)
    held = sum(till.account().available + till.account().held for till in shop.tills)
    pool = shop.pool()
    assert sum(sold) > 0
    assert sum(till.account().held for till in shop.tills) >= 5
    assert sum(sold) + held + pool.free + pool.reserved == GOODS
    assert (pool.limbo, pool.deficit, pool.unsettled) == (0, 0, 0)
    assert sum(till.account().overdraft for till in shop.tills) == 0
    shop.check()
