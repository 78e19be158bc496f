"""Takes facts of an older life into this kiosk's own journal, as rows of their own epoch; the bridge does the rest.

Rules
-----
1.  A number that this journal gave to the same bytes: known. To no one: the fact is taken, byte for byte. To another
    fact: nothing is overwritten and nothing thrown away; what was brought is set aside, and a person is told.
2.  In a sale's own transaction its receipt is entered and its basket closed, so that it is not sold again.
3.  Stock accounts stay as they are: an older epoch's rights are not taken over (docs/decisions/0007).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from contract.codec import decode
from contract.facts import RefundRecorded, SaleRecorded
from contract.streams import lane_stream
from kiosk.journal.database import immediate
from kiosk.journal.journal import Journal
from kiosk.journal.projections import enter_receipt
from kiosk.journal.salvage.judge import TAKE
from kiosk.journal.salvage.lines import Aside
from kiosk.journal.salvage.shelf import Kept, Shelf

_CHUNK: Final = 200  # facts a transaction: a till that sells meanwhile waits for some 20 ms
_FACT: Final = "INSERT INTO facts (epoch, seq, type, bytes, digest) VALUES (?, ?, ?, ?, ?)"


class Taken(Struct):
    """What became of the facts of a card."""

    known: int = 0
    taken: int = 0
    conflicts: dict[str, list[int]] = {}  # stream: positions whose number this journal gave to another fact
    twice: list[str] = []  # receipts of baskets that this journal has another receipt of


def take_lane(journal: Journal, shelf: Shelf, aside: Aside, taken: Taken, tell: Callable[[int], None]) -> None:
    """Bring every believed fact of the journal's lane in, in order: what the bridge sees meanwhile has no gaps.

    Raises: StorageFailed; the chunks before it are stored, and a repetition goes on from there.
    """
    facts = shelf.judged(TAKE, journal.lane)
    while chunk := list(islice(facts, _CHUNK)):
        conflicts = _take_chunk(journal, chunk, taken)
        for kept in conflicts:
            aside.keep(kept)
            taken.conflicts.setdefault(lane_stream(kept.epoch, kept.lane), []).append(kept.seq)
        journal.checkpoint()
        tell(len(chunk))


def _take_chunk(journal: Journal, chunk: Sequence[Kept], taken: Taken) -> list[Kept]:
    """Return those whose number was given to another fact."""
    conflicts, known, twice = [], 0, list[str]()
    with immediate(journal.connection, journal.path) as db:
        for kept in chunk:
            row = db.execute("SELECT digest FROM facts WHERE epoch = ? AND seq = ?", (kept.epoch, kept.seq)).fetchone()
            if row is None:
                db.execute(_FACT, (kept.epoch, kept.seq, kept.type, kept.raw, kept.digest))
                twice += _follow(db, kept)
            elif row[0] == kept.digest:
                known += 1
            else:
                conflicts.append(kept)
    taken.known += known
    taken.taken += len(chunk) - known - len(conflicts)
    taken.twice += twice
    return conflicts


def _follow(db: sqlite3.Connection, kept: Kept) -> Iterator[str]:
    """Enter a receipt and close its basket; yield the receipt if the basket has another one already."""
    data = decode(kept.raw).data
    if isinstance(data, SaleRecorded | RefundRecorded) and not enter_receipt(db, kept.epoch, kept.seq, data):
        yield data.receipt
