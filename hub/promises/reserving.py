"""Goods set aside out of the hub's pools, inside a transaction of the caller: reserved, given back, placed, adopted.

Lock order: the kiosks that are told, then the reservation, then pools by key. Nothing here falls below zero (I4), and
every step leaves I2 as it is: what leaves one term comes into another.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection

from contract.down_rights import ReservationPlaced
from contract.stock import StockKey
from contract.values import Epoch
from hub.core.promise import Goods
from hub.store import changes, chores, own_log, pools, reservations
from hub.store.inbox import KioskRow
from hub.store.pools import PoolDelta, PoolKey
from hub.store.reservations import Reservation


class Present(Struct, frozen=True):
    """When it is, as text and as an instant, and in which incarnation of the hub."""

    now: str
    at: datetime
    incarnation: int


def reserve(connection: Connection, reservation: Reservation, now: str) -> bool:
    """Take goods from what is free at their site and note the reservation; False, and nothing is changed, if it fails.

    It fails where not all of it is free, or the id is known.
    """
    keys = _keys(reservation)
    taken: list[PoolKey] = []
    for key in keys:
        if not pools.reserve(connection, key, reservation.goods[key.what]):
            break
        taken.append(key)
    if len(taken) < len(keys) or not reservations.add(connection, reservation):
        _put_back(connection, taken, reservation.goods)
        return False
    changes.note(connection, keys, now)
    if reservation.confirmed_at is not None:
        want_placed(connection, reservation, now)
    return True


def want_placed(connection: Connection, reservation: Reservation, now: str) -> None:
    """Have the steward place a reservation with a kiosk of its site."""
    chores.add(connection, [(key, "place") for key in _keys(reservation)], now)


def give_back(connection: Connection, reservation: Reservation, now: str) -> None:
    """Give goods that are no longer reserved back to what is free; deficits and overdrafts of the site come first."""
    keys = _keys(reservation)
    _put_back(connection, keys, reservation.goods)
    changes.note(connection, keys, now)
    chores.add(connection, [(key, "settle") for key in keys], now)


def adopt(connection: Connection, reservation: Reservation, now: str) -> None:
    """Note a reservation that an earlier incarnation made: from what is free; what is not there is a deficit.

    A shopper relies on it: it is never refused, and what is missing is settled openly.
    """
    keys = _keys(reservation)
    missing: dict[PoolKey, PoolDelta] = {}
    for key, pool in sorted(pools.lock(connection, keys).items()):
        amount = reservation.goods[key.what]
        there = min(amount, pool.free)
        if there:
            pools.take(connection, key, "free", there, "reserved")
        if amount > there:
            missing[key] = PoolDelta(reserved=amount - there, deficit=amount - there)
    pools.add(connection, missing)
    reservations.add(connection, reservation)
    changes.note(connection, keys, now)
    chores.add(connection, [(key, "settle") for key in missing], now)
    want_placed(connection, reservation, now)


def take_over(connection: Connection, kiosk_id: int, epoch: int, now: str) -> int:
    """Take back what a closed life had set aside for shoppers, to be placed anew; return how many reservations it was.

    The promises hold, whatever became of the kiosk: their rights go from limbo, where the life's balance is, to what is
    reserved. Where a count has cleared limbo since they are free; what is not there either is a deficit.
    """
    found = reservations.open_of_life(connection, kiosk_id, epoch)
    for one in found:
        _take_over(connection, one, now)
    return len(found)


def _take_over(connection: Connection, one: Reservation, now: str) -> None:
    if one.state == "broken":  # it was asked to give it up: nobody will say so any more, and what it held is in limbo
        reservations.move(connection, one.id, {"broken"}, "broken", {"ended_at": now})
        return
    keys = _keys(one)
    missing: dict[PoolKey, PoolDelta] = {}
    for key, pool in sorted(pools.lock(connection, keys).items()):
        amount = one.goods[key.what]
        from_limbo = min(amount, pool.limbo)
        from_free = min(amount - from_limbo, pool.free)
        if from_limbo:
            pools.take(connection, key, "limbo", from_limbo, "reserved")
        if from_free:
            pools.take(connection, key, "free", from_free, "reserved")
        if rest := amount - from_limbo - from_free:
            missing[key] = PoolDelta(reserved=rest, deficit=rest)
    pools.add(connection, missing)
    values = {"kiosk_id": None, "epoch": None, "confirmed_at": one.confirmed_at or now}
    reservations.move(connection, one.id, {"placed", "held"}, "reserved", values)
    chores.add(connection, [(key, "settle") for key in missing], now)
    want_placed(connection, one, now)
    changes.note(connection, keys, now)


def place(connection: Connection, reservation: Reservation, kiosk: KioskRow, present: Present) -> ReservationPlaced:
    """Move a reservation's rights to a kiosk of its site, which is locked; return the fact that must tell it so.

    The reservation was read in this transaction and is reserved; its goods are in the pool.
    """
    epoch = Epoch(kiosk.epoch)
    for key in _keys(reservation):
        if not pools.take(connection, key, "reserved", reservation.goods[key.what]):
            raise AssertionError(f"{reservation.id}: {key} is not reserved")  # a bug: the transaction must not go on
    sums = own_log.grant(connection, kiosk, epoch, reservation.goods, present.at, present.incarnation)
    reservations.move(connection, reservation.id, {"reserved"}, "placed", {"kiosk_id": kiosk.id, "epoch": epoch})
    until = datetime.fromisoformat(reservation.until)
    lines = reservations.lines_of(reservation.goods)
    return ReservationPlaced(reservation.id, epoch, reservation.code, lines, sums, until)


def _keys(reservation: Reservation) -> list[PoolKey]:
    return sorted(PoolKey(reservation.region, reservation.site, what) for what in reservation.goods)


def _put_back(connection: Connection, keys: Iterable[PoolKey], goods: Goods) -> None:
    for key in keys:
        pools.take(connection, key, "reserved", _amount(goods, key.what), "free")


def _amount(goods: Goods, what: StockKey) -> int:
    return goods[what]
