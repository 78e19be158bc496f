"""One kiosk of the machine: journals on a card, a till that asks before every fact, a bridge that can be killed."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from machine_card import LINK, Copy, Notes, copy_files, put_back, put_back_in_place, remove
from machine_knowledge import Heard, Knowledge
from machine_network import MachineClock, Network, TwinLink
from machine_parts import LANES, LIMITS, Parts
from mosquitto_record import seeded

from contract.batch import Status, decode_ack, encode_message
from contract.codec import decode
from contract.every import UpFact
from contract.facts import RefundRecorded, SaleRecorded
from contract.values import Address, Epoch, Lane
from hub.intake.arrivals import Message
from kiosk.journal.errors import StorageFailed
from kiosk.journal.links import LinkReader
from kiosk.journal.outbox import lane_path
from kiosk.journal.schema import OF_LANE
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received
from mqtt_bridge.topics import ACK_UP, STATUS, topic


class KioskTwin:
    """One card in one kiosk. Several may have one address: that is a clone."""

    def __init__(
        self,
        folder: Path,
        address: Address,
        network: Network,
        clock: MachineClock,
        parts: Parts,
        *,
        notes: Notes | None = None,
        heard: Heard | None = None,
    ) -> None:
        self.folder = folder
        self.address = address
        self.network = network
        self.clock = clock
        self.parts = parts
        self.notes = notes or Notes()
        self.knowledge = Knowledge(heard or Heard())
        self.copies: list[Copy] = []
        self.copied = 0
        self.lives = 0  # how often the card was changed under the bridge's beliefs
        self.start()

    def start(self, first_epoch: int = 1) -> None:
        """Everything starts, the till first; it begins in ``first_epoch`` if its settings say so."""
        self.start_till(first_epoch)
        self.start_bridge()

    def start_till(self, first_epoch: int = 1) -> None:
        self.journals = {
            lane: self.parts.journal(
                lane_path(self.folder, lane),
                OF_LANE[lane],
                address=self.address,
                lane=lane,
                clock=self.clock,
                first_epoch=Epoch(first_epoch),
            )
            for lane in LANES
        }
        self.reader = LinkReader(self.folder / LINK)
        for lane in LANES:
            self.notes.epochs[lane] = max(first_epoch, self.notes.epochs[lane])
            self.follow(lane)

    def stop_till(self) -> None:
        if self.reader._connection:
            self.reader._connection.close()
        for journal in self.journals.values():
            journal.close()

    def start_bridge(self) -> None:
        self.outbox = self.parts.outbox(self.folder, self.address)
        self.store = self.parts.links(self.folder / LINK, self.address)
        self.session = self.parts.session(rng=seeded(1), limits=LIMITS)
        self.pump = self.parts.pump(
            address=self.address,
            outbox=self.outbox,
            store=self.store,
            session=self.session,
            monotonic=self.clock.monotonic_s,
            now=self.clock.now,
            disk_failed=StorageFailed,
        )
        self.seen = self._lengths()
        for known in (self.knowledge.live.ends, self.seen):
            self.knowledge.live.compare(self.notes.diary, known)
        self.link = TwinLink(self.network)
        self.pump.attach(self.link)

    def kill_bridge(self) -> None:
        """End the bridge where it stands; the broker publishes its will."""
        self._say_farewell()
        self.store.close()
        self.outbox.close()
        self.knowledge.forget()

    def record(self, lane: Lane, facts: Sequence[UpFact]) -> dict[str, list[tuple[int, bytes]]]:
        """Sell, and write aside what was recorded; return it."""
        self.follow(lane)
        journal = self.journals[lane]
        epoch = self.notes.epochs[lane]
        stream = f"{lane}@{epoch}"
        diary = self.notes.diary.setdefault(stream, [])
        before = len(diary)
        recorded = journal.record(facts)
        assert journal.epoch == epoch, f"{stream}: recorded in epoch {journal.epoch}"
        numbers = [int(one.seq) for one in recorded]
        assert numbers == list(range(before + 1, before + 1 + len(facts))), f"numbers {numbers} were given"
        new = [(int(seq), raw) for seq, raw in journal.stored(journal.epoch) if seq > before]
        diary.extend(raw for _, raw in new)
        self._check_receipts(epoch, diary, before)
        return {stream: new}

    def follow(self, lane: Lane) -> None:
        """Let the till ask whether it may go on: it goes beyond what it must know of, and begins none for nothing."""
        own, newest, known = self.notes.epochs[lane], self.notes.newest(lane), self.knowledge.stored
        must, may = (ask(lane, own, newest) for ask in (known.must_go_beyond, known.may_go_beyond))
        told = self.parts.follow(self.journals[lane], self.reader)
        now = self.journals[lane].epoch
        assert must is None or now > must, f"{self.address} {lane}@{now}: others hold more of epoch {must}"
        assert now == own or (may is not None and own < now <= may + 1), f"{lane}: epoch {now} after {own} for nothing"
        assert told == (now if now != own else None), f"{lane}: the till is not told of epoch {now}"
        self.notes.epochs[lane] = now

    def _check_receipts(self, epoch: int, diary: Sequence[bytes], before: int) -> None:
        given = [
            (number, fact.receipt)
            for number, fact in enumerate((decode(raw).data for raw in diary), 1)
            if isinstance(fact, SaleRecorded | RefundRecorded)
        ]
        for n, (number, receipt) in enumerate(given, 1):
            wanted = f"{self.address.kiosk}-{epoch}-{n}"
            assert number <= before or receipt == wanted, f"receipt {receipt} where {wanted} is due"

    def turn(self, event: LinkEvent | None = None) -> None:
        """Let the bridge do one turn and handle ``event``; there always is one, so that it never waits."""
        believed = self.session.incarnation, dict(self.session.positions())
        self.pump.on_event(event or Delivered(""))
        self.pump.turn()
        self.knowledge.store(positions=self._is_stored(*believed))
        before, self.seen = self.seen, self._lengths()
        for known in (before, self.seen):
            self.knowledge.live.compare(self.notes.diary, known)
        if isinstance(event, Received) and event.topic == topic(self.address, ACK_UP):
            self.knowledge.hear(decode_ack(event.payload), self.notes.diary)

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

    def copy(self) -> None:
        self.copied += 1
        folder = self.folder / "copies" / str(self.copied)
        self.copies.append(copy_files(self.folder, folder, self.notes, self.knowledge.stored))

    def restore(self, index: int, *, link: bool) -> None:
        """Put an older copy of the journals in place, with or without link.db; everything restarts, as on a Pi."""
        copy = self.copies[index % len(self.copies)]
        self.kill_bridge()
        self.stop_till()
        put_back(copy, self.folder, link=link)
        self._take_over(copy)
        if link:
            self.knowledge = Knowledge(copy.heard)
        self.start()

    def restore_till(self, index: int) -> None:
        """Put an older copy of the journals in place under a running bridge; it looks before anybody can sell."""
        copy = self.copies[index % len(self.copies)]
        self.stop_till()
        put_back_in_place(copy, self.folder)
        self._take_over(copy)
        self.start_till()
        self.turn()

    def exchange(self, first_epoch: int) -> None:
        """Put a new card in: nothing is on it, but for settings that may say in which epoch it begins."""
        self.kill_bridge()
        self.stop_till()
        for name in ("till.db", "sense.db", LINK):
            remove(self.folder / name)
        self._take_over(Copy(self.folder, Notes(), Heard()))
        self.knowledge = Knowledge(Heard())
        self.start(first_epoch)

    def _is_stored(self, incarnation: int, positions: Mapping[str, int]) -> bool:
        kept = self.store.acks()
        return self.store.incarnation() >= incarnation and all(
            kept.get(stream, 0) >= position for stream, position in positions.items()
        )

    def _lengths(self) -> dict[str, int]:
        return {stream: len(facts) for stream, facts in self.notes.diary.items()}

    def _take_over(self, copy: Copy) -> None:
        self.notes = deepcopy(copy.notes)
        self.lives += 1

    def _say_farewell(self) -> None:
        if self.link.online:
            self.link.online = False
            will = encode_message(Status(online=False))
            self.network.send_up(Message(topic(self.address, STATUS), will, retain=True))

    def close(self) -> None:
        self.store.close()
        self.outbox.close()
        self.stop_till()
