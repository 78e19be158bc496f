"""What a kiosk says of its rights and of goods set aside for shoppers. Published facts; see :mod:`contract.facts`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.facts import MAX_LINES, StockLine, check_instant
from contract.goods import Lines
from contract.values import (
    BasketIdField,
    CodeField,
    Condition,
    CurrencyField,
    EpochField,
    IncarnationField,
    InstantField,
    KioskIdField,
    LanguageField,
    PositiveMoneyField,
    SiteIdField,
    SkuField,
    SumField,
    TextField,
    TokenField,
    Unit,
)

MAX_TOTALS: Final = 1000  # accounts in one fact: below one batch
AnyLines = Annotated[list[StockLine], Meta(max_length=MAX_LINES)]


class Urgency(StrEnum):
    """Why rights are asked for."""

    ASKED = "asked"  # a shopper asks for them now
    LOW = "low"  # they will run out


class Answer(StrEnum):
    """What became of a promise."""

    CONFIRMED = "confirmed"  # where the shopper wanted it
    ELSEWHERE = "elsewhere"  # at another site
    LATER = "later"  # here, when goods have come
    SUBSTITUTE = "substitute"  # other goods that serve
    SORRY = "sorry"  # not at all, with compensation


class RightsRequested(Struct, frozen=True, forbid_unknown_fields=True):
    """The kiosk asks for rights; the hub grants what it can, and need not answer. Said on ``up/requests`` as well."""

    request: TokenField
    lines: Lines
    why: Urgency
    requested_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.requested_at)


class RightsReleased(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights given back to the hub. ``recall`` is the request that this answers, be it with nothing."""

    lines: AnyLines
    released_at: InstantField
    recall: TokenField | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.released_at)


class RightsMoved(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights given to another till of the site, in that life of it. The receiver's half is :class:`RightsAccepted`."""

    move: TokenField
    to: KioskIdField
    to_epoch: EpochField
    lines: Lines
    moved_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.moved_at)


class RightsAccepted(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights taken from another till of the site: the receiver's half. Either half may reach the hub first."""

    move: TokenField
    giver: KioskIdField
    giver_epoch: EpochField
    lines: Lines
    accepted_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.accepted_at)


class GrantTotal(Struct, frozen=True, forbid_unknown_fields=True):
    """All that was ever granted of one account in one life of a kiosk; ``settled``: of its overdraft."""

    sku: SkuField
    total: SumField
    condition: Condition = Condition.SELLABLE
    unit: Unit = Unit.PIECE
    settled: SumField = 0


class RightsReported(Struct, frozen=True, forbid_unknown_fields=True):
    """What was granted to this life of the kiosk, recorded when a new generation of its own down log begins.

    A hub that went back learns from it what it had granted (I11). From this fact on ``seen`` counts in ``generation``.
    Many accounts take several facts; ``last`` is true in the last of them.
    """

    generation: IncarnationField
    totals: Annotated[list[GrantTotal], Meta(max_length=MAX_TOTALS)]
    last: bool = True


class OverdraftBooked(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody allowed goods in hand beyond the limit to leave; recorded with the sale that it allows."""

    lines: Lines
    approved_by: CodeField
    booked_at: InstantField
    basket: BasketIdField | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an approval by nobody."""
        check_instant(self.booked_at)
        if not self.approved_by:
            raise ValueError("approved_by is empty")


class ReservationHeld(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods set aside for a shopper from the kiosk's own rights, until ``until``. ``placed``: the hub asked for it."""

    reservation: TokenField
    code: CodeField
    lines: Lines
    held_at: InstantField
    until: InstantField
    placed: bool = False

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.held_at)
        check_instant(self.until)


class ReservationCollected(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because the shopper takes them; the sale of ``basket`` follows in the transaction."""

    reservation: TokenField
    lines: Lines
    basket: BasketIdField
    collected_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.collected_at)


class ReservationLapsed(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because nobody came in time; only this kiosk can say so (I9)."""

    reservation: TokenField
    lines: Lines
    lapsed_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.lapsed_at)


class ReservationCancelled(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because the shopper, the shop or the hub no longer wants it."""

    reservation: TokenField
    lines: Lines
    cancelled_at: InstantField
    reason: TextField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.cancelled_at)


class ReservationRequested(Struct, frozen=True, forbid_unknown_fields=True):
    """A promise asked for: goods elsewhere, or beyond the kiosk's rights. Pending until the hub answers (promise 3).

    ``site`` is where the shopper wants them, ``""`` for wherever they are. ``paid_minor`` was paid for them already; it
    is what a refusal gives back. Said on ``up/requests`` as well, under the same ``promise``.
    """

    promise: TokenField
    lines: Lines
    language: LanguageField
    currency: CurrencyField
    requested_at: InstantField
    paid_minor: PositiveMoneyField
    site: SiteIdField | None = None
    collect_by: InstantField | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.requested_at)
        if isinstance(self.collect_by, datetime):
            check_instant(self.collect_by)


class PromiseTold(Struct, frozen=True, forbid_unknown_fields=True):
    """The hub's answer to a promise reached the kiosk, which from now on says so to the shopper.

    A hub that went back learns from it what it had answered, and answers no differently.
    """

    promise: TokenField
    answer: Answer
    told_at: InstantField
    lines: AnyLines = []
    site: SiteIdField | None = None
    code: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.told_at)
