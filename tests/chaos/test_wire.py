"""The storm's wire: what it does to messages, what it counts, and what it leaves alone."""

import random
import signal
import socket
import threading
import time
from collections import Counter

import pytest
from mosquitto_record import QUICK, Record
from mqtt_by_hand import TOPIC, frame, publish
from storm.wire import HUB, Tally, Wire
from storm.wire_pair import Watch
from waiting import wait_until

from contract.batch import encode_batch
from mqtt_bridge.link import BrokerUrl, Connected, Delivered, Disconnected, Received
from mqtt_bridge.paho_link import PahoLink

HUB_LISTENS = "popup/v1/+/+/+/up/#"
MIN_RATE = 10e6  # bytes a second: twice what the whole storm sends in one


# Real clients, a real broker.


def batch(n: int) -> bytes:
    return encode_batch("till@1", n, [b'{"n":%d}' % n, b"{}"], n)


class Net:
    """A kiosk and a hub, each behind its own wire."""

    def __init__(self, port: int) -> None:
        self.tally = Tally()
        self.kiosk_wire = Wire(port, rng=random.Random(1), tally=self.tally, name="k1")
        self.hub_wire = Wire(port, rng=random.Random(2), tally=self.tally, name=HUB)
        self.kiosk, self.hub = Record(), Record()
        self.links: list[PahoLink] = []

    def connect_hub(self) -> PahoLink:
        return self._link(self.hub_wire, "hub", [HUB_LISTENS], self.hub)

    def connect_kiosk(self) -> PahoLink:
        return self._link(self.kiosk_wire, "k1", [], self.kiosk)

    def _link(self, wire, name, listens_to, record) -> PahoLink:
        link = PahoLink(
            [BrokerUrl("127.0.0.1", wire.port, tls=False)],
            client_id=name,
            subscriptions=listens_to,
            on_event=record,
            backoff=QUICK,
        )
        self.links.append(link)
        link.start()
        record.expect(Connected)
        return link

    def connect(self) -> PahoLink:
        """Connect both; return the kiosk's link once the hub is known to hear it."""
        self.connect_hub()
        link = self.connect_kiosk()
        wait_until(lambda: self._is_heard(link), what="the hub's subscription")
        return link

    def _is_heard(self, link) -> bool:
        topic = TOPIC.replace("facts", "other")
        link.publish(topic, b"do you hear me")
        try:
            self.hub.expect(Received, lambda it: it.topic == topic, within_s=0.2)
        except TimeoutError:
            return False
        return True

    def heard(self) -> list[bytes]:
        return [event.payload for event in self.hub.all_of(Received) if event.topic == TOPIC]

    def wait_heard(self, count: int) -> list[bytes]:
        wait_until(lambda: len(self.heard()) >= count, what=f"{count} batches at the hub")
        return self.heard()

    def close(self) -> None:
        for link in self.links:
            link.stop()
        self.kiosk_wire.close()
        self.hub_wire.close()


@pytest.fixture
def net(mosquitto):
    opened = Net(mosquitto.port)
    yield opened
    opened.close()


def test_a_gentle_wire_changes_nothing_and_counts_what_arrives(net):
    link = net.connect()
    sent = [batch(n) for n in range(1, 51)]
    for payload in sent:
        link.publish(TOPIC, payload)
    assert net.wait_heard(50) == sent
    wait_until(lambda: len(net.kiosk.all_of(Delivered)) >= 50, what="every acknowledgement")
    assert net.tally.counts() == dict.fromkeys(net.tally.counts(), 0) | {"facts_delivered": 100}
    assert net.tally.acknowledged_not_delivered() == 0


def test_a_cut_ends_connections_and_lets_none_come_about_until_it_is_mended(net):
    link = net.connect()
    net.kiosk_wire.cut()
    net.kiosk.expect(Disconnected)
    for _ in range(3):
        net.kiosk.expect(Disconnected)  # it tries again, and is turned away
    assert not net.kiosk.all_of(Connected)
    net.kiosk_wire.mend()
    net.kiosk.expect(Connected)
    link.publish(TOPIC, batch(1))
    assert net.wait_heard(1) == [batch(1)]
    assert (net.tally.cuts, net.tally.cuts_under_way) == (1, 0)


