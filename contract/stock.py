"""Stock arithmetic that both ends share: one account of one sku at one kiosk, in one condition and unit.

The terms are those of invariant I1. Amounts are whole units (pieces, grams, millilitres, millimetres).

Rules
-----
1.  ``available`` is what the kiosk may still promise or sell by its own right. It never falls below zero.
2.  Goods in the shopper's hand, broken goods and goods that are on the van have left, whatever the books say: what the
    account does not hold of them is booked openly as ``overdraft``. Only the hub settles it (I7).
3.  Everything else (release, move, hold) needs rights, and is refused without.
4.  What the hub grants comes as the sum of all grants to this life of the kiosk, so that a repeat changes nothing and a
    hub that was restored can be told what it has forgotten.
5.  While an overdraft of its own is not settled, a kiosk promises that much less: those goods have left by the door.
"""

from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import astuple, replace

from contract.values import Condition, Sku, Unit

Leaving = Literal["sold", "wasted", "sent"]


class StockKey(NamedTuple):
    """What an account is about."""

    sku: Sku
    condition: Condition = Condition.SELLABLE
    unit: Unit = Unit.PIECE


class NoRights(Exception):
    """The account does not hold what was to be promised, released or moved."""

    def __init__(self, wanted: int, available: int) -> None:
        """Say how much of what is there."""
        super().__init__(f"{wanted} wanted, {available} there")
        self.wanted = wanted
        self.available = available


class Account(Struct, frozen=True):
    """What happened to one sku here. All but ``held`` and ``adjusted`` only grow; two accounts add up term by term."""

    received: int = 0
    returned: int = 0
    sold: int = 0
    adjusted: int = 0  # by counts of the first version, which corrected the kiosk's own account
    overdraft: int = 0
    granted: int = 0  # by the hub, in this life of the kiosk
    moved_in: int = 0  # from another till of the site
    arrived: int = 0  # from another site
    released: int = 0  # to the hub
    moved_out: int = 0
    sent: int = 0  # to another site
    wasted: int = 0
    held: int = 0  # set aside for shoppers just now
    settled: int = 0  # of the overdraft, as the hub told

    @property
    def available(self) -> int:
        """Return what may still be promised or sold by right; never below zero (I1)."""
        came = self.granted + self.received + self.returned + self.moved_in + self.arrived + self.adjusted
        left = self.sold + self.released + self.moved_out + self.sent + self.wasted + self.held
        return came - left + self.overdraft

    @property
    def promisable(self) -> int:
        """Return what may be promised to somebody: rule 5."""
        return max(0, self.available - max(0, self.overdraft - self.settled))


TERMS: Final = Account.__struct_fields__
NOTHING: Final = Account()


def add(one: Account, other: Account) -> Account:
    """Return the sum of two accounts, term by term."""
    return Account(*(a + b for a, b in zip(astuple(one), astuple(other), strict=True)))


def leave(account: Account, amount: int, how: Leaving) -> tuple[Account, int]:
    """Book ``amount`` goods that left; return the account and how much of it was overdraft. Never refused: rule 2."""
    overdraft = max(0, amount - max(0, account.available))
    gone = getattr(account, how) + amount
    return replace(account, overdraft=account.overdraft + overdraft, **{how: gone}), overdraft


def sell(account: Account, amount: int) -> tuple[Account, int]:
    """Sell ``amount`` goods in the shopper's hand; return the account and how much of it was overdraft."""
    return leave(account, amount, "sold")


def receive(account: Account, amount: int) -> Account:
    """Take ``amount`` delivered goods in."""
    return replace(account, received=account.received + amount)


def take_back(account: Account, amount: int) -> Account:
    """Take ``amount`` returned goods in that can be sold again."""
    return replace(account, returned=account.returned + amount)


def arrive(account: Account, amount: int) -> Account:
    """Take ``amount`` goods in that came from another site."""
    return replace(account, arrived=account.arrived + amount)


def adjust(account: Account, difference: int) -> Account:
    """Correct the account by what a count of the first version found over (+) or short (-)."""
    return replace(account, adjusted=account.adjusted + difference)


def grant(account: Account, total: int, settled: int = 0) -> Account:
    """Take over the sums that the hub told: a lower one is old news."""
    return replace(account, granted=max(account.granted, total), settled=max(account.settled, settled))


def release(account: Account, amount: int) -> Account:
    """Give rights back to the hub; raises NoRights."""
    return replace(_holding(account, amount), released=account.released + amount)


def move_out(account: Account, amount: int) -> Account:
    """Give rights to another till of the site; raises NoRights."""
    return replace(_holding(account, amount), moved_out=account.moved_out + amount)


def move_in(account: Account, amount: int) -> Account:
    """Take rights from another till of the site."""
    return replace(account, moved_in=account.moved_in + amount)


def hold(account: Account, amount: int) -> Account:
    """Set goods aside for a shopper; raises NoRights."""
    if amount > account.promisable:
        raise NoRights(amount, account.promisable)
    return replace(account, held=account.held + amount)


def hold_placed(account: Account, amount: int) -> Account:
    """Set goods aside that the hub promised, and granted for it; raises NoRights."""
    return replace(_holding(account, amount), held=account.held + amount)


def unhold(account: Account, amount: int) -> Account:
    """End a hold: collected (a sale follows at once), lapsed or cancelled; raises NoRights if so much is not held."""
    if amount > account.held:
        raise NoRights(amount, account.held)
    return replace(account, held=account.held - amount)


def _holding(account: Account, amount: int) -> Account:
    if amount > account.available:
        raise NoRights(amount, account.available)
    return account
