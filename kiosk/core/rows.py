"""What stands under a line of the basket, and at its end: all that makes its price other than the catalogue's. Pure.

The amounts of a line and of the rows under it add up, and so do all of them to the total.
"""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from contract.values import Currency, Money
from kiosk.core.basket import Basket, Line, said_name
from kiosk.core.bill import Bill
from kiosk.core.discounts import Discount
from kiosk.core.words import Amount, Text, recorded, say

PPM_A_PERCENT = 10_000


class Row(Struct, frozen=True):
    """One row; ``amount_minor`` is None where it adds nothing."""

    text: Text
    amount_minor: Money | None = None


def name_of(line: Line) -> Text:
    """Return what a line is called."""
    return say("Back: {item}", item=line.name) if line.empties else said_name(line.sku, line.name)


def amount_of(line: Line) -> Money:
    """Return what stands beside a line: its price before the discount, for that is a row of its own."""
    return Money(-line.gross_minor) if line.empties else line.gross_minor


def rows_under(line: Line, currency: Currency) -> list[Row]:
    """Return the rows under a line: parts, discount, deposit, why it costs what it costs, note."""
    return list(_under(line, currency))


def rows_behind(basket: Basket, bill: Bill) -> list[Row]:
    """Return the rows behind the last line: the discount on everything, and tax that prices do not include."""
    rows = []
    if basket.discount is not None:
        off = _off(basket.discount, Money(-basket.off_minor))
        rows.append(Row(say("On everything {off}", off=off.text), off.amount_minor))
    if not bill.included:
        rows.append(Row(say("Tax"), Money(sum(tax.tax_minor for tax in bill.taxes))))
    return rows


def _under(line: Line, currency: Currency) -> Iterator[Row]:
    for part in line.parts:
        yield Row(say("with {amount} {item}", amount=part.quantity, item=part.name))
    if line.list_minor is not None:
        listed = Amount(line.list_minor, currency)
        yield Row(say("instead of {price}: {reason}", price=listed, reason=recorded(line.reason)))
    elif line.reason:
        yield Row(recorded(line.reason))
    if line.discount is not None:
        yield _off(line.discount, Money(line.amount_minor - line.gross_minor))
    if line.deposit is not None:
        each = Amount(line.deposit.price_minor, currency)
        yield Row(say("+ {deposit}, {price} each", deposit=line.deposit.name, price=each), line.deposit_minor)
    if line.note:
        yield Row(say("Note: {text}", text=line.note))


def _off(discount: Discount, amount: Money) -> Row:
    percent = (Decimal(discount.ppm) / PPM_A_PERCENT).normalize()
    what = say("− {percent}%", percent=percent) if discount.ppm else say("− discount")
    return Row(
        say("{what}: {reason}", what=what, reason=recorded(discount.reason)) if discount.reason else what, amount
    )