def test_a_cut_counts_the_batch_that_was_under_way(net, mosquitto):
    link = net.connect()
    mosquitto._child.send_signal(signal.SIGSTOP)  # so that no acknowledgement can come
    link.publish(TOPIC, batch(1))
    wait_until(lambda: cut_under_way(net), what="a cut with a batch under way")
    mosquitto._child.send_signal(signal.SIGCONT)
    net.kiosk.expect(Disconnected)
    assert net.tally.cuts == 1


def cut_under_way(net) -> bool:
    if any(watch.under_way for watch in net.kiosk_wire._connections.values()):
        net.kiosk_wire.cut()
    return bool(net.tally.cuts_under_way)


def test_delayed_messages_come_late_and_in_order(net):
    link = net.connect()
    net.kiosk_wire.spoil(delay_s=(0.3, 0.5))
    sent = [batch(n) for n in range(1, 11)]
    began_s = time.monotonic()
    for payload in sent:
        link.publish(TOPIC, payload)
    wait_until(net.heard, what="the first")
    assert time.monotonic() - began_s >= 0.3
    assert net.wait_heard(10) == sent
    assert net.tally.delayed == 10


@pytest.mark.parametrize("which", ["kiosk_wire", "hub_wire"])
def test_repeated_messages_come_twice(net, which):
    link = net.connect()
    getattr(net, which).spoil(duplicate=1.0)
    sent = [batch(n) for n in range(1, 11)]
    for payload in sent:
        link.publish(TOPIC, payload)
    assert Counter(net.wait_heard(20)) == Counter(sent * 2)
    assert net.tally.duplicated == 10
    wait_until(lambda: net.tally.facts_delivered == 40, what="each repeat to be counted")


@pytest.mark.parametrize("which", ["kiosk_wire", "hub_wire"])
def test_exchanged_messages_come_in_another_order_until_it_is_calm(net, which):
    link = net.connect()
    getattr(net, which).spoil(reorder=0.5)
    sent = [batch(n) for n in range(1, 21)]
    for payload in sent:
        link.publish(TOPIC, payload)
    came = net.wait_heard(20)
    assert Counter(came) == Counter(sent)
    assert came != sent
    assert net.tally.reordered > 0
    getattr(net, which).calm()
    for payload in sent:
        link.publish(TOPIC, payload)
    assert net.wait_heard(40)[20:] == sent


def test_what_a_killed_broker_had_acknowledged_is_counted_as_lost(net, mosquitto):
    link = net.connect()
    link.publish(TOPIC, batch(1))
    net.wait_heard(1)
    net.hub_wire.cut()  # the broker keeps what comes for the hub's session, in memory
    net.hub.expect(Disconnected)
    for n in range(2, 7):
        link.publish(TOPIC, batch(n))
    wait_until(lambda: net.tally.acknowledged_not_delivered() == 5, what="five acknowledgements")
    mosquitto.kill()
    assert net.tally.settle_broker_loss() == 5
    assert (net.tally.broker_lost_acked, net.tally.acknowledged_not_delivered()) == (5, 0)
    net.kiosk.expect(Disconnected)
    mosquitto.start()
    net.hub_wire.mend()
    net.hub.expect(Connected)
    net.kiosk.expect(Connected)
    wait_until(lambda: net._is_heard(link), what="the kiosk and the hub to be back")
    assert net.heard() == [batch(1)]  # they are lost indeed


def test_what_reached_the_hub_before_the_broker_died_is_not_lost(net, mosquitto):
    link = net.connect()
    for n in range(1, 7):
        link.publish(TOPIC, batch(n))
    net.wait_heard(6)
    mosquitto.kill()
    assert net.tally.settle_broker_loss() == 0


def test_a_living_broker_has_lost_nothing_yet(net):
    net.connect()
    with pytest.raises(TimeoutError, match="2 connections to the broker"):
        net.tally.settle_broker_loss(within_s=0.05)


