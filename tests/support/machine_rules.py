"""The machine: what may happen to two kiosks, a network and a hub, in any order."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import facts_of_a_day as day
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_books import Books
from machine_checks import Checks
from machine_hub import CrashPoint
from machine_kiosk import KioskTwin
from machine_parts import KIOSKS, Parts
from machine_world import World

from contract.batch import encode_batch
from contract.codec import Stamp, digest, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.every import UpFact
from contract.facts import KioskStopping
from contract.values import Epoch, Lane, Seq
from hub.intake.arrivals import Message
from mqtt_bridge.topics import up_facts

WHICH = st.integers(0, len(KIOSKS))  # the last is a clone, where there is one
ANY = st.integers(0, 59)
SKUS = st.sampled_from(["tea", "coffee"])
AMOUNTS = st.integers(1, 9)
CRASHES: st.SearchStrategy[CrashPoint] = st.sampled_from(["before commit", "after commit", "after life"])
MAX_COPIES = 3  # enough for copies of several epochs
SECONDS = st.sampled_from([0.06, 0.3, 1.5, 6.0, 70.0])


class Machine(RuleBasedStateMachine):
    """Every rule is one thing that happens; it is drained and compared in the end."""

    def __init__(self, template: Path, parts: Parts, openings: Sequence["Opening"]) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(dir=template.parent))
        shutil.copytree(template, self._folder, dirs_exist_ok=True)
        self.world = World(self._folder, parts)
        self.checks = Checks(self.world)
        self._openings = openings
        self._baskets = 0

    @initialize(index=ANY)
    def open(self, index: int) -> None:
        self._openings[index % len(self._openings)](self)

    @rule(which=WHICH, sku=SKUS, amounts=st.lists(AMOUNTS, min_size=1, max_size=4))
    def sell(self, which: int, sku: str, amounts: list[int]) -> None:
        self._record(which, [day.sale(self._basket(), sku=sku, amount=amount) for amount in amounts])

    @rule(which=WHICH, sku=SKUS, amount=AMOUNTS)
    def receive(self, which: int, sku: str, amount: int) -> None:
        self._record(which, [day.received(amount, sku=sku)])

    @rule(which=WHICH, sku=SKUS, amount=AMOUNTS, restock=st.booleans())
    def refund(self, which: int, sku: str, amount: int, restock: bool) -> None:  # noqa: FBT001
        self._record(which, [day.refund(self._basket(), sku=sku, amount=amount, restock=restock)])

    @rule(which=WHICH, sku=SKUS, found=AMOUNTS, expected=AMOUNTS)
    def count(self, which: int, sku: str, found: int, expected: int) -> None:
        self._record(which, [day.counted(found, expected=expected, sku=sku)])

    @rule(which=WHICH, count=st.integers(1, 4))
    def sense(self, which: int, count: int) -> None:
        facts: list[UpFact] = [KioskStopping(f"fact {n}") for n in range(count)]
        self.world.record(self._kiosk(which), Lane.SENSE, facts)

    @rule(which=WHICH)
    def send(self, which: int) -> None:
        self._kiosk(which).turn()

    @precondition(lambda self: self.world.network.up)
    @rule(index=ANY, keep=st.booleans())
    def deliver(self, index: int, keep: bool) -> None:  # noqa: FBT001
        message = self.world.network.take(self.world.network.up, index, keep=keep)
        self.world.hub.take([message] if message else [])

    @precondition(lambda self: self.world.network.up)
    @rule(indexes=st.lists(ANY, min_size=2, max_size=4))
    def deliver_together(self, indexes: list[int]) -> None:
        network = self.world.network
        self.world.hub.take([m for index in indexes if (m := network.take(network.up, index, keep=False))])

    @precondition(lambda self: self.world.network.down)
    @rule(index=ANY, keep=st.booleans())
    def deliver_ack(self, index: int, keep: bool) -> None:  # noqa: FBT001
        self.world.deliver_down(self.world.network.take(self.world.network.down, index, keep=keep))

    @precondition(lambda self: self.world.network.past_acks)
    @rule(indexes=st.lists(ANY, min_size=1, max_size=4))
    def deliver_old_acks(self, indexes: list[int]) -> None:
        for index in indexes:
            self.world.deliver_down(self.world.network.take(self.world.network.past_acks, index, keep=True))

    @rule()
    def deliver_all(self) -> None:
        self.world.deliver_all()

    @precondition(lambda self: self.world.network.up)
    @rule(index=ANY)
    def drop(self, index: int) -> None:
        self.world.network.take(self.world.network.up, index, keep=False)

    @precondition(lambda self: self.world.network.down)
    @rule(index=ANY)
    def drop_ack(self, index: int) -> None:
        self.world.network.take(self.world.network.down, index, keep=False)

    @rule()
    def drop_all(self) -> None:
        self.world.network.up.clear()
        self.world.network.down.clear()

    @rule(which=WHICH)
    def connect(self, which: int) -> None:
        self.world.connect(self._kiosk(which))

    @rule(which=WHICH)
    def disconnect(self, which: int) -> None:
        self._kiosk(which).disconnect()

    @rule(which=WHICH, connect=st.booleans())
    def kill_bridge(self, which: int, connect: bool) -> None:  # noqa: FBT001
        kiosk = self._kiosk(which)
        kiosk.kill_bridge()
        kiosk.start_bridge()
        if connect:
            self.world.connect(kiosk)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(seconds=SECONDS)
    def work(self, seconds: float) -> None:
        """A while in which everything goes well."""
        self.world.clock.advance(seconds)
        for kiosk in self.world.kiosks:
            kiosk.turn()
        self.world.deliver_all()
        self.world.deliver_all()

    @precondition(lambda self: self.world.network.up)
    @rule(index=ANY, point=CRASHES, heard=st.booleans())
    def kill_hub(self, index: int, point: CrashPoint, heard: bool) -> None:  # noqa: FBT001
        """The hub ends within a transaction and starts again; what it may have said before is heard soon, or later."""
        network = self.world.network
        message = network.take(network.up, index, keep=False)
        self.world.hub.take([message] if message else [], point)
        while heard and network.down:
            self.world.deliver_down(network.down.pop(0))

    @rule()
    def restart_hub(self) -> None:
        self.world.hub.restart()

    @precondition(lambda self: len(self.world.hub.copies) < 4)
    @rule()
    def copy_books(self) -> None:
        self.world.hub.copy()

    @precondition(lambda self: self.world.hub.copies)
    @rule(index=st.integers(0, 3))
    def restore_books(self, index: int) -> None:
        self.world.hub.restore(index)

    @rule(which=WHICH, back=st.integers(0, 3))
    def hear_clone(self, which: int, back: int) -> None:
        """A clone of the card gave another fact a number that the hub has taken."""
        kiosk = self._kiosk(which)
        held = Books(self.world.hub.reader).held.get((str(kiosk.address), "till@1"), [])
        if len(held) <= back:
            return
        seq = len(held) - back
        raw = self._forge(kiosk, seq, held)
        payload = encode_batch("till@1", Seq(seq), [raw], Seq(seq))
        lane = str(kiosk.address), "till@1"
        self.checks.forged.add((lane, seq, raw))
        self.world.hub.take([Message(up_facts(kiosk.address, Lane.TILL), payload)])
        self.checks.has_fork(lane, seq, raw)

    @rule(which=WHICH)
    def copy_card(self, which: int) -> None:
        kiosk = self._kiosk(which)
        if len(kiosk.copies) < MAX_COPIES:
            kiosk.copy()

    @rule(which=WHICH, index=st.integers(0, 3), link=st.booleans(), connect=st.booleans())
    def restore_card(self, which: int, index: int, link: bool, connect: bool) -> None:  # noqa: FBT001
        """An older copy of the journals is put back, with or without what the bridge knows."""
        kiosk = self._kiosk(which)
        if kiosk.copies:
            kiosk.restore(index, link=link)
            if connect:
                self.world.connect(kiosk)

    @rule(which=WHICH, index=st.integers(0, 3))
    def restore_till(self, which: int, index: int) -> None:
        """The same, under a bridge that runs."""
        kiosk = self._kiosk(which)
        if kiosk.copies:
            kiosk.restore_till(index)

    @rule(which=WHICH, amounts=st.lists(AMOUNTS, min_size=1, max_size=4), sent=st.booleans(), heard=st.booleans())
    def lose_tail(self, which: int, amounts: list[int], sent: bool, heard: bool) -> None:  # noqa: FBT001
        """A disk that lied about its syncs: the newest facts are gone, whoever has taken them meanwhile."""
        kiosk = self._kiosk(which)
        kiosk.copy()
        self.sell(which, "tea", amounts)
        if sent:
            self.work(0.3)
        if sent and heard:
            kiosk.turn()  # stores it
        kiosk.restore(len(kiosk.copies) - 1, link=False)
        kiosk.copies.pop()

    @rule(which=WHICH, told=st.booleans(), connect=st.booleans())
    def exchange_card(self, which: int, told: bool, connect: bool) -> None:  # noqa: FBT001
        """A new card under the old name; its settings may say which epoch the hub's operator gave it."""
        kiosk = self._kiosk(which)
        kiosk.exchange(self.world.newest_epoch(kiosk) + 1 if told else 1)
        if connect:
            self.world.connect(kiosk)

    @precondition(lambda self: len(self.world.kiosks) == len(KIOSKS))
    @rule(which=WHICH)
    def clone_card(self, which: int) -> None:
        """Two kiosks under one name."""
        self.world.clone(self._kiosk(which))

    @invariant()
    def books_and_beliefs_are_true(self) -> None:
        self.checks.after_step()

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.checks.settle()
        finally:
            self.world.close()
            shutil.rmtree(self._folder)

    def _record(self, which: int, facts: list[UpFact]) -> None:
        self.world.record(self._kiosk(which), Lane.TILL, facts)

    def _kiosk(self, which: int) -> KioskTwin:
        return self.world.kiosks[which % len(self.world.kiosks)]

    def _basket(self) -> str:
        self._baskets += 1
        return f"basket-{self._baskets}"

    def _forge(self, kiosk: KioskTwin, seq: int, held: list[bytes]) -> bytes:
        source = LaneSource(kiosk.address, Epoch(1), Lane.TILL)
        prev = digest(held[seq - 2]) if seq > 1 else NO_DIGEST
        stamp = Stamp(at=day.AT)
        return encode(KioskStopping("I am another"), source=source, seq=Seq(seq), prev=prev, stamp=stamp)


Opening = Callable[[Machine], None]


def make_machine(template: Path, parts: Parts, openings: Sequence[Opening]) -> Callable[[], Machine]:
    """Return what makes a machine; each example begins with one of ``openings``."""
    return lambda: Machine(template, parts, openings)
