"""The loop: nothing acknowledged that is not committed, whatever fails, and everything bounded."""

import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_books import Hub, LaneTwin, ack_in, books, open_hub, positions, received, status
from sqlalchemy import event, text

from hub.core.redistribute import Plan
from hub.downlink.downlink import Downlink
from hub.intake import inbound as inbound_module
from hub.intake.arrivals import Message
from hub.intake.inbound import (
    GROUP_MESSAGES,
    GROUP_REQUESTS,
    MAX_BYTES,
    MAX_BYTES_OF_ONE,
    MAX_MESSAGES,
    MAX_OF_ONE,
    MAX_REQUEST_BYTES,
    MAX_REQUESTS_OF_ONE,
    Inbound,
)
from hub.intake.refusals import MAX_KINDS, OTHERS, Refusals
from hub.service import BUSY_REST, BUSY_SITES, IDLE_S, Service
from hub.steward.steward import MAX_SITES, Steward
from hub.store.errors import WorldFailed
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkTooLarge
from mqtt_bridge.link import Connected, Delivered, Disconnected, LinkEvent, Received, Refused


class Wire:
    """A link that keeps what it is given, or fails as told."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.error: Exception | None = None

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if self.error:
            raise self.error
        self.published.append(Message(topic, payload, retain))

    def take(self) -> list[Message]:
        found, self.published = self.published, []
        return found


class SlowSteward(Steward):
    """A steward each of whose steps takes a tenth of a second."""

    limits: tuple[int, ...] = ()

    def step(self, limit: int = MAX_SITES) -> int:
        self.limits += (limit,)
        self._clock.advance(0.1)  # type: ignore[attr-defined]
        return super().step(limit)


class Bench:
    """A service between a hub's ingest and a wire."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.wire, self.inbound = hub, Wire(), Inbound()
        self.steward = SlowSteward(
            hub.store, hub.clock, keep=hub.life.keep, new_id=lambda: "id-1", policy=lambda _: Plan()
        )
        downlink = Downlink(hub.store, random.Random(1))  # noqa: S311
        self.service = Service(hub.ingest, downlink, self.inbound, hub.clock, steward=self.steward, retry_s=0.0)
        self.service.attach(self.wire)

    def turn(self, *events: LinkEvent | Message) -> list[Message]:
        for one in events:
            heard = Received(one.topic, one.payload, one.retain) if isinstance(one, Message) else one
            self.inbound.on_event(heard)
        self.inbound.wake()
        self.service.turn()
        return self.wire.take()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_hub(f"sqlite:///{tmp_path}/hub.db", tmp_path / "state") as hub:
        yield Bench(hub)


