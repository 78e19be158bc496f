"""Tills of one site with real files, and a network between them that loses, repeats and reorders what they say."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from paho.mqtt.client import topic_matches_sub

from contract.codec import Stamp, decode
from contract.every import UpFact
from contract.facts import StockLine, StockReceived
from contract.rights import RightsAccepted, RightsMoved
from contract.stock import Account, StockKey
from contract.values import Address, Epoch, KioskId, Lane, Quantity, RegionId, Seq, SiteId, Sku
from kiosk.backroom.neighbours import NeighbourRoom
from kiosk.core.rights import Need
from kiosk.journal import accounts
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal, Writing
from kiosk.journal.lan import LanReader, LanStore
from kiosk.journal.lan_view import TillReader
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.lives import follow
from kiosk.journal.schema import TILL
from mqtt_bridge.lan import Lan
from mqtt_bridge.link import Connected, Disconnected, Received
from mqtt_bridge.topics import lan_subscriptions

TEA: Final = StockKey(Sku("tea"))
FILES: Final = ("till.db", "link.db")


class PowerCut(BaseException):
    """The process ended here."""


class FragileJournal(Journal):
    """A lane whose process can end just before it commits."""

    crash = False

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with super().writing() as writing:
            yield writing
            if self.crash:
                raise PowerCut


class WorldClock:
    """One clock for all: time passes when the test says so."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, tzinfo=UTC)
        self.mono_s = 100.0

    def stamp(self) -> Stamp:
        return Stamp(at=self.at, boot="a", mono_ns=int(self.mono_s * 1e9))

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.mono_s += seconds


@dataclass
class Message:
    topic: str
    payload: bytes


@dataclass
class World:
    """The tills, and what is between them."""

    folder: Path
    template: Path
    clock: WorldClock = field(default_factory=WorldClock)
    between: list[tuple[str, Message]] = field(default_factory=list)  # to whom, and what
    tills: dict[str, "LanTill"] = field(default_factory=dict)
    ids: int = 0
    kept: dict[str, bytes] = field(default_factory=dict)  # by the broker

    def add(self, name: str) -> "LanTill":
        shutil.copytree(self.template / name, self.folder / name)
        till = self.tills[name] = LanTill(self, name)
        till.connect()
        return till

    def new_id(self) -> str:
        self.ids += 1
        return f"q{self.ids}"

    def publish(self, topic: str, payload: bytes) -> None:
        for name, till in self.tills.items():
            if any(topic_matches_sub(one, topic) for one in lan_subscriptions(till.address)):
                self.between.append((name, Message(topic, payload)))

    def deliver(self, index: int, *, keep: bool = False) -> None:
        if self.between:
            at = index % len(self.between)
            name, message = self.between[at] if keep else self.between.pop(at)
            self.tills[name].receive(message)

    def lose(self, index: int, count: int) -> None:
        del self.between[index : index + count]

    def settle(self, rounds: int = 12) -> None:
        """Let everything be said and heard, in order, for a while."""
        for _ in range(rounds):
            for till in self.tills.values():
                till.back()
                till.turn()
            while self.between:
                self.deliver(0)
            self.clock.go(1.1)

    def close(self) -> None:
        for till in self.tills.values():
            till.close()


