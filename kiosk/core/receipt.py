"""The receipt of a sale: rows of text, made of its fact alone, in the language of the counter. Pure.

Rules
-----
1.  What is printed adds up: every row that shows money of the goods, of a discount or of tax on top says in ``minor``
    what it adds, and together they are the total.
2.  A line shows its price before discounts; its own discount stands below it, the basket's share once before the total.
3.  Nothing is cut: what is too long goes on in the next row.
"""

import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Final

from msgspec import Struct

from contract.sales import Payment, PaymentKind, SaleLine, SaleRecorded, TaxSum
from contract.values import Money, Unit
from kiosk.core.basket import said_name
from kiosk.core.words import BIG_UNIT, Amount, recorded, say

Speak = Callable[[str], str]  # a Text in the language of the counter
Figures = Callable[[Amount], str]

_KINDS: Final = {
    PaymentKind.CASH: say("Cash"),
    PaymentKind.CARD: say("Card"),
    PaymentKind.VOUCHER: say("Voucher"),
    PaymentKind.HISTORY: say("Paid"),
}


class Row(Struct, frozen=True):
    """One row of paper; ``minor`` is what it adds to the total."""

    text: str = ""
    bold: bool = False
    minor: int = 0


def receipt_lines(
    sale: SaleRecorded,
    *,
    width: int,
    head: Sequence[str],
    taxes: Mapping[str, str],
    speak: Speak,
    money: Figures,
) -> list[Row]:
    """Return the receipt in rows of at most ``width`` characters; ``taxes`` are the names of tax codes."""
    paper, taxes = _Paper(sale, width, speak, money), {"": speak(say("without tax")), **taxes}
    letters = {tax.code: ascii_uppercase[at % len(ascii_uppercase)] for at, tax in enumerate(sale.taxes)}
    return [
        *(Row(part.center(width).rstrip(), bold=True) for text in head for part in paper.wrap(text)),
        paper.rule(),
        *paper.pair(speak(say("Receipt {receipt}", receipt=sale.receipt)), speak(say("{at}", at=sale.sold_at))),
        paper.rule(),
        *(row for line in sale.lines for row in paper.goods(line, letters.get(line.tax, ""))),
        paper.rule(),
        *paper.sums(letters, taxes),
        *(row for payment in sale.payments for row in paper.payment(payment)),
        *paper.change(),
        *paper.taxes(letters, taxes),
    ]


