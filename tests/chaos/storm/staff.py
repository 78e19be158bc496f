"""What staff does with goods beside ringing them up, each deed recorded through the real stockroom.

Rules
-----
1.  Goods are taken from the shelf first, then recorded behind the site's door, then they are where they belong.
2.  After a kill, or a disk that failed, the journal is asked what became of a deed: an answer that failed proves
    nothing. Only then are its goods moved.
3.  What the till could do by right just before goods left is in the diary: the storm counts goods in hand by itself.
"""

import random
import secrets
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.codes import CODES
from contract.errors import ContractError
from contract.facts import StockLine
from contract.goods import ShelfLine, TillPosition
from contract.values import Epoch, KioskId, Money, Quantity, Seq, SiteId, Sku
from kiosk.bootstrap import LocalDesk
from kiosk.core.goods import GoodsError
from kiosk.core.ports import DeskError
from kiosk.core.reservations import Reservation, ReservationError, State
from kiosk.stockroom import LocalStockroom
from storm import probe
from storm.diary import Diary
from storm.shelf import Shelf

SCARCE: Final = 6  # of the catalogue's first items there are never enough: rights to them are fought for
SCARCE_DELIVERED: Final = 12
PLENTY: Final = 200  # delivered of each other item
_OF_SCARCE: Final = 0.6  # of what staff and shoppers want beside what is bought
_LATE: Final = 0.15  # of the vans come only when all is over
_LANGUAGES: Final = ("en", "de", "fr")
_REFUSED: Final = (ReservationError, GoodsError, ContractError)


