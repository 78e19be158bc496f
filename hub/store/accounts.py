"""Statements of the mirrors: each kiosk's accounts as its applied facts left them. Call them with the kiosk locked."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, case, select

from contract.stock import TERMS, Account, StockKey
from contract.values import Condition, Sku, Unit
from hub.store.rights_tables import accounts
from hub.store.upsert import Insert, Many, insert

AT_ONCE: Final = 500  # skus in one statement; databases take some tens of thousands of values
MAX_KEYS: Final = 50_000  # that are kept made: a large region's catalogue in a few units; some 10 MB
_KEY: Final = ("kiosk_id", "epoch", "sku", "condition", "unit")


class AccountKey(NamedTuple):
    """One account of one life of a kiosk, and the site that it is at."""

    kiosk_id: int
    epoch: int
    what: StockKey
    region: str
    site: str


class Issued(NamedTuple):
    """An account beside what was ever granted to it."""

    account: Account
    issued: int

    @property
    def balance(self) -> int:
        """Return what its life still holds or will: available, set aside and in flight."""
        return self.account.available + self.account.held + self.issued - self.account.granted


def add(connection: Connection, sums: Mapping[AccountKey, Mapping[str, int]]) -> None:
    """Add to the mirrors; each sum has the terms that changed.

    Few do at a time, and what a row costs goes by its columns: rows of a kind go together.
    """
    kinds: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for key in sorted(sums):
        changed = {term: n for term, n in sums[key].items() if n}
        kinds.setdefault(tuple(sorted(changed)), []).append(_key_row(key) | changed)
    for terms, rows in kinds.items():
        _adding(terms).run(connection, rows)


def read(connection: Connection, kiosk_id: int, epoch: int) -> Iterator[tuple[StockKey, Issued]]:
    """Yield every account of one life."""
    where = (accounts.c.kiosk_id == kiosk_id, accounts.c.epoch == epoch)
    for row in connection.execute(_READ.where(*where).order_by(accounts.c.sku, accounts.c.condition, accounts.c.unit)):
        yield stock_key(row.sku, row.condition, row.unit), _issued(row)


def issued(connection: Connection, kiosk_id: int, epoch: int, keys: Sequence[StockKey]) -> dict[StockKey, int]:
    """Return what was ever granted to the accounts ``keys`` of one life, 0 for those that are not there."""
    wanted = set(keys)
    found = dict.fromkeys(keys, 0)
    for start in range(0, len(keys), AT_ONCE):
        skus = sorted({key.sku for key in keys[start : start + AT_ONCE]})
        where = (accounts.c.kiosk_id == kiosk_id, accounts.c.epoch == epoch, accounts.c.sku.in_(skus))
        for row in connection.execute(_READ.where(*where)):
            key = stock_key(row.sku, row.condition, row.unit)
            if key in wanted:
                found[key] = row.issued
    return found


def raise_granted(connection: Connection, totals: Mapping[AccountKey, int]) -> None:
    """Note what kiosks are known to have applied; a lower sum is old news."""
    _RAISE.run(connection, [_key_row(key) | {"granted": totals[key]} for key in sorted(totals)])


def add_issued(connection: Connection, amounts: Mapping[AccountKey, int]) -> None:
    """Add to what was ever granted."""
    _ISSUE.run(connection, [_key_row(key) | {"issued": amounts[key]} for key in sorted(amounts)])


@lru_cache(maxsize=MAX_KEYS)
def stock_key(sku: str, condition: str, unit: str) -> StockKey:
    """Return the key as the contract has it."""
    return StockKey(Sku(sku), Condition(condition), Unit(unit))


_READ: Final = select(
    accounts.c.sku, accounts.c.condition, accounts.c.unit, *(accounts.c[term] for term in TERMS), accounts.c.issued
)
_ADDING: Final[dict[tuple[str, ...], Many]] = {}  # a sale, a receipt, a count …: one statement a kind, some dozens


def _adding(terms: tuple[str, ...]) -> Many:
    if terms not in _ADDING:
        _ADDING[terms] = Many(lambda connection: _sum(connection, terms))
    return _ADDING[terms]


def _sum(connection: Connection, terms: Sequence[str]) -> Insert:
    statement = insert(connection, accounts)
    if not terms:
        return statement.on_conflict_do_nothing()
    sums = {term: accounts.c[term] + statement.excluded[term] for term in terms}
    return statement.on_conflict_do_update(index_elements=list(_KEY), set_=sums)


def _larger(connection: Connection) -> Insert:
    statement = insert(connection, accounts)
    told = statement.excluded.granted
    larger = case((accounts.c.granted < told, told), else_=accounts.c.granted)
    return statement.on_conflict_do_update(index_elements=list(_KEY), set_={"granted": larger})


_RAISE: Final = Many(_larger)
_ISSUE: Final = Many(lambda connection: _sum(connection, ("issued",)))


def _key_row(key: AccountKey) -> dict[str, Any]:
    return {
        "kiosk_id": key.kiosk_id,
        "epoch": key.epoch,
        "sku": key.what.sku,
        "condition": key.what.condition,
        "unit": key.what.unit,
        "region": key.region,
        "site": key.site,
    }


def _issued(row: Any) -> Issued:
    return Issued(Account(**{term: getattr(row, term) for term in TERMS}), row.issued)
