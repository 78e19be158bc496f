"""A kiosk's pump over its real files and a real broker, with a hub of a few lines at the other end."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from broker import Broker
from disks import small_disk
from mosquitto_record import QUICK, seeded, url_of
from waiting import wait_until

from contract.batch import (
    Ack,
    Status,
    StreamPosition,
    decode_ack,
    decode_batch,
    decode_status,
    encode_batch,
    encode_message,
)
from contract.codec import Stamp, digest, encode
from contract.down import CatalogueChanged, Item
from contract.envelope import NO_DIGEST, LogSource
from contract.facts import KioskStopping
from contract.registry import DOWN
from contract.streams import Gap, place
from contract.values import Address, Currency, Incarnation, Lane, Money, Seq, Sku, parse_address
from kiosk.backroom.apply import Backroom
from kiosk.clock import KioskClock, now_utc
from kiosk.core.timekeeping import ClockMode
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.errors import StorageFailed
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.schema import TILL
from mqtt_bridge.link import Connected, Received, Will
from mqtt_bridge.paho_link import PahoLink
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Limits, Session
from mqtt_bridge.topics import hub_subscriptions, kiosk_subscriptions, topic

__all__ = ["small_disk"]

ADDRESS = parse_address("north/market/k1")
EURO = Currency("EUR")


class SmallHub:
    """Takes contiguous facts once, acknowledges, and can forget."""

    def __init__(self, broker: Broker, address: Address = ADDRESS) -> None:
        self.incarnation = 1
        self.facts: dict[str, list[bytes]] = {}
        self.statuses: list[Status] = []
        self.down_acks: list[Ack] = []
        self.firsts: list[int] = []
        self.silent = False
        self._address = address
        self._connected = threading.Event()
        self._lock = threading.Lock()
        self.link = PahoLink(
            [url_of(broker)],
            client_id="hub",
            subscriptions=hub_subscriptions("north"),
            on_event=self._take,
            backoff=QUICK,
        )
        self.link.start()
        assert self._connected.wait(15)

    def _take(self, event: object) -> None:
        if isinstance(event, Connected):
            self._connected.set()
        if not isinstance(event, Received):
            return
        with self._lock:
            if "/up/facts/" in event.topic and not self.silent:
                batch = decode_batch(event.payload)
                self.firsts.append(batch.head.first)
                have = self.facts.setdefault(batch.head.stream, [])
                where = place(len(have), batch.head.first, batch.head.count)
                if not isinstance(where, Gap):
                    have.extend(batch.facts[where.repeats :])
                self.acknowledge(resume=isinstance(where, Gap))
            elif event.topic.endswith("/status"):
                self.statuses.append(decode_status(event.payload))
            elif event.topic.endswith("/ack/down"):
                self.down_acks.append(decode_ack(event.payload))

    def acknowledge(self, *, resume: bool = False) -> None:
        held = self.facts.items()
        positions = [StreamPosition(stream, Seq(len(have)), digest(have[-1])) for stream, have in held if have]
        ack = Ack(Incarnation(self.incarnation), positions, resume)
        self.link.publish(topic(self._address, "ack/up"), encode_message(ack), retain=True)

    def forget(self, count: int) -> None:
        with self._lock:
            self.incarnation += 1
            for have in self.facts.values():
                del have[len(have) - count :]
            self.acknowledge(resume=True)

    def send_down(self, generation: int, items: list[list[Item]], *, first: int = 1, log: str = "fleet") -> None:
        raws, prev = [], NO_DIGEST
        for seq, group in enumerate(items, 1):
            source = LogSource(ADDRESS.region, log, generation)
            stamp = Stamp(at=datetime(2026, 11, 21, tzinfo=UTC))
            data = CatalogueChanged(EURO, group)
            raws.append(encode(data, source=source, seq=Seq(seq), prev=prev, stamp=stamp, registry=DOWN))
            prev = digest(raws[-1])
        batch = encode_batch(f"{log}@{generation}", Seq(first), raws[first - 1 :], Seq(len(raws)))
        self.link.publish(topic(self._address, "down/facts"), batch)


class RunningKiosk:
    """A journal, and a pump in a thread of its own."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder = folder
        self._broker = broker
        path = lane_path(folder, Lane.TILL)
        clock = KioskClock(ClockMode.SYSTEM)
        self.journal = Journal(path, TILL, address=ADDRESS, lane=Lane.TILL, clock=clock)
        self._stopped = threading.Event()
        self.start()

    def start(self) -> None:
        self._stopped = threading.Event()
        session = Session(rng=seeded(3), limits=Limits(retry_min_s=0.3, retry_max_s=1))
        pump = Pump(
            address=ADDRESS,
            outbox=Outbox(self.folder),
            store=LinkStore(self.folder / "link.db"),
            session=session,
            monotonic=time.monotonic,
            now=now_utc,
            disk_failed=StorageFailed,
        )
        self.link = PahoLink(
            [url_of(self._broker)],
            client_id=str(ADDRESS),
            subscriptions=kiosk_subscriptions(ADDRESS),
            on_event=pump.on_event,
            will=Will(topic(ADDRESS, "status"), encode_message(Status(online=False))),
            backoff=QUICK,
        )
        pump.attach(self.link)
        self.link.start()
        self._thread = threading.Thread(target=pump.run, args=(self._stopped,))
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(10)
        self.link.stop()

    def record(self, count: int) -> None:
        self.journal.record([KioskStopping(f"fact {number}") for number in range(count)])

    def unsent(self) -> int:
        newest = {"till@1": int(self.journal.newest())}
        return LinkReader(self.folder / "link.db").state(newest, configured=True).unsent

    def stored(self) -> list[bytes]:
        return [raw for _, raw in self.journal.stored(self.journal.epoch)]


