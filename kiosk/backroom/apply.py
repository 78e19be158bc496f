"""Applies what the hub sent: link.db -> the local view. A fact that cannot be read is set aside; the rest flows on."""

import logging
from pathlib import Path
from typing import Final

from contract.codec import decode_down
from contract.down import AvailabilityChanged, CatalogueChanged, ConfigChanged, PriceChanged
from contract.envelope import LogSource
from contract.errors import Malformed
from contract.registry import Data
from contract.streams import AVAILABILITY
from contract.values import Currency
from kiosk.journal.catalogue import Catalogue, put_item, set_price, withdraw_item
from kiosk.journal.database import checkpoint, immediate
from kiosk.journal.elsewhere import FILE, Elsewhere
from kiosk.journal.links import LinkReader
from kiosk.journal.shops import save_shop

log = logging.getLogger(__name__)

_AT_ONCE: Final = 64  # facts read from link.db in one go: some 10 MiB at most


class Backroom:
    """One kiosk's applier of down facts."""

    def __init__(self, data_dir: Path, currency: Currency) -> None:
        """Open the catalogue; ``link.db`` is read once the bridge has made it.

        Raises: JournalError.
        """
        self._currency = currency
        self._catalogue = Catalogue(data_dir / "catalogue.db")
        self._elsewhere = Elsewhere(data_dir / FILE)
        self._link = LinkReader(data_dir / "link.db")

    def step(self) -> int:
        """Apply what has come since, each fact in its own transaction with its cursor; return how many."""
        found = self._link.down_facts(self._cursors(), _AT_ONCE)
        for name, generation, position, raw in found:
            if name == AVAILABILITY:
                self._tell(generation, position, raw)
            else:
                self._apply(name, generation, position, raw)
        if found:
            checkpoint(self._catalogue.connection, self._catalogue.path)
            self._elsewhere.tidy()
        return len(found)

    def close(self) -> None:
        """Close the files."""
        self._catalogue.close()
        self._elsewhere.close()

    def _cursors(self) -> dict[str, tuple[int, int]]:
        rows = self._catalogue.connection.execute("SELECT log, generation, position FROM cursors")
        known = {name: (generation, position) for name, generation, position in rows}
        return known | {AVAILABILITY: self._elsewhere.cursor()}

    def _tell(self, generation: int, position: int, raw: bytes) -> None:
        """Note what is available elsewhere; what cannot be read is passed over: it is told anew within a day."""
        data, why = self._read(raw, generation, position)
        if why:
            log.warning("passed over fact %s of %s@%s: %s", position, AVAILABILITY, generation, why)
        self._elsewhere.apply(generation, position, data if isinstance(data, AvailabilityChanged) else None)

    def _apply(self, name: str, generation: int, position: int, raw: bytes) -> None:
        data, why = self._read(raw, generation, position)
        with immediate(self._catalogue.connection, self._catalogue.path) as db:
            if why:
                log.warning("set aside fact %s of %s@%s: %s", position, name, generation, why)
                db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)", (name, generation, position, why))
            match data:
                case CatalogueChanged(items=items, withdrawn=withdrawn):
                    for item in items:
                        put_item(db, item)
                    for sku in withdrawn:
                        withdraw_item(db, sku)
                case PriceChanged(prices=prices):
                    for price in prices:
                        set_price(db, price)
                case ConfigChanged():
                    settings = {"receipt_header": data.receipt_header, "receipt_footer": data.receipt_footer}
                    db.executemany("INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", settings.items())
                    save_shop(db, data.shop)
                case _:
                    pass
            db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (name, generation, position))

    def _read(self, raw: bytes, generation: int, position: int) -> tuple[Data | None, str]:
        try:
            fact = decode_down(raw)
        except Malformed as error:
            return None, str(error)
        if not isinstance(fact.source, LogSource) or fact.source.generation != generation or fact.seq != position:
            return None, f"it says it is number {fact.seq} of {fact.source}"
        currency = getattr(fact.data, "currency", self._currency)
        if currency != self._currency:
            return None, f"prices in {currency}; this kiosk sells in {self._currency}"
        return fact.data, ""
