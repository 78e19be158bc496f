"""What is in stock at 120 sites with 5,000 skus each: asked of a hub by 16 shoppers at once.

The books are written straight into the tables; the rest is real: ``hub serve`` reads them, keeps up with keys that
change meanwhile, and answers over HTTP on loopback. Shoppers, hub and whoever changes stock share this machine's cores.
"""

import http.client
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from typing import Final

from bench.figure import Figure, percentile
from bench.road import BenchError, wait_until
from bench.shoppers import SITES, SKUS, site_name, sku_name
from contract.down import MAX_LEVELS, AvailabilityChanged, Level, SiteHeard
from contract.stock import StockKey
from contract.values import SiteId, Sku, instant_text
from demo import processes
from demo.processes import Process
from hub.bootstrap import opened
from hub.clock import SystemClock
from hub.store.availability_log import read
from hub.store.changes import note
from hub.store.database import Store
from hub.store.migrate import migrate
from kiosk.journal.elsewhere import FILE, Elsewhere, ElsewhereReader

REGION: Final = "demo"
_PROCESSES: Final = 4
_THREADS: Final = 4  # each: 16 shoppers
_SECONDS: Final = 10.0
_CHANGES_PER_S: Final = 200  # sku and site: 120 sites that each sell five lines in three seconds
_READS: Final = 5_000
_TURN_S: Final = 0.1


