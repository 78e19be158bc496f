"""The kiosk's stock rights while nobody looks: what the hub said of them, goods whose time is over, what runs dry."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from contract.codec import Stamp, decode
from contract.errors import Malformed
from contract.facts import Origin, SaleRecorded
from contract.registry import Data
from contract.rights import ReservationLapsed, RightsRequested, Urgency
from contract.stock import StockKey
from contract.values import Condition, Epoch, Seq
from kiosk.core import lapsing
from kiosk.core.ports import Clock
from kiosk.core.reservations import State
from kiosk.core.rights import PATIENCE_S, Demand, Need, Tried, decide_ask
from kiosk.journal import accounts, asked, reservations, wishes
from kiosk.journal.accounts import Line
from kiosk.journal.asked import Asked
from kiosk.journal.database import immediate, translated
from kiosk.journal.errors import NotHeld
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader
from kiosk.journal.own_log import OwnLog

EVERY_S: Final = 2.0  # a shopper is not told to wait for what lapsed a second ago; a request need not be faster
_AT_ONCE: Final = 64  # facts of the log read in one go
_LOOK_BACK: Final = 2000  # facts that demand is learned from when the backroom begins: some hours of a busy till


class RightsRoom:
    """One kiosk's keeper of rights, beside its till; both record in the same lane."""

    def __init__(
        self, journal: Journal, clock: Clock, link: LinkReader, *, new_id: Callable[[], str], linked: Callable[[], bool]
    ) -> None:
        """Learn what was sold of late. ``linked`` says whether the hub would hear a request now.

        Raises: StorageFailed.
        """
        self._journal = journal
        self._clock = clock
        self._link = link
        self._new_id = new_id
        self._linked = linked
        self._own = OwnLog(journal)
        self._demand = Demand()
        self._read: tuple[Epoch, Seq] = (journal.follow_epoch(), Seq(max(0, journal.newest() - _LOOK_BACK)))
        self._looked_ns: int | None = None

    def step(self) -> int:
        """Apply what came of the kiosk's own log, and do what is due; return how many facts were applied.

        Raises: StorageFailed.
        """
        applied = self._apply()
        now = self._clock.stamp()
        if self._looked_ns is None or now.mono_ns - self._looked_ns >= EVERY_S * 1e9:
            self._looked_ns = now.mono_ns
            self._look_round(now)
        return applied

    def needs(self) -> Mapping[StockKey, Need]:
        """Return what shoppers want here now.

        Raises: StorageFailed.
        """
        return self._needs(self._clock.stamp())

    def _apply(self) -> int:
        found = self._link.own_facts(self._own.name, self._own.cursor(), _AT_ONCE)
        if found:
            self._own.needs = self._needs(self._clock.stamp())
        for number, (generation, position, raw) in enumerate(found):
            if not self._own.apply(generation, position, raw, self._clock.stamp().at):
                return number
        return len(found)

    def _look_round(self, now: Stamp) -> None:
        self._own.report()
        self._lapse(now)
        self._follow_demand()
        if self._linked():
            self._ask(now)

    def _lapse(self, now: Stamp) -> None:
        with translated(self._journal.path):
            waits = reservations.waits(self._journal.connection)
        for name, wait in waits.items():
            if lapsing.is_over(wait, now):
                self._end(name, now)
            elif noted := lapsing.note(wait, now):
                with immediate(self._journal.connection, self._journal.path) as db:
                    reservations.note(db, name, noted)

    def _end(self, reservation: str, now: Stamp) -> None:
        found = reservations.find(self._journal.connection, reservation)
        if found is None or found.state is not State.HELD:
            return
        try:
            self._journal.record([ReservationLapsed(found.id, list(found.lines), now.at)])
        except NotHeld:
            return  # the shopper came at this very moment

    def _ask(self, now: Stamp) -> None:
        db = self._journal.connection
        with translated(self._journal.path):
            needs = self._needs(now)
            held = {key: accounts.read(db, key) for key in needs}
            tried = {
                key: Tried(one.tries, (now.at - one.asked_at).total_seconds())
                for key, one in asked.open_requests(db).items()
            }
        if lines := decide_ask(needs, held, tried):
            self._journal.record([RightsRequested(self._new_id(), lines, Urgency.LOW, now.at)])

    def _needs(self, now: Stamp) -> Mapping[StockKey, Need]:
        """Return what shoppers want: what was wanted of late, and what one waits for at the counter."""
        self._follow_demand()
        at_s = now.at.timestamp()
        self._demand.forget(at_s=at_s)
        db = self._journal.connection
        with translated(self._journal.path):
            waiting = {
                key: accounts.read(db, key).promisable + one.amount - one.granted
                for key, one in asked.open_requests(db).items()
                if _waits(one, now)
            }
        keys = self._demand.meters.keys() | waiting.keys()
        return {key: Need(waiting.get(key, 0), self._demand.per_h(key, at_s=at_s)) for key in sorted(keys)}

    def _follow_demand(self) -> None:
        epoch, after = self._read
        after = self._count(epoch, after)
        if self._journal.follow_epoch() != epoch:
            epoch = self._journal.epoch
            after = self._count(epoch, Seq(0))
        self._read = (epoch, after)

    def _count(self, epoch: Epoch, after: Seq) -> Seq:
        """Count what was wanted after a position of an epoch; return the position of its last fact."""
        before: dict[StockKey, int] = {}  # what the fact before took without rights, for it may have asked for that
        for seq, raw in self._journal.stored(epoch, after):
            after = seq
            try:
                fact = decode(raw)
            except Malformed:
                continue  # `kiosk journal verify` names it
            at_s = fact.stamp.at.timestamp()
            for key, amount in _sold(fact.data):
                self._demand.count(key, amount, at_s=at_s)
            for key, amount in _refused(fact.data, before):
                self._demand.refuse(key, amount, at_s=at_s)
            before = dict(wishes.overdrawn(fact.data))
        return after


def _sold(data: Data) -> Iterator[Line]:
    """Yield what shoppers bought."""
    if isinstance(data, SaleRecorded) and data.origin is Origin.TILL:
        for line in data.lines:
            yield Line(StockKey(line.sku, Condition.SELLABLE, line.quantity.unit), line.quantity.amount)


def _refused(data: Data, before: Mapping[StockKey, int]) -> Iterator[Line]:
    """Yield what shoppers wanted and did not get; what left beyond rights is not counted again as asked for."""
    if isinstance(data, RightsRequested) and data.why is Urgency.ASKED:
        yield from (line for line in accounts.lines_of(data.lines) if line.key not in before)


def _waits(one: Asked, now: Stamp) -> bool:
    return one.why is Urgency.ASKED and 0 <= (now.at - one.asked_at).total_seconds() < PATIENCE_S
