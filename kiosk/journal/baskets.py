"""Open and parked baskets, stored line by line: a crash or a power cut gives the shopper's basket back."""

from datetime import datetime

import msgspec

from contract.sales import Payment
from contract.values import BasketId, Currency, instant_text
from kiosk.core.basket import Basket, Collects, Line
from kiosk.core.discounts import Discount
from kiosk.core.parking import Parked
from kiosk.journal.database import immediate, translated
from kiosk.journal.errors import BasketClosed
from kiosk.journal.journal import Journal

_LINE = msgspec.json.Decoder(Line)


class _Whole(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is of the basket, and of no line."""

    discount: Discount | None = None
    payments: tuple[Payment, ...] = ()
    collects: Collects | None = None


_WHOLE = msgspec.json.Decoder(_Whole)


class Baskets:
    """The open basket of one till, in the till's own file."""

    def __init__(self, journal: Journal) -> None:
        """Use the till journal's file; its transactions and ours do not overlap, for one thread owns both."""
        self._connection = journal.connection
        self._path = journal.path

    def keep(self, basket: Basket, at: datetime) -> None:
        """Store the basket as it is; only what changed is written.

        Raises: StorageFailed; BasketClosed if it was sold already.
        """
        with immediate(self._connection, self._path) as db:
            row = db.execute("SELECT state, whole FROM baskets WHERE id = ?", (basket.id,)).fetchone()
            if row and row[0] != "open":
                raise BasketClosed(basket.id)
            if not row:
                values = (basket.id, instant_text(at), basket.currency)
                db.execute("INSERT INTO baskets (id, state, opened_at, currency) VALUES (?, 'open', ?, ?)", values)
            if (whole := _whole_of(basket)) != (row[1] if row else ""):
                db.execute("UPDATE baskets SET whole = ? WHERE id = ?", (whole, basket.id))
            stored = dict(db.execute("SELECT no, line FROM basket_lines WHERE basket = ?", (basket.id,)))
            wanted = {no: msgspec.json.encode(line) for no, line in enumerate(basket.lines, 1)}
            for no in stored.keys() - wanted.keys():
                db.execute("DELETE FROM basket_lines WHERE basket = ? AND no = ?", (basket.id, no))
            for no, line in wanted.items():
                if stored.get(no) != line:
                    db.execute("INSERT OR REPLACE INTO basket_lines VALUES (?, ?, ?)", (basket.id, no, line))

    def open_basket(self) -> Basket | None:
        """Return the basket that was open last, if any holds a line."""
        with translated(self._path):
            row = self._connection.execute(
                "SELECT b.id, b.currency, b.whole FROM baskets b WHERE b.state = 'open' "
                "AND EXISTS (SELECT 1 FROM basket_lines l WHERE l.basket = b.id) ORDER BY b.opened_at DESC LIMIT 1"
            ).fetchone()
            return self._read(*row) if row else None

    def park(self, basket: Basket, label: str, at: datetime) -> None:
        """Put the open basket aside under ``label``, with all of its lines.

        Raises: StorageFailed; BasketClosed if it is not open.
        """
        self.keep(basket, at)
        self._move(basket.id, "open", "parked", label, at)

    def recall(self, basket: BasketId, at: datetime) -> None:
        """Make a parked basket the one that was opened last.

        Raises: StorageFailed; BasketClosed if it is not parked.
        """
        self._move(basket, "parked", "open", "", at)

    def parked(self) -> list[Parked]:
        """Return the baskets put aside, oldest first."""
        with translated(self._path):
            rows = self._connection.execute(
                "SELECT id, currency, whole, label, opened_at FROM baskets WHERE state = 'parked' "
                "ORDER BY opened_at, id"
            ).fetchall()
            return [
                Parked(self._read(name, currency, whole), label, datetime.fromisoformat(at))
                for name, currency, whole, label, at in rows
            ]

    def _move(self, basket: BasketId, state: str, to: str, label: str, at: datetime) -> None:
        with immediate(self._connection, self._path) as db:
            done = db.execute(
                "UPDATE baskets SET state = ?, label = ?, opened_at = ? WHERE id = ? AND state = ?",
                (to, label, instant_text(at), basket, state),
            )
            if done.rowcount == 0:
                raise BasketClosed(basket)

    def _read(self, basket: str, currency: str, whole: str) -> Basket:
        lines = self._connection.execute("SELECT line FROM basket_lines WHERE basket = ? ORDER BY no", (basket,))
        of_all = _WHOLE.decode(whole) if whole else _Whole()
        kept = tuple(_LINE.decode(line[0]) for line in lines)
        return Basket(BasketId(basket), Currency(currency), kept, of_all.discount, of_all.payments, of_all.collects)


def _whole_of(basket: Basket) -> str:
    whole = _Whole(basket.discount, basket.payments, basket.collects)
    return "" if whole == _Whole() else msgspec.json.encode(whole).decode()
