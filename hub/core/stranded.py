"""Rights that a till gave to a life of another that ended: what nobody can accept any more is in limbo. Pure.

Rules
-----
1.  A move is for one life of its receiver. Once that life is closed, what left and did not arrive is taken to be in it,
    as a grant on its way is: it goes to limbo, and is free again with the next count that clears limbo. The giver
    never gets it back: nobody can know what the receiver took, and sold, before it ended.
2.  What arrives all the same, in facts of the closed life that come late, was in limbo already: it pays for itself, so
    that it changes nothing, and what that life sold of it is paid as all late facts are.
3.  Whatever comes in whichever order, each unit that left is on its way, in limbo or with the receiver: once.
"""

from msgspec import Struct


class Passing(Struct, frozen=True):
    """One account of one move: ``out`` left, ``into`` arrived, of which ``ended`` is in limbo instead."""

    out: int = 0
    into: int = 0
    ended: int = 0

    @property
    def missing(self) -> int:
        """Return what left and did not arrive; below zero: it arrived, and its giver was not heard yet."""
        return self.out - self.into


def end(move: Passing) -> Passing:
    """Return the move after its receiver's life was closed; ``ended`` grew by what is in limbo now: rule 1."""
    more = max(0, move.missing)
    return Passing(move.out, move.into + more, move.ended + more)


def settle_late(move: Passing) -> Passing:
    """Return the move after more arrived; ``ended`` fell by what that must pay for: rule 2."""
    again = min(move.ended, max(0, -move.missing))
    return Passing(move.out, move.into - again, move.ended - again)
