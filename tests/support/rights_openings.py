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
    work(machine)


def pooled(machine: RightsMachine) -> None:
    """Much is free at the hub, which has told no till yet what it gets."""
    stocked(machine)
    for which in range(len(KIOSKS)):
        machine.release(which, "tea", 4)
    machine.release(0, "cups", 3)
    send(machine)


def shared(machine: RightsMachine) -> None:
    """What was free is granted, and the hub has heard that it came."""
    pooled(machine)
    work(machine)
    for which in range(len(KIOSKS)):
        machine.receive(which, "cups", 1)
    work(machine)


def shared_again(machine: RightsMachine) -> None:
    """What was granted came back, and is granted once more."""
    shared(machine)
    for which in range(len(KIOSKS)):
        machine.release(which, "tea", 3)
        machine.want(which, "tea", 2)
    work(machine)
    work(machine)


def counted_behind(machine: RightsMachine) -> None:
    """A count that waits for a till is closed when much was sold since."""
    stocked(machine)
    machine.disconnect(1)
    machine.count(0, ("tea",))
    machine.sell(0, "tea", 2)
    machine.sell(1, "tea", 2)
    work(machine)


def on_the_way(machine: RightsMachine) -> None:
    """Grants are on their way to tills that hear nothing."""
    pooled(machine)
    machine.steward("")
    machine.drop(up=False, down=True)


def exchanged(machine: RightsMachine) -> None:
    """A till got a new card while grants to its old one were on the way."""
    on_the_way(machine)
    machine.exchange_card(0, connect=True)
    work(machine)
    work(machine)


def late(machine: RightsMachine) -> None:
    """A till sells on in a life that the hub has closed, and cannot say so yet."""
    stocked(machine)
    machine.disconnect(1)
    machine.sell(1, "tea", 2)
    machine.close_life(1)
    machine.sell(1, "tea", 1)
    machine.connect(1)
    send(machine)
    work(machine)


def counted_late(machine: RightsMachine) -> None:
    """A count is in while the sales of another till, which it covers, are not."""
    stocked(machine)
    machine.disconnect(1)
    machine.sell(1, "tea", 3)
    machine.count(0, ("tea",))
    send(machine)
    machine.steward("")


def found(machine: RightsMachine) -> None:
    """A count finds more than the books have."""
    stocked(machine)
    machine.lose_or_find("market", "tea", 1)
    machine.count(0, ("tea",))
    work(machine)


def overdrawn(machine: RightsMachine) -> None:
    """A till sold what another has the rights to; much is free."""
    pooled(machine)
    machine.sell(1, "tea", 3)
    machine.sell(1, "cups", 2)
    work(machine)
    work(machine)


def beyond_all(machine: RightsMachine) -> None:
    """Goods left of which nobody has any rights: they are set aside for shoppers, or were never received."""
    stocked(machine)
    machine.lose_or_find("depot", "cups", 1)
    machine.sell(2, "cups", 1)
    work(machine)
    machine.wait(70.0)
    work(machine)


def placed(machine: RightsMachine) -> None:
    """What programs reserved is set aside at a till."""
    pooled(machine)
    machine.hub_hold("market", {"tea": 2}, 2, paid=True, sure=True, crash="")
    work(machine)
    work(machine)


def over_time(machine: RightsMachine) -> None:
    """What programs reserved is at a till that is away, and its time is over."""
    pooled(machine)
    machine.hub_hold("market", {"tea": 2}, 2, paid=True, sure=True, crash="")
    work(machine)
    for which in range(len(KIOSKS)):
        machine.disconnect(which)
    send(machine)
    machine.wait(7500.0)
    machine.world.clock.advance(48 * 3600.0)
    machine.steward("")


def called_off(machine: RightsMachine) -> None:
    """A program cancels what a till has set aside."""
    placed(machine)
    machine.hub_cancel(0, "")


def asked_again(machine: RightsMachine) -> None:
    """A promise is answered, then goods come free, and the request is heard once more."""
    stocked(machine)
    machine.promise(0, "cups", 5, "market", paid=False)
    work(machine)
    machine.receive(1, "cups", 5)
    machine.release(1, "cups", 5)
    machine.disconnect(0)
    machine.kiosk(1).turn()
    machine.world.deliver_all()
    machine.repeat_requests()
    machine.connect(0)
    work(machine)


