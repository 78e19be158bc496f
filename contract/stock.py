"""Stock arithmetic that both ends share: one account of one sku at one place, in one condition.

The terms are those of invariant I1. Amounts are whole units (pieces, grams, millilitres, millimetres). Rights between
kiosks and hub (grants, releases, holds) join as further terms.
"""

from msgspec import Struct
from msgspec.structs import replace


class Account(Struct, frozen=True):
    """What happened to one sku here, as sums that only grow, and so never depend on order."""

    received: int = 0
    returned: int = 0
    sold: int = 0
    adjusted: int = 0
    overdraft: int = 0

    @property
    def available(self) -> int:
        """Return what may still be sold; never below zero (I1), for goods beyond it are in ``overdraft``."""
        return self.received + self.returned + self.adjusted - self.sold + self.overdraft


def sell(account: Account, amount: int) -> tuple[Account, int]:
    """Sell ``amount`` goods in the shopper's hand; return the account and how much of it was overdraft.

    A sale is never refused: what the account does not hold is booked openly.
    """
    overdraft = max(0, amount - max(0, account.available))
    return replace(account, sold=account.sold + amount, overdraft=account.overdraft + overdraft), overdraft


def receive(account: Account, amount: int) -> Account:
    """Take ``amount`` delivered goods in."""
    return replace(account, received=account.received + amount)


def take_back(account: Account, amount: int) -> Account:
    """Take ``amount`` returned goods in that can be sold again."""
    return replace(account, returned=account.returned + amount)


def adjust(account: Account, difference: int) -> Account:
    """Correct the account by what a count found over (+) or short (-)."""
    return replace(account, adjusted=account.adjusted + difference)
