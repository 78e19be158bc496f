"""Which candidate of each position is believed.

Rules
-----
1.  A stream is judged from its end: a believed fact names, by its ``prev``, the digest of the one before it. A
    candidate with that digest is believed, whatever else speaks for or against it.
2.  Else the best proven of those whose bytes have the digest recorded beside them is believed.
3.  A line of a mirror has no digest beside it. Where a believed fact names another, it is damaged. Where none follows,
    it is believed if it follows from what stands before it, and if what stands after it, undecided, names it: of two
    lines that disagree, one is damaged, and nobody can say which.
4.  A candidate that is whole, but not believed, is set aside for a person (verdict ``aside``). One whose bytes are not
    those that were recorded, or named, is not kept.
"""

from collections.abc import Sequence
from typing import Final

from contract.envelope import NO_DIGEST
from contract.values import Epoch, Lane, Seq
from kiosk.journal.salvage.shelf import Proof, Row, Shelf

TAKE: Final = "take"
ASIDE: Final = "aside"
_DAMAGED: Final = "damaged"


def judge(shelf: Shelf) -> None:
    """Note a verdict on every candidate."""
    for lane, epoch in shelf.streams():
        _judge_stream(shelf, lane, epoch)


def _judge_stream(shelf: Shelf, lane: Lane, epoch: Epoch) -> None:
    after = 0
    named, undecided = "", list[Row]()  # of the position behind: whom the believed one names; or all, if none is
    for seq, rows in shelf.groups(lane, epoch):
        if after != seq + 1:
            named, undecided = "", []
        chosen = _choose(rows, named, shelf.at(lane, epoch, Seq(seq - 1)), seq, undecided)
        shelf.decide(lane, epoch, seq, [(_verdict(row, chosen, named), row) for row in rows])
        after = seq
        undecided = [] if chosen or named else [row for row in rows if row.proof > Proof.DAMAGED]
        named = chosen.prev if chosen else ""


def _choose(rows: Sequence[Row], named: str, before: Sequence[Row], seq: Seq, undecided: Sequence[Row]) -> Row | None:
    """Return the candidate to believe, of ``rows`` with the best proven first."""
    for row in rows:
        if row.digest == named:
            return row
    best = rows[0]
    if best.proof >= Proof.DIGEST:
        return best
    disputed = bool(named) or any(row.prev != best.digest for row in undecided)
    if best.proof is Proof.BARE and not disputed and _follows(best, before, seq):
        return best
    return None


def _follows(row: Row, before: Sequence[Row], seq: Seq) -> bool:
    if seq == 1:
        return row.prev == NO_DIGEST
    return not before or any(row.prev == one.digest for one in before)


def _verdict(row: Row, chosen: Row | None, named: str) -> str:
    if row is chosen:
        return TAKE
    damaged = row.proof is Proof.DAMAGED or (row.proof is Proof.BARE and bool(named))
    return _DAMAGED if damaged else ASIDE
