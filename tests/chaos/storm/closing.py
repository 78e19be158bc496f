"""The end of a storm: the shops sell out, late vans come, promises are answered, everything is counted and settled."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

from storm import check, probe
from storm.check_promises import SILENT
from storm.orders import write_number
from storm.shop import REGION, Kiosk
from storm.worker import stop_all
from storm.world import World, wait

SELL_OUT_S: Final = 120.0  # seconds alone; a disk that was ill may just be well again
CONVERGE_S: Final = 120.0  # a bridge that backed off is heard again within a minute (Limits.retry_max_s)
_QUIET_S: Final = 360.0  # a till keeps what a shopper was refused for five minutes (PATIENCE_S), owed or not
_ROUND_S: Final = 2.0  # after which the steward has had its turn at what came last
_POLL_S: Final = 0.2

Say = Callable[[str], None]
_PENDING: Final = "SELECT count(*) FROM promises WHERE state = 'pending'"
_UNQUIET: Final = {  # what must come to nothing, by what it is called
    "promises to answer": f"{_PENDING} AND id NOT IN ({SILENT})",
    "counts to close": "SELECT count(*) FROM counts WHERE closed_at IS NULL",
    "units to settle": "SELECT coalesce(sum(unsettled), 0) FROM pools",
}


def close_up(world: World, say: Say) -> tuple[int, str]:
    """Close everything in order; return how many facts the hub never heard, and what was left to settle."""
    left = ""
    world.set_pace(0.0)
    for shift in (world.hub.shift, *(kiosk.shift for kiosk in world.kiosks)):
        write_number(shift, 0.0)
    wait(lambda: all(map(is_sold_out, world.kiosks)), "the shops to sell out", SELL_OUT_S, world)
    for phase, what in ((1, "the last vans are unloaded"), (2, "all is counted")):
        began_s = time.monotonic()
        write_number(world.folder / "phase", phase)
        left = _until_quiet(world, counts=phase > 1)
        say(f"{what}, {time.monotonic() - began_s:.1f} s; left: {left or 'nothing'}")
    stop_all([world.webshop, *(worker for kiosk in world.kiosks for worker in (kiosk.seller, kiosk.backroom))])
    shops, began_s = shops_of(world), time.monotonic()
    while (unsent := check.unsent(shops, world.hub.db)) and time.monotonic() - began_s < CONVERGE_S:
        world.must_run()
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline
    say(f"the hub has heard everything but {unsent} facts, {time.monotonic() - began_s:.1f} s after the last fact")
    stop_all([kiosk.bridge for kiosk in world.kiosks])
    stop_all([world.hub.worker, world.broker])
    return unsent, left


def is_sold_out(kiosk: Kiosk) -> bool:
    """Return whether a seller has recorded its share."""
    return kiosk.newest() >= kiosk.share


def shops_of(world: World) -> list[check.Shop]:
    """Return what the judge looks at."""
    return [
        check.Shop(REGION, kiosk.site, kiosk.name, kiosk.journal, kiosk.diary, kiosk.epoch) for kiosk in world.kiosks
    ]


def clones_of(world: World) -> list[check.Shop]:
    """Return the copies of cards that the judge looks at beside them."""
    return [
        check.Shop(REGION, one.kiosk.site, one.kiosk.name, one.journal, one.diary, one.first_epoch)
        for one in world.clones
    ]


def _until_quiet(world: World, *, counts: bool) -> str:
    """Wait until nothing is left to do, seen twice with a round of the steward between; return what is left."""
    deadline, quiet_since = time.monotonic() + _QUIET_S, None
    counted = {kiosk.name: kiosk.counts() for kiosk in world.kiosks}
    while True:
        world.must_run()
        left = _left(world)
        if counts and any(k.counts() <= counted[k.name] for k in world.kiosks if k.is_counter):
            left["sites to count"] = 1
        now = time.monotonic()
        quiet_since = (quiet_since or now) if not left else None
        if quiet_since and now - quiet_since > _ROUND_S:
            return ""
        if now > deadline:
            return ", ".join(f"{amount} {what}" for what, amount in left.items())
        time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline


def _left(world: World) -> dict[str, int]:
    left = {"facts to send": check.unsent(shops_of(world), world.hub.db)}
    with closing(probe.reader(world.hub.db)) as db:
        left |= {what: int(db.execute(sql).fetchone()[0]) for what, sql in _UNQUIET.items()}
    copied = {clone.kiosk for clone in world.clones}  # what was asked under a number that was taken is never answered
    for kiosk in [one for one in world.kiosks if one not in copied]:
        with closing(probe.reader(kiosk.journal)) as db:
            left[f"answers to tell at {kiosk.name}"] = int(db.execute(_PENDING).fetchone()[0])
    with closing(probe.reader(world.folder / "shelf.db")) as db:
        left["vans to unload"] = int(db.execute("SELECT count(*) FROM vans").fetchone()[0])
    return {what: amount for what, amount in left.items() if amount}
