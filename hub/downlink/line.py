"""One kiosk's end of the downlink: its session, and which generations of its logs it is told.

A kiosk is told its own log, which is urgent, and those that its region's kiosks share.
"""

import random
from collections.abc import Mapping

from contract.batch import Ack
from contract.streams import log_stream
from contract.values import Address
from mqtt_bridge.session import Limits, Send, Session

SAME_LIFE = 1  # a kiosk says itself when it lost something: `told` begins anew then
URGENT, ORDINARY, LEISURELY = 0, 1, 2  # a kiosk's own log, its region's, and news that nothing is decided by


class DownLine:
    """What one kiosk that is online is told, and what it has."""

    def __init__(self, kiosk_id: int, address: Address, epoch: int, *, rng: random.Random, limits: Limits) -> None:
        """Begin with nothing to tell."""
        self.kiosk_id = kiosk_id
        self.address = address
        self.epoch = epoch
        self._rng = rng
        self._limits = limits
        self._reach: dict[str, tuple[int, int]] = {}  # log -> its newest generation, and the last position in it
        self._priorities: dict[str, int] = {}
        self._session = Session(rng=rng, limits=limits)

    def generation(self, log: str) -> int:
        """Return which generation of a log the kiosk is told, 0 for none."""
        return self._reach.get(log, (0, 0))[0]

    def reaches(self, log: str, generation: int, position: int, *, acked: int, priority: int, now_s: float) -> None:
        """Learn how far a log reaches; ``acked`` counts where a generation is new to this line."""
        self._priorities[log] = priority
        known, newest = self._reach.get(log, (0, 0))
        if generation != known:
            had = self._acked()
            self._reach[log] = (generation, position)
            self._begin({**had, log_stream(log, generation): acked}, now_s)
        elif position > newest:
            self._reach[log] = (generation, position)
            self._session.grew(log_stream(log, generation), position, now_s, priority)

    def told(self, ack: Ack, now_s: float) -> None:
        """Learn how far the kiosk is. It knows better than we do: a position below is one that it lost."""
        if not self._reach:
            return
        said = {one.stream: int(one.position) for one in ack.positions}
        positions = {stream: said.get(stream, 0) for stream in self._acked()}
        if any(positions[stream] < acked for stream, acked in self._acked().items()):
            self._begin({stream: min(acked, positions[stream]) for stream, acked in self._acked().items()}, now_s)
        self._session.acknowledged(positions, incarnation=SAME_LIFE, resume=ack.resume, now_s=now_s)

    def due(self, now_s: float) -> Send | None:
        """Return what to send now, if anything."""
        return self._session.due(now_s)

    def sent(self, send: Send, count: int, size: int, now_s: float) -> None:
        """Learn that a batch is on its way."""
        self._session.sent(send.stream, send.first, count, size, now_s)

    def refused(self, now_s: float) -> None:
        """Learn that the broker did not take a batch."""
        self._session.refused(now_s)

    def wake_in(self, now_s: float) -> float:
        """Return the seconds until :meth:`due` may answer otherwise."""
        return self._session.wake_in(now_s)

    def _acked(self) -> dict[str, int]:
        """Return how far the kiosk is in each log that it is told."""
        streams = [log_stream(log, generation) for log, (generation, _) in self._reach.items()]
        return {stream: self._session.acked(stream) for stream in streams}

    def _begin(self, acked: Mapping[str, int], now_s: float) -> None:
        self._session = Session(rng=self._rng, limits=self._limits)
        for log, (generation, newest) in self._reach.items():
            stream = log_stream(log, generation)
            self._session.grew(stream, newest, now_s, self._priorities[log])
            self._session.restore(stream, acked.get(stream, 0), incarnation=SAME_LIFE)
        self._session.connected(now_s)
