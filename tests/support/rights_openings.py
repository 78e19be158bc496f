"""Where a life of the rights machine begins: places near which something hurts, that chance alone seldom finds."""

from typing import Final

from rights_rules import Opening, RightsMachine
from rights_world import KIOSKS


def empty(machine: RightsMachine) -> None:
    """Nobody is connected, and there are no goods."""


def stocked(machine: RightsMachine) -> None:
    """Every till is connected; goods came to all of them, and the hub knows."""
    for which in range(len(KIOSKS)):
        machine.connect(which)
        machine.receive(which, "tea", 5)
    machine.receive(0, "cups", 3)
    machine.work(1.5)
    machine.work(1.5)


def pooled(machine: RightsMachine) -> None:
    """Much is free at the hub, which tells the tills what they get."""
    stocked(machine)
    for which in range(len(KIOSKS)):
        machine.release(which, "tea", 4)
    machine.release(0, "cups", 3)
    for kiosk in machine.world.kiosks:
        kiosk.turn()
    machine.world.deliver_all()


OPENINGS: Final[tuple[Opening, ...]] = (empty, stocked, pooled)
