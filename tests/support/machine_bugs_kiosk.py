"""Seeded bugs of a kiosk's journal and bridge."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contract.every import UpFact
from kiosk.core.ports import Recorded
from kiosk.journal.database import immediate
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkStore
from mqtt_bridge.session import Send, Session

# -------------------------------------------------------------------------------------------------- the kiosk's journal


class ReusesNumbers(Journal):
    """Gives the last fact's number again, now and then, as a card does that lost its tail."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        newest = self.newest()
        if newest and newest % 4 == 0:
            with immediate(self.connection, self.path):
                self.connection.execute("DELETE FROM facts WHERE seq = ?", (newest,))
        return super().record(facts)


class ReusesReceipts(Journal):
    """Forgets which receipt number it gave last."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        recorded = super().record(facts)
        if recorded[-1].receipt and recorded[-1].seq % 2 == 0:
            with immediate(self.connection, self.path):
                self.connection.execute("DELETE FROM receipts WHERE seq = ?", (recorded[-1].seq,))
        return recorded


class RewritesFacts(Journal):
    """Touches up a fact after it was recorded."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        recorded = super().record(facts)
        with immediate(self.connection, self.path):
            self.connection.execute(
                "UPDATE facts SET bytes = CAST(replace(bytes, 'tea', 'pea') AS BLOB) WHERE seq < ?", (recorded[0].seq,)
            )
        return recorded


# --------------------------------------------------------------------------------------------------- the kiosk's bridge


class SentIsAcknowledged(Session):
    """Takes what was handed to the broker for acknowledged."""

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self.acknowledged({stream: first + count - 1}, incarnation=max(1, self.incarnation), now_s=now_s)


class BelievesLower(Session):
    """Believes a lower acknowledgement of the same incarnation."""

    def _move(self, stream: str, position: int, *, reborn: bool) -> bool:
        return super()._move(stream, position, reborn=True)


class BelievesOldIncarnations(Session):
    """Believes what a hub said before it went back."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        incarnation = max(incarnation, self.incarnation)
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class IgnoresRebirth(Session):
    """Knows one incarnation only, the first that it heard."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        if self.incarnation not in {0, incarnation}:
            return False
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class KeepsUnnamedStreams(Session):
    """Thinks that a reborn hub which does not name a stream still has it."""

    def _rewind_unnamed(self, positions: Mapping[str, int]) -> bool:
        return False


class MixesStreams(Session):
    """Takes one stream's acknowledgement for every stream's."""

    def acknowledged(self, positions: Mapping[str, int], *, incarnation: int, **rest: Any) -> bool:
        if positions:
            positions = dict.fromkeys(self.positions(), max(positions.values()))
        return super().acknowledged(positions, incarnation=incarnation, **rest)


class ForgetsFlights(Session):
    """Goes back without sending again what was in flight."""

    def _go_back(self, now_s: float) -> None:
        for state in self._streams.values():
            state.flights.clear()


class NeverFreesWindow(Session):
    """Counts every batch as in flight for ever."""

    def __init__(self, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._batches = 0

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self._batches += 1

    def _has_room(self) -> bool:
        return self._batches < 2 * self._limits.window_batches and super()._has_room()


class GivesUp(Session):
    """Sends a batch three times again, then never more."""

    def __init__(self, **parts: object) -> None:
        super().__init__(**parts)  # type: ignore[arg-type]
        self._tries: dict[tuple[str, int], int] = {}

    def due(self, now_s: float) -> Send | None:
        send = super().due(now_s)
        return send if send and self._tries.get((send.stream, send.first), 0) < 4 else None

    def sent(self, stream: str, first: int, count: int, size: int, now_s: float, *, mark: str = "") -> None:
        super().sent(stream, first, count, size, now_s, mark=mark)
        self._tries[stream, first] = self._tries.get((stream, first), 0) + 1


class ForgetsAcknowledgements(LinkStore):
    """Says that an acknowledgement is stored when it is not."""

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        pass


class StoresNoIncarnation(LinkStore):
    """Stores positions without saying which hub acknowledged them."""

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        super().save_acks(positions, incarnation=self.incarnation() or incarnation, at=at)
