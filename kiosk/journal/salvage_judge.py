"""Which candidate of each position is believed.

Rules
-----
1.  A stream is judged from its end: a believed fact names, by its ``prev``, the digest of the one before it. A
    candidate with that digest is believed, whatever else speaks for or against it.
2.  Else the best proven of those whose bytes have the digest recorded beside them is believed.
3.  A line of a mirror has no digest beside it. Where no believed fact names it, it is believed if it follows from what
    stands before it, and if nothing at all stands after it: of two lines that disagree, one is damaged.
4.  A candidate that is whole, but not believed, is set aside for a person (verdict ``aside``); one whose bytes are not
    those that were recorded is not kept.
"""

from collections.abc import Sequence
from typing import Final

from contract.envelope import NO_DIGEST
from contract.values import Epoch, Lane, Seq
from kiosk.journal.salvage_shelf import Proof, Row, Shelf

TAKE: Final = "take"
ASIDE: Final = "aside"
_DAMAGED: Final = "damaged"


def judge(shelf: Shelf) -> None:
    """Note a verdict on every candidate."""
    for lane, epoch in shelf.streams():
        _judge_stream(shelf, lane, epoch)


def _judge_stream(shelf: Shelf, lane: Lane, epoch: Epoch) -> None:
    after, named, rival = 0, "", False  # of the position behind: its number, whom it names, whether it is disputed
    for seq, rows in shelf.groups(lane, epoch):
        next_to = after == seq + 1
        before = shelf.at(lane, epoch, Seq(seq - 1))
        chosen = _choose(rows, named if next_to else "", before, seq, alone=not (next_to and rival))
        shelf.decide(lane, epoch, seq, [(_verdict(row, chosen), row) for row in rows])
        after, named, rival = seq, chosen.prev if chosen else "", chosen is None


def _choose(rows: Sequence[Row], named: str, before: Sequence[Row], seq: Seq, *, alone: bool) -> Row | None:
    """Return the candidate to believe, of ``rows`` with the best proven first."""
    for row in rows:
        if row.digest == named:
            return row
    best = rows[0]
    if best.proof >= Proof.DIGEST:
        return best
    if best.proof is Proof.BARE and not named and alone and _follows(best, before, seq):
        return best
    return None


def _follows(row: Row, before: Sequence[Row], seq: Seq) -> bool:
    if seq == 1:
        return row.prev == NO_DIGEST
    return not before or any(row.prev == one.digest for one in before)


def _verdict(row: Row, chosen: Row | None) -> str:
    if row is chosen:
        return TAKE
    return ASIDE if row.proof > Proof.DAMAGED else _DAMAGED
