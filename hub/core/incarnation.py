"""When the hub's incarnation is raised: whenever its books may have gone back (promise 2).

Rules
-----
1.  A life is (incarnation, commits). The database holds one, changed in every transaction that is acknowledged; a file
    outside the database holds another, synced after that commit and before the acknowledgement.
2.  So a database that never went back has at least the file's commits. Fewer, and it is a restored backup or a lagging
    copy: the next incarnation begins. So it does if the file is gone, or an operator says that a copy was promoted.
3.  A kiosk that saw a higher incarnation, or was acknowledged beyond what we hold, knows our past better than we do:
    the next incarnation begins above what it saw. It may lie, so it is believed only within ``MAX_LEAP`` and at most
    once in ``COOL_DOWN_S``; a lie costs one round of repeats, which change nothing.
4.  An incarnation is never lowered.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

COOL_DOWN_S: Final = 60.0  # a liar may cause one round of repeats a minute, no more
MAX_LEAP: Final = 1000  # no hub was restored a thousand times unawares; a larger number would use the numbers up


class Life(Struct, frozen=True, order=True):
    """One life of a hub's database, and how many transactions it has seen."""

    incarnation: int
    commits: int


class Verdict(Struct, frozen=True):
    """The life to go on with; ``why`` is empty unless the incarnation was raised."""

    life: Life
    why: str = ""


def decide_at_start(database: Life | None, file: Life | None, *, promoted: bool = False) -> Verdict:
    """Return the life to go on with; ``None`` is a database, or a file, that does not exist yet."""
    if database is None:
        if file is None:
            return Verdict(Life(1, 0))
        return Verdict(_above(file, file), "the database is empty where there was one before")
    if file is None:
        return Verdict(_above(database, database), "the file that outlives the database is missing")
    if promoted:
        return Verdict(_above(database, file), "an operator says that a copy was promoted")
    if database.commits < file.commits:
        return Verdict(_above(database, file), f"the database is {file.commits - database.commits} commits behind")
    if database.incarnation < file.incarnation:
        return Verdict(_above(database, file), "the database is of an earlier incarnation")
    return Verdict(database)


def decide_on_claim(
    ours: int, claimed: int, positions: Iterable[tuple[int, int]], *, since_last_s: float
) -> tuple[int, str] | None:
    """Return the incarnation to go on with and why, or None to stay.

    ``claimed`` is the incarnation a kiosk saw; ``positions`` pairs what it was acknowledged with what we hold.
    """
    if since_last_s < COOL_DOWN_S or claimed > ours + MAX_LEAP:
        return None
    if claimed > ours:
        return claimed + 1, f"a kiosk saw incarnation {claimed}, the books say {ours}"
    ahead = max((acked - held for acked, held in positions), default=0)
    if claimed == ours and ahead > 0:
        return ours + 1, f"a kiosk was acknowledged {ahead} facts beyond what the books hold"
    return None


def _above(one: Life, other: Life) -> Life:
    return Life(max(one.incarnation, other.incarnation) + 1, max(one.commits, other.commits) + 1)
