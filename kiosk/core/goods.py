"""What a person does with goods beside ringing them up: waste, transfers, counts, and what a manager allows. Pure.

Rules
-----
1.  Goods that are broken, on the van or in the shopper's hand have left, whatever the books say; nothing stops that.
2.  Where a fact names goods that are referred to later, or restates them, each account stands in it once.
3.  A count is blind: what the books expect is said only after it was recorded, and it corrects no account of the till.
4.  Goods in hand beyond what this till may sell by right need an approver above a limit for each sku; so do goods that
    are wasted or sent. What left so before and is not settled counts in the limit, or many small baskets would pass
    any. Rights of the site's other tills, and goods in limbo there, count as cover once this till knows of them.
5.  Goods that this till keeps no stock of (nothing of them ever came in here) need nobody's approval: there is no
    account to protect, and a till without a stock take must sell.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from contract.down import Item
from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import (
    MAX_TILLS,
    GoneLine,
    ShelfCounted,
    ShelfLine,
    StockWasted,
    TillPosition,
    TransferReceived,
    TransferSent,
)
from contract.money import line_amount
from contract.rights import OverdraftBooked
from contract.stock import Account, StockKey
from contract.values import (
    MAX_AMOUNT,
    MAX_EPOCH,
    MAX_POSITION,
    BasketId,
    Condition,
    Epoch,
    KioskId,
    Money,
    Quantity,
    Seq,
    SiteId,
    Sku,
    Unit,
    parse_name,
)
from kiosk.core.basket import Basket, leaving
from kiosk.core.errors import Refused
from kiosk.core.words import Text, listed, say

_TILL: Final = re.compile(r"(?P<kiosk>[^=@]+)=(?P<epoch>[0-9]{1,9})@(?P<position>[0-9]{1,16})")
_NOBODY: Final[Mapping[StockKey, int]] = {}


class GoodsError(Refused):
    """That cannot be recorded like this; nothing happened. The message says what to do."""


class Meaningless(GoodsError):
    """That cannot be, however things stand: it was asked for wrongly. The message says what to give instead."""


class ApprovalNeeded(GoodsError):
    """More goods leave than the books have, by more than the limit: a manager must allow it. ``beyond`` names them."""

    def __init__(self, beyond: Sequence[StockLine]) -> None:
        """Name the goods and how many of them are beyond."""
        super().__init__(say("the books here lack {goods}: a manager must approve it", goods=listed_goods(beyond)))
        self.beyond = tuple(beyond)


class Discrepancy(Struct, frozen=True):
    """What a count found against this till's own books. ``value_minor`` is the difference at the catalogue's price."""

    sku: Sku
    condition: Condition
    counted: Quantity
    expected: int
    value_minor: Money | None

    @property
    def difference(self) -> int:
        """Return what is over (+) or short (-), in the quantity's unit."""
        return self.counted.amount - self.expected


def decide_waste(lines: Iterable[StockLine], *, reason: str, at: datetime, by: str = "") -> StockWasted:
    """Return the fact that goods are broken, spoilt or stolen.

    Raises: GoodsError without a reason, or without goods.
    """
    if not reason.strip():
        raise Meaningless(say("waste needs a reason, such as 'broken': say which"))
    return StockWasted(_gone(lines), at, reason, by)


def decide_send(
    lines: Iterable[StockLine], *, transfer: str, here: SiteId, to: SiteId, at: datetime, by: str = ""
) -> TransferSent:
    """Return the fact that goods left for the site ``to``; the journal says what of them was beyond the books.

    Raises: GoodsError if that is this site, or without goods.
    """
    if to == here:
        raise Meaningless(say("{site} is this site: name the one that the goods go to", site=to))
    return TransferSent(transfer, to, _gone(lines), at, by)


def decide_arrive(
    lines: Iterable[StockLine], *, transfer: str, here: SiteId, origin: SiteId, at: datetime, by: str = ""
) -> TransferReceived:
    """Return the fact that goods of a transfer were unpacked here.

    Raises: GoodsError if they come from this site, or without goods.
    """
    if origin == here:
        raise Meaningless(say("{site} is this site: name the one that the goods come from", site=origin))
    return TransferReceived(transfer, origin, merged(lines), at, by)


def decide_shelf_count(
    lines: Iterable[ShelfLine],
    *,
    kiosk: KioskId,
    covers: Seq,
    others: Iterable[TillPosition],
    at: datetime,
    reason: str = "",
    by: str = "",
) -> ShelfCounted:
    """Return the fact of a blind count; what was counted in two places is put together.

    Raises: GoodsError if the counting till, or one till twice, is among the others, and for an empty count.
    """
    tills = list(others)
    named = Counter(one.kiosk for one in tills)
    if named[kiosk]:
        raise Meaningless(say("{till} is the till that counts: name the other tills of the site only", till=kiosk))
    if twice := [name for name, times in named.items() if times > 1]:
        raise Meaningless(say("till {till} is named twice: name each once", till=twice[0]))
    if len(tills) > MAX_TILLS:
        raise Meaningless(
            say(
                "{n} tills are named: a site has at most {most} beside the one that counts",
                n=len(tills),
                most=MAX_TILLS,
            )
        )
    counted = _sums((StockKey(line.sku, line.condition, line.counted.unit), line.counted.amount) for line in lines)
    shelf = [ShelfLine(key.sku, Quantity(amount, key.unit), key.condition) for key, amount in counted.items()]
    return ShelfCounted(shelf, at, covers, tills, reason, by)


