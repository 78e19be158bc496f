"""Facts read from their stored bytes with nothing but JSON and SHA-256, as docs/facts.md describes them. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

NO_DIGEST: Final = "0" * 64  # what the first fact of a chain carries
_SEQUENCE_DIGITS: Final = 16

Goods = tuple[tuple[tuple[str, str], int], ...]  # ((sku, unit), amount), in one order
Term = tuple[str, str, str, str]  # sku, condition, unit, term


class Place(NamedTuple):
    """One kiosk."""

    region: str
    site: str
    kiosk: str

    def __str__(self) -> str:
        """Return it as people name it."""
        return "/".join(self)


class Paper(NamedTuple):
    """The receipt that a sale or refund makes."""

    kind: str
    receipt: str
    basket: str
    total_minor: int
    currency: str


class Fact(NamedTuple):
    """One stored fact: where it lies, what its bytes come to, what it moves; ``faults`` are its own."""

    epoch: int
    seq: int
    digest: str
    prev: str = ""
    type: str = ""
    goods: Goods = ()
    moves: tuple[tuple[Term, int], ...] = ()
    paper: Paper | None = None
    faults: tuple[str, ...] = ()
    wrong_money: bool = False
    deed: str = ""  # the id of the basket, delivery, transfer, waste or promise that it tells of


class Stored(NamedTuple):
    """A row of facts, in a journal or at the hub."""

    epoch: int
    seq: int
    type: str
    raw: bytes
    digest: str


def read_fact(row: Stored, place: Place, twin: Fact | None = None) -> Fact:
    """Return the till's fact in a row, with whatever is wrong about it.

    ``twin`` was read at the same position elsewhere: where the bytes are the same, they need not be read again.
    """
    digest = hashlib.sha256(row.raw).hexdigest()
    if twin and not twin.faults and (digest, row.digest, row.type) == (twin.digest, digest, twin.type):
        return twin
    try:
        event = json.loads(row.raw)
        data, kind = event["data"], str(event["type"])
        faults = tuple(_faults(row, event, digest, place))
        paper = _paper(kind, data)
        wrong_money = bool(paper) and not _adds_up(data)
        prev, goods, moves = str(event["prev"]), _goods(kind, data), tuple(_moves(kind, data).items())
        deed = _deed(data)
    except (ValueError, LookupError, TypeError) as error:
        return Fact(row.epoch, row.seq, digest, faults=(f"cannot be read: {error!r}",))
    return Fact(row.epoch, row.seq, digest, prev, kind, goods, moves, paper, faults, wrong_money, deed)


def goods_of(lines: Iterable[tuple[str, str, int]]) -> Goods:
    """Return how much of what is in ``lines`` (sku, unit, amount), whatever their order and number."""
    total: Counter[tuple[str, str]] = Counter()
    for sku, unit, amount in lines:
        total[sku, unit] += amount
    return tuple(sorted(total.items()))


def _faults(row: Stored, event: dict[str, Any], digest: str, place: Place) -> Iterator[str]:
    if row.digest != digest:
        yield "its bytes are not those that were recorded"
    if row.type != event["type"]:
        yield f"it is kept as a {row.type}, and says {event['type']}"
    if event["id"] != str(row.seq) or event["sequence"] != f"{row.seq:0{_SEQUENCE_DIGITS}d}":
        yield f"it says that it is number {event['id']}"
    source = f"/regions/{place.region}/sites/{place.site}/kiosks/{place.kiosk}/{row.epoch}/till"
    if event["source"] != source:
        yield f"it says that it comes from {event['source']}"


def _paper(kind: str, data: dict[str, Any]) -> Paper | None:
    subject = kind.partition(".")[0]
    if subject not in {"sale", "refund"}:
        return None
    return Paper(subject, data["receipt"], data["basket"], data["total_minor"], data["currency"])


def _deed(data: dict[str, Any]) -> str:
    named = next((data[key] for key in ("basket", "transfer", "promise", "reservation") if data.get(key)), "")
    return str(named or data.get("reason", "").rpartition(" ")[2])


def _adds_up(data: dict[str, Any]) -> bool:
    lines = sum(line["amount_minor"] for line in data["lines"])
    return bool(lines == data["total_minor"] == sum(payment["amount_minor"] for payment in data["payments"]))


def _goods(kind: str, data: dict[str, Any]) -> Goods:
    key = "counted" if kind.startswith("stock.counted.") else "quantity"
    lines = data.get("lines", ())
    return goods_of((line["sku"], line[key].get("unit", "pc"), line[key]["amount"]) for line in lines)


_TERMS_OF: Final = {
    "stock.wasted": "wasted",
    "transfer.sent": "sent",
    "transfer.received": "arrived",
    "rights.released": "released",
    "rights.moved": "moved_out",
    "rights.accepted": "moved_in",
    "reservation.held": "held",
    "reservation.collected": "held",
    "reservation.lapsed": "held",
    "reservation.cancelled": "held",
}
_SIGNS: Final = {"reservation.collected": -1, "reservation.lapsed": -1, "reservation.cancelled": -1}
_ONLY_ASK: Final = {"rights.requested", "reservation.requested", "promise.told", "overdraft.booked"}


def _moves(kind: str, data: dict[str, Any]) -> Counter[Term]:
    moved: Counter[Term] = Counter()
    for line in data.get("lines", ()):
        for condition, unit, term, amount in _line_moves(kind.rpartition(".")[0], line):
            moved[line["sku"], condition, unit, term] += amount
    return moved


def _line_moves(kind: str, line: dict[str, Any]) -> Iterator[tuple[str, str, str, int]]:
    quantity = line["counted"] if kind == "stock.counted" else line["quantity"]
    if kind in _ONLY_ASK:
        return
    unit, amount = quantity.get("unit", "pc"), quantity["amount"]
    condition = line.get("condition", "sellable")
    match kind:
        case "sale.recorded":
            yield "sellable", unit, "sold", amount
            yield "sellable", unit, "overdraft", line.get("overdraft", 0)
        case "refund.recorded":
            yield "sellable" if line.get("restock", True) else "damaged", unit, "returned", amount
        case "stock.received":
            yield condition, unit, "received", amount
        case "stock.counted" if "expected" in line:
            yield condition, unit, "adjusted", amount - line["expected"]
        case "stock.counted":
            return  # of the second version: the hub corrects its own sums by it, and nobody's account
        case "stock.wasted" | "transfer.sent":
            yield condition, unit, _TERMS_OF[kind], amount
            yield condition, unit, "overdraft", line.get("overdraft", 0)
        case _ if kind in _TERMS_OF:
            yield condition, unit, _TERMS_OF[kind], amount * _SIGNS.get(kind, 1)
        case _:
            raise ValueError(f"goods in a {kind}, which this checker does not know")
