"""The shops of the demo: a hub, a private broker, three kiosks at two sites, each a process of its own."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.facts import StockLine, StockReceived
from contract.values import Quantity
from demo import processes
from demo.processes import Process
from demo.relay import Relay
from kiosk.bootstrap import open_desk

REGION: Final = "demo"
SAMPLE: Final = Path(__file__).parent / "data" / "catalogue.csv"
_DELIVERED: Final = 60  # of each item: more than a day sells, so that the books show no overdraft


class Kiosk:
    """One kiosk: its data folder, its site's network, and its processes."""

    def __init__(self, name: str, site: str, folder: Path, broker_port: int) -> None:
        """Write its settings."""
        self.name = name
        self.site = site
        self.data = folder / name
        self.diary = folder / f"{name}.diary"
        self.journal = self.data / "till.db"
        self.relay = Relay(broker_port)
        self.data.mkdir(mode=0o700)
        settings = [f'region = "{REGION}"', f'site = "{site}"', f'kiosk = "{name}"', 'clock = "system"']
        link = ["[link]", f'brokers = ["mqtt://{processes.LOOPBACK}:{self.relay.port}"]']
        (self.data / "kiosk.toml").write_text("\n".join([*settings, *link, ""]))
        env = {"KIOSK_DATA": str(self.data)}
        self.bridge = processes.program("kiosk", ["bridge"], folder, label=f"{name}-bridge", env=env)
        self.backroom = processes.program("kiosk", ["backroom"], folder, label=f"{name}-backroom", env=env)
        self.seller: Process | None = None
        self._folder = folder

    def start(self) -> None:
        """Start what runs beside a till."""
        self.bridge.start()
        self.backroom.start()

    def has_catalogue(self) -> bool:
        """Return whether the hub's catalogue has arrived."""
        path = self.data / "catalogue.db"
        if not path.exists():
            return False
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'items'").fetchone():
                return False
            return bool(db.execute("SELECT count(*) > 0 FROM items").fetchone()[0])

    def receive_stock(self) -> None:
        """Take a delivery of everything in."""
        desk = open_desk(self.data)
        lines = [
            StockLine(item.sku, Quantity(_DELIVERED * item.unit.per, item.unit)) for item in desk.catalogue.items()
        ]
        desk.record([StockReceived(lines, desk.clock.stamp().at)])
        desk.close()

    def sell(self, sales: int, pause_s: float, seed: int) -> None:
        """Start a scripted seller."""
        arguments = [str(self.data), str(self.diary), str(sales), str(pause_s), str(seed)]
        self.seller = processes.module("demo.seller", arguments, self._folder, label=f"{self.name}-seller")
        self.seller.start()

    def shown(self) -> int:
        """Return how many sales were shown as done."""
        return self.diary.read_bytes().count(b"\n") if self.diary.exists() else 0

    def stop(self) -> None:
        """End everything of this kiosk."""
        for process in (self.seller, self.bridge, self.backroom):
            if process:
                process.stop()
        self.relay.close()


class Shops:
    """Everything that runs on a market day."""

    def __init__(self, folder: Path) -> None:
        """Choose ports and write settings; nothing runs yet."""
        self.folder = folder
        self.broker_port = processes.spare_port()
        self.hub_port = processes.spare_port()
        self.hub_db = folder / "hub.db"
        self.broker = processes.broker(folder, self.broker_port)
        env = {"HUB_DATABASE_URL": f"sqlite:///{self.hub_db}"}
        serve = ["serve", "--broker", f"mqtt://{processes.LOOPBACK}:{self.broker_port}"]
        serve += ["--listen", f"{processes.LOOPBACK}:{self.hub_port}", "--state-dir", str(folder / "hub-state")]
        serve += ["--region", REGION]
        self.hub = processes.program("hub", serve, folder, label="hub", env=env)
        load = ["catalogue", "import", str(SAMPLE), "--region", REGION]
        self.load_catalogue = processes.program("hub", load, folder, label="hub-catalogue", env=env)
        places = (("k1", "market"), ("k2", "market"), ("k3", "harbour"))
        self.kiosks = [Kiosk(name, site, folder, self.broker_port) for name, site in places]

    @property
    def hub_url(self) -> str:
        """Return where the hub answers."""
        return f"http://{processes.LOOPBACK}:{self.hub_port}"

    def start(self) -> None:
        """Start broker, hub and kiosks, and give the hub its catalogue.

        Raises: DemoError.
        """
        self.broker.start()
        processes.wait_for_port(self.broker_port, self.broker)
        self.hub.start()
        processes.wait_for_port(self.hub_port, self.hub)
        self.load_catalogue.start()
        for kiosk in self.kiosks:
            kiosk.start()

    def stop(self) -> None:
        """End everything."""
        for kiosk in self.kiosks:
            kiosk.stop()
        for process in (self.load_catalogue, self.hub, self.broker):
            process.stop()
