"""The end of every life of the rights machine: all is well for a while, and nothing may be left over."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rights_books import Books
from rights_checks import Checks, differing
from rights_kiosk import RightsKiosk
from rights_world import SITES, SKUS, World

from contract.facts import KioskStopping
from contract.goods import ShelfCounted, ShelfLine, TillPosition
from contract.values import Epoch, Quantity, Sku
from kiosk.journal import promises

ROUNDS: Final = 60  # far more than the longest silence before something is sent again
COUNTS: Final = 2  # a card that learns of its double only after the first begins a life that the second clears
Lives = frozenset[tuple[str, int]]  # kiosk and epoch
WAITS: Final = (*(4,) * 5, *(30,) * 5, *(700,) * 12)  # what waits is looked at every ten minutes; clocks jump by hours


def settle(world: World, checks: Checks) -> None:
    """Heal the network, pass time, and find that books, kiosks and shelf agree."""
    for kiosk in reversed(world.kiosks):  # clones first; the broker lets one of a name be connected
        kiosk.disconnect()
        world.connect(kiosk)
        kiosk.record([KioskStopping("the day is over")])  # so that its life is heard of before the count
        _work_until_told(world, kiosk, checks)
    _pass_time(world, checks)
    books = Books(world.hub.reader)
    _check_rest(world, books)
    if not _has_lost(world, books):
        assert not _differing(books, world), f"books and shelf differ: {_differing(books, world)}"
    ended: Lives = frozenset()
    for _ in range(COUNTS):
        ended = Books(world.hub.reader).closed
        _count_all(world)
        _pass_time(world, checks)
        now = Books(world.hub.reader)
        if not _limbo(now, now.closed):
            break
    _check_counted(world, checks, ended)


def take_stock(world: World, kiosk: RightsKiosk, skus: tuple[str, ...] = SKUS, *, connected: bool = False) -> None:
    """Count what lies at the site of ``kiosk``, and write down how far each of its tills is.

    Of two cards of a name it is the newest life, or the one that is ``connected``: the hub never hears of the other.
    """
    site = kiosk.address.site
    of_site = [one for one in world.kiosks if one.address.site == site]
    rising = sorted(of_site, key=lambda one: (connected and one.link.online, *_place(one)))
    others = {one.address.kiosk: one for one in rising}
    others.pop(kiosk.address.kiosk)
    kiosk.journal.before_record()  # it may have to begin a new life first
    covers = kiosk.position
    named = [TillPosition(name, one.epoch, one.position) for name, one in others.items()]  # type: ignore[arg-type]
    lines = [ShelfLine(Sku(sku), Quantity(world.shelves[site].total(sku))) for sku in skus]
    kiosk.record([ShelfCounted(lines, world.clock.at, covers, named)])  # type: ignore[arg-type]


def _place(kiosk: RightsKiosk) -> tuple[int, int]:
    return kiosk.epoch, kiosk.position


def _work_until_told(world: World, kiosk: RightsKiosk, checks: Checks) -> None:
    for _ in range(ROUNDS):
        world.work(1)
        checks.after_step()
        if not world.network.up and not world.network.down and not _unheard(world, kiosk):
            break
    assert not _unheard(world, kiosk), f"{kiosk.address}: facts are missing: {_unheard(world, kiosk)}"


def _pass_time(world: World, checks: Checks) -> None:
    """Let time pass until the hub is done; each till then says something, so that the hub hears what it applied."""
    for seconds in WAITS:
        for _ in range(2):
            world.work(2)
        checks.after_step()
        if _is_quiet(world):
            if not _in_flight(Books(world.hub.reader)):
                return
            for kiosk in world.kiosks:
                kiosk.record([KioskStopping("the day is over")])
        world.clock.advance(seconds)


def _is_quiet(world: World) -> bool:
    books = Books(world.hub.reader)
    unsaid = any(kind == "move" and into > out for kind, *_, out, into in books.passages)  # it is waited for
    is_still = not (world.network.up or world.network.down)
    return is_still and not (_open_chores(world, books) or books.pending or unsaid or _waiting(world))


def _unheard(world: World, kiosk: RightsKiosk) -> list[tuple[int, int]]:
    books = Books(world.hub.reader)
    return [
        (epoch, end)
        for epoch, end in kiosk.journal.ends().items()
        if not kiosk.stray and books.lanes.get((str(kiosk.address), epoch), 0) < end
    ]


def _waiting(world: World) -> list[tuple[str, str]]:
    """Return who waits at a till for an answer; of two cards of a name the one that is connected alone is told.

    A till that the hub takes to be away, for its last status came twice, is told once its next one has come.
    """
    waiting = [(str(one.address), p.id) for one in world.kiosks for p in promises.pending(one.journal.connection)]
    return [] if any(one.stray for one in world.kiosks) else waiting


def _open_chores(world: World, books: Books) -> list[tuple[str, str, str, str, str]]:
    """Return chores that are not about goods that are not there, or facts that no card holds any more."""
    found = []
    for site, sku, condition, unit, why in books.chores:
        of_goods = [pool for (of, what), pool in books.pools.items() if (of, what.sku) == (site, sku)]
        missing = any(pool["deficit"] and not pool["unsettled"] for pool in of_goods)  # else a till may still pay
        wanted = any(of == sku for of, _ in books.wants)
        lost = any(_is_lost(world, books, *one) for one in books.counts if one[:2] == (site, sku))
        if not (why == "settle" and missing) and not (why == "want" and wanted) and not (why == "count" and lost):
            found.append((site, sku, condition, unit, why))
    return found


def _is_lost(world: World, books: Books, site: str, _sku: str, cut: Sequence[tuple[str, int, int]]) -> bool:
    """Return whether a count names facts that went with their card: only an operator can say that nobody has them."""
    for kiosk, epoch, position in cut:
        who = f"demo/{site}/{kiosk}"
        ends = [dict(one.journal.ends()) for one in world.kiosks if str(one.address) == who]
        if books.lanes.get((who, epoch), 0) < position and all(end.get(Epoch(epoch), 0) < position for end in ends):
            return True
    return False


def _in_flight(books: Books) -> dict[str, int]:
    return {
        f"{one.who}@{one.epoch} {one.what.sku}": one.issued - one.terms["granted"]
        for one in books.mirrors
        if one.is_open and one.issued != one.terms["granted"]
    }


def _check_rest(world: World, books: Books) -> None:
    assert not _in_flight(books), f"still on the way: {_in_flight(books)}"
    assert not books.pending, f"promises wait for ever: {books.pending}"
    assert not _waiting(world), f"nobody told a till: {_waiting(world)}"
    assert not _open_chores(world, books), f"chores are left: {_open_chores(world, books)}"
    unsettled = {key: pool for key, pool in books.pools.items() if pool["unsettled"]}
    assert not unsettled, f"unsettled for ever: {unsettled}"
    for (site, what), pool in books.pools.items():
        subject = f"demo/{site} {what.sku} {what.condition} {what.unit}"
        told = ("deficit", subject) in books.exceptions
        told = told or (pool["deficit"] > 0 and ("goods_unbooked", f"demo/{site}") in books.exceptions)
        assert bool(pool["deficit"]) == told, f"{subject}: a deficit of {pool['deficit']}, told: {told}"
        counted_out = pool["limbo"] == 0 or any(who.split("/")[1] == site for who, _ in books.closed)
        assert counted_out, f"limbo at {site} where no life was closed: {pool}"
    for kind, name, what, out, into in books.passages:
        gone = not into or (kind == "transfer" and not out)  # what a move brought left, if only by its receiver's word
        whole = out == into or gone
        assert whole, f"{kind} {name} of {what.sku}: {out} left, {into} came"


def _has_lost(world: World, books: Books) -> bool:
    """Return whether goods came or went that no fact which the hub could hear tells of."""
    return bool(set(world.ever) - books.held) or world.unbooked > 0


def _differing(books: Books, world: World) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where books and shelf differ, but for what is missed twice: by a count, and by a card of its till's name.

    Of what such a card took, nobody knows for certain whether the count has seen it (rule 6 of closing counts).
    """
    in_doubt = any(one.stray for one in world.kiosks)
    return {key: pair for key, pair in differing(books, world).items() if not in_doubt or pair[0] > pair[1]}


