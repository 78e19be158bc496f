"""Closes counts at one site (I12): what was found over is minted, what is short is owed; limbo may be cleared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from contract.doubt import is_doubtful
from contract.stock import Account, StockKey
from hub.core.counting import clears_limbo, difference, missing
from hub.store import books, closing, troubles
from hub.store.books import Trouble
from hub.store.chores import Site
from hub.store.closing import Count
from hub.store.pools import Pool

LEAST_WAIT_S: Final = 5.0  # a till's facts come within seconds where its link is up
MOST_WAIT_S: Final = 600.0  # and where it is down, nobody gains by looking more often
WAIT_SHARE: Final = 0.1  # of how long it has waited already


class Counted(NamedTuple):
    """What closing an account's counts came to: for its pool, whether limbo is cleared, and how long others wait."""

    delta: Pool = Pool()
    clears: bool = False
    wait_s: float | None = None


class Counting:
    """The open counts of some accounts of a site."""

    def __init__(self, connection: Connection, site: Site, whats: Sequence[StockKey], now: datetime) -> None:
        """Read what is open; where nothing is, nothing else is read."""
        self._connection = connection
        self._now = now
        self._site = site
        self._open = closing.open_of(connection, site, whats)
        self._behind: dict[str, dict[StockKey, Account]] = {}
        if self._open:
            self._names = closing.names(connection, site)
            self._lives = closing.open_lives(connection, self._names)
            self._held = closing.held(connection, {kiosk_id: name for name, kiosk_id in self._names.items()})
            self._closings = closing.closings(connection, self._names)

    def close(self, what: StockKey, accounts: Sequence[Account], adjusted: int, now: str) -> Counted:
        """Close the counts of one account that can be closed, the oldest first."""
        found = Counted()
        for count in self._open.get(what, ()):
            if closing.newer_closed(self._connection, count):
                closing.close(self._connection, count, 0, now)  # whatever it waits for
                troubles.resolve(self._connection, "count_waits", _subject(count), now)
            elif self._waits(count, now):
                found = found._replace(wait_s=self._wait_s(count))
            else:
                behind = self._behind_of(count)[what]
                found_by_now = adjusted + found.delta.adjusted
                by = difference(count.counted, accounts, adjusted=found_by_now, behind=[behind])
                closing.close(self._connection, count, by, now)
                self._tell_surplus(count, what, by, now)
                clears = found.clears or clears_limbo(count.cut, count.at, self._closings)
                found = Counted(found.delta.plus(_delta(by)), clears, found.wait_s)
        if found.clears:  # of a closed life with goods left elsewhere a person must still know
            troubles.resolve_closed(self._connection, self._site, what, now)
        return found

    def waits(self, count: Count) -> tuple[str, ...]:
        """Return what a count waits for."""
        return missing(count.cut, self._lives, self._held)

    def _waits(self, count: Count, now: str) -> bool:
        """Return whether a count must wait; a person is told of the tills that it does not name."""
        waits = self.waits(count)
        unnamed = [why for why in waits if why.endswith("not named")]
        subject = _subject(count)
        if unnamed:
            detail = {"count": count.id, "waits": list(waits), "what": f"hub count settle {count.id} --till …"}
            books.open_exceptions(self._connection, [Trouble("count_waits", subject, count.kiosk_id, detail)], now)
        elif not waits:
            troubles.resolve(self._connection, "count_waits", subject, now)
        return bool(waits)

    def _tell_surplus(self, count: Count, what: StockKey, by: int, now: str) -> None:
        """Have a person look at goods that nobody knew of; they may be promised all the same, as they were counted."""
        if by > 0 and is_doubtful(count.counted, count.counted - by, what.unit):
            detail = {"count": count.id, "first": str(what.sku), "over": by, "what": "count again, if that cannot be"}
            books.open_exceptions(
                self._connection, [Trouble("count_surplus", _subject(count), count.kiosk_id, detail)], now
            )

    def _wait_s(self, count: Count) -> float:
        waited_s = (self._now - datetime.fromisoformat(count.at)).total_seconds()
        return min(MOST_WAIT_S, max(LEAST_WAIT_S, waited_s * WAIT_SHARE))

    def _behind_of(self, count: Count) -> dict[StockKey, Account]:
        if count.id not in self._behind:
            keys = [what for what, found in self._open.items() if any(one.id == count.id for one in found)]
            self._behind[count.id] = closing.behind(self._connection, self._names, count, keys)
        return self._behind[count.id]


def _subject(count: Count) -> str:
    """Return what an exception about a count is about."""
    return f"{count.region}/{count.site} {count.id}"


def _delta(by: int) -> Pool:
    """Return what a difference does to a pool: over is minted, short is owed."""
    return Pool(free=max(0, by), unsettled=max(0, -by), adjusted=by)