def wanted_by_two(machine: RightsMachine) -> None:
    """A shopper wants what is reserved for another."""
    pooled(machine)
    machine.hub_hold("depot", {"tea": 4}, 15, paid=True, sure=False, crash="")
    machine.promise(0, "tea", 4, "depot", paid=False)
    machine.disconnect(2)
    machine.sell(2, "tea", 1)
    work(machine)


def unpromisable(machine: RightsMachine) -> None:
    """A till overdrew; then goods came."""
    stocked(machine)
    machine.disconnect(1)
    machine.sell(1, "cups", 3)
    machine.receive(1, "cups", 3)
    machine.hold(1, {"cups": 2}, 120)


def greedy(machine: RightsMachine) -> None:
    """A till is asked to set more aside than it has rights to."""
    stocked(machine)
    machine.hold(1, {"cups": 3}, 120)


def sent_twice(machine: RightsMachine) -> None:
    """A van was sent and unloaded."""
    stocked(machine)
    machine.send(0, "tea", 2, "depot")
    machine.unload(0)
    work(machine)


def given(machine: RightsMachine) -> None:
    """A till gave rights to another of its site."""
    stocked(machine)
    machine.give(giver=False, sku="tea", amount=2, at_once=True)
    work(machine)


def given_and_put_back(machine: RightsMachine) -> None:
    """A till gave rights to its neighbour while the hub heard neither; then its card was put back to before it."""
    stocked(machine)
    machine.copy_card(0)
    for which in (0, 1):
        machine.disconnect(which)
    machine.give(giver=False, sku="tea", amount=3, at_once=True)
    machine.restore_card(0, 0, connect=True)
    machine.connect(1)
    work(machine)


def put_back(machine: RightsMachine) -> None:
    """The hub went back to before it granted; tills hold what they were granted for their own shoppers."""
    pooled(machine)
    machine.copy_books()
    machine.steward("")
    work(machine)
    for which in (0, 1):
        machine.hold(which, {"tea": 3}, 120)
        machine.hold(which, {"tea": 2}, 120)
        machine.disconnect(which)
    machine.restore_books(0)
    machine.hub_hold("market", {"tea": 3}, 15, paid=True, sure=True, crash="")


def reported_amid(machine: RightsMachine) -> None:
    """A till reports to a hub that has granted more meanwhile."""
    pooled(machine)
    machine.restart_hub()
    machine.steward("")
    machine.work(0.3)
    machine.work(0.3)
    work(machine)


def cloned(machine: RightsMachine) -> None:
    """Two cards of one name sell the same goods."""
    stocked(machine)
    machine.clone_card(0)
    machine.sell(0, "tea", 1)
    machine.sell(3, "tea", 2)
    send(machine)


def cloned_unheard(machine: RightsMachine) -> None:
    """Of two cards of one name the clone is heard first; what the other says next, it says in a new life."""
    machine.connect(0)
    machine.restart_hub()
    machine.count(0, ("tea", "cups"))
    machine.back(0, crash=False)
    machine.clone_card(0)
    machine.receive(0, "tea", 3)


def cloned_counted(machine: RightsMachine) -> None:
    """A count is still to be closed when the second card of its till tells what it threw away since."""
    cloned_unheard(machine)
    machine.waste(3, "tea", 2)
    send(machine)


def given_up(machine: RightsMachine) -> None:
    """A till hears that its life is closed."""
    stocked(machine)
    machine.close_life(0)
    work(machine)
    machine.sell(0, "tea", 1)
    work(machine)


def work(machine: RightsMachine) -> None:
    """Let everything go well for a while."""
    machine.work(1.5)
    machine.work(1.5)


def send(machine: RightsMachine) -> None:
    """Let what tills have recorded reach the hub."""
    for kiosk in machine.world.kiosks:
        kiosk.turn()
    machine.world.deliver_all()


OPENINGS: Final[tuple[Opening, ...]] = (
    *(empty, stocked, pooled, shared, on_the_way, exchanged, late, counted_late, found, overdrawn, beyond_all, placed),
    *(over_time, called_off, asked_again, wanted_by_two, unpromisable, greedy, sent_twice, given, put_back),
    given_and_put_back,
    *(reported_amid, cloned, cloned_unheard, cloned_counted, given_up, shared_again, counted_behind),
)
