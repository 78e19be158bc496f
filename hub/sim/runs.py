"""Runs of the rights simulation: one policy through one day, and what many days came to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec import Struct

from hub.core import redistribute
from hub.sim.agenda import Agenda
from hub.sim.counters import HubOnly, PnCounter
from hub.sim.leases import Leases
from hub.sim.rights import Manner, RightsHub
from hub.sim.shelf import Shelf
from hub.sim.world import PATIENCE_S, Day, World, draw

RECALL_REVIEW_S: Final = 600.0  # the published figures of recall by recent demand come with a look each ten minutes
OUR_REVIEW_S: Final = 180.0  # besides each contact: demand decays, and links fall silent; each minute does no better


class Seller(Protocol):
    """One policy's hub and kiosks."""

    def shopper(self, where: int) -> None:
        """Serve a shopper or send them away, now or within their patience."""
        ...

    def flip(self, nth: int) -> None:
        """Let a kiosk's link fail or come back."""
        ...


Maker = Callable[[World, Day, Agenda, Shelf], Seller]


class Score(Struct, frozen=True, kw_only=True):
    """What became of the shoppers of one run; ``servable`` is what a hub with perfect links would have accepted."""

    shoppers: int
    servable: int
    accepted: int
    oversold: int
    refused_while_stock: int


class Summary(Struct, frozen=True, kw_only=True):
    """What many runs came to: shares of runs or of demand as fractions, units a run."""

    oversold_runs: float
    oversold_units: float
    oversold_most: int
    accepted: float
    refused_while_stock: float
    stock_allows: float


def _rights(manner: Manner) -> Maker:
    return lambda world, day, agenda, shelf: RightsHub(world, day, agenda, shelf, manner)


STATIC: Final = Manner(policy=redistribute.plan_static, keeps=True)
RECALL: Final = Manner(policy=redistribute.plan_recall, review_s=RECALL_REVIEW_S)
OURS: Final = Manner(policy=redistribute.plan_ours, asks=True, review_s=OUR_REVIEW_S)

POLICIES: Final[dict[str, Maker]] = {
    "hub_only": HubOnly,
    "pn_counter": PnCounter,
    "expiry": Leases,
    "static": _rights(STATIC),
    "recall": _rights(RECALL),
    "ours": _rights(OURS),
}


def steps(world: World, day: Day, agenda: Agenda, seller: Seller) -> Iterator[float]:
    """Run a day, and yield the instant after each thing that happened."""
    for at_s, where in day.shoppers:
        agenda.at(at_s, lambda where=where: seller.shopper(where))  # type: ignore[misc]
    for nth, spells in enumerate(day.links):
        for at_s in spells.flips:
            agenda.at(at_s, lambda nth=nth: seller.flip(nth))  # type: ignore[misc]
    yield from agenda.steps(world.day_s + PATIENCE_S)


def run(world: World, day: Day, make: Maker) -> Score:
    """Return how a policy fared on a day."""
    agenda, shelf = Agenda(), Shelf(world.units)
    for _ in steps(world, day, agenda, make(world, day, agenda, shelf)):
        pass
    return Score(
        shoppers=len(day.shoppers),
        servable=min(world.units, len(day.shoppers)),
        accepted=shelf.accepted,
        oversold=shelf.oversold,
        refused_while_stock=shelf.refused_while_stock,
    )


def run_all(world: World, seeds: Iterable[int], done: Callable[[], None] = lambda: None) -> dict[str, Summary]:
    """Return what each policy came to over the same days; ``done`` is called after each day."""
    scores: dict[str, list[Score]] = {name: [] for name in POLICIES}
    for seed in seeds:
        day = draw(world, seed)
        for name, make in POLICIES.items():
            scores[name].append(run(world, day, make))
        done()
    return {name: summarise(found) for name, found in scores.items()}


def summarise(scores: Sequence[Score]) -> Summary:
    """Return shares and means; days weigh as many shoppers as they had."""
    shoppers = max(1, sum(one.shoppers for one in scores))
    return Summary(
        oversold_runs=sum(one.oversold > 0 for one in scores) / len(scores),
        oversold_units=sum(one.oversold for one in scores) / len(scores),
        oversold_most=max(one.oversold for one in scores),
        accepted=sum(one.accepted for one in scores) / shoppers,
        refused_while_stock=sum(one.refused_while_stock for one in scores) / shoppers,
        stock_allows=sum(one.servable for one in scores) / shoppers,
    )
