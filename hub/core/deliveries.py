"""Deliveries: what is advised to whom, and which receipts a person must look at (I8).

Rules
-----
1.  A line of an advice is for one kiosk to receive, once, as advised. Another kiosk is never given it: the first may
    have received it already, out of touch. Until it was received the same kiosk may be told another amount or day.
2.  A receipt takes effect as ever, whatever is found here: goods that came are there. What is found calls a person.
3.  Goods without an advice are expected once a day at a site (the day of ``received_at``, in UTC): what is received
    a second time may be the same delivery.
4.  A fact is compared with other facts only, never with a repeat of itself; the later of two names the earlier.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from contract.facts import MAX_LINES
from contract.stock import StockKey

Kind = Literal["delivery_twice", "delivery_not_advised", "delivery_differs"]
KINDS: Final[tuple[Kind, ...]] = ("delivery_twice", "delivery_not_advised", "delivery_differs")


class Clash(Exception):
    """The advice cannot be given so; the message says why and what to do."""


class Mark(NamedTuple):
    """A fact: which life of which till of the site recorded it where."""

    kiosk: str
    epoch: int
    seq: int

    def __str__(self) -> str:
        """Return it as a count names positions: ``k1=1@39``."""
        return f"{self.kiosk}={self.epoch}@{self.seq}"


class Place(NamedTuple):
    """What may be received once: a line of an advice, or without one (``advice`` is empty) the goods of a ``day``."""

    region: str
    site: str
    advice: str
    day: str
    what: StockKey


class Receipt(NamedTuple):
    """Goods that a fact says have come."""

    mark: Mark
    at: str
    goods: Mapping[Place, int]


class Advised(NamedTuple):
    """A line of an advice: the one kiosk that may receive it, how much, and when it should come (empty: not known)."""

    kiosk: str
    amount: int
    day: str = ""


class Line(NamedTuple):
    """Goods of a receipt of which something is odd: ``before`` is who received them first."""

    what: StockKey
    amount: int
    before: Mark | None
    advised: Advised | None


class Finding(NamedTuple):
    """What of one receipt a person must look at; ``place`` is that of its first line."""

    kind: Kind
    receipt: Receipt
    place: Place
    lines: tuple[Line, ...]


def find_odd(
    receipts: Sequence[Receipt], before: Mapping[Place, Mark], advised: Mapping[Place, Advised]
) -> Iterator[Finding]:
    """Yield what is odd of ``receipts``, in their order: one finding a receipt and kind.

    ``before`` is who received what before these, ``advised`` who was told of it.
    """
    first = dict(before)
    for receipt in receipts:
        lines = {place: _line(receipt, place, first, advised) for place in receipt.goods}
        for kind in KINDS:
            odd = {place: line for place, line in lines.items() if _is_odd(kind, receipt.mark, place, line)}
            if odd:
                yield Finding(kind, receipt, next(iter(odd)), tuple(odd.values()))
        for place in receipt.goods:
            first.setdefault(place, receipt.mark)


def decide_advice(
    kiosk: str,
    wanted: Mapping[StockKey, Advised],
    known: Mapping[StockKey, Advised],
    received: Mapping[StockKey, Mark],
) -> dict[StockKey, Advised]:
    """Return which lines of an advice ``kiosk`` is to be told: those that it was not told so before (rule 1).

    ``known`` and ``received`` are what the books have of that advice. Raises: Clash, and nothing is to be told.
    """
    news = {what: line for what, line in wanted.items() if known.get(what) != line}
    for what in news:
        there = known.get(what)
        if there is not None and there.kiosk != kiosk:
            raise Clash(f"{what.sku} of it was advised to {there.kiosk}, and no other kiosk may receive it")
        if what in received:
            raise Clash(f"{what.sku} of it was received as {received[what]}: give what comes now another number")
    mine = {what for what, line in known.items() if line.kiosk == kiosk}
    if len(mine | news.keys()) > MAX_LINES:
        raise Clash(f"it has more than {MAX_LINES} lines, which no receipt can name: give the rest another number")
    return news


def _line(receipt: Receipt, place: Place, first: Mapping[Place, Mark], advised: Mapping[Place, Advised]) -> Line:
    earlier = first.get(place)
    other = None if earlier == receipt.mark else earlier
    return Line(place.what, receipt.goods[place], other, advised.get(place))


def _is_odd(kind: Kind, mark: Mark, place: Place, line: Line) -> bool:
    mine = line.advised is not None and line.advised.kiosk == mark.kiosk
    match kind:
        case "delivery_twice":
            return line.before is not None
        case "delivery_not_advised":
            return bool(place.advice) and not mine
        case _:
            return mine and line.before is None and line.advised is not None and line.advised.amount != line.amount
