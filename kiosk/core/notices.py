"""What a counter tells the person behind it, and what it asks. Values; whatever shows them decides how."""

from datetime import date
from enum import StrEnum

from msgspec import Struct

from contract.down import Item
from contract.values import Currency, Money, Receipt, Sku
from kiosk.core.basket import Deposit, Part


class Mood(StrEnum):
    """What a notice is; the word is shown with it, so that colour is never the only sign."""

    ERROR = "error"
    INFO = "info"
    SOLD = "sold"


class Notice(Struct, frozen=True):
    """One thing to tell the person at the counter."""

    mood: Mood
    text: str


class Wanted(Struct, frozen=True):
    """Goods that somebody wants to buy, as far as they are known: what is None is asked for.

    ``price_minor`` is what ``price_per`` units cost; ``label_minor`` is what the label says of all of it. ``missing``
    are the skus of the deposit, or of parts, that the catalogue lacks. ``expired_on`` was the last good day.
    """

    item: Item
    amount: int | None
    price_minor: Money | None
    price_per: int
    label_minor: Money | None = None
    deposit: Deposit | None = None
    parts: tuple[Part, ...] = ()
    age: int = 0
    missing: tuple[Sku, ...] = ()
    expired_on: date | None = None


class AskCard(Struct, frozen=True):
    """A card terminal is to be used now: a person says how it ended. The attempt is on record."""

    attempt: str
    amount_minor: Money
    currency: Currency


class Choose(Struct, frozen=True):
    """Several items, or one that the words do not name exactly: a person chooses."""

    items: tuple[Item, ...]


class Sold(Struct, frozen=True):
    """A sale that is recorded. Only now may anyone say so.

    ``tendered_minor`` is cash, at home's worth; ``otherwise_minor`` what cards and vouchers paid.
    """

    receipt: Receipt
    total_minor: Money
    tendered_minor: Money
    change_minor: Money
    otherwise_minor: Money = Money(0)


class Collect(Struct, frozen=True):
    """A shopper's code: what is set aside under it is to be handed over."""

    code: str


Answer = Notice | Wanted | Choose | Collect | None
