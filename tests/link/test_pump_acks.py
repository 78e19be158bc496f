"""When the pump stores what was acknowledged: each time costs a sync of the disk that the till sells on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.kiosk_twin import K1, KioskTwin

from contract.batch import Ack, StreamPosition, encode_message
from contract.codec import digest
from contract.facts import KioskStopping
from contract.values import Incarnation, Seq
from mqtt_bridge.link import Received
from mqtt_bridge.pump import ACKS_S

FACTS = 10


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[KioskTwin]:
    twin = KioskTwin(tmp_path)
    twin.record(*(KioskStopping(f"fact {n}") for n in range(FACTS)))
    twin.turn()
    yield twin
    twin.close()


def acknowledge(kiosk: KioskTwin, position: int, incarnation: int = 1) -> int:
    """Let the kiosk hear of a position, and return what is stored after its next turn."""
    mark = digest(kiosk.stored()[position - 1])
    ack = Ack(Incarnation(incarnation), [StreamPosition("till@1", Seq(position), mark)])
    kiosk.turn(Received(f"popup/v1/{K1}/ack/up", encode_message(ack), retained=False))
    kiosk.turn()
    return stored(kiosk)


def stored(kiosk: KioskTwin) -> int:
    return kiosk.store.acks().get("till@1", 0)


def test_while_a_backlog_drains_it_is_stored_now_and_then(kiosk: KioskTwin) -> None:
    assert acknowledge(kiosk, 2) == 2
    assert acknowledge(kiosk, 4) == 2
    kiosk.clock.elapsed_s += ACKS_S / 2
    assert acknowledge(kiosk, 6) == 2
    kiosk.clock.elapsed_s += ACKS_S / 2
    assert acknowledge(kiosk, 8) == 6


def test_its_end_is_stored_at_once(kiosk: KioskTwin) -> None:
    assert acknowledge(kiosk, 2) == 2
    assert acknowledge(kiosk, FACTS) == FACTS


def test_what_was_held_back_is_stored_without_another_word_from_the_hub(kiosk: KioskTwin) -> None:
    acknowledge(kiosk, 2)
    assert acknowledge(kiosk, 4) == 2
    kiosk.clock.elapsed_s += ACKS_S
    kiosk.turn()
    assert stored(kiosk) == 4


def test_a_hub_that_went_back_is_stored_at_once(kiosk: KioskTwin) -> None:
    assert acknowledge(kiosk, 4) == 4
    assert acknowledge(kiosk, 3, incarnation=2) == 3
    assert kiosk.store.incarnation() == 2


def test_a_bridge_killed_before_it_stored_sends_again(kiosk: KioskTwin) -> None:
    acknowledge(kiosk, 2)
    assert acknowledge(kiosk, 4) == 2
    again = KioskTwin(kiosk.folder)
    assert again.session.positions() == {"till@1": 2}
    again.close()
