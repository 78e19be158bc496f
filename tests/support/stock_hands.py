"""Goods on the shelf of a till, and what it recorded about them."""

from contract.codec import decode
from contract.facts import StockLine
from contract.stock import Account, StockKey
from contract.values import Condition, Quantity, Sku, Unit
from kiosk.journal.stock import account_of

ESPRESSO = "4006381333931"


def line(sku, amount, unit=Unit.PIECE, condition=Condition.SELLABLE):
    return StockLine(Sku(sku), Quantity(amount, unit), condition)


def facts(station):
    """Return what the till recorded, in order."""
    journal = station.counter.desk.journal
    return [decode(raw).data for _, raw in journal.stored(journal.epoch)]


def account(station, sku, unit=Unit.PIECE, condition=Condition.SELLABLE) -> Account:
    return account_of(station.counter.desk.journal, StockKey(Sku(sku), condition, unit))


def fill(station, *lines):
    station.stockroom.receive(lines)
