"""What goes wrong between the parts: pauses, cuts, late, repeated and exchanged messages, and clocks that jump."""

import random
from typing import Final

from storm import probe
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.orders import read_number, write_number
from storm.shop import Kiosk
from storm.wire import Wire

JUMP_S: Final = 3 * 3600
_MOMENT_S: Final = 2.0
_TRIES: Final = 4  # cuts; a wire is idle while the hub is away
_HEARD_S: Final = 8.0  # a bridge that found no broker tries again within seconds
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
        self.bit(self.world.waiting() > 0)
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
        self.bit(self.world.waiting() > 0)
        self.world.hub.worker.resume()


class _OfTheWire(Nemesis):
    """Its bites are what the wires counted while it struck."""

    counted = ""

    def count(self) -> int:
        """Return what the wires have counted so far."""
        return self.world.tally.counts()[self.counted]

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Spoil a kiosk's wire for a while."""
        before = self.count()
        self.spoil(rng, kiosk.wire)
        yield from hold(rng.uniform(*_SPOILT_S))
        yield from until(lambda: self.count() > before, self.patience_s(_HEARD_S))
        kiosk.wire.calm()
        self.bit(self.count() - before)

    def spoil(self, rng: random.Random, wire: Wire) -> None:
        """Do what this nemesis does."""
        raise NotImplementedError


class Cut(_OfTheWire):
    """A kiosk's network is cut while a batch is under way."""

    name = "wire_cut"
    counted = "cuts_under_way"

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Cut until a batch was met on its way; each cut is mended."""
        for _ in range(_TRIES):
            before = self.count()
            yield from self._cut(rng, kiosk)
            if self.count() > before:
                self.bit(1)
                return

    def _cut(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        kiosk.wire.spoil(delay_s=(0.1, 0.4))  # a batch that is late is easier to meet
        yield from until(lambda: kiosk.unacknowledged() > 0, self.patience_s(_MOMENT_S))
        yield from hold(rng.uniform(0.05, 0.3))
        kiosk.wire.cut()
        kiosk.wire.calm()
        yield from hold(rng.uniform(0.1, 1.5))
        kiosk.wire.mend()


class Delay(_OfTheWire):
    """Messages come late."""

    name = "wire_delay"
    counted = "delayed"

    def spoil(self, rng: random.Random, wire: Wire) -> None:
        """Delay each message."""
        wire.spoil(delay_s=(0.0, rng.uniform(0.2, 1.0)))


class Duplicate(_OfTheWire):
    """Messages come twice."""

    name = "wire_duplicate"
    counted = "duplicated"

    def spoil(self, rng: random.Random, wire: Wire) -> None:
        """Duplicate many messages."""
        wire.spoil(duplicate=rng.uniform(0.3, 0.8))


class Reorder(_OfTheWire):
    """Messages come in another order, late and repeated ones among them."""

    name = "wire_reorder"
    counted = "reordered"

    def spoil(self, rng: random.Random, wire: Wire) -> None:
        """Exchange many messages."""
        wire.spoil(delay_s=(0.0, 0.05), duplicate=0.2, reorder=rng.uniform(0.3, 0.8))


class ClockJump(Nemesis):
    """A kiosk's wall clock, and now and then the hub's, jumps by hours, either way."""

    name = "clock_jump"

    @property
    def bites(self) -> int:
        """Return how many facts say a time before that of the fact before them; a card that is just away says none."""
        return sum(probe.steps_back(kiosk.journal) for kiosk in self.world.kiosks if kiosk.journal.exists())

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Jump, stay there for a while, and jump again; not the hub's where a card was copied (see Cloned)."""
        too = rng.random() < 1 / 3
        for there in (rng.choice((-JUMP_S, JUMP_S)), rng.choice((-JUMP_S, 0, JUMP_S))):
            for place in (kiosk.shift, *([self.world.hub.shift] if too and not self.world.clones else [])):
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
