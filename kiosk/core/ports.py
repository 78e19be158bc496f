"""What the till's screens and tools may ask of the rest of the kiosk, as Protocols.

Screens know core and these; ``kiosk.bootstrap`` decides what stands behind them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from contract.codec import Stamp
from contract.down import Item
from contract.facts import UpFact
from contract.values import BasketId, Gtin, Receipt, Seq, Sku
from kiosk.core.basket import Basket


class Recorded(Struct, frozen=True):
    """A fact that is committed and synced. ``data`` is what was stored: with its receipt number and overdrafts."""

    seq: Seq
    data: UpFact

    @property
    def receipt(self) -> Receipt | None:
        """Return the receipt number, for facts that have one."""
        return getattr(self.data, "receipt", None)


class LinkState(Struct, frozen=True):
    """What the status line says of the link."""

    configured: bool
    connected: bool = False
    unsent: int = 0
    acked_at: datetime | None = None
    problem: str = ""


class Record(Protocol):
    """The one way to make something true: all facts together in one synced transaction, or an error and none."""

    def __call__(self, facts: Sequence[UpFact]) -> Sequence[Recorded]:
        """Commit ``facts``.

        Raises: kiosk.journal.errors.JournalError; nothing was recorded then.
        """
        ...


class Clock(Protocol):
    """Time, and whether it can be trusted. Order never comes from it."""

    def stamp(self) -> Stamp:
        """Return the present moment, as facts carry it."""
        ...


class Desk(Protocol):
    """What a till screen needs."""

    record: Record
    clock: Clock

    def keep(self, basket: Basket) -> None:
        """Store the open basket as it is now, synced; a crash gives it back line by line."""
        ...

    def open_basket(self) -> Basket:
        """Return the basket that was open when the till last ran, or a new one."""
        ...

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        ...

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        ...

    def search(self, text: str, limit: int) -> Sequence[Item]:
        """Return items whose name has words beginning with the words of ``text``."""
        ...

    def storage_problem(self) -> str:
        """Return why the next sale could not be stored, with what to do; empty when it can. Asked before tendering."""
        ...

    def link(self) -> LinkState:
        """Return the link's state, for the status line."""
        ...

    def new_basket_id(self) -> BasketId:
        """Return an id that no other basket has."""
        ...
