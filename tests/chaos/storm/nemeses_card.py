"""A kiosk's card is exchanged: a new life without rights, and an old card that somebody finds later."""

import random
from contextlib import closing
from typing import Final

from storm import probe
from storm.diary import Diary
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.orders import read_number, write_number
from storm.shelf import Shelf
from storm.shop import REGION, Clone, Kiosk
from storm.staff import look_up
from storm.worker import StormError, Worker
from storm.world import has_catalogue

_COMMAND_S: Final = 60.0  # a second alone
_CATALOGUE_S: Final = 60.0  # it comes once the link is up
_AWAY_S: Final = 2.0
_NO_COUNT: Final = "a copied card is about"
_SOLD: Final = (3, 20)  # facts that a copy records before it is found
_SELLS_S: Final = 15.0
_HEARD_S: Final = 90.0  # a bridge that lost its link over and over waits up to a minute


class Reimaged(Nemesis):
    """A kiosk goes on with a new card and a higher epoch; the hub closes its old life, by hand or on hearing of it."""

    name = "reimaged"
    grip = Grip.CARD
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, exchange the card, close the old life half of the time, start, salvage the old card."""
        kiosk.kill()
        self.world.kills += 1
        self._put_down(kiosk)
        old = self.world.folder / "cards" / f"{kiosk.name}-{kiosk.epoch}"
        kiosk.exchange_card(old)
        Diary(kiosk.diary).say("card", epoch=kiosk.epoch)
        if self.strikes % 2 == 0:
            at = f"{REGION}/{kiosk.site}/{kiosk.name}"
            yield from self._run(self.world.hub.operate("kiosk", "close", at, "--why", "stolen"))
        yield from hold(rng.uniform(0, _AWAY_S))
        kiosk.bridge.start()
        kiosk.backroom.start()
        if not (yield from until(lambda: has_catalogue(kiosk), _CATALOGUE_S)):
            raise StormError(f"{kiosk.name}: no catalogue reached its new card within {_CATALOGUE_S:g} s")
        kiosk.seller.start()
        yield from hold(rng.uniform(0, _AWAY_S))
        yield from self._run(kiosk.salvage(old))
        self.bit(1)

    def _put_down(self, kiosk: Kiosk) -> None:
        """Put what people at the kiosk had in their hands where the old card says that it is."""
        with closing(Shelf(self.world.folder / "shelf.db", kiosk.site, kiosk.name)) as shelf, shelf.door():
            for deed in shelf.open_deeds():
                look_up(shelf, deed.deed, kiosk.journal)

    def _run(self, command: Worker) -> Steps:
        command.start()
        command.wanted = False  # it ends when it has done its work
        if not (yield from until(lambda: command.ended is not None, _COMMAND_S)) or command.ended:
            raise StormError(f"{command.name} did not work: {command.last_words()}")


class Cloned(Nemesis):
    """A card is copied, and both devices sell on under one name, until the second is found and taken out of use.

    From then on the hub's clock is right: nothing but it tells which counts were taken after a copy's sales were heard
    (docs/rights.md). Where it is wrong by hours, goods stay missed for hours, which no count by hand could mend here.
    """

    name = "cloned_card"
    grip = Grip.CARD
    kills = True

    def strike(self, rng: random.Random, kiosk: Kiosk) -> Steps:
        """Kill, copy the card, sell at both; end the copy, and have what it recorded reach the hub."""
        kiosk.kill()
        self.world.kills += 1
        if any(one.kiosk is kiosk for one in self.world.clones):
            kiosk.start()  # one copy of a kiosk is enough to look for
            self.bit(probe.forks(self.world.hub.db) > 0)  # a hub with a backlog may have come to it only now
            return
        clone = kiosk.copy_card(len(self.world.clones))
        self.world.clones.append(clone)
        write_number(self.world.hub.shift, 0.0)
        with closing(Shelf(self.world.folder / "shelf.db", kiosk.site, clone.diary.stem)) as shelf:
            shelf.take(_NO_COUNT, "basket", {})
            shelf.mark(_NO_COUNT)  # nobody counts a shelf from which somebody sells whom nobody knows
            kiosk.start()
            before, sold = kiosk.newest() - kiosk.before, rng.randint(*_SOLD)
            clone.bridge.start()
            clone.seller.start()
            yield from until(lambda: read_number(clone.pulse) >= before + sold, _SELLS_S)
            yield from self._find(clone)
            shelf.undo(_NO_COUNT)

    def _find(self, clone: Clone) -> Steps:
        """End the copy's seller in order; its bridge has the link alone until the hub holds all it says."""
        clone.seller.ask_to_end()
        if not (yield from until(lambda: clone.seller.ended is not None, _COMMAND_S)) or clone.seller.ended:
            raise StormError(f"{clone.seller.name} did not end in order: {clone.seller.last_words()}")
        clone.kiosk.bridge.kill()
        heard = yield from until(lambda: not probe.missing(clone.journal, self.world.hub.db), _HEARD_S)
        if not heard:
            left = probe.missing(clone.journal, self.world.hub.db)
            raise StormError(f"{left} facts of {clone.seller.name} never reached the hub")
        clone.bridge.kill()
        clone.kiosk.bridge.start()
        yield from until(lambda: probe.forks(self.world.hub.db) > 0, _COMMAND_S)
        self.bit(probe.forks(self.world.hub.db) > 0)


CARDS: Final[tuple[type[Nemesis], ...]] = (Reimaged, Cloned)
