"""kill -9 of every kind of process, some of them aimed."""

import random
from collections.abc import Generator
from pathlib import Path
from typing import Final

from storm import probe
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.shop import Kiosk
from storm.worker import Worker

_AIM_S: Final = 3.0  # a process that writes is met inside a transaction within a second
_DOWN_S: Final = 0.6
_MOMENT_S: Final = 2.0  # facts are under way within a sale or two
_BACKLOG: Final = 200
_BACKLOG_S: Final = 20.0


def aim(worker: Worker, database: Path, limit_s: float) -> Generator[None, None, bool]:
    """Pause ``worker`` again and again until it stands inside a write transaction; return whether it does."""

    def met() -> bool:
        worker.pause()
        if probe.in_transaction(database):
            return True
        worker.resume()
        return False

    return (yield from until(met, limit_s))


class KillSeller(Nemesis):
    """A till is killed: at a random moment, or inside a write transaction."""

    name = "kill_seller"
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, and start it again."""
        if self.strikes % 2:
            yield from hold(rng.uniform(0, 0.3))
        else:
            self.bit((yield from aim(kiosk.seller, kiosk.journal, self.patience_s(_AIM_S))))
        kiosk.seller.kill()
        self.world.kills += 1
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.seller.start()


class KillBridge(Nemesis):
    """A bridge is killed, with facts that are not acknowledged."""

    name = "kill_bridge"
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, and start it again."""
        yield from until(lambda: kiosk.unacknowledged() > 0, self.patience_s(_MOMENT_S))
        kiosk.bridge.kill()
        self.bit(kiosk.unacknowledged() > 0)
        self.world.kills += 1
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.bridge.start()


class KillBackroom(Nemesis):
    """A backroom is killed; the till sells on without it."""

    name = "kill_backroom"
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, and start it again once something was sold meanwhile."""
        yield from hold(rng.uniform(0, 0.3))
        kiosk.backroom.kill()
        self.world.kills += 1
        before = kiosk.newest()
        self.bit((yield from until(lambda: kiosk.newest() > before, _MOMENT_S)))
        kiosk.backroom.start()


class KillHub(Nemesis):
    """The hub is killed inside a transaction, or between its commit and the acknowledgement."""

    name = "kill_hub"
    grip = Grip.HUB
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, and start it again."""
        del kiosk
        hub = self.world.hub
        if self.strikes % 2:
            yield from hold(rng.uniform(0, 0.3))
            hub.worker.pause()
            inside = probe.in_transaction(hub.db)
        else:
            inside = yield from aim(hub.worker, hub.db, self.patience_s(_AIM_S))
        hub.worker.kill()
        self.bit(inside)
        self.world.kills += 1
        yield from hold(rng.uniform(0, _DOWN_S))
        hub.worker.start()
        yield from self.until_heard()


class KillBroker(Nemesis):
    """The broker is killed with messages that it has acknowledged: it keeps nothing, so they are lost."""

    name = "kill_broker"
    grip = Grip.BOTH
    kills = True

    @property
    def bites(self) -> int:
        """Return how many acknowledged messages the broker lost."""
        return self.world.tally.broker_lost_acked

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, half the time while the hub is cut off and messages queue, and start it again."""
        del kiosk
        world = self.world
        if self.strikes % 2 == 0:
            world.hub_wire.cut()
            yield from until(lambda: world.tally.acknowledged_not_delivered() > 0, self.patience_s(_AIM_S))
        yield from hold(rng.uniform(0, 0.5))
        world.broker.kill()
        world.kills += 1
        world.tally.settle_broker_loss()
        yield from hold(rng.uniform(0, 2 * _DOWN_S))
        world.broker.start()
        world.hub_wire.mend()
        yield from self.until_heard()


class PowerCut(Nemesis):
    """All processes of a kiosk are killed at once."""

    name = "power_cut"
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, and start all again."""
        yield from hold(rng.uniform(0, 0.3))
        kiosk.seller.pause()
        inside = probe.in_transaction(kiosk.journal)
        kiosk.kill()
        self.bit(inside or kiosk.unacknowledged() > 0)
        self.world.kills += 1
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.start()


class Backlog(Nemesis):
    """A kiosk that was long without its network is restarted with hundreds of facts unsent."""

    name = "restart_with_backlog"
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Cut the wire, wait for a backlog, kill and start all, mend the wire."""
        kiosk.wire.cut()
        yield from until(lambda: kiosk.unacknowledged() >= _BACKLOG, self.patience_s(_BACKLOG_S))
        kiosk.kill()
        self.bit(kiosk.unacknowledged() >= _BACKLOG)
        self.world.kills += 1
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.start()
        yield from hold(rng.uniform(0, _DOWN_S))
        kiosk.wire.mend()


KILLS: Final[tuple[type[Nemesis], ...]] = (
    KillSeller,
    KillBridge,
    KillBackroom,
    KillHub,
    KillBroker,
    PowerCut,
    Backlog,
)
