"""Everything that the storm strikes: a broker with its default limits, a hub, four kiosks at two sites."""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from demo.processes import LOOPBACK, spare_port, wait_for_port
from demo.shop import SAMPLE
from storm import probe
from storm.disk import Disk, can_mount, mount_memory, unmount
from storm.hub_host import HubHost
from storm.orders import write_number
from storm.shop import PLACES, REGION, Clone, Kiosk
from storm.staff import SCARCE
from storm.wire import HUB, Tally, Wire
from storm.worker import StormError, Worker

_ROOM: Final = 96 * 2**20  # three times what a till wants to see free (kiosk.journal.room.MIN_FREE_BYTES)
_ROOM_A_FACT: Final = 8 * 2**10  # a sale's fact, its line in the log and its share of the tables, with room to spare
_ARRIVAL_S: Final = 90.0  # a few seconds alone; eight processes start on a machine that may be busy
_POLL_S: Final = 0.02


class World:
    """The storm's world, in one folder."""

    def __init__(self, folder: Path, *, facts: int, seed: int) -> None:
        """Prepare; nothing runs yet."""
        self.folder = folder
        self.facts, self.seed = facts, seed
        self.tally = Tally()
        self.kills = 0
        self.clones: list[Clone] = []
        self.rights_lost = 0  # how often books that went back said other things of rights
        self.mounts = can_mount()
        self._broker_port = spare_port()
        self.broker = _broker(folder, self._broker_port)
        self.hub_wire = self._wire(HUB, seed)
        self._hub_port = spare_port()
        self.hub = HubHost(folder, broker_port=self.hub_wire.port, port=self._hub_port)
        if self.mounts:
            mount_memory(folder / "disks")
        self.kiosks = [self._kiosk(name, site, seed) for name, site in PLACES.items()]
        self.web_diary, self.losses = folder / "web.diary", folder / "hub.diary"
        self.webshop = Worker("webshop", [sys.executable, "-m", "storm.webshop", self._web_orders(seed)], folder)
        self.set_pace(0.0)

    @property
    def workers(self) -> list[Worker]:
        """Return every process."""
        return [
            self.broker,
            self.hub.worker,
            self.webshop,
            *(worker for kiosk in self.kiosks for worker in kiosk.workers),
        ]

    def start(self) -> None:
        """Start all; the kiosks sell once the hub's catalogue has reached them.

        Raises: StormError.
        """
        self.broker.start()
        self.await_broker()
        self.hub.worker.start()
        self.await_hub()
        load = self.hub.command("hub-catalogue", ["catalogue", "import", str(SAMPLE), "--region", REGION])
        load.start()
        for kiosk in self.kiosks:
            kiosk.bridge.start()
            kiosk.backroom.start()
        load.wanted = False  # it ends when it has done its work
        wait(lambda: all(map(has_catalogue, self.kiosks)), "the catalogue to arrive", _ARRIVAL_S, self)
        if load.ended:
            raise StormError(f"the catalogue could not be imported: {load.last_words()}")
        for kiosk in self.kiosks:
            kiosk.seller.start()
        self.webshop.start()

    def await_broker(self) -> None:
        """Return once the broker answers."""
        wait_for_port(self._broker_port, self.broker)

    def await_hub(self) -> None:
        """Return once the hub answers."""
        wait_for_port(self._hub_port, self.hub.worker)

    def must_run(self) -> None:
        """Check that nothing ended by itself.

        Raises: StormError with its last words.
        """
        for worker in self.workers:
            worker.must_run()

    def progress(self) -> int:
        """Return how many facts the journals hold, as their sellers say."""
        return sum(kiosk.newest() for kiosk in self.kiosks)

    def waiting(self) -> int:
        """Return how many facts the hub has not committed."""
        return self.progress() - self.hub.committed().total()

    def set_pace(self, pause_s: float) -> None:
        """Let every seller pause so long between two sales."""
        write_number(self.folder / "pace", pause_s)

    def keep(self) -> None:
        """Copy the kiosks' files to where they outlive the mounts."""
        for kiosk in self.kiosks:
            shutil.copytree(kiosk.data, self.folder / "kept" / kiosk.name, ignore=shutil.ignore_patterns("lost+found"))

    def close(self) -> None:
        """End everything at once, whatever state it is in."""
        for worker in (*self.workers, *(worker for one in self.clones for worker in (one.seller, one.bridge))):
            worker.end()
        for wire in (self.hub_wire, *(kiosk.wire for kiosk in self.kiosks)):
            wire.close()

    def unmount(self) -> None:
        """Let the kiosks' disks go."""
        if self.mounts:
            for kiosk in self.kiosks:
                unmount(kiosk.data)
            unmount(self.folder / "disks")

    def _web_orders(self, seed: int) -> str:
        skus = [line.split(",")[0] for line in SAMPLE.read_text().splitlines()[1:] if line.endswith(",pc")]
        goods = {"skus": skus[:SCARCE], "plenty": skus[SCARCE:]}
        orders = {"port": self._hub_port, "diary": str(self.web_diary), "phase": str(self.folder / "phase")}
        return json.dumps({**orders, **goods, "seed": seed, "region": REGION, "sites": sorted(set(PLACES.values()))})

    def _wire(self, name: str, seed: int) -> Wire:
        return Wire(self._broker_port, rng=random.Random(f"{seed} {name}"), tally=self.tally, name=name)

    def _kiosk(self, name: str, site: str, seed: int) -> Kiosk:
        share = self.facts // len(PLACES)
        data, disk = self.folder / name, None
        data.mkdir(mode=0o700)
        if self.mounts:
            disk = Disk(data, self.folder / "disks" / f"{name}.img", _ROOM + share * _ROOM_A_FACT)
        return Kiosk(name, site, self.folder, self._wire(name, seed), disk, share=share, seed=seed)


def wait(done: Callable[[], bool], what: str, limit_s: float, world: World) -> None:
    """Return once ``done``, while all that runs goes on running.

    Raises: StormError after ``limit_s``.
    """
    deadline = time.monotonic() + limit_s
    while not done():
        world.must_run()
        if time.monotonic() > deadline:
            raise StormError(f"waited {limit_s:g} s for {what}")
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline


def has_catalogue(kiosk: Kiosk) -> bool:
    """Return whether the hub's catalogue has reached a kiosk."""
    path = kiosk.data / "catalogue.db"
    if not path.exists():
        return False
    with contextlib.closing(probe.reader(path)) as db:
        try:
            return bool(db.execute("SELECT count(*) > 0 FROM items").fetchone()[0])
        except sqlite3.OperationalError:  # its tables are being made
            return False


def _broker(folder: Path, port: int) -> Worker:
    """Return a private Mosquitto whose queues are bounded as it comes: nothing here raises a limit.

    Raises: StormError if it is not installed.
    """
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise StormError("mosquitto is not installed: run `make chaos`, or `apt-get install mosquitto`")
    lines = [f"listener {port} {LOOPBACK}", "allow_anonymous true", "persistence false"]
    if os.geteuid() == 0:
        lines.append("user root")  # else it drops to its own user, who may not read this folder
    config = folder / "mosquitto.conf"
    config.write_text("\n".join([*lines, ""]))
    return Worker("broker", [found, "-c", str(config)], folder)


__all__ = ["PLACES", "World", "has_catalogue", "wait"]
