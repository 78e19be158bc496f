"""Replay: from lines of history to facts, through the till's own checkout. Pure.

Rules
-----
1.  The lines of a ticket are put together wherever they stand; the oldest ticket comes first.
2.  A ticket becomes one sale, one refund, or one of each; more of them only where it is larger than a fact may be.
3.  What is sold is received into stock first.
4.  An item is known by its sku, else by its name; an unknown one is created with its usual name and newest price.
5.  An item with broken quantities is kept in thousandths (grams), unless it is already kept in pieces.
6.  Basket ids follow from file, run and ticket, so that a replay cut short goes on without doubling.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from contract.codec import MAX_FACT_BYTES
from contract.csv_rows import Fault
from contract.down import Item
from contract.errors import Malformed
from contract.facts import (
    MAX_LINES,
    Origin,
    Payment,
    PaymentKind,
    RefundRecorded,
    SaleRecorded,
    StockLine,
    StockReceived,
)
from contract.money import line_amount, round_half_up, to_price
from contract.values import (
    MAX_AMOUNT,
    MAX_MINOR,
    BasketId,
    Currency,
    Money,
    Quantity,
    Sku,
    Unit,
    parse_sku,
)
from kiosk.core.basket import Basket, Line
from kiosk.core.checkout import decide_refund, decide_sale
from kiosk.core.history import History, HistoryLine

_MAX_PART_BYTES: Final = MAX_FACT_BYTES * 3 // 4  # the estimate below is generous; the rest is for the envelope
_LINE_BYTES: Final = 300  # a fact's line beside its name and sku, all numbers at their longest
_RECEIVED_LINES: Final = 500  # of at most 64 characters of sku: well below a fact's limit
_SKU_HEAD: Final = 48
_NO_PRICE: Final = (None, 1)
TicketFact = SaleRecorded | RefundRecorded


class Ticket(Struct, frozen=True):
    """The accepted lines of one ticket, in the file's order, and its earliest time."""

    id: str
    at: datetime
    lines: list[HistoryLine]


class Goods(Struct, frozen=True):
    """What a line of history is in this shop."""

    sku: Sku
    unit: Unit


class Plan(Struct, frozen=True):
    """What to do: items to create, goods to receive, tickets oldest first."""

    currency: Currency
    created: list[Item]
    received: list[StockLine]
    tickets: list[Ticket]
    goods: dict[tuple[str, str], Goods]


def plan_replay(
    history: History, currency: Currency, known: Iterable[Item] = (), kept: Mapping[Sku, Unit] | None = None
) -> Plan:
    """Return what replaying ``history`` means, given the items ``known`` and the units stock is ``kept`` in."""
    items = list(known)
    skus = _name_skus(history.lines, items)
    units = _choose_units(history.lines, skus, {item.sku: item.unit for item in items} | dict(kept or {}))
    goods = {key: Goods(sku, units[sku]) for key, sku in skus.items()}
    there = {item.sku for item in items}
    return Plan(
        currency=currency,
        created=_create(history.lines, goods, currency, there),
        received=_received(history.lines, goods),
        tickets=_gather(history.lines),
        goods=goods,
    )


def result(history: History, plan: Plan) -> dict[str, object]:
    """Return the totals that the last line of a replay shows."""
    refunds = [line for line in history.lines if line.refund]
    gross = sum(line.amount_minor for line in history.lines) - 2 * sum(line.amount_minor for line in refunds)
    quantity = sum(line.quantity for line in history.lines) - 2 * sum(line.quantity for line in refunds)
    return {
        "tickets": len(plan.tickets),
        "lines": len(history.lines),
        "refund_lines": len(refunds),
        "rejected": count_rejected(history.rejected),
        "gross_minor": gross,
        "net_qty": _plain(Decimal(quantity)),
    }


def count_rejected(rejected: Iterable[Fault]) -> dict[str, int]:
    """Return how many rows were rejected for each reason."""
    return dict(sorted(Counter(fault.reason for fault in rejected).items()))


def decide_ticket(ticket: Ticket, plan: Plan, run: str) -> list[TicketFact]:
    """Return the facts of a ticket; ``run`` names this replay of this file."""
    facts: list[TicketFact] = []
    for refund in (False, True):
        lines = [_line(line, plan) for line in ticket.lines if line.refund is refund]
        for number, part in enumerate(_parts(lines)):
            kind = "refund" if refund else "sale"
            basket = Basket(_basket_id(run, ticket.id, kind, number), plan.currency, tuple(part))
            facts.append(_refund(basket, ticket.at) if refund else _sale(basket, ticket.at))
    return facts


def decide_receipts(plan: Plan, run: str) -> list[StockReceived]:
    """Return the facts that bring into stock what will be sold, dated before the first sale."""
    if not plan.received:
        return []
    at = plan.tickets[0].at
    starts = range(0, len(plan.received), _RECEIVED_LINES)
    chunks = [plan.received[start : start + _RECEIVED_LINES] for start in starts]
    return [StockReceived(chunk, at, advice=f"replay-{run[:20]}", origin=Origin.REPLAY) for chunk in chunks]


def _sale(basket: Basket, at: datetime) -> SaleRecorded:
    return decide_sale(basket, [_history(basket.total_minor)], sold_at=at, origin=Origin.REPLAY)


