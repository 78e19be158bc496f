"""The stock accounts of a till's lane, for reading."""

from msgspec import Struct

from contract.stock import Account
from contract.values import Condition, Seq, Sku, Unit
from kiosk.journal.database import translated
from kiosk.journal.journal import Journal

_FIELDS = tuple(Account.__struct_fields__)


class Kept(Struct, frozen=True):
    """One account: what of, in which unit, and its sums."""

    sku: Sku
    condition: Condition
    unit: Unit
    account: Account


def kept(journal: Journal, sku: Sku | None = None) -> list[Kept]:
    """Return every account by sku, or those of one sku.

    Raises: StorageFailed.
    """
    sql = f"SELECT sku, condition, unit, {', '.join(_FIELDS)} FROM accounts "  # noqa: S608
    sql += "WHERE sku = ? ORDER BY condition, unit" if sku is not None else "ORDER BY sku, condition, unit"
    with translated(journal.path):
        rows = journal.connection.execute(sql, () if sku is None else (sku,)).fetchall()
    return [Kept(Sku(row[0]), Condition(row[1]), Unit(row[2]), Account(*row[3:])) for row in rows]


def expected(journal: Journal, sku: Sku, unit: Unit) -> tuple[int, Seq]:
    """Return what the account of ``sku`` in ``unit`` holds, and at which position of the lane: one snapshot.

    Raises: StorageFailed.
    """
    key = (Condition.SELLABLE, unit)
    with translated(journal.path):
        journal.connection.execute("BEGIN")
        try:
            accounts = [one.account for one in kept(journal, sku) if (one.condition, one.unit) == key]
            return sum(account.available for account in accounts), journal.newest()
        finally:
            journal.connection.execute("COMMIT")
