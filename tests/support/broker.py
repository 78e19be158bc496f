"""A real Mosquitto for tests: on a spare loopback port, in its own folder, stopped with the test."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from children import end_child, start_child
from ports import LOOPBACK, answers, find_spare_port
from waiting import wait_until

Configure = Callable[[int, Path], str]  # port and folder in, text of mosquitto.conf out

START_TRIES = 5  # another process may take the spare port first; five in a row never happened
START_DEADLINE_S = 20.0  # 0.1 s alone; a loaded two-core machine was seen to need seconds


def minimal_config(port: int, folder: Path) -> str:
    """Return a configuration that lets everybody in and keeps nothing."""
    del folder
    lines = [f"listener {port} {LOOPBACK}", "allow_anonymous true", "persistence false"]
    if os.geteuid() == 0:
        lines.insert(0, "user root")  # else it drops to its own user, who may not read the test's folder
    return "\n".join([*lines, ""])


class Broker:
    """One Mosquitto that keeps its port, folder and configuration while it is stopped, killed and started again."""

    def __init__(self, folder: Path, configure: Configure = minimal_config) -> None:
        self.host = LOOPBACK
        self.port = 0  # chosen at the first start
        self.folder = folder
        self.log = folder / "mosquitto.log"
        self._configure = configure
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start and return once it accepts connections: on a spare port first, on the same one ever after."""
        assert not self.running, "the broker is already running"
        if self.port:
            self._start_on(self.port)
            return
        for _ in range(START_TRIES):
            port = find_spare_port()
            try:
                self._start_on(port)
            except BrokerDied as error:
                if "Address already in use" not in str(error):
                    raise
            else:
                self.port = port
                return
        pytest.fail(f"mosquitto found no free port in {START_TRIES} tries")

    def stop(self) -> None:
        """End it in good order: it says goodbye to its clients and saves what it keeps."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _start_on(self, port: int) -> None:
        config = self.folder / "mosquitto.conf"
        config.write_text(self._configure(port, self.folder), "utf-8")
        self.log.write_bytes(b"")
        child = self._child = start_child([find_mosquitto(), "-c", config], log=self.log)

        def is_up() -> bool:
            if child.poll() is not None:
                raise BrokerDied(self.log.read_text("utf-8", "replace"))
            return answers(port)

        wait_until(is_up, what=f"mosquitto on port {port}", deadline_s=START_DEADLINE_S)

    def _end(self, how: signal.Signals) -> None:
        if self._child is not None:
            end_child(self._child, how)
            self._child = None


class BrokerDied(RuntimeError):
    """Mosquitto ended while it was being started; the text is its log."""


def find_mosquitto() -> str:
    """Return Mosquitto's path; Debian keeps it where an ordinary user's PATH does not look."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    return found or pytest.fail("mosquitto is not installed: run 'make test', which sees to it")


@pytest.fixture
def make_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Broker]]:
    """A function that starts one more broker, with a configuration of the test's choice."""
    started: list[Broker] = []

    def make(configure: Configure = minimal_config) -> Broker:
        broker = Broker(tmp_path_factory.mktemp("mosquitto"), configure)
        started.append(broker)
        broker.start()
        return broker

    yield make
    for broker in started:
        broker.stop()


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Broker]) -> Broker:
    """A running broker that lets everybody in."""
    return make_mosquitto()
