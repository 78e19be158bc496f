"""One kiosk of the rights machine: a till's journal, its backroom and its bridge, each of which can be killed."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from machine_network import MachineClock, Network, TwinLink
from machine_parts import LIMITS, SmallBatches
from mosquitto_record import seeded

from contract.batch import Status, encode_message
from contract.codec import decode
from contract.every import UpFact
from contract.stock import Account, StockKey
from contract.values import Address, Epoch, Lane, Seq, Sku
from hub.intake.arrivals import Message
from kiosk.backroom.rights import RightsRoom
from kiosk.core.reservations import Reservation, State
from kiosk.journal import accounts, reservations
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal, Writing
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.lives import follow
from kiosk.journal.outbox import lane_path
from kiosk.journal.schema import OF_LANE
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Session
from mqtt_bridge.topics import ACK_UP, STATUS, topic

FILES: Final = ("till.db", "link.db")


class PowerCut(BaseException):
    """The process ended here."""


class Noted(NamedTuple):
    """One fact as it stands in a journal."""

    epoch: int
    seq: int
    raw: bytes
    data: UpFact


class FragileJournal(Journal):
    """A till's lane whose process can end just before it commits."""

    crash = False

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with super().writing() as writing:
            yield writing
            if self.crash:
                raise PowerCut


class RightsKiosk:
    """One card in one kiosk. ``stray``: another card of its name, or an older one, is or was about."""

    def __init__(
        self, folder: Path, address: Address, network: Network, clock: MachineClock, new_id: Callable[[], str]
    ) -> None:
        self.folder = folder
        self.address = address
        self.network = network
        self.clock = clock
        self.new_id = new_id
        self.stray = False
        self.copies: list[Path] = []
        self.known: dict[int, int] = {}  # epoch -> how far its facts were looked at
        self.start()

    def start(self, first_epoch: int = 1) -> None:
        self.start_till(first_epoch)
        self.start_bridge()

    def start_till(self, first_epoch: int = 1) -> None:
        self.journal = FragileJournal(
            lane_path(self.folder, Lane.TILL),
            OF_LANE[Lane.TILL],
            address=self.address,
            lane=Lane.TILL,
            clock=self.clock,
            first_epoch=Epoch(first_epoch),
        )
        self.reader = LinkReader(self.folder / "link.db")
        self.journal.before_record = lambda: _follow(self.journal, self.reader)
        self.start_backroom()

    def start_backroom(self) -> None:
        self.room = RightsRoom(
            self.journal, self.clock, self.reader, new_id=self.new_id, linked=lambda: self.link.online
        )

    def start_bridge(self) -> None:
        self.outbox = SmallBatches(self.folder, self.address)
        self.store = LinkStore(self.folder / "link.db", self.address)
        self.pump = Pump(
            address=self.address,
            outbox=self.outbox,
            store=self.store,
            session=Session(rng=seeded(1), limits=LIMITS),
            monotonic=self.clock.monotonic_s,
            now=self.clock.now,
            disk_failed=StorageFailed,
        )
        self.link = TwinLink(self.network)
        self.pump.attach(self.link)

    def stop_till(self) -> None:
        if self.reader._connection:
            self.reader._connection.close()
        self.journal.close()

    def kill_bridge(self) -> None:
        self._say_farewell()
        self.store.close()
        self.outbox.close()

    # --------------------------------------------------------------------------------------------------------- journal

    @property
    def epoch(self) -> int:
        return self.journal.follow_epoch()

    @property
    def position(self) -> int:
        self.epoch  # noqa: B018 - another process may have begun one
        return self.journal.newest()

    def record(self, facts: Sequence[UpFact]) -> None:
        self.journal.record(facts)

    def back(self, *, crash: bool = False) -> None:
        """Let the backroom do one step; or end just before its first commit, and start again."""
        self.journal.crash = crash
        try:
            self.room.step()
        except PowerCut:
            self.stop_till()
            self.start_till()
        self.journal.crash = False

    def new_facts(self) -> Iterator[Noted]:
        """Yield what was recorded since this was asked last."""
        for epoch in self.journal.epochs():
            for seq, raw in self.journal.stored(epoch, Seq(self.known.get(epoch, 0))):
                self.known[epoch] = seq
                yield Noted(epoch, seq, raw, decode(raw).data)  # type: ignore[arg-type]

    def account(self, sku: str) -> Account:
        return accounts.read(self.journal.connection, StockKey(Sku(sku)))

    def accounts(self) -> dict[tuple[int, StockKey], Account]:
        """Return every account of every life that this card has had."""
        db, epoch = self.journal.connection, self.epoch
        past = {(int(of), key): account for of, key, account in accounts.every_past(db)}
        return past | {(epoch, key): account for key, account in accounts.every(db)}

    def held(self, *states: State) -> list[Reservation]:
        return reservations.in_state(self.journal.connection, *(states or (State.HELD,)))

    # ------------------------------------------------------------------------------------------------------------ link

    def turn(self, event: LinkEvent | None = None) -> None:
        """Let the bridge do one turn; there always is an event, so that it never waits."""
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

    # ------------------------------------------------------------------------------------------------------------ card

    def copy(self) -> None:
        target = self.folder / f"copy{len(self.copies)}"
        copy_card(self.folder, target)
        self.copies.append(target)

    def restore(self, index: int) -> None:
        """Put an older copy of the card in place, all of it."""
        self._change(self.copies[index % len(self.copies)])
        self.stray = True
        self.start()
        self.known = {int(epoch): int(seq) for epoch, seq in self.journal.ends().items()}

    def exchange(self, first_epoch: int) -> None:
        """Put a new card in, whose settings say in which epoch it begins."""
        self._change(None)
        self.known = {}
        self.start(first_epoch)

    def _change(self, source: Path | None) -> None:
        self.kill_bridge()
        self.stop_till()
        for name in FILES:
            for suffix in ("", "-wal", "-shm"):
                (self.folder / f"{name}{suffix}").unlink(missing_ok=True)
            if source:
                shutil.copyfile(source / name, self.folder / name)

    def close(self) -> None:
        self.store.close()
        self.outbox.close()
        self.stop_till()


def copy_card(card: Path, target: Path) -> None:
    """Copy a card's files while everything runs."""
    target.mkdir(parents=True)
    for name in FILES:
        with closing(sqlite3.connect(card / name)) as source, closing(sqlite3.connect(target / name)) as copy:
            source.backup(copy)


def _follow(journal: Journal, reader: LinkReader) -> None:
    follow(journal, reader)