def test_a_batch_is_answered_in_the_turn_that_takes_it(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    assert positions(ack_in(bench.turn(Connected("b", session_present=False), till.message()))) == {"till@1": 1}
    assert bench.service.health().positions_taken == 1


def test_while_a_backlog_drains_the_steward_takes_a_small_share_of_the_time(bench: Bench, till: LaneTwin) -> None:
    till.record(*(received(f"sku-{number:03}", 1) for number in range(40)))
    bench.turn(Connected("b", session_present=False), till.message(1, 1, newest=40))
    began_s = bench.hub.clock.elapsed_s
    for seq in range(2, 40):
        bench.turn(till.message(seq, 1, newest=40))
        bench.hub.clock.advance(0.2)
    steps = len(bench.steward.limits)
    assert set(bench.steward.limits) == {BUSY_SITES}
    assert 2 <= steps <= 1 + (bench.hub.clock.elapsed_s - began_s) / (0.1 * BUSY_REST) + 1
    bench.turn(till.message(40, 1))
    assert bench.steward.limits[steps:] == (MAX_SITES,)


def test_what_is_no_backlog_does_not_keep_the_steward_from_its_work(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    bench.turn(Connected("b", session_present=False), till.message())
    bench.hub.clock.advance(IDLE_S)
    for n in range(GROUP_MESSAGES + 1):
        bench.inbound.on_event(Received(at(n), b"x", retained=False))
    steps = len(bench.steward.limits)
    bench.turn()
    assert bench.inbound.depth == 1
    assert bench.steward.limits[steps:] == (MAX_SITES,)


def test_every_connection_is_greeted_with_acknowledgements(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    bench.turn(Connected("b", session_present=False), till.message())
    bench.turn(Disconnected("gone", "lost"))
    ack = ack_in(bench.turn(Connected("b", session_present=True)))
    assert ack is not None
    assert ack.resume


def test_answers_wait_for_a_link_that_is_down_or_busy(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    bench.wire.error = LinkDown()
    assert bench.turn(till.message()) == []
    bench.wire.error = LinkBusy()
    assert bench.turn(Connected("b", session_present=False)) == []
    bench.wire.error = None
    assert positions(ack_in(bench.turn(Delivered("t")))) == {"till@1": 1}
    assert bench.turn(Delivered("t")) == []


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    bench: Bench, till: LaneTwin, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(400):
        till.sell()
    with bench.hub.store.read() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    limit = {"pages": pages}
    bench.hub.store.engine.dispose()

    @event.listens_for(bench.hub.store.engine, "begin")
    def restrict(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit['pages']}")  # type: ignore[attr-defined]

    with caplog.at_level(logging.WARNING):
        assert bench.turn(Connected("b", session_present=False), till.message(1, 150)) == []
        assert bench.turn() == []
        assert "full" in bench.service.health().database
        assert bench.service.health().waiting == 1
        limit["pages"] = 1_000_000
        assert positions(ack_in(bench.turn())) == {"till@1": 150}
    assert bench.service.health().database == "ok"
    assert len([record for record in caplog.records if "database" in record.message]) == 2
    assert len(books(bench.hub.store)["facts"]) == 150


def test_a_life_file_that_cannot_be_written_holds_the_acknowledgement_back(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    whole = os.dup(bench.hub.life._file)
    with Path("/dev/full").open("wb") as full:
        os.dup2(full.fileno(), bench.hub.life._file)
    assert bench.turn(Connected("b", session_present=False), till.message()) == []
    assert "No space left" in bench.service.health().database
    os.dup2(whole, bench.hub.life._file)
    os.close(whole)
    assert positions(ack_in(bench.turn())) == {"till@1": 1}
    assert len(books(bench.hub.store)["facts"]) == 1


def test_a_stopped_loop_ends(bench: Bench) -> None:
    bench.service.stop()
    bench.service.run()


def test_health_tells_the_link_in_words(bench: Bench) -> None:
    assert bench.service.health().link == "connecting"
    bench.turn(Connected("mqtt://b:1883", session_present=False))
    assert bench.service.health().view(incarnation=1).status == "ok"
    bench.turn(Disconnected("nothing listens at mqtt://b:1883", "unreachable"))
    assert bench.service.health().link == "nothing listens at mqtt://b:1883"
    assert bench.service.health().view(incarnation=1).status == "degraded"


def test_refusals_by_the_broker_are_told_or_sent_again(bench: Bench, till: LaneTwin) -> None:
    bench.turn(Connected("b", session_present=False), status(till.address))
    bench.turn(Refused("popup/v1/demo/market/k1/down/facts", "quota"))
    bench.turn(Refused("popup/v1/demo/market/k1/ack/up", "quota"))
    bench.turn(Refused("$share/x", "not authorised"))
    assert "not authorised" in bench.service.health().link


def test_a_message_that_the_broker_will_never_take_is_let_go(bench: Bench, till: LaneTwin) -> None:
    till.sell()
    bench.wire.error = LinkTooLarge("600000 bytes")
    bench.turn(Connected("b", session_present=False), till.message())
    bench.wire.error = None
    assert bench.turn(Delivered("t")) == []


def at(kiosk: int) -> str:
    return f"popup/v1/demo/market/k{kiosk}/status"


def test_a_full_queue_drops_and_counts() -> None:
    queue = Inbound()
    for n in range(MAX_MESSAGES + 5):
        queue.on_event(Received(at(n), b"x", retained=False))
    assert (queue.depth, queue.dropped) == (MAX_MESSAGES, 5)
    assert len(queue.get(0).messages) == GROUP_MESSAGES
    large = Inbound()
    payload = b"x" * MAX_BYTES_OF_ONE
    for n in range(MAX_BYTES // MAX_BYTES_OF_ONE + 1):
        large.on_event(Received(at(n), payload, retained=False))
    room = MAX_BYTES // MAX_BYTES_OF_ONE
    assert (large.depth, large.dropped) == (room, 1)
    assert len(large.get(0).messages) == 1  # and never none
    large.on_event(Received(at(99), payload, retained=False))
    assert large.depth == room
    assert inbound_module.GROUP_BYTES <= MAX_BYTES


def test_one_kiosk_that_floods_takes_no_room_from_others() -> None:
    queue = Inbound()
    for n in range(MAX_MESSAGES):
        queue.on_event(Received(at(1), b"%d" % n, retained=False))
    queue.on_event(Received(at(2), b"x", retained=False))
    assert (queue.depth, queue.dropped) == (MAX_OF_ONE + 1, MAX_MESSAGES - MAX_OF_ONE)
    while queue.get(0).messages:
        pass
    assert not queue._shares
    queue.on_event(Received(at(1), b"x" * MAX_BYTES_OF_ONE, retained=False))
    queue.on_event(Received(at(1), b"x", retained=False))
    queue.on_event(Received(at(2), b"x", retained=False))
    assert queue.depth == 2


def asks(kiosk: int) -> str:
    return f"popup/v1/demo/market/k{kiosk}/up/requests"


def test_requests_come_before_all_that_waits_and_have_room_of_their_own() -> None:
    queue = Inbound()
    for n in range(MAX_MESSAGES + 1):
        queue.on_event(Received(at(n), b"x", retained=False))
    for n in range(MAX_REQUESTS_OF_ONE + 1):
        queue.on_event(Received(asks(1), b"%d" % n, retained=False))
    queue.on_event(Received(asks(2), b"x", retained=False))
    assert queue.dropped == 1 + 1
    groups = [[one.topic for one in queue.get(0).messages] for _ in range(3)]
    statuses = list(map(at, range(2 * GROUP_REQUESTS)))
    assert groups[0] == [*[asks(1)] * GROUP_REQUESTS, *statuses[:GROUP_REQUESTS]]  # short, yet others go on as well
    assert groups[1] == [*[asks(1)] * GROUP_REQUESTS, *statuses[GROUP_REQUESTS:]]
    assert groups[2][0] == asks(2)
    queue.on_event(Received(asks(1), b"again", retained=False))
    assert queue.get(0).messages[0].payload == b"again"
    large = Received(asks(1), b"x" * (MAX_REQUEST_BYTES + 1), retained=False)
    queue.on_event(large)
    assert queue.get(0).messages[0].topic.endswith("/status")  # it is no haste of a counter, and waits its turn


def test_what_waits_already_waits_once() -> None:
    queue = Inbound()
    for _ in range(3):
        queue.on_event(Received(at(1), b"a batch", retained=False))
        queue.on_event(Received(at(2), b"a batch", retained=False))
    assert (queue.depth, queue.dropped) == (2, 0)
    assert len(queue.get(0).messages) == 2
    queue.on_event(Received(at(1), b"a batch", retained=False))
    assert queue.depth == 1
    assert not (queue.get(0).messages and queue._waiting)


def test_a_wait_without_events_ends_by_itself() -> None:
    assert not Inbound().get(0.01).messages


def test_made_up_names_are_counted_within_a_bound(caplog: pytest.LogCaptureFixture) -> None:
    refusals = Refusals()
    with caplog.at_level(logging.WARNING):
        for n in range(MAX_KINDS + 50):
            for _ in range(2):
                refusals.count(f"k{n}", "batch", "why\n")
    assert refusals.total == 2 * (MAX_KINDS + 50)
    assert len(refusals.counts()) == MAX_KINDS + 1
    assert refusals.counts()[OTHERS] == 100
    assert len(caplog.records) == MAX_KINDS + 1
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_the_world_failing_is_no_refusal(tmp_path: Path, till: LaneTwin) -> None:
    till.sell()
    with open_hub(f"sqlite:///{tmp_path}/hub.db", tmp_path / "state") as hub:
        with hub.store.write() as connection:
            connection.execute(text("DROP TABLE accounts"))
        with pytest.raises(WorldFailed):
            hub.take(till.message())
        assert not books_of_quarantine(hub)


def books_of_quarantine(hub: Hub) -> list[object]:
    with hub.store.read() as connection:
        return list(connection.execute(text("SELECT * FROM quarantine")))
