"""Every fact there is, as unions: who matches on one is told by the type checker when it forgets another."""

from contract.down import AvailabilityChanged, CatalogueChanged, ConfigChanged, PriceChanged
from contract.down_rights import (
    DeliveryAdvised,
    EpochClosed,
    PromiseResolved,
    RecallRequested,
    ReservationConfirmed,
    ReservationPlaced,
    ReservationRefused,
    RightsGranted,
)
from contract.facts import (
    ClockStepped,
    KioskStarted,
    KioskStopping,
    RefundRecorded,
    SaleRecorded,
    StockCounted,
    StockReceived,
)
from contract.goods import ShelfCounted, StockWasted, TransferReceived, TransferSent
from contract.payments import PaymentAttempted, PaymentResolved
from contract.rights import (
    OverdraftBooked,
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsReported,
    RightsRequested,
)

GoodsFact = StockReceived | StockCounted | ShelfCounted | StockWasted | TransferSent | TransferReceived
RightsFact = RightsRequested | RightsReleased | RightsMoved | RightsAccepted | RightsReported | OverdraftBooked
ReservationEnd = ReservationCollected | ReservationLapsed | ReservationCancelled
ReservationFact = ReservationHeld | ReservationEnd | ReservationRequested | PromiseTold
DeviceFact = KioskStarted | KioskStopping | ClockStepped
PaymentFact = PaymentAttempted | PaymentResolved
UpFact = SaleRecorded | RefundRecorded | PaymentFact | GoodsFact | RightsFact | ReservationFact | DeviceFact
FleetFact = CatalogueChanged | PriceChanged | ConfigChanged | AvailabilityChanged
OwnFact = (
    RightsGranted
    | RecallRequested
    | ReservationPlaced
    | ReservationConfirmed
    | ReservationRefused
    | PromiseResolved
    | EpochClosed
    | DeliveryAdvised
)
DownFact = FleetFact | OwnFact
