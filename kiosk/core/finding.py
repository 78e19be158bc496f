"""What was scanned, typed or chosen, as goods to sell: found in the catalogue, with all that belongs to them.

Rules
-----
1.  An item whose sku is the very text comes before whatever the text could mean as a label.
2.  A weight on a label is the amount where the goods are sold by it. A price on a label is what is paid, whatever the
    till would say; goods that are weighed, and whose label says the price only, weigh what they cost.
3.  A label that is none of goods, is faulty or has a wrong check digit finds nothing, and is said to be so.
4.  Goods in hand can always be sold: a deposit that the catalogue lacks is left out, a part that it lacks is sold
    under its sku, and both are told.
"""

from datetime import date
from decimal import Decimal
from typing import Protocol

from msgspec.structs import replace

from contract.down import Item
from contract.errors import Malformed
from contract.money import line_amount, round_half_up
from contract.shop import BundlePart, Shop
from contract.values import Currency, Gtin, Money, Quantity, Sku, Unit, parse_sku
from kiosk.core.basket import BasketError, Deposit, Line, Part, check_amount
from kiosk.core.entry import EntryError, parse_amount, shown_code
from kiosk.core.labels.label import Label, LabelKind, is_expired
from kiosk.core.labels.reading import read_label
from kiosk.core.labels.templates import Template, is_in_store, parse_templates
from kiosk.core.notices import Wanted
from kiosk.core.words import Text, say


class UnknownGoods(EntryError):
    """The label is a good one, and the catalogue does not have its goods."""


class Catalogue(Protocol):
    """Where goods are looked up."""

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        ...

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        ...


class Finder:
    """Finds goods for one shop: its templates are read once."""

    def __init__(self, catalogue: Catalogue, shop: Shop, currency: Currency) -> None:
        """Look up in ``catalogue``; templates that cannot be used are told of when a shop's own code is scanned."""
        self._catalogue = catalogue
        self._currency = currency
        self._templates: tuple[Template, ...] = ()
        self._fault = ""
        try:
            self._templates = parse_templates(shop.templates)
        except Malformed as error:
            self._fault = error.what

    def knows(self, text: str) -> bool:
        """Return whether a text is a sku or a label of goods that the catalogue has."""
        return self.find(text) is not None

    def find(self, text: str) -> Item | None:
        """Return the item of a sku or a label, however much of it a label names."""
        return self.sku(text) or self._labelled(self._read(text))

    def sku(self, text: str) -> Item | None:
        """Return the item whose sku is the very text."""
        try:
            return self._catalogue.item(parse_sku(text))
        except Malformed:
            return None

    def label(self, text: str, times: Decimal | None, today: date) -> Wanted | None:
        """Return the goods of a label; None if the text is not one that names goods.

        Raises: EntryError for a label that cannot be used, or whose goods the catalogue does not have.
        """
        label = self._read(text)
        if label.kind in {LabelKind.OTHER, LabelKind.RESERVATION}:
            return None
        self._check(label)
        item = self._labelled(label)
        if item is None:
            raise UnknownGoods(self._unknown(label))
        measured = label.measure or label.price or label.count
        wanted = self._measured(self.want(item), label, times) if measured else self.want(item, times)
        return replace(wanted, expired_on=label.expires_on if is_expired(label, today) else None)

    def is_reservation(self, text: str) -> bool:
        """Return whether a text may be the code with which a shopper collects."""
        return self._read(text).kind is LabelKind.RESERVATION

    def want(self, item: Item, times: Decimal | None = None, price: Money | None = None) -> Wanted:
        """Return an item as goods to sell, with its deposit, its parts and its age; ``price`` was typed.

        Raises: EntryError if ``times`` is no amount of it.
        """
        weighs = item.unit is not Unit.PIECE and times is None
        amount = None if weighs else parse_amount(times or Decimal(1), item.unit)
        cost = item.price_minor if price is None else price
        per = item.price_per if price is None and cost is not None else item.unit.per
        deposit = self.deposit(item)
        parts = [(one, self._catalogue.item(one.sku)) for one in item.parts]
        missing = [item.deposit] if item.deposit and deposit is None else []
        return Wanted(
            item,
            amount,
            cost,
            per,
            deposit=deposit,
            parts=tuple(_part(one, found, item.tax) for one, found in parts),
            age=max([item.age, *(found.age for _, found in parts if found)]),
            missing=(*missing, *(one.sku for one, found in parts if found is None)),
        )

    def deposit(self, item: Item) -> Deposit | None:
        """Return what is paid for each piece of an item's bottles; None if there is nothing, or nobody told it."""
        found = self._catalogue.item(item.deposit) if item.deposit and item.unit is Unit.PIECE else None
        return as_deposit(found) if found else None

    def _read(self, text: str) -> Label:
        return read_label(text, self._templates)

    def _labelled(self, label: Label) -> Item | None:
        found = self._catalogue.scan(label.gtin) if label.gtin else None
        return found or (self.sku(label.item) if label.item else None)

    def _check(self, label: Label) -> None:
        code = shown_code(label.text)
        if label.kind is LabelKind.WRONG_CHECK_DIGIT:
            raise EntryError(say("WRONG CHECK DIGIT {code}: not added. Scan again, or type its name", code=code))
        if label.kind is LabelKind.FAULTY:
            raise EntryError(say("FAULTY LABEL: {why}: not added. Type its name", why=label.why))
        if label.kind is LabelKind.RECEIPT:
            raise EntryError(say("{code} is the number of a receipt: nothing was added", code=code))
        if not label.names_goods:
            raise EntryError(say("that label is of a pallet or carton: scan the goods in it"))

    def _unknown(self, label: Label) -> str:
        code = shown_code(label.text)
        if self._fault and label.gtin and is_in_store(label.gtin):
            return say("UNKNOWN CODE {code}: the shop's templates cannot be used: {why}", code=code, why=self._fault)
        return unknown_code(label.text)

    def _measured(self, wanted: Wanted, label: Label, times: Decimal | None) -> Wanted:
        packets = parse_amount(times or Decimal(1), Unit.PIECE)
        try:
            price = label.price.to_minor(self._currency) if label.price else None
        except Malformed as error:
            raise EntryError(say("{why}: not added. Type its price", why=error.what)) from error
        amount = _amount(wanted, label, price)
        if price is not None and wanted.price_minor is None and amount is not None:
            wanted = replace(wanted, price_minor=price, price_per=amount)
        whole = amount * packets if amount is not None else None
        return replace(wanted, amount=whole, label_minor=Money(price * packets) if price is not None else None)


