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


def backed_up(machine: Machine) -> None:
    """A card was copied, and has sold since; all of that was acknowledged."""
    working(machine)
    machine.copy_card(0)
    machine.sell(0, "coffee", [5, 6, 4])
    for _ in range(3):
        machine.work(0.3)


def tail_lost(machine: Machine) -> None:
    """Journals were put back beside a link.db that knows of more; the kiosk has sold on, and was acknowledged."""
    backed_up(machine)
    machine.restore_card(0, 0, link=False, connect=True)
    machine.sell(0, "tea", [7, 8])
    for _ in range(3):
        machine.work(0.3)


def twice_lost(machine: Machine) -> None:
    """The same once more: now the journal's own epoch is older than the newest."""
    tail_lost(machine)
    machine.restore_card(0, 0, link=False, connect=True)


def put_back(machine: Machine) -> None:
    """A whole card was put back and sells without a network, more than it lost: numbers are given twice."""
    backed_up(machine)
    machine.restore_card(0, 0, link=True, connect=False)
    machine.sell(0, "tea", [7, 8, 9, 1])


def told_late(machine: Machine) -> None:
    """It heard what the hub holds just after it sent a batch, which is lost."""
    put_back(machine)
    machine.connect(0)
    machine.deliver_all()
    machine.drop_all()


def moved_on(machine: Machine) -> None:
    """It has stored what it heard, and sold since."""
    told_late(machine)
    machine.send(0)
    machine.drop_all()
    machine.sell(0, "coffee", [1, 2])


def parted(machine: Machine) -> None:
    """All that it heard is lost, and the batch that holds the forks; the next one was taken and acknowledged."""
    put_back(machine)
    machine.connect(0)
    machine.drop_all()
    for _ in range(3):
        machine.wait(0.06)
        machine.send(0)
    up = machine.world.network.up
    up.remove(next(message for message in up if "up/facts/till" in message.topic))
    machine.deliver_all()
    machine.deliver_all()


def put_back_under(machine: Machine) -> None:
    """Journals were put back under a bridge that runs, and had not sent everything."""
    backed_up(machine)
    machine.sell(0, "tea", [7, 8])
    machine.send(0)
    machine.drop_all()
    machine.restore_till(0, 0)


def switched(machine: Machine) -> None:
    """A card went two ways from a copy; the hub knows one, the card holds the other, and a link.db of the first."""
    working(machine)
    machine.copy_card(0)
    machine.disconnect(0)
    machine.sell(0, "coffee", [1, 2])
    machine.copy_card(0)
    machine.restore_card(0, 0, link=True, connect=False)
    machine.sell(0, "tea", [3, 4])
    machine.connect(0)
    for _ in range(3):
        machine.work(0.3)
    machine.restore_card(0, 1, link=False, connect=True)


def replaced(machine: Machine) -> None:
    """A new card took the old one's place, and was not told its epoch."""
    working(machine)
    machine.exchange_card(0, told=False, connect=False)
    machine.sell(0, "tea", [1, 2])


def twinned(machine: Machine) -> None:
    """A kiosk and its clone have sold, and were heard in turn."""
    working(machine)
    machine.clone_card(0)
    for which in (0, len(KIOSKS), 0, len(KIOSKS)):
        machine.sell(which, "tea", [which + 1, 2])
        machine.connect(which)
        machine.work(0.3)


def both_began(machine: Machine) -> None:
    """A kiosk and its clone heard of the same lost tail, and both began the same epoch."""
    backed_up(machine)
    machine.restore_card(0, 0, link=True, connect=False)
    machine.clone_card(0)
    for which in (0, len(KIOSKS)):
        machine.connect(which)
        machine.work(0.3)
        machine.send(which)
    for which in (0, len(KIOSKS)):
        machine.sell(which, "tea", [which + 1, 2])


OPENINGS: Final[tuple[Opening, ...]] = (
    *(closed, joined, sending, answered, disordered, killed),
    *(working, silent, restored, echoed, cloned, emptied, one_behind),
    *(backed_up, tail_lost, twice_lost, put_back, told_late, moved_on, parted),
    *(put_back_under, switched, replaced, twinned, both_began),
)