class _Paper:
    """One receipt's rows."""

    def __init__(self, sale: SaleRecorded, width: int, speak: Speak, money: Figures) -> None:
        self.sale, self.width = sale, width
        self._speak, self._money = speak, money

    def rule(self) -> Row:
        return Row("-" * self.width)

    def wrap(self, text: str, indent: int = 0) -> list[str]:
        room = self.width - indent
        parts = textwrap.wrap(unicodedata.normalize("NFC", text), room, drop_whitespace=True) or [""]
        return [" " * indent + part for part in parts]

    def pair(self, left: str, right: str, *, indent: int = 0, bold: bool = False, minor: int = 0) -> Iterator[Row]:
        """Yield text at the left and, on its last row or below, text at the right."""
        *before, last = self.wrap(left, indent)
        if len(last) + 1 + len(right) > self.width:
            before, last = [*before, last], ""
        yield from (Row(text, bold) for text in before)
        yield Row(last + right.rjust(self.width - len(last)), bold, minor)

    def goods(self, line: SaleLine, letter: str) -> Iterator[Row]:
        indent = 2 if line.part_of is not None or line.bundle else 0
        if line.bundle and line.part_of is None:
            yield from self._note(say("Set {sku}", sku=line.bundle), 0)
        gross = line.counted_minor + line.discount_minor
        name = self._speak(said_name(line.sku, line.name))
        yield from self.pair(name, self._figures(gross, letter), indent=indent, minor=gross)
        if not (line.quantity.unit is Unit.PIECE and line.quantity.amount == 1):
            yield from self._note(self._how_much(line), indent + 2)
        if line.list_minor is not None:
            yield from self._note(say("instead of {price}", price=self._amount(line.list_minor)), indent + 2)
        if own := line.discount_minor - line.shared_minor:
            why = say("Discount: {reason}", reason=recorded(line.reason)) if line.reason else say("Discount")
            yield from self.pair(self._speak(why), self._figures(-own), indent=indent + 2, minor=-own)
        if line.note:
            yield from self._note(line.note, indent + 2)

    def sums(self, letters: Mapping[str, str], taxes: Mapping[str, str]) -> Iterator[Row]:
        """Yield what leads from the lines to the total, and to what is paid in cash."""
        sale = self.sale
        if shared := sum(line.shared_minor for line in sale.lines):
            yield from self.pair(self._speak(say("Discount on everything")), self._figures(-shared), minor=-shared)
        if not sale.tax_included:
            for tax in sale.taxes:
                name = f"{letters[tax.code]} {taxes.get(tax.code, tax.code)}"
                yield from self.pair(name, self._figures(tax.tax_minor), minor=tax.tax_minor)
        total = self._money(Amount(sale.total_minor, sale.currency, named=True))
        yield from self.pair(self._speak(say("TOTAL")), total, bold=True)
        if sale.rounding_minor:
            yield from self.pair(self._speak(say("Rounding")), self._figures(sale.rounding_minor))
            paid = Money(sale.total_minor + sale.rounding_minor)
            yield from self.pair(self._speak(say("To pay")), self._figures(paid), bold=True)

    def payment(self, payment: Payment) -> Iterator[Row]:
        yield from self.pair(self._speak(_KINDS[payment.kind]), self._figures(payment.tendered_minor))
        if payment.exchange is not None:
            given = Amount(payment.exchange.tendered_minor, payment.exchange.currency, named=True)
            yield from self._note(say("given {amount}", amount=given), 2)
        if payment.reference:
            yield from self._note(payment.reference, 2)
        if payment.unsure:
            yield from self._note(say("not yet sure whether the card was charged"), 2)

    def change(self) -> Iterator[Row]:
        if change := sum(payment.change_minor for payment in self.sale.payments):
            yield from self.pair(self._speak(say("Change")), self._figures(change), bold=True)

    def taxes(self, letters: Mapping[str, str], names: Mapping[str, str]) -> Iterator[Row]:
        """Yield net, tax and gross of each rate."""
        if self.sale.taxes:
            yield self.rule()
        for tax in self.sale.taxes:
            yield from self._note(f"{letters[tax.code]} {names.get(tax.code, tax.code)}", 0)
            yield from self._note(self._tax(tax), 2)

    def _tax(self, tax: TaxSum) -> str:
        net, own = self._amount(tax.net_minor), self._amount(tax.tax_minor)
        gross = self._amount(tax.net_minor + tax.tax_minor)
        return say("net {net}, tax {tax}, gross {gross}", net=net, tax=own, gross=gross)

    def _how_much(self, line: SaleLine) -> str:
        """Return how much it is, and what one of it costs; a bundle's part has no price of its own."""
        if line.bundle:
            return say("{quantity} ×", quantity=line.quantity)
        price, unit = self._amount(line.price_minor), line.quantity.unit
        if line.price_per == unit.per and unit in BIG_UNIT:
            return say("{quantity} × {price}/{unit}", quantity=line.quantity, price=price, unit=BIG_UNIT[unit])
        if line.price_per == 1:
            return say("{quantity} × {price}", quantity=line.quantity, price=price)
        return say("{quantity} × {price}/{per}", quantity=line.quantity, price=price, per=line.price_per)

    def _note(self, text: str, indent: int) -> Iterator[Row]:
        yield from (Row(part) for part in self.wrap(self._speak(text), indent))

    def _amount(self, minor: int) -> Amount:
        return Amount(Money(minor), self.sale.currency)

    def _figures(self, minor: int, letter: str = "") -> str:
        """Return money and, behind it, the letter of its tax; without one the figures still stand in one column."""
        column = f" {letter or ' '}" if self.sale.taxes else ""
        return self._money(self._amount(minor)) + column
