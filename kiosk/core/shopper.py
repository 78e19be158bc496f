"""What the shopper reads on the customer display: the last line and the total, then the change. Pure."""

from collections.abc import Callable
from typing import Final

from contract.values import Money
from kiosk.core.basket import said_name
from kiosk.core.counter import Counter
from kiosk.core.words import Amount, say

COLUMNS: Final = 20  # of a line display


def shopper_rows(counter: Counter, speak: Callable[[str], str], money: Callable[[Amount], str]) -> tuple[str, str]:
    """Return two rows; empty ones while nobody is served."""
    basket, sold = counter.basket, counter.sold

    def row(text: str, minor: int) -> str:
        figures = money(Amount(Money(minor), basket.currency))
        room = max(0, COLUMNS - len(figures) - 1)
        return f"{text[:room]:{room}} {figures}"

    if basket.lines:
        last = basket.lines[-1]
        shown = row(speak(said_name(last.sku, last.name)), last.amount_minor + last.deposit_minor)
        return shown, row(speak(say("Total")), counter.bill.total_minor)
    if sold:
        return row(speak(say("Total")), sold.total_minor), row(speak(say("Change")), sold.change_minor)
    return "", ""