def availability(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure answers of the hub under 16 clients."""
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'hub.db'}"
    with opened(url) as store:
        migrate(store)
        _fill(folder / "hub.db", rng)
        port = processes.spare_port()
        serve = ["serve", "--listen", f"{processes.LOOPBACK}:{port}", "--region", REGION]
        hub = processes.program("hub", serve, folder, label="hub", env={"HUB_DATABASE_URL": url})
        try:
            began = time.perf_counter()
            hub.start()
            processes.wait_for_port(port, hub)
            ready = wait_until(lambda: _answers(port), "the hub to have read the books", 0.1)
            wait_until(lambda: _told(store), "the hub to have told its kiosks everything, once a day", 0.1)
            with _changing(store, rng):
                took_ms = _shop(folder, port)
        finally:
            hub.stop()
    return [
        Figure("availability_load_s", round(ready - began, 1), "s"),
        Figure("availability_per_s", round(len(took_ms) / _SECONDS), "answers/s"),
        Figure("availability_p50_ms", round(percentile(took_ms, 0.5), 2), "ms"),
        Figure("availability_p99_ms", round(percentile(took_ms, 0.99), 2), "ms", 50.0),
    ]


def _shop(folder: Path, port: int) -> list[float]:
    url = f"http://{processes.LOOPBACK}:{port}"
    shoppers = [
        processes.module("bench.shoppers", [url, str(_THREADS), str(_SECONDS), str(n)], folder, label=f"shoppers-{n}")
        for n in range(_PROCESSES)
    ]
    for one in shoppers:
        one.start()
    wait_until(lambda: all(one.ended is not None for one in shoppers), "the shoppers to leave", 0.1)
    return [took for one in shoppers for took in _read(one)]


def _read(shoppers: Process) -> list[float]:
    if shoppers.ended:
        raise BenchError(f"{shoppers.name}: {shoppers.last_words()}")
    took: list[float] = json.loads(shoppers.last_words())
    return took


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(processes.LOOPBACK, port, timeout=30)
    with closing(connection):
        connection.request("GET", f"/v1/availability?sku={sku_name(0)}")
        return connection.getresponse().status == http.client.OK


def _told(store: Store) -> bool:
    with store.read() as connection:
        return read(connection, REGION) is not None


@contextmanager
def _changing(store: Store, rng: random.Random) -> Iterator[None]:
    """Change stock meanwhile, as ingest does: the sums, and a note beside them."""
    stopping = threading.Event()

    def change() -> None:
        while not stopping.wait(_TURN_S):
            keys = [(rng.randrange(SITES), rng.randrange(SKUS)) for _ in range(int(_CHANGES_PER_S * _TURN_S))]
            with store.write() as connection:
                for site, sku in keys:
                    connection.exec_driver_sql(
                        "UPDATE accounts SET sold = sold + 1 WHERE region = ? AND site = ? AND sku = ?",
                        (REGION, site_name(site), sku_name(sku)),
                    )
                note(connection, [_key(site, sku) for site, sku in keys], _now())

    with ThreadPoolExecutor(1) as changer:
        changing = changer.submit(change)
        try:
            yield
        finally:
            stopping.set()
        changing.result()


def _fill(file: Path, rng: random.Random) -> None:
    """Write kiosks, sites, pools and accounts: 600,000 keys, most of them with the hub and with a kiosk."""
    now = _now()
    places = [(site_name(n), rng.uniform(47, 55), rng.uniform(6, 15)) for n in range(SITES)]
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO kiosks (id, region, site, kiosk, epoch, online, last_seen_at, version) "
            "VALUES (?, ?, ?, 'k1', 1, 1, ?, '')",
            [(n, REGION, site, now) for n, (site, *_) in enumerate(places, 1)],
        )
        db.executemany("INSERT INTO lives (kiosk_id, epoch) VALUES (?, 1)", [(n,) for n in range(1, SITES + 1)])
        db.executemany(
            "INSERT INTO sites (region, site, name, lat, lon, zone) VALUES (?, ?, '', ?, ?, '')",
            [(REGION, *place) for place in places],
        )
        db.executemany(
            "INSERT INTO pools (region, site, sku, condition, unit, free) VALUES (?, ?, ?, 'sellable', 'pc', ?)",
            ((REGION, site_name(n), sku_name(sku), rng.randrange(8)) for n, sku in product(range(SITES), range(SKUS))),
        )
        db.executemany(
            "INSERT INTO accounts (kiosk_id, epoch, region, site, sku, condition, unit, received, rate) "
            "VALUES (?, 1, ?, ?, ?, 'sellable', 'pc', ?, ?)",
            (
                (n + 1, REGION, site_name(n), sku_name(sku), rng.randrange(12), rng.expovariate(1.0))
                for n, sku in product(range(SITES), range(SKUS))
            ),
        )
        db.execute("COMMIT")


def _key(site: int, sku: int) -> tuple[str, str, StockKey]:
    return REGION, site_name(site), StockKey(Sku(sku_name(sku)))


def _now() -> str:
    return instant_text(SystemClock().now())


def elsewhere(folder: Path, rng: random.Random) -> list[Figure]:
    """Measure what a kiosk takes to say which sites have a sku: every site and sku told, as it may be."""
    store = Elsewhere(folder / FILE)
    now = SystemClock().now()
    skus = [Sku(sku_name(n)) for n in range(SKUS)]
    heard = [SiteHeard(SiteId(site_name(n)), now) for n in range(SITES)]
    store.apply(1, 1, AvailabilityChanged(complete=True, heard=heard))
    for n in range(SITES):
        levels = [Level(SiteId(site_name(n)), sku, rng.randrange(6)) for sku in skus]
        for at in range(0, SKUS, MAX_LEVELS):
            store.apply(1, 2, AvailabilityChanged(complete=True, levels=levels[at : at + MAX_LEVELS]))
    store.tidy()
    store.close()
    reader = ElsewhereReader(folder / FILE)
    took_ms = []
    for _ in range(_READS):
        sku = rng.choice(skus)
        began = time.perf_counter()
        found = reader.find(sku, now)
        took_ms.append((time.perf_counter() - began) * 1000)
        if len(found) != SITES:
            raise BenchError(f"{sku}: {len(found)} sites of {SITES}")
    reader.close()
    return [
        Figure("elsewhere_p50_ms", round(percentile(took_ms, 0.5), 3), "ms"),
        Figure("elsewhere_p99_ms", round(percentile(took_ms, 0.99), 3), "ms", 1.0),
    ]
