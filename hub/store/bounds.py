"""What one peer can make the books hold, and no more: a kiosk with a good certificate may still be a hostile one.

Facts that fit have no bound here: a completed sale is never refused (promise 3). What is beyond a bound is refused,
counted and told to a person; nothing of it is acknowledged, so an honest kiosk keeps it and sends it again. (A kiosk's
journals follow the newest epoch that we name: one that reached the last could record nothing any more.)
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, Select, bindparam, case, func, select

from hub.store.tables import kiosks, lanes, quarantine

LOOK_AGAIN_S: Final = 10.0  # counting 20,000 rows takes 30 ms; in ten seconds another hub adds little to them


class Bounds(Struct, frozen=True):
    """How much there may be; each default carries its reason."""

    kiosks: int = 10_000  # of a hub: twenty times 120 sites of four
    lanes: int = 1024  # of a kiosk: 256 lives of an image with four lanes; honest ones begin a few a year
    epoch_leap: int = 900_000  # of a kiosk, beyond its newest: with 1,024 lanes nobody climbs to the last, 10^9 - 1
    forks: int = 10_000  # of a kiosk, kept whole; a cloned card's day is a tenth of it
    unfit: int = 20_000  # of a kiosk, kept whole: each fact of a busy till for forty days
    aside_bytes: int = 64 * 1024 * 1024  # of a kiosk's forks, and of its unfit facts: three times the above as they are


class Room(Struct):
    """How many facts and bytes may still be set aside."""

    facts: int
    size: int

    def take(self, size: int) -> bool:
        """Return whether a fact of ``size`` bytes still fits, and take its place."""
        if self.facts < 1 or self.size < size:
            return False
        self.facts -= 1
        self.size -= size
        return True


class Rooms:
    """The room of each kiosk, counted anew every ``LOOK_AGAIN_S``; a transaction that fails only makes it smaller."""

    def __init__(self, bounds: Bounds, monotonic_s: Callable[[], float]) -> None:
        """Count nothing yet."""
        self._bounds = bounds
        self._monotonic_s = monotonic_s
        self._counted: dict[int, tuple[float, Room, Room]] = {}

    def unfit(self, connection: Connection, kiosk_id: int) -> Room:
        """Return the room for a kiosk's facts that do not fit into the books."""
        return self._look(connection, kiosk_id)[1]

    def forks(self, connection: Connection, kiosk_id: int) -> Room:
        """Return the room for a kiosk's facts whose number was taken."""
        return self._look(connection, kiosk_id)[2]

    def _look(self, connection: Connection, kiosk_id: int) -> tuple[float, Room, Room]:
        now_s = self._monotonic_s()
        counted = self._counted.get(kiosk_id)
        if counted is None or now_s - counted[0] >= LOOK_AGAIN_S:
            counted = self._counted[kiosk_id] = (now_s, *self._count(connection, kiosk_id))
        return counted

    def _count(self, connection: Connection, kiosk_id: int) -> tuple[Room, Room]:
        found = connection.execute(_ASIDE, {"of_kiosk": kiosk_id}).one()
        facts, total, forks, of_forks = (int(number) for number in found)  # PostgreSQL sums to decimals
        most = self._bounds
        unfit = Room(most.unfit - facts + forks, most.aside_bytes - total + of_forks)
        return unfit, Room(most.forks - forks, most.aside_bytes - of_forks)


def count_lanes(connection: Connection, kiosk_id: int) -> tuple[int, int]:
    """Return how many lanes a kiosk has begun, and its newest epoch, 0 for none."""
    count, epoch = connection.execute(_LANES, {"of_kiosk": kiosk_id}).one()
    return int(count), int(epoch)


def count_kiosks(connection: Connection) -> int:
    """Return how many kiosks were ever heard of."""
    return connection.execute(select(func.count()).select_from(kiosks)).scalar_one()


def _aside() -> Select[tuple[int, int, int, int]]:
    is_fork = quarantine.c.kind == "fork"
    size = func.length(quarantine.c.bytes)
    return select(
        func.count(),
        func.coalesce(func.sum(size), 0),
        func.coalesce(func.sum(case((is_fork, 1), else_=0)), 0),
        func.coalesce(func.sum(case((is_fork, size), else_=0)), 0),
    ).where(quarantine.c.kiosk_id == bindparam("of_kiosk"))


_ASIDE: Final = _aside()  # built once, for building takes longer than running
_LANES: Final = select(func.count(), func.coalesce(func.max(lanes.c.epoch), 0)).where(
    lanes.c.kiosk_id == bindparam("of_kiosk")
)
