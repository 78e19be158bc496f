"""The hub of the storm: its process, its books, copies of them, and what putting one in their place loses."""

import sys
from collections import Counter
from pathlib import Path

from demo.processes import LOOPBACK
from storm import probe
from storm.shop import REGION
from storm.worker import Worker


class HubHost:
    """One hub, whose database and state folder may be exchanged while it is down."""

    def __init__(self, folder: Path, *, broker_port: int, port: int) -> None:
        """Prepare; nothing runs yet."""
        self.shift = folder / "hub.shift"
        self._folder = folder
        self._broker_port, self._port = broker_port, port
        self._lives = 0
        self.move_in()

    def move_in(self) -> None:
        """Prepare a database and a state folder that were not used before."""
        self._lives += 1
        self.db = self._folder / f"hub-{self._lives}.db"
        self._state = self._folder / f"hub-{self._lives}-state"
        serve = ["serve", "--broker", f"mqtt://{LOOPBACK}:{self._broker_port}", "--region", REGION]
        serve += ["--listen", f"{LOOPBACK}:{self._port}", "--state-dir", str(self._state)]
        self.worker = self.command("hub", serve)

    def command(self, label: str, arguments: list[str]) -> Worker:
        """Return one of the hub's commands over its present database."""
        clocked = [sys.executable, "-m", "storm.clocked", str(self.shift), "hub"]
        env = {"HUB_DATABASE_URL": f"sqlite:///{self.db}"}
        return Worker(label, [*clocked, *arguments], self._folder, env)

    def promotion(self) -> Worker:
        """Return the command that tells the books that they are a promoted copy."""
        return self.command("hub-migrate", ["migrate", "--promoted", "--state-dir", str(self._state)])

    def operate(self, *arguments: str) -> Worker:
        """Return a command of an operator's, who works beside the running hub."""
        return self.command("hub-operator", [*arguments, "--state-dir", str(self._state)])

    def committed(self) -> Counter[str]:
        """Return how many facts of each kiosk's till are committed."""
        return probe.committed(self.db) if self.db.exists() else Counter()

    def back_up(self) -> Path:
        """Copy the books while the hub runs; return the copy."""
        copy = self._folder / "hub.backup"
        copy.unlink(missing_ok=True)
        probe.copy_running(self.db, copy)
        return copy
