"""One kiosk of the storm: its data folder on a disk of its own, its network, and its processes."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from demo.processes import LOOPBACK
from storm import probe
from storm.disk import Disk
from storm.orders import Orders, read_number, write_number
from storm.wire import Wire
from storm.worker import Worker

REGION: Final = "coast"
PLACES: Final = {"k1": "market", "k2": "market", "k3": "harbour", "k4": "harbour"}
_OF_THE_DISK: Final = ("lost+found", "ballast")
_NO_SHARE: Final = 10**9  # a copy sells until it is found
_BOLD: Final = 0.5  # half the sales are tried on a disk that the till calls full, so that commits fail too


class Clone(NamedTuple):
    """A copy of a kiosk's card in another device, with the same identity; it has no backroom."""

    kiosk: "Kiosk"
    first_epoch: int  # of the card that it was copied from
    journal: Path
    diary: Path
    pulse: Path
    seller: Worker
    bridge: Worker


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
        self.epoch, self.before = 1, 0  # of its present card; facts that are on earlier ones
        self._write_settings()
        self._folder, self._seed = folder, seed
        clocked = [sys.executable, "-m", "storm.clocked", str(self.shift), "kiosk", "--data", str(self.data)]
        self.seller = self._hire()
        self.bridge = Worker(f"{name}-bridge", [*clocked, "bridge"], folder)
        self.backroom = Worker(f"{name}-backroom", [*clocked, "backroom"], folder)

    def _hire(self) -> Worker:
        """Return a seller for the present card."""
        orders = self._orders(self.data, self.diary, self._pulse)
        return Worker(f"{self.name}-seller", [sys.executable, "-m", "storm.seller", orders.to_json()], self._folder)

    def copy_card(self, number: int) -> "Clone":
        """Return a second device with this one's identity; nothing may run on the card."""
        name = f"{self.name}-copy{number}"
        data = self._folder / "cards" / name
        shutil.copytree(self.data, data, ignore=shutil.ignore_patterns(*_OF_THE_DISK))
        probe.empty_baskets(data / "till.db")  # their shoppers are at the other one
        orders = self._orders(data, self._folder / f"{name}.diary", self._folder / f"{name}.pulse")
        orders = replace(orders, kiosk=name, counts=False, only_sells=True, share=_NO_SHARE)
        selling = [sys.executable, "-m", "storm.seller", orders.to_json()]
        linking = [sys.executable, "-m", "storm.clocked", str(self.shift), "kiosk", "--data", str(data), "bridge"]
        workers = Worker(f"{name}-seller", selling, self._folder), Worker(f"{name}-bridge", linking, self._folder)
        return Clone(self, self.epoch, data / "till.db", orders.diary, orders.pulse, *workers)

    def _orders(self, data: Path, diary: Path, pulse: Path) -> Orders:
        folder, name, site = self._folder, self.name, self.site
        return Orders(
            data,
            diary,
            pulse,
            self.pace,
            self.shift,
            folder / "phase",
            folder / "shelf.db",
            site,
            name,
            sites=sorted(set(PLACES.values())),
            neighbours={one: folder / one / "till.db" for one, at in PLACES.items() if at == site and one != name},
            counts=self.is_counter,
            share=max(1, self.share - self.before),
            seed=self._seed,
            bold=_BOLD,
        )

    def exchange_card(self, old: Path) -> None:
        """Put the present card's files into ``old`` and begin with an empty one, as the next epoch; nothing may run."""
        self.before += int(read_number(self._pulse))
        shutil.copytree(self.data, old, ignore=shutil.ignore_patterns(*_OF_THE_DISK))
        for path in self.data.iterdir():
            if path.name not in _OF_THE_DISK:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.epoch = (
            max(self.epoch, *probe.epochs(old / "till.db")) + 1
        )  # a copied card may have begun lives of its own
        write_number(self._pulse, 0)
        self._write_settings()
        self.seller = self._hire()

    def salvage(self, old: Path) -> Worker:
        """Return the command that brings an old card's facts over."""
        command = [sys.executable, "-m", "storm.clocked", str(self.shift), "kiosk", "--data", str(self.data)]
        return Worker(f"{self.name}-salvage", [*command, "journal", "salvage", str(old), "--no-wait"], self._folder)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Return its processes."""
        return (self.seller, self.bridge, self.backroom)

    def newest(self) -> int:
        """Return how many facts its sellers say that its journals hold."""
        return self.before + int(read_number(self._pulse))

    def unacknowledged(self) -> int:
        """Return how many facts the bridge has no acknowledgement of."""
        return max(0, int(read_number(self._pulse)) - probe.acknowledged(self.link_db, self.epoch))

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
        settings.append(f"epoch = {self.epoch}")
        link = ["[link]", f'brokers = ["mqtt://{LOOPBACK}:{self.wire.port}"]']
        self.data.mkdir(mode=0o700, exist_ok=True)
        path = self.data / "kiosk.toml"
        path.write_text("\n".join([*settings, *link, ""]))
        for written in (path, self.data):  # who sets a kiosk up syncs what he wrote
            file = os.open(written, os.O_RDONLY | os.O_CLOEXEC)
            os.fsync(file)
            os.close(file)