class WorldLink:
    """A till's way into the network."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if retain:
            self._world.kept[topic] = payload
        self._world.publish(topic, payload)


def address(name: str) -> Address:
    return Address(RegionId("north"), SiteId("market"), KioskId(name))


def make_template(folder: Path, names: Sequence[str]) -> Path:
    """Return empty files for tills to begin with: migrating takes the longest."""
    for name in names:
        Journal(folder / name / "till.db", TILL, address=address(name), lane=Lane.TILL, clock=WorldClock()).close()
        LinkStore(folder / name / "link.db", address(name)).close()
    return folder


class LanTill:
    """One till: its lane, its backroom and its bridge, each of which can be killed."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.address = address(name)
        self.folder = world.folder / name
        self.needs: dict[StockKey, Need] = {}
        self.linked = False
        self.held: dict[Epoch, Seq] = {}  # by the hub
        self.start_backroom()
        self.start_bridge()

    def start_backroom(self) -> None:
        path = self.folder / "till.db"
        self.journal = FragileJournal(path, TILL, address=self.address, lane=Lane.TILL, clock=self.world.clock)
        self.reader = LanReader(self.folder / "link.db")
        self.link = LinkReader(self.folder / "link.db")
        self.journal.before_record = lambda: void(follow(self.journal, self.link))
        self.room = NeighbourRoom(
            self.journal,
            self.world.clock,
            self.reader,
            needs=lambda: self.needs,
            new_id=self.world.new_id,
            linked=lambda: self.linked,
            held=lambda: self.held,
        )

    def start_bridge(self) -> None:
        self.view = TillReader(self.folder / "till.db", self.address)
        self.store = LanStore(self.folder / "link.db")
        clock = self.world.clock
        self.lan = Lan(
            address=self.address,
            till=self.view,
            store=self.store,
            monotonic=lambda: clock.mono_s,
            stamp=clock.stamp,
            disk_failed=StorageFailed,
        )
        self.lan.attach(WorldLink(self.world))

    def connect(self) -> None:
        self.lan.on_event(Connected("site", session_present=False))
        self.turn()

    def disconnect(self) -> None:
        self.lan.on_event(Disconnected("cut", "lost"))
        self.turn()

    def hear_kept(self) -> None:
        """Let the broker send what it kept of this till itself; neighbours say theirs again anyway."""
        for at, payload in list(self.world.kept.items()):
            if at.startswith(f"popup/v1/{self.address}/"):
                self.lan.on_event(Received(at, payload, retained=True))
                self.turn()
        self.turn()

    def save(self) -> dict[str, bytes]:
        """Return a copy of the card."""
        for connection in (self.journal.connection, self.store.connection):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return {name: (self.folder / name).read_bytes() for name in FILES}

    def put_back(self, card: dict[str, bytes]) -> None:
        """Go on with a copy of the card, after a power cut; not connected yet."""
        self.close()
        for name, raw in card.items():
            for tail in ("-wal", "-shm"):
                (self.folder / f"{name}{tail}").unlink(missing_ok=True)
            (self.folder / name).write_bytes(raw)
        self.start_backroom()
        self.start_bridge()

    def kill_bridge(self) -> None:
        self.view.close()
        self.store.close()
        self.start_bridge()
        self.connect()

    def kill_backroom(self) -> None:
        self.reader.close()
        self.link.close()
        self.journal.close()
        self.start_backroom()

    def turn(self) -> None:
        self.lan.turn(0)

    def back(self, *, crash: bool = False) -> None:
        """Let the backroom do one step, or end just before its first commit and start again."""
        self.journal.crash = crash
        try:
            self.room.step()
        except PowerCut:
            self.kill_backroom()
        self.journal.crash = False

    def receive(self, message: Message) -> None:
        self.lan.on_event(Received(message.topic, message.payload, retained=False))
        self.turn()

    def record(self, *facts: UpFact) -> None:
        self.journal.record(facts)

    def stock(self, amount: int) -> None:
        self.record(StockReceived([StockLine(TEA.sku, Quantity(amount))], self.world.clock.at))

    def account(self) -> Account:
        return accounts.read(self.journal.connection, TEA)

    def said(self, kind: type) -> list[object]:
        facts = [decode(raw).data for epoch in self.journal.epochs() for _, raw in self.journal.stored(epoch)]
        return [data for data in facts if isinstance(data, kind)]

    def close(self) -> None:
        self.view.close()
        self.store.close()
        self.reader.close()
        self.link.close()
        self.journal.close()


def void(_: object) -> None:
    """Take a result that nobody wants."""


def in_flight(world: World) -> int:
    """Return what left one till and is in no other's books; nothing may have come twice."""
    out: dict[str, int] = {}
    into: dict[str, int] = {}
    for till in world.tills.values():
        for kind, sums in ((RightsMoved, out), (RightsAccepted, into)):
            for fact in till.said(kind):
                assert isinstance(fact, RightsMoved | RightsAccepted)
                assert fact.move not in sums, f"{fact.move} was booked twice"
                sums[fact.move] = sum(line.quantity.amount for line in fact.lines)
    assert all(out.get(move) == amount for move, amount in into.items()), "what came is not what left"
    return sum(out.values()) - sum(into.values())
