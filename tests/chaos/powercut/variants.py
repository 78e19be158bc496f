"""The real desk, and desks with a bug that only a power cut shows: each must be caught, or the proof is blind."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from contract.every import UpFact
from contract.facts import SaleRecorded
from kiosk.bootstrap import LocalDesk, open_journal
from kiosk.config import load_config
from kiosk.core.ports import Recorded

# Triggers of the connection alone, not of the file: while they stand, a basket stays as it is.
_HOLD: Final = (
    "CREATE TEMP TRIGGER hold_state BEFORE UPDATE ON main.baskets BEGIN SELECT RAISE(IGNORE); END",
    "CREATE TEMP TRIGGER hold_lines BEFORE DELETE ON main.basket_lines BEGIN SELECT RAISE(IGNORE); END",
)
_LET_GO: Final = ("DROP TRIGGER temp.hold_state", "DROP TRIGGER temp.hold_lines")


class Variant(StrEnum):
    """Which desk sells."""

    REAL = "real"
    OFF = "off"  # synchronous=OFF: nothing is synced
    NORMAL = "normal"  # synchronous=NORMAL: the log is synced at checkpoints only
    SAYS_FIRST = "says-first"  # the seller says done, then the sale is recorded
    CLOSES_LATER = "closes-later"  # the basket is closed in a transaction of its own, after the sale's


BUGS: Final = tuple(variant for variant in Variant if variant is not Variant.REAL)


class ClosesLater(LocalDesk):
    """Records a sale first, and closes its basket after that."""

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        """Commit facts without closing baskets; then close them."""
        connection = self.journal.connection
        for statement in _HOLD:
            connection.execute(statement)
        try:
            recorded = super().record(facts)
        finally:
            for statement in _LET_GO:
                connection.execute(statement)
        for fact in facts:
            if isinstance(fact, SaleRecorded):
                self._close(fact.basket)
        return recorded

    def _close(self, basket: str) -> None:
        connection = self.journal.connection
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE baskets SET state = 'sold' WHERE id = ?", (basket,))
        connection.execute("DELETE FROM basket_lines WHERE basket = ?", (basket,))
        connection.execute("COMMIT")


def open_variant(variant: Variant, data: Path) -> LocalDesk:
    """Return the desk of a data folder, with the variant's bug."""
    config = load_config(data)
    journal, clock = open_journal(data, config)
    desk = (ClosesLater if variant is Variant.CLOSES_LATER else LocalDesk)(data, config, clock, journal)
    if variant in {Variant.OFF, Variant.NORMAL}:
        journal.connection.execute(f"PRAGMA synchronous={variant.upper()}")
    return desk
