"""The stock accounts of a till's lane, for reading."""

from msgspec import Struct

from contract.stock import Account, StockKey
from contract.values import Condition, Epoch, Seq, Sku, Unit
from kiosk.journal import accounts
from kiosk.journal.database import translated
from kiosk.journal.journal import Journal


class Kept(Struct, frozen=True):
    """One account: what of, in which unit, and its sums."""

    sku: Sku
    condition: Condition
    unit: Unit
    account: Account


def kept(journal: Journal, sku: Sku | None = None) -> list[Kept]:
    """Return every account of the present life by sku, or those of one sku.

    Raises: StorageFailed.
    """
    with translated(journal.path):
        found = accounts.every(journal.connection, sku=sku)
    return [Kept(*key, account) for key, account in found]


def past(journal: Journal) -> list[tuple[Epoch, Kept]]:
    """Return the accounts of earlier lives, to be looked at: their rights are the hub's.

    Raises: StorageFailed.
    """
    with translated(journal.path):
        found = accounts.every_past(journal.connection)
    return [(epoch, Kept(*key, account)) for epoch, key, account in found]


def account_of(journal: Journal, key: StockKey) -> Account:
    """Return one account of the present life: what is available, promisable and held.

    Raises: StorageFailed.
    """
    with translated(journal.path):
        return accounts.read(journal.connection, key)


def account_at(journal: Journal, key: StockKey) -> tuple[Account, Seq]:
    """Return one account, and the position of the lane that it stands for: one snapshot.

    Raises: StorageFailed.
    """
    with translated(journal.path):
        journal.connection.execute("BEGIN")
        try:
            return accounts.read(journal.connection, key), journal.newest()
        finally:
            journal.connection.execute("COMMIT")


def expected(journal: Journal, sku: Sku, unit: Unit) -> tuple[int, Seq]:
    """Return what the account of ``sku`` in ``unit`` holds, and at which position of the lane: one snapshot.

    Raises: StorageFailed.
    """
    account, position = account_at(journal, StockKey(sku, unit=unit))
    return account.available, position
