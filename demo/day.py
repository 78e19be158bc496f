"""A market day: selling goes on while the broker is killed, a kiosk loses its power and a site its network."""

import random
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from demo import check
from demo.processes import DemoError
from demo.shop import Shops

SALES: Final = 110  # a kiosk; with pauses that is some twelve seconds of shoppers
PAUSE_S: Final = 0.08
SEED: Final = 20261121
_POLL_S: Final = 0.05
_ARRIVAL_S: Final = 30.0
_DAY_S: Final = 120.0
_CONVERGE_S: Final = 60.0

Say = Callable[[str], None]


class Result(Struct, frozen=True):
    """What the day came to, as ``RESULT`` says it."""

    sales: int
    facts: int
    lost: int
    doubled: int
    quarantined: int
    chain_ok: bool
    converged_s: float

    @property
    def kept(self) -> bool:
        """Return whether every promise held."""
        return not (self.lost or self.doubled or self.quarantined) and self.chain_ok


def play(shops: Shops, say: Say) -> tuple[list[check.Books], Result]:
    """Play the scripted day on started shops; return each kiosk's books and the result.

    Raises: DemoError if something that must run does not.
    """
    open_shops(shops, say)
    market, second, harbour = shops.kiosks
    for number, kiosk in enumerate(shops.kiosks):
        kiosk.sell(SALES, PAUSE_S, SEED + number)
    say("09:00  three tills sell")
    wait(lambda: harbour.shown() >= SALES // 10, "the harbour to sell", _DAY_S)
    harbour.relay.cut()
    say("09:40  the harbour loses its network, and sells on")
    wait(lambda: market.shown() >= SALES // 4, "the market to sell", _DAY_S)
    shops.broker.kill()
    say("10:30  the broker is killed, with all that it had promised to keep")
    wait(lambda: second.shown() >= SALES // 2, "kiosk k2 to sell", _DAY_S)
    _kill_mid_sale(shops, random.Random(SEED))  # noqa: S311 - when the power goes
    say("12:15  kiosk k2 loses its power in the middle of a sale; it starts again with the basket it had")
    wait(lambda: market.shown() >= SALES * 3 // 5, "the market to sell", _DAY_S)
    shops.broker.start()
    say("14:00  the broker is back, and remembers nothing")
    wait(lambda: all(kiosk.shown() >= SALES for kiosk in shops.kiosks), "the day to end", _DAY_S)
    harbour.relay.mend()
    say("18:00  the shops close; the harbour's network is back")
    return settle(shops, say)


def open_shops(shops: Shops, say: Say) -> None:
    """Wait for the hub's catalogue at every kiosk, then take a delivery in.

    Raises: DemoError.
    """
    say("08:00  the hub sends its catalogue to three kiosks at two sites")
    wait(lambda: all(kiosk.has_catalogue() for kiosk in shops.kiosks), "the catalogue to arrive", _ARRIVAL_S, shops)
    for kiosk in shops.kiosks:
        kiosk.receive_stock()
    say("08:30  each shop takes its delivery in")


def settle(shops: Shops, say: Say) -> tuple[list[check.Books], Result]:
    """Wait until the hub has every fact, then compare the books."""
    began_s = time.monotonic()
    deadline = began_s + _CONVERGE_S
    while time.monotonic() < deadline and any(
        check.unsent(kiosk.journal, kiosk.site, kiosk.name, shops.hub_db) for kiosk in shops.kiosks
    ):
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
    converged_s = round(time.monotonic() - began_s, 2)
    say(f"18:01  the hub has heard everything, {converged_s} s later")
    books = [check.compare(kiosk.name, kiosk.site, kiosk.journal, kiosk.diary, shops.hub_db) for kiosk in shops.kiosks]
    sites = {kiosk.site: [k.journal for k in shops.kiosks if k.site == kiosk.site] for kiosk in shops.kiosks}
    short, over = zip(
        *(check.compare_stock(journals, site, shops.hub_db) for site, journals in sites.items()), strict=True
    )
    result = Result(
        sales=sum(book.sales for book in books),
        facts=sum(book.facts for book in books),
        lost=sum(book.lost for book in books) + sum(short),
        doubled=sum(book.doubled for book in books) + sum(over),
        quarantined=check.quarantined(shops.hub_db),
        chain_ok=all(book.chain_ok for book in books),
        converged_s=converged_s,
    )
    return books, result


def _kill_mid_sale(shops: Shops, rng: random.Random) -> None:
    second = shops.kiosks[1]
    if second.seller is None:
        raise DemoError("kiosk k2 is not selling: run the demo again")
    before = second.shown()
    wait(lambda: second.shown() > before, "the next sale of k2", _DAY_S)
    time.sleep(rng.uniform(0.0, PAUSE_S))  # noqa: TID251 - some moment of the sale that follows
    for process in (second.seller, second.bridge, second.backroom):
        process.kill()
    for process in (second.seller, second.bridge, second.backroom):
        process.start()


def wait(done: Callable[[], bool], what: str, limit_s: float, shops: Shops | None = None) -> None:
    """Return once ``done``; where ``shops`` is given, its broker and hub must stay up meanwhile.

    Raises: DemoError after ``limit_s``.
    """
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            raise DemoError(f"waited {limit_s:.0f} s for {what}: see the logs")
        for process in (shops.hub, shops.broker) if shops else ():
            process.must_run()
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
