"""Frames on their way in one direction: late, twice, in another order, but never changed and never lost. Pure.

Rules
-----
1.  Frames leave in the order they came, each no sooner than it is due; so what comes behind a late one is late too.
2.  Only a PUBLISH at QoS 0 or 1 without a topic alias is repeated or held back: QoS 2 is a dialogue, and an alias
    means what the messages before it say. Other packets are at most late.
3.  A frame that is held back leaves behind the next PUBLISH, or after ``HOLD_S``; a repeat leaves at once or
    behind a few other frames, or after ``HOLD_S``.
4.  A DISCONNECT lets everything out first: the broker would hear nothing behind it.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from storm.mqtt_frames import DISCONNECT, EXACTLY_ONCE, PUBLISH, Frame, parse_publish

HOLD_S: Final = 0.5  # well within a session's time-outs: the fault is the order, not a loss
MAX_ECHO_GAP: Final = 5  # frames between a message and its repeat
MAX_ECHOES: Final = 32  # repeats that wait; more leave at once
FOREVER: Final = float("inf")


Mischief = Literal["delayed", "duplicated", "reordered"]


class Spoil(NamedTuple):
    """What a wire does to PUBLISH frames: seconds from … to …, and the chances of a repeat and of an exchange."""

    delay_s: tuple[float, float] = (0.0, 0.0)
    duplicate: float = 0.0
    reorder: float = 0.0


GENTLE: Final = Spoil()


class _Echo(NamedTuple):
    frame: Frame
    behind: int  # how many frames still go first
    until_s: float


class Lineup:
    """The frames of one direction of one connection."""

    def __init__(self, rng: random.Random, count: Callable[[Mischief], None]) -> None:
        """Tell ``count`` of each thing done to a frame."""
        self._rng = rng
        self._count = count
        self._queue: deque[tuple[float, Frame]] = deque()
        self._held: tuple[Frame, float] | None = None
        self._echoes: list[_Echo] = []
        self.waiting_bytes = 0

    def put(self, frame: Frame, now_s: float, spoil: Spoil = GENTLE) -> None:
        """Line up a frame that has just come."""
        if frame.kind == DISCONNECT:
            self.let_out(now_s)
        if frame.kind != PUBLISH:
            self._append(frame, now_s)
            return
        due_s = now_s + self._rng.uniform(*spoil.delay_s)
        if due_s > now_s:
            self._count("delayed")
        touchable = spoil != GENTLE and _may_be_moved(frame)
        if touchable and self._held is None and self._chance(spoil.reorder):
            self._held = (frame, max(due_s, now_s + HOLD_S))
            return
        self._append(frame, due_s)
        self._overtaken(due_s)
        if touchable and self._chance(spoil.duplicate):
            self._repeat(frame, due_s)

    def take(self, now_s: float) -> list[Frame]:
        """Return the frames that leave now."""
        self._release_overdue(now_s)
        leaving = []
        while self._queue and self._queue[0][0] <= now_s:
            leaving.append(self._queue.popleft()[1])
        self.waiting_bytes -= sum(len(frame.raw) for frame in leaving)
        return leaving

    def next_s(self) -> float:
        """Return when the next frame leaves; ``FOREVER`` if none waits."""
        due_s = [self._queue[0][0]] if self._queue else []
        due_s += [self._held[1]] if self._held else []
        return min([*due_s, *(echo.until_s for echo in self._echoes)], default=FOREVER)

    def let_out(self, now_s: float) -> None:
        """Hold nothing back any longer: what is late stays late, all else follows it."""
        self._release_overdue(FOREVER, now_s)

    def _append(self, frame: Frame, due_s: float) -> None:
        self._line_up(frame, due_s)
        echoes, self._echoes = self._echoes, []
        for echo in echoes:
            if echo.behind > 1:
                self._echoes.append(echo._replace(behind=echo.behind - 1))
            else:
                self._append_copy(echo.frame, due_s)

    def _append_copy(self, frame: Frame, due_s: float) -> None:
        self._line_up(frame, due_s)
        self._count("duplicated")

    def _line_up(self, frame: Frame, due_s: float) -> None:
        self._queue.append((due_s, frame))
        self.waiting_bytes += len(frame.raw)

    def _overtaken(self, due_s: float) -> None:
        if self._held:
            frame, self._held = self._held[0], None
            self._append(frame, due_s)
            self._count("reordered")

    def _repeat(self, frame: Frame, due_s: float) -> None:
        behind = self._rng.randrange(MAX_ECHO_GAP + 1)
        if behind and len(self._echoes) < MAX_ECHOES:
            self._echoes.append(_Echo(frame, behind, due_s + HOLD_S))
        else:
            self._append_copy(frame, due_s)

    def _release_overdue(self, until_s: float, now_s: float | None = None) -> None:
        at_s = until_s if now_s is None else now_s
        if self._held and self._held[1] <= until_s:
            frame, self._held = self._held[0], None
            self._append(frame, at_s)
        overdue = [echo for echo in self._echoes if echo.until_s <= until_s]
        self._echoes = [echo for echo in self._echoes if echo.until_s > until_s]
        for echo in overdue:
            self._append_copy(echo.frame, at_s)

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability


def _may_be_moved(frame: Frame) -> bool:
    publish = parse_publish(frame)
    return publish is not None and publish.qos < EXACTLY_ONCE and not publish.aliased
