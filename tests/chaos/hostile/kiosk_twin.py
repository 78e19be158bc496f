"""A kiosk's pump between real files and a link that a test holds both ends of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hub_books import HandClock
from mosquitto_record import seeded

from contract.codec import Stamp
from contract.every import UpFact
from contract.values import Lane, parse_address
from hub.intake.arrivals import Message
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.schema import TILL
from mqtt_bridge.link import Connected, Delivered, LinkEvent, Received
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Session

K1: Final = parse_address("demo/market/k1")


class TwinClock(HandClock):
    """A clock for a journal as well."""

    def stamp(self) -> Stamp:
        return Stamp(at=self.at, clock="trusted", boot="", mono_ns=int(self.elapsed_s * 1e9) + 1)


class TwinWire:
    """A link that keeps what it is given."""

    def __init__(self) -> None:
        self.published: list[Message] = []

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.published.append(Message(topic, payload, retain))

    def take(self) -> list[Message]:
        taken, self.published = self.published, []
        return taken


class KioskTwin:
    """One kiosk: a real till's journal, link.db, outbox, session and pump."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = TwinClock()
        path = lane_path(folder, Lane.TILL)
        self.journal = Journal(path, TILL, address=K1, lane=Lane.TILL, clock=self.clock)
        self.store = LinkStore(folder / "link.db", K1)
        self.outbox = Outbox(folder, K1)
        self.session = Session(rng=seeded(1))
        self.wire = TwinWire()
        self.pump = Pump(
            address=K1,
            outbox=self.outbox,
            store=self.store,
            session=self.session,
            monotonic=self.clock.monotonic_s,
            now=self.clock.now,
            disk_failed=StorageFailed,
        )
        self.pump.attach(self.wire)
        self.turn(Connected("broker", session_present=False))

    def record(self, *facts: UpFact) -> None:
        self.journal.record(facts)

    def turn(self, *events: LinkEvent) -> None:
        """Let the pump do one turn with ``events``; there always is one, so that it never waits."""
        for event in events or (Delivered(""),):
            self.pump.on_event(event)
        self.pump.turn()

    def hear(self, messages: Sequence[Message]) -> None:
        """Let the pump do one turn with messages."""
        self.turn(*(Received(one.topic, one.payload, one.retain) for one in messages))

    def stored(self) -> list[bytes]:
        return [raw for _, raw in self.journal.stored(self.journal.epoch)]

    def close(self) -> None:
        self.store.close()
        for lane in self.outbox._lanes.values():
            if lane._connection:
                lane._connection.close()
        self.journal.connection.close()
