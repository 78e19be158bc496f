"""The machine: what may happen to two kiosks, a network and a hub, in any order."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import facts_of_a_day as day
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from machine_checks import Checks
from machine_parts import KIOSKS, CrashPoint, KioskTwin, Parts, World

from contract.batch import encode_batch
from contract.codec import Stamp, digest, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.facts import KioskStopping, UpFact
from contract.values import Epoch, Lane, Seq
from hub.arrivals import Message
from mqtt_bridge.topics import up_facts

WHICH = st.integers(0, len(KIOSKS) - 1)
ANY = st.integers(0, 59)
SKUS = st.sampled_from(["tea", "coffee"])
AMOUNTS = st.integers(1, 9)
CRASHES: st.SearchStrategy[CrashPoint] = st.sampled_from(["before commit", "after commit", "after life"])
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
        self.world.kiosks[which].record(Lane.SENSE, facts)

    @rule(which=WHICH)
    def send(self, which: int) -> None:
        self.world.kiosks[which].turn()

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
        self.world.kiosks[which].connect()

    @rule(which=WHICH)
    def disconnect(self, which: int) -> None:
        self.world.kiosks[which].disconnect()

    @rule(which=WHICH, connect=st.booleans())
    def kill_bridge(self, which: int, connect: bool) -> None:  # noqa: FBT001
        kiosk = self.world.kiosks[which]
        kiosk.kill_bridge()
        kiosk.start_bridge()
        if connect:
            kiosk.connect()

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
        kiosk = self.world.kiosks[which]
        held = self.checks.held().get((str(kiosk.address), "till@1"), [])
        if len(held) <= back:
            return
        seq = len(held) - back
        raw = self._forge(kiosk, seq, held)
        payload = encode_batch("till@1", Seq(seq), [raw], Seq(seq))
        lane = str(kiosk.address), "till@1"
        self.checks.forks.add((lane, seq, raw))
        self.world.hub.take([Message(up_facts(kiosk.address, Lane.TILL), payload)])
        self.checks.has_fork(lane, seq, raw)

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
        self.world.kiosks[which].record(Lane.TILL, facts)

    def _basket(self) -> str:
        self._baskets += 1
        return f"basket-{self._baskets}"

    def _forge(self, kiosk: KioskTwin, seq: int, held: list[bytes]) -> bytes:
        source = LaneSource(kiosk.address, Epoch(1), Lane.TILL)
        prev = digest(held[seq - 2]) if seq > 1 else NO_DIGEST
        stamp = Stamp(at=day.AT)
        return encode(KioskStopping("I am another"), source=source, seq=Seq(seq), prev=prev, stamp=stamp)


Opening = Callable[[Machine], None]


def closed(machine: Machine) -> None:
    """Nobody is connected, and nothing was sold."""


def joined(machine: Machine) -> None:
    """Both kiosks are connected and have sold."""
    for which in range(len(KIOSKS)):
        machine.connect(which)
        machine.deliver_all()
        machine.sell(which, "tea", [1, 2, 3, 4])
        machine.sense(which, 2)


def sending(machine: Machine) -> None:
    """Two batches of a lane are under way."""
    joined(machine)
    machine.send(0)
    machine.wait(0.06)
    machine.send(0)


def answered(machine: Machine) -> None:
    """The hub has taken batches, its answers are under way."""
    sending(machine)
    for message in machine.world.network.up:
        machine.world.hub.take([message])
    machine.world.network.up.clear()


def disordered(machine: Machine) -> None:
    """The hub's answers came the last one first."""
    answered(machine)
    down = machine.world.network.down
    while down:
        machine.world.deliver_down(down.pop())
        machine.send(0)  # stores what it heard
        machine.checks.after_step()


def killed(machine: Machine) -> None:
    """The hub ended just before a commit, and all that it may have said was heard."""
    sending(machine)
    machine.kill_hub(0, "before commit", heard=True)


def working(machine: Machine) -> None:
    """Everything sold was taken and acknowledged."""
    joined(machine)
    for _ in range(4):
        machine.work(0.3)


def silent(machine: Machine) -> None:
    """All that is sent for a minute is lost."""
    joined(machine)
    for _ in range(10):
        machine.wait(6.0)
        machine.send(0)
        machine.drop_all()


def restored(machine: Machine) -> None:
    """The books went back to a copy, the kiosks have heard of it, and have sold since."""
    working(machine)
    machine.copy_books()
    for _ in range(3):
        machine.sell(0, "coffee", [5, 6])
        machine.work(0.3)
    machine.restore_books(0)
    machine.deliver_all()


def echoed(machine: Machine) -> None:
    """After the books went back, all that the hub ever said is heard once more."""
    restored(machine)
    machine.deliver_old_acks(list(range(len(machine.world.network.past_acks))))


def cloned(machine: Machine) -> None:
    """A clone of a card has spoken."""
    working(machine)
    machine.hear_clone(0, 1)


def emptied(machine: Machine) -> None:
    """The books went back to when they knew both kiosks and had nothing of them."""
    for which in range(len(KIOSKS)):
        machine.connect(which)
    machine.deliver_all()
    machine.copy_books()
    working(machine)
    machine.restore_books(0)


def one_behind(machine: Machine) -> None:
    """The books went back by a single message, which was acknowledged."""
    working(machine)
    machine.sell(0, "coffee", [5])
    machine.send(0)
    machine.copy_books()
    machine.deliver_all()
    machine.deliver_all()
    machine.restore_books(0)


OPENINGS: tuple[Opening, ...] = (
    *(closed, joined, sending, answered, disordered, killed),
    *(working, silent, restored, echoed, cloned, emptied, one_behind),
)


def make_machine(template: Path, parts: Parts, openings: Sequence[Opening] = OPENINGS) -> Callable[[], Machine]:
    """Return what makes a machine; each example begins with one of ``openings``."""
    return lambda: Machine(template, parts, openings)
