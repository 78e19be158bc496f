"""Small true worlds for the judge to judge, made by the real journal and the real hub; and hands that falsify them.

The judge itself shares no code with any of these; its tests must.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import facts_of_a_day as day
from hub_books import Hub, open_hub
from storm.check import Shop
from storm.diary import Diary, entries
from storm.probe import available, position, reader

from contract.batch import encode_batch
from contract.codec import Stamp
from contract.facts import RefundRecorded, SaleRecorded
from contract.values import Epoch, Lane, Seq, Unit, parse_address
from hub.intake.arrivals import Message
from kiosk.journal.journal import Journal
from kiosk.journal.schema import TILL

TILLS: Final = ("market/k1", "market/k2", "harbour/k1")
SALES: Final = 12  # of each till; the second till sells the same again in a second epoch
BATCH: Final = 7  # facts a message; each goes twice, as links do it


class _Clock:
    def stamp(self) -> Stamp:
        return Stamp(at=day.AT, clock="trusted", boot="", mono_ns=1)


class World:
    """Tills, diaries and a hub in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hub_db = folder / "hub.db"
        self.shops = [self._shop(*till.split("/")) for till in TILLS]

    def journal(self, till: str) -> Path:
        return self.folder / till.replace("/", "-") / "till.db"

    def diary(self, till: str) -> Path:
        return self.journal(till).with_name("diary")

    def _shop(self, site: str, kiosk: str) -> Shop:
        return Shop("north", site, kiosk, self.journal(f"{site}/{kiosk}"), self.diary(f"{site}/{kiosk}"))

    @contextmanager
    def till(self, till: str) -> Iterator[sqlite3.Connection]:
        """Give a till's file to be changed."""
        with _changing(self.journal(till)) as db:
            yield db

    @contextmanager
    def hub(self) -> Iterator[sqlite3.Connection]:
        """Give the hub's books to be changed."""
        with _changing(self.hub_db) as db:
            yield db

    def edit_diary(self, till: str, change: Callable[[list[dict[str, Any]]], object]) -> None:
        """Have ``change`` alter what a diary says."""
        said = entries(self.diary(till))
        change(said)
        self.diary(till).write_text("".join(f"{json.dumps(entry)}\n" for entry in said), "utf-8")


@contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        yield db


class Seller:
    """Sells at one till, and keeps its diary as the storm's sellers do."""

    def __init__(self, world: World, till: str) -> None:
        self.till = till
        path = world.journal(till)
        path.parent.mkdir(exist_ok=True)
        address = parse_address(f"north/{till}")
        self.journal = Journal(path, TILL, address=address, lane=Lane.TILL, clock=_Clock())
        self.diary = Diary(world.diary(till))

    def trade(self, fact: SaleRecorded | RefundRecorded, *, say_done: bool = True) -> None:
        kind = "sale" if isinstance(fact, SaleRecorded) else "refund"
        lines = [[line.sku, line.quantity.unit, line.quantity.amount] for line in fact.lines]
        basket = {"basket": fact.basket, "kind": kind}
        self.diary.say("tender", **basket, lines=lines, minor=fact.total_minor)
        self.say_hand(fact.basket, [line.sku for line in fact.lines])
        (recorded,) = self.journal.record([fact])
        if say_done:
            self.diary.say("done", **basket, receipt=recorded.receipt, minor=fact.total_minor)

    def say_hand(self, deed: str, skus: list[str]) -> None:
        """Write down what may be sold by right of goods that are about to leave, as the storm's staff does."""
        with closing(reader(self.journal.path)) as db:
            epoch, seq = position(db)
            rights = {sku: available(db, sku) for sku in skus}
        self.diary.say("hand", deed=deed, epoch=epoch, seq=seq, rights=rights)

    def open_shop(self) -> None:
        self.journal.record([day.STARTED, day.received(5), day.received(500, sku="rice", unit=Unit.GRAM)])
        self.diary.say("delivery", lines=[["tea", "pc", 5]])
        self.diary.say("delivery", lines=[["rice", "g", 500]])

    def sell_all_day(self, basket: str) -> None:
        for n in range(1, SALES + 1):
            self.trade(day.sale(f"{basket}{n}", amount=n % 3 + 1))
        self.trade(day.sale(f"{basket}-rice", sku="rice", amount=250, unit=Unit.GRAM))
        self.trade(day.refund(f"{basket}-back", amount=2))
        self.trade(day.refund(f"{basket}-broken", restock=False))

    def count(self) -> None:
        self.journal.record([day.counted(9, expected=7, sku="tea")])
        self.diary.say("counted", lines=[["tea", "pc", 9]])

    def meet_trouble(self) -> None:
        """A tender that was refused, one that a kill kept from being shown, one that was refused and then went well."""
        basket = {"basket": "refused", "kind": "sale"}
        self.diary.say("tender", **basket, lines=[["tea", "pc", 1]], minor=100)
        self.diary.say("refused", **basket, why="the disk is full")
        self.trade(day.sale("untold", amount=2), say_done=False)
        self.diary.say("tender", basket="later", kind="sale", lines=[["tea", "pc", 1]], minor=100)
        self.diary.say("refused", basket="later", kind="sale", why="the disk is full")
        self.trade(day.sale("later"))


