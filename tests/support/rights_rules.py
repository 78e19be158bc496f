"""The rights machine: what may happen to three tills, their goods, a network and a hub, in any order."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_hub import CrashPoint
from rights_checks import Checks
from rights_hands import Hands
from rights_hub import RightsHub
from rights_kiosk import RightsKiosk
from rights_settling import settle, take_stock
from rights_world import KIOSKS, SITES, SKUS, HubMaker, World

WHICH = st.integers(0, len(KIOSKS))  # the last is a clone, where there is one
ANY = st.integers(0, 59)
SKU = st.sampled_from(SKUS)
SITE = st.sampled_from(SITES)
AMOUNT = st.integers(1, 5)
GOODS = st.dictionaries(SKU, st.integers(1, 3), min_size=1)
CRASH: st.SearchStrategy[CrashPoint] = st.sampled_from(["", "", "", "before commit", "after commit", "after life"])
SECONDS = st.sampled_from([0.3, 1.5, 6.0, 70.0, 900.0, 7500.0])
MAX_COPIES = 3


class RightsMachine(RuleBasedStateMachine):
    """Every rule is one thing that happens; it is drained and compared in the end.

    Which kinds of mishap there are at all is drawn for each life: where everything breaks, little else happens.
    """

    def __init__(self, template: Path, openings: Sequence["Opening"], make_hub: HubMaker = RightsHub) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(dir=template.parent))
        shutil.copytree(template, self._folder, dirs_exist_ok=True)
        self.world = World(self._folder, make_hub)
        self.hands = Hands(self.world)
        self.checks = Checks(self.world)
        self.openings = openings
        self.mishaps: frozenset[str] = frozenset()

    @initialize(index=ANY, mishaps=st.frozensets(st.sampled_from(["cards", "closed", "books", "thieves", "clocks"])))
    def open(self, index: int, mishaps: frozenset[str]) -> None:
        self.mishaps = mishaps
        self.openings[index % len(self.openings)](self)

    # --------------------------------------------------------------------------------------------------------- goods

    @rule(which=WHICH, sku=SKU, amount=AMOUNT)
    def receive(self, which: int, sku: str, amount: int) -> None:
        self.hands.receive(self.kiosk(which), sku, amount)

    @rule(which=WHICH, sku=SKU, amount=AMOUNT)
    def sell(self, which: int, sku: str, amount: int) -> None:
        self.hands.sell(self.kiosk(which), sku, amount)

    @rule(which=WHICH, sku=SKU, amount=st.integers(1, 2), restock=st.booleans())
    def refund(self, which: int, sku: str, amount: int, restock: bool) -> None:  # noqa: FBT001
        self.hands.refund(self.kiosk(which), sku, amount, restock=restock)

    @rule(which=WHICH, sku=SKU, amount=st.integers(1, 2))
    def waste(self, which: int, sku: str, amount: int) -> None:
        self.hands.waste(self.kiosk(which), sku, amount)

    @rule(which=WHICH, sku=SKU, amount=AMOUNT, to=SITE)
    def send(self, which: int, sku: str, amount: int, to: str) -> None:
        self.hands.send(self.kiosk(which), sku, amount, to)

    @precondition(lambda self: self.world.vans)
    @rule(index=ANY)
    def unload(self, index: int) -> None:
        self.hands.unload(sorted(self.world.vans)[index % len(self.world.vans)])

    @rule(which=WHICH, skus=st.sampled_from([SKUS, SKUS[:1]]))
    def count(self, which: int, skus: tuple[str, ...]) -> None:
        take_stock(self.world, self.kiosk(which), skus)

    @precondition(lambda self: "thieves" in self.mishaps)
    @rule(site=SITE, sku=SKU, amount=st.sampled_from([-1, -2, 1]))
    def lose_or_find(self, site: str, sku: str, amount: int) -> None:
        """Goods are stolen, or turn up; only a count tells."""
        display = self.world.shelves[site].display
        display[sku] = max(0, display[sku] + amount)
        self.world.unbooked += 1

    # --------------------------------------------------------------------------------------------------------- rights

    @rule(which=WHICH, sku=SKU, amount=AMOUNT)
    def release(self, which: int, sku: str, amount: int) -> None:
        self.hands.release(self.kiosk(which), sku, amount)

    @rule(which=WHICH, sku=SKU, amount=AMOUNT)
    def want(self, which: int, sku: str, amount: int) -> None:
        self.hands.want(self.kiosk(which), sku, amount)

    @rule(giver=st.booleans(), sku=SKU, amount=AMOUNT, at_once=st.booleans())
    def give(self, giver: bool, sku: str, amount: int, at_once: bool) -> None:  # noqa: FBT001
        known = set(self.world.moves)
        self.hands.give(self.world.kiosks[giver], self.world.kiosks[not giver], sku, amount)
        for name in sorted(set(self.world.moves) - known) if at_once else ():
            self.hands.accept(name)

    @precondition(lambda self: self.world.moves)
    @rule(index=ANY)
    def accept(self, index: int) -> None:
        self.hands.accept(sorted(self.world.moves)[index % len(self.world.moves)])

    # ----------------------------------------------------------------------------------------- reservations, promises

    @rule(which=WHICH, goods=GOODS, minutes=st.sampled_from([5, 120]))
    def hold(self, which: int, goods: dict[str, int], minutes: int) -> None:
        self.hands.hold(self.kiosk(which), goods, timedelta(minutes=minutes))

    @rule(which=WHICH, index=ANY)
    def collect(self, which: int, index: int) -> None:
        self.hands.collect(self.kiosk(which), index)

    @rule(which=WHICH, index=ANY)
    def cancel(self, which: int, index: int) -> None:
        self.hands.cancel(self.kiosk(which), index)

    @rule(which=WHICH, sku=SKU, amount=AMOUNT, site=st.sampled_from([None, *SITES]), paid=st.booleans())
    def promise(self, which: int, sku: str, amount: int, site: str | None, paid: bool) -> None:  # noqa: FBT001
        self.hands.promise(self.kiosk(which), sku, amount, site, paid=paid)

    @rule(site=SITE, goods=GOODS, minutes=st.sampled_from([2, 15]), paid=st.booleans(), sure=st.booleans(), crash=CRASH)
    def hub_hold(  # noqa: PLR0917
        self,
        site: str,
        goods: dict[str, int],
        minutes: int,
        paid: bool,  # noqa: FBT001
        sure: bool,  # noqa: FBT001
        crash: CrashPoint,
    ) -> None:
        self.hands.hub_hold(site, goods, minutes=minutes, paid=paid, crash=crash)
        if sure:
            self.hands.hub_confirm(len(self.hands.holds) - 1)

    @precondition(lambda self: self.hands.holds)
    @rule(index=ANY, crash=CRASH)
    def hub_confirm(self, index: int, crash: CrashPoint) -> None:
        self.hands.hub_confirm(index, crash)

    @precondition(lambda self: self.hands.holds)
    @rule(index=ANY, crash=CRASH)
    def hub_cancel(self, index: int, crash: CrashPoint) -> None:
        self.hands.hub_cancel(index, crash)

    # ------------------------------------------------------------------------------------------------ work and network

    @rule(seconds=SECONDS)
    def work(self, seconds: float) -> None:
        self.world.work(seconds)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(which=WHICH)
    def turn(self, which: int) -> None:
        self.kiosk(which).turn()

    @rule(which=WHICH, crash=st.booleans())
    def back(self, which: int, crash: bool) -> None:  # noqa: FBT001
        self.kiosk(which).back(crash=crash)

    @rule(crash=CRASH)
    def steward(self, crash: CrashPoint) -> None:
        self.world.hub.step(crash)

    @precondition(lambda self: self.world.network.up)
    @rule(index=ANY, keep=st.booleans(), crash=CRASH)
    def deliver(self, index: int, keep: bool, crash: CrashPoint) -> None:  # noqa: FBT001
        message = self.world.network.take(self.world.network.up, index, keep=keep)
        self.world.hub.take([message] if message else [], crash)

    @precondition(lambda self: self.world.network.up)
    @rule(indexes=st.lists(ANY, min_size=2, max_size=4))
    def deliver_together(self, indexes: list[int]) -> None:
        network = self.world.network
        self.world.hub.take([m for index in indexes if (m := network.take(network.up, index, keep=False))])

    @precondition(lambda self: self.world.network.requests)
    @rule()
    def repeat_requests(self) -> None:
        """Whatever was ever said urgently is heard once more."""
        self.world.hub.take_all(self.world.network.requests)

    @precondition(lambda self: self.world.network.down)
    @rule(index=ANY, keep=st.booleans())
    def deliver_down(self, index: int, keep: bool) -> None:  # noqa: FBT001
        self.world.deliver_down(self.world.network.take(self.world.network.down, index, keep=keep))

    @precondition(lambda self: self.world.network.past_acks)
    @rule(index=ANY)
    def deliver_old(self, index: int) -> None:
        self.world.deliver_down(self.world.network.take(self.world.network.past_acks, index, keep=True))

    @rule()
    def deliver_all(self) -> None:
        self.world.deliver_all()

    @rule(up=st.booleans(), down=st.booleans())
    def drop(self, up: bool, down: bool) -> None:  # noqa: FBT001
        for is_lost, bag in ((up, self.world.network.up), (down, self.world.network.down)):
            if is_lost:
                bag.clear()

    @rule(which=WHICH)
    def connect(self, which: int) -> None:
        self.world.connect(self.kiosk(which))

    @rule(which=WHICH)
    def disconnect(self, which: int) -> None:
        self.kiosk(which).disconnect()

    @rule(which=WHICH, connect=st.booleans())
    def kill_bridge(self, which: int, connect: bool) -> None:  # noqa: FBT001
        kiosk = self.kiosk(which)
        kiosk.kill_bridge()
        kiosk.start_bridge()
        if connect:
            self.world.connect(kiosk)

    @rule()
    def restart_hub(self) -> None:
        self.world.hub.restart()

    # --------------------------------------------------------------------------------------------------------- mishaps

    @precondition(lambda self: "clocks" in self.mishaps)
    @rule(minutes=st.sampled_from([-90, -5, 30, 90]))
    def jump(self, minutes: int) -> None:
        """Everybody's clock is set anew; what was measured otherwise goes on."""
        self.world.latest = max(self.world.latest, self.world.clock.at)
        self.world.clock.at += timedelta(minutes=minutes)

    @precondition(lambda self: "books" in self.mishaps and len(self.world.hub.copies) < MAX_COPIES)
    @rule()
    def copy_books(self) -> None:
        self.world.hub.copy()

    @precondition(lambda self: "books" in self.mishaps and self.world.hub.copies)
    @rule(index=ANY)
    def restore_books(self, index: int) -> None:
        self.world.hub.restore(index)

    @precondition(lambda self: "closed" in self.mishaps)
    @rule(which=WHICH)
    def close_life(self, which: int) -> None:
        self.world.hub.close_life(self.kiosk(which).address)

    @precondition(lambda self: "closed" in self.mishaps)
    @rule(which=WHICH, connect=st.booleans())
    def exchange_card(self, which: int, connect: bool) -> None:  # noqa: FBT001
        """A new card under the old name; its settings say which epoch the hub's operator gave it."""
        kiosk = self.kiosk(which)
        kiosk.exchange(max(self.world.newest_epoch(kiosk), kiosk.epoch) + 1)
        if connect:
            self.world.connect(kiosk)

    @precondition(lambda self: "cards" in self.mishaps)
    @rule(which=WHICH)
    def copy_card(self, which: int) -> None:
        if len(self.kiosk(which).copies) < MAX_COPIES:
            self.kiosk(which).copy()

    @precondition(lambda self: "cards" in self.mishaps)
    @rule(which=WHICH, index=ANY, connect=st.booleans())
    def restore_card(self, which: int, index: int, connect: bool) -> None:  # noqa: FBT001
        kiosk = self.kiosk(which)
        if kiosk.copies:
            kiosk.restore(index)
            if connect:
                self.world.connect(kiosk)

    @precondition(lambda self: "cards" in self.mishaps and len(self.world.kiosks) == len(KIOSKS))
    @rule(which=WHICH)
    def clone_card(self, which: int) -> None:
        """Two kiosks under one name."""
        self.world.clone(self.kiosk(which))

    # ---------------------------------------------------------------------------------------------------------- checks

    @invariant()
    def nothing_is_promised_twice(self) -> None:
        self.world.observe()
        self.checks.after_step()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                settle(self.world, self.checks)
        finally:
            self.end()

    def end(self) -> None:
        self.world.close()
        shutil.rmtree(self._folder)

    def kiosk(self, which: int) -> RightsKiosk:
        return self.world.kiosks[which % len(self.world.kiosks)]


Opening = Callable[[RightsMachine], None]


def make_rights_machine(
    template: Path, openings: Sequence[Opening], make_hub: HubMaker = RightsHub
) -> Callable[[], RightsMachine]:
    """Return what makes a machine; each example begins with one of ``openings``."""
    return lambda: RightsMachine(template, openings, make_hub)
