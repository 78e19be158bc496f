"""The bill of a basket: the lines that its sale will hold, its taxes, its total. Pure; what is shown is what is sold.

Rules
-----
1.  A deposit is a line of its own behind the goods it belongs to, at its own tax.
2.  A bundle is sold as its parts: stock and taxes are theirs. Its price is shared among them by what they cost alone.
3.  The basket's discount is shared among the lines (:mod:`kiosk.core.discounts`).
4.  The total is the lines and, where prices do not include it, the tax.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from contract.sales import SaleLine, TaxSum
from contract.shop import Shop, TaxRate
from contract.values import Money, Quantity, Sku
from kiosk.core.basket import Basket, Line
from kiosk.core.discounts import share, share_by_code
from kiosk.core.taxes import decide_taxes


class Prices(Struct, frozen=True):
    """What a shop decides about prices: tax rates by code, whether prices include them, the smallest coin."""

    rates: Mapping[str, TaxRate] = {}
    included: bool = True
    cash_step_minor: int = 1


def prices_of(shop: Shop) -> Prices:
    """Return what a shop decided about prices."""
    return Prices({one.code: one for one in shop.taxes}, shop.tax_included, shop.cash_step_minor)


class Bill(Struct, frozen=True):
    """What a basket comes to."""

    lines: tuple[SaleLine, ...]
    taxes: tuple[TaxSum, ...]
    total_minor: Money
    included: bool = True


def decide_bill(basket: Basket, prices: Prices) -> Bill:
    """Return the bill of a basket."""
    lines = _shared(basket, [one for line in basket.lines for one in _sold(line)])
    placed = _placed(lines)
    taxes = decide_taxes(placed, prices.rates, included=prices.included)
    added = 0 if prices.included else sum(tax.tax_minor for tax in taxes)
    total = sum(line.counted_minor for line in placed) + added
    return Bill(tuple(placed), tuple(taxes), Money(total), prices.included)


class _Sold(Struct, frozen=True):
    """A line of the sale; a deposit belongs to the line before it, a further part to the first of its bundle."""

    line: SaleLine
    discountable: bool
    is_deposit: bool = False
    is_further: bool = False


def _sold(line: Line) -> Iterator[_Sold]:
    if line.parts:
        yield from _parts(line)
    else:
        gross = line.gross_minor
        yield _Sold(_sale_line(line, gross, abs(line.amount_minor)), line.discountable and not line.empties)
    if line.deposit is not None:
        one = line.deposit
        amount = line.deposit_minor
        yield _Sold(
            SaleLine(one.sku, one.name, line.quantity, one.price_minor, amount, tax=one.tax),
            discountable=False,
            is_deposit=True,
        )


def _sale_line(line: Line, gross: Money, amount: int) -> SaleLine:
    off = gross - amount
    discount = line.discount if off and line.discount else None
    return SaleLine(
        line.sku,
        line.name,
        line.quantity,
        line.price_minor,
        Money(amount),
        line.price_per,
        line.tax,
        discount_minor=Money(off),
        list_minor=line.list_minor,
        reason=line.reason or (discount.reason if discount else ""),
        by=line.by or (discount.by if discount else ""),
        note=line.note,
        age=line.age,
        weighed=line.weighed,
        empties=line.empties,
    )


def _parts(line: Line) -> Iterator[_Sold]:
    """Yield the parts of a bundle: gross and net are shared by what they would cost alone (rule 2)."""
    count = line.quantity.amount
    weights = [part.price_minor for part in line.parts]
    weights = weights if any(weights) else [Money(1)] * len(weights)
    gross, net = share(line.gross_minor, weights), share(line.amount_minor, weights)
    whole = _sale_line(line, line.gross_minor, line.amount_minor)
    for at, part in enumerate(line.parts):
        amount = part.quantity.amount * count
        cost = max(gross[at], net[at])  # shares are rounded apart: a part may be a minor unit off
        one = replace(
            whole,
            sku=part.sku,
            name=part.name,
            quantity=Quantity(amount, part.quantity.unit),
            price_minor=Money(cost),
            price_per=amount,
            amount_minor=Money(net[at]),
            discount_minor=Money(cost - net[at]),
            list_minor=None,
            tax=part.tax,
            bundle=Sku(line.sku),
        )
        yield _Sold(one, line.discountable, is_further=at > 0)


def _shared(basket: Basket, sold: Sequence[_Sold]) -> list[_Sold]:
    """Return the lines with their shares of the basket's discount."""
    if basket.discount is None or not basket.off_minor:
        return list(sold)
    mine = [at for at, one in enumerate(sold) if one.discountable]
    parts = share_by_code(basket.off_minor, [(sold[at].line.tax, sold[at].line.amount_minor) for at in mine])
    shares = dict(zip(mine, parts, strict=True))
    return [replace(one, line=_less(one.line, shares.get(at, 0), basket)) for at, one in enumerate(sold)]


def _less(line: SaleLine, part: int, basket: Basket) -> SaleLine:
    if not part or basket.discount is None:
        return line
    return replace(
        line,
        amount_minor=Money(line.amount_minor - part),
        discount_minor=Money(line.discount_minor + part),
        shared_minor=Money(part),
        reason=line.reason or basket.discount.reason,
        by=line.by or basket.discount.by,
    )


def _placed(sold: Sequence[_Sold]) -> list[SaleLine]:
    """Return the lines, each saying which one it belongs to."""
    placed: list[SaleLine] = []
    first = 0
    for at, one in enumerate(sold):
        if one.is_deposit or one.is_further:
            placed.append(replace(one.line, part_of=first))
        else:
            first = at
            placed.append(one.line)
    return placed