@pytest.mark.parametrize(
    ("deeds", "owed"),
    [("a", 1), ("ad", 0), ("da", 0), ("aad", 0), ("ada", 0), ("", 0)],
)
def test_what_is_acknowledged_and_not_delivered_is_owed(deeds, owed):
    tally = Tally()
    for deed in deeds:
        {"a": tally.acknowledged, "d": tally.delivered}[deed](b"x")
    assert tally.acknowledged_not_delivered() == owed


def test_a_refusal_is_no_acknowledgement():
    tally = Tally()
    watch = Watch(tally, to_hub=False)
    watch.from_machine(publish(5, batch(1)))
    assert watch.under_way
    watch.from_broker(frame(0x40, b"\x00\x05\x10\x00"))  # nobody was there to hear it
    assert (watch.under_way, tally.acknowledged_not_delivered()) == (False, 0)


@pytest.mark.parametrize(("to_hub", "facts"), [(True, 2), (False, 0)])
def test_only_what_the_hub_is_handed_counts_as_delivered(to_hub, facts):
    tally = Tally()
    Watch(tally, to_hub=to_hub).to_machine([publish(5, batch(1)), publish(6, b"no batch")])
    assert tally.facts_delivered == facts


def test_nobody_is_let_in_while_the_broker_is_away(net, mosquitto):
    mosquitto.kill()
    with socket.create_connection(("127.0.0.1", net.kiosk_wire.port)) as end:
        end.settimeout(10)
        assert end.recv(1) == b""


# The wire by itself.


class Sink:
    """A server that counts what it is sent."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.got = bytearray()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        end, _ = self._server.accept()
        with end:
            while chunk := end.recv(2**20):
                self.got += chunk


@pytest.fixture
def sink():
    opened = Sink()
    yield opened
    opened._server.close()


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_it_carries_ten_megabytes_a_second(sink, size):
    data = b"".join(publish(n, b'{"count":1}\n' + bytes(size)).raw for n in range(1, 20_000_000 // size))
    wire = Wire(sink.port, rng=random.Random(1), tally=Tally(), name="k1")
    with socket.create_connection(("127.0.0.1", wire.port)) as end:
        began_s = time.process_time()  # sender, wire and sink: a loaded machine does not count against them
        end.sendall(data)
        wait_until(lambda: len(sink.got) == len(data), what="all of it", deadline_s=30)
        took_s = time.process_time() - began_s
    wire.close()
    assert sink.got == data
    assert len(data) / took_s > MIN_RATE


def test_junk_passes_through(sink):
    wire = Wire(sink.port, rng=random.Random(1), tally=Tally(), name="k1")
    wire.spoil(delay_s=(0, 0.01), duplicate=1, reorder=1)
    junk = random.Random(5).randbytes(200_000)
    with socket.create_connection(("127.0.0.1", wire.port)) as end:
        end.sendall(b"\x00" + junk)
        wait_until(lambda: len(sink.got) == len(junk) + 1, what="all of it")
    wire.close()
    assert sink.got == b"\x00" + junk


def test_half_a_frame_is_passed_on_at_the_end(sink):
    wire = Wire(sink.port, rng=random.Random(1), tally=Tally(), name="k1")
    half = publish(payload=bytes(1000)).raw[:500]
    with socket.create_connection(("127.0.0.1", wire.port)) as end:
        end.sendall(half)
    wait_until(lambda: sink.got == half, what="the half")
    wire.close()


class BadDice(random.Random):
    def random(self) -> float:
        raise ArithmeticError("no luck")


def test_a_fault_of_its_own_is_told(sink):
    wire = Wire(sink.port, rng=BadDice(), tally=Tally(), name="k1")
    wire.spoil(duplicate=0.5)
    with socket.create_connection(("127.0.0.1", wire.port)) as end:
        end.sendall(publish().raw)
        end.settimeout(10)
        assert end.recv(1) == b""
    with pytest.raises(RuntimeError, match="k1 failed"):
        wire.close()
