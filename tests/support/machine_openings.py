"""Where a life of the machine begins: places near which something hurts, that chance alone seldom finds."""

from typing import Final

from machine_parts import KIOSKS
from machine_rules import Machine, Opening


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


OPENINGS: Final[tuple[Opening, ...]] = (
    *(closed, joined, sending, answered, disordered, killed),
    *(working, silent, restored, echoed, cloned, emptied, one_behind),
)
