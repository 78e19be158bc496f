"""The basket: what the shopper is about to buy. Immutable; every change gives a new one."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from contract.codec import MAX_FACT_BYTES
from contract.down import Item
from contract.facts import StockLine
from contract.money import line_amount
from contract.sales import MAX_LINES, Payment
from contract.values import MAX_AMOUNT, MAX_MINOR, BasketId, Currency, Money, Quantity, Sku, Unit
from kiosk.core.discounts import Discount
from kiosk.core.errors import Refused
from kiosk.core.words import Text, say

_LINE_BYTES: Final = 260  # a sale line's field names and its largest numbers; JSON may double each byte of a text
_MORE_BYTES: Final = 100  # the same of what most lines do not have: a discount, another price, a note
_REST_BYTES: Final = 8 * 1024  # the envelope, twenty payments


OPEN: Final = Sku("OPEN")  # what is sold at a typed price
OPEN_NAME: Final = say("Open item")  # as the books call it


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


class Collects(Struct, frozen=True):
    """The reservation whose goods are in the basket: it ends with the sale, not before, and not by a voided line."""

    id: str
    code: str
    lines: tuple[StockLine, ...]


class Basket(Struct, frozen=True, omit_defaults=True):
    """An open basket; its id is unique, and is closed by the sale. ``payments`` were taken, and do not cover it yet.

    ``collects`` names what was set aside for this shopper, if anything was.
    """

    id: BasketId
    currency: Currency
    lines: tuple[Line, ...] = ()
    discount: Discount | None = None
    payments: tuple[Payment, ...] = ()
    collects: Collects | None = None

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
        raise BasketError(say("{item} has no price: type one", item=item.name))
    check_amount(amount)
    per = item.price_per if item.price_minor is not None else item.unit.per
    return Line(item.sku, item.name, Quantity(amount, item.unit), price, per, item.tax)


def check_amount(amount: int) -> None:
    """Refuse what no line can hold.

    Raises: BasketError if it is not in 1..10^9.
    """
    if not 1 <= amount <= MAX_AMOUNT:
        raise BasketError(
            say("a quantity of {amount} cannot be sold: type 1 to {most}", amount=amount, most=MAX_AMOUNT)
        )


def add(basket: Basket, line: Line) -> Basket:
    """Return the basket with ``line`` added: to the last line if that is the same goods in pieces, else as a new line.

    Pieces that cost less than the smallest coin are added to their line wherever it stands: what is rounded must not
    depend on the order in which goods were rung up.

    Raises: BasketError if the basket would hold more than a receipt can.
    """
    fine = line.price_per > 1
    same = [at for at, one in enumerate(basket.lines) if (fine or one is basket.lines[-1]) and _is_more(one, line)]
    if not same:
        return _checked(replace(basket, lines=(*basket.lines, line)))
    before = basket.lines[same[-1]]
    amount = before.quantity.amount + line.quantity.amount
    return put(basket, same[-1], replace(before, quantity=Quantity(amount, Unit.PIECE)))


def put(basket: Basket, index: int, line: Line) -> Basket:
    """Return the basket with ``line`` in place of the one at ``index``, counted from 0.

    Raises: BasketError if the basket would hold more than a receipt can.
    """
    return _checked(replace(basket, lines=(*basket.lines[:index], line, *basket.lines[index + 1 :])))


def give(basket: Basket, discount: Discount | None) -> Basket:
    """Return the basket with a discount on all of it, or with none.

    Raises: BasketError if its reason, which is told with each line, is more than a receipt can hold.
    """
    return _checked(replace(basket, discount=discount))


def drop(basket: Basket, index: int) -> Basket:
    """Return the basket without the line at ``index``, counted from 0.

    Raises: BasketError if there is no such line.
    """
    if not 0 <= index < len(basket.lines):
        raise BasketError(say("the basket is empty: there is no line to take out"))
    return replace(basket, lines=basket.lines[:index] + basket.lines[index + 1 :])


def leaving(basket: Basket) -> Iterator[tuple[Sku, Quantity]]:
    """Yield what leaves the shop with this basket: a bundle as its parts, and no empties, which come back."""
    for line in basket.lines:
        if line.empties:
            continue
        for part in line.parts:
            yield part.sku, Quantity(part.quantity.amount * line.quantity.amount, part.quantity.unit)
        if not line.parts:
            yield line.sku, line.quantity
        if line.deposit is not None:
            yield line.deposit.sku, line.quantity


def collected(basket: Basket) -> Collects | None:
    """Return the reservation that ends with the sale: none where nothing of it is in the basket any more."""
    there = {sku for sku, _ in leaving(basket)}
    wanted = basket.collects
    return wanted if wanted and any(line.sku in there for line in wanted.lines) else None


def confirmed_age(basket: Basket) -> int:
    """Return the highest age that was confirmed for this basket; 0 if none was asked about."""
    return max((line.age for line in basket.lines), default=0)


def exceeds(basket: Basket, limit_ppm: int) -> bool:
    """Return whether discounts that nobody approved take more off than staff may give alone.

    Each line is looked at for itself, and the basket's discount together with those of the lines that share in it.
    """
    own = [line for line in basket.lines if line.discountable and not line.empties]
    unasked = [line for line in own if line.discount is None or not line.discount.by]
    if any(line.discount and not line.discount.is_within(limit_ppm, line.gross_minor) for line in unasked):
        return True
    if basket.discount is None or basket.discount.by:
        return False
    allowed = [line for line in own if line.discount is not None and line.discount.by]
    price = sum(line.gross_minor for line in unasked) + sum(line.amount_minor for line in allowed)
    whole = Discount(amount_minor=Money(price - basket.discountable_minor + basket.off_minor))
    return not whole.is_within(limit_ppm, Money(price))


def _is_more(one: Line, other: Line) -> bool:
    """Return whether these are pieces of the same goods at the same price: a label and a discount are of one line."""
    alone = other.label_minor is not None or other.discount is not None
    pieces = other.quantity.unit is Unit.PIECE
    return pieces and not alone and replace(one, quantity=other.quantity) == other


def _checked(basket: Basket) -> Basket:
    sold = [one for line in basket.lines for one in _sold_bytes(line, basket)]
    if len(sold) > MAX_LINES:
        raise BasketError(say("a basket holds {most} lines: take payment, then begin a new one", most=MAX_LINES))
    amounts = [*(line.quantity for line in basket.lines), *(quantity for _, quantity in leaving(basket))]
    if any(one.amount > MAX_AMOUNT for one in amounts) or _is_too_dear(basket):
        raise BasketError(say("that is more than one receipt can hold: take payment, then begin a new basket"))
    if sum(sold) > MAX_FACT_BYTES - _REST_BYTES:
        raise BasketError(say("these names are more than one receipt can hold: take payment, then begin a new basket"))
    return basket


def _is_too_dear(basket: Basket) -> bool:
    return basket.total_minor > MAX_MINOR or any(line.gross_minor > MAX_MINOR for line in basket.lines)


def _sold_bytes(line: Line, basket: Basket) -> Iterator[int]:
    """Yield at least what each line takes in the fact of the sale: its deposit and a bundle's parts are lines there."""
    told = [line.reason, line.by, line.note]
    for one in filter(None, (line.discount, basket.discount)):
        told += [one.reason, one.by]
    more = _MORE_BYTES + _bytes(*told) if any(told) or line.discount or basket.discount else 0
    for part in line.parts:
        yield _LINE_BYTES + more + _bytes(part.name, part.sku, part.tax, line.sku)
    if not line.parts:
        yield _LINE_BYTES + more + _bytes(line.name, line.sku, line.tax)
    if line.deposit is not None:
        yield _LINE_BYTES + _bytes(line.deposit.name, line.deposit.sku, line.deposit.tax)


def _bytes(*texts: str) -> int:
    return 2 * sum(len(text.encode()) for text in texts)


def said_name(sku: Sku, name: str) -> Text:
    """Return what goods are called: as the catalogue has it, or, where it has none, in the counter's language."""
    return OPEN_NAME if (sku, name) == (OPEN, OPEN_NAME) else say("{item}", item=name)
