"""Samples of what stock rights, reservations and promises are told with: data of :mod:`contract.samples`, in order.

They go on where the sales there end: a till of Market Hall on one day, and what its hub tells it on that day.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from contract import down_rights, goods, rights
from contract.facts import StockLine
from contract.registry import Data
from contract.rights import Answer
from contract.values import (
    BasketId,
    Condition,
    Currency,
    Epoch,
    Incarnation,
    KioskId,
    Money,
    Quantity,
    Seq,
    SiteId,
    Sku,
    Unit,
)

_AT: Final = datetime(2026, 3, 14, 9, 40, tzinfo=UTC)
_EVENING: Final = _AT + timedelta(hours=8)
_EUR: Final = Currency("EUR")
_TEA: Final = Sku("TEA-GREEN-100")
_OLIVES: Final = Sku("OLIVES")
_HALL: Final = SiteId("market-hall")
_PIER: Final = SiteId("river-pier")
_K2: Final = KioskId("k2")
_RECALL: Final = "0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0001"
_RESERVED: Final = "0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0002"
_PLACED: Final = "0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0003"
_PROMISED: Final = "0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0004"


def _tea(amount: int) -> list[StockLine]:
    return [StockLine(_TEA, Quantity(amount))]


PROMISE: Final = rights.ReservationRequested(
    promise=_PROMISED,
    lines=_tea(30),
    language="de",
    currency=_EUR,
    requested_at=_AT + timedelta(minutes=40),
    paid_minor=Money(13500),
    site=_HALL,
    collect_by=_EVENING,
)

_GOODS: Final[tuple[Data, ...]] = (
    goods.StockWasted(
        lines=[
            goods.GoneLine(_OLIVES, Quantity(120, Unit.GRAM)),
            goods.GoneLine(_TEA, Quantity(1), Condition.DAMAGED),
        ],
        wasted_at=_AT,
        reason="jar dropped",
        by="anna",
    ),
    goods.TransferSent(
        transfer="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0005",
        to=_PIER,
        lines=[goods.GoneLine(_TEA, Quantity(6))],
        sent_at=_AT + timedelta(minutes=5),
        by="anna",
    ),
    goods.TransferReceived(
        transfer="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0006",
        origin=_PIER,
        lines=[StockLine(_OLIVES, Quantity(2000, Unit.GRAM))],
        received_at=_AT + timedelta(minutes=10),
        by="anna",
    ),
    goods.ShelfCounted(
        lines=[
            goods.ShelfLine(_TEA, Quantity(14)),
            goods.ShelfLine(_OLIVES, Quantity(0, Unit.GRAM)),
        ],
        counted_at=_AT + timedelta(minutes=15),
        covers=Seq(9),
        others=[goods.TillPosition(_K2, Epoch(3), Seq(112))],
        reason="stock take",
        by="anna",
    ),
)
_RIGHTS: Final[tuple[Data, ...]] = (
    rights.RightsRequested(
        request="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0007",
        lines=_tea(12),
        why=rights.Urgency.LOW,
        requested_at=_AT + timedelta(minutes=20),
    ),
    rights.RightsReleased(lines=_tea(4), released_at=_AT + timedelta(minutes=22), recall=_RECALL),
    rights.RightsMoved(
        move="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0008",
        to=_K2,
        to_epoch=Epoch(3),
        lines=_tea(2),
        moved_at=_AT + timedelta(minutes=24),
    ),
    rights.RightsAccepted(
        move="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f0009",
        giver=_K2,
        giver_epoch=Epoch(3),
        lines=[StockLine(_OLIVES, Quantity(500, Unit.GRAM))],
        accepted_at=_AT + timedelta(minutes=26),
    ),
    rights.RightsReported(
        generation=Incarnation(2),
        totals=[rights.GrantTotal(_TEA, 12), rights.GrantTotal(_OLIVES, 1000, unit=Unit.GRAM, settled=150)],
    ),
    rights.OverdraftBooked(
        lines=_tea(20), approved_by="manager-7", booked_at=_AT + timedelta(minutes=28), basket=BasketId("k1-1-b3")
    ),
)
_RESERVATIONS: Final[tuple[Data, ...]] = (
    rights.ReservationHeld(
        reservation=_RESERVED,
        code="4F7K-2",
        lines=_tea(3),
        held_at=_AT + timedelta(minutes=30),
        until=_AT + timedelta(hours=2),
    ),
    rights.ReservationCollected(
        reservation=_RESERVED, lines=_tea(3), basket=BasketId("k1-1-b4"), collected_at=_AT + timedelta(minutes=34)
    ),
    rights.ReservationLapsed(
        reservation="0b7c5a52-3d0e-4c6f-9a55-5b1f2f3f000a", lines=_tea(1), lapsed_at=_AT + timedelta(minutes=36)
    ),
    rights.ReservationCancelled(
        reservation=_PLACED, lines=_tea(2), cancelled_at=_AT + timedelta(minutes=38), reason="the order was cancelled"
    ),
    PROMISE,
    rights.PromiseTold(
        promise=_PROMISED,
        answer=Answer.ELSEWHERE,
        told_at=_AT + timedelta(minutes=41),
        lines=_tea(30),
        site=_PIER,
        code="9QXM-5",
    ),
)
UP_DATA: Final = (*_GOODS, *_RIGHTS, *_RESERVATIONS)
OWN_DATA: Final[tuple[Data, ...]] = (
    down_rights.RightsGranted(epoch=Epoch(1), totals=[rights.GrantTotal(_TEA, 12)]),
    down_rights.RecallRequested(recall=_RECALL, epoch=Epoch(1), lines=_tea(5)),
    down_rights.ReservationPlaced(
        reservation=_PLACED,
        epoch=Epoch(1),
        code="7HRD-8",
        lines=_tea(2),
        totals=[rights.GrantTotal(_TEA, 14)],
        until=_EVENING,
    ),
    down_rights.ReservationConfirmed(reservation=_PLACED, until=_EVENING + timedelta(hours=1)),
    down_rights.ReservationRefused(reservation=_PLACED, reason="the order was cancelled"),
    down_rights.PromiseResolved(
        promise=_PROMISED,
        answer=Answer.ELSEWHERE,
        message="Ihre Ware liegt am River Pier bereit, Abholcode 9QXM-5. Zum Ausgleich: ein Gutschein über 5,00 €.",
        lines=_tea(30),
        site=_PIER,
        code="9QXM-5",
        ready_at=_AT + timedelta(hours=1),
        until=_EVENING,
        remedy=down_rights.Remedy.VOUCHER,
        amount_minor=Money(500),
        currency=_EUR,
    ),
    down_rights.EpochClosed(epoch=Epoch(1), reason="reported stolen"),
    down_rights.DeliveryAdvised(
        advice="ASN-2026-0317",
        lines=[StockLine(_TEA, Quantity(48)), StockLine(_OLIVES, Quantity(5000, Unit.GRAM))],
        expected_on=date(2026, 3, 17),
    ),
)
