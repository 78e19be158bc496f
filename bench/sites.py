"""A share of a region's sites in one process: ``python -m bench.sites FOLDER BROKER SITES FACTS SEED FIRST AFTER``.

Each site has a till's journal, written by the kiosk's own checkout, and the parts of ``kiosk bridge`` over it: outbox,
session, pump, link and ``link.db``, in threads; once the hub asks for rights back, the part of ``kiosk backroom`` that
gives them as well. A process a site would measure how fast this machine starts and holds 120 of them, each with 36 MB;
in the field every one has a machine of its own. Only what is stored is observed.

One word on standard output ends each step, one line on standard input begins the next: see :func:`main`.
"""

import json
import logging
import random
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bench.catalogue import make_items
from bench.road import REGION, BenchError, book_in, record_backlog
from bench.shoppers import site_name
from contract.batch import Status, encode_message
from contract.codec import decode_down
from contract.down import Item
from contract.down_rights import PromiseResolved
from contract.facts import StockLine
from contract.rights import ReservationRequested, RightsReleased
from contract.values import Money, Quantity, SiteId
from kiosk import bootstrap
from kiosk.backroom.rights import RightsRoom
from kiosk.bootstrap import LocalDesk, open_desk, recording
from kiosk.clock import now_utc
from kiosk.config import Config, load_config
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.errors import StorageFailed
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.outbox import Outbox
from mqtt_bridge.link import LinkEvent
from mqtt_bridge.pump import POLL_S, Pump
from mqtt_bridge.session import Session

STOCKED: Final = "stocked"
READY: Final = "ready"
_SKUS: Final = 100
_RELEASED: Final = 10_000  # of each sku, before the sites are cut off: what the hub promises from
_SELLS: Final = 100  # baskets between two releases: a till gives rights back some times a day
_GIVEN_BACK: Final = 3  # accounts in one release
WAIT_S: Final = 600.0  # ten times the target: a slow machine still prints its figure
_ASKED_AGO: Final = timedelta(hours=1)  # in the middle of two days that take half a minute here
_END_S: Final = 5.0
_LOOK_S: Final = 0.5  # as seldom as acknowledgements are stored while a backlog drains
_RESOLVED: Final = b"promise.resolved"
_RECALL: Final = b"recall.requested"


class Watched(LinkStore):
    """``link.db``, which notes the moments at which the last acknowledgement and the answer were stored, synced."""

    def __init__(self, path: Path, config: Config, *, facts: int, asked: bool, on_recall: Callable[[], None]) -> None:
        """Wait for ``facts`` acknowledged, and for the answer to a promise if one was ``asked``."""
        super().__init__(path, config.address)
        self._on_recall = on_recall
        self._facts = facts
        self._asked = asked
        self.acked_at_s: float | None = None
        self.answered_at_s: float | None = None
        self.answer = ""
        self.done = threading.Event()

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        """Store, and note when all was acknowledged."""
        super().save_acks(positions, incarnation=incarnation, at=at)
        if self.acked_at_s is None and sum(positions.values()) >= self._facts:
            self.acked_at_s = time.perf_counter()
            self._note()

    def accept(self, log: str, generation: int, first: int, facts: tuple[bytes, ...]) -> None:
        """Store, and note when the promise was answered."""
        super().accept(log, generation, first, facts)
        now_s = time.perf_counter()
        for raw in facts:
            data = decode_down(raw).data if _RESOLVED in raw else None
            if self.answered_at_s is None and isinstance(data, PromiseResolved):
                self.answered_at_s, self.answer = now_s, data.answer
        if any(_RECALL in raw for raw in facts):
            self._on_recall()
        self._note()

    def _note(self) -> None:
        if self.acked_at_s is not None and (self.answered_at_s is not None or not self._asked):
            self.done.set()


class Unhurried(Pump):
    """The pump, where nobody sells meanwhile: it looks for new facts seldom, and wakes for all that comes as ever.

    Looking for a shopper's request every 15 ms takes a kiosk 1 % of its processor; 120 on one machine would take from
    the hub what in the field each takes from itself: measured, twice what the hub took.
    """

    def _next_event(self, wait_s: float) -> LinkEvent:
        return self._events.get(timeout=wait_s if wait_s < POLL_S else _LOOK_S)


class Rights:
    """The part of ``kiosk backroom`` that gives rights back, over one site's journal; it begins with a recall."""

    def __init__(self, site: "Site", parts: ExitStack) -> None:
        """Wait for :meth:`wake`; it ends with ``parts``."""
        self._site = site
        self._woken, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        parts.callback(self._stop)
        self._thread.start()

    def wake(self) -> None:
        """Do what the hub asks."""
        self._woken.set()

    def _run(self) -> None:
        self._woken.wait()
        if self._stopped.is_set():
            return
        data, link = self._site.data, LinkReader(self._site.data / "link.db")
        with recording(data, self._site.config, logging.getLogger(__name__).error) as (journal, clock):
            room = RightsRoom(journal, clock, link, new_id=lambda: secrets.token_hex(16), linked=lambda: True)
            while not self._stopped.is_set():
                self._woken.clear()
                while room.step():
                    pass
                self._woken.wait()

    def _stop(self) -> None:
        self._stopped.set()
        self._woken.set()
        self._thread.join(_END_S)


