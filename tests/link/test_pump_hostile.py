"""A peer that means harm, or a broker that delivers what it should not: the pump counts it and goes on."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.kiosk_twin import K1, KioskTwin

from contract.batch import Ack, StreamPosition, decode_ack, decode_status, encode_batch, encode_message
from contract.facts import KioskStopping
from contract.values import Epoch, Incarnation, Seq
from mqtt_bridge import pump as pump_module
from mqtt_bridge.link import Received
from mqtt_bridge.pump import MAX_EVENTS, MAX_LOGS
from mqtt_bridge.session import MAX_STREAMS
from mqtt_bridge.topics import ACK_DOWN, STATUS


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskTwin]:
    twin = KioskTwin(tmp_path)
    yield twin
    twin.close()


def hear(kiosk: KioskTwin, leaf: str, payload: bytes, address: object = K1) -> None:
    kiosk.turn(Received(f"popup/v1/{address}/{leaf}", payload, retained=False))


def told(kiosk: KioskTwin, leaf: str) -> list[bytes]:
    return [message.payload for message in kiosk.wire.published if message.topic.endswith(leaf)]


def down(stream: str, first: int = 1, facts: tuple[bytes, ...] = (b"fact",)) -> bytes:
    return encode_batch(stream, Seq(first), facts, Seq(first + len(facts) - 1))


def ack(stream: str, position: int, incarnation: int = 1) -> bytes:
    return encode_message(Ack(Incarnation(incarnation), [StreamPosition(stream, Seq(position))]))


def test_every_message_has_a_fate(kiosk: KioskTwin) -> None:
    hear(kiosk, "ack/up", ack("till@1", 0, 2))
    hear(kiosk, "ack/up", ack("till@1", 0, 1))
    hear(kiosk, "down/facts", down("fleet@2"))
    hear(kiosk, "down/facts", down("fleet@2"))
    hear(kiosk, "down/facts", down("fleet@2", 5))
    hear(kiosk, "down/facts", down("fleet@1"))
    hear(kiosk, "ack/up", b"")
    hear(kiosk, "ack/up", ack("till@1", 0), "demo/market/k2")
    hear(kiosk, "status", b"{}")
    kiosk.turn(Received("elsewhere", b"", retained=True))
    assert kiosk.pump.fates == {"heard": 1, "taken": 1, "repeated": 1, "gapped": 1, "outdated": 2, "refused": 4}


def test_a_flood_of_nonsense_writes_a_line_for_each_kind(kiosk: KioskTwin, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for n in range(300):
            hear(kiosk, "ack/up", b"%d" % n)
            hear(kiosk, "down/facts", b'{"a\nb":1}\n')
            kiosk.turn(Received(f"popup/v1/x/{n}", b"", retained=False))
    assert len(caplog.records) <= MAX_EVENTS
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert kiosk.pump.fates == {"refused": 900}


def test_made_up_logs_and_generations_are_bounded(kiosk: KioskTwin) -> None:
    for n in range(1, 100):
        hear(kiosk, "down/facts", down(f"log{n}@1"))
        hear(kiosk, "down/facts", down(f"log1@{n}"))
    acked = decode_ack(told(kiosk, ACK_DOWN)[-1]).positions
    assert len(acked) == len(kiosk.pump._down) == MAX_LOGS
    assert StreamPosition("log1@99", Seq(1)) in acked
    again = KioskTwin(kiosk.folder)
    assert again.pump._down == kiosk.pump._down
    again.close()


def test_what_comes_down_is_bounded_in_bytes(kiosk: KioskTwin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "MAX_DOWN_BYTES", 2**20)
    for n in range(1, 5):
        hear(kiosk, "down/facts", down("fleet@1", n, (b"x" * 400_000,)))
    assert kiosk.pump.fates == {"taken": 2, "refused": 1, "gapped": 1}
    assert kiosk.store.down_bytes() == 800_000
    assert "fills 1 MiB" in kiosk.pump._problem
    again = KioskTwin(kiosk.folder)
    hear(again, "down/facts", down("fleet@1", 3, (b"x" * 400_000,)))
    assert again.pump.fates == {"refused": 1}
    again.close()


def test_an_acknowledgement_with_a_lane_of_a_newer_release_counts(kiosk: KioskTwin) -> None:
    kiosk.record(KioskStopping("one"))
    kiosk.turn()
    positions = [StreamPosition("attic@1", Seq(4)), StreamPosition("till@1", Seq(1))]
    hear(kiosk, "ack/up", encode_message(Ack(Incarnation(1), positions)))
    assert kiosk.session.positions()["till@1"] == 1


def test_a_hub_that_always_has_something_new_does_not_keep_a_bridge_from_sending(kiosk: KioskTwin) -> None:
    class Flood:
        """A queue that is never empty."""

        def get(self, timeout: float) -> Received:
            return self.get_nowait()

        def get_nowait(self) -> Received:
            return Received(f"popup/v1/{K1}/ack/up", b"", retained=False)

    kiosk.record(KioskStopping("one"))
    kiosk.pump._events = Flood()  # type: ignore[assignment]
    for _ in range(3):
        kiosk.pump.turn()
    assert told(kiosk, "up/facts/till")


def test_a_status_names_no_more_streams_than_a_hub_reads(tmp_path: Path) -> None:
    kiosk = KioskTwin(tmp_path)
    for epoch in range(2, 80):
        kiosk.journal.raise_epoch(Epoch(epoch - 1))
        kiosk.record(KioskStopping("one"))
    kiosk.close()
    kiosk = KioskTwin(tmp_path)
    said = decode_status(told(kiosk, STATUS)[-1])
    assert len(said.newest) == MAX_STREAMS
    assert {one.stream for one in said.newest} >= {"till@79", "till@16"}
    kiosk.close()


def test_a_line_is_written_once_for_each_epoch_that_strayed(kiosk: KioskTwin, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        for position in range(1, 50):
            hear(kiosk, "ack/up", ack("till@7", position))
        kiosk.turn()
    assert len(caplog.records) == 1


def test_the_own_log_of_another_kiosk_is_refused_and_ones_own_is_taken(kiosk: KioskTwin) -> None:
    hear(kiosk, "down/facts", down(f"{K1.site}/k2@1"))
    hear(kiosk, "down/facts", down(f"harbour/{K1.kiosk}@1"))
    hear(kiosk, "down/facts", down(f"{K1.site}/{K1.kiosk}@1"))
    assert kiosk.pump.fates == {"refused": 2, "taken": 1}
    assert set(kiosk.pump._down) == {f"{K1.site}/{K1.kiosk}"}
