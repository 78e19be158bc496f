"""What the till's screens and tools may ask of the rest of the kiosk, as Protocols.

Screens know core and these; ``kiosk.bootstrap`` decides what stands behind them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from contract.codec import Stamp
from contract.down import Item
from contract.every import UpFact
from contract.facts import ClockStepped, Payment, SaleRecorded, StockLine, StockReceived
from contract.goods import ShelfLine, StockWasted, TillPosition, TransferReceived, TransferSent
from contract.shop import Shop
from contract.values import Address, BasketId, Currency, Epoch, Gtin, Money, Receipt, Seq, SiteId, Sku
from kiosk.core.attempts import Attempt
from kiosk.core.basket import Basket
from kiosk.core.deliveries import Delivery, Expected
from kiosk.core.errors import Refused
from kiosk.core.goods import Discrepancy
from kiosk.core.neighbours import Neighbour
from kiosk.core.parking import Parked
from kiosk.core.promises import Promise
from kiosk.core.reservations import DEFAULT_HOLD, Reservation


class DeskError(Refused):
    """The desk could not do what was asked; nothing of it was stored. The message says what, why and what to do."""


class AlreadySold(DeskError):
    """The basket was sold before: nothing was sold twice."""


class NoLongerHeld(DeskError):
    """What was set aside for a shopper is not any more: it was let go, or collected, meanwhile."""


class Recorded(Struct, frozen=True):
    """A fact that is committed and synced. ``data`` is what was stored: with its receipt number and overdrafts."""

    seq: Seq
    data: UpFact

    @property
    def receipt(self) -> Receipt | None:
        """Return the receipt number, for facts that have one."""
        return getattr(self.data, "receipt", None)


class LinkState(Struct, frozen=True):
    """What the status line says of the link."""

    configured: bool
    connected: bool = False
    unsent: int = 0
    acked_at: datetime | None = None
    problem: str = ""


class LastSale(Struct, frozen=True):
    """The newest sale of this till, shown when it starts: was it the one that the power cut came into?"""

    receipt: Receipt
    total_minor: Money
    currency: Currency


class MirrorFailed(Exception):
    """The mirror did not take the facts, or cannot be asked. The message says what is wrong and what to do."""


class MirrorStrayed(MirrorFailed):
    """The mirror holds another fact under a number of ours: this card or that medium went another way."""


class Held(Struct, frozen=True):
    """How far a mirror is in one epoch of a lane, and the digest of the fact it ends with."""

    position: Seq
    digest: str


class Mirror(Protocol):
    """A copy of one lane on a medium that does not die with the card. Any call may take as long as the medium hangs."""

    @property
    def name(self) -> str:
        """Return what a person calls it, such as ``the second medium /media/second``."""
        ...

    @property
    def source(self) -> str:
        """Return what ``kiosk journal salvage`` takes to read it."""
        ...

    def newest(self) -> Mapping[Epoch, Held]:
        """Return how far it is in each epoch; all of that is synced.

        Raises: MirrorFailed.
        """
        ...

    def keep(self, epoch: Epoch, first: Seq, facts: Sequence[bytes]) -> None:
        """Hold ``facts``, which begin at position ``first``, synced when it returns; what it holds already is compared.

        Raises: MirrorFailed; MirrorStrayed if it holds other facts there.
        """
        ...

    def close(self) -> None:
        """Let go of it; it may be asked again."""
        ...


class Record(Protocol):
    """The one way to make something true: all facts together in one synced transaction, or an error and none."""

    def __call__(self, facts: Sequence[UpFact]) -> Sequence[Recorded]:
        """Commit ``facts``.

        Raises: DeskError; nothing was recorded then. AlreadySold if the basket of a sale is closed.
        """
        ...


class Clock(Protocol):
    """Time, and whether it can be trusted. Order never comes from it."""

    def stamp(self) -> Stamp:
        """Return the present moment, as facts carry it."""
        ...


class TillClock(Clock, Protocol):
    """The clock of a till, which a person can set where nothing else does (promise 10)."""

    @property
    def floor(self) -> datetime:
        """Return a moment that has surely passed: the time of the newest fact, or of the release."""
        ...

    def must_ask(self) -> bool:
        """Return whether a person must give the date before the first sale."""
        ...

    def tell(self, told_at: datetime) -> ClockStepped:
        """Take a person's date; return the fact to record."""
        ...

    def settle(self) -> ClockStepped | None:
        """Return the fact to record if the network has meanwhile set a clock that a person had set."""
        ...