def read_till(text: str) -> TillPosition:
    """Return ``kiosk=epoch@position``, as ``k2=1@812``: how far another till of the site was when goods were counted.

    Raises: Malformed.
    """
    match = _TILL.fullmatch(text.strip())
    if match is None or not 1 <= int(match["epoch"]) <= MAX_EPOCH or int(match["position"]) > MAX_POSITION:
        raise Malformed(f"{text[:60]!r} is not a till's position such as k2=1@812", "till")
    return TillPosition(
        KioskId(parse_name(match["kiosk"], "till")), Epoch(int(match["epoch"])), Seq(int(match["position"]))
    )


def listed_goods(lines: Iterable[StockLine]) -> Text:
    """Return goods as a part of a sentence: ``2 pc of 4711, 500 g of HAM``."""
    named = ((line.quantity.amount, unit_word(line.quantity.unit), line.sku) for line in lines)
    return listed([say("{amount} {unit} of {sku}", amount=amount, unit=unit, sku=sku) for amount, unit, sku in named])


def unit_word(unit: Unit) -> str:
    """Return what goods are counted or measured in; only pieces have a word of each language."""
    return say("pc") if unit is Unit.PIECE else unit.value


def on_shelf(account: Account) -> int:
    """Return what lies there by this till's own books, goods set aside included; rights are no goods."""
    came = account.received + account.returned + account.arrived + account.adjusted
    return came - account.sold - account.wasted - account.sent


def is_kept(account: Account) -> bool:
    """Return whether this till keeps stock of the goods: something of them ever came in (rule 5)."""
    parts = (account.received, account.returned, account.arrived, account.granted, account.moved_in, account.adjusted)
    return any(parts)


def compare(
    lines: Iterable[ShelfLine], expected: Mapping[StockKey, int], items: Mapping[Sku, Item]
) -> list[Discrepancy]:
    """Return every counted line beside what the books expected, and the value of the difference if there is a price."""
    return [_compare(line, expected, items.get(line.sku)) for line in lines]


def merged(lines: Iterable[StockLine]) -> list[StockLine]:
    """Return the lines with each account once, in the order of their first mention (rule 2).

    Raises: GoodsError if there are none, or one is more than a fact can say.
    """
    amounts = _sums((_key(line), line.quantity.amount) for line in lines)
    return [StockLine(key.sku, Quantity(amount, key.unit), key.condition) for key, amount in amounts.items()]


def find_beyond(
    basket: Basket, accounts: Mapping[StockKey, Account], *, limit: int, cover: Mapping[StockKey, int] = _NOBODY
) -> list[StockLine]:
    """Return what of ``basket`` needs an approver: see :func:`find_lacking`. What was set aside for it covers it."""
    lines = [StockLine(sku, quantity) for sku, quantity in leaving(basket)]
    covered = Counter(cover)
    for line in basket.collects.lines if basket.collects else ():
        covered[_key(line)] += line.quantity.amount
    return find_lacking(lines, accounts, limit=limit, cover=covered)


def find_lacking(
    lines: Iterable[StockLine],
    accounts: Mapping[StockKey, Account],
    *,
    limit: int,
    cover: Mapping[StockKey, int] = _NOBODY,
) -> list[StockLine]:
    """Return what of ``lines`` lies beyond account and ``cover`` where that, and all that left so, is above ``limit``.

    The limit is in pieces, kg, l or m of each sku. What the hub has not settled yet of earlier overdrafts counts in it
    (rule 4). An account that is missing, or that nothing ever came into, is not kept here (rule 5).
    """
    wanted: Counter[StockKey] = Counter()
    for line in lines:
        wanted[_key(line)] += line.quantity.amount
    kept = {key: accounts[key] for key in wanted if key in accounts and is_kept(accounts[key])}
    beyond = {key: wanted[key] - max(0, account.available) - max(0, cover.get(key, 0)) for key, account in kept.items()}
    return [
        StockLine(key.sku, Quantity(min(amount, MAX_AMOUNT), key.unit), key.condition)
        for key, amount in beyond.items()
        if amount > 0 and amount + _unsettled(kept[key]) > limit * key.unit.per
    ]


def decide_overdraft(
    beyond: Sequence[StockLine], *, approved_by: str, at: datetime, basket: BasketId | None = None
) -> list[OverdraftBooked]:
    """Return what to record before the sale: nothing where nothing is ``beyond``, else who allowed it (rule 4).

    Raises: ApprovalNeeded.
    """
    if not beyond:
        return []
    if not approved_by:
        raise ApprovalNeeded(beyond)
    return [OverdraftBooked(list(beyond), approved_by, at, basket)]


def _unsettled(account: Account) -> int:
    return max(0, account.overdraft - account.settled)


def _gone(lines: Iterable[StockLine]) -> list[GoneLine]:
    return [GoneLine(line.sku, line.quantity, line.condition) for line in merged(lines)]


def _key(line: StockLine) -> StockKey:
    return StockKey(line.sku, line.condition, line.quantity.unit)


def _sums(amounts: Iterable[tuple[StockKey, int]]) -> Mapping[StockKey, int]:
    sums: Counter[StockKey] = Counter()
    for key, amount in amounts:
        sums[key] += amount
    if not sums:
        raise GoodsError(say("no goods are named: name a sku and how many"))
    if large := [key for key, amount in sums.items() if amount > MAX_AMOUNT]:
        raise GoodsError(say("{sku} is more than {most} in all: name less", sku=large[0].sku, most=MAX_AMOUNT))
    return sums


def _compare(line: ShelfLine, expected: Mapping[StockKey, int], item: Item | None) -> Discrepancy:
    key = StockKey(line.sku, line.condition, line.counted.unit)
    books = expected.get(key, 0)
    value = None
    if item is not None and item.price_minor is not None and item.unit is line.counted.unit:
        value = line_amount(line.counted.amount - books, item.price_minor, item.price_per)
    return Discrepancy(line.sku, line.condition, line.counted, books, value)
