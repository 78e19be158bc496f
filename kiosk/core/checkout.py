"""Checkout: from a basket and money to the fact of a sale. Pure; the receipt number is the journal's to give."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contract.facts import RefundLine, RefundRecorded
from contract.sales import Origin, Payment, PaymentKind, SaleRecorded
from contract.values import Money, Receipt
from kiosk.core.basket import Basket
from kiosk.core.bill import Prices, decide_bill
from kiosk.core.errors import Refused
from kiosk.core.words import say

PLAIN: Final = Prices()  # nobody named a tax rate, and there is a coin for every minor unit
UNNUMBERED = Receipt("")  # the journal allocates the number in the sale's own transaction


class CheckoutError(Refused):
    """The sale cannot be made like this; nothing happened."""


def cash(total: Money, tendered: Money) -> Payment:
    """Return the cash payment of ``total`` and its change.

    Raises: CheckoutError if ``tendered`` is less than ``total``.
    """
    if tendered < total:
        raise CheckoutError(say("that is less than the total: take more, or Esc"))
    return Payment(PaymentKind.CASH, total, tendered, Money(tendered - total))


def decide_sale(
    basket: Basket,
    payments: Sequence[Payment],
    *,
    sold_at: datetime,
    origin: Origin = Origin.TILL,
    prices: Prices = PLAIN,
) -> SaleRecorded:
    """Return the sale of ``basket``, paid by ``payments``: its total, rounded where cash is.

    Raises: CheckoutError if the basket is empty, or worth less than its empties, or the payments are not its total.
    """
    if not basket.lines:
        raise CheckoutError(say("the basket is empty: scan something first"))
    bill = decide_bill(basket, prices)
    if bill.total_minor < 0:
        raise CheckoutError(say("the empties are worth more than the goods: take some out, or add goods"))
    rounding = sum(payment.amount_minor for payment in payments) - bill.total_minor
    in_cash = any(payment.kind is PaymentKind.CASH for payment in payments)
    if abs(rounding) * 2 > (prices.cash_step_minor if in_cash and prices.cash_step_minor > 1 else 0):
        raise CheckoutError(say("the payments are not the total: correct them"))
    return SaleRecorded(
        receipt=UNNUMBERED,
        basket=basket.id,
        sold_at=sold_at,
        currency=basket.currency,
        lines=list(bill.lines),
        total_minor=bill.total_minor,
        payments=list(payments),
        origin=origin,
        taxes=list(bill.taxes),
        tax_included=bill.included,
        rounding_minor=Money(rounding),
    )


def decide_refund(
    basket: Basket, payments: list[Payment], *, refunded_at: datetime, origin: Origin = Origin.TILL
) -> RefundRecorded:
    """Return the refund of what is in ``basket``, which can be sold again, paid back by ``payments``.

    Raises: CheckoutError if the basket is empty or the payments are not its total.
    """
    if not basket.lines:
        raise CheckoutError(say("the basket is empty: scan something first"))
    if sum(payment.amount_minor for payment in payments) != basket.total_minor:
        raise CheckoutError(say("the payments are not the total: correct them"))
    return RefundRecorded(
        receipt=UNNUMBERED,
        basket=basket.id,
        refunded_at=refunded_at,
        currency=basket.currency,
        lines=_returned(basket),
        total_minor=basket.total_minor,
        payments=payments,
        origin=origin,
    )


def _returned(basket: Basket) -> list[RefundLine]:
    return [
        RefundLine(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            price_minor=line.price_minor,
            amount_minor=line.amount_minor,
            price_per=line.price_per,
            tax=line.tax,
        )
        for line in basket.lines
    ]
