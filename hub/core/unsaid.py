"""A move that arrived, of which its giver has nothing to tell: its card was put back to before it. Pure.

Rules
-----
1.  Both halves of a move come, in any order. A giver holds its half before the receiver can take it, so once the giver
    was heard well after the acceptance, and has nothing unsent in that life, the half is not in its journal.
2.  Messages of two connections cross, and wait in queues: the giver must be heard :data:`WAIT` after the acceptance.
    What of the giver cannot be read may be the half: as long as it stands, nothing is decided.
    A life that is over is not waited for: its balance, with what it gave, is in limbo, and a count would free it.
3.  Then the rights that left are spent twice, or may be: the giver's half is presumed, and paid as what a second card
    spent is: from limbo, else it is owed. The life is over.
4.  If the half comes after all, what was paid is free again. So nothing is counted twice, whichever comes when.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

WAIT: Final = timedelta(minutes=5)  # a hub that comes back to 120 sites has all they queued for it within one


class Unsaid(Struct, frozen=True):
    """One account of one move: what left and arrived, and how its giver was heard since; ``over``: its life is.

    ``backlog``: facts of that life of the giver that it holds and we do not; ``unread``: those that nobody could read.
    ``taken_at``: when both were so; ``heard_at``: when the giver was heard last, or now of a life that is over.
    """

    out: int
    into: int
    taken_at: datetime
    heard_at: datetime
    backlog: int = 0
    unread: int = 0
    over: bool = False


def decide_presumed(move: Unsaid) -> int:
    """Return how much must be presumed to have left, 0 where its giver may still tell: rules 1 and 2."""
    may_tell = not move.over and (move.backlog > 0 or move.unread > 0)
    if may_tell or move.heard_at - move.taken_at < WAIT:
        return 0
    return max(0, move.into - move.out)


def said_after_all(*, out: int, into: int, presumed: int) -> int:
    """Return how much of what was presumed its giver told of since: rule 4."""
    return min(presumed, max(0, out - into))