def _count_all(world: World) -> None:
    """Count every site, once the clock has caught up: a count clears limbo if it was taken after lives were closed."""
    world.clock.at = max(world.clock.at, world.latest + timedelta(seconds=1))
    for site in SITES:
        kiosk = max((one for one in world.kiosks if one.address.site == site), key=_place)
        world.connect(kiosk)  # of two cards of a name the other one may be
        take_stock(world, kiosk, connected=True)
    world.observe()


def _check_counted(world: World, checks: Checks, ended: Lives) -> None:
    """Check what a count of every site leaves: books that agree with the shelf, and promises that it can meet.

    ``ended`` are the lives that were closed when it was taken.
    """
    books = Books(world.hub.reader)
    _check_rest(world, books)
    assert not differing(books, world), f"books and shelf differ after a count: {differing(books, world)}"
    for site in SITES:
        for sku in SKUS:
            promised = checks.promised(books, site, sku)
            there = world.shelves[site].total(sku) + books.owed(site, sku) + world.stray_spent[site, sku]
            assert sum(promised.values()) <= there, f"{site}: of {sku} there are {there}, promised {promised}"
    assert not _limbo(books, ended), f"limbo although all was counted: {_limbo(books, ended)}"


def _limbo(books: Books, ended: Lives) -> dict[object, int]:
    """Return what is in limbo of sellable goods, but for sites where a life ended after the count: they count again."""
    since = {who.split("/")[1] for who, epoch in books.closed if (who, epoch) not in ended}
    return {
        key: pool["limbo"]
        for key, pool in books.pools.items()
        if pool["limbo"] and key[1].condition == "sellable" and key[0] not in since
    }
