"""From the down logs to kiosks: each kiosk's own log, urgent, and its region's; the same session code as the way up.

Only kiosks that are online are sent anything: a broker's queue for a kiosk that is away would hold what the session
sends anyway when it is back. One thread owns a downlink.
"""

import random
from collections.abc import Callable, Iterable
from typing import Final

from sqlalchemy import Connection

from contract.batch import MAX_BATCH_BYTES, MAX_BATCH_FACTS, encode_batch
from contract.streams import AVAILABILITY, FLEET, parse_log_stream
from contract.streams import own_log as own_log_name
from contract.values import Address, Seq
from hub.downlink.line import LEISURELY, ORDINARY, URGENT, DownLine
from hub.intake.arrivals import DownAcked, Message, Told
from hub.intake.senders import has_nothing, newest_epoch
from hub.store import down, own_log
from hub.store.database import Store
from hub.store.inbox import find_kiosk
from mqtt_bridge.session import Limits, Send
from mqtt_bridge.topics import DOWN_FACTS, topic

LOOK_EVERY_S: Final = 0.25  # how soon is seen what others wrote: a command, another hub; two small queries
SHARED: Final = (FLEET, AVAILABILITY)  # logs that every kiosk of a region is told
_HEAD_BYTES: Final = 512

Publish = Callable[[Message], bool]


class Downlink:
    """Tells every kiosk that is online what it does not have yet."""

    def __init__(self, store: Store, rng: random.Random, *, limits: Limits | None = None) -> None:
        """Begin with nobody online."""
        self._store = store
        self._rng = rng
        self._limits = limits or Limits(window_batches=4)  # 120 kiosks in one broker's queue for one hub
        self._lines: dict[Address, DownLine] = {}
        self._looked_at_s = float("-inf")
        self._batches: dict[tuple[str, Send], tuple[int, bytes]] = {}  # while they are sent: most kiosks get the same

    def disconnected(self) -> None:
        """Forget who is online: each kiosk's status comes again with the next connection."""
        self._lines.clear()

    def heard(self, told: Iterable[Told], acked: Iterable[DownAcked], now_s: float) -> None:
        """Learn who is online and what they have; raises WorldFailed."""
        for one in told:
            if not one.status.online:
                self._lines.pop(one.address, None)
            elif self._is_new(one):
                self._open(one.address)
                self._looked_at_s = float("-inf")
        self.look(now_s)
        for ack in acked:
            if line := self._lines.get(ack.address):
                line.told(ack.ack, now_s)

    def look(self, now_s: float, *, at_once: bool = False) -> None:
        """Look how far the logs reach: ``at_once``, or every ``LOOK_EVERY_S``; raises WorldFailed."""
        if not self._lines or (not at_once and now_s - self._looked_at_s < LOOK_EVERY_S):
            return
        self._looked_at_s = now_s
        with self._store.read() as connection:
            regions = {address.region for address in self._lines}
            shared = {
                region: [(log, end) for log in SHARED if (end := down.log_end(connection, region, log))]
                for region in regions
            }
            own = own_log.ends(connection, [line.kiosk_id for line in self._lines.values()])
            for line in self._lines.values():
                if line.kiosk_id in own:
                    self._reaches(connection, line, own_log_name(line.address), *own[line.kiosk_id], URGENT, now_s)
                for log, end in shared[line.address.region]:
                    priority = ORDINARY if log == FLEET else LEISURELY
                    self._reaches(connection, line, log, end.generation, end.position, priority, now_s)

    def send(self, publish: Publish, now_s: float) -> None:
        """Hand what is due to ``publish`` until it says that the link takes no more; raises WorldFailed."""
        try:
            for line in self._lines.values():
                while due := line.due(now_s):
                    if not self._send(line, due, publish, now_s):
                        return
        finally:
            self._batches.clear()

    def refused(self, address: Address, now_s: float) -> None:
        """Learn that the broker did not take what was for a kiosk."""
        if line := self._lines.get(address):
            line.refused(now_s)

    def wake_in(self, now_s: float) -> float:
        """Return the seconds until something may be due."""
        looks = [LOOK_EVERY_S] if self._lines else []
        return min([*looks, *(line.wake_in(now_s) for line in self._lines.values())], default=1.0)

    @property
    def online(self) -> int:
        """Return how many kiosks are online."""
        return len(self._lines)

    def _is_new(self, told: Told) -> bool:
        line = self._lines.get(told.address)
        return line is None or newest_epoch(told.status) > line.epoch or has_nothing(told.status)

    def _open(self, address: Address) -> None:
        with self._store.read() as connection:
            kiosk = find_kiosk(connection, address)
        if kiosk:
            self._lines[address] = DownLine(kiosk.id, address, kiosk.epoch, rng=self._rng, limits=self._limits)

    def _reaches(  # noqa: PLR0917 - where a log ends, for whom, and how urgent it is
        self,
        connection: Connection,
        line: DownLine,
        log: str,
        generation: int,
        position: int,
        priority: int,
        now_s: float,
    ) -> None:
        is_new = generation != line.generation(log)
        acked = down.cursor(connection, line.kiosk_id, log, generation) if is_new else 0
        line.reaches(log, generation, position, acked=acked, priority=priority, now_s=now_s)

    def _send(self, line: DownLine, due: Send, publish: Publish, now_s: float) -> bool:
        count, payload = self._batch(line, due)
        if not count:  # a newer generation began, and this one was let go: look at once, and send nothing before
            self._looked_at_s = float("-inf")
            line.refused(now_s)
            return True
        if not publish(Message(topic(line.address, DOWN_FACTS), payload)):
            return False
        line.sent(due, count, len(payload), now_s)
        return True

    def _batch(self, line: DownLine, due: Send) -> tuple[int, bytes]:
        """Return how many facts the next batch for a kiosk holds, and the batch."""
        key = (line.address.region, due)
        if key not in self._batches:
            log, generation = parse_log_stream(due.stream, "stream")
            with self._store.read() as connection:
                raws = down.read_log(connection, line.address.region, log, generation, due.first, limit=MAX_BATCH_FACTS)
            facts = _fitting(raws)
            payload = encode_batch(due.stream, Seq(due.first), facts, Seq(due.newest)) if facts else b""
            self._batches[key] = len(facts), payload
        return self._batches[key]


def _fitting(raws: list[bytes]) -> list[bytes]:
    """Return as many facts as fit in a batch, at least one."""
    size = _HEAD_BYTES
    for count, raw in enumerate(raws):
        size += len(raw) + 1
        if size > MAX_BATCH_BYTES and count:
            return raws[:count]
    return raws
