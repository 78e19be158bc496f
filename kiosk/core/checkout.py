"""Checkout: from a basket and money to the fact of a sale. Pure; the receipt number is the journal's to give."""

from datetime import datetime
from typing import TypeVar

from contract.facts import Origin, Payment, PaymentKind, RefundLine, RefundRecorded, SaleLine, SaleRecorded
from contract.values import Money, Receipt
from kiosk.core.basket import Basket

L = TypeVar("L", SaleLine, RefundLine)

UNNUMBERED = Receipt("")  # the journal allocates the number in the sale's own transaction


class CheckoutError(Exception):
    """The sale cannot be made like this; nothing happened."""


def cash(total: Money, tendered: Money) -> Payment:
    """Return the cash payment of ``total`` and its change.

    Raises: CheckoutError if ``tendered`` is less than ``total``.
    """
    if tendered < total:
        raise CheckoutError("that is less than the total: take more, or Esc")
    return Payment(PaymentKind.CASH, total, tendered, Money(tendered - total))


def decide_sale(
    basket: Basket, payments: list[Payment], *, sold_at: datetime, origin: Origin = Origin.TILL
) -> SaleRecorded:
    """Return the sale of ``basket``, paid by ``payments``.

    Raises: CheckoutError if the basket is empty or the payments are not its total.
    """
    _check(basket, payments)
    return SaleRecorded(
        receipt=UNNUMBERED,
        basket=basket.id,
        sold_at=sold_at,
        currency=basket.currency,
        lines=_lines(basket, SaleLine),
        total_minor=basket.total_minor,
        payments=payments,
        origin=origin,
    )


def decide_refund(
    basket: Basket, payments: list[Payment], *, refunded_at: datetime, origin: Origin = Origin.TILL
) -> RefundRecorded:
    """Return the refund of what is in ``basket``, which can be sold again, paid back by ``payments``.

    Raises: CheckoutError if the basket is empty or the payments are not its total.
    """
    _check(basket, payments)
    return RefundRecorded(
        receipt=UNNUMBERED,
        basket=basket.id,
        refunded_at=refunded_at,
        currency=basket.currency,
        lines=_lines(basket, RefundLine),
        total_minor=basket.total_minor,
        payments=payments,
        origin=origin,
    )


def _check(basket: Basket, payments: list[Payment]) -> None:
    if not basket.lines:
        raise CheckoutError("the basket is empty: scan something first")
    if sum(payment.amount_minor for payment in payments) != basket.total_minor:
        raise CheckoutError("the payments are not the total: correct them")


def _lines(basket: Basket, kind: type[L]) -> list[L]:
    return [
        kind(
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