class Desk(Protocol):
    """What a till screen needs. Every method that reads or writes the kiosk's files may raise DeskError."""

    @property
    def address(self) -> Address:
        """Return where this till stands."""
        ...

    @property
    def clock(self) -> TillClock:
        """Return the kiosk's clock."""
        ...

    @property
    def record(self) -> Record:
        """Return the one way to make something true."""
        ...

    def keep(self, basket: Basket) -> None:
        """Store the open basket as it is now, synced; a crash gives it back line by line.

        Raises: DeskError; AlreadySold if it was sold.
        """
        ...

    def open_basket(self) -> Basket:
        """Return the basket that was open when the till last ran, or a new one."""
        ...

    def park(self, basket: Basket, label: str) -> None:
        """Put a basket aside as it is, synced; it is no longer the open one.

        Raises: DeskError; AlreadySold if it was sold. ParkingError.
        """
        ...

    def parked(self) -> Sequence[Parked]:
        """Return the baskets put aside, oldest first."""
        ...

    def recall(self, basket: BasketId) -> None:
        """Make a basket that was put aside the open one.

        Raises: DeskError; AlreadySold if it is not put aside any more.
        """
        ...

    def beyond(self, basket: Basket) -> Sequence[StockLine]:
        """Return the goods of ``basket`` that a manager must approve, for the books lack them beyond the limit."""
        ...

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        ...

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        ...

    def search(self, text: str, limit: int) -> Sequence[Item]:
        """Return items whose name has words beginning with the words of ``text``."""
        ...

    def deposits(self) -> Sequence[Item]:
        """Return the items that are the deposit of others."""
        ...

    def shop(self) -> Shop:
        """Return how this shop sells: its taxes, its smallest coin, who may allow what."""
        ...

    def storage_problem(self) -> str:
        """Return why the next sale could not be stored, with what to do; empty when it can. Asked before tendering."""
        ...

    def warning(self) -> str:
        """Return what somebody must know although selling goes on, with what to do; never waits, never an error."""
        ...

    def link(self) -> LinkState:
        """Return the link's state, for the status line; never an error."""
        ...

    def last_sale(self) -> LastSale | None:
        """Return the newest sale of this till, if there is any."""
        ...

    def idle(self) -> None:
        """Tidy up: nobody is buying just now. Called every few seconds between sales."""
        ...

    def new_basket_id(self) -> BasketId:
        """Return an id that no other basket has."""
        ...

    def attempts(self, basket: BasketId) -> Sequence[Attempt]:
        """Return the card payments that were tried for a basket, oldest first."""
        ...

    def open_attempts(self) -> Sequence[Attempt]:
        """Return the card payments that a person must look at, oldest first, of whatever basket.

        These are the unresolved ones, and those that were approved and that neither a sale nor a basket names.
        """
        ...

    def new_attempt_id(self) -> str:
        """Return an id that no other attempt has."""
        ...


class Counted(Struct, frozen=True):
    """A count on record. ``found`` is against this till's own books; None: others sell here, so the hub compares."""

    position: Seq
    found: tuple[Discrepancy, ...] | None


class Stockroom(Protocol):
    """What a person does with goods and for shoppers beside ringing up. All of it works offline.

    Every method may raise DeskError, and the refusal of its core: GoodsError, ReservationError, PromiseError.
    """

    def receive(self, lines: Sequence[StockLine], *, advice: str = "") -> StockReceived:
        """Take goods in that were delivered."""
        ...

    def deliver(self, advice: str, lines: Sequence[StockLine] = (), *, sure: bool = False) -> Delivery:
        """Take in what came under a delivery's number: ``lines``, or all that is still expected of it.

        ``sure``: what differs from the advice was counted again.
        """
        ...

    def expected(self, advice: str | None = None) -> Sequence[Expected]:
        """Return the lines of one delivery, or of all, received or not."""
        ...

    def waste(self, lines: Sequence[StockLine], *, reason: str, by: str = "") -> StockWasted:
        """Write off goods that are broken, spoilt or stolen; ``by`` approves what is beyond the overdraft limit."""
        ...

    def send(self, lines: Sequence[StockLine], *, to: SiteId, by: str = "") -> TransferSent:
        """Put goods on the way to another site, under a transfer id of their own; ``by`` as for waste."""
        ...

    def arrive(
        self, lines: Sequence[StockLine], *, transfer: str, origin: SiteId, by: str = "", part: int = 1
    ) -> TransferReceived:
        """Take goods in that came from another site: what was there to unpack, each ``part`` of it once."""
        ...

    def count(
        self,
        lines: Sequence[ShelfLine],
        *,
        others: Sequence[TillPosition] = (),
        reason: str = "",
        by: str = "",
        sure: bool = False,
    ) -> Counted:
        """Record a blind count; only then say what was expected. What is far from the books needs ``sure``."""
        ...

    def neighbours(self) -> Sequence[Neighbour]:
        """Return the site's other tills, as they told last; none where the site has no broker of its own."""
        ...

    def here(self) -> TillPosition:
        """Return where this till is, for a count at another till of the site."""
        ...

    def hold(self, lines: Sequence[StockLine], *, wait: timedelta = DEFAULT_HOLD) -> Reservation:
        """Set goods aside for a shopper by this till's own rights."""
        ...

    def reservation(self, wanted: str) -> Reservation:
        """Return the reservation of a code, or of an id."""
        ...

    def reservations(self, *, ended: bool = False) -> Sequence[Reservation]:
        """Return what is set aside, oldest first; with ``ended`` also what no longer is."""
        ...

    def hand_over_past(self, found: Reservation) -> None:
        """Note that goods which an earlier life of this till set aside are in the shopper's hand; once."""
        ...

    def collect(self, found: Reservation, payment: Payment) -> SaleRecorded:
        """Sell the goods to the shopper who collects them; return the sale."""
        ...

    def cancel(self, found: Reservation, *, reason: str = "") -> None:
        """End a hold that nobody wants any more."""
        ...

    def ask(
        self,
        lines: Sequence[StockLine],
        *,
        language: str,
        paid_minor: Money = Money(0),
        site: SiteId | None = None,
        wait: timedelta | None = None,
    ) -> Promise:
        """Ask the hub for goods that this till has no right to; pending until it answers."""
        ...

    def promise(self, wanted: str) -> Promise:
        """Return the promise of an id, or of its beginning."""
        ...

    def promises(self, *, told: bool = False) -> Sequence[Promise]:
        """Return the promises that wait for an answer, oldest first; with ``told`` also those that have one."""
        ...
