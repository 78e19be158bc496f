"""Keepers of a peer till, with and without certificates, and what they hold."""

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from facts_of_a_day import sale
from mosquitto_certificates import Authority
from ports import LOOPBACK, find_spare_port

from contract.values import Address, Epoch, Lane, parse_address
from kiosk.core.endpoint import Endpoint
from kiosk.journal.journal import Journal
from kiosk.journal.mirror.keeper import Bounds, Keeper
from kiosk.journal.mirror.peer import PeerMirror
from mqtt_bridge.backoff import Backoff
from mqtt_bridge.broker_config import common_name
from mqtt_bridge.link import TlsFiles

K7, K2, ELSEWHERE = (parse_address(f"north/{name}") for name in ("market/k7", "market/k2", "harbour/k7"))
ONE = Epoch(1)
QUICK = Backoff(random.Random(1), min_s=0.01, max_s=0.02)  # noqa: S311 - jitter
ROOMY = Bounds(2**30, free_bytes=0)
LONG_S = 30.0
SHORT_S = 0.2


Files = dict[Address, TlsFiles]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def files(authority: Authority) -> Files:
    return {address: authority.issue(common_name(address)) for address in (K7, K2, ELSEWHERE)}


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    """Return a function that starts a keeper of K2, and returns where it listens."""
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def start(tls: TlsFiles | None = None, bounds: Bounds = ROOMY) -> Endpoint:
        at = Endpoint(LOOPBACK, find_spare_port())
        keeper = Keeper(tmp_path / "kept", K2, at, tls=tls, bounds=bounds)
        threads.append(threading.Thread(target=keeper.run, args=(stopped,)))
        threads[-1].start()
        return at

    yield start
    stopped.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def facts(journal: Journal) -> list[bytes]:
    journal.record([sale(f"b{number}") for number in range(9)])
    return [raw for _, raw in journal.stored(ONE)]


@pytest.fixture
def lines(tmp_path: Path) -> Callable[[], list[bytes]]:
    path = tmp_path / "kept/north/market/k7/till@1.facts"
    return lambda: path.read_bytes().splitlines() if path.exists() else []


def mirror(at: Endpoint, tls: TlsFiles | None = None, address: Address = K7) -> PeerMirror:
    return PeerMirror(at, address, Lane.TILL, tls)
