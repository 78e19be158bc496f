"""Asks for what an item lacks: its price, or how much of it."""

from typing import TYPE_CHECKING

from contract.money import format_minor
from contract.values import Quantity
from kiosk.core.counter import Ask, AskAmount, AskPrice, Mood, Notice
from kiosk.core.entry import is_scan
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK
from kiosk.till.strokes import Typed
from kiosk.till.wording import BIG_UNIT, quantity

if TYPE_CHECKING:
    from kiosk.till.sale import SaleScreen


class AskScreen(Frame):
    """Asks until it is answered or left. A scan here is refused: the goods asked about would leave unpaid."""

    def __init__(self, ask: Ask, sale: "SaleScreen") -> None:
        """Ask ``ask``."""
        super().__init__(sale.station)
        self._ask = ask
        self._sale = sale
        self.does = {BACK: self.back}

    def submit(self, typed: Typed) -> None:
        """Take the answer; a refused one leaves the question."""
        if not typed.text.strip():
            return
        if self.goods(typed) or is_scan(typed.text.strip()):
            self.tell(
                Notice(Mood.ERROR, f"that was a barcode: type the {self._wanted()} of {self._ask.item.name}, or Esc")
            )
            return
        answer = self.counter.answer(self._ask, typed.text)
        if isinstance(answer, AskPrice | AskAmount):
            self._ask = answer
        elif isinstance(answer, Notice) and answer.mood is Mood.ERROR:
            self.tell(answer)
        else:
            self.leave(answer if isinstance(answer, Notice) else None)

    def back(self) -> None:
        """Undo what is typed, else leave the item out, and say so."""
        if self.entry.text:
            self.entry.clear()
        else:
            self.leave(Notice(Mood.INFO, f"not added: {self._ask.item.name}"))

    def leave(self, notice: Notice | None) -> None:
        """Go back to the sale."""
        self.till.pop_screen()
        self._sale.basket_view.selected = None
        self._sale.tell(notice)
        self._sale.show()

    def prompt(self) -> str:
        """Ask."""
        if isinstance(self._ask, AskAmount):
            return f"How many {BIG_UNIT[self._ask.item.unit]}, such as 0.250"
        return "Price, such as 4.50"

    def hints(self) -> list[Hint]:
        """Offer the way back."""
        return [Hint(BACK, "Leave the item out")]

    def words(self) -> tuple[str, ...]:
        """Name the item and what is missing."""
        item, basket = self._ask.item, self.counter.basket
        so_far = f"Basket so far {format_minor(self.counter.bill.total_minor, basket.currency)}"
        if isinstance(self._ask, AskAmount):
            return ("WEIGHT NEEDED" if item.unit == "g" else "AMOUNT NEEDED", "", item.name, "", so_far)
        return ("PRICE NEEDED", "", item.name, *self._amount(), so_far)

    def _amount(self) -> tuple[str, ...]:
        item = self._ask.item
        return (quantity(Quantity(self._ask.amount, item.unit)),) if isinstance(self._ask, AskPrice) else ()

    def _wanted(self) -> str:
        return "price" if isinstance(self._ask, AskPrice) else "amount"
