"""Urgent requests over a real broker: at once, ahead of every batch, again until they are answered."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker import Broker
from mosquitto_record import QUICK, seeded, url_of
from waiting import wait_until

from contract.batch import Ack, Status, StreamPosition, encode_message
from contract.codec import digest
from contract.facts import KioskStopping, StockLine
from contract.requests import MAX_REQUEST_BYTES, Request, decode_request
from contract.rights import Answer, PromiseTold, ReservationRequested, RightsRequested, Urgency
from contract.values import Currency, Epoch, Incarnation, Lane, Money, Quantity, Seq, Sku, parse_address
from kiosk.clock import KioskClock, now_utc
from kiosk.core.timekeeping import ClockMode
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.schema import TILL
from mqtt_bridge.link import Connected, LinkEvent, Received, Will
from mqtt_bridge.paho_link import PahoLink
from mqtt_bridge.pump import POLL_S, Pump
from mqtt_bridge.session import Limits, Session
from mqtt_bridge.topics import hub_subscriptions, kiosk_subscriptions, topic

K1 = parse_address("north/market/k1")
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
REQUESTS = topic(K1, "up/requests")
QUICKLY = Limits(retry_min_s=0.3, retry_max_s=0.6)
NEVER = Limits(retry_min_s=600, retry_max_s=600)  # what is said again within a test has another reason


def promise(name: str = "p-1", lines: int = 1) -> ReservationRequested:
    wanted = [StockLine(Sku(f"TEA-{number}"), Quantity(2)) for number in range(lines)]
    return ReservationRequested(name, wanted, "en", Currency("EUR"), AT, Money(0))


def rights(name: str = "r-1") -> RightsRequested:
    return RightsRequested(name, [StockLine(Sku("TEA-0"), Quantity(5))], Urgency.ASKED, AT)


class Ear:
    """A hub that only listens, and acknowledges what it is told to."""

    def __init__(self, broker: Broker) -> None:
        self.told: list[Received] = []
        self._connected = threading.Event()
        self.link = PahoLink(
            [url_of(broker)],
            client_id="hub",
            subscriptions=hub_subscriptions("north"),
            on_event=self._take,
            backoff=QUICK,
        )
        self.link.start()
        assert self._connected.wait(15)

    def _take(self, event: LinkEvent) -> None:
        if isinstance(event, Connected):
            self._connected.set()
        elif isinstance(event, Received) and "/up/" in event.topic:
            self.told.append(event)

    def acknowledge(self, journal: Journal) -> None:
        (seq, raw) = list(journal.stored(journal.epoch))[-1]
        ack = Ack(Incarnation(1), [StreamPosition("till@1", Seq(seq), digest(raw))])
        self.link.publish(topic(K1, "ack/up"), encode_message(ack), retain=True)

    def requests(self) -> list[Request]:
        return [decode_request(one.payload) for one in self.told if one.topic == REQUESTS]

    def times_heard(self, name: str) -> int:
        return sum(name in (one.promise.promise if one.promise else "", _rights_id(one)) for one in self.requests())


def _rights_id(request: Request) -> str:
    return request.rights.request if request.rights else ""


class Bridge:
    """A journal, and a pump over it that is started when the test says so."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        path = lane_path(folder, Lane.TILL)
        self.journal = Journal(path, TILL, address=K1, lane=Lane.TILL, clock=KioskClock(ClockMode.SYSTEM))
        self._folder, self._broker = folder, broker
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def pump(self, limits: Limits = QUICKLY) -> Pump:
        return Pump(
            address=K1,
            outbox=Outbox(self._folder),
            store=LinkStore(self._folder / "link.db"),
            session=Session(rng=seeded(3), limits=limits),
            monotonic=time.monotonic,
            now=now_utc,
            disk_failed=StorageFailed,
        )

    def start(self, limits: Limits = QUICKLY) -> None:
        pump = self.pump(limits)
        self.link = PahoLink(
            [url_of(self._broker)],
            client_id=str(K1),
            subscriptions=kiosk_subscriptions(K1),
            on_event=pump.on_event,
            will=Will(topic(K1, "status"), encode_message(Status(online=False))),
            backoff=QUICK,
        )
        pump.attach(self.link)
        self.link.start()
        self._thread = threading.Thread(target=pump.run, args=(self._stopped,))
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._stopped.set()
            self._thread.join(10)
            self.link.stop()
        self.journal.close()


@pytest.fixture
def hub(mosquitto: Broker) -> Iterator[Ear]:
    ear = Ear(mosquitto)
    yield ear
    ear.link.stop()


@pytest.fixture
def bridge(tmp_path: Path, mosquitto: Broker) -> Iterator[Bridge]:
    made = Bridge(tmp_path, mosquitto)
    yield made
    made.stop()


