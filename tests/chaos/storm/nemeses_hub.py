"""A hub whose books go back: restored from an older backup, or promoted from a lagging copy."""

import random
import shutil
import time
from pathlib import Path
from typing import Final

from storm import probe
from storm.diary import Diary
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.shop import Kiosk
from storm.worker import StormError

_BEHIND: Final = 50  # facts that the hub commits after the copy was taken
_BEHIND_S: Final = 5.0
_MIGRATE_S: Final = 30.0
_HEARD_S: Final = 0.5  # a program writes down what it was told before the kill within that


class _OlderBooks(Nemesis):
    grip = Grip.HUB
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Copy the books while the hub runs, let it go on, kill it, and go on with the copy."""
        del kiosk
        hub = self.world.hub
        since = time.monotonic()
        copy = hub.back_up()
        then = hub.committed().total()
        yield from until(lambda: hub.committed().total() >= then + _BEHIND, self.patience_s(_BEHIND_S))
        hub.worker.kill()
        self.world.kills += 1
        self.bit((hub.committed() - probe.committed(copy)).total() > 0)
        self.world.rights_lost += probe.rights_said(hub.db) != probe.rights_said(copy)
        Diary(self.world.losses).say("went_back", since=since, until=time.monotonic() + _HEARD_S)
        yield from self._exchange(copy)
        yield from hold(rng.uniform(0, 0.5))
        hub.worker.start()
        yield from self.until_heard()

    def _exchange(self, copy: Path) -> Steps:
        raise NotImplementedError


class Restored(_OlderBooks):
    """The hub's database is restored from a backup that was taken while it ran."""

    name = "hub_restored"

    def _exchange(self, copy: Path) -> Steps:
        db = self.world.hub.db
        for suffix in ("", "-wal", "-shm"):
            db.with_name(db.name + suffix).unlink(missing_ok=True)
        shutil.copy(copy, db)
        yield


class Promoted(_OlderBooks):
    """Another machine takes over with a copy that lags, and with a state folder of its own."""

    name = "hub_promoted"

    def _exchange(self, copy: Path) -> Steps:
        hub = self.world.hub
        hub.move_in()
        shutil.copy(copy, hub.db)
        migrate = hub.promotion()
        migrate.start()
        migrate.wanted = False  # it ends when it has done its work
        if not (yield from until(lambda: migrate.ended is not None, _MIGRATE_S)) or migrate.ended:
            raise StormError(f"hub migrate --promoted did not work: {migrate.last_words()}")


OLDER_BOOKS: Final[tuple[type[Nemesis], ...]] = (Restored, Promoted)
