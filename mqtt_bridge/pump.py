"""The kiosk's pump: outbox -> session -> link, and link -> store. One thread, one loop; the rules are the session's.

What the hub acknowledges is stored before it is believed, and what it sends is stored before it is acknowledged.
"""

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Literal

from contract.batch import (
    Ack,
    Batch,
    Status,
    StreamPosition,
    batch_mark,
    decode_ack,
    decode_batch,
    encode_batch,
    encode_message,
)
from contract.errors import Malformed
from contract.streams import Gap, log_stream, own_log, parse_lane_stream, parse_log_stream, place
from contract.values import MAX_EPOCH_LEAP, Address, Incarnation, Lane, Seq
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkTooLarge
from mqtt_bridge.link import Connected, Delivered, Disconnected, Link, LinkEvent, Received, Refused
from mqtt_bridge.ports import Outbox, Store
from mqtt_bridge.rivals import TWO_DEVICES, Rivals
from mqtt_bridge.session import NO_DOUBTS, Doubt, Session, status_positions
from mqtt_bridge.topics import ACK_DOWN, ACK_UP, DOWN_FACTS, STATUS, UP_REQUESTS, parse_topic, topic, up_facts
from mqtt_bridge.urgent import Urgency

log = logging.getLogger(__name__)

DISK_RETRY_S: Final = 1.0  # a disk that has room again is used within a second
POLL_S: Final = 0.05  # how soon a new fact of any lane is seen: the promised latency of a batch
WAKE_S: Final = 0.015  # how soon the till's are, for one may be a request: 15 ms to the broker, 1 % of a processor
ACKS_S: Final = 0.5  # how much of a draining backlog a kill may make the bridge send again
STATUS_S: Final = 30.0  # the hub's list of kiosks is never older than this while the link is up
MAX_EVENTS: Final = 64  # 8 MiB of full batches not yet handled; beyond that the link waits, and with it the broker
MAX_LOGS: Final = 16  # there are two, the fleet's and its own; this leaves room for those of later releases
MAX_DOWN_BYTES: Final = 2**30  # ten years of a thousand new prices a day; a sixteenth of the smallest card

Fate = Literal["heard", "taken", "repeated", "gapped", "outdated", "refused"]  # of a message that came down


