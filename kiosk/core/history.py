"""Ticket history: from the rows of a file to lines that can be replayed, with every row accounted for. Pure.

Rules
-----
1.  A line needs an item, a price of zero or more, a quantity other than zero and a readable time; what lacks one is
    rejected, for the first of these reasons. A price of zero and codes such as POST are lines like any other.
2.  A quantity below zero, and every line of a credit ticket, is a refund.
3.  A line's amount is quantity x price, exactly as written, rounded half up to a minor unit.
4.  Where the file has no column for them, the price is the given one and the quantity is 1.
5.  A line without a ticket is a ticket of its own. Nothing is dropped as a repeat.
6.  A time without an offset is UTC.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeVar

from msgspec import Struct

from contract.catalogue_cells import clean_text
from contract.csv_rows import Fault, Row, Table, UnknownColumn, read_number
from contract.money import exponent, round_half_up
from contract.values import MAX_AMOUNT, MAX_MINOR, MAX_NAME_LENGTH, Currency, Money, is_instant

CREDIT_PREFIX: Final = "C"
_ONE: Final = Decimal(1)
T = TypeVar("T")


class BadFormat(Exception):
    """The time format is none that times can be read with."""


class Layout(Struct, frozen=True):
    """Which columns hold what, by name, and what to assume. ``time`` is joined with spaces, oldest part first."""

    item: str
    time: str
    currency: Currency
    ticket: str | None = None
    sku: str | None = None
    qty: str | None = None
    price: str | None = None
    default_price: Decimal | None = None
    time_format: str | None = None
    credit_prefix: str = CREDIT_PREFIX


class HistoryLine(Struct, frozen=True, gc=False):
    """Goods sold or taken back, as the file says it. ``quantity`` is above zero; ``ticket`` is unique to the ticket."""

    line: int
    ticket: str
    at: datetime
    sku: str
    name: str
    quantity: Decimal
    price: Decimal
    amount_minor: Money
    refund: bool


class History(Struct, frozen=True):
    """The lines of a file, in its order, and the rows that are none."""

    lines: list[HistoryLine]
    rejected: list[Fault]


class _Rejected(Exception):
    def __init__(self, reason: str, why: str) -> None:
        super().__init__(why)
        self.reason = reason
        self.why = why


def read_history(table: Table, layout: Layout) -> History:
    """Return the lines of ``table``.

    Raises: UnknownColumn, BadFormat, contract.csv_rows.BadFile.
    """
    reader = _Reader(table, layout)
    lines: list[HistoryLine] = []
    rejected: list[Fault] = []
    for row in table.rows:
        if isinstance(row, Fault):
            rejected.append(row)
            continue
        try:
            lines.append(reader.read(row))
        except _Rejected as error:
            rejected.append(Fault(row.line, error.reason, error.why))
    return History(lines, rejected)


def line_minor(quantity: Decimal, price: Decimal, currency: Currency) -> Money:
    """Return quantity x price, rounded half up to a minor unit, however many decimals either has."""
    amount, amount_per = quantity.as_integer_ratio()
    major, major_per = price.as_integer_ratio()
    return Money(round_half_up(amount * major * 10 ** exponent(currency), amount_per * major_per))


class _Reader:
    """Reads rows; remembers what each text meant, for histories repeat names, prices and times."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self._layout = layout
        self._item = table.column(layout.item)
        self._time = _time_columns(table, layout.time)
        self._ticket, self._sku, self._qty, self._price = (
            None if name is None else table.column(name)
            for name in (layout.ticket, layout.sku, layout.qty, layout.price)
        )
        self._credit = re.compile(re.escape(layout.credit_prefix) + r"[0-9]+") if layout.credit_prefix else None
        self._name_of = _remember(clean_text)
        self._number_of = _remember(read_number)
        self._instant_of = _remember(_time_reader(layout.time_format))

    def read(self, row: Row) -> HistoryLine:
        name = self._read_name(row.cells[self._item])
        price = self._read_price(row)
        quantity = self._read_quantity(row)
        at = self._read_time(row)
        ticket = row.cells[self._ticket].strip() if self._ticket is not None else ""
        credit = self._credit is not None and self._credit.fullmatch(ticket) is not None
        return HistoryLine(
            line=row.line,
            ticket=ticket or f"\0{row.line}",  # no cell holds a NUL
            at=at,
            sku=self._name_of(row.cells[self._sku]) if self._sku is not None else "",
            name=name,
            quantity=abs(quantity),
            price=price,
            amount_minor=self._amount(abs(quantity), price),
            refund=credit or quantity < 0,
        )

    def _read_name(self, text: str) -> str:
        name = self._name_of(text)
        if not name:
            raise _Rejected("no_item", "it has no item")
        if len(name) > MAX_NAME_LENGTH:
            raise _Rejected("name_too_long", f"its name has {len(name)} characters, {MAX_NAME_LENGTH} are allowed")
        return name

    def _read_price(self, row: Row) -> Decimal:
        price = self._number("price", row, self._price, self._layout.default_price)
        if price < 0:
            raise _Rejected("price_negative", f"its price of {price} is below zero")
        return price

    def _read_quantity(self, row: Row) -> Decimal:
        quantity = self._number("quantity", row, self._qty, _ONE)
        if not quantity:
            raise _Rejected("quantity_zero", "its quantity is zero")
        if abs(quantity) > MAX_AMOUNT:
            raise _Rejected("quantity_too_large", f"its quantity of {quantity} is more than this till can hold")
        return quantity

    def _read_time(self, row: Row) -> datetime:
        text = " ".join(row.cells[column].strip() for column in self._time).strip()
        at = self._instant_of(text)
        if at is None:
            raise _Rejected("time_unreadable", f"its time {text[:40]!r} cannot be read: see --time-format")
        return at

    def _number(self, what: str, row: Row, column: int | None, default: Decimal | None) -> Decimal:
        text = "" if column is None else row.cells[column]
        number = default if column is None else self._number_of(text)
        if number is not None:
            return number
        if not text.strip():
            raise _Rejected(f"{what}_missing", f"it has no {what}")
        raise _Rejected(f"{what}_unreadable", f"its {what} {text[:40]!r} is not a plain number such as 3.25")

    def _amount(self, quantity: Decimal, price: Decimal) -> Money:
        amount = line_minor(quantity, price, self._layout.currency)
        if amount > MAX_MINOR:
            raise _Rejected("price_too_large", f"{quantity} x {price} is more than this till can hold")
        return amount


def _time_columns(table: Table, spec: str) -> list[int]:
    """Return the columns that make up the time: one whose name this is, else several with commas between."""
    try:
        return [table.column(spec)]
    except UnknownColumn:
        return [table.column(name.strip()) for name in spec.split(",")]


def _time_reader(time_format: str | None) -> Callable[[str], datetime | None]:
    if time_format:
        _check_format(time_format)

    def read(text: str) -> datetime | None:
        try:
            at = datetime.strptime(text, time_format) if time_format else datetime.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)  # rule 6
        return at.astimezone(UTC) if is_instant(at) else None

    return read


def _check_format(time_format: str) -> None:
    try:
        datetime.strptime("", time_format)  # noqa: DTZ007 - only whether it is a format
    except (ValueError, re.error) as error:
        if "does not match" not in str(error) and "unconverted" not in str(error):
            raise BadFormat(str(error)) from error


def _remember(function: Callable[[str], T]) -> Callable[[str], T]:
    known: dict[str, T] = {}

    def look(text: str) -> T:
        if text not in known:
            known[text] = function(text)
        return known[text]

    return look
