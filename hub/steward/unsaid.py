"""What the steward does about moves that arrived and whose giver lost its half (rules: :mod:`hub.core.unsaid`)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from contract.values import Address
from hub.core.late import Means, pay
from hub.promises.reserving import Present
from hub.steward.by_operator import close_kiosk
from hub.store import books, changes, chores, holdings, lives, pools, unsaid
from hub.store.books import Trouble
from hub.store.chores import Site
from hub.store.holdings import Post
from hub.store.pools import PoolDelta, PoolKey
from hub.store.unsaid import KIND, Move, subject_of

LOST: Final = "its card was put back to before it gave rights away"


def presume_at(connection: Connection, present: Present, site: Site) -> list[Address]:
    """Book what givers of a site cannot tell of, and end their lives; return the kiosks that were told so."""
    posts = {post.kiosk.address: post for post in holdings.lock_site(connection, site)}
    if not lives.may_grant(connection, site.region, site.site):
        return []
    found = unsaid.find(connection, present.at, site)
    told = [giver for giver in _givers(found) if _end_life(connection, present, posts[giver], found)]
    for move in found:
        unsaid.presume(connection, move)
    _pay(connection, present, found)
    books.open_exceptions(connection, list(_troubles(found, posts)), present.now)
    return told


def _givers(found: Iterable[Move]) -> list[Address]:
    return sorted({move.giver for move in found})


def _end_life(connection: Connection, present: Present, post: Post, found: Iterable[Move]) -> bool:
    """End the life that promises what it gave away; one that began since has nothing of it."""
    epochs = sorted({move.epoch for move in found if move.giver == post.kiosk.address})
    lives.mark_forked(connection, [(post.kiosk.id, epoch) for epoch in epochs], present.now)
    if post.life not in epochs:
        return False
    close_kiosk(connection, present, post.kiosk.address, LOST)
    return True


def _pay(connection: Connection, present: Present, found: Iterable[Move]) -> None:
    """Pay what was spent twice from limbo, where its closed life left it; the rest is owed."""
    spent: dict[PoolKey, int] = defaultdict(int)
    for move in found:
        spent[move.key] += move.amount
    there = pools.lock(connection, sorted(spent))
    paid = {key: pay(amount, Means(there[key].limbo)) for key, amount in spent.items()}
    pools.add(connection, {key: PoolDelta(limbo=one.limbo, unsettled=one.unsettled) for key, one in paid.items()})
    chores.add(connection, [(key, "settle") for key in spent], present.now)
    changes.note(connection, spent, present.now)


def _troubles(found: Iterable[Move], posts: dict[Address, Post]) -> Iterable[Trouble]:
    by_move: dict[tuple[Address, str], list[Move]] = defaultdict(list)
    for move in found:
        by_move[move.giver, move.id].append(move)
    for (giver, name), moves in by_move.items():
        detail = {
            "move": name,
            "epoch": moves[0].epoch,
            "to": moves[0].receiver,
            "goods": {f"{one.key.what.sku} {one.key.what.condition} {one.key.what.unit}": one.amount for one in moves},
            "what": f"{moves[0].receiver} took rights that {giver.kiosk} gave over the LAN, and {giver.kiosk} has "
            "nothing to tell of it: its card is gone, or was put back to an older state, and may have sold them again",
            "do": f"count these goods at {giver.site}; find out who put an old card into {giver.kiosk}",
        }
        yield Trouble(KIND, subject_of(moves[0]), posts[giver].kiosk.id, detail)
