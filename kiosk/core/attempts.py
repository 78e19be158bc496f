"""A card payment on a terminal of its own: what the till knows of it. Pure.

Rules
-----
1.  An attempt is on record before the terminal is used, its outcome when a person has seen it.
2.  Without an outcome, or with an unknown one, it is *unresolved*: the shift cannot close until somebody has looked it
    up in the terminal's own list and said how it ended.
3.  What was approved is money that was taken. It pays for its basket, or is to be given back on the terminal: a sale
    that was paid otherwise leaves it *unused*, and that too is told.
4.  What was given back on the terminal has paid nothing: from then on it is declined.
"""

from datetime import datetime

from msgspec import Struct

from contract.payments import Outcome
from contract.values import BasketId, Currency, Money


class Attempt(Struct, frozen=True):
    """One attempt. ``outcome`` is the last that was said of it; ``sold``: a sale names it."""

    id: str
    basket: BasketId
    currency: Currency
    amount_minor: Money
    at: datetime
    outcome: Outcome | None = None
    reference: str = ""
    sold: bool = False

    @property
    def is_unresolved(self) -> bool:
        """Return whether a person must still say how it ended (rule 2)."""
        return self.outcome in {None, Outcome.UNKNOWN}

    @property
    def is_unused(self) -> bool:
        """Return whether money was taken that no sale accounts for (rule 3)."""
        return self.outcome is Outcome.APPROVED and not self.sold
