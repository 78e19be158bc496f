"""The one place that puts a hub together."""

import random
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from hub.availability.live import Availability
from hub.availability.teller import Teller
from hub.clock import SystemClock
from hub.core.availability import Rules
from hub.core.incarnation import Life
from hub.core.redistribute import plan_ours
from hub.downlink.downlink import Downlink
from hub.intake.inbound import Inbound
from hub.intake.ingest import Ingest
from hub.life import LifeFile, begin_life
from hub.promises.holds import Holds
from hub.service import Service
from hub.steward.steward import Steward
from hub.store import down
from hub.store.database import Store, open_store, sqlite_file
from hub.store.life import read_life
from hub.store.migrate import check, migrate
from mqtt_bridge.backoff import Backoff
from mqtt_bridge.link import BrokerUrl, TlsFiles
from mqtt_bridge.paho_link import PahoLink
from mqtt_bridge.topics import hub_subscriptions

DEFAULT_DATABASE: Final = "sqlite:///hub-data/hub.db"
DEFAULT_STATE: Final = Path("hub-data")
LIFE_FILE: Final = "incarnation.json"


class Broker(Struct, frozen=True):
    """How the hub reaches its brokers, and as whom."""

    urls: Sequence[BrokerUrl]
    client_id: str
    region: str
    tls: TlsFiles | None = None


class Hub:
    """A hub's parts while they run."""

    def __init__(self, store: Store, life: LifeFile, begun: Life) -> None:
        """Assemble; nothing is connected yet."""
        clock = SystemClock()
        rng = random.Random()  # noqa: S311 - jitter
        with store.write() as connection:
            down.begin_generations(connection, begun.incarnation, clock.now())
        self.store = store
        self.inbound = Inbound()
        self.ingest = Ingest(
            store,
            life,
            clock,
            new_life=lambda connection, incarnation: down.begin_generations(connection, incarnation, clock.now()),
        )
        steward = Steward(store, clock, keep=life.keep, new_id=new_id, policy=plan_ours)
        self.service = Service(self.ingest, Downlink(store, rng), self.inbound, clock, steward=steward)
        self._rng = rng
        self._life = life

    def holds(self) -> Holds:
        """Return what makes reservations for programs."""
        return Holds(self.store, SystemClock(), new_id=new_id, keep=self._life.keep)

    def availability(self, rules: Rules) -> Availability:
        """Return what answers what is in stock; it knows nothing before its first look."""
        return Availability(self.store, SystemClock(), rules)

    def teller(self, availability: Availability) -> Teller:
        """Return what tells kiosks of each other's stock."""
        return Teller(self.store, SystemClock(), availability)

    def connect(self, broker: Broker) -> PahoLink:
        """Return the link, attached and not yet started."""
        link = PahoLink(
            broker.urls,
            client_id=broker.client_id,
            subscriptions=hub_subscriptions(broker.region),
            on_event=self.inbound.on_event,
            backoff=Backoff(self._rng),
            tls=broker.tls,
        )
        self.service.attach(link)
        return link


def new_id() -> str:
    """Return an id that nobody else gives."""
    return secrets.token_hex(16)


def state_folder(database_url: str, state_dir: Path | None) -> Path:
    """Return where the life file lies: as told, else beside a SQLite file, else in the default folder."""
    if state_dir:
        return state_dir
    file = sqlite_file(database_url)
    return file.parent if file else DEFAULT_STATE


@contextmanager
def open_hub(database_url: str, state_dir: Path) -> Iterator[Hub]:
    """Open the books, bring them to this release and begin a life; raises StoreError."""
    with opened(database_url) as store:
        migrate(store)
        with life_of(store, state_dir) as (life, begun):
            yield Hub(store, life, begun)


@contextmanager
def life_of(store: Store, state_dir: Path, *, promoted: bool = False) -> Iterator[tuple[LifeFile, Life]]:
    """Hold the life file and give the life that goes on; raises WorldFailed."""
    file = LifeFile(state_dir / LIFE_FILE)
    try:
        yield file, begin_life(store, file, promoted=promoted)
    finally:
        file.close()


@contextmanager
def opened(database_url: str, *, create: bool = True) -> Iterator[Store]:
    """Open the books as they are; raises StoreError."""
    store = open_store(database_url, create=create)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def opened_to_read(database_url: str) -> Iterator[Store]:
    """Open books that are there and of this release; raises StoreError."""
    with opened(database_url, create=False) as store:
        check(store)
        yield store


@contextmanager
def opened_to_write(database_url: str, state_dir: Path) -> Iterator[Store]:
    """Open books that are there and of this release for a command that writes beside a running hub.

    Only ``hub serve`` and ``hub migrate`` make books: a name that was mistyped makes none. Raises: StoreError.
    """
    with opened(database_url, create=False) as store:
        check(store)
        with store.read() as connection:
            begun = read_life(connection) is not None
        if not begun:
            with life_of(store, state_dir):
                pass
        yield store


def take_port(host: str, port: int) -> socket.socket:
    """Return a socket that holds a port, and does not answer before it listens; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
    except OSError:
        server.close()
        raise
    return server