def _amount(wanted: Wanted, label: Label, price: Money | None) -> int | None:
    """Return how much one packet holds, in the unit that the goods are sold in (rule 2); None if nobody knows."""
    unit = wanted.item.unit
    if label.measure is not None and label.measure.unit is unit:
        return max(1, label.measure.amount)
    if unit is Unit.PIECE:
        return label.count or 1
    if price is not None and wanted.price_minor:
        return max(1, round_half_up(price * wanted.price_per, wanted.price_minor))
    return None


def _part(one: BundlePart, found: Item | None, tax: str) -> Part:
    if found is None:
        return Part(one.sku, one.sku, Quantity(one.amount), Money(0), tax)
    cost = line_amount(one.amount, found.price_minor or Money(0), found.price_per)
    return Part(found.sku, found.name, Quantity(one.amount, found.unit), cost, found.tax)


def unknown_code(text: str) -> Text:
    """Return what to say of a code that the catalogue does not have."""
    return say("UNKNOWN CODE {code}: not added. Type its name, or a price such as 4.50", code=shown_code(text))


def as_deposit(item: Item) -> Deposit | None:
    """Return an item as the deposit of others; None if it has no price for a piece."""
    if item.price_minor is None or item.price_per != 1 or item.unit is not Unit.PIECE:
        return None
    return Deposit(item.sku, item.name, item.price_minor, item.tax)


def line_of(wanted: Wanted, *, by: str = "", reason: str = "", weighed: bool = False) -> Line:
    """Return the line of goods that lack nothing any more.

    Raises: BasketError if they do, or the amount is none that can be sold.
    """
    item = wanted.item
    if wanted.amount is None or wanted.price_minor is None:
        raise BasketError(say("{item} has no price: type one", item=item.name))
    check_amount(wanted.amount)
    return Line(
        item.sku,
        item.name,
        Quantity(wanted.amount, item.unit),
        wanted.price_minor,
        wanted.price_per,
        item.tax,
        label_minor=wanted.label_minor,
        by=by,
        reason=reason,
        deposit=wanted.deposit,
        parts=wanted.parts,
        age=wanted.age,
        discountable=item.discountable,
        weighed=weighed,
    )
