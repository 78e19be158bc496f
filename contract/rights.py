"""What a kiosk says of its rights and of goods set aside for shoppers. Published facts; see :mod:`contract.facts`."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.checks import check_instant, check_once
from contract.facts import MAX_LINES, StockLine
from contract.goods import Lines, check_lines
from contract.stock import StockKey
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

MAX_TOTALS: Final = 1000  # accounts in one fact: about 100 KiB, below one batch
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
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.requested_at)
        check_lines(self.lines)


class RightsReleased(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights given back to the hub. ``recall`` is the request that this answers, be it with nothing."""

    lines: AnyLines
    released_at: InstantField
    recall: TokenField | None = None

    def __post_init__(self) -> None:
        """Refuse a bad moment, an account that is named twice, and a release of nothing that nobody asked for."""
        check_instant(self.released_at)
        check_lines(self.lines)
        if not self.lines and self.recall is None:
            raise ValueError("nothing is released and no recall answered")


class RightsMoved(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights given to another till of the site, in that life of it. The receiver's half is :class:`RightsAccepted`."""

    move: TokenField
    to: KioskIdField
    to_epoch: EpochField
    lines: Lines
    moved_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.moved_at)
        check_lines(self.lines)


class RightsAccepted(Struct, frozen=True, forbid_unknown_fields=True):
    """Rights taken from another till of the site: the receiver's half. Either half may reach the hub first."""

    move: TokenField
    giver: KioskIdField
    giver_epoch: EpochField
    lines: Lines
    accepted_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.accepted_at)
        check_lines(self.lines)


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

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_totals(self.totals)


class OverdraftBooked(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody allowed goods in hand beyond the limit to leave; recorded with the sale that it allows."""

    lines: Lines
    approved_by: CodeField
    booked_at: InstantField
    basket: BasketIdField | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an approval by nobody.

        Lines may name an account twice, as those of the sale may: whatever was rung up, goods in hand must be sold.
        """
        check_instant(self.booked_at)
        if not self.approved_by:
            raise ValueError("approved_by is empty")


class ReservationHeld(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods set aside for a shopper from the kiosk's own rights, until ``until``. ``placed``: the hub asked for it.

    What the hub placed may reach the kiosk when its time is over; it is set aside and lapses all the same (I9).
    """

    reservation: TokenField
    code: CodeField
    lines: Lines
    held_at: InstantField
    until: InstantField
    placed: bool = False

    def __post_init__(self) -> None:
        """Refuse a bad moment, a hold of its own that ends before it begins, no code, and an account named twice."""
        check_instant(self.held_at)
        check_instant(self.until)
        check_lines(self.lines)
        check_code(self.code)
        if not self.placed and self.until < self.held_at:
            raise ValueError("until is before held_at")


class ReservationCollected(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because the shopper takes them; the sale of ``basket`` follows in the transaction."""

    reservation: TokenField
    lines: Lines
    basket: BasketIdField
    collected_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.collected_at)
        check_lines(self.lines)


class ReservationLapsed(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because nobody came in time; only this kiosk can say so (I9)."""

    reservation: TokenField
    lines: Lines
    lapsed_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.lapsed_at)
        check_lines(self.lines)


class ReservationCancelled(Struct, frozen=True, forbid_unknown_fields=True):
    """The hold of ``lines`` ends because the shopper, the shop or the hub no longer wants it."""

    reservation: TokenField
    lines: Lines
    cancelled_at: InstantField
    reason: TextField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.cancelled_at)
        check_lines(self.lines)


class ReservationRequested(Struct, frozen=True, forbid_unknown_fields=True):
    """A promise asked for: goods elsewhere, or beyond the kiosk's rights. Pending until the hub answers (promise 3).

    ``site`` is where the shopper wants them; none: wherever they are. ``paid_minor`` was paid for them already; it
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
        """Refuse a bad moment, goods wanted before they are asked for, and an account that is named twice."""
        check_instant(self.requested_at)
        check_lines(self.lines)
        if self.collect_by is not None:
            check_instant(self.collect_by)
            if self.collect_by < self.requested_at:
                raise ValueError("collect_by is before requested_at")


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
        """Refuse a moment that is not the same for every reader, and goods that do not go with the answer."""
        check_instant(self.told_at)
        check_answer(self.answer, self.lines, self.site)


def check_totals(totals: Iterable[GrantTotal]) -> None:
    """Refuse totals that name an account twice; raises ValueError."""
    check_once("an account", (StockKey(one.sku, one.condition, one.unit) for one in totals))


def check_code(code: str) -> None:
    """Refuse goods set aside that nobody can ask for; raises ValueError."""
    if not code:
        raise ValueError("code is empty")


def check_answer(answer: Answer, lines: Collection[StockLine], site: str | None) -> None:
    """Refuse goods with a sorry, any other answer without goods, and elsewhere without where; raises ValueError."""
    check_lines(lines)
    if (answer is Answer.SORRY) == bool(lines):
        raise ValueError("lines are what is promised: none with sorry, some with any other answer")
    if answer is Answer.ELSEWHERE and site is None:
        raise ValueError("elsewhere needs a site")
