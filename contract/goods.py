"""What happened to goods, beside sales: wasted, counted, sent to another site. See :mod:`contract.facts`.

Lines that are only added up (sold, wasted) may name an account twice. Where a line is referred to later, or restates,
each account is named once.
"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.checks import check_amount, check_instant, check_once
from contract.facts import MAX_LINES, StockLine
from contract.stock import StockKey
from contract.values import (
    AmountField,
    CodeField,
    Condition,
    EpochField,
    InstantField,
    KioskIdField,
    PositionField,
    Quantity,
    SiteIdField,
    SkuField,
    TextField,
    TokenField,
)

MAX_TILLS: Final = 32  # of one site, beside the one that counts: more than a popup store has counters for
Lines = Annotated[list[StockLine], Meta(min_length=1, max_length=MAX_LINES)]


class GoneLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that left otherwise than by a sale; ``overdraft`` of them beyond the kiosk's account."""

    sku: SkuField
    quantity: Quantity
    condition: Condition = Condition.SELLABLE
    overdraft: AmountField = 0

    def __post_init__(self) -> None:
        """Refuse an empty line and an overdraft larger than the line."""
        check_amount(self.quantity)
        if self.overdraft > self.quantity.amount:
            raise ValueError("overdraft is more than the quantity")


GoneLines = Annotated[list[GoneLine], Meta(min_length=1, max_length=MAX_LINES)]


class StockWasted(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that are broken, spoilt or stolen, and why."""

    lines: GoneLines
    wasted_at: InstantField
    reason: TextField
    by: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.wasted_at)


class TillPosition(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a till's lane was: all up to ``position`` of that life had happened."""

    kiosk: KioskIdField
    epoch: EpochField
    position: PositionField


class ShelfLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What lies there of one sku in all, set-aside goods included."""

    sku: SkuField
    counted: Quantity
    condition: Condition = Condition.SELLABLE


class ShelfCounted(Struct, frozen=True, forbid_unknown_fields=True):
    """A blind count of the site's goods. It restates, so it names the position of every till that sells there.

    ``covers`` is the counting till's own position just before this fact; ``others`` are the site's other tills. The
    hub works out what is over or short once it holds them all; no kiosk corrects its own account.
    """

    lines: Annotated[list[ShelfLine], Meta(min_length=1, max_length=MAX_LINES)]
    counted_at: InstantField
    covers: PositionField
    others: Annotated[list[TillPosition], Meta(max_length=MAX_TILLS)] = []
    reason: TextField = ""
    by: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account or a till that is named twice."""
        check_instant(self.counted_at)
        check_once("an account", (StockKey(line.sku, line.condition, line.counted.unit) for line in self.lines))
        check_once("a till", (one.kiosk for one in self.others))


class TransferSent(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that left for another site of the region. They are in transit until that site has received them."""

    transfer: TokenField
    to: SiteIdField
    lines: GoneLines
    sent_at: InstantField
    by: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.sent_at)
        check_lines(self.lines)


class TransferReceived(Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that came from another site: what was there to unpack, whatever the slip says. Either half may be first."""

    transfer: TokenField
    origin: SiteIdField
    lines: Lines
    received_at: InstantField
    by: CodeField = ""

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader, and an account that is named twice."""
        check_instant(self.received_at)
        check_lines(self.lines)


def check_lines(lines: Iterable[StockLine | GoneLine]) -> None:
    """Refuse lines that name an account twice; raises ValueError."""
    check_once("an account", (StockKey(line.sku, line.condition, line.quantity.unit) for line in lines))
