"""Heeds what kiosks say they saw of this hub: whether our books went back unawares (promise 2)."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from contract.batch import StreamPosition
from contract.errors import Malformed
from contract.streams import parse_lane_stream
from contract.values import Address
from hub.clock import Clock
from hub.core.acks import LanePosition
from hub.core.incarnation import MAX_LEAP, decide_on_claim
from hub.intake.arrivals import Told
from hub.store.books import Trouble
from hub.store.inbox import KioskRow
from hub.store.life import raise_incarnation, read_life

BELIEVED_AGAIN_S: Final = 86_400.0  # each belief writes every catalogue anew: from one liar, once a day at most
_log = logging.getLogger(__name__)


class Claims:
    """Compares what kiosks saw with what the books hold, and begins a new incarnation where the books went back."""

    def __init__(self, clock: Clock, new_life: Callable[[Connection, int], None]) -> None:
        """Take what else belongs into the transaction that begins a new incarnation."""
        self._clock = clock
        self._new_life = new_life
        self._raised_at_s = float("-inf")
        self._believed_at_s: dict[int, float] = {}  # by kiosk; a hub that starts anew believes everybody again
        self._believed: list[int] = []  # in this transaction

    def heed(
        self,
        connection: Connection,
        told: Iterable[Told],
        senders: Mapping[Address, KioskRow],
        held: Mapping[int, Sequence[LanePosition]],
    ) -> tuple[bool, list[Trouble]]:
        """Return whether a new incarnation was begun, and the exceptions to open."""
        self._believed = []
        raised, troubles = False, []
        for one in told:
            kiosk = senders[one.address]
            trouble = self._heed_one(connection, one, kiosk, held.get(kiosk.id, ()))
            if trouble:
                troubles.append(trouble)
                raised |= trouble.kind == "books_went_back"
        return raised, troubles

    def committed(self) -> None:
        """Learn that what was heeded last is in the books; one that is not may be said again."""
        now_s = self._clock.monotonic_s()
        for kiosk_id in self._believed:
            self._raised_at_s = self._believed_at_s[kiosk_id] = now_s

    def _heed_one(
        self, connection: Connection, told: Told, kiosk: KioskRow, held: Sequence[LanePosition]
    ) -> Trouble | None:
        life = read_life(connection)
        if life is None or not told.status.incarnation:
            return None
        ours, claimed = life.incarnation, int(told.status.incarnation)
        if claimed > ours + MAX_LEAP:
            return Trouble("incarnation_claimed", str(told.address), kiosk.id, {"claimed": claimed, "ours": ours})
        now_s = self._clock.monotonic_s()
        if self._believed or now_s - self._believed_at_s.get(kiosk.id, float("-inf")) < BELIEVED_AGAIN_S:
            return None
        decision = decide_on_claim(
            ours, claimed, list(_ahead(told.status.acked, held)), since_last_s=now_s - self._raised_at_s
        )
        if decision is None:
            return None
        incarnation, why = decision
        if not raise_incarnation(connection, incarnation):
            return None
        self._believed.append(kiosk.id)
        self._new_life(connection, incarnation)
        _log.warning("incarnation %d begins: %s (%s)", incarnation, why, told.address)
        return Trouble("books_went_back", f"incarnation {incarnation}", kiosk.id, {"why": why})


def _ahead(acked: Iterable[StreamPosition], held: Sequence[LanePosition]) -> Iterable[tuple[int, int]]:
    """Yield (acknowledged, held) for each lane that the kiosk names; what is no lane is passed over."""
    ours = {(lane.epoch, lane.lane): lane.position for lane in held}
    for one in acked:
        try:
            epoch, lane = parse_lane_stream(one.stream, "$.acked")
        except Malformed:
            continue
        yield one.position, ours.get((epoch, lane.value), 0)
