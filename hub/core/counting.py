"""Closing a count (I12): the shelf by the books at its cut, and what was found over or short.

Rules
-----
1.  A count names how far each till of the site was: its *cut*. It stays open until every till of the site is named, or
    has no open life, and the hub holds every till up to where it is named.
2.  The shelf by the books is what came less what left, over all lives at the site, with what counts before it adjusted.
    Of a named till, what it recorded behind the cut is taken out again: facts beyond the position, and later lives.
3.  What is found over is minted; what is short is an adjustment that is settled as an overdraft is.
4.  A count whose cut is older than one that was closed already says nothing any more, whatever it waits for.
5.  Limbo is cleared by a count that was taken after every closed life at the site had ended: the count names a newer
    life of the same till, or was taken after the life was closed. What it sold before is what the count found short.
6.  A fact whose number was taken, of a second card, stands in nobody's order. It was recorded after what both cards
    have in common: beyond the cut by its number it is behind it. Else it is before the cut if it was heard before the
    count was taken by the till's clock, and that clock is not ahead: the hub heard the count no earlier than the clock
    says that it was taken. (A clock that is behind makes doubt, and no harm.) In doubt, what it took from the shelf is
    behind the cut and what it brought is before: goods are missed twice until a count without doubt, and promised
    twice never.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from contract.stock import Account


class Mark(Struct, frozen=True, order=True):
    """How far a till's lane was in one of its lives."""

    kiosk: str
    epoch: int
    position: int

    def __str__(self) -> str:
        """Return it as an operator names it."""
        return f"{self.kiosk}={self.epoch}@{self.position}"


class Closing(Struct, frozen=True):
    """A life of a till that is closed, and when it was: RFC 3339 in UTC, which sorts."""

    kiosk: str
    epoch: int
    at: str


class Taken(Struct, frozen=True):
    """When a count was taken, by its till's clock, and when it was heard, by the hub's: text in UTC, which sorts."""

    at: str
    heard_at: str

    def is_surely_after(self, instant: str) -> bool:
        """Return whether it was taken after an instant of the hub's; a clock that is ahead shows by its own count."""
        return instant < self.at <= self.heard_at


def shelf(account: Account) -> int:
    """Return how many goods lie there by an account: what came less what left, whoever may promise them."""
    came = account.received + account.returned + account.arrived + account.adjusted
    return came - account.sold - account.wasted - account.sent


def missing(
    cut: Sequence[Mark], open_lives: Iterable[tuple[str, int]], held: Mapping[tuple[str, int], int]
) -> tuple[str, ...]:
    """Return what a count waits for: tills with an open life that it does not name, and facts that the hub lacks.

    ``held`` is how far the hub holds each till (kiosk, epoch).
    """
    named = {one.kiosk for one in cut}
    unnamed = sorted({kiosk for kiosk, _ in open_lives} - named)
    reached = [(one, held.get((one.kiosk, one.epoch), 0)) for one in sorted(cut)]
    return (
        *(f"{kiosk} is not named" for kiosk in unnamed),
        *(f"{one} is held up to {position} only" for one, position in reached if position < one.position),
    )


def is_behind(mark: Mark, epoch: int, seq: int) -> bool:
    """Return whether a fact of the till was recorded after the cut."""
    return epoch > mark.epoch or (epoch == mark.epoch and seq > mark.position)


def is_fork_behind(mark: Mark | None, epoch: int, seq: int, effect: Account, *, heard_at: str, taken: Taken) -> bool:
    """Return whether what a fact whose number was taken did to goods counts as done after the cut: rule 6."""
    if mark is not None and is_behind(mark, epoch, seq):
        return True
    return shelf(effect) < 0 and not taken.is_surely_after(heard_at)


def difference(counted: int, accounts: Iterable[Account], *, adjusted: int, behind: Iterable[Account]) -> int:
    """Return what was found over (+) or short (-): rule 2. ``behind`` are the effects of facts behind the cut."""
    now = sum(shelf(account) for account in accounts) + adjusted
    return counted - (now - sum(shelf(effect) for effect in behind))


def clears_limbo(cut: Iterable[Mark], taken_at: str, closings: Iterable[Closing]) -> bool:
    """Return whether a count clears the limbo of its account: rule 5. Instants are text that sorts."""
    newest = {one.kiosk: one.epoch for one in cut}
    return all(newest.get(one.kiosk, one.epoch) > one.epoch or taken_at > one.at for one in closings)
