"""A kiosk's disk that is full, or that turns read-only under running processes."""

import random
from typing import Final

from storm.disk import Disk
from storm.nemesis import Nemesis, Steps, hold, until
from storm.shop import Kiosk
from storm.worker import StormError

_REFUSED_S: Final = 10.0  # the next sale finds the disk full; on a busy machine a till may just be starting
_START_S: Final = 3.0  # a start takes half a second alone
_DOWN_S: Final = 0.5


class DiskFull(Nemesis):
    """The disk is full: sales are refused in words, and none is half stored."""

    name = "disk_full"
    mounts = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Fill the disk, wait until sales are refused, give the room back."""
        yield from _all_up(kiosk)
        before = kiosk.refusals()
        _disk(kiosk).fill()
        self.bit((yield from until(lambda: kiosk.refusals() > before, _REFUSED_S)))
        yield from hold(rng.uniform(0, 1.0))
        _disk(kiosk).drain()


class ReadOnly(Nemesis):
    """The file system finds an error in itself and turns read-only; the kiosk is killed, repaired and started."""

    name = "disk_read_only"
    kills = True
    mounts = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Break the file system, wait until sales are refused, cut the power, repair, start."""
        yield from _all_up(kiosk)
        before = kiosk.refusals()
        _disk(kiosk).fail()
        self.bit((yield from until(lambda: kiosk.refusals() > before, _REFUSED_S)))
        yield from hold(rng.uniform(0, 0.5))
        kiosk.kill()
        self.world.kills += 1
        _disk(kiosk).mend()
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.start()


def _all_up(kiosk: Kiosk) -> Steps:
    """Wait until all has started: one that starts on a disk that is ill ends with a sentence, as it should."""
    yield from until(lambda: all(worker.has_run(_START_S) for worker in kiosk.workers), 2 * _START_S)


def _disk(kiosk: Kiosk) -> Disk:
    if kiosk.disk is None:
        raise StormError(f"{kiosk.name} has no disk of its own")
    return kiosk.disk


DISKS: Final[tuple[type[Nemesis], ...]] = (DiskFull, ReadOnly)
