"""``hub serve`` as its own process, over a real broker: up, down, and through every kind of interruption."""

import json
import queue
import random
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from broker import Broker
from children import end_child, start_child
from hub_books import LaneTwin, down_ack, status
from ports import answers
from waiting import wait_until

from contract.batch import Ack, decode_ack, decode_batch
from contract.codec import decode_down
from contract.down import CatalogueChanged
from hub.intake.arrivals import Message
from mqtt_bridge.backoff import Backoff
from mqtt_bridge.errors import LinkError
from mqtt_bridge.link import BrokerUrl, LinkEvent, Received
from mqtt_bridge.paho_link import PahoLink
from mqtt_bridge.topics import ACK_UP, DOWN_FACTS, kiosk_subscriptions, topic

DEADLINE_S = 30.0


class Kiosk:
    """A kiosk's end of a real link."""

    def __init__(self, broker: Broker, twin: LaneTwin) -> None:
        self.twin = twin
        self.events: queue.Queue[LinkEvent] = queue.Queue()
        self._received: list[Received] = []
        self.link = PahoLink(
            [BrokerUrl(broker.host, broker.port, tls=False)],
            client_id=str(twin.address),
            subscriptions=kiosk_subscriptions(twin.address),
            on_event=self.events.put,
            backoff=Backoff(random.Random(1), min_s=0.05, max_s=0.2),  # noqa: S311
        )

    def say(self, message: Message) -> bool:
        try:
            self.link.publish(message.topic, message.payload, retain=message.retain)
        except LinkError:
            return False
        return True

    def heard(self, leaf: str) -> list[bytes]:
        while not self.events.empty():
            event = self.events.get()
            if isinstance(event, Received):
                self._received.append(event)
        at = topic(self.twin.address, leaf)
        return [event.payload for event in self._received if event.topic == at]

    def last_ack(self) -> Ack | None:
        acks = self.heard(ACK_UP)
        return decode_ack(acks[-1]) if acks else None

    def acknowledged(self) -> int:
        ack = self.last_ack()
        return max((int(one.position) for one in ack.positions), default=0) if ack else 0

    def send_until_acknowledged(self) -> None:
        """As a session does: send again until the hub has it all."""

        def done() -> bool:
            if self.acknowledged() == len(self.twin.raws):
                return True
            self.say(self.twin.message(self.acknowledged() + 1))
            return False

        wait_until(done, what=f"{len(self.twin.raws)} facts to be acknowledged", deadline_s=DEADLINE_S)


