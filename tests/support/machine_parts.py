"""Two kiosks, a link and a hub in one process: real files and real rules on both sides, a network of two lists.

What a machine may replace is named in :class:`Parts`; the seeded bugs (:mod:`machine_bugs`) are other values for it.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from hub_books import HandClock
from mosquitto_record import seeded

from contract.batch import Status, encode_message
from contract.codec import Stamp
from contract.facts import UpFact
from contract.values import Address, Lane, parse_address
from hub.arrivals import Message
from hub.core.incarnation import Life
from hub.ingest import Ingest
from hub.life import LifeFile, begin_life
from hub.store import down
from hub.store.database import Store, open_store
from hub.store.migrate import migrate
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.schema import OF_LANE
from mqtt_bridge.errors import LinkDown
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Limits, Session
from mqtt_bridge.topics import ACK_UP, STATUS, parse_topic, topic

KIOSKS: Final = (parse_address("demo/market/k1"), parse_address("demo/market/k2"))  # of one site: they share stock
LANES: Final = (Lane.TILL, Lane.SENSE)
BATCH: Final = 3  # facts a batch, so that a few sales are several batches
LIMITS: Final = Limits(window_batches=3, full_batch=BATCH, retry_min_s=1, retry_max_s=4)
MAX_IN_FLIGHT: Final = 60  # a network that holds more drops the oldest

CrashPoint = Literal["", "before commit", "after commit", "after life"]


class PowerCutError(Exception):
    """The hub's process ended here."""


class MachineClock(HandClock):
    """One clock for everybody; it moves when told to."""

    def stamp(self) -> Stamp:
        return Stamp(at=self.at, clock="trusted", boot="", mono_ns=int(self.elapsed_s * 1e9))


class SmallBatches(Outbox):
    """An outbox whose batches hold few facts."""

    def read(self, stream: str, first: int) -> list[bytes]:
        return super().read(stream, first)[:BATCH]

    def close(self) -> None:
        for lane in self._lanes.values():
            if lane._connection:
                lane._connection.close()


@dataclass(frozen=True)
class Parts:
    """What the machine is put together from."""

    journal: type[Journal] = Journal
    outbox: type[SmallBatches] = SmallBatches
    links: type[LinkStore] = LinkStore
    session: type[Session] = Session
    ingest: type[Ingest] = Ingest
    life_file: type[LifeFile] = LifeFile
    begin: Callable[[Store, LifeFile], Life] = begin_life


@dataclass
class Network:
    """Messages under way in both directions, and what the broker keeps. It may lose, repeat and reorder all of them."""

    up: list[Message] = field(default_factory=list)
    down: list[Message] = field(default_factory=list)
    kept: dict[str, Message] = field(default_factory=dict)
    past_acks: list[Message] = field(default_factory=list)

    def send_up(self, message: Message) -> None:
        self.up = [*self.up, message][-MAX_IN_FLIGHT:]

    def send_down(self, messages: Sequence[Message]) -> None:
        self.down = [*self.down, *messages][-MAX_IN_FLIGHT:]
        self.past_acks = [*self.past_acks, *messages][-MAX_IN_FLIGHT:]
        self.kept |= {message.topic: message for message in messages}

    def take(self, bag: list[Message], index: int, *, keep: bool) -> Message | None:
        """Return a message in flight, any of them; it stays in flight if it is to come once more."""
        if not bag:
            return None
        index %= len(bag)
        return bag[index] if keep else bag.pop(index)