class Bridge:
    """What ``kiosk bridge`` is made of, over one site's journal; see ``kiosk.commands.bridge.carry``."""

    def __init__(self, site: "Site", parts: ExitStack, stopped: threading.Event, *, asked: bool) -> None:
        """Put the parts together; nothing is connected before :meth:`start`. ``stopped`` ends the pump."""
        parts.enter_context(only_bridge(site.data))
        self._rights = Rights(site, parts)
        path, facts = site.data / "link.db", site.facts()
        self.store = parts.enter_context(
            closing(Watched(path, site.config, facts=facts, asked=asked, on_recall=self._rights.wake))
        )
        rng = random.Random()  # noqa: S311 - jitter
        self._stopped = stopped
        self._pump = Unhurried(
            address=site.config.address,
            outbox=parts.enter_context(closing(Outbox(site.data, site.config.address))),
            store=self.store,
            session=Session(rng=rng),
            monotonic=time.monotonic,
            now=now_utc,
            disk_failed=StorageFailed,
        )
        will = encode_message(Status(online=False))
        self._link = bootstrap.make_link(site.data, site.config, will=will, on_event=self._pump.on_event, rng=rng)
        self._pump.attach(self._link)
        self._thread = threading.Thread(target=self._pump.run, args=(self._stopped,), daemon=True)
        parts.callback(self._stop)

    def start(self) -> None:
        """Connect, and carry."""
        self._thread.start()
        self._link.start()

    def _stop(self) -> None:
        self._stopped.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join(_END_S)
            self._link.stop()


class Site:
    """One site with one till."""

    def __init__(self, folder: Path, broker: str, number: int, rng: random.Random) -> None:
        """Write the settings."""
        self.data = folder / site_name(number)
        self.data.mkdir(mode=0o700)
        settings = [f'region = "{REGION}"', f'site = "{site_name(number)}"', 'clock = "system"', "[link]"]
        (self.data / "kiosk.toml").write_text("\n".join([*settings, f'brokers = ["{broker}"]', ""]))
        self.config = load_config(self.data)
        self._rng = rng

    def facts(self) -> int:
        """Return how many facts the journal holds."""
        with closing(Outbox(self.data, self.config.address)) as outbox:
            return sum(outbox.newest().values())

    def stock(self, items: list[Item]) -> None:
        """Book goods in, and give some of the rights to the hub."""
        with closing(open_desk(self.data, self.config)) as desk:
            book_in(desk, items)
            _release(desk, items, _RELEASED)

    def sell(self, items: list[Item], count: int, *, wanted_at: str) -> None:
        """Record ``count`` facts while nobody hears: sales, rights given back now and then, and one promise."""
        sales, releases = _split(count)
        with closing(open_desk(self.data, self.config)) as desk:
            for nth in range(releases):
                if nth == releases // 2:
                    desk.record([self._promise(desk, items, wanted_at)])
                record_backlog(desk, items, self._rng, sales * (nth + 1) // releases - sales * nth // releases)
                _release(desk, self._rng.sample(items, _GIVEN_BACK), 1)
            desk.idle()

    def _promise(self, desk: LocalDesk, items: list[Item], wanted_at: str) -> ReservationRequested:
        wish = [StockLine(self._rng.choice(items).sku, Quantity(1))]
        name, site = f"promise-{self._rng.getrandbits(128):032x}", SiteId(wanted_at)
        at = desk.clock.stamp().at - _ASKED_AGO
        return ReservationRequested(name, wish, "en", desk.config.currency, at, Money(0), site)


def main() -> None:
    """Stock the sites and tell the hub; sell while cut off; come back; tell the moments at which all was stored."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    folder, broker = Path(sys.argv[1]), sys.argv[2]
    count, facts, seed, first, after = map(int, sys.argv[3:])
    items = make_items(random.Random(seed), _SKUS)  # noqa: S311 - every site has the same catalogue
    numbers = range(first, after)
    sites = [Site(folder, broker, n, random.Random(f"{seed}/{n}")) for n in numbers]  # noqa: S311 - what is sold
    for site in sites:
        site.stock(items)
    with ExitStack() as parts:
        _carry(_bridges(sites, parts, asked=False))
    _say(STOCKED)
    for number, site in zip(numbers, sites, strict=True):
        site.sell(items, facts, wanted_at=site_name((number + 1) % count))
    with ExitStack() as parts:
        bridges = _bridges(sites, parts, asked=True)
        _say(READY)
        _carry(bridges)
        stores = [bridge.store for bridge in bridges]
        _say(json.dumps([[store.acked_at_s, store.answered_at_s, store.answer] for store in stores]))


def _bridges(sites: list[Site], parts: ExitStack, *, asked: bool) -> list[Bridge]:
    """Return the bridges of ``sites``; at the end of ``parts`` all are told to stop before the first is waited for."""
    stopped = threading.Event()
    bridges = [Bridge(site, parts, stopped, asked=asked) for site in sites]
    parts.callback(stopped.set)
    return bridges


def _carry(bridges: list[Bridge]) -> None:
    """Connect all at once; return when each has stored what it waits for.

    Raises: BenchError.
    """
    for bridge in bridges:
        bridge.start()
    deadline_s = time.monotonic() + WAIT_S
    missing = sum(not bridge.store.done.wait(max(0.0, deadline_s - time.monotonic())) for bridge in bridges)
    if missing:
        raise BenchError(f"{missing} of {len(bridges)} sites are not through after {WAIT_S:.0f} s")


def _say(line: str) -> None:
    """Tell that a step is done, and wait to be told to go on; the end of the input ends this process."""
    print(line, flush=True)
    if not sys.stdin.readline():
        sys.exit(1)


def _split(count: int) -> tuple[int, int]:
    """Return how many of ``count`` facts are sales and how many are releases; one is a promise."""
    releases = max(1, (count - 1) // (_SELLS + 1))
    return count - 1 - releases, releases


def _release(desk: LocalDesk, items: list[Item], amount: int) -> None:
    desk.record([RightsReleased([StockLine(item.sku, Quantity(amount)) for item in items], desk.clock.stamp().at)])


if __name__ == "__main__":
    main()
