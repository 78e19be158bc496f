"""Card payments on a terminal of its own: said before it is used, and how it ended once a person knows.

A sale names the attempt that paid it. So money that left a card is on record also where the till died before the sale.
"""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from contract.checks import check_instant
from contract.values import BasketIdField, CodeField, CurrencyField, InstantField, Money, TokenField


class Outcome(StrEnum):
    """How an attempt ended, as far as a person could tell."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"  # to be resolved before the shift can close


class PaymentAttempted(Struct, frozen=True, forbid_unknown_fields=True):
    """A card terminal is about to be used for a basket."""

    attempt: TokenField
    basket: BasketIdField
    currency: CurrencyField
    amount_minor: Annotated[Money, Meta(ge=1, le=10**11)]
    attempted_at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.attempted_at)


class PaymentResolved(Struct, frozen=True, forbid_unknown_fields=True):
    """How an attempt ended. The last fact of an attempt counts: what was unknown is resolved by another one."""

    attempt: TokenField
    outcome: Outcome
    resolved_at: InstantField
    reference: CodeField = ""
    by: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.resolved_at)