class TwinLink:
    """A kiosk's link into the network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.online = False

    def start(self) -> None:
        """Nothing to start: the machine connects."""

    def stop(self) -> None:
        self.online = False

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if not self.online:
            raise LinkDown
        self.network.send_up(Message(topic, payload, retain))


class KioskTwin:
    """One kiosk: real journals, and a bridge that can be killed."""

    def __init__(self, folder: Path, address: Address, network: Network, clock: MachineClock, parts: Parts) -> None:
        self.folder = folder
        self.address = address
        self.network = network
        self.clock = clock
        self.parts = parts
        self.journals = {
            lane: parts.journal(lane_path(folder, lane), OF_LANE[lane], address=address, lane=lane, clock=clock)
            for lane in LANES
        }
        self.diary: dict[str, list[bytes]] = {f"{lane}@1": [] for lane in LANES}
        self.start_bridge()

    def start_bridge(self) -> None:
        self.outbox = self.parts.outbox(self.folder, self.address)
        self.store = self.parts.links(self.folder / "link.db", self.address)
        self.session = self.parts.session(rng=seeded(1), limits=LIMITS)
        self.pump = Pump(
            address=self.address,
            outbox=self.outbox,
            store=self.store,
            session=self.session,
            monotonic=self.clock.monotonic_s,
            now=self.clock.now,
            disk_failed=StorageFailed,
        )
        self.link = TwinLink(self.network)
        self.pump.attach(self.link)

    def kill_bridge(self) -> None:
        """End the bridge where it stands; the broker publishes its will."""
        self._say_farewell()
        self.store.close()
        self.outbox.close()

    def record(self, lane: Lane, facts: Sequence[UpFact]) -> None:
        """Sell, and write aside what was recorded."""
        journal, diary = self.journals[lane], self.diary[f"{lane}@1"]
        recorded = journal.record(facts)
        numbers = [int(one.seq) for one in recorded]
        assert numbers == list(range(len(diary) + 1, len(diary) + 1 + len(facts))), f"numbers {numbers} were given"
        diary.extend(raw for seq, raw in journal.stored(journal.epoch) if seq > len(diary))

    def turn(self, event: LinkEvent | None = None) -> None:
        """Let the bridge do one turn and handle ``event``; there always is one, so that it never waits."""
        self.pump.on_event(event or Delivered(""))
        self.pump.turn()

    def connect(self) -> None:
        if not self.link.online:
            self.link.online = True
            self.turn(Connected("broker", session_present=False))
            kept = self.network.kept.get(topic(self.address, ACK_UP))
            if kept:
                self.network.down.append(kept)

    def disconnect(self) -> None:
        if self.link.online:
            self._say_farewell()
            self.turn(Disconnected("cut", "lost"))

    def receive(self, message: Message) -> None:
        if self.link.online:
            self.turn(Received(message.topic, message.payload, message.retain))

    def _say_farewell(self) -> None:
        if self.link.online:
            self.link.online = False
            will = encode_message(Status(online=False))
            self.network.send_up(Message(topic(self.address, STATUS), will, retain=True))

    def close(self) -> None:
        self.store.close()
        self.outbox.close()
        for journal in self.journals.values():
            journal.close()


class FragileStore(Store):
    """A store whose process can end at a chosen point of a transaction."""

    crash: CrashPoint = ""

    @contextmanager
    def write(self) -> Iterator[Any]:
        with super().write() as connection:
            yield connection
            if self.crash == "before commit":
                raise PowerCutError
        if self.crash == "after commit":
            raise PowerCutError


class HubTwin:
    """The hub: real ingest over a SQLite file with its life file, which can be killed, copied and restored."""

    def __init__(self, folder: Path, network: Network, clock: MachineClock, parts: Parts) -> None:
        self.folder = folder
        self.file = folder / "hub.db"
        self.network = network
        self.clock = clock
        self.parts = parts
        self.copies: list[Path] = []
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start as the hub does, and greet every kiosk."""
        self.starts += 1
        self.store = FragileStore(open_store(f"sqlite:///{self.file}").engine)
        self.life = self.parts.life_file(self.folder / "incarnation.json")
        self.parts.begin(self.store, self.life)
        self.ingest = self.parts.ingest(
            self.store,
            self.life,
            self.clock,
            new_life=lambda connection, incarnation: down.begin_generations(connection, incarnation, self.clock.now()),
        )
        if hasattr(self.ingest, "publish"):
            self.ingest.publish = self.network.send_down
        self.reader = sqlite3.connect(self.file, isolation_level=None)
        self.network.send_down(self.ingest.hello())

    def take(self, messages: Sequence[Message], crash: CrashPoint = "") -> None:
        """Take messages in one transaction and answer; or end at ``crash``, and start again."""
        self.store.crash = crash
        try:
            outcome = self.ingest.take(messages)
        except PowerCutError:
            self.restart()
            return
        if crash == "after life":
            self.restart()
        else:
            self.network.send_down(outcome.answers)
        self.store.crash = ""

    def restart(self) -> None:
        self.close()
        self.start()

    def copy(self) -> None:
        target = self.folder / f"copy{len(self.copies)}.db"
        copy = sqlite3.connect(target)
        self.reader.backup(copy)
        copy.close()
        self.copies.append(target)

    def restore(self, index: int) -> None:
        """Put an older copy in the database's place; the life file stays."""
        self.close()
        for suffix in ("-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.copies[index % len(self.copies)], self.file)
        self.start()

    def close(self) -> None:
        self.reader.close()
        self.life.close()
        self.store.close()


def make_template(folder: Path) -> Path:
    """Return a folder of empty databases for worlds to begin with: migrating takes the longest."""
    store = open_store(f"sqlite:///{folder / 'hub' / 'hub.db'}")
    migrate(store)
    store.close()
    for address in KIOSKS:
        for lane in LANES:
            path = lane_path(folder / address.kiosk, lane)
            Journal(path, OF_LANE[lane], address=address, lane=lane, clock=MachineClock()).close()
        LinkStore(folder / address.kiosk / "link.db", address).close()
    return folder


class World:
    """Everything there is."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        self.clock = MachineClock()
        self.network = Network()
        self.hub = HubTwin(folder / "hub", self.network, self.clock, parts)
        self.kiosks = [
            KioskTwin(folder / address.kiosk, address, self.network, self.clock, parts) for address in KIOSKS
        ]

    def deliver_down(self, message: Message | None) -> None:
        if message:
            address, _ = parse_topic(message.topic)
            self.kiosks[KIOSKS.index(address)].receive(message)

    def deliver_all(self) -> None:
        """Let everything that is under way arrive, in order; what is answered meanwhile is under way next time."""
        up, self.network.up = self.network.up, []
        down_, self.network.down = self.network.down, []
        for message in up:
            self.hub.take([message])
        for message in down_:
            self.deliver_down(message)

    def close(self) -> None:
        self.hub.close()
        for kiosk in self.kiosks:
            kiosk.close()
