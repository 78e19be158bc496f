"""What a counter tells the person behind it, and what it asks. Values; whatever shows them decides how."""

from enum import StrEnum

from msgspec import Struct

from contract.down import Item
from contract.values import Currency, Money, Receipt


class Mood(StrEnum):
    """What a notice is; the word is shown with it, so that colour is never the only sign."""

    ERROR = "error"
    INFO = "info"
    SOLD = "sold"


class Notice(Struct, frozen=True):
    """One thing to tell the person at the counter."""

    mood: Mood
    text: str


class AskPrice(Struct, frozen=True):
    """The item has no price: a person types one."""

    item: Item
    amount: int


class AskAmount(Struct, frozen=True):
    """The item is weighed or measured: a person types how much."""

    item: Item


class AskCard(Struct, frozen=True):
    """A card terminal is to be used now: a person says how it ended. The attempt is on record."""

    attempt: str
    amount_minor: Money
    currency: Currency


class Choose(Struct, frozen=True):
    """Several items, or one that the words do not name exactly: a person chooses."""

    items: tuple[Item, ...]


class Sold(Struct, frozen=True):
    """A sale that is recorded. Only now may anyone say so. ``tendered_minor`` is cash, at home's worth."""

    receipt: Receipt
    total_minor: Money
    tendered_minor: Money
    change_minor: Money


Ask = AskPrice | AskAmount
Answer = Notice | AskPrice | AskAmount | Choose | None