class Pump:
    """Carries one kiosk's facts up and its hub's facts down, until told to stop."""

    def __init__(
        self,
        *,
        address: Address,
        outbox: Outbox,
        store: Store,
        session: Session,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        disk_failed: type[Exception],
        version: str = "",
    ) -> None:
        """Take the parts; :meth:`attach` gives the link, which needs :meth:`on_event` first.

        ``disk_failed`` is what outbox and store raise when the disk does not take or give something.
        """
        self._address = address
        self._outbox = outbox
        self._store = store
        self._session = session
        self._urgency = Urgency(session)
        self._rivals = Rivals()
        self._monotonic = monotonic
        self._now = now
        self._disk_failed = disk_failed
        self._disk_problem = ""
        self._version = version
        self._events: queue.Queue[LinkEvent] = queue.Queue(MAX_EVENTS)
        self._link: Link | None = None
        self._down: dict[str, tuple[int, int]] = {}  # log -> its newest generation, and the position in it
        for (name, generation), position in store.down_positions().items():
            self._down[name] = max(self._down.get(name, (0, 0)), (generation, position))
        self._down_bytes = store.down_bytes()
        self.fates: Counter[Fate] = Counter()
        self._status_due_s = 0.0
        self._online = False
        self._clear_to_send = True
        self._told_online = False
        self._problem = ""
        self._said: set[str] = set()
        self._learn_growth()
        known, session.incarnation = store.acks(), store.incarnation()
        self._strayed: dict[str, tuple[int, int]] = {}  # lane -> epoch and position; stored with the next turn
        self._saved_strayed: dict[str, tuple[int, int]] = {}
        for stream, newest in session.newest().items():
            if known.get(stream, 0) > newest:
                self._note_strayed(stream, known[stream])
            session.restore(stream, known.get(stream, 0), incarnation=session.incarnation)
        self._saved = (session.incarnation, session.positions())
        self._acks_due_s = 0.0

    def attach(self, link: Link) -> None:
        """Take the link whose events :meth:`on_event` gets."""
        self._link = link

    def on_event(self, event: LinkEvent) -> None:
        """Take an event from the link's thread; when the loop hangs this blocks the link, and so the broker."""
        self._events.put(event)

    def run(self, stopped: threading.Event) -> None:
        """Carry facts until ``stopped``; sleeps in between.

        While the disk fails, nothing that came is acknowledged, so that it comes again; it is tried every second, and
        said once when it begins and once when it ends.
        """
        while not stopped.is_set():
            try:
                self.turn()
            except self._disk_failed as error:
                self._tell_disk(str(error))
                stopped.wait(DISK_RETRY_S)
            else:
                self._tell_disk("")
        self._publish_status(online=False)

    def turn(self) -> None:
        """Do what is due, then wait for an event or the next poll."""
        self._save_strayed()  # first, for it may be why an acknowledgement is no longer believed
        self._save_acks()
        self._learn_growth()
        all_sent = self._say_urgent() and self._send_due()
        now_s = self._monotonic()
        if self._online and now_s >= self._status_due_s:
            self._publish_status()
            self._tell_state("" if self._problem == TWO_DEVICES else self._problem)  # it may be over
        due_s = min(self._session.wake_in(now_s), self._urgency.wake_in(now_s))
        try:
            self._handle(self._next_event(min(POLL_S, due_s) if all_sent else POLL_S))
            for _ in range(MAX_EVENTS):  # whoever floods us does not keep us from sending
                self._handle(self._events.get_nowait())
        except queue.Empty:
            return

    def _next_event(self, wait_s: float) -> LinkEvent:
        """Return the next event within ``wait_s``; raises queue.Empty also as soon as the till has written."""
        for _ in range(int(wait_s / WAKE_S)) if self._online else ():
            with suppress(queue.Empty):
                return self._events.get(timeout=WAKE_S)
            if self._outbox.stirred():
                raise queue.Empty
            wait_s -= WAKE_S
        return self._events.get(timeout=max(0.0, wait_s))

    def _learn_growth(self) -> None:
        """Learn how far each stream is; what was put back shorter may have been sent, so its numbers are taken."""
        known, now = self._session.newest(), self._outbox.newest()
        lanes = {stream.partition("@")[0] for stream in now}
        gone = {stream: 0 for stream in known if stream not in now and stream.partition("@")[0] in lanes}
        for stream, newest in {**now, **gone}.items():
            if newest < known.get(stream, 0):
                self._note_strayed(stream, known[stream])
            self._session.grew(stream, newest, self._monotonic(), self._outbox.priority(stream))

    def _say_urgent(self) -> bool:
        """Say the requests that are due, ahead of any batch; return False where the broker stood in the way."""
        self._urgency.pending(self._outbox.urgent(self._session.positions()))
        while request := self._urgency.due(self._monotonic()):
            if not self._clear_to_send or not self._publish(topic(self._address, UP_REQUESTS), request.payload):
                return False
            self._urgency.said(request, self._monotonic())
        return True

    def _send_due(self) -> bool:
        """Send what is due; return False where something stood in the way: the broker, or the journal's file."""
        while send := self._session.due(self._monotonic()):
            if not self._clear_to_send:
                return False
            facts = self._outbox.read(send.stream, send.first)
            if not facts:
                return False  # the journal's file is away for the moment; the next turn asks again
            payload = encode_batch(send.stream, Seq(send.first), facts, Seq(send.newest))
            _, lane = parse_lane_stream(send.stream, "stream")
            if not self._publish(up_facts(self._address, lane), payload):
                return False
            mark = batch_mark(payload)
            self._session.sent(send.stream, send.first, len(facts), len(payload), self._monotonic(), mark=mark)
        return True

    def _handle(self, event: LinkEvent) -> None:
        match event:
            case Connected(broker, _):
                self._online, self._clear_to_send = True, True
                self._rivals.begun(event, self._monotonic())
                self._said.clear()
                log.info("link: connected to %s", broker)
                self._session.connected(self._monotonic())
                self._urgency.connected()
                self._tell_state("")
                self._publish_status()
                self._acknowledge_down()  # a hub that was away, or went back, learns where to go on
            case Disconnected(reason):
                self._online = False
                self._rivals.ended(event, self._monotonic())
                self._session.disconnected()
                self._urgency.disconnected()
                self._tell_state(reason)
            case Refused(at, reason):
                self._clear_to_send = True
                if at == topic(self._address, UP_REQUESTS):
                    self._urgency.refused(self._monotonic())
                elif f"/{self._address}/up/" in at:
                    self._session.refused(self._monotonic())
                    self._tell_state(
                        f"the broker passed a batch on to no hub ({reason}): see that the hub is connected"
                    )
            case Delivered():
                self._clear_to_send = True
            case Received(at, payload, _):
                self._receive(at, payload)

    def _receive(self, at: str, payload: bytes) -> None:
        try:
            self.fates[self._take(at, payload)] += 1
        except Malformed as error:
            self.fates["refused"] += 1
            kind = f"refused {at[-len(ACK_UP) :]}"
            if len(self._said) < MAX_EVENTS and kind not in self._said:  # the first of a kind on a connection
                self._said.add(kind)
                log.warning("refused a message on %r: %r; further ones are not told", at[:200], str(error)[:200])

    def _take(self, at: str, payload: bytes) -> Fate:
        """Take a message, or raise Malformed; return what became of it."""
        address, leaf = parse_topic(at)
        if address == self._address and leaf == ACK_UP:
            return self._take_ack(decode_ack(payload))
        if address == self._address and leaf == DOWN_FACTS:
            return self._take_batch(decode_batch(payload))
        raise Malformed("it is not for this kiosk", "topic")

    def _take_ack(self, ack: Ack) -> Fate:
        before = self._session.incarnation
        positions = {position.stream: int(position.position) for position in ack.positions}
        now_s = self._monotonic()
        doubts = self._find_doubts(ack.positions) if ack.incarnation >= before else NO_DOUBTS
        self._session.acknowledged(
            positions,
            incarnation=ack.incarnation,
            resume=ack.resume,
            doubts=doubts,
            heard=ack.heard,
            now_s=now_s,
        )
        if ack.incarnation > before > 0:
            log.warning("the hub is of incarnation %s, was %s: sending again what it lost", ack.incarnation, before)
        return "heard" if ack.incarnation >= before else "outdated"

    def _find_doubts(self, positions: Sequence[StreamPosition]) -> Mapping[str, Doubt]:
        """Return what positions say less of than usual; where the hub holds what the journal does not, note that."""
        doubts: dict[str, Doubt] = {}
        newest = self._session.newest()
        for one in positions:
            if one.position > newest.get(one.stream, 0) or self._differs(one):
                doubts[one.stream] = "strange"
            elif one.broken:
                doubts[one.stream] = "broken"
            if one.stream in doubts:
                self._note_strayed(one.stream, one.position)
        return doubts

    def _note_strayed(self, stream: str, position: int) -> None:
        """Note that the journal lost what is, or may be, known elsewhere: its till begins a new epoch for it."""
        with suppress(Malformed):  # a lane of a newer release
            epoch, lane = parse_lane_stream(stream, "$.positions")
            known = self._strayed.get(lane.value, (0, 0))
            if epoch <= self._newest_epoch(lane) + MAX_EPOCH_LEAP:  # a lie must not stand where the truth would
                self._strayed[lane.value] = max(known, (int(epoch), position))

    def _newest_epoch(self, lane: Lane) -> int:
        streams = (name.partition("@") for name in self._session.newest())
        return max((int(epoch) for of, _, epoch in streams if of == lane), default=0)

    def _differs(self, one: StreamPosition) -> bool:
        known = one.digest and one.stream in self._session.newest()  # no other is a stream of this release
        ours = self._outbox.digest(one.stream, one.position) if known else None
        return ours is not None and ours != one.digest

    def _save_strayed(self) -> None:
        for lane, (epoch, position) in self._strayed.items():
            saved = self._saved_strayed.get(lane)
            if saved != (epoch, position):
                if saved is None or saved[0] != epoch:
                    log.error("the hub holds facts of %s@%s (%s) that are not in this journal", lane, epoch, position)
                self._store.save_strayed(lane, epoch, position)
                self._saved_strayed[lane] = (epoch, position)

    def _save_acks(self) -> None:
        """Store what the hub acknowledged since; a disk that did not take it is asked again in the next turn.

        While a backlog drains, not each time: it costs a sync of the disk that the till sells on.
        """
        known, now_s = (self._session.incarnation, self._session.positions()), self._monotonic()
        if known == self._saved or known[0] == 0 or (self._only_further(known) and now_s < self._acks_due_s):
            return
        self._store.save_acks(known[1], incarnation=known[0], at=self._now())
        self._saved, self._acks_due_s = known, now_s + ACKS_S
        self._tell_state("")

    def _only_further(self, known: tuple[int, dict[str, int]]) -> bool:
        """Return whether facts are still to be acknowledged, and nothing was taken back."""
        (incarnation, before), (present, positions) = self._saved, known
        fell = any(positions.get(stream, 0) < position for stream, position in before.items())
        return self._session.backlog() > 0 and incarnation == present and not fell

    def _take_batch(self, batch: Batch) -> Fate:
        name, generation = parse_log_stream(batch.head.stream, "$.head.stream")
        if "/" in name and name != own_log(self._address):
            raise Malformed(f"{name} is another kiosk's own log", "$.head.stream")
        born, position = self._down.get(name, (generation, 0))
        if born > generation:
            return "outdated"  # an older life of the log: its hub lost it, and began a new one with all that counts
        if born < generation:
            position = 0
        where = place(position, batch.head.first, batch.head.count)
        if isinstance(where, Gap):
            self._acknowledge_down(resume=True)
            return "gapped"
        new = batch.facts[where.repeats :]
        if new:
            self._check_room(name, sum(map(len, new)))
            self._store.accept(name, generation, position + 1, new)
            self._down[name] = (generation, position + len(new))
            if born == generation:
                self._down_bytes += sum(map(len, new))
            else:
                self._down_bytes = self._store.down_bytes()  # a new generation may have let older ones go
        self._acknowledge_down()
        return "taken" if new else "repeated"

    def _check_room(self, name: str, size: int) -> None:
        if name not in self._down and len(self._down) >= MAX_LOGS:
            raise Malformed(f"more than {MAX_LOGS} logs", "$.head.stream")
        if self._down_bytes + size > MAX_DOWN_BYTES:
            self._tell_state(f"what came from the hub fills {MAX_DOWN_BYTES >> 20} MiB: nothing more is taken from it")
            raise Malformed(f"more than {MAX_DOWN_BYTES} bytes in all", "$")

    def _acknowledge_down(self, *, resume: bool = False) -> None:
        positions = [
            StreamPosition(log_stream(name, born), Seq(position))
            for name, (born, position) in sorted(self._down.items())
        ]
        ack = Ack(Incarnation(max(1, self._session.incarnation)), positions, resume)
        self._publish(topic(self._address, ACK_DOWN), encode_message(ack))

    def _publish_status(self, *, online: bool = True) -> None:
        self._status_due_s = self._monotonic() + STATUS_S
        status = Status(
            online=online,
            incarnation=Seq(self._session.incarnation),
            newest=status_positions(self._session.newest()),
            acked=status_positions(self._session.positions()),
            version=self._version,
        )
        self._publish(topic(self._address, STATUS), encode_message(status), retain=True)

    def _publish(self, at: str, payload: bytes, *, retain: bool = False) -> bool:
        if self._link is None or not self._online:
            return False
        try:
            self._link.publish(at, payload, retain=retain)
        except LinkBusy:
            self._clear_to_send = False  # Delivered or Refused clears it
            return False
        except LinkDown:
            return False  # Disconnected is on its way
        except LinkTooLarge as error:
            self._session.refused(self._monotonic())
            self._tell_state(str(error))
            return False
        return True

    def _tell_disk(self, problem: str) -> None:
        if bool(problem) != bool(self._disk_problem):
            if problem:
                log.error("%s; nothing that comes is acknowledged until then", problem)
            else:
                log.warning("the disk works again")
        self._disk_problem = problem

    def _tell_state(self, problem: str) -> None:
        problem = self._rivals.words(self._monotonic()) or problem
        if (self._online, problem) != (self._told_online, self._problem):
            if problem and problem not in self._said:  # once an outage, however many brokers take turns to fail
                log.warning("link: %s", problem)
                self._said.add(problem)
            self._store.save_state(connected=self._online, problem=problem)
            self._told_online, self._problem = self._online, problem
