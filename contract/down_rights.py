"""What the hub tells one kiosk: of its rights, reservations, promises and deliveries. Facts of that kiosk's own log."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from contract.checks import check_instant
from contract.goods import Lines, check_lines
from contract.rights import MAX_TOTALS, Answer, AnyLines, GrantTotal, check_answer, check_code, check_totals
from contract.values import (
    CodeField,
    CurrencyField,
    EpochField,
    InstantField,
    MessageField,
    PositiveMoneyField,
    SiteIdField,
    TextField,
    TokenField,
)


class RightsGranted(Struct, frozen=True, forbid_unknown_fields=True):
    """All that was ever granted to that life of the kiosk, for the accounts named; another life ignores it.

    It may name none: a kiosk's own log begins with it, so that the kiosk reports even if nothing was ever granted.
    """

    epoch: EpochField
    totals: Annotated[list[GrantTotal], Meta(max_length=MAX_TOTALS)]

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_totals(self.totals)


class RecallRequested(Struct, frozen=True, forbid_unknown_fields=True):
    """The hub asks for rights back. Only the kiosk's release gives them; it answers each recall once.

    ``urgent``: somebody waits for them, or an overdraft is to be settled: give what there is.
    """

    recall: TokenField
    epoch: EpochField
    lines: Lines
    urgent: bool = False

    def __post_init__(self) -> None:
        """Refuse an account that is named twice."""
        check_lines(self.lines)


class ReservationPlaced(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that the hub promised from this site: set them aside. ``totals`` grants the rights to them.

    From here on only the kiosk's fact ends it (I9): collected, lapsed at ``until``, or cancelled.
    """

    reservation: TokenField
    epoch: EpochField
    code: CodeField
    lines: Lines
    totals: Annotated[list[GrantTotal], Meta(min_length=1, max_length=MAX_TOTALS)]
    until: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, no code, and an account that is named twice."""
        check_instant(self.until)
        check_lines(self.lines)
        check_totals(self.totals)
        check_code(self.code)


class ReservationConfirmed(Struct, frozen=True, forbid_unknown_fields=True):
    """The shopper confirmed, for example by paying: the goods stay set aside until ``until``."""

    reservation: TokenField
    until: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.until)


class ReservationRefused(Struct, frozen=True, forbid_unknown_fields=True):
    """The hub no longer wants goods set aside: the kiosk cancels, unless they were collected."""

    reservation: TokenField
    reason: TextField


class Remedy(StrEnum):
    """How a shopper is compensated."""

    NONE = "none"  # nothing was paid
    VOUCHER = "voucher"
    REFUND = "refund"


class PromiseResolved(Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a promise, with the message for the shopper in their language.

    ``lines`` are what is promised now, at ``site`` from ``ready_at`` on, to be collected with ``code``.
    """

    promise: TokenField
    answer: Answer
    message: MessageField
    lines: AnyLines = []
    site: SiteIdField | None = None
    code: CodeField = ""
    ready_at: InstantField | None = None
    until: InstantField | None = None
    remedy: Remedy = Remedy.NONE
    amount_minor: PositiveMoneyField | None = None
    currency: CurrencyField | None = None

    def __post_init__(self) -> None:
        """Refuse goods that do not go with the answer, a time that ends before it begins, and a remedy of nothing."""
        check_answer(self.answer, self.lines, self.site)
        for at in (self.ready_at, self.until):
            if at is not None:
                check_instant(at)
        if self.ready_at is not None and self.until is not None and self.until < self.ready_at:
            raise ValueError("until is before ready_at")
        if (self.remedy is Remedy.NONE) == bool(self.amount_minor):
            raise ValueError("a voucher or a refund has an amount, and nothing else has")
        if self.amount_minor is not None and self.currency is None:
            raise ValueError("an amount needs its currency")


class DeliveryAdvised(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that are on their way to this kiosk's site, for this kiosk to receive: no other is told of these lines.

    A longer list comes in several facts. What is said later of the same goods of the same ``advice`` counts instead.
    """

    advice: CodeField
    lines: Lines
    expected_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a delivery without a number, and an account that is named twice."""
        check_lines(self.lines)
        if not self.advice:
            raise ValueError("advice is empty")


class EpochClosed(Struct, frozen=True, forbid_unknown_fields=True):
    """That life of the kiosk is closed: its rights are in limbo. A kiosk that still lives in it begins the next."""

    epoch: EpochField
    reason: TextField
