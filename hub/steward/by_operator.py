"""What an operator does about rights by hand: close a life, recall, grant, name the position that a count lacks.

Each takes the connection and the present of a transaction, locks the kiosk that it is about, and tells it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from contract.down_rights import EpochClosed, RecallRequested, RightsGranted
from contract.facts import StockLine
from contract.stock import StockKey
from contract.values import Address, Epoch, Quantity, instant_text
from hub.core.counting import Mark
from hub.promises.reserving import Present, take_over
from hub.store import by_hand, changes, chores, closing, holdings, lives, own_log, passages, pools, recalls, troubles
from hub.store.chores import Site
from hub.store.holdings import Post
from hub.store.pools import PoolDelta, PoolKey
from hub.store.recalls import Recall

BY_HAND: Final = timedelta(minutes=10)  # that policy leaves what was moved: for a till's answer, the grant, its sale


class NotDone(Exception):
    """What was asked for cannot be done: one line of what and why."""


def close_kiosk(
    connection: Connection, present: Present, at: Address, why: str, *, lost: bool = False
) -> tuple[int | None, dict[PoolKey, PoolDelta]]:
    """Close the open life of a kiosk and tell it so; return the life, and what is in limbo now.

    ``lost``: fence it as well, whatever life it has or begins; one that is closed already has only that done. Raises:
    NotDone.
    """
    post = _post(connection, at)
    fenced = lost and holdings.fence(connection, post.kiosk.id, present.now)
    if post.life is None:
        if fenced:
            return None, {}
        raise NotDone(f"{at} has no open life: it was closed before, or nothing was heard of it")
    moved = lives.close(connection, post.kiosk, post.life, why, present.now)
    take_over(connection, post.kiosk.id, post.life, present.now)
    on_way = passages.on_way_to(connection, at, before=post.life + 1)
    chores.add(connection, [(key, "move") for key in on_way], present.now)
    told = [EpochClosed(Epoch(post.life), why)]
    own_log.tell(connection, post.kiosk, told, present.at, present.incarnation)
    changes.note(connection, moved, present.now)
    return post.life, moved


def admit(connection: Connection, present: Present, at: Address) -> None:
    """Let a kiosk have rights again that was lost and is found; raises NotDone."""
    post = _post(connection, at)
    if not holdings.fence(connection, post.kiosk.id, None):
        raise NotDone(f"{at} is not fenced: hub kiosk list shows which are")
    troubles.resolve(connection, "fenced_kiosk_heard", str(at), present.now)
    keys = [PoolKey(at.region, at.site, what) for what in holdings.wanted_by(connection, post.kiosk.id)]
    chores.add(connection, [(key, "want") for key in keys], present.now)


def recall(
    connection: Connection, present: Present, at: Address, what: StockKey, amount: int, *, recall_id: str
) -> None:
    """Ask a kiosk to give rights back, urgently; policy leaves them for :data:`BY_HAND`. Raises NotDone."""
    post = _current(connection, at)
    epoch = Epoch(post.kiosk.epoch)
    held = holdings.read(connection, Site(at.region, at.site), [what])[what]
    if not any((one.kiosk_id, one.epoch) == (post.kiosk.id, epoch) for one in held):
        raise _unknown(str(at), what)
    open_ones = recalls.recent(connection, [post.kiosk.id], [what], moment=present.now)
    if any(one.answered_at is None and one.epoch == epoch and one.what == what for one in open_ones):
        raise NotDone(f"{at} is asked for {what.sku} already: wait for its answer (hub rights recalls)")
    own_log.begin(connection, post.kiosk, present.at, present.incarnation)
    recalls.add(connection, Recall(recall_id, post.kiosk.id, epoch, what, amount, urgent=True, at=present.now))
    line = StockLine(what.sku, Quantity(amount, what.unit), what.condition)
    fact = RecallRequested(recall_id, epoch, [line], urgent=True)
    own_log.tell(connection, post.kiosk, [fact], present.at, present.incarnation)
    _moved(connection, present, PoolKey(at.region, at.site, what), amount)


def grant(connection: Connection, present: Present, at: Address, what: StockKey, amount: int) -> int:
    """Grant what is free at a site and owed by nobody; return the sum that the kiosk was told. Raises NotDone."""
    post = _current(connection, at)
    if not lives.may_grant(connection, at.region, at.site):
        raise NotDone(f"not every kiosk of {at.site} has reported to this hub yet: connect it, or hub kiosk close it")
    key = PoolKey(at.region, at.site, what)
    if not pools.take_offered(connection, key, amount):
        if not holdings.read(connection, Site(at.region, at.site), [what])[what]:
            raise _unknown(at.site, what)
        raise NotDone(
            f"so much of {what.sku} is not free at {at.site}, less what the site owes: recall it from a till that has "
            f"it (hub rights recall); once that answered it is kept for this, {BY_HAND.seconds // 60} minutes long"
        )
    _moved(connection, present, key, -amount)
    epoch = Epoch(post.kiosk.epoch)
    sums = own_log.grant(connection, post.kiosk, epoch, {what: amount}, present.at, present.incarnation)
    own_log.tell(connection, post.kiosk, [RightsGranted(epoch, sums)], present.at, present.incarnation)
    changes.note(connection, [key], present.now)
    return sums[0].total


def settle_count(connection: Connection, present: Present, name: tuple[int, int, int], marks: Sequence[Mark]) -> int:
    """Name positions that a count lacks, and have it looked at; return its open lines. Raises NotDone."""
    lines = closing.of_id(connection, name)
    if not lines:
        raise NotDone("no such count is open (hub count list)")
    known = closing.names(connection, Site(lines[0].region, lines[0].site))
    for mark in marks:
        if mark.kiosk not in known:
            raise NotDone(f"{lines[0].site} has no kiosk {mark.kiosk}")
    closing.name_positions(connection, lines, marks)
    keys = [PoolKey(line.region, line.site, line.what) for line in lines]
    chores.add(connection, [(key, "settle") for key in keys], present.now)
    chores.put_off(connection, keys, present.now)  # what waits is due now
    return len(lines)


def _moved(connection: Connection, present: Present, key: PoolKey, amount: int) -> None:
    """Note what was recalled, or granted (below zero), and that policy looks at it when its time is over."""
    until = instant_text(present.at + BY_HAND)
    by_hand.note(connection, key, amount, now=present.now, until=until)
    chores.add(connection, [(key, "by_hand")], until)


def _unknown(holder: str, what: StockKey) -> NotDone:
    return NotDone(f"{holder} never had any {what.sku} ({what.condition}, {what.unit}): hub rights list shows what is")


def _post(connection: Connection, at: Address) -> Post:
    """Return the kiosk, its site's kiosks locked."""
    for post in holdings.lock_site(connection, Site(at.region, at.site)):
        if post.kiosk.address == at:
            return post
    raise NotDone(f"no kiosk {at} was ever heard of (hub kiosk list)")


def _current(connection: Connection, at: Address) -> Post:
    post = _post(connection, at)
    if not post.is_current:
        raise NotDone(f"{at} has no life that may hold rights: {_why_not(post)}")
    return post


def _why_not(post: Post) -> str:
    if post.fenced:
        return "it was closed as lost (hub kiosk admit lets it in again)"
    if post.forked:
        return "a second card speaks for it (hub exceptions)"
    return "it was closed, or its next one has said nothing yet (hub exceptions)"