class Serve:
    """A hub process that keeps its settings while it is stopped and started."""

    def __init__(self, folder: Path, broker: Broker, port: int) -> None:
        self.url = f"sqlite:///{folder}/books/hub.db"
        self.api = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = folder / "hub.log"
        self._command = [sys.executable, "-m", "hub", "serve", "--database-url", self.url]
        self._command += ["--broker", f"mqtt://{broker.host}:{broker.port}", "--listen", f"127.0.0.1:{port}"]
        self._child: Popen[bytes] | None = None

    def start(self) -> None:
        self._child = start_child(self._command, log=self._log)
        wait_until(lambda: answers(self._port), what="the hub's API", deadline_s=DEADLINE_S)

    def stop(self) -> int:
        assert self._child is not None
        end_child(self._child, signal.SIGTERM)
        return self._child.returncode

    def kill(self) -> None:
        assert self._child is not None
        end_child(self._child, signal.SIGKILL)

    def get(self, address: str) -> object:
        with urllib.request.urlopen(self.api + address, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def running(serve: Serve, kiosk: Kiosk) -> Iterator[None]:
    serve.start()
    kiosk.link.start()
    try:
        yield
    finally:
        kiosk.link.stop()
        serve.kill()


@pytest.fixture
def serve(tmp_path: Path, mosquitto: Broker, spare_port: int) -> Serve:
    return Serve(tmp_path, mosquitto, spare_port)


def changes(kiosk: "Kiosk") -> list[CatalogueChanged]:
    """Return what the kiosk was told of the catalogue; it is told what other sites have as well."""
    told = [decode_down(raw).data for payload in kiosk.heard(DOWN_FACTS) for raw in decode_batch(payload).facts]
    return [data for data in told if isinstance(data, CatalogueChanged)]


def test_a_sale_reaches_the_books_and_a_price_reaches_the_kiosk(
    serve: Serve, mosquitto: Broker, till: LaneTwin, tmp_path: Path
) -> None:
    till.sell()
    till.raws.append(b"junk")
    till.sell()
    kiosk = Kiosk(mosquitto, till)
    with running(serve, kiosk):
        kiosk.send_until_acknowledged()
        (stock,) = serve.get("/stock")["stock"]  # type: ignore[index]
        assert stock["sold"] == 2
        kiosk.say(status(till.address))
        file = tmp_path / "list.csv"
        file.write_text("sku,name,price\ntea,Tea,3.00\n")
        command = [sys.executable, "-m", "hub", "catalogue", "import", str(file), "--database-url", serve.url]
        imported = start_child(command, log=tmp_path / "import.log")
        assert imported.wait(DEADLINE_S) == 0
        (data, *_) = wait_until(lambda: changes(kiosk), what="the catalogue", deadline_s=DEADLINE_S)
        assert [item.sku for item in data.items] == ["tea"]
        kiosk.say(down_ack(till.address, {"fleet@1": 1}))
        health = serve.get("/health")
        assert health["status"] == "ok"  # type: ignore[index]
        assert serve.stop() == 0
        assert "ended" in serve.log


def test_a_killed_hub_and_a_killed_broker_lose_and_double_nothing(
    serve: Serve, mosquitto: Broker, till: LaneTwin
) -> None:
    kiosk = Kiosk(mosquitto, till)
    with running(serve, kiosk):
        for victims in ((serve.kill,), (mosquitto.kill,), (serve.kill, mosquitto.kill)):
            for _ in range(20):
                till.sell()
            kiosk.say(till.message())
            for kill in victims:
                kill()
            if not mosquitto.running:
                mosquitto.start()
            if serve._child is not None and serve._child.poll() is not None:
                serve.start()
            kiosk.send_until_acknowledged()
        (stock,) = serve.get("/stock")["stock"]  # type: ignore[index]
        assert stock["sold"] == 60
        assert serve.get("/exceptions") == []
        assert serve.get("/quarantine") == []
        ack = kiosk.last_ack()
        assert ack is not None
        assert ack.incarnation == 1


def test_a_hub_without_a_broker_serves_and_says_so(tmp_path: Path, mosquitto: Broker, spare_port: int) -> None:
    mosquitto.stop()
    serve = Serve(tmp_path, mosquitto, spare_port)
    serve.start()
    try:
        wait_until(lambda: "nothing listens" in serve.log, what="a word about the broker", deadline_s=DEADLINE_S)
        health = serve.get("/health")
        assert health["status"] == "degraded"  # type: ignore[index]
        assert "nothing listens" in health["link"]  # type: ignore[index]
        assert serve.stop() == 0
    finally:
        serve.kill()


def test_a_hub_that_lost_its_database_hears_everything_again(
    serve: Serve, mosquitto: Broker, till: LaneTwin, tmp_path: Path
) -> None:
    for _ in range(5):
        till.sell()
    kiosk = Kiosk(mosquitto, till)
    with running(serve, kiosk):
        kiosk.send_until_acknowledged()
        serve.kill()
        for path in (tmp_path / "books").glob("hub.db*"):
            path.unlink()
        serve.start()
        kiosk.say(status(till.address, incarnation=1, acked={till.stream: 5}))
        wait_until(lambda: (ack := kiosk.last_ack()) and ack.incarnation == 2, what="a new incarnation")
        kiosk.say(till.message())
        wait_until(lambda: bool(serve.get("/stock")["stock"]), what="the facts again")  # type: ignore[index]
        (stock,) = serve.get("/stock")["stock"]  # type: ignore[index]
        assert stock["sold"] == 5
