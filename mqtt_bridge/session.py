"""What to send next, given acknowledgements and the time: the sending half of the link, without any IO.

Rules
-----
1.  A stream is a sequence of facts 1, 2, 3, … that only grows. Its peer acknowledges cumulatively, after its commit.
2.  Go-back-N: positions above the acknowledgement are sent in order; whatever goes wrong (silence, a gap reported, a
    refusal, a new connection), sending goes on from the acknowledgement. Nothing is ever dropped or given up.
3.  At most ``window_batches`` and ``window_bytes`` are unacknowledged, so that no broker queue has to hold a backlog.
4.  A lower acknowledgement is believed only from a higher incarnation: that hub lost what it had, and gets it again.
    Anything from a lower incarnation is old news and is ignored.
5.  Streams of a more urgent priority (a smaller number) go first.
6.  A small batch waits ``linger_s`` for company only while another batch of its stream is unacknowledged.
7.  Silence is answered by sending again after a delay that doubles up to a bound, with jitter; any progress resets it.
8.  Where the hub's fact at the acknowledged position is not ours, or lies beyond our end (a card restored, a clone),
    that position says nothing of our facts; one that was stored, and not confirmed since, counts for nothing either.
    So all that stands in the journal is sent, and the hub, which sees forks and keeps them, names the batches that it
    has: only those count, in order. So it is in a lane that the hub holds of two journals, even where its end is ours.
9.  A stream that shrinks was put back under us: all of it is sent, and rule 8 tells what of it is new.

Only the pump that owns a session calls it, from one thread. Time comes in as monotonic seconds.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from contract.batch import StreamPosition
from contract.streams import parse_lane_stream
from contract.values import Seq

FOREVER_S: Final = 3600.0
MAX_STREAMS: Final = 64  # of a status: sixteen epochs of four lanes

Doubt = Literal["strange", "broken"]  # the hub's fact at a position is not ours; it is, but not all below it
NO_DOUBTS: Final[Mapping[str, Doubt]] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a session; each default carries its reason."""

    window_batches: int = 8  # 120 kiosks stay below the 1,000 messages that a broker queues by default
    window_bytes: int = 2 * 1024 * 1024  # four of the largest facts
    linger_s: float = 0.05  # promised latency of a batch
    full_batch: int = 512  # as many facts as one batch may hold: no use in waiting for more
    retry_min_s: float = 2.0  # above the slowest commit measured on a busy hub
    retry_max_s: float = 60.0  # a hub that was away for hours is heard again within a minute
    resume_gap_s: float = 0.2  # a reported gap is believed at most this often: late repeats must not start a storm

    def __post_init__(self) -> None:
        """Refuse bounds that could stop the flow.

        Raises: ValueError.
        """
        if self.window_batches < 1 or self.window_bytes < 1 or not 0 < self.retry_min_s <= self.retry_max_s:
            raise ValueError("a session needs a window of at least one batch and 0 < retry_min_s <= retry_max_s")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a batch of ``stream`` that begins at ``first``; ``newest`` is the stream's last known position."""

    stream: str
    first: int
    newest: int


class _Flight(NamedTuple):
    first: int
    last: int
    size: int
    mark: str


@dataclass(slots=True)
class _Stream:
    priority: int
    newest: int = 0
    acked: int = 0
    confirmed: bool = True  # whether a hub said ``acked`` since the start, of this very journal
    next: int = 1
    waiting_since_s: float = 0.0
    flights: list[_Flight] = field(default_factory=list)  # the unacknowledged batches

    @property
    def unsent(self) -> int:
        return self.newest - self.next + 1

    def go_back(self) -> None:
        self.next = self.acked + 1
        self.flights.clear()

    def begin_again(self) -> None:
        """Believe nothing acknowledged."""
        self.acked, self.confirmed = 0, True
        self.go_back()


