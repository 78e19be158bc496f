"""What a label said, as a till can use it. Pure."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from contract.errors import Malformed
from contract.money import to_minor
from contract.values import Currency, Gtin, Money, Quantity, Receipt
from kiosk.core.labels.elements import Element


class LabelKind(StrEnum):
    """What a label is. The last three are never goods, and nothing but ``text`` and ``why`` is in them."""

    GTIN = "gtin"  # a plain barcode
    ELEMENTS = "elements"  # GS1 element strings: a GTIN, or a pallet without one, with batch, dates, weight, price
    LINK = "link"  # the same, in a web address
    IN_STORE = "in-store"  # a code that this shop's scale or price labeller printed, by a template
    RECEIPT = "receipt"  # the number of one of our receipts
    RESERVATION = "reservation"  # the code with which a shopper collects
    WRONG_CHECK_DIGIT = "wrong check digit"  # misread or misprinted: scan again
    FAULTY = "faulty"  # it says it is of GS1, and breaks a rule of GS1
    OTHER = "other"  # none of these: a sku, a name, somebody else's code


class Price(Struct, frozen=True):
    """What a label says is to be paid. ``decimals`` is None where ``amount`` is in the till's own minor units."""

    amount: int
    decimals: int | None = None
    currency: Currency | None = None  # None: the label does not say; it is the shop's

    def to_minor(self, currency: Currency) -> Money:
        """Return it in minor units of the till's ``currency``.

        Raises: Malformed if the label names another currency, or is finer than a minor unit.
        """
        if self.currency is not None and self.currency != currency:
            raise Malformed(f"the label's price is in {self.currency}, not in {currency}", "label")
        if self.decimals is None:
            return Money(self.amount)
        return to_minor(Decimal(self.amount).scaleb(-self.decimals), currency, "label")


class Label(Struct, frozen=True):
    """One label as understood. What it does not say is None or empty.

    ``text`` is what was scanned without its symbology identifier: what is shown, and looked up as a sku where the kind
    is OTHER. ``why`` says in plain words what is wrong with a label that is FAULTY or has a WRONG_CHECK_DIGIT.
    """

    kind: LabelKind
    text: str
    gtin: Gtin | None = None  # in-store: with the measure set to nought, as a catalogue may list it
    item: str = ""  # in-store: the digits that name the goods in this shop
    measure: Quantity | None = None  # net weight in g, else volume in ml, else length in mm
    price: Price | None = None
    count: int | None = None  # pieces in a pack of varying content, or of ``contains``
    contains: Gtin | None = None  # what is in a pallet or carton, which has no GTIN of its own
    batch: str = ""
    serial: str = ""
    best_before: date | None = None
    sell_by: date | None = None
    use_by: date | None = None
    receipt: Receipt | None = None
    code: str = ""  # a reservation's, as it is stored
    elements: tuple[Element, ...] = ()  # all that GS1 element strings or a link said
    why: str = ""

    @property
    def names_goods(self) -> bool:
        """Return whether something can be sold by this label, if the catalogue has it."""
        return self.gtin is not None or bool(self.item)

    @property
    def expires_on(self) -> date | None:
        """Return the last day on which the goods may be sold as they are: the earliest of the label's days."""
        return min(filter(None, (self.best_before, self.sell_by, self.use_by)), default=None)


def is_expired(label: Label, today: date) -> bool:
    """Return whether the last day is over; on that day itself the goods are still good."""
    return label.expires_on is not None and label.expires_on < today
