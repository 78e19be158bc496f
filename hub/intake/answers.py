"""What is answered after a commit: one cumulative acknowledgement a kiosk."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select

from contract.batch import Ack, encode_message
from contract.values import Address
from hub.clock import Clock
from hub.core.acks import LanePosition, ack_of
from hub.core.incarnation import Life
from hub.intake.arrivals import Arrival, Message, Told, UpBatch
from hub.intake.desk import Work
from hub.store import inbox
from hub.store.inbox import KioskRow, LaneKey
from hub.store.life import read_life
from hub.store.tables import kiosks
from mqtt_bridge.topics import ACK_UP, topic

RESUME_GAP_S: Final = 0.2  # a sender that hears of a gap goes back at once; telling it faster only repeats more


class Answers:
    """Makes acknowledgements; asks a kiosk to go back at most once in ``RESUME_GAP_S``."""

    def __init__(self, clock: Clock) -> None:
        """Begin without having asked anybody."""
        self._clock = clock
        self._resumed_at_s: dict[Address, float] = {}

    def make(
        self,
        arrivals: Sequence[Arrival],
        senders: Mapping[Address, KioskRow],
        works: Mapping[LaneKey, Work],
        held: Mapping[int, Sequence[LanePosition]],
        life: Life,
    ) -> list[Message]:
        """Return one acknowledgement for each kiosk that sent a batch or came online."""
        answers = []
        for address, lanes in _heard(arrivals).items():
            kiosk = senders[address]
            of_kiosk = [works[kiosk.id, epoch, lane] for epoch, lane in lanes]
            gapped = any(work.gapped for work in of_kiosk)
            resume = gapped and self._may_resume(address)
            if gapped and not resume and all(work.now == work.began for work in of_kiosk):
                continue  # told a moment ago, and nothing is new
            batches = [mark for work in of_kiosk for mark in work.batches]
            ack = ack_of(life.incarnation, held.get(kiosk.id, ()), heard=lanes, batches=batches, resume=resume)
            answers.append(_message(address, ack))
        return answers

    def _may_resume(self, address: Address) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - self._resumed_at_s.get(address, float("-inf")) < RESUME_GAP_S:
            return False
        self._resumed_at_s[address] = now_s
        return True


def hello(connection: Connection) -> list[Message]:
    """Return every known kiosk's acknowledgement, asking it to resume."""
    life = read_life(connection)
    if life is None:
        return []
    columns = kiosks.c
    rows = connection.execute(select(columns.id, columns.region, columns.site, columns.kiosk)).all()
    held = inbox.positions(connection, (row.id for row in rows))
    return [
        _message(Address(row.region, row.site, row.kiosk), ack_of(life.incarnation, held.get(row.id, ()), resume=True))
        for row in rows
    ]


def _heard(arrivals: Sequence[Arrival]) -> dict[Address, set[tuple[int, str]]]:
    heard: dict[Address, set[tuple[int, str]]] = {}
    for arrival in arrivals:
        if isinstance(arrival, UpBatch):
            heard.setdefault(arrival.address, set()).add((arrival.epoch, arrival.lane.value))
        elif isinstance(arrival, Told) and arrival.status.online:
            heard.setdefault(arrival.address, set())
    return heard


def _message(address: Address, ack: Ack) -> Message:
    return Message(topic(address, ACK_UP), encode_message(ack), retain=True)
