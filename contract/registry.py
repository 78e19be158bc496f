"""Which structs stand behind which type names, and how old versions become new ones.

A type name is ``subject.verb.vN``. Decoding a version that has an upcast gives its successor's struct, as often as
needed, so that code inside sees the newest version only. The stored bytes are never rewritten.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec

from contract import down, down_rights, facts, goods, payments, rights, sales
from contract.errors import Malformed, UnknownType

Data = msgspec.Struct
Upcast = Callable[[Any], Data]
T = TypeVar("T")
MAX_WHAT: Final = 200  # characters of a reason; msgspec quotes names it does not know, and they can be any length
_ENCODER: Final = msgspec.json.Encoder()


class Registry:
    """Type names to structs, in both directions, with upcasts between versions."""

    def __init__(self, types: Mapping[str, type[Data]], upcasts: Mapping[type[Data], Upcast] | None = None) -> None:
        """Build decoders once.

        Raises: ValueError if two names share a struct.
        """
        self.types: Mapping[str, type[Data]] = MappingProxyType(dict(types))
        self._names = {struct: name for name, struct in types.items()}
        if len(self._names) != len(types):
            raise ValueError("two type names share a struct")
        self._decoders = {name: msgspec.json.Decoder(struct) for name, struct in types.items()}
        self._upcasts = dict(upcasts or {})

    def name_of(self, data: Data) -> str:
        """Return the type name that ``data`` is published under."""
        return self._names[type(data)]

    def decode(self, name: str, raw: bytes | memoryview) -> Data:
        """Return the newest version of what ``raw`` says.

        Raises: UnknownType for a name that this release does not know; Malformed with the path inside the data.
        """
        decoder = self._decoders.get(name)
        if decoder is None:
            raise UnknownType(f"unknown type {name[:80]!r}", "$.type")
        data = read(decoder, raw, "$.data")
        while upcast := self._upcasts.get(type(data)):
            data = upcast(data)
        return data


def read(decoder: msgspec.json.Decoder[T], raw: bytes | memoryview, root: str) -> T:
    """Return what ``decoder`` makes of ``raw``.

    An object that names a field twice is refused, for readers differ on which of the two counts. Bytes that our own
    encoder would write need no second look at that, and nearly all are (measured: a fifth of the decoding, not double).

    Raises: Malformed, its path continuing ``root``.
    """
    try:
        value = decoder.decode(raw)
        if _ENCODER.encode(value) != raw:
            json.loads(bytes(raw), object_pairs_hook=_refuse_repeats, parse_int=str, parse_float=str)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise malformed(error, root) from error
    return value


def _refuse_repeats(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("an object names a field twice")


def malformed(error: Exception, root: str) -> Malformed:
    """Return msgspec's error as ours: its path, if it names one, continues ``root``."""
    what, _, path = str(error).partition(" - at `")
    return Malformed(what[:MAX_WHAT], root + path.rstrip("`").removeprefix("$") if path else root)


UP: Final = Registry(
    {
        "sale.recorded.v1": sales.SaleRecorded,
        "payment.attempted.v1": payments.PaymentAttempted,
        "payment.resolved.v1": payments.PaymentResolved,
        "refund.recorded.v1": facts.RefundRecorded,
        "stock.received.v1": facts.StockReceived,
        "stock.counted.v1": facts.StockCounted,
        "stock.counted.v2": goods.ShelfCounted,
        "stock.wasted.v1": goods.StockWasted,
        "transfer.sent.v1": goods.TransferSent,
        "transfer.received.v1": goods.TransferReceived,
        "rights.requested.v1": rights.RightsRequested,
        "rights.released.v1": rights.RightsReleased,
        "rights.moved.v1": rights.RightsMoved,
        "rights.accepted.v1": rights.RightsAccepted,
        "rights.reported.v1": rights.RightsReported,
        "overdraft.booked.v1": rights.OverdraftBooked,
        "reservation.held.v1": rights.ReservationHeld,
        "reservation.collected.v1": rights.ReservationCollected,
        "reservation.lapsed.v1": rights.ReservationLapsed,
        "reservation.cancelled.v1": rights.ReservationCancelled,
        "reservation.requested.v1": rights.ReservationRequested,
        "promise.told.v1": rights.PromiseTold,
        "kiosk.started.v1": facts.KioskStarted,
        "kiosk.stopping.v1": facts.KioskStopping,
        "clock.stepped.v1": facts.ClockStepped,
    }
)
DOWN: Final = Registry(
    {
        "catalogue.changed.v1": down.CatalogueChanged,
        "price.changed.v1": down.PriceChanged,
        "config.changed.v1": down.ConfigChanged,
        "availability.changed.v1": down.AvailabilityChanged,
        "rights.granted.v1": down_rights.RightsGranted,
        "recall.requested.v1": down_rights.RecallRequested,
        "reservation.placed.v1": down_rights.ReservationPlaced,
        "reservation.confirmed.v1": down_rights.ReservationConfirmed,
        "reservation.refused.v1": down_rights.ReservationRefused,
        "promise.resolved.v1": down_rights.PromiseResolved,
        "epoch.closed.v1": down_rights.EpochClosed,
        "delivery.advised.v1": down_rights.DeliveryAdvised,
    }
)