class Staff:
    """The people behind one counter."""

    def __init__(
        self,
        desk: LocalDesk,
        diary: Diary,
        shelf: Shelf,
        rng: random.Random,
        *,
        neighbours: Mapping[str, Path],
        sites: Sequence[str],
        wait_until_well: Callable[[], None],
    ) -> None:
        """Begin behind the counter."""
        self.desk, self.shelf = desk, shelf
        self._diary, self._rng = diary, rng
        self._neighbours, self._others = neighbours, [site for site in sites if site != shelf.site]
        self._wait = wait_until_well
        self._next = ""
        self.room = LocalStockroom(
            desk.config,
            desk.clock,
            desk.journal,
            desk.catalogue,
            new_id=lambda: self._next,
            new_request=lambda: secrets.token_hex(8),  # deeds are looked up by name: a request must not bear it
            draw=lambda: secrets.randbelow(CODES),
        )
        self.scarce = [item.sku for item in desk.catalogue.items() if item.price_minor and item.unit == "pc"][:SCARCE]
        self.plenty = [item.sku for item in desk.catalogue.items() if item.price_minor and item.unit == "pc"][SCARCE:]
        self._answers: dict[str, Any] = {}
        self._acts: list[Callable[[], object]] = [
            *([self.deliver_scarce] * 5),
            *([self.take_stock] * 2),
            *([self.waste] * 2),
            *([self.send] * 2),
            *([self.unload] * 2),
            *([self.hold] * 5),
            self.cancel,
            *([self.ask] * 4),
        ]

    def act(self) -> None:
        """Do one thing, by chance."""
        self._rng.choice(self._acts)()

    # ------------------------------------------------------------------------------------------------------ goods come

    def deliver(self, goods: Mapping[str, int]) -> None:
        """Take a delivery in."""
        name, lines = self._name(), self._lines(goods)
        self.shelf.expect(name, "delivery", goods)
        if self._record(name, lambda: self.room.receive(lines, advice=name)):
            self._diary.say("delivery", lines=[[sku, "pc", amount] for sku, amount in goods.items()])

    def deliver_scarce(self) -> None:
        """Take a few of what is scarce in."""
        self.deliver({self._rng.choice(self.scarce): self._rng.randint(1, SCARCE_DELIVERED)})

    def unload(self, *, late: bool = False) -> bool:
        """Unload a van; one whose departure the hub may not have heard of yet. Return whether there was one."""
        van = self.shelf.claim_van(late=late)
        if van is None:
            return False
        lines = self._lines({van.sku: van.amount})
        self._record(f"arrive {van.van}", lambda: self.room.arrive(lines, transfer=van.van, origin=SiteId(van.origin)))
        return True

    # ------------------------------------------------------------------------------------------------------ goods leave

    def waste(self) -> None:
        """Break something."""
        name = self._name()
        if goods := self.shelf.take(name, "waste", {self._any(): 1}):
            self._record(
                name, lambda: self.room.waste(self._lines(goods), reason=f"broken {name}", by="boss"), gone=goods
            )
        else:
            self.shelf.undo(name)

    def send(self) -> None:
        """Load a van for another site."""
        name, to = self._name(), self._rng.choice(self._others)
        late = "!" if self._rng.random() < _LATE else ""
        if goods := self.shelf.take(name, "send", {self._any(): self._rng.randint(1, 4)}, f"{to}{late}"):
            self._record(name, lambda: self.room.send(self._lines(goods), to=SiteId(to), by="boss"), gone=goods)
        else:
            self.shelf.undo(name)

    # ------------------------------------------------------------------------------------------------------- shoppers

    def hold(self) -> None:
        """Set goods aside for a shopper, if they are there and this till may promise them."""
        name, wanted = self._name(), {self._any(): self._rng.randint(1, 3)}
        wait = timedelta(minutes=self._rng.choice((2, 120)))
        if self.shelf.take(name, "hold", wanted) == wanted:
            self._record(name, lambda: self.room.hold(self._lines(wanted), wait=wait))
        else:
            self.shelf.undo(name)

    def cancel(self) -> None:
        """Let a shopper change their mind."""
        if found := self.held():
            one = self._rng.choice(found)
            self._try(lambda: self.room.cancel(one, reason="changed their mind"))
            self.tend()

    def ask(self) -> None:
        """Ask the hub for goods that this till has no right to."""
        name, sku, amount = self._name(), self._any(), self._rng.randint(1, 4)
        site = self._rng.choice((None, SiteId(self.shelf.site), *map(SiteId, self._others)))
        paid = Money(100 * amount if self._rng.random() < 1 / 2 else 0)
        self._diary.say("asked", promise=name, linked=self.desk.link().connected)
        language = self._rng.choice(_LANGUAGES)
        self._try(lambda: self.room.ask(self._lines({sku: amount}), language=language, paid_minor=paid, site=site))

    def held(self) -> list[Reservation]:
        """Return what is set aside here for shoppers who may come."""
        return [one for one in self.room.reservations() if one.state is State.HELD]

    def is_there(self, one: Reservation) -> bool:
        """Return whether all goods of a reservation lie aside, now that staff has looked for them."""
        with self.shelf.door():
            return self.shelf.set_aside(one.id, _goods(one))

    def give_up(self, one: Reservation) -> None:
        """Tell a shopper that what was set aside is not there."""
        self._diary.say("not_there", reservation=one.id, lines=[[sku, n] for sku, n in _goods(one).items()])
        self._try(lambda: self.room.cancel(one, reason="not there"))
        self.tend()

    # ------------------------------------------------------------------------------------------------- looking around

    def tend(self, *, closing_up: bool = False) -> None:
        """Set aside what the hub promised; put back what nobody waits for any more."""
        with self.shelf.door():
            known = {one.id: one for one in self.room.reservations(ended=True)}
            for one in known.values():
                if one.state is State.HELD:
                    self.shelf.set_aside(one.id, _goods(one))
            for name in self.shelf.asides():
                state = known[name].state if name in known else None
                if state is State.COLLECTED:
                    self.shelf.end_aside(name, collected=True)
                elif state in {State.LAPSED, State.CANCELLED} or (closing_up and state is not State.HELD):
                    self.shelf.end_aside(name, collected=False)

    def hear_answers(self) -> None:
        """Write down what shoppers are told, each answer once, and another answer to the same promise as well."""
        for one in self.room.promises(told=True):
            if one.answer is None:
                continue
            told = msgspec.to_builtins(one.answer)
            said = {key: told.get(key) for key in ("answer", "lines", "site", "code")}
            if self._answers.get(one.id) != said:
                self._answers[one.id] = said
                self._diary.say("answer", promise=one.id, **said)

    def take_stock(self, skus: Sequence[str] = ()) -> bool:
        """Count, blind; return whether it could be done: nobody counts while another is between journal and shelf."""
        named = list(skus) or [self._rng.choice(self.scarce), self._any()]
        with self.shelf.door():
            if self.shelf.is_busy():
                return False
            others = self._positions()
            counted = [(sku, self.shelf.total(sku)) for sku in dict.fromkeys(named)]
            lines = [ShelfLine(Sku(sku), Quantity(amount)) for sku, amount in counted]
            if others is None:
                return False
            if self._try(partial(self.room.count, lines, others=others, reason="storm", sure=True)) is None:
                return False
        self._diary.say("counted", lines=[[sku, "pc", amount] for sku, amount in counted])
        return True

    def look_up_all(self) -> None:
        """Find out what became of all that was begun before this start; open baskets stay in hand."""
        waiting = {one.basket.id: one.basket for one in self.desk.parked()}
        if (basket := self.desk.open_basket()).lines:
            waiting[basket.id] = basket
        with self.shelf.door():
            for deed in self.shelf.open_deeds():
                if deed.deed in waiting:
                    goods: dict[str, int] = {}
                    for line in waiting[deed.deed].lines:  # type: ignore[index]
                        goods[line.sku] = goods.get(line.sku, 0) + line.quantity.amount
                    self.shelf.keep_only(deed.deed, goods)
                else:
                    self._look_up(deed.deed)
        self.tend()

    # ---------------------------------------------------------------------------------------------------------- parts

    def note_rights(self, deed: str, goods: Mapping[str, int]) -> None:
        """Write down what this till may sell by right of ``goods``, which are about to leave."""
        with closing(probe.reader(self.desk.journal.path)) as db:
            (seq,) = db.execute("SELECT coalesce(max(seq), 0) FROM facts WHERE epoch = ?", (self.desk.journal.epoch,))
            rights = {sku: probe.available(db, sku) for sku in goods}
        self._diary.say("hand", deed=deed, epoch=int(self.desk.journal.epoch), seq=seq[0], rights=rights)

    def name_next(self) -> str:
        """Return the id that the stockroom will use next."""
        return self._name()

    def _record(self, deed: str, act: Callable[[], Any], *, gone: Mapping[str, int] | None = None) -> bool:
        """Record a deed behind the door; return whether it is in the journal in the end."""
        with self.shelf.door():
            self.shelf.mark(deed)
            if gone:
                self.note_rights(deed, gone)
            try:
                act()
            except _REFUSED:
                self.shelf.undo(deed)
                return False
            except DeskError:
                pass  # looked up below, once the disk is well
            else:
                self.shelf.done(deed)
                return True
        self._wait()
        with self.shelf.door():
            return self._look_up(deed)

    def _look_up(self, deed: str) -> bool:
        return look_up(self.shelf, deed, self.desk.journal.path)

    def _try(self, act: Callable[[], Any]) -> Any:
        """Do what moves no goods; None where it is refused, or the disk does not take it."""
        try:
            return act()
        except (*_REFUSED, DeskError):
            return None

    def _positions(self) -> list[TillPosition] | None:
        """Return how far the site's other tills are; None where one cannot be read just now."""
        found = []
        for name, path in self._neighbours.items():
            try:
                with closing(probe.reader(path)) as db:
                    epoch, seq = probe.position(db)
            except sqlite3.OperationalError:
                return None
            found.append(TillPosition(KioskId(name), Epoch(epoch), Seq(seq)))
        return found

    def _any(self) -> str:
        return self._rng.choice(self.scarce if self._rng.random() < _OF_SCARCE else self.plenty)

    def _name(self) -> str:
        self._next = secrets.token_hex(12)
        return self._next

    @staticmethod
    def _lines(goods: Mapping[str, int]) -> list[StockLine]:
        return [StockLine(Sku(sku), Quantity(amount)) for sku, amount in goods.items()]


def look_up(shelf: Shelf, deed: str, journal: Path) -> bool:
    """Find out whether a deed was recorded, and put its goods where they are then."""
    recorded = probe.holds(journal, deed.removeprefix("arrive "))
    (shelf.done if recorded else shelf.undo)(deed)
    return recorded


def _goods(one: Reservation) -> dict[str, int]:
    goods: dict[str, int] = {}
    for line in one.lines:
        goods[str(line.sku)] = goods.get(str(line.sku), 0) + line.quantity.amount
    return goods
