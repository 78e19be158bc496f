"""The basket: what the shopper is about to buy. Immutable; every change gives a new one."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.codec import MAX_FACT_BYTES
from contract.down import Item
from contract.money import line_amount
from contract.sales import MAX_LINES, Payment
from contract.values import MAX_AMOUNT, MAX_MINOR, BasketId, Currency, Money, Quantity, Sku, Unit
from kiosk.core.discounts import Discount
from kiosk.core.errors import Refused

_LINE_BYTES: Final = 260  # a sale line's field names and its largest numbers; JSON may double each byte of a text
_REST_BYTES: Final = 8 * 1024  # the envelope, twenty payments


class BasketError(Refused):
    """The basket cannot take that; it is as it was before."""


class Deposit(Struct, frozen=True):
    """What is paid for each piece of a line's bottles or boxes, and given back for its empties."""

    sku: Sku
    name: str
    price_minor: Money
    tax: str = ""


class Part(Struct, frozen=True):
    """Goods that a bundle is sold as: ``quantity`` of them in each, which alone would cost ``price_minor``."""

    sku: Sku
    name: str
    quantity: Quantity
    price_minor: Money
    tax: str = ""


class Line(Struct, frozen=True, omit_defaults=True):
    """Goods in the basket. ``price_minor`` is what ``price_per`` units cost, as it was when the line was added.

    ``list_minor`` is the catalogue's price where a manager, ``by``, set another one; ``label_minor`` what the label of
    a weighed packet says, whatever the scale of the till would say. ``age`` was confirmed by who sells it.
    """

    sku: Sku
    name: str
    quantity: Quantity
    price_minor: Money
    price_per: int
    tax: str = ""
    discount: Discount | None = None
    list_minor: Money | None = None
    label_minor: Money | None = None
    by: str = ""
    reason: str = ""
    note: str = ""
    deposit: Deposit | None = None
    parts: tuple[Part, ...] = ()
    age: int = 0
    discountable: bool = True
    weighed: bool = False
    empties: bool = False

    @property
    def gross_minor(self) -> Money:
        """Return what the line costs before its discount, rounded half up to a minor unit; without its deposit."""
        if self.label_minor is not None:
            return self.label_minor
        return line_amount(self.quantity.amount, self.price_minor, self.price_per)

    @property
    def amount_minor(self) -> Money:
        """Return what the line costs; what empties are worth counts against the rest."""
        price = self.gross_minor
        off = self.discount.off(price) if self.discount and self.discountable else 0
        return Money(-price if self.empties else price - off)

    @property
    def deposit_minor(self) -> Money:
        """Return the deposit on all of its pieces."""
        return Money(self.deposit.price_minor * self.quantity.amount if self.deposit else 0)


class Basket(Struct, frozen=True, omit_defaults=True):
    """An open basket; its id is unique, and is closed by the sale. ``payments`` were taken, and do not cover it yet."""

    id: BasketId
    currency: Currency
    lines: tuple[Line, ...] = ()
    discount: Discount | None = None
    payments: tuple[Payment, ...] = ()

    @property
    def total_minor(self) -> Money:
        """Return what the goods cost with deposits and discounts; where tax comes on top, without it."""
        return Money(self.before_minor - self.off_minor)

    @property
    def before_minor(self) -> Money:
        """Return what it costs before the discount of the whole basket."""
        return Money(sum(line.amount_minor + line.deposit_minor for line in self.lines))

    @property
    def off_minor(self) -> Money:
        """Return what the basket's discount takes off: of what is discountable."""
        return self.discount.off(self.discountable_minor) if self.discount else Money(0)

    @property
    def discountable_minor(self) -> Money:
        """Return what the lines cost that have a share in the basket's discount."""
        return Money(sum(line.amount_minor for line in self.lines if line.discountable and not line.empties))


def make_line(item: Item, amount: int, *, asked_minor: Money | None = None) -> Line:
    """Return a line of ``amount`` units of ``item``; ``asked_minor`` is the price where the item has none.

    Raises: BasketError if there is no price, or the amount is not in 1..10^9.
    """
    price = item.price_minor if item.price_minor is not None else asked_minor
    if price is None:
        raise BasketError(f"{item.name} has no price: type one")
    if not 1 <= amount <= MAX_AMOUNT:
        raise BasketError(f"a quantity of {amount} cannot be sold: type 1 to {MAX_AMOUNT}")
    per = item.price_per if item.price_minor is not None else item.unit.per
    return Line(item.sku, item.name, Quantity(amount, item.unit), price, per, item.tax)


def add(basket: Basket, line: Line) -> Basket:
    """Return the basket with ``line`` added: to the last line if that is the same goods in pieces, else as a new line.

    Raises: BasketError if the basket would hold more than a receipt can.
    """
    last = basket.lines[-1] if basket.lines else None
    if last and line.quantity.unit is Unit.PIECE and _same_goods(last, line):
        amount = last.quantity.amount + line.quantity.amount
        lines = (*basket.lines[:-1], replace(last, quantity=Quantity(amount, Unit.PIECE)))
    else:
        lines = (*basket.lines, line)
    return _checked(replace(basket, lines=lines))


def drop_last(basket: Basket) -> Basket:
    """Return the basket without its last line.

    Raises: BasketError if it is empty.
    """
    return drop(basket, len(basket.lines) - 1)


def drop(basket: Basket, index: int) -> Basket:
    """Return the basket without the line at ``index``, counted from 0.

    Raises: BasketError if there is no such line.
    """
    if not 0 <= index < len(basket.lines):
        raise BasketError("the basket is empty: there is no line to take out")
    return replace(basket, lines=basket.lines[:index] + basket.lines[index + 1 :])


def _same_goods(one: Line, other: Line) -> bool:
    return replace(one, quantity=other.quantity) == other


def _checked(basket: Basket) -> Basket:
    if len(basket.lines) > MAX_LINES:
        raise BasketError(f"a basket holds {MAX_LINES} lines: take payment, then begin a new one")
    if any(line.quantity.amount > MAX_AMOUNT for line in basket.lines) or basket.total_minor > MAX_MINOR:
        raise BasketError("that is more than one receipt can hold: take payment, then begin a new basket")
    if sum(map(_stored_bytes, basket.lines)) > MAX_FACT_BYTES - _REST_BYTES:
        raise BasketError("these names are more than one receipt can hold: take payment, then begin a new basket")
    return basket


def _stored_bytes(line: Line) -> int:
    """Return at least what the line takes in the fact of its sale."""
    return _LINE_BYTES + 2 * (len(line.name.encode()) + len(line.sku.encode()) + len(line.tax.encode()))