@pytest.fixture
def hub(mosquitto: Broker) -> Iterator[SmallHub]:
    small = SmallHub(mosquitto)
    yield small
    small.link.stop()


@pytest.fixture
def kiosk(tmp_path: Path, mosquitto: Broker, hub: SmallHub) -> Iterator[RunningKiosk]:
    running = RunningKiosk(tmp_path, mosquitto)
    wait_until(lambda: any(status.online for status in hub.statuses), what="the kiosk to be online")
    yield running
    running.stop()


def agreed(kiosk: RunningKiosk, hub: SmallHub) -> Callable[[], bool]:
    return lambda: hub.facts.get("till@1", []) == kiosk.stored() and kiosk.unsent() == 0


def test_facts_arrive_as_stored_and_the_acknowledgement_comes_back(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(3)
    wait_until(agreed(kiosk, hub), what="three facts")
    kiosk.record(2000)
    wait_until(agreed(kiosk, hub), what="a backlog")


def test_a_restarted_bridge_goes_on_from_the_stored_acknowledgement(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(5)
    wait_until(agreed(kiosk, hub), what="five facts")
    kiosk.stop()
    hub.firsts.clear()
    kiosk.record(1)
    kiosk.start()
    wait_until(agreed(kiosk, hub), what="the sixth fact")
    assert hub.firsts == [6]


def stored_incarnation(kiosk: RunningKiosk) -> int:
    with closing(sqlite3.connect(kiosk.folder / "link.db")) as db:
        row = db.execute("SELECT value FROM meta WHERE key = 'incarnation'").fetchone()
    return int(row[0]) if row else 0


def test_a_restarted_bridge_without_a_fact_remembers_which_hub_it_heard(kiosk: RunningKiosk, hub: SmallHub) -> None:
    hub.incarnation = 7
    hub.acknowledge()
    wait_until(lambda: stored_incarnation(kiosk) == 7, what="the incarnation to be stored")
    kiosk.stop()
    hub.statuses.clear()
    kiosk.start()
    wait_until(lambda: any(status.incarnation == 7 for status in hub.statuses), what="the status to say so")


def test_a_silent_hub_is_asked_again_until_it_answers(kiosk: RunningKiosk, hub: SmallHub) -> None:
    hub.silent = True
    kiosk.record(4)
    wait_until(lambda: kiosk.unsent() == 4, what="the kiosk to know that nothing was taken")
    hub.silent = False
    wait_until(agreed(kiosk, hub), what="the facts to be sent again")


def test_a_broker_that_forgets_everything_loses_nothing(kiosk: RunningKiosk, hub: SmallHub, mosquitto: Broker) -> None:
    kiosk.record(2)
    wait_until(agreed(kiosk, hub), what="two facts")
    mosquitto.kill()
    kiosk.record(50)
    mosquitto.start()
    wait_until(agreed(kiosk, hub), what="fifty more", deadline_s=30)


def test_a_hub_that_lost_facts_gets_them_again(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(10)
    wait_until(agreed(kiosk, hub), what="ten facts")
    hub.forget(4)
    wait_until(agreed(kiosk, hub), what="the four that were lost")
    assert LinkStore(kiosk.folder / "link.db").incarnation() == 2


def test_a_hub_that_holds_more_than_the_journal_is_noted(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(2)
    wait_until(agreed(kiosk, hub), what="two facts")
    assert strayed(kiosk) == 0
    hub.facts["till@1"] += [b"lost", b"with the card"]
    hub.facts |= {"till@3": [b"another life"], "till@2000": [b"a lie that would use up the epochs"]}
    hub.acknowledge()
    wait_until(lambda: strayed(kiosk) == 3, what="the newest epoch that the hub knows")


def test_a_hub_that_holds_another_fact_is_noted(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(2)
    wait_until(agreed(kiosk, hub), what="two facts")
    hub.facts["till@1"][-1] = b"what a clone sold"
    hub.acknowledge()
    wait_until(lambda: strayed(kiosk) == 1, what="the fork to be noticed")


def strayed(kiosk: RunningKiosk) -> int:
    return LinkReader(kiosk.folder / "link.db").heard(Lane.TILL).strayed


def test_the_status_tells_what_is_there_and_what_was_acknowledged(kiosk: RunningKiosk, hub: SmallHub) -> None:
    kiosk.record(3)
    wait_until(agreed(kiosk, hub), what="three facts")
    kiosk.stop()
    wait_until(lambda: hub.statuses[-1].online is False, what="the farewell")
    assert hub.statuses[-1].acked == [StreamPosition("till@1", Seq(3))]
    kiosk.start()


def make_items(*names: str) -> list[Item]:
    return [Item(sku=Sku(name), name=name, price_minor=Money(100)) for name in names]


def test_what_comes_down_is_stored_acknowledged_and_applied_once(kiosk: RunningKiosk, hub: SmallHub) -> None:
    groups = [make_items("apple"), make_items("pear"), make_items("plum")]
    hub.send_down(1, groups, first=3)  # beyond a gap
    wait_until(lambda: any(ack.resume for ack in hub.down_acks), what="the gap to be reported")
    hub.send_down(1, groups)
    hub.send_down(1, groups)
    told = [StreamPosition("fleet@1", Seq(3))]
    wait_until(lambda: len([ack for ack in hub.down_acks if ack.positions == told]) == 2, what="two acknowledgements")
    backroom = Backroom(kiosk.folder, EURO)
    assert backroom.step() == 3
    assert backroom.step() == 0
    assert [item.name for item in Catalogue(kiosk.folder / "catalogue.db").items()] == ["apple", "pear", "plum"]


def test_a_hub_learns_at_each_connection_what_came_down(kiosk: RunningKiosk, hub: SmallHub) -> None:
    hub.send_down(1, [make_items("apple")])
    wait_until(lambda: hub.down_acks and hub.down_acks[-1].positions, what="the acknowledgement")
    kiosk.stop()
    hub.down_acks.clear()
    kiosk.start()
    told = [StreamPosition("fleet@1", Seq(1))]
    wait_until(lambda: hub.down_acks and hub.down_acks[-1].positions == told, what="what came down")


def test_a_full_disk_stops_neither_bridge_nor_facts_once_it_has_room_again(
    small_disk: Callable[[int], Path], mosquitto: Broker, hub: SmallHub
) -> None:
    folder = small_disk(1_000_000)
    kiosk = RunningKiosk(folder, mosquitto)
    try:
        kiosk.record(5)
        wait_until(agreed(kiosk, hub), what="five facts")
        kiosk.record(100)
        filler = folder / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        hub.send_down(1, [make_items(*(f"{n} {'wide' * 40}"[:60] for n in range(200))) for _ in range(4)])
        wait_until(lambda: len(hub.facts.get("till@1", [])) == 105, what="what is recorded to be sent all the same")
        assert not any(ack.positions for ack in hub.down_acks)
        filler.unlink()
        hub.send_down(1, [make_items("apple")])
        wait_until(lambda: hub.down_acks and hub.down_acks[-1].positions, what="the bridge to store again")
        wait_until(agreed(kiosk, hub), what="everything")
    finally:
        kiosk.stop()


def test_an_older_life_of_a_log_is_ignored(kiosk: RunningKiosk, hub: SmallHub) -> None:
    hub.send_down(2, [make_items("new")])
    wait_until(lambda: hub.down_acks, what="the acknowledgement")
    hub.send_down(1, [make_items("old")])
    hub.send_down(2, [make_items("new"), make_items("newer")])
    told = [StreamPosition("fleet@2", Seq(2))]
    wait_until(lambda: hub.down_acks[-1].positions == told, what="the newer fact")
    assert Backroom(kiosk.folder, EURO).step() == 2


def test_messages_that_are_none_of_ours_change_nothing(kiosk: RunningKiosk, hub: SmallHub) -> None:
    for leaf in ("ack/up", "down/facts"):
        for payload in (b"", b"{}", b"\xff" * 100, b"{" * 10_000):
            hub.link.publish(topic(ADDRESS, leaf), payload)
    kiosk.record(2)
    wait_until(agreed(kiosk, hub), what="facts after the noise")
