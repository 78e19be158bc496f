"""Seeded bugs of rights: each breaks one rule. The machine must catch every one of them, always.

A bug that the machine no longer catches means that the machine has become blind, or that the rule has become idle.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
import rights_bugs_hub as of_hub
import rights_openings as begin
from msgspec.structs import replace
from rights_rules import Opening

from contract.down_rights import RightsGranted
from contract.every import OwnFact
from contract.stock import Account, hold_placed
from hub.intake import desk, rights_desk
from hub.intake.rights_pools import PoolWork
from hub.promises import finding, holds
from hub.steward import counting as site_count
from hub.steward import round as site_round
from hub.steward.counting import Counting
from hub.steward.round import SiteRound
from hub.steward.steward import Steward
from hub.store import accounts, chores, closing, grants, lives, offers, passages, promises
from kiosk.journal import accounts as till_accounts
from kiosk.journal import own_log
from kiosk.journal import reservations as till_reservations
from kiosk.journal.own_log import OwnLog


@dataclass(frozen=True)
class Bug:
    """What is put where, and the opening that brings a machine near the place where it hurts."""

    opening: Opening
    changes: tuple[tuple[Any, str, Any], ...]


@contextmanager
def seeded_with(bug: Bug) -> Iterator[None]:
    """Run with the bug in place."""
    with pytest.MonkeyPatch.context() as patch:
        for where, name, broken in bug.changes:
            patch.setattr(where, name, broken)
        yield


def add_grants(account: Account, total: int, settled: int = 0) -> Account:
    """What the hub tells is added to what was told before."""
    return replace(account, granted=account.granted + total, settled=max(account.settled, settled))


_true_take = OwnLog._take


def take_for_any_life(self: OwnLog, writing: Any, data: OwnFact, now: Any) -> None:
    """Grants to another life are taken as well."""
    if isinstance(data, RightsGranted):
        own_log._grant(writing, data.totals)
    else:
        _true_take(self, writing, data, now)


def hold_anything(account: Account, amount: int) -> Account:
    return replace(account, held=account.held + amount)


def one(opening: Opening, where: Any, name: str, broken: Any) -> Bug:
    return Bug(opening, ((where, name, broken),))


ALL_PROMISABLE: Final = property(lambda self: self.available)
ALL_HELD: Final = property(lambda self: self.available + self.sold + 9)

BUGS: Final[Mapping[str, Bug]] = {
    "a grant that is told again is added": one(begin.shared_again, own_log, "grant", add_grants),
    "a grant to another life is taken": one(begin.exchanged, OwnLog, "_take", take_for_any_life),
    "what a till has seen is ignored": one(begin.shared, grants, "take_seen", of_hub.forget_seen),
    "a grant is not told": one(begin.shared, SiteRound, "_sums", of_hub.tell_no_sums),
    "a recall is taken for a release": one(begin.shared, SiteRound, "_recall", of_hub.free_on_recall),
    "what is placed is reclaimed when its time is over": one(
        begin.over_time, Steward, "_end_holds", of_hub.reclaim_expired
    ),
    "a cancelled order frees what a till has set aside": one(begin.called_off, holds, "cancel", of_hub.cancel_at_once),
    "a life that ends leaves no limbo": one(begin.given_up, lives, "balances", of_hub.leave_no_limbo),
    "what was on the way to a life that ends is forgotten": one(
        begin.exchanged, accounts.Issued, "balance", property(of_hub.forget_flights)
    ),
    "late sales take what is free": one(begin.late, PoolWork, "_pay", of_hub.pay_late_from_free),
    "late sales are not booked": one(begin.late, PoolWork, "late", of_hub.note_nothing),
    "a new life keeps what the old one had": one(begin.given_up, till_accounts, "retire", of_hub.note_nothing),
    "a count does not wait for the tills it names": one(begin.counted_late, Counting, "_waits", of_hub.wait_for_nobody),
    "what was sold after a count counts against it": one(begin.counted_behind, closing, "behind", of_hub.count_behind),
    "a second card's facts are before every count": one(
        begin.cloned_counted, closing, "is_fork_behind", of_hub.before_every_count
    ),
    "what a count finds is minted twice": one(begin.found, site_count, "_delta", of_hub.mint_twice),
    "an overdraft is not booked": one(begin.overdrawn, rights_desk, "PoolDelta", of_hub.book_no_overdraft),
    "an overdraft is not settled": one(begin.overdrawn, site_round, "decide_settlement", of_hub.settle_nothing),
    "an overdraft is settled twice": one(begin.overdrawn, site_round, "decide_settlement", of_hub.settle_twice),
    "a deficit is dropped": one(begin.beyond_all, SiteRound, "_take", of_hub.drop_deficit),
    "a promise is decided each time it is heard": one(begin.asked_again, promises, "add", of_hub.decide_again),
    "a promise is made of what is reserved": Bug(
        begin.wanted_by_two,
        ((finding, "reserve", of_hub.promise_what_is_reserved), (offers, "free", of_hub.all_is_free)),
    ),
    "a till promises more than it has": Bug(
        begin.greedy, ((till_reservations, "hold", hold_anything), (Account, "promisable", ALL_HELD))
    ),
    "a till promises what its own overdraft took": Bug(
        begin.unpromisable, ((till_reservations, "hold", hold_placed), (Account, "promisable", ALL_PROMISABLE))
    ),
    "one half of a transfer counts twice": one(begin.sent_twice, passages, "add", of_hub.count_halves_twice),
    "a move is booked at its receiver only": one(begin.given, desk, "effects_of", of_hub.book_moves_at_receivers),
    "what a giver put back cannot tell is not booked": one(
        begin.given_and_put_back, Steward, "_presume", of_hub.presume_nothing
    ),
    "a hub that went back grants before tills report": one(begin.put_back, lives, "may_grant", of_hub.may_always_grant),
    "a report lowers what was granted": one(begin.reported_amid, PoolWork, "report", of_hub.believe_lower_reports),
    "what a second card sold is not booked": one(begin.cloned, desk.Desk, "_book_fork", of_hub.book_no_fork),
    "a chore is never done": one(begin.shared, chores, "done", of_hub.keep_chores),
}
