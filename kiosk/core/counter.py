"""The counter: what happens at a till, whatever shows it. It holds the open basket and asks the desk; no screen, no IO.

Rules
-----
1.  Every change of the basket is kept by the desk before it is shown.
2.  A line is added only for a code the catalogue has, a price a person typed, or an item a person chose. A wrong check
    digit never adds one.
3.  A sale is done when the desk has recorded it, and not before; the basket then is a new one, so the same sale cannot
    be made twice.
4.  A quantity typed before a code that fails is dropped with it: the next shopper's goods are never multiplied by it.
5.  A desk that fails never takes the basket away: what was in it is still there, and the notice says what to do.
6.  Goods in hand beyond the limit need an approver, for this basket only: ``@`` and an id in the entry line.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from contract.down import Item
from contract.errors import ContractError, Malformed
from contract.facts import SaleRecorded
from contract.money import format_minor
from contract.values import Gtin, Money, Sku, Unit, parse_sku
from kiosk.core import basket as baskets
from kiosk.core.basket import Basket, BasketError, Line
from kiosk.core.bill import Bill, decide_bill, prices_of
from kiosk.core.checkout import CheckoutError, decide_sale
from kiosk.core.entry import (
    Entry,
    EntryError,
    Kind,
    as_gtin,
    has_wrong_check_digit,
    is_code,
    parse_amount,
    parse_entry,
    parse_price,
    parse_times,
)
from kiosk.core.goods import ApprovalNeeded, decide_overdraft
from kiosk.core.notices import Answer, Ask, AskAmount, AskPrice, Choose, Mood, Notice, Sold
from kiosk.core.parking import Parked, ParkingError, check_park, check_recall, find_parked
from kiosk.core.paying import Paying, cash_of
from kiosk.core.ports import AlreadySold, Desk, DeskError
from kiosk.core.tender import Tender

OPEN_ITEM: Final = Item(sku=Sku("OPEN"), name="Open item")  # sold at a typed price: an empty catalogue sells at once
APPROVAL: Final = "@"  # before an approver's id; a sku that begins with it is found by its name
MAX_APPROVER: Final = 32  # as the fact holds it
MAX_RESULTS: Final = 8  # as many as fit above the entry line at 24 rows


class Counter:
    """One till's open basket, over its desk."""

    def __init__(self, desk: Desk) -> None:
        """Take up the basket that was open when the till last ran.

        Raises: DeskError.
        """
        self.desk = desk
        self.basket: Basket = desk.open_basket()
        self.last_sale = desk.last_sale()
        self.restored = len(self.basket.lines)
        self.times: Decimal | None = None
        self.sold: Sold | None = None
        self.approved_by = ""
        self.paying = Paying(self)
        self.on_sold: Callable[[SaleRecorded], None] = lambda _: None  # told of each sale once it is on record
        self._billed: tuple[Basket, Bill] | None = None
        self._look_at_shop()

    def enter(self, text: str) -> Answer:
        """Take one entry: a scan, a code, words, a price, a quantity. None when all is said by the basket itself."""
        if text.strip().startswith(APPROVAL):
            return self.approve(text.strip().removeprefix(APPROVAL).strip())
        pending, self.times = self.times, None
        try:
            entry = parse_entry(text)
            times = entry.times or pending
            if entry.kind is Kind.NOTHING:
                self.times = times
                return None
            answer = self._resolve(entry, times)
        except (EntryError, BasketError, DeskError) as error:
            return _refused(str(error), pending)
        if isinstance(answer, Choose):
            self.times = pending
        return answer

    def pick(self, item: Item, text: str) -> Answer:
        """Add the item that a person chose for what was typed, or ask for what is missing."""
        pending, self.times = self.times, None
        try:
            return self._take(item, parse_entry(text).times or pending)
        except (EntryError, BasketError, DeskError) as error:
            return _refused(str(error), pending)

    def answer(self, ask: Ask, text: str) -> Answer:
        """Take the price or the amount that was asked for; a refused answer is a notice, and the question stands."""
        try:
            if isinstance(ask, AskAmount):
                return self._take(ask.item, parse_times(text))
            price = parse_price(text, self.basket.currency)
            return self._add(baskets.make_line(ask.item, ask.amount, asked_minor=price))
        except (EntryError, BasketError, DeskError) as error:
            return Notice(Mood.ERROR, str(error))

    def search(self, text: str) -> list[Item]:
        """Return what the words typed so far may mean; a quantity in front is not searched for."""
        try:
            entry = parse_entry(text)
            return list(self.desk.search(entry.text, MAX_RESULTS)) if entry.text else []
        except (EntryError, DeskError):
            return []  # Enter will say what is wrong

    def knows(self, text: str) -> bool:
        """Return whether a text is a barcode or a sku of the catalogue."""
        try:
            return bool(self._by_gtin(as_gtin(text)) or self._by_sku(text))
        except DeskError:
            return False

    def void(self, index: int) -> Answer:
        """Take one line out."""
        try:
            gone = self.basket.lines[index] if 0 <= index < len(self.basket.lines) else None
            kept = self.change(baskets.drop(self.basket, index))
        except BasketError as error:
            return Notice(Mood.ERROR, str(error))
        return kept or (Notice(Mood.INFO, f"taken out: {gone.name}") if gone else None)

    @property
    def bill(self) -> Bill:
        """Return what the basket comes to: what is shown is what is sold."""
        if self._billed is None or self._billed[0] is not self.basket:
            self._billed = self.basket, decide_bill(self.basket, self.prices)
        return self._billed[1]

    def sell(self, tendered: Money) -> Notice:
        """Take cash for the basket; says SOLD only after the desk has recorded the sale."""
        if not self.basket.lines:
            return Notice(Mood.ERROR, "the basket is empty: scan something first")
        return self.paying.cash(tendered)

    def finish(self, tender: Tender) -> Notice:
        """Make the sale of what is paid."""
        try:
            at = self.desk.clock.stamp().at
            sale = decide_sale(self.basket, tender.payments, sold_at=at, prices=self.prices)
            beyond = self.desk.beyond(self.basket)
            allowed = decide_overdraft(beyond, approved_by=self.approved_by, at=at, basket=self.basket.id)
            recorded = self.desk.record([*allowed, sale])[-1]
        except AlreadySold:
            return self._begin_anew()
        except CheckoutError as error:
            return Notice(Mood.ERROR, str(error))
        except ApprovalNeeded as error:
            return Notice(Mood.ERROR, f"NOT SOLD: {error}. Esc, type {APPROVAL} and their id, then take payment")
        except (DeskError, ContractError) as error:
            return Notice(Mood.ERROR, f"NOT SOLD: {error}. The basket is kept")
        assert isinstance(recorded.data, SaleRecorded)  # noqa: S101 - what was recorded last
        self.on_sold(recorded.data)
        return self._sold(recorded.data, tender)

    def approve(self, approver: str) -> Notice:
        """Let goods in hand beyond the limit leave with this basket; the approver's id goes on record with its sale."""
        if not 1 <= len(approver) <= MAX_APPROVER or not approver.isprintable():
            return Notice(Mood.ERROR, f"type {APPROVAL} and the manager's id, at most {MAX_APPROVER} characters")
        self.approved_by = approver
        return Notice(Mood.INFO, f"approved by {approver}, for this basket")

    def park(self, label: str = "") -> Notice:
        """Put the basket aside and begin a new one; it takes no stock."""
        try:
            check_park(self.basket, label, self.desk.parked())
            self.desk.park(self.basket, label)
        except AlreadySold:
            return self._begin_anew()
        except (ParkingError, DeskError) as error:
            return Notice(Mood.ERROR, str(error))
        self._renew(Basket(self.desk.new_basket_id(), self.basket.currency))
        return Notice(Mood.INFO, f"parked {label}".rstrip())

    def recall(self, wanted: str = "") -> Notice:
        """Take up a parked basket again: by its label, its id, or the only one."""
        try:
            check_recall(self.basket)
            found: Parked = find_parked(wanted, self.desk.parked())
            self.desk.recall(found.basket.id)
        except AlreadySold:
            return self._begin_anew()
        except (ParkingError, DeskError) as error:
            return Notice(Mood.ERROR, str(error))
        self._renew(found.basket)
        return Notice(Mood.INFO, f"recalled {found.label}".rstrip())

    def _renew(self, basket: Basket, *, sold: Sold | None = None) -> None:
        self.basket, self.times, self.sold, self.approved_by = basket, None, sold, ""
        self._look_at_shop()

    def _look_at_shop(self) -> None:
        """Sell as the shop says from this basket on: what is rung up already keeps its taxes."""
        self.shop = self.desk.shop()
        self.prices = prices_of(self.shop)
        self._billed = None

    def _sold(self, sale: SaleRecorded, tender: Tender) -> Notice:
        self.sold = Sold(sale.receipt, sale.total_minor, cash_of(tender), tender.change_minor)
        self._renew(Basket(self.desk.new_basket_id(), sale.currency), sold=self.sold)
        total, change = (format_minor(minor, sale.currency) for minor in (sale.total_minor, tender.change_minor))
        return Notice(Mood.SOLD, f"SOLD receipt {sale.receipt}, total {total}, change {change}")

    def _begin_anew(self) -> Notice:
        try:
            self.basket, self.last_sale = self.desk.open_basket(), self.desk.last_sale()
        except DeskError as error:
            return Notice(Mood.ERROR, str(error))
        self.approved_by = ""
        last = self.last_sale
        told = (
            f"last sale {last.receipt}, {format_minor(last.total_minor, last.currency)}" if last else "see the journal"
        )
        return Notice(Mood.ERROR, f"that basket was sold already ({told}): nothing was sold twice")

    def _resolve(self, entry: Entry, times: Decimal | None) -> Answer:
        text = entry.text
        if entry.kind is Kind.DIGITS:
            item = self._by_gtin(as_gtin(text)) or self._by_sku(text)
            return self._take(item, times) if item else _refused(unknown_code(text), times)
        if item := self._by_sku(text):
            return self._take(item, times)
        if entry.kind is Kind.PRICE:
            price = parse_price(text, self.basket.currency)
            return self._add(baskets.make_line(OPEN_ITEM, _pieces(times), asked_minor=price))
        found = self.desk.search(text, MAX_RESULTS)
        if not found:
            return _refused(f"NOT FOUND {text!r}: type less of it, or a price such as 4.50", times)
        if len(found) == 1 and not is_code(text):
            return self._take(found[0], times)
        return Choose(tuple(found))

    def _by_gtin(self, gtin: Gtin | None) -> Item | None:
        return self.desk.scan(gtin) if gtin else None

    def _by_sku(self, text: str) -> Item | None:
        try:
            return self.desk.item(parse_sku(text))
        except Malformed:
            return None

    def _take(self, item: Item, times: Decimal | None) -> Answer:
        if item.unit is not Unit.PIECE and times is None:
            return AskAmount(item)
        amount = parse_amount(times or Decimal(1), item.unit)
        if item.price_minor is None:
            return AskPrice(item, amount)
        return self._add(baskets.make_line(item, amount))

    def _add(self, line: Line) -> Answer:
        self.sold = None
        return self.change(baskets.add(self.basket, line))

    def change(self, basket: Basket) -> Notice | None:
        """Keep the basket as it is to be, then show it; what was paid for it must stay covered by goods."""
        if sum(one.amount_minor for one in basket.payments) > decide_bill(basket, self.prices).total_minor:
            return Notice(Mood.ERROR, "more was paid than that would cost: give a payment back first")
        try:
            self.desk.keep(basket)
        except AlreadySold:
            return self._begin_anew()
        except DeskError as error:
            self.basket = basket
            return Notice(Mood.ERROR, f"this line would not survive a power cut: {error}")
        self.basket = basket
        return None


def _refused(why: str, times: Decimal | None) -> Notice:
    dropped = f" (quantity {times} dropped)" if times is not None else ""
    return Notice(Mood.ERROR, why + dropped)


def _pieces(times: Decimal | None) -> int:
    return parse_amount(times, Unit.PIECE) if times is not None else 1


def unknown_code(text: str) -> str:
    """Return what to say of digits that the catalogue does not have."""
    if has_wrong_check_digit(text):
        return f"WRONG CHECK DIGIT {text}: not added. Scan again, or type its name"
    return f"UNKNOWN CODE {text}: not added. Type its name, or a price such as 4.50"


__all__ = [
    "MAX_RESULTS",
    "OPEN_ITEM",
    "Answer",
    "Ask",
    "AskAmount",
    "AskPrice",
    "Choose",
    "Counter",
    "Mood",
    "Notice",
    "Sold",
    "unknown_code",
]
