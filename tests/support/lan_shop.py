"""Two tills of one site as real processes: a broker of their own, and a hub that is away until it is started."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import Popen

from broker import Broker
from children import end_child, start_child
from kiosk_command import KIOSK, Done, environment
from ports import answers
from till_terminal import stock_desk
from waiting import wait_until

from contract.codec import decode
from contract.facts import KioskStarted, SaleRecorded, StockLine, StockReceived
from contract.stock import Account, StockKey
from contract.values import Address, Epoch, KioskId, Money, Quantity, RegionId, SiteId, Sku
from kiosk.bootstrap import LocalDesk
from kiosk.core.counter import Counter, Mood
from kiosk.journal.stock import account_of

REGION, SITE = "north", "market"
TEA = StockKey(Sku("P-01"))
DEADLINE_S = 20.0  # a second alone; processes start slowly on a machine that is busy


class Till:
    """One kiosk of the site: its folder, its desk, its bridge and backroom."""

    def __init__(self, folder: Path, name: str, *, hub: Broker, site: Broker) -> None:
        self.address = Address(RegionId(REGION), SiteId(SITE), KioskId(name))
        self.data = folder / name
        self.data.mkdir()
        settings = [f'region = "{REGION}"', f'site = "{SITE}"', f'kiosk = "{name}"', 'clock = "system"']
        settings += ["[link]", f'brokers = ["mqtt://{hub.host}:{hub.port}"]']
        settings += ["[lan]", f'broker = "mqtt://{site.host}:{site.port}"', ""]
        (self.data / "kiosk.toml").write_text("\n".join(settings))
        self._open()
        self.desk.record([KioskStarted(version="1", epoch=Epoch(1))])
        self._children: dict[str, Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names or ("bridge", "backroom"):
            log = self.data / f"{name}.log"
            self._children[name] = start_child([KIOSK, "--data", self.data, name], log=log)

    def kill(self, *names: str) -> None:
        """End processes as a power cut would."""
        for name in names or ("bridge", "backroom"):
            end_child(self._children.pop(name), signal.SIGKILL)

    def save(self) -> dict[str, bytes]:
        """Return a copy of the card, as a backup of its files makes one."""
        card = {}
        for path in self.data.glob("*.db"):
            with closing(sqlite3.connect(path)) as db:
                card[path.name] = db.serialize()
        return card

    def put_back(self, card: dict[str, bytes]) -> None:
        """Cut the power, and go on with a copy of the card; nothing runs yet."""
        self.kill(*self._children)
        self.desk.close()
        for path in self.data.glob("*.db*"):
            path.unlink()
        for name, raw in card.items():
            (self.data / name).write_bytes(raw)
        self._open()

    def _open(self) -> None:
        self.desk: LocalDesk = stock_desk(self.data)
        self.counter = Counter(self.desk)

    def stop(self) -> None:
        for child in self._children.values():
            end_child(child, signal.SIGTERM)
        self._children.clear()

    def close(self) -> None:
        self.stop()
        self.desk.close()

    def account(self) -> Account:
        return account_of(self.desk.journal, TEA)

    def receive(self, amount: int) -> None:
        self.desk.record([StockReceived([StockLine(TEA.sku, Quantity(amount))], self.desk.clock.stamp().at)])

    def scan(self, amount: int) -> None:
        assert self.counter.enter(f"{amount}*{TEA.sku}") is None

    def sell(self, amount: int = 1) -> None:
        self.scan(amount)
        self.pay()

    def pay(self) -> None:
        notice = self.counter.sell(Money(10_000))
        assert notice.mood is Mood.SOLD, notice

    def said(self, kind: type) -> list[object]:
        facts = [decode(raw).data for epoch in self.desk.journal.epochs() for _, raw in self.desk.journal.stored(epoch)]
        return [data for data in facts if isinstance(data, kind)]

    def overdraft(self) -> int:
        return sum(line.overdraft for sale in self.said(SaleRecorded) for line in sale.lines)  # type: ignore[attr-defined]

    def command(self, *command: str) -> Done:
        """Run a command of this kiosk."""
        return self.program("kiosk", *command)

    def program(self, *command: str) -> Done:
        """Run one of the project's commands."""
        argv = [str(KIOSK.with_name(command[0])), *command[1:]]
        env = environment() | {"KIOSK_DATA": str(self.data)}
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env=env)
        return Done(done.returncode, done.stdout, done.stderr)

    def log(self) -> str:
        return "\n".join(f"{path.name}: {path.read_text()}" for path in self.data.glob("*.log"))

    def wait_for_rights(self, least: int) -> None:
        try:
            wait_until(
                lambda: self.account().available >= least, what=f"{least} at {self.address}", deadline_s=DEADLINE_S
            )
        except TimeoutError as error:
            raise AssertionError(f"{error}: {self.account()}\n{self.log()}") from error


@contextmanager
def hub_running(folder: Path, broker: Broker, port: int) -> Iterator[str]:
    """Run a hub and its broker; give the address of its database."""
    url = f"sqlite:///{folder}/hub.db"
    command = [sys.executable, "-m", "hub", "serve", "--database-url", url, "--region", REGION]
    command += ["--broker", f"mqtt://{broker.host}:{broker.port}", "--listen", f"127.0.0.1:{port}"]
    command += ["--state-dir", str(folder / "hub-state")]
    broker.start()
    child = start_child(command, log=folder / "hub.log")
    try:
        wait_until(lambda: answers(port), what="the hub's API", deadline_s=30.0)
        yield url
    finally:
        end_child(child, signal.SIGTERM)
