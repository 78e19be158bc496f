"""The counter: what happens at a till, whatever shows it. It holds the open basket and asks the desk; no screen, no IO.

Rules
-----
1.  Every change of the basket is kept by the desk before it is shown.
2.  A line is added only for a code the catalogue has, a price a person typed, or an item a person chose. A wrong check
    digit never adds one. What the goods lack is asked for first (:class:`~kiosk.core.notices.Wanted`).
3.  A sale is done when the desk has recorded it, and not before; the basket then is a new one, so the same sale cannot
    be made twice.
4.  A quantity typed before a code that fails is dropped with it: the next shopper's goods are never multiplied by it.
5.  A desk that fails never takes the basket away: what was in it is still there, and the notice says what to do.
6.  Discounts that nobody approved never exceed what staff may give alone, whatever is taken out afterwards; what was
    approved, a discount or a price, was approved on as much as there was.
7.  Goods in hand beyond the limit need an approver, for this basket only: paying asks for a manager's PIN, or, where
    the shop has none, for an id; ``@`` and an id in the entry line say it beforehand there.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Final

from msgspec.structs import replace

from contract.down import Item
from contract.errors import ContractError
from contract.facts import SaleRecorded
from contract.shop import Role
from contract.values import Money, Quantity, Sku, Unit
from kiosk.core import basket as baskets
from kiosk.core.basket import OPEN, OPEN_NAME, Basket, BasketError, Line
from kiosk.core.bill import Bill, decide_bill, prices_of
from kiosk.core.checkout import CheckoutError, decide_sale
from kiosk.core.entry import (
    REPEAT,
    Entry,
    EntryError,
    Kind,
    is_code,
    parse_amount,
    parse_entry,
    parse_price,
    shown_code,
)
from kiosk.core.errors import Refused
from kiosk.core.finding import Finder, line_of, unknown_code
from kiosk.core.goods import ApprovalNeeded, decide_overdraft
from kiosk.core.notices import Answer, Choose, Collect, Mood, Notice, Sold, Wanted
from kiosk.core.parking import Parked, ParkingError, check_park, check_recall, find_parked
from kiosk.core.paying import Paying, cash_of, otherwise_of
from kiosk.core.ports import AlreadySold, Desk, DeskError, LastSale, NoLongerHeld
from kiosk.core.reservations import decide_collected
from kiosk.core.tender import Tender
from kiosk.core.words import Amount, Text, say

# Sold at a typed price, so that an empty catalogue sells at once; the books hold a plain name.
OPEN_ITEM: Final = Item(sku=OPEN, name=str.__str__(OPEN_NAME))
ALLOWED: Final = say("that price was allowed for as many as there are: scan the rest")
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
        self.look_at_shop()

    def enter(self, text: str) -> Answer:
        """Take one entry: a scan, a code, words, a price, a quantity. None when all is said by the basket itself."""
        if text.strip().startswith(APPROVAL):
            if any(one.role is Role.MANAGER for one in self.shop.staff):
                return Notice(Mood.ERROR, say("take payment: a manager's PIN is asked for where it is needed"))
            return self.approve(text.strip().removeprefix(APPROVAL).strip())
        pending, self.times = self.times, None
        try:
            entry = parse_entry(text)
            times = entry.times or pending
            if entry.kind is Kind.NOTHING:
                self.times = times
                return None
            answer = self._resolve(entry, times)
        except Refused as error:
            return _refused(str(error), pending)
        if isinstance(answer, Choose):
            self.times = pending
        return answer

    def pick(self, item: Item, text: str) -> Answer:
        """Add the item that a person chose for what was typed, or ask for what is missing."""
        pending, self.times = self.times, None
        try:
            return self._take(self.finder.want(item, parse_entry(text).times or pending))
        except Refused as error:
            return _refused(str(error), pending)

    def search(self, text: str) -> list[Item]:
        """Return what the words typed so far may mean; a quantity in front is not searched for."""
        try:
            entry = parse_entry(text)
            return list(self.desk.search(entry.text, MAX_RESULTS)) if entry.text else []
        except (EntryError, DeskError):
            return []  # Enter will say what is wrong

    def knows(self, text: str) -> bool:
        """Return whether a text is a label or a sku of goods of the catalogue."""
        try:
            return self.finder.knows(text)
        except DeskError:
            return False

    def void(self, index: int) -> Notice:
        """Take one line out."""
        try:
            gone, less = self.line(index), baskets.drop(self.basket, index)
        except BasketError as error:
            return Notice(Mood.ERROR, str(error))
        return self.change(less) or Notice(Mood.INFO, say("taken out: {item}", item=gone.name))

    def repeat(self, index: int, times: Decimal | None = None) -> Notice | None:
        """Sell the goods of a line once more, or ``times`` more; what is weighed weighs the same again."""
        try:
            line, count = self.line(index), parse_amount(times or Decimal(1), Unit.PIECE)
            if line.list_minor is not None:
                raise BasketError(ALLOWED)
            if line.quantity.unit is Unit.PIECE and line.label_minor is None:
                return self.put(index, replace(line, quantity=Quantity(line.quantity.amount + count)))
            return self.add(_again(line, count))
        except Refused as error:
            return Notice(Mood.ERROR, str(error))

    def line(self, index: int) -> Line:
        """Return the line at ``index``.

        Raises: BasketError if there is none.
        """
        if not 0 <= index < len(self.basket.lines):
            raise BasketError(say("the basket is empty: scan something first"))
        return self.basket.lines[index]

    @property
    def bill(self) -> Bill:
        """Return what the basket comes to: what is shown is what is sold."""
        if self._billed is None or self._billed[0] is not self.basket:
            self._billed = self.basket, decide_bill(self.basket, self.prices)
        return self._billed[1]

    def sell(self, tendered: Money) -> Notice:
        """Take cash for the basket; says SOLD only after the desk has recorded the sale."""
        if not self.basket.lines:
            return Notice(Mood.ERROR, say("the basket is empty: scan something first"))
        return self.paying.cash(tendered)

    def finish(self, tender: Tender) -> Notice:
        """Make the sale of what is paid."""
        try:
            at = self.desk.clock.stamp().at
            sale = decide_sale(self.basket, tender.payments, sold_at=at, prices=self.prices)
            beyond = self.desk.beyond(self.basket)
            allowed = decide_overdraft(beyond, approved_by=self.approved_by, at=at, basket=self.basket.id)
            recorded = self.desk.record([*allowed, *decide_collected(self.basket, at=at), sale])[-1]
        except AlreadySold:
            return self._begin_anew()
        except NoLongerHeld:
            return self._let_go()
        except CheckoutError as error:
            return Notice(Mood.ERROR, str(error))
        except ApprovalNeeded as error:
            return Notice(Mood.ERROR, say("NOT SOLD: {why}. Take payment again: it is asked for then", why=str(error)))
        except (DeskError, ContractError) as error:
            return Notice(Mood.ERROR, say("NOT SOLD: {why}. The basket is kept", why=str(error)))
        assert isinstance(recorded.data, SaleRecorded)  # noqa: S101 - what was recorded last
        self.on_sold(recorded.data)
        return self._sold(recorded.data, tender)

    def approve(self, approver: str) -> Notice:
        """Let goods in hand beyond the limit leave with this basket; the approver's id goes on record with its sale."""
        if not 1 <= len(approver) <= MAX_APPROVER or not approver.isprintable():
            told = say("type {sign} and the manager's id, at most {most} characters", sign=APPROVAL, most=MAX_APPROVER)
            return Notice(Mood.ERROR, told)
        self.approved_by = approver
        return Notice(Mood.INFO, say("approved by {who}, for this basket", who=approver))

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
        return Notice(Mood.INFO, say("parked {label}", label=label) if label else say("parked"))

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
        return Notice(Mood.INFO, say("recalled {label}", label=found.label) if found.label else say("recalled"))

    def _renew(self, basket: Basket, *, sold: Sold | None = None) -> None:
        self.basket, self.times, self.sold, self.approved_by, self._billed = basket, None, sold, "", None
        try:
            self.look_at_shop()
        except DeskError:
            return  # the sale before is on record and must be said; who looks up the next goods is told what is wrong

    def _begin_empty(self) -> None:
        """Begin a new basket once nothing is left in this one: what was decided for this shopper is not the next one's.

        Discounts, approvals and card payments belong to a basket's id, and must not be found by goods rung up later.
        """
        self._renew(Basket(self.desk.new_basket_id(), self.basket.currency))

    def look_at_shop(self) -> None:
        """Sell as the shop says from this basket on: what is rung up already keeps its taxes."""
        self.shop = self.desk.shop()
        self.prices = prices_of(self.shop)
        self.finder = Finder(self.desk, self.shop, self.basket.currency)
        self._billed = None

    def _sold(self, sale: SaleRecorded, tender: Tender) -> Notice:
        cash, otherwise = cash_of(tender), otherwise_of(tender)
        self.sold = Sold(sale.receipt, sale.total_minor, cash, tender.change_minor, otherwise)
        self._renew(Basket(self.desk.new_basket_id(), sale.currency), sold=self.sold)
        total, change = (Amount(minor, sale.currency) for minor in (sale.total_minor, tender.change_minor))
        told = say(
            "SOLD receipt {receipt}, total {total}, change {change}", receipt=sale.receipt, total=total, change=change
        )
        return Notice(Mood.SOLD, told)

    def _let_go(self) -> Notice:
        """Have the goods of the basket sold as any others: nothing is set aside for it any more."""
        code = self.basket.collects.code if self.basket.collects else ""
        told = say(
            "NOT SOLD: {code} is not set aside any more. Take payment again to sell it as other goods", code=code
        )
        return self.change(replace(self.basket, collects=None)) or Notice(Mood.ERROR, told)

    def _begin_anew(self) -> Notice:
        try:
            self.basket, self.last_sale = self.desk.open_basket(), self.desk.last_sale()
        except DeskError as error:
            return Notice(Mood.ERROR, str(error))
        self.approved_by = ""
        last = told_last(self.last_sale) or say("see the journal")
        return Notice(Mood.ERROR, say("that basket was sold already ({last}): nothing was sold twice", last=last))

    def _resolve(self, entry: Entry, times: Decimal | None) -> Answer:
        text = entry.text
        if text == REPEAT:
            return self.repeat(len(self.basket.lines) - 1, times)
        if item := self.finder.sku(text):
            return self._take(self.finder.want(item, times))
        if wanted := self.finder.label(text, times, self.today()):
            return self._take(wanted)
        if entry.kind is Kind.DIGITS:
            return _refused(unknown_code(text), times)
        if entry.kind is Kind.PRICE:
            price = parse_price(text, self.basket.currency)
            return self._take(self.finder.want(OPEN_ITEM, times, price))
        found = self.desk.search(text, MAX_RESULTS)
        if not found and self.finder.is_reservation(text):
            return Collect(text)
        if not found:
            told = say("NOT FOUND {text}: type less of it, or a price such as 4.50", text=repr(shown_code(text)))
            return _refused(told, times)
        if len(found) == 1 and not is_code(text):
            return self._take(self.finder.want(found[0], times))
        return Choose(tuple(found))

    def today(self) -> date:
        """Return the day at this till."""
        return self.desk.clock.stamp().at.astimezone().date()

    def _take(self, wanted: Wanted) -> Answer:
        return wanted if self.lacks(wanted) else self.add(line_of(wanted), wanted.missing)

    def lacks(self, wanted: Wanted) -> bool:
        """Return whether somebody must be asked before these goods are sold."""
        unsaid = wanted.amount is None or wanted.price_minor is None or wanted.expired_on is not None
        return unsaid or wanted.age > baskets.confirmed_age(self.basket)

    def put(self, index: int, line: Line) -> Notice | None:
        """Put ``line`` in place of the one at ``index``; a discount that was allowed on less is allowed no more.

        Raises: BasketError.
        """
        before, discount = self.basket.lines[index], line.discount
        if before.list_minor is not None and line.quantity.amount > before.quantity.amount:
            raise BasketError(ALLOWED)
        if discount and discount.by and discount.off(line.gross_minor) > discount.off(before.gross_minor):
            line = replace(line, discount=replace(discount, by=""))
        return self.change(baskets.put(self.basket, index, line))

    def clear(self) -> Notice:
        """Take every line out, and what was decided about them."""
        cleared = self.change(replace(self.basket, lines=()))
        return cleared or Notice(Mood.INFO, say("the basket is empty again"))

    def add_all(self, lines: Sequence[Line]) -> Notice | None:
        """Add several lines, or none of them.

        Raises: BasketError.
        """
        self.sold = None
        return self.change(reduce(baskets.add, lines, self.basket))

    def add(self, line: Line, missing: Sequence[Sku] = ()) -> Notice | None:
        """Add a line; ``missing`` is what the catalogue lacks of it.

        Raises: BasketError.
        """
        lacks = say("{item} is sold without {skus}: the catalogue lacks it", item=line.name, skus=", ".join(missing))
        return self.add_all([line]) or (Notice(Mood.INFO, lacks) if missing else None)

    def change(self, basket: Basket) -> Notice | None:
        """Keep the basket as it is to be, then show it; what was paid for it must stay covered by goods (rule 6).

        Where it is not any more, for a tax fell while the basket was put aside, goods and money may bring it nearer.
        """
        paid = sum(one.amount_minor for one in basket.payments)
        over = paid - decide_bill(basket, self.prices).total_minor
        if paid and over > max(0, -self.paying.tender.left_minor):
            return Notice(Mood.ERROR, say("more was paid than that would cost: give a payment back first"))
        limit = self.shop.discount_ppm
        if baskets.exceeds(basket, limit) and not baskets.exceeds(self.basket, limit):
            return Notice(Mood.ERROR, say("the discount would be more than staff may give: take it off first"))
        try:
            if self.basket.lines and not basket.lines and self.paying.unsettled():
                return Notice(Mood.ERROR, say("say first how the last card payment ended"))
            self.desk.keep(basket)
        except AlreadySold:
            return self._begin_anew()
        except DeskError as error:
            self.basket = basket
            return Notice(Mood.ERROR, say("this line would not survive a power cut: {why}", why=str(error)))
        emptied = bool(self.basket.lines) and not basket.lines
        self.basket = basket
        if emptied:
            self._begin_empty()
        return None


def _refused(why: str, times: Decimal | None) -> Notice:
    if times is not None:
        why = say("{why} (quantity {times} dropped)", why=why, times=str(times))
    return Notice(Mood.ERROR, why)


def _again(line: Line, count: int) -> Line:
    """Return a line of as many packets more, each as heavy; a discount is of the first one."""
    label = None if line.label_minor is None else Money(line.label_minor * count)
    quantity = Quantity(line.quantity.amount * count, line.quantity.unit)
    return replace(line, quantity=quantity, label_minor=label, discount=None)


def told_last(last: LastSale | None) -> Text | None:
    """Return what the last sale was, if there is one."""
    if last is None:
        return None
    return say("last sale {receipt}, {total}", receipt=last.receipt, total=Amount(last.total_minor, last.currency))


__all__ = ["MAX_RESULTS", "OPEN_ITEM", "Answer", "Counter", "Mood", "Notice", "Sold", "told_last"]
