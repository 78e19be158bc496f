"""A kiosk's card is exchanged: a new life without rights, and an old card that somebody finds later."""

import random
from contextlib import closing
from typing import Final

from storm.diary import Diary
from storm.nemesis import Grip, Nemesis, Steps, hold, until
from storm.shelf import Shelf
from storm.shop import REGION, Kiosk
from storm.staff import look_up
from storm.worker import StormError, Worker
from storm.world import has_catalogue

_COMMAND_S: Final = 60.0  # a second alone
_CATALOGUE_S: Final = 60.0  # it comes once the link is up
_AWAY_S: Final = 2.0


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


CARDS: Final[tuple[type[Nemesis], ...]] = (Reimaged,)