class Session:
    """The sending half of one peer's link."""

    def __init__(self, *, rng: random.Random, limits: Limits | None = None) -> None:
        """Begin disconnected, with no streams; ``rng`` supplies the jitter."""
        self._limits = limits or Limits()
        self._rng = rng
        self._streams: dict[str, _Stream] = {}
        self._online = False
        self._retry_s = self._limits.retry_min_s
        self._deadline_s = 0.0
        self._hold_until_s = 0.0
        self._resumed_at_s = float("-inf")
        self.incarnation = 0
        self.repeats = 0

    def retry_delay_s(self, tries: int) -> float:
        """Return how long to wait for an answer to what was said ``tries`` times, with jitter: rule 7."""
        doubled = self._limits.retry_min_s * 2.0 ** min(tries - 1, 30)  # beyond any bound, and within a float
        return min(doubled, self._limits.retry_max_s) * self._rng.uniform(0.8, 1.2)

    def restore(self, stream: str, acked: int, *, incarnation: int) -> None:
        """Take over what was known before a restart: a known stream's acknowledgement and by which incarnation."""
        state = self._streams[stream]
        state.acked = acked if acked <= state.newest else 0  # rule 8
        state.confirmed = not state.acked
        state.go_back()
        self.incarnation = max(self.incarnation, incarnation)

    def acked(self, stream: str) -> int:
        """Return the position acknowledged last, 0 for a stream not heard of."""
        state = self._streams.get(stream)
        return state.acked if state else 0

    def positions(self) -> dict[str, int]:
        """Return every stream's acknowledged position."""
        return {name: state.acked for name, state in self._streams.items()}

    def newest(self) -> dict[str, int]:
        """Return every stream's last position."""
        return {name: state.newest for name, state in self._streams.items()}

    def backlog(self) -> int:
        """Return how many facts are not acknowledged."""
        return sum(max(0, state.newest - state.acked) for state in self._streams.values())

    def connected(self, now_s: float) -> None:
        """Begin again from the acknowledgements: what was in flight on the old connection proves nothing."""
        self._online = True
        self._hold_until_s = now_s
        self._retry_s = self._limits.retry_min_s
        self._go_back(now_s)

    def disconnected(self) -> None:
        """Send nothing until connected."""
        self._online = False

    def grew(self, stream: str, newest: int, now_s: float, priority: int = 0) -> None:
        """Learn that the stream reaches ``newest``; a stream not heard of begins here. See rule 9."""
        state = self._streams.setdefault(stream, _Stream(priority=priority))
        state.priority = priority
        if newest < state.newest:
            state.newest = newest
            state.begin_again()
        if newest > state.newest:
            if state.unsent <= 0:
                state.waiting_since_s = now_s
            state.newest = newest

    def acknowledged(
        self,
        positions: Mapping[str, int],
        *,
        incarnation: int,
        resume: bool = False,
        doubts: Mapping[str, Doubt] = NO_DOUBTS,
        heard: Collection[str] = (),
        now_s: float,
    ) -> bool:
        """Take an acknowledgement in; return whether any position changed. See rules 2, 4, 7 and 8.

        ``doubts`` are the streams whose position tells less than usual, ``heard`` the batches that the hub names.
        """
        if incarnation < self.incarnation:
            return False
        reborn = incarnation > self.incarnation
        self.incarnation = incarnation
        changed = False
        for stream, position in positions.items():
            doubt = doubts.get(stream)
            changed |= (
                self._doubt(stream, doubt, reborn=reborn) if doubt else self._move(stream, position, reborn=reborn)
            )
        for state in self._streams.values():
            changed |= _confirm(state, heard)
        if reborn:
            changed |= self._rewind_unnamed(positions)
        if changed:
            self._retry_s = self._limits.retry_min_s
            self._deadline_s = now_s + self._retry_s
        if reborn or (resume and now_s - self._resumed_at_s >= self._limits.resume_gap_s):
            self._resumed_at_s = now_s
            self._hold_until_s = now_s
            self._go_back(now_s)
        return changed

    def due(self, now_s: float) -> Send | None:
        """Return what to send now, if anything."""
        if not self._online or now_s < self._hold_until_s:
            return None
        if self._in_flight() and now_s >= self._deadline_s:
            self._retry_s = min(self._retry_s * 2, self._limits.retry_max_s)
            self._go_back(now_s)
        if not self._has_room():
            return None
        ready = [(s.priority, name) for name, s in self._streams.items() if s.unsent > 0 and self._ripe(s, now_s)]
        if not ready:
            return None
        name = min(ready)[1]
        return Send(name, self._streams[name].next, self._streams[name].newest)

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        """Learn that a batch is on its way; by ``mark`` the hub may name it."""
        state = self._streams[stream]
        if not self._in_flight():
            self._deadline_s = now_s + self._retry_s * self._rng.uniform(0.8, 1.2)
        state.next = first + count
        state.waiting_since_s = now_s
        state.flights.append(_Flight(first, first + count - 1, size, mark))

    def refused(self, now_s: float) -> None:
        """Go back after a delay: the broker did not take a batch, and asking at once would only be refused again.

        A window of batches is refused together; that counts as one refusal.
        """
        if now_s < self._hold_until_s:
            return
        self._hold_until_s = now_s + self._retry_s * self._rng.uniform(0.8, 1.2)
        self._retry_s = min(self._retry_s * 2, self._limits.retry_max_s)
        self._go_back(now_s)

    def wake_in(self, now_s: float) -> float:
        """Return the seconds until :meth:`due` may answer otherwise without any event."""
        if not self._online:
            return FOREVER_S
        moments = []
        if self._in_flight():
            moments.append(self._deadline_s)
        if self._has_room():
            lingering = (s for s in self._streams.values() if s.unsent > 0)
            moments.extend(s.waiting_since_s + self._limits.linger_s if s.flights else now_s for s in lingering)
        return max(0.0, max(self._hold_until_s, min(moments, default=now_s + FOREVER_S)) - now_s)

    def _move(self, stream: str, position: int, *, reborn: bool) -> bool:
        state = self._streams.get(stream)
        if state is None:
            return False
        if position > state.newest:
            position = min(state.newest, max(state.acked, state.next - 1))  # a hub that gives no digests
        if position < state.acked and not reborn:
            return False
        state.confirmed = True
        if position == state.acked:
            return False
        state.acked = position
        state.flights = [flight for flight in state.flights if flight.last > position]
        state.next = max(state.next, position + 1)
        return True

    def _doubt(self, stream: str, doubt: Doubt, *, reborn: bool) -> bool:
        state = self._streams.get(stream)
        if state is None or not state.acked or not (reborn or (doubt == "strange" and not state.confirmed)):
            return False
        state.begin_again()
        return True

    def _rewind_unnamed(self, positions: Mapping[str, int]) -> bool:
        """A reborn hub that does not name a stream has nothing of it."""
        lost = [s for name, s in self._streams.items() if name not in positions and s.acked > 0]
        for state in lost:
            state.acked = 0
        return bool(lost)

    def _go_back(self, now_s: float) -> None:
        for state in self._streams.values():
            self.repeats += len(state.flights)
            state.go_back()
        self._deadline_s = now_s + self._retry_s

    def _in_flight(self) -> bool:
        return any(state.flights for state in self._streams.values())

    def _has_room(self) -> bool:
        flights = [flight.size for state in self._streams.values() for flight in state.flights]
        return len(flights) < self._limits.window_batches and sum(flights) < self._limits.window_bytes

    def _ripe(self, state: _Stream, now_s: float) -> bool:
        return (
            not state.flights
            or state.unsent >= self._limits.full_batch
            or now_s - state.waiting_since_s >= self._limits.linger_s
        )


def _confirm(state: _Stream, heard: Collection[str]) -> bool:
    """Count the batches that the hub names as acknowledged, as far as none is missing before them."""
    before = state.acked
    for flight in state.flights if heard else ():
        if flight.mark not in heard or flight.first > state.acked + 1:
            break
        state.acked = max(state.acked, flight.last)
    state.flights = [flight for flight in state.flights if flight.last > state.acked]
    return state.acked != before


def status_positions(positions: Mapping[str, int]) -> list[StreamPosition]:
    """Return positions as a status holds them: of the newest epochs, where there are more than it may name."""
    newest = sorted(positions, key=lambda stream: parse_lane_stream(stream, "stream"))[-MAX_STREAMS:]
    return [StreamPosition(stream, Seq(positions[stream])) for stream in sorted(newest)]