def _refund(basket: Basket, at: datetime) -> RefundRecorded:
    return decide_refund(basket, [_history(basket.total_minor)], refunded_at=at, origin=Origin.REPLAY)


def _history(total: Money) -> Payment:
    return Payment(PaymentKind.HISTORY, total, total, Money(0))


def _line(line: HistoryLine, plan: Plan) -> Line:
    goods = plan.goods[line.sku, line.name]
    amount = _amount(line.quantity, goods.unit)
    price, per = _price(line.price, plan.currency, goods.unit)
    if price is None or line_amount(amount, price, per) != line.amount_minor:
        price, per = line.amount_minor, amount  # finer than a fact's price or quantity: the money stays exact
    return Line(goods.sku, line.name, Quantity(amount, goods.unit), price, per)


def _amount(quantity: Decimal, unit: Unit) -> int:
    amount, per = quantity.as_integer_ratio()
    return min(max(1, round_half_up(amount * unit.per, per)), MAX_AMOUNT)


def _price(price: Decimal, currency: Currency, unit: Unit) -> tuple[Money | None, int]:
    try:
        return to_price(price, currency, unit.per)
    except Malformed:
        return _NO_PRICE


def _parts(lines: list[Line]) -> Iterator[list[Line]]:
    """Yield the lines in as few parts as facts can hold."""
    part: list[Line] = []
    size = total = 0
    for line in lines:
        line_size = _LINE_BYTES + 2 * len(line.name.encode()) + 2 * len(line.sku.encode())
        full = len(part) == MAX_LINES or size + line_size > _MAX_PART_BYTES or total + line.amount_minor > MAX_MINOR
        if part and full:
            yield part
            part, size, total = [], 0, 0
        part.append(line)
        size += line_size
        total += line.amount_minor
    if part:
        yield part


def _basket_id(run: str, ticket: str, kind: str, part: int) -> BasketId:
    digest = hashlib.sha256(f"{run}\n{kind}\n{part}\n{ticket}".encode()).hexdigest()
    return BasketId(f"replay-{digest[:48]}")


def _gather(lines: list[HistoryLine]) -> list[Ticket]:
    tickets: dict[str, list[HistoryLine]] = defaultdict(list)
    for line in lines:
        tickets[line.ticket].append(line)
    gathered = [Ticket(ticket, min(line.at for line in parts), parts) for ticket, parts in tickets.items()]
    return sorted(gathered, key=lambda ticket: (ticket.at, ticket.lines[0].line))


def _name_skus(lines: list[HistoryLine], items: list[Item]) -> dict[tuple[str, str], Sku]:
    """Return the sku of every pair of sku and name in the file."""
    by_name: dict[str, Sku | None] = {}
    for item in items:
        by_name[item.name] = None if item.name in by_name else item.sku  # a name that two items share is no name
    return {
        (sku, name): _make_sku(sku) if sku else by_name.get(name) or _make_sku(name)
        for sku, name in dict.fromkeys((line.sku, line.name) for line in lines)
    }


def _make_sku(text: str) -> Sku:
    """Return ``text`` as a sku: itself if it can be one, else its beginning and a digest."""
    try:
        return parse_sku(text)
    except Malformed:
        return parse_sku(f"{text[:_SKU_HEAD]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}")


def _choose_units(
    lines: list[HistoryLine], skus: Mapping[tuple[str, str], Sku], known: Mapping[Sku, Unit]
) -> dict[Sku, Unit]:
    broken = {skus[line.sku, line.name] for line in lines if line.quantity % 1}
    return {sku: known.get(sku, Unit.GRAM if sku in broken else Unit.PIECE) for sku in skus.values()}


def _create(
    lines: list[HistoryLine], goods: Mapping[tuple[str, str], Goods], currency: Currency, there: set[Sku]
) -> list[Item]:
    names: dict[Sku, Counter[str]] = defaultdict(Counter)
    newest: dict[Sku, HistoryLine] = {}
    units: dict[Sku, Unit] = {}
    for line in lines:
        kind = goods[line.sku, line.name]
        if kind.sku in there:
            continue
        names[kind.sku][line.name] += 1
        units[kind.sku] = kind.unit
        if line.price and (kind.sku not in newest or line.at >= newest[kind.sku].at):
            newest[kind.sku] = line
    created = []
    for sku, counted in names.items():
        price, per = _price(newest[sku].price, currency, units[sku]) if sku in newest else _NO_PRICE
        name = counted.most_common(1)[0][0]
        created.append(Item(sku=sku, name=name, price_minor=price, price_per=per, unit=units[sku]))
    return created


def _received(lines: list[HistoryLine], goods: Mapping[tuple[str, str], Goods]) -> list[StockLine]:
    sold: dict[Goods, int] = defaultdict(int)
    for line in lines:
        if not line.refund:
            kind = goods[line.sku, line.name]
            sold[kind] += _amount(line.quantity, kind.unit)
    return [
        StockLine(kind.sku, Quantity(amount, kind.unit))
        for kind, total in sold.items()
        for amount in _pieces(total, MAX_AMOUNT)
    ]


def _pieces(total: int, largest: int) -> list[int]:
    return [min(largest, total - start) for start in range(0, total, largest)]


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
