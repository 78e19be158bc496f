"""What goes wrong between the parts: pauses, cuts, late, repeated and exchanged messages, and clocks that jump."""

import random
from typing import Final

from storm import probe
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.orders import read_number, write_number
from storm.shop import Kiosk

JUMP_S: Final = 3 * 3600
_MOMENT_S: Final = 2.0
_SPOILT_S: Final = (1.0, 2.5)


class BrokerPause(Nemesis):
    """The broker stands still for seconds while shops sell."""

    name = "broker_pause"
    grip = Grip.BROKER

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Pause, and let it go on."""
        del kiosk
        self.world.broker.pause()
        yield from hold(rng.uniform(1.0, 3.0))
        self.bit(really=self.world.waiting() > 0)
        self.world.broker.resume()


class HubPause(Nemesis):
    """The hub stands still, long enough for messages to queue."""

    name = "hub_pause"
    grip = Grip.HUB

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Pause, and let it go on."""
        del kiosk
        self.world.hub.worker.pause()
        yield from hold(rng.uniform(1.5, 3.5))
        self.bit(really=self.world.waiting() > 0)
        self.world.hub.worker.resume()


class _OfTheWire(Nemesis):
    """Its bites are what the wires counted."""

    counted = ""

    @property
    def bites(self) -> int:
        """Return what the wires counted."""
        return self.world.tally.counts()[self.counted]


class Cut(_OfTheWire):
    """A kiosk's network is cut while a batch is under way."""

    name = "wire_cut"
    counted = "cuts_under_way"

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Cut, and mend."""
        yield from until(lambda: kiosk.unacknowledged() > 0, _MOMENT_S)
        kiosk.wire.cut()
        yield from hold(rng.uniform(0.1, 2.0))
        kiosk.wire.mend()


class Delay(_OfTheWire):
    """Messages come late."""

    name = "wire_delay"
    counted = "delayed"

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Delay for a while."""
        kiosk.wire.spoil(delay_s=(0.0, rng.uniform(0.2, 1.0)))
        yield from hold(rng.uniform(*_SPOILT_S))
        kiosk.wire.calm()


class Duplicate(_OfTheWire):
    """Messages come twice."""

    name = "wire_duplicate"
    counted = "duplicated"

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Duplicate for a while."""
        kiosk.wire.spoil(duplicate=rng.uniform(0.3, 0.8))
        yield from hold(rng.uniform(*_SPOILT_S))
        kiosk.wire.calm()


class Reorder(_OfTheWire):
    """Messages come in another order."""

    name = "wire_reorder"
    counted = "reordered"

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Exchange messages for a while, late and repeated ones among them."""
        kiosk.wire.spoil(delay_s=(0.0, 0.05), duplicate=0.2, reorder=rng.uniform(0.3, 0.8))
        yield from hold(rng.uniform(*_SPOILT_S))
        kiosk.wire.calm()


class ClockJump(Nemesis):
    """A kiosk's wall clock, and now and then the hub's, jumps by hours, either way."""

    name = "clock_jump"

    @property
    def bites(self) -> int:
        """Return how many facts say a time before that of the fact before them; to be asked when all is over."""
        return sum(probe.steps_back(kiosk.journal) for kiosk in self.world.kiosks)

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Jump, stay there for a while, and jump again."""
        places = [kiosk.shift, *([self.world.hub.shift] if rng.random() < 1 / 3 else [])]
        for there in (rng.choice((-JUMP_S, JUMP_S)), rng.choice((-JUMP_S, 0, JUMP_S))):
            for place in places:
                write_number(place, there if read_number(place) != there else -there)
            yield from hold(rng.uniform(0.3, 1.0))


DISTURBANCES: Final[tuple[type[Nemesis], ...]] = (
    BrokerPause,
    HubPause,
    Cut,
    Delay,
    Duplicate,
    Reorder,
    ClockJump,
)
