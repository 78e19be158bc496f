"""What may happen to one account, as steps to play on it, beside a model that keeps no sums: see test_stock."""

from contextlib import suppress
from typing import Any, NamedTuple

from hypothesis import strategies as st

from contract.stock import (
    Account,
    Leaving,
    NoRights,
    adjust,
    arrive,
    grant,
    hold,
    hold_placed,
    leave,
    move_in,
    move_out,
    receive,
    release,
    take_back,
    unhold,
)

BRINGS = {"received": receive, "returned": take_back, "arrived": arrive, "moved_in": move_in}
LEAVES: tuple[Leaving, ...] = ("sold", "wasted", "sent")
NEEDS_RIGHTS = {"released": release, "moved_out": move_out, "hold_placed": hold_placed, "hold": hold, "unhold": unhold}

amounts = st.integers(1, 50)
_moves = st.tuples(st.sampled_from([*BRINGS, *LEAVES, *NEEDS_RIGHTS]), amounts)
_grants = st.tuples(st.just("grant"), st.tuples(st.integers(0, 150), st.integers(0, 60)))
_counts = st.tuples(st.just("count"), st.integers(0, 50))
moves = st.lists(_moves | _grants, max_size=30)
steps = st.lists(_moves | _grants | _counts, max_size=30)


def step_once(account: Account, step: str, what: Any) -> Account:
    """Return the account after one step; raises NoRights where it is refused."""
    if step == "grant":
        return grant(account, *what)
    if step == "count":
        return adjust(account, what - account.available)
    if step in LEAVES:
        return leave(account, what, step)[0]
    return (BRINGS | NEEDS_RIGHTS)[step](account, what)


def play(done: list[tuple[str, Any]], account: Account | None = None) -> Account:
    """Return the account after what was done to it; what is refused changes nothing."""
    account = account or Account()
    for step, what in done:
        with suppress(NoRights):
            account = step_once(account, step, what)
    return account


histories = steps.map(play)


class Shelf(NamedTuple):
    """What a kiosk may dispose of, kept by hand: free goods, those set aside, and what left without rights."""

    free: int = 0
    held: int = 0
    short: int = 0
    granted: int = 0
    settled: int = 0

    def after(self, step: str, what: Any) -> "Shelf | None":
        """Return what is there after one step; None where it must be refused."""
        if step in BRINGS:
            return self._replace(free=self.free + what)
        if step in LEAVES:
            paid = min(self.free, what)
            return self._replace(free=self.free - paid, short=self.short + what - paid)
        if step == "count":
            return self._replace(free=what)
        if step == "grant":
            return self._granted(*what)
        return self._spent(step, what)

    def _granted(self, total: int, settled: int) -> "Shelf":
        more = max(0, total - self.granted)
        return self._replace(free=self.free + more, granted=self.granted + more, settled=max(self.settled, settled))

    def _spent(self, step: str, what: int) -> "Shelf | None":
        unsettled = max(0, self.short - self.settled)
        there = {"unhold": self.held, "hold": self.free - unsettled}.get(step, self.free)
        if what > there:
            return None
        if step == "unhold":
            return self._replace(free=self.free + what, held=self.held - what)
        aside = what if step in {"hold", "hold_placed"} else 0
        return self._replace(free=self.free - what, held=self.held + aside)