def test_what_waited_while_the_link_was_away_is_said_before_the_backlog(bridge: Bridge, hub: Ear) -> None:
    bridge.journal.record([KioskStopping(f"before {number}") for number in range(600)])
    bridge.journal.record([promise("p-1"), rights("r-1"), promise("p-2")])
    bridge.journal.record([KioskStopping("after")])
    bridge.start()
    wait_until(lambda: len(hub.told) > 3, what="requests and a batch")
    assert hub.requests()[:3] == [
        Request(Epoch(1), promise=promise("p-1")),
        Request(Epoch(1), rights=rights("r-1")),
        Request(Epoch(1), promise=promise("p-2")),
    ]
    assert [one.topic for one in hub.told[:4]] == [REQUESTS] * 3 + [topic(K1, "up/facts/till")]


def test_a_request_recorded_while_all_is_idle_is_said_with_its_fact(bridge: Bridge, hub: Ear) -> None:
    bridge.journal.record([KioskStopping("before")])
    bridge.start()
    wait_until(lambda: hub.told, what="the first fact")
    hub.acknowledge(bridge.journal)
    bridge.journal.record([promise()])
    wait_until(hub.requests, what="the request")
    wait_until(lambda: hub.told[-1].topic == topic(K1, "up/facts/till"), what="its fact")
    at = next(place for place, one in enumerate(hub.told) if one.topic == REQUESTS)
    assert promise().promise.encode() in hub.told[at + 1].payload


def test_a_request_is_said_again_until_the_acknowledgement_covers_its_fact(bridge: Bridge, hub: Ear) -> None:
    bridge.journal.record([promise()])
    bridge.start()
    wait_until(lambda: hub.times_heard("p-1") >= 3, what="two repeats")
    hub.acknowledge(bridge.journal)
    bridge.journal.record([promise("p-2")])
    wait_until(lambda: hub.times_heard("p-2"), what="the next request")
    heard = hub.times_heard("p-1")
    wait_until(lambda: hub.times_heard("p-2") >= 4, what="repeats of the next")
    assert hub.times_heard("p-1") == heard


def test_a_request_that_no_hub_hears_is_said_again_when_one_is_there(bridge: Bridge, mosquitto: Broker) -> None:
    bridge.journal.record([promise()])
    bridge.start()
    wait_until(lambda: bridge.journal.path.with_name("link.db").exists(), what="the bridge")
    hub = Ear(mosquitto)
    try:
        wait_until(lambda: hub.times_heard("p-1"), what="the request")
    finally:
        hub.link.stop()


def test_a_bridge_that_is_cut_off_rests_while_a_shopper_waits(bridge: Bridge) -> None:
    bridge.journal.record([promise()])
    pump, turns = bridge.pump(), 4
    began_s = time.monotonic()
    for _ in range(turns):
        pump.turn()
    assert time.monotonic() - began_s > (turns - 1) * POLL_S


def test_a_new_connection_says_what_waits_again_at_once(bridge: Bridge, hub: Ear, mosquitto: Broker) -> None:
    bridge.journal.record([promise()])
    bridge.start(NEVER)
    wait_until(lambda: hub.times_heard("p-1"), what="the request")
    hub.told.clear()
    connected = threading.Event()
    thief = PahoLink(
        [url_of(mosquitto)],
        client_id=str(K1),  # the broker ends the bridge's connection for it
        subscriptions=(),
        on_event=lambda event: connected.set() if isinstance(event, Connected) else None,
        backoff=QUICK,
    )
    thief.start()
    assert connected.wait(15)
    thief.stop()
    wait_until(lambda: hub.times_heard("p-1"), what="the request on the new connection", deadline_s=30)


def test_a_broker_that_died_with_a_request_is_told_again(bridge: Bridge, hub: Ear, mosquitto: Broker) -> None:
    bridge.journal.record([promise()])
    bridge.start()
    wait_until(lambda: hub.times_heard("p-1"), what="the request")
    mosquitto.kill()
    hub.told.clear()
    bridge.journal.record([promise("p-2")])
    mosquitto.start()
    both = ("p-1", "p-2")
    wait_until(lambda: all(map(hub.times_heard, both)), what="both on the new connection", deadline_s=30)


def test_a_request_too_large_for_a_message_goes_with_the_facts_only(bridge: Bridge, hub: Ear) -> None:
    large = promise("p-large", lines=1900)
    bridge.journal.record([large])
    bridge.journal.record([promise("p-small")])
    bridge.start()
    wait_until(lambda: hub.times_heard("p-small"), what="the request that fits")
    assert hub.times_heard("p-large") == 0
    assert all(len(one.payload) <= MAX_REQUEST_BYTES for one in hub.told if one.topic == REQUESTS)


def test_an_answer_that_came_down_ends_the_question_before_any_acknowledgement(bridge: Bridge, hub: Ear) -> None:
    bridge.journal.record([promise()])
    bridge.start()
    wait_until(lambda: hub.times_heard("p-1"), what="the request")
    bridge.journal.record([PromiseTold("p-1", Answer.SORRY, AT), promise("p-2")])
    wait_until(lambda: hub.times_heard("p-2"), what="the next request")
    heard = hub.times_heard("p-1")
    wait_until(lambda: hub.times_heard("p-2") >= 4, what="repeats of the next")
    assert hub.times_heard("p-1") == heard
