"""One kiosk of the storm: its data folder on a disk of its own, its network, and its processes."""

import os
import sys
from pathlib import Path
from typing import Final

from demo.processes import LOOPBACK
from storm import probe
from storm.disk import Disk
from storm.orders import Orders, read_number
from storm.wire import Wire
from storm.worker import Worker

REGION: Final = "coast"
PLACES: Final = {"k1": "market", "k2": "market", "k3": "harbour", "k4": "harbour"}
_BOLD: Final = 0.5  # half the sales are tried on a disk that the till calls full, so that commits fail too


class Kiosk:
    """One kiosk. ``seller``, ``bridge`` and ``backroom`` are its processes."""

    def __init__(self, name: str, site: str, folder: Path, wire: Wire, disk: Disk | None, *, share: int, seed: int):
        """Write its settings; nothing runs yet."""
        self.name, self.site, self.wire, self.disk, self.share = name, site, wire, disk, share
        self.is_counter = name == min(one for one, at in PLACES.items() if at == site)
        self.data = folder / name
        self.journal = self.data / "till.db"
        self.link_db = self.data / "link.db"
        self.diary = folder / f"{name}.diary"
        self.shift = folder / f"{name}.shift"
        self.pace = folder / "pace"
        self._pulse = folder / f"{name}.pulse"
        self._write_settings()
        orders = Orders(
            self.data,
            self.diary,
            self._pulse,
            self.pace,
            self.shift,
            folder / "phase",
            folder / "shelf.db",
            site,
            name,
            sites=sorted(set(PLACES.values())),
            neighbours={one: folder / one / "till.db" for one, at in PLACES.items() if at == site and one != name},
            counts=self.is_counter,
            share=share,
            seed=seed,
            bold=_BOLD,
        )
        clocked = [sys.executable, "-m", "storm.clocked", str(self.shift), "kiosk", "--data", str(self.data)]
        selling = [sys.executable, "-m", "storm.seller", orders.to_json()]
        self.seller = Worker(f"{name}-seller", selling, folder)
        self.bridge = Worker(f"{name}-bridge", [*clocked, "bridge"], folder)
        self.backroom = Worker(f"{name}-backroom", [*clocked, "backroom"], folder)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Return its processes."""
        return (self.seller, self.bridge, self.backroom)

    def newest(self) -> int:
        """Return how many facts its seller says that the journal holds."""
        return int(read_number(self._pulse))

    def unacknowledged(self) -> int:
        """Return how many facts the bridge has no acknowledgement of."""
        return max(0, self.newest() - probe.acknowledged(self.link_db))

    def refusals(self) -> int:
        """Return how often the till said that it could not store a sale."""
        return self.diary.read_bytes().count(b'"say": "refused"') if self.diary.exists() else 0

    def counts(self) -> int:
        """Return how many counts its staff has written down."""
        return self.diary.read_bytes().count(b'"say": "counted"') if self.diary.exists() else 0

    def start(self) -> None:
        """Start what is not running."""
        for worker in self.workers:
            if not worker.wanted:
                worker.start()

    def kill(self) -> None:
        """Cut the power."""
        for worker in self.workers:
            if worker.wanted:
                worker.kill()

    def _write_settings(self) -> None:
        settings = [f'region = "{REGION}"', f'site = "{self.site}"', f'kiosk = "{self.name}"', 'clock = "system"']
        link = ["[link]", f'brokers = ["mqtt://{LOOPBACK}:{self.wire.port}"]']
        self.data.mkdir(mode=0o700, exist_ok=True)
        path = self.data / "kiosk.toml"
        path.write_text("\n".join([*settings, *link, ""]))
        for written in (path, self.data):  # who sets a kiosk up syncs what he wrote
            file = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
            os.fsync(file)
            os.close(file)
