"""Goods, times and money as a person writes them on the command line, and errors of one line about them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from contract.errors import Malformed
from contract.facts import StockLine
from contract.values import MAX_AMOUNT, Condition, Currency, Money, Quantity, SiteId, Sku, Unit, parse_sku
from kiosk.core import goods, promises, reservations
from kiosk.core.checkout import CheckoutError
from kiosk.core.entry import EntryError, as_gtin, parse_price
from kiosk.core.goods import ApprovalNeeded, GoodsError
from kiosk.core.parking import ParkingError
from kiosk.core.ports import DeskError
from kiosk.core.promises import PromiseError
from kiosk.core.reservations import ReservationError
from kiosk.core.stock_take import BadQuantity, read_quantity
from kiosk.core.tender import TenderError
from kiosk.journal.elsewhere import FILE, ElsewhereReader
from kiosk.journal.errors import JournalError
from kiosk.journal.stock import kept
from kiosk.stockroom import LocalStockroom
from kiosk.tools.files import Refused, UsedWrongly

NEGATIVE: Final = {"ignore_unknown_options": True}  # else a quantity of -3 is taken for an option
MAX_ID: Final = 32  # of an approver or an advice, as facts hold them
MAX_REASON: Final = 200  # the same
_REFUSALS: Final = (CheckoutError, GoodsError, ParkingError, PromiseError, ReservationError, TenderError)
_WRONGLY: Final = (goods.Meaningless, promises.Meaningless, reservations.Meaningless)
_TIME: Final = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
_SHOWN: Final = 8  # sites that a refusal names: what one line bears
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
by_whom = click.option("--by", default="", metavar="ID", help="Who does it, or approves it: at most 32 characters.")
damaged = click.option("--damaged", is_flag=True, help="Goods that cannot be sold, which are kept apart.")
goods_argument = click.argument("goods", nargs=-1, required=True, metavar="SKU QTY [SKU QTY]...")


@contextmanager
def refusals() -> Iterator[None]:
    """Say in one line why something was not done.

    Raises: Refused; UsedWrongly for what cannot be, however things stand.
    """
    try:
        yield
    except JournalError:
        raise
    except _WRONGLY as error:
        raise UsedWrongly(str(error)) from error
    except ApprovalNeeded as error:
        raise Refused(f"{error}: count again, or give --by with the manager's id") from error
    except (*_REFUSALS, DeskError) as error:
        raise Refused(str(error)) from error


def read_goods(room: LocalStockroom, words: Sequence[str], *, is_damaged: bool = False) -> list[StockLine]:
    """Return the goods that pairs of words name.

    Raises: UsedWrongly, Refused.
    """
    condition = condition_of(damaged=is_damaged)
    return [StockLine(sku, quantity, condition) for sku, quantity in read_pairs(room, words, least=1)]


def read_pairs(room: LocalStockroom, words: Sequence[str], *, least: int) -> list[tuple[Sku, Quantity]]:
    """Return which goods, and how many of them, pairs of words name: a sku or a barcode, then ``12`` or ``1.5kg``.

    Raises: UsedWrongly, Refused.
    """
    if len(words) % 2:
        raise UsedWrongly(f"{words[-1][:40]!r} has no quantity: give pairs, such as 4711 24")
    pairs = [_read_pair(room, sku, qty, least) for sku, qty in zip(words[::2], words[1::2], strict=True)]
    sums: Counter[Sku] = Counter()
    for sku, quantity in pairs:
        sums[sku] += quantity.amount
        if sums[sku] > MAX_AMOUNT:
            raise UsedWrongly(f"{sku}: more than {MAX_AMOUNT} in all: name less")
    return pairs


def read_sku(room: LocalStockroom, text: str) -> Sku:
    """Return the sku that a sku or a barcode of the catalogue means.

    Raises: UsedWrongly.
    """
    gtin = as_gtin(text)
    if gtin and (item := room.catalogue.scan(gtin)):
        return item.sku
    try:
        return parse_sku(text)
    except Malformed as error:
        raise UsedWrongly(f"{error.what}: give a sku, see 'kiosk catalogue search'") from error


def unit_of(room: LocalStockroom, sku: Sku) -> Unit | None:
    """Return what the goods are counted in, None where nobody ever heard of them."""
    if item := room.catalogue.item(sku):
        return item.unit
    accounts = kept(room.journal, sku)
    return accounts[0].unit if accounts else None


def read_time(option: str, text: str) -> timedelta:
    """Return a length of time such as ``90m``, ``2h`` or ``3d``.

    Raises: UsedWrongly.
    """
    match = _TIME.fullmatch(text.strip().lower())
    if match is None:
        raise UsedWrongly(f"{option}: {text[:40]!r} is not a time such as 90m, 2h or 3d")
    return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})


def read_money(option: str, text: str, currency: Currency) -> Money:
    """Return an amount such as ``12.50``.

    Raises: UsedWrongly.
    """
    try:
        return parse_price(text, currency)
    except EntryError as error:
        raise UsedWrongly(f"{option}: {error}") from error


def check_text(option: str, text: str, longest: int) -> None:
    """Refuse what no fact can hold.

    Raises: UsedWrongly.
    """
    if len(text) > longest or not text.isprintable():
        raise UsedWrongly(f"{option}: give at most {longest} printable characters")


def check_site(data_dir: Path, option: str, site: SiteId, *, sure: bool) -> None:
    """Refuse a site that the hub never told of, unless the person is ``sure``: goods would leave for nobody.

    What is told of sites comes with what is available there, so one that has no goods yet is not among them. A kiosk
    that was told of none knows nothing, and lets it be.

    Raises: Refused.
    """
    reader = ElsewhereReader(data_dir / FILE)
    try:
        known = reader.sites()
    finally:
        reader.close()
    if known and site not in known and not sure:
        shown = ", ".join(known[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
        raise Refused(f"{option}: nothing was told here of a site {site}, only of {shown}: give its name, or --sure")


def condition_of(*, damaged: bool) -> Condition:
    """Return the condition that an option says."""
    return Condition.DAMAGED if damaged else Condition.SELLABLE


def lines_json(room: LocalStockroom, lines: Sequence[StockLine]) -> list[dict[str, Any]]:
    """Return goods as JSON."""
    items = room.items(line.sku for line in lines)
    return [
        {
            "sku": line.sku,
            "name": items[line.sku].name if line.sku in items else "",
            "condition": line.condition,
            "amount": line.quantity.amount,
            "unit": line.quantity.unit,
        }
        for line in lines
    ]


def _read_pair(room: LocalStockroom, text: str, qty: str, least: int) -> tuple[Sku, Quantity]:
    sku = read_sku(room, text)
    unit = unit_of(room, sku)
    try:
        quantity = read_quantity(qty, unit or Unit.PIECE, least=least)
    except BadQuantity as error:
        raise UsedWrongly(f"{sku}: {error}") from error
    if unit is None:
        raise Refused(f"sku {sku!r} is not known here: import it first, see 'kiosk catalogue import --help'")
    return sku, quantity
