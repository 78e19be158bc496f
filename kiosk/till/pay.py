"""The pay screen: cash and change. "Sold" is said after the desk has recorded the sale, and not before."""

from typing import TYPE_CHECKING

from contract.money import format_minor
from contract.values import Money
from kiosk.core.counter import Mood, Notice, unknown_code
from kiosk.core.entry import EntryError, is_scan, parse_price
from kiosk.till.frame import Frame
from kiosk.till.hints import Hint
from kiosk.till.keymap import BACK
from kiosk.till.strokes import Typed

if TYPE_CHECKING:
    from kiosk.till.sale import SaleScreen


class PayScreen(Frame):
    """Takes cash for the open basket, then gives way to the sale screen.

    A scan here is never money: a barcode goes back to the sale and adds its line; a number typed faster than a person
    can type is asked about.
    """

    PROMPT = "Cash received"

    def __init__(self, sale: "SaleScreen") -> None:
        """Ask first whether the sale could be stored."""
        super().__init__(sale.station)
        self._sale = sale
        self._doubted = ""
        self.problem = self.counter.desk.storage_problem()
        if self.problem:
            self.notice_row.notice = Notice(Mood.ERROR, self.problem)
        self.does = {BACK: self.back, "pay": self.exact}

    def on_mount(self) -> None:
        """Ring for a problem, once the bell can be heard."""
        if self.problem:
            self.app.bell()
        super().on_mount()

    def submit(self, typed: Typed) -> None:
        """Take the amount received; nothing typed is exact cash."""
        text = typed.text.strip()
        if code := self.goods(typed):
            self._to_sale(code)
        elif is_scan(text):
            self._refuse(f"{unknown_code(text)}. No money was taken; Esc goes back to the sale")
        elif typed.by_machine and text.isdigit() and text != self._doubted:
            self._doubted = text
            self._refuse(f"{text} came as fast as a scan: type it again if it is money, or Esc")
        elif not text:
            if not self.has_unseen_error():  # a scanner that ends with two Enters must not sell with the second
                self.tender(self.counter.paying.tender.left_in_cash_minor)
        else:
            try:
                self.tender(parse_price(text, self.counter.basket.currency))
            except EntryError as error:
                self._refuse(str(error))

    def tender(self, received: Money) -> None:
        """Sell; a sale that cannot be made or stored is said here, and the basket stays."""
        notice = self.counter.sell(received)
        if notice.mood is not Mood.SOLD and self.counter.basket.lines:
            self.tell(notice)
            self.show()
            return
        self.till.pop_screen()
        self._sale.basket_view.selected = None
        self._sale.tell(notice)
        self._sale.show()

    def exact(self) -> None:
        """Take exact cash, if nothing was typed."""
        if not self.entry.text:
            self.tender(self.counter.paying.tender.left_in_cash_minor)

    def back(self) -> None:
        """Undo what is typed, else go back to the sale."""
        if self.entry.text:
            self.entry.clear()
        else:
            self.till.pop_screen()
            self._sale.show()

    def figure(self) -> Money:
        """Show what is left to pay."""
        return self.counter.paying.tender.left_in_cash_minor

    def hints(self) -> list[Hint]:
        """Offer the way back."""
        return [Hint("pay", "Exact cash"), Hint(BACK, "Back to the sale")]

    def words(self) -> tuple[str, ...]:
        """Name what is due and how to take it."""
        basket = self.counter.basket
        due = format_minor(self.counter.paying.tender.left_in_cash_minor, basket.currency)
        return (f"TO PAY {due} {basket.currency}", "", "Enter: exact cash", "or type what you are given,", "then Enter")

    def _to_sale(self, code: str) -> None:
        self.till.pop_screen()
        self._sale.submit(Typed(code))
        self._sale.show()

    def _refuse(self, why: str) -> None:
        self.tell(Notice(Mood.ERROR, why))
