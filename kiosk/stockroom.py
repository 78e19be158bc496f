"""What a person does with goods and for shoppers at this kiosk, over its own files: see ``kiosk.core.ports.Stockroom``.

The decisions are the core's; the journal's transaction has the last word on rights.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

from contract.codes import is_mistyped, make_code, normalize
from contract.down import Item
from contract.errors import Malformed
from contract.every import UpFact
from contract.facts import Payment, SaleRecorded, StockLine, StockReceived
from contract.goods import ShelfLine, StockWasted, TillPosition, TransferReceived, TransferSent
from contract.stock import Account, StockKey
from contract.values import BasketId, Money, SiteId, Sku
from kiosk.config import Config
from kiosk.core import goods, promises, reservations
from kiosk.core.bill import Prices, prices_of
from kiosk.core.checkout import decide_sale
from kiosk.core.deliveries import Delivery, Expected, decide_delivery
from kiosk.core.neighbours import Neighbour, decide_cover, decide_others
from kiosk.core.ports import Clock, Counted
from kiosk.core.promises import Promise, PromiseError
from kiosk.core.reservations import DEFAULT_HOLD, NotPromisable, Reservation, ReservationError, State
from kiosk.core.stock_take import check_count, decide_receive_lines
from kiosk.core.words import say
from kiosk.journal import advices, passages, wishes
from kiosk.journal import promises as kept_promises
from kiosk.journal import reservations as kept_reservations
from kiosk.journal.accounts import Line, lines_of
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.counts import expected_on_shelf, note_count
from kiosk.journal.database import translated
from kiosk.journal.errors import JournalError, RightsMissing
from kiosk.journal.journal import Journal
from kiosk.journal.lan import LanReader
from kiosk.journal.shops import read_shop
from kiosk.journal.stock import account_of

F = TypeVar("F", bound=UpFact)
Left = TypeVar("Left", bound=StockWasted | TransferSent)
_DRAWS: Final = 8  # of a code that nobody holds; one in 27 thousand million is taken for each that is


class LocalStockroom:
    """This kiosk's goods, reservations and promises."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        journal: Journal,
        catalogue: Catalogue,
        *,
        new_id: Callable[[], str],
        draw: Callable[[], int],
        lan: LanReader | None = None,
        new_request: Callable[[], str] | None = None,
    ) -> None:
        """Take the parts; ``draw`` gives a number below :data:`contract.codes.CODES` that nobody can guess.

        ``new_request`` names requests for rights, where they need ids of another kind than ``new_id`` gives.
        """
        self.config = config
        self.journal = journal
        self.catalogue = catalogue
        self._lan = lan
        self._clock = clock
        self._new_id = new_id
        self._new_request = new_request or new_id
        self._draw = draw

    def receive(self, lines: Sequence[StockLine], *, advice: str = "") -> StockReceived:
        """Take goods in that were delivered."""
        return self._record(decide_receive_lines(lines, self._now(), advice))

    def deliver(self, advice: str, lines: Sequence[StockLine] = (), *, sure: bool = False) -> Delivery:
        """Take in what came under a delivery's number: ``lines``, or all that is still expected of it."""
        found = decide_delivery(advice, self.expected(advice), lines, sure=sure)
        self.receive(found.lines, advice=advice)
        return found

    def expected(self, advice: str | None = None) -> list[Expected]:
        """Return the lines of one delivery, or of all, received or not."""
        with translated(self.journal.path):
            return advices.read(self.journal.connection, advice)

    def waste(self, lines: Sequence[StockLine], *, reason: str, by: str = "") -> StockWasted:
        """Write off goods that are broken, spoilt or stolen; ``by`` approves what is beyond the overdraft limit."""
        return self._leave(goods.decide_waste(lines, reason=reason, by=by, at=self._now()), lines, by)

    def send(self, lines: Sequence[StockLine], *, to: SiteId, by: str = "") -> TransferSent:
        """Put goods on the way to another site; ``by`` approves what is beyond the overdraft limit."""
        here, name = self.config.site, self._new_id()
        fact = goods.decide_send(lines, transfer=name, here=here, to=to, by=by, at=self._now())
        return self._leave(fact, lines, by)

    def arrive(
        self, lines: Sequence[StockLine], *, transfer: str, origin: SiteId, by: str = "", part: int = 1
    ) -> TransferReceived:
        """Take goods in that came from another site; of a transfer that comes in parts each ``part`` is booked once."""
        here = self.config.site
        fact = goods.decide_arrive(lines, transfer=transfer, here=here, origin=origin, by=by, at=self._now())
        with self.journal.writing() as writing:
            passages.begin_part(writing.connection, transfer, part)
            (recorded,) = writing.add([fact])
        return cast("TransferReceived", recorded.data)

    def count(
        self,
        lines: Sequence[ShelfLine],
        *,
        others: Sequence[TillPosition] = (),
        reason: str = "",
        by: str = "",
        sure: bool = False,
    ) -> Counted:
        """Record a blind count, in one transaction with what it is compared with; only then say what was expected.

        ``others`` are named by a person; the tills that are heard on the site's own network need not be. ``sure``: what
        is far from the books is no slip of the hand.
        """
        others = self._others(others)
        with self.journal.writing() as writing:
            covers = self.journal.newest()
            fact = goods.decide_shelf_count(
                lines,
                kiosk=self.config.kiosk,
                covers=covers,
                others=others,
                reason=reason,
                by=by,
                at=self._now(),
            )
            expected = expected_on_shelf(self.journal.connection, fact.lines)
            check_count(fact.lines, expected, self._rights(expected), sure=sure)
            (recorded,) = writing.add([fact])
            note_count(writing.connection, fact)
        items = self.items(line.sku for line in fact.lines)
        return Counted(recorded.seq, None if others else tuple(goods.compare(fact.lines, expected, items)))

    def neighbours(self) -> list[Neighbour]:
        """Return the site's other tills, as they told last; none where the site has no broker of its own."""
        return self._lan.neighbours(self._clock.stamp()) if self._lan else []

    def _others(self, named: Sequence[TillPosition]) -> Sequence[TillPosition]:
        found = self.neighbours()
        return decide_others(found, named) if found else named

    def hold(self, lines: Sequence[StockLine], *, wait: timedelta = DEFAULT_HOLD) -> Reservation:
        """Set goods aside for a shopper by this till's own rights; what is lacking is asked of the hub at once."""
        try:
            fact = reservations.decide_hold(
                lines,
                accounts=self._accounts(lines),
                reservation=self._new_id(),
                code=self._new_code(),
                at=self._now(),
                wait=wait,
            )
            self._record(fact)
        except (NotPromisable, RightsMissing):
            self._ask_lacking(lines)
            raise
        return self.reservation(fact.reservation)

    def _ask_lacking(self, lines: Sequence[StockLine]) -> None:
        """Ask for what was refused, in a transaction of its own: the refusal stands whatever comes of it."""
        with self.journal.writing() as writing:
            there = self._accounts(lines)
            wanted = lines_of(goods.merged(lines))
            wishes.ask(writing, [Line(key, n - there[key].promisable) for key, n in wanted], self._new_request)

    def reservation(self, wanted: str) -> Reservation:
        """Return the reservation of a code, the one that is held first, or of an id."""
        db, code = self.journal.connection, normalize(wanted)
        with translated(self.journal.path):
            found = kept_reservations.by_code(db, code) or kept_reservations.by_code(db, wanted.strip())
            found = found or [one for one in [kept_reservations.find(db, wanted.strip())] if one is not None]
        if not found and is_mistyped(wanted):
            raise ReservationError(
                say("{code} is mistyped, its last character says: read the code again", code=code[:40])
            )
        if not found:
            raise ReservationError(say("no reservation here has the code {code}: see the list", code=code[:40]))
        return min(found, key=lambda one: one.state is not State.HELD)

    def reservations(self, *, ended: bool = False) -> list[Reservation]:
        """Return what is set aside, oldest first; with ``ended`` also what no longer is."""
        states = State if ended else (State.HELD, State.PAST)
        with translated(self.journal.path):
            return kept_reservations.in_state(self.journal.connection, *states)

    def prices(self) -> Prices:
        """Return how this shop sells: as the hub said last, else as the settings say."""
        return prices_of(read_shop(self.catalogue.connection, self.catalogue.path) or self.config.shop)

    def here(self) -> TillPosition:
        """Return where this till is, for a count at another till of the site."""
        return TillPosition(self.config.kiosk, self.journal.follow_epoch(), self.journal.newest())

    def collect(self, found: Reservation, payment: Payment) -> SaleRecorded:
        """Sell the goods to the shopper who collects them; return the sale."""
        at, basket = self._now(), BasketId(self._new_id())
        filled = reservations.fill_basket(
            found, basket=basket, currency=self.config.currency, items=self.items(line.sku for line in found.lines)
        )
        facts: list[UpFact] = [
            *reservations.decide_collect(found, basket=basket, at=at),
            decide_sale(filled, [payment], sold_at=at, prices=self.prices()),
        ]
        with self.journal.writing() as writing:
            if found.state is State.PAST and not kept_reservations.hand_over_past(writing.connection, found.id, at):
                raise ReservationError(say("{code} was collected already: nothing was sold twice", code=found.code))
            recorded = writing.add(facts)
            wishes.ask_overdrawn(writing, recorded, self._new_request)
            return cast("SaleRecorded", recorded[-1].data)

    def hand_over_past(self, found: Reservation) -> None:
        """Note that goods of an earlier life are in the shopper's hand."""
        with self.journal.writing() as writing:
            if not kept_reservations.hand_over_past(writing.connection, found.id, self._now()):
                raise ReservationError(say("{code} was collected already: nothing was sold twice", code=found.code))

    def cancel(self, found: Reservation, *, reason: str = "") -> None:
        """End a hold that nobody wants any more."""
        at = self._now()
        facts = reservations.decide_cancel(found, at=at, reason=reason)
        with self.journal.writing() as writing:
            if found.state is State.PAST and not kept_reservations.put_back_past(writing.connection, found.id, at):
                raise ReservationError(say("{code} was ended already: look at the list of all", code=found.code))
            if facts:
                writing.add(facts)

    def ask(
        self,
        lines: Sequence[StockLine],
        *,
        language: str,
        paid_minor: Money = Money(0),
        site: SiteId | None = None,
        wait: timedelta | None = None,
    ) -> Promise:
        """Ask the hub for goods that this till has no right to."""
        fact = promises.decide_ask(
            lines,
            promise=self._new_id(),
            language=language,
            currency=self.config.currency,
            at=self._now(),
            paid_minor=paid_minor,
            site=site,
            wait=wait,
        )
        self._record(fact)
        return self.promise(fact.promise)

    def promise(self, wanted: str) -> Promise:
        """Return the promise of an id, or of its beginning."""
        found = [one for one in self.promises(told=True) if wanted and one.id.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise PromiseError(say("several promises begin with {wanted}: see the list", wanted=repr(wanted[:40])))
        raise PromiseError(say("no promise here begins with {wanted}: see the list", wanted=repr(wanted[:40])))

    def promises(self, *, told: bool = False) -> list[Promise]:
        """Return the promises that wait for an answer, oldest first; with ``told`` also those that have one."""
        db = self.journal.connection
        with translated(self.journal.path):
            pending = kept_promises.pending(db)
            answered = kept_promises.told(db) if told else []
        return [*answered, *pending]

    def items(self, skus: Iterable[Sku]) -> Mapping[Sku, Item]:
        """Return the items of the catalogue that are named, and what is sold with them."""
        named = [item for sku in skus if (item := self.catalogue.item(sku)) is not None]
        more = [item for sku in reservations.related(named) if (item := self.catalogue.item(sku)) is not None]
        return {item.sku: item for item in (*more, *named)}

    def _record(self, fact: F) -> F:
        """Return the fact as it was stored: with its overdrafts."""
        return cast("F", wishes.record(self.journal, [fact], self._new_request)[0].data)

    def _leave(self, fact: Left, lines: Sequence[StockLine], by: str) -> Left:
        """Record that goods left, and who approved it where the limit is passed, as a sale does.

        Raises: ApprovalNeeded.
        """
        limit = self.config.stock.overdraft_limit
        beyond = goods.find_lacking(lines, self._accounts(lines), limit=limit, cover=self._cover())
        facts: list[UpFact] = [*goods.decide_overdraft(beyond, approved_by=by, at=self._now()), fact]
        return cast("Left", wishes.record(self.journal, facts, self._new_request)[-1].data)

    def _cover(self) -> Mapping[StockKey, int]:
        """Return what neighbours hold; what cannot be read covers nothing, and keeps no broken goods on the books."""
        try:
            return decide_cover(self.neighbours())
        except (JournalError, Malformed, sqlite3.Error):
            return {}

    def _rights(self, keys: Iterable[StockKey]) -> Mapping[StockKey, int]:
        """Return what this till and its neighbours may sell."""
        cover = self._cover()
        return {key: max(0, account_of(self.journal, key).available) + cover.get(key, 0) for key in keys}

    def _now(self) -> datetime:
        return self._clock.stamp().at

    def _accounts(self, lines: Iterable[StockLine]) -> dict[StockKey, Account]:
        keys = {StockKey(line.sku, line.condition, line.quantity.unit) for line in lines}
        return {key: account_of(self.journal, key) for key in keys}

    def _new_code(self) -> str:
        for _ in range(_DRAWS):
            code = make_code(self._draw())
            with translated(self.journal.path):
                if not kept_reservations.by_code(self.journal.connection, code):
                    return code
        raise ReservationError(say("no free code was drawn: try again"))
