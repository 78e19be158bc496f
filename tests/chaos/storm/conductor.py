"""The storm: sellers sell, nemeses strike where they are due and free to; then all is healed, and judged."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storm import check, check_rights, probe
from storm.acts import acts
from storm.closing import clones_of, close_up, is_sold_out, shops_of
from storm.disk import CANNOT_MOUNT
from storm.nemeses_card import CARDS
from storm.nemeses_disk import DISKS
from storm.nemeses_goods import GOODS
from storm.nemeses_hub import OLDER_BOOKS
from storm.nemeses_kill import KILLS
from storm.nemeses_link import DISTURBANCES
from storm.nemesis import Nemesis, Steps
from storm.result import DEFAULT_FACTS, Result
from storm.schedule import Strike, draw, once_more
from storm.worker import StormError
from storm.world import World

NEMESES: Final = (*KILLS, *OLDER_BOOKS, *DISKS, *DISTURBANCES, *CARDS, *GOODS)
WEIGHTS: Final = {"kill_seller": 20, "kill_bridge": 8, "kill_hub": 8, "power_cut": 7, "kill_broker": 5}
_WEIGHT: Final = 3  # of the others: some take long
_AT_ONCE: Final = 4  # strikes; more would leave little that works
_POLL_S: Final = 0.01
_TELL_S: Final = 2.0
_TOGETHER: Final = 2.0  # strikes that are at work at the same time, on average
_STRIKE_S: Final = 1.0  # how long one takes, until that was measured
_SLOWEST_S: Final = 0.6  # between two sales
_FIXED_S: Final = 120.0
_A_FACT_S: Final = 0.02
_A_STRIKE_S: Final = 5.0

Say = Callable[[str], None]


@dataclass
class _Active:
    nemesis: Nemesis
    steps: Steps
    held: set[str]
    began_s: float


class Conductor:
    """Lets one storm play over one world."""

    def __init__(self, world: World, kills: int, seed: int, say: Say) -> None:
        """Draw the strikes."""
        self.nemeses = {kind.name: kind(world) for kind in NEMESES if world.mounts or not kind.mounts}
        killers = {name: WEIGHTS.get(name, _WEIGHT) for name, one in self.nemeses.items() if one.kills}
        others = [name for name, one in self.nemeses.items() if not one.kills]
        self._plan = draw(kills, seed, killers=killers, others=others)
        self._rng = random.Random(seed)
        self._world = world
        self._say = say
        self._active: list[_Active] = []
        self._took_s = [_STRIKE_S]
        self._began_s = time.monotonic()
        self._tell_s = 0.0
        self.i2_checkpoints = self.i2_violations = 0

    def play(self) -> None:
        """Strike until every strike was made and healed.

        Raises: StormError if something ended by itself, or took too long.
        """
        world = self._world
        limit_s = _FIXED_S + _A_FACT_S * world.facts + _A_STRIKE_S * len(self._plan)
        while self._plan or self._active:
            world.must_run()
            progress = world.progress()
            self._begin_due(progress)
            self._step()
            self._keep_pace(progress)
            self._tell(progress)
            if time.monotonic() - self._began_s > limit_s:
                names = ", ".join(one.nemesis.name for one in self._active)
                raise StormError(f"the storm took more than {limit_s:.0f} s; at work: {names or 'none'}")
            time.sleep(_POLL_S)  # noqa: TID251 - polls with a deadline

    def _check_i2(self) -> None:
        """Ask the running books whether rights add up; not while other books are put in their place."""
        if any(isinstance(one.nemesis, OLDER_BOOKS) for one in self._active):
            return
        self.i2_checkpoints += 1
        off = check_rights.imbalance(self._world.hub.db, at_rest=False)
        if off:
            probe.copy_running(self._world.hub.db, self._world.folder / f"off-{self.i2_checkpoints}.db")
        for key, amount in off.items():
            self.i2_violations += abs(amount)
            self._note(f"I2: the rights to {' '.join(key)} are {amount:+} off")

    def bites(self) -> dict[str, int]:
        """Return how often each nemesis bit."""
        return {name: nemesis.bites for name, nemesis in self.nemeses.items()}

    def _begin_due(self, progress: int) -> None:
        for strike in [strike for strike in self._plan if strike.due * self._world.facts <= progress]:
            if len(self._active) >= _AT_ONCE:
                return
            self._begin(strike)

    def _begin(self, strike: Strike) -> None:
        """Begin a strike if what it must hold is free; otherwise its turn comes later."""
        nemesis, rng = self.nemeses[strike.name], random.Random(strike.salt)
        held = {name for one in self._active for name in one.held}
        kiosks = [kiosk for kiosk in self._world.kiosks if kiosk.name not in held and not is_sold_out(kiosk)]
        kiosks = kiosks or [kiosk for kiosk in self._world.kiosks if kiosk.name not in held]
        if not kiosks:
            return
        kiosk = rng.choice(kiosks)
        grip = {kiosk.name if name == "kiosk" else name for name in nemesis.grip.value}
        if grip & held:
            return
        self._plan.remove(strike)
        self._note(f"begin {strike.name} {'+'.join(sorted(grip))}")
        self._active.append(_Active(nemesis, nemesis.strike(rng, kiosk), grip, time.monotonic()))

    def _step(self) -> None:
        for one in list(self._active):
            try:
                next(one.steps)
            except StopIteration:
                one.nemesis.strikes += 1
                self._active.remove(one)
                self._insist(one.nemesis)
                self._note(f"end   {one.nemesis.name} {'+'.join(sorted(one.held))}: {one.nemesis.strikes} strikes")
                self._took_s.append(time.monotonic() - one.began_s)

    def _insist(self, nemesis: Nemesis) -> None:
        """In a run of default size, let a nemesis that never bit strike again."""
        if self._world.facts >= DEFAULT_FACTS:
            to_come = [strike.name for strike in self._plan]
            salt, name = self._rng.getrandbits(32), nemesis.name
            self._plan += once_more(name, strikes=nemesis.strikes, bites=nemesis.bites, to_come=to_come, salt=salt)

    def _note(self, text: str) -> None:
        """Write down what happened when, for whoever looks into a failed storm."""
        with (self._world.folder / "strikes.log").open("a") as log:
            log.write(f"{time.monotonic() - self._began_s:8.3f} {text}\n")

    def _keep_pace(self, progress: int) -> None:
        """Slow the sellers down so far that the facts that are left last for the strikes that are left."""
        strikes = len(self._plan) + len(self._active)
        took_s = sum(self._took_s) / len(self._took_s) / _TOGETHER
        left = max(1, self._world.facts - progress)
        pause_s = strikes * took_s * len(self._world.kiosks) / left
        self._world.set_pace(min(_SLOWEST_S, pause_s))

    def _tell(self, progress: int) -> None:
        now_s = time.monotonic() - self._began_s
        if now_s < self._tell_s:
            return
        self._tell_s = now_s + _TELL_S
        self._check_i2()
        world = self._world
        doing = ", ".join(f"{one.nemesis.name} {'+'.join(sorted(one.held))}" for one in self._active)
        self._say(
            f"{now_s:6.1f} s  {progress:>7,} of {world.facts:,} facts, {max(0, world.waiting()):>6,} not at the hub  "
            f"{world.kills:>3} kills  {len(self._plan):>3} strikes to come  {doing}"
        )


def run(facts: int, kills: int, seed: int, folder: Path, say: Say) -> tuple[Result, dict[str, str]]:
    """Play a storm in ``folder``; return what it came to, and which nemeses could not strike and why.

    Raises: StormError if something that must run does not.
    """
    began_s = time.monotonic()
    world = World(folder, facts=facts, seed=seed)
    try:
        world.start()
        say(f"the shops are open, after {time.monotonic() - began_s:.1f} s")
        conductor = Conductor(world, kills, seed, say)
        conductor.play()
        unsent, left = close_up(world, say)
        result = _judge(world, conductor, unsent, left, began_s)
    finally:
        world.close()
        if world.mounts:
            world.keep()
            world.unmount()
    return result, {kind.name: CANNOT_MOUNT for kind in NEMESES if kind.mounts and not world.mounts}


def _judge(world: World, conductor: Conductor, unsent: int, left: str, began_s: float) -> Result:
    goods = check.Goods(world.folder / "shelf.db", world.web_diary, world.losses)
    verdict = check.judge(shops_of(world), world.hub.db, goods, clones=clones_of(world))
    return Result(
        facts=verdict.facts,
        kills=world.kills,
        lost=verdict.lost,
        doubled=verdict.doubled,
        redelivered=max(0, world.tally.facts_delivered - verdict.facts),
        chain_ok=verdict.chain_ok,
        bites={**conductor.bites(), **acts(world, verdict.kinds)},
        seed=world.seed,
        seconds=round(time.monotonic() - began_s, 1),
        sales=verdict.sales,
        refunds=verdict.refunds,
        refused=verdict.refused,
        unsent=unsent,
        oversold=verdict.oversold,
        i2_violations=verdict.i2_violations + conductor.i2_violations,
        overdrafts=verdict.overdrafts,
        overdrafts_beyond=verdict.overdrafts_beyond,
        promises_broken=verdict.promises_broken,
        i2_checkpoints=conductor.i2_checkpoints,
        findings=[*_lost_tails(world), *([f"left in the end: {left}"] if left else []), *verdict.findings],
    )


def _lost_tails(world: World) -> list[str]:
    """Return a sentence for each journal that began a new epoch: a kill never takes a synced tail away."""
    return [
        f"{kiosk.name} has facts of epochs {found}, on {kiosk.epoch} cards: it believed that one had lost its tail"
        for kiosk in world.kiosks
        if kiosk not in {clone.kiosk for clone in world.clones}
        if (found := probe.epochs(kiosk.journal)) != list(range(1, kiosk.epoch + 1))
    ]
