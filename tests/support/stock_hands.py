"""Goods on the shelf of a till, and what it recorded about them."""

from typing import Any

from contract.codec import decode
from contract.facts import StockLine
from contract.stock import Account, StockKey
from contract.values import Condition, Quantity, Sku, Unit
from kiosk.bootstrap import LocalDesk
from kiosk.core.dialogue import Prompt, Talk
from kiosk.core.notices import Notice
from kiosk.core.station import Station
from kiosk.journal.journal import Journal
from kiosk.journal.stock import account_of

ESPRESSO = "4006381333931"


def line(sku: str, amount: int, unit: Unit = Unit.PIECE, condition: Condition = Condition.SELLABLE) -> StockLine:
    return StockLine(Sku(sku), Quantity(amount, unit), condition)


def journal_of(station: Station) -> Journal:
    desk = station.counter.desk
    assert isinstance(desk, LocalDesk)
    return desk.journal


def facts(station: Station) -> list[Any]:
    """Return what the till recorded, in order."""
    journal = journal_of(station)
    return [decode(raw).data for _, raw in journal.stored(journal.epoch)]


def account(station: Station, sku: str, unit: Unit = Unit.PIECE) -> Account:
    return account_of(journal_of(station), StockKey(Sku(sku), unit=unit))


def fill(station: Station, *lines: StockLine) -> None:
    station.stockroom.receive(lines)


def asked(talk: Talk) -> Prompt:
    """Return the question that stands; fails the test where there is none."""
    assert talk.prompt is not None, f"nothing is asked: {talk.notice}"
    return talk.prompt


def told(talk: Talk) -> list[str]:
    """Return what is told above the question."""
    return [str(row) for row in asked(talk).told]


def said(notice: Notice | None) -> Notice:
    """Return what a dialogue said at its end; fails the test where it said nothing."""
    assert notice is not None
    return notice


def text(notice: Notice | None) -> str:
    return said(notice).text
