"""A small true world with rights in it: goods set aside, a promise answered and told, and a shelf that agrees.

Made by the real journal and the real hub, but for what a till hears from the hub, which is written by hand.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import facts_of_a_day as day
from hub_books import open_hub
from storm.check import Goods
from storm.shelf import Shelf
from storm_worlds import Seller, World, make_world, send

from contract.facts import StockLine
from contract.rights import Answer, PromiseTold, ReservationHeld, ReservationRequested, RightsReleased
from contract.values import Currency, Money, Quantity, SiteId, Sku

K1: Final = "market/k1"
HELD: Final = "held-1"  # goods that k1 set aside by its own rights
ASKED: Final = "asked-1"  # a promise that the hub could keep
WEB: Final = "web-1"  # what no book has; only ever told of as lost
JAM: Final = 9  # delivered; two are set aside, three promised


class RightsWorld(World):
    """The same world, with its shelf and the diaries of programs and of the storm."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.shelf_db, self.web, self.losses = folder / "shelf.db", folder / "web.diary", folder / "hub.diary"

    @property
    def goods(self) -> Goods:
        return Goods(self.shelf_db, self.web, self.losses)

    @contextmanager
    def shelf(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.shelf_db)) as db, db:
            yield db


def make_rights_world(folder: Path) -> RightsWorld:
    """Fill ``folder`` with a world of rights in which nothing is wrong."""
    make_world(folder)
    world = RightsWorld(folder)
    seller = Seller(world, K1)
    with open_hub(f"sqlite:///{world.hub_db}", folder) as hub:
        seller.journal.record([day.received(JAM, sku="jam")])
        jam = [StockLine(Sku("jam"), Quantity(2))]
        seller.journal.record([ReservationHeld(HELD, "CODE1", jam, day.AT, day.AT + timedelta(hours=2))])
        give = [StockLine(Sku("jam"), Quantity(4))]
        seller.journal.record([RightsReleased(give, day.AT, "recall-1")])
        send(hub, seller.journal)
        want = [StockLine(Sku("jam"), Quantity(3))]
        asked = ReservationRequested(ASKED, want, "en", Currency("EUR"), day.AT, Money(0), SiteId("market"))
        seller.journal.record([asked])
        send(hub, seller.journal)
        _tell(world, seller)
        send(hub, seller.journal)
    seller.journal.close()
    seller.diary.say("delivery", lines=[["jam", "pc", JAM]])
    _fill_shelf(world)
    world.web.touch()
    world.losses.touch()
    return world


def _tell(world: RightsWorld, seller: Seller) -> None:
    """Let the till have the hub's answer, as its backroom would."""
    with world.hub() as db:
        (raw,) = db.execute("SELECT answer FROM promises WHERE id = ?", (ASKED,)).fetchone()
    said = json.loads(raw)
    assert said["answer"] == "confirmed", said
    lines = [StockLine(Sku("jam"), Quantity(3))]
    told = PromiseTold(ASKED, Answer.CONFIRMED, day.AT, lines, SiteId(said["site"]), said["code"])
    seller.journal.record([told])
    with seller.journal.connection as db:
        db.execute("UPDATE promises SET answer = ? WHERE id = ?", (raw.encode(), ASKED))
    seller.diary.say("answer", promise=ASKED, **{key: said.get(key) for key in ("answer", "lines", "site", "code")})


def _fill_shelf(world: RightsWorld) -> None:
    """Put on the shelf what the books say: it is the lies that part them."""
    with closing(sqlite3.connect(world.hub_db)) as db:
        rows = db.execute(
            "SELECT site, sku, sum(received + returned + arrived + adjusted - sold - wasted - sent), "
            "sum(sold - overdraft) FROM accounts WHERE condition = 'sellable' GROUP BY 1, 2"
        ).fetchall()
    Shelf(world.shelf_db, "market", "k1").close()
    with world.shelf() as db:
        for site, sku, amount, by_right in rows:
            db.execute("INSERT INTO display VALUES (?, ?, ?, ?)", (site, sku, amount, by_right))
    shelf = Shelf(world.shelf_db, "market", "k1")
    assert shelf.set_aside(HELD, {"jam": 2})
    shelf.close()
