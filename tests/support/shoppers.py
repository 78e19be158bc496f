"""Shoppers of a hub: kiosks that give rights back and ask for promises, and what the hub told them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub_books import AT, Hub, LaneTwin
from sqlalchemy import select

from contract.codec import decode_down
from contract.down_rights import PromiseResolved, ReservationPlaced
from contract.facts import StockLine, StockReceived
from contract.registry import Data
from contract.requests import Request, encode_request
from contract.rights import ReservationRequested, RightsReleased, RightsReported
from contract.stock import StockKey
from contract.streams import own_log
from contract.values import Address, Currency, Epoch, Incarnation, Money, Quantity, SiteId, Sku, parse_address
from hub.intake.arrivals import Message
from hub.store import down, pools, promises, reservations
from hub.store.pools import PoolKey
from hub.store.promises import Promise
from hub.store.reservations import Reservation
from hub.store.rights_tables import pools as pools_table

MARKET, HARBOUR, PIER = (parse_address(f"demo/{site}/k1") for site in ("market", "harbour", "pier"))


def lines(**goods: int) -> list[StockLine]:
    return [StockLine(Sku(sku), Quantity(amount)) for sku, amount in goods.items()]


def asks(
    promise: str = "p-1",
    *,
    site: str | None = None,
    paid: int = 0,
    language: str = "en",
    collect_by: datetime | None = None,
    **goods: int,
) -> ReservationRequested:
    wanted = lines(**(goods or {"tea": 2}))
    at = SiteId(site) if site else None
    return ReservationRequested(promise, wanted, language, Currency("EUR"), AT, Money(paid), at, collect_by)


def urgent(address: Address, asked: Data, epoch: int = 1) -> Message:
    """Return the request as it is said ahead of its fact."""
    which = {"promise": asked} if isinstance(asked, ReservationRequested) else {"rights": asked}
    request = Request(Epoch(epoch), **which)
    return Message(f"popup/v1/{address}/up/requests", encode_request(request))


def twin_at(address: Address, epoch: int = 1) -> LaneTwin:
    return LaneTwin(address=address, epoch=epoch)


def give(hub: Hub, address: Address, **goods: int) -> LaneTwin:
    """Return a till that received goods and gave all rights to the hub."""
    twin = twin_at(address)
    twin.record(StockReceived(lines(**goods), AT), RightsReleased(lines(**goods), AT, "r-1"))
    hub.take(twin.message())
    return twin


def report(generation: int) -> RightsReported:
    return RightsReported(Incarnation(generation), [], last=True)


def told(hub: Hub, address: Address, generation: int = 1) -> list[Data]:
    """Return what the hub told a kiosk alone, in order."""
    with hub.store.read() as connection:
        raws = down.read_log(connection, address.region, own_log(address), generation, 1, limit=1000)
    return [decode_down(raw).data for raw in raws]


def answers(hub: Hub, address: Address, generation: int = 1) -> list[PromiseResolved]:
    return [fact for fact in told(hub, address, generation) if isinstance(fact, PromiseResolved)]


def placings(hub: Hub, address: Address) -> list[ReservationPlaced]:
    return [fact for fact in told(hub, address) if isinstance(fact, ReservationPlaced)]


def pool(hub: Hub, address: Address, sku: str = "tea") -> dict[str, int]:
    """Return the terms of a pool that are not zero."""
    key = PoolKey(address.region, address.site, StockKey(Sku(sku)))
    with hub.store.write() as connection:
        found = pools.lock(connection, [key])[key]
    return {term: amount for term, amount in found._asdict().items() if amount}


def set_free(hub: Hub, site: str, amount: int, sku: str = "tea", region: str = "demo") -> None:
    """Put goods into what is free, from nowhere: for tests of taking them."""
    key = PoolKey(region, site, StockKey(Sku(sku)))
    with hub.store.write() as connection:
        pools.add(connection, {key: pools.PoolDelta(free=amount)})


def all_pools(hub: Hub) -> Sequence[tuple[object, ...]]:
    with hub.store.read() as connection:
        return [tuple(row) for row in connection.execute(select(pools_table).order_by(*pools_table.primary_key))]


def reservation(hub: Hub, name: str = "p-1") -> Reservation | None:
    with hub.store.read() as connection:
        return reservations.find(connection, name)


def promise(hub: Hub, name: str = "p-1") -> Promise | None:
    with hub.store.read() as connection:
        return promises.find(connection, name)


def later(**delta: float) -> datetime:
    return AT + timedelta(**delta)
