"""The scale's thread: it keeps the newest reading, so that nobody at the till waits for a scale.

Rules
-----
1.  A weight is sold only at rest, above zero, and not older than FRESH_S: goods that were exchanged since would leave
    at the weight of others.
2.  Everything else is an answer too: a reason, and what to do.
"""

import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from msgspec import Struct

from contract.values import Quantity, Unit
from hardware.errors import HardwareError, NoAnswer
from hardware.ports.scale import NoWeight, Reading, Reason, Scale, Weight
from kiosk.core.ports import DeskError
from kiosk.core.words import Text, say
from kiosk.devices.board import Board
from kiosk.devices.words import why
from kiosk.devices.worker import Worker

READ_S: Final = 1.5  # scales that send by themselves send twice a second at least; two or three frames must agree
FRESH_S: Final = 1.0  # a person needs longer to change what lies there and press a key
PAUSE_S: Final = 0.05  # between two readings: a scale that is asked needs a moment, and the Pi has other work
RETRIES_S: Final = (1.0, 2.0, 5.0)  # a scale that is plugged in again is found within five seconds

_REASONS: Final[dict[Reason, Text]] = {
    "moving": say("the scale does not rest: wait a moment, and weigh again"),
    "overload": say("that is too heavy for the scale: take it off, and weigh it in parts"),
    "negative": say("the scale is below zero: empty it, set it to zero, and weigh again"),
    "unsaid": say("the scale gives no weight: look at its display, and weigh again"),
}


class Newest(Struct, frozen=True):
    """What the scale said last, and when (monotonic seconds)."""

    said: Reading | Text
    at_s: float


class ScaleWatch(Worker):
    """Reads one scale without a pause. ``open_scale`` is called in the thread: drivers import slowly."""

    def __init__(
        self, board: Board, open_scale: Callable[[], Scale], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the scale that ``open_scale`` gives."""
        super().__init__(board, "scale", say("the scale"))
        self._open = open_scale
        self._scale: Scale | None = None
        self._now = now
        self._lock = Lock()
        self._newest: Newest | None = None
        self._failures = 0

    def weigh(self) -> Quantity:
        """Return what lies on the scale, at once.

        Raises: DeskError, saying why there is no weight and what to do.
        """
        with self._lock:
            newest = self._newest
        return decide_weight(newest, self._now())

    def step(self) -> None:
        """Read once."""
        self._scale = self._scale or self._open()
        try:
            self._note(self._scale.read(READ_S))
        except HardwareError as error:
            self._note(why(error))
            self._failures += 1
            if not isinstance(error, NoAnswer) or self._failures > 1:  # one silence may be a person at the scale's keys
                self.board.warn(self.device, say("NO SCALE: {why}", why=why(error)))
            self.ended.wait(RETRIES_S[min(self._failures, len(RETRIES_S)) - 1])
            return
        self._failures = 0
        self.board.well(self.device, say("the scale is there again"))
        self.ended.wait(PAUSE_S)

    def stop(self) -> None:
        """Give the scale back."""
        if self._scale:
            self._scale.close()

    def _note(self, said: Reading | Text) -> None:
        with self._lock:
            self._newest = Newest(said, self._now())


def decide_weight(newest: Newest | None, now_s: float) -> Quantity:
    """Return the weight to sell by.

    Raises: DeskError, saying why there is none and what to do.
    """
    match newest:
        case None:
            raise DeskError(say("the scale has said nothing yet: wait a moment, or type the weight"))
        case Newest(said=str() as told):
            raise DeskError(say("no weight from the scale: {why}; or type the weight", why=told))
        case Newest(at_s=at_s) if now_s - at_s > FRESH_S:
            raise DeskError(say("the scale has not answered since: weigh again, or type the weight"))
        case Newest(said=NoWeight(reason)):
            raise DeskError(_REASONS[reason])
        case Newest(said=Weight(stable=False)):
            raise DeskError(_REASONS["moving"])
        case Newest(said=Weight() as weight) if weight.weight_mg < 0:
            raise DeskError(_REASONS["negative"])
        case Newest(said=Weight() as weight) if weight.weight_g == 0:
            raise DeskError(say("nothing lies on the scale: put the goods on it, and weigh again"))
        case Newest(said=Weight() as weight):
            return Quantity(weight.weight_g, Unit.GRAM)
    raise AssertionError("every reading has its answer")  # pragma: no cover - the types above are all there are