def make_world(folder: Path) -> World:
    """Fill ``folder`` with a world in which nothing is wrong."""
    world = World(folder)
    sellers = [Seller(world, till) for till in TILLS]
    for seller in sellers:
        seller.open_shop()
        seller.sell_all_day("b")  # baskets are named alike at every till: they are not the same baskets
        seller.count()
    sellers[0].meet_trouble()
    sellers[1].journal.raise_epoch(Epoch(1))
    sellers[1].sell_all_day("c")
    with open_hub(f"sqlite:///{world.hub_db}", folder) as hub:
        for seller in sellers:
            send(hub, seller.journal)
    for seller in sellers:
        seller.journal.close()
    return world


def send(hub: Hub, journal: Journal) -> None:
    """Have the hub take everything that a journal holds, in batches that come twice."""
    for epoch in journal.epochs():
        stored = [raw for _, raw in journal.stored(epoch)]
        for start in range(0, len(stored), BATCH):
            raws = stored[start : start + BATCH]
            payload = encode_batch(f"till@{epoch}", Seq(start + 1), raws, Seq(len(stored)))
            message = Message(f"popup/v1/{journal.address}/up/facts/till", payload)
            hub.take(message, message)


def last_sale(db: sqlite3.Connection) -> dict[str, Any]:
    """Return the event of the newest sale among the facts of a till, or of the hub."""
    sql = "SELECT bytes FROM facts WHERE type LIKE 'sale.%' ORDER BY epoch DESC, seq DESC LIMIT 1"
    event: dict[str, Any] = json.loads(db.execute(sql).fetchone()[0])
    return event


def change_data(event: dict[str, Any], **data: Any) -> dict[str, Any]:
    """Return ``event`` with other data, as a careless program would have written it."""
    return {**event, "data": {**event["data"], **data}}


def written(event: dict[str, Any]) -> tuple[bytes, str]:
    """Return an event's bytes and their digest."""
    raw = json.dumps(event).encode()
    return raw, hashlib.sha256(raw).hexdigest()


def rewrite(db: sqlite3.Connection, event: dict[str, Any], where: str = "1") -> None:
    """Put ``event`` in the place of the fact of its number, digest and all."""
    raw, digest = written(event)
    sql = f"UPDATE facts SET bytes = ?, digest = ? WHERE seq = ? AND {where}"  # noqa: S608 - `where` is a test's own
    db.execute(sql, (raw, digest, int(event["id"])))


def append(db: sqlite3.Connection, event: dict[str, Any], kiosk_id: int | None = None) -> None:
    """Chain ``event`` behind the newest fact of its epoch, at a till, or at the hub as of ``kiosk_id``."""
    epoch = int(event["source"].split("/")[-2])
    scope = f"epoch = {epoch}" + ("" if kiosk_id is None else f" AND kiosk_id = {kiosk_id}")
    seq, prev = db.execute(f"SELECT seq, digest FROM facts WHERE {scope} ORDER BY seq DESC LIMIT 1").fetchone()  # noqa: S608
    raw, digest = written({**event, "id": str(seq + 1), "sequence": f"{seq + 1:016d}", "prev": prev})
    row: dict[str, Any] = {"epoch": epoch, "seq": seq + 1, "type": event["type"], "bytes": raw, "digest": digest}
    if kiosk_id is not None:
        row |= {"kiosk_id": kiosk_id, "lane": "till", "received_at": "now"}
    names = ", ".join(row)
    db.execute(f"INSERT INTO facts ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))  # noqa: S608
