"""One kiosk's end of the downlink: its session, and which generation of its region's log it is told."""

import random

from contract.batch import Ack
from contract.streams import FLEET, log_stream
from contract.values import Address
from hub.store.down import LogEnd
from mqtt_bridge.session import Limits, Send, Session

SAME_LIFE = 1  # a kiosk says itself when it lost something: `told` begins anew then


class DownLine:
    """What one kiosk that is online is told, and what it has."""

    def __init__(self, kiosk_id: int, address: Address, epoch: int, *, rng: random.Random, limits: Limits) -> None:
        """Begin with nothing to tell."""
        self.kiosk_id = kiosk_id
        self.address = address
        self.epoch = epoch
        self.generation = 0
        self._rng = rng
        self._limits = limits
        self._newest = 0
        self._session = Session(rng=rng, limits=limits)

    def reaches(self, end: LogEnd, acked: int, now_s: float) -> None:
        """Learn how far the log reaches; ``acked`` counts where a generation is new to this line."""
        if end.generation != self.generation:
            self.generation = end.generation
            self._newest = end.position
            self._begin(acked, now_s)
        elif end.position > self._newest:
            self._newest = end.position
            self._session.grew(self._stream, end.position, now_s)

    def told(self, ack: Ack, now_s: float) -> None:
        """Learn how far the kiosk is. It knows better than we do: a position below is one that it lost."""
        if not self.generation:
            return
        positions = {one.stream: int(one.position) for one in ack.positions}
        position = positions.get(self._stream, 0)
        if position < self._session.acked(self._stream):
            self._begin(position, now_s)
        self._session.acknowledged({self._stream: position}, incarnation=SAME_LIFE, resume=ack.resume, now_s=now_s)

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

    @property
    def _stream(self) -> str:
        return log_stream(FLEET, self.generation)

    def _begin(self, acked: int, now_s: float) -> None:
        self._session = Session(rng=self._rng, limits=self._limits)
        self._session.grew(self._stream, self._newest, now_s)
        self._session.restore(self._stream, acked, incarnation=SAME_LIFE)
        self._session.connected(now_s)
