"""Seeded bugs around cards that lost what others know of: each swallows facts, gives numbers twice, or never rests."""

from collections.abc import Mapping, Sequence
from typing import Any

from machine_parts import SmallBatches
from msgspec.structs import replace

from contract.batch import StreamPosition
from contract.codec import Stamp
from contract.every import UpFact
from contract.facts import RefundRecorded, SaleRecorded
from contract.streams import parse_lane_stream
from contract.values import Epoch, Receipt, Seq
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader, LinkStore
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Doubt, Session


def stay(journal: Journal, link: LinkReader) -> Epoch | None:
    """Never begin a new epoch."""
    return None


class RaisesByOne(Journal):
    """Begins the epoch after its own, be it known already."""

    def raise_epoch(self, above: Epoch, why: str = "") -> Epoch:
        return super().raise_epoch(min(above, self.epoch), why)


class RaisesAtStart(Journal):
    """Begins an epoch whenever it is opened."""

    def __init__(self, *args: Any, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self.raise_epoch(self.epoch)


class KeepsReceiptEpoch(Journal):
    """Prints the first epoch on the receipts of every later one."""

    def append(self, fact: UpFact, seq: Seq, prev: str, stamp: Stamp, seen: int) -> str:
        if isinstance(fact, SaleRecorded | RefundRecorded):
            kiosk, _, number = fact.receipt.rsplit("-", 2)
            fact = replace(fact, receipt=Receipt(f"{kiosk}-1-{number}"))
        return super().append(fact, seq, prev, stamp, seen)


class SendsNewestEpoch(SmallBatches):
    """Knows the newest epoch of each lane only."""

    def newest(self) -> dict[str, int]:
        reach = super().newest()
        newest = {lane: max(epoch for epoch, of in map(_parse, reach) if of == lane) for _, lane in map(_parse, reach)}
        return {stream: end for stream, end in reach.items() if newest[_parse(stream)[1]] == _parse(stream)[0]}


class IgnoresDigests(Pump):
    """Takes any fact under a number of ours for ours."""

    def _differs(self, one: StreamPosition) -> bool:
        return False


class StaysInBrokenLanes(Pump):
    """Lets the till go on in an epoch that two cards have shared."""

    def _find_doubts(self, positions: Sequence[StreamPosition]) -> Mapping[str, Doubt]:
        broken: dict[str, Doubt] = {one.stream: "broken" for one in positions if one.broken}
        return {**broken, **super()._find_doubts([one for one in positions if not one.broken])}


class CriesWolf(Pump):
    """Notes a journal as strayed of which the hub has everything."""

    def _find_doubts(self, positions: Sequence[StreamPosition]) -> Mapping[str, Doubt]:
        for one in positions:
            if one.position == self._session.newest().get(one.stream):
                self._note_strayed(one.stream, one.position)
        return super()._find_doubts(positions)


class BelievesWhatIsStored(Session):
    """Takes a stored acknowledgement for one of the present journal."""

    def restore(self, stream: str, acked: int, *, incarnation: int) -> None:
        super().restore(stream, acked, incarnation=incarnation)
        self._streams[stream].confirmed = True


class NeverDoubts(Session):
    """Takes a position for all that stands below it, whoever recorded it."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        return super().acknowledged(positions, incarnation=incarnation, **{**rest, "doubts": {}})


class DoubtsForEver(Session):
    """Sends all again whenever it hears of another's fact."""

    def _doubt(self, stream: str, doubt: Doubt, *, reborn: bool) -> bool:
        return super()._doubt(stream, doubt, reborn=reborn or doubt == "strange")


class CountsAnyBatch(Session):
    """Takes a batch that the hub names for all that was sent before it."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        heard = set(rest.get("heard", ()))
        for state in self._streams.values():
            named = [n for n, flight in enumerate(state.flights) if flight.mark in heard]
            heard |= {flight.mark for flight in state.flights[: max(named, default=-1) + 1]}
        return super().acknowledged(positions, incarnation=incarnation, **{**rest, "heard": heard})


class NoticesNoShrinking(Session):
    """Thinks that a journal only grows."""

    def grew(self, stream: str, newest: int, now_s: float, priority: int = 0) -> None:
        super().grew(stream, max(newest, self.newest().get(stream, 0)), now_s, priority)


class ForgetsStrayed(LinkStore):
    """Says that it is stored where the hub has more when it is not."""

    def save_strayed(self, lane: str, epoch: int, position: int) -> None:
        pass


class MixesLives(LinkStore):
    """Takes what was acknowledged of one life of a card for another's."""

    def acks(self) -> dict[str, int]:
        ends: dict[str, int] = {}
        for stream, position in super().acks().items():
            lane = _parse(stream)[1]
            ends[lane] = max(position, ends.get(lane, 0))
        return {f"{lane}@{epoch}": end for lane, end in ends.items() for epoch in range(1, 9)}


def _parse(stream: str) -> tuple[int, str]:
    return parse_lane_stream(stream, "stream")
