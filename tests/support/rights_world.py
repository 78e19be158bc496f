"""Everything there is: two sites with three tills, a hub, a network that loses and repeats, and the physical shelf."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import facts_of_a_day as day
from machine_network import MachineClock, Network
from rights_hub import RightsHub
from rights_kiosk import Noted, RightsKiosk, copy_card
from rights_shelf import Shelf, Van, beyond, came

from contract.codec import digest
from contract.down_rights import PromiseResolved
from contract.facts import SaleLine, SaleRecorded
from contract.rights import ReservationCancelled, ReservationCollected, ReservationHeld, ReservationLapsed
from contract.values import BasketId, Epoch, Money, Quantity, Receipt, Sku, parse_address
from hub.intake.arrivals import Message
from hub.store.database import open_store
from hub.store.migrate import migrate
from kiosk.core.promises import State as PromiseState
from kiosk.journal import promises
from mqtt_bridge.topics import UP_REQUESTS, parse_topic

KIOSKS: Final = tuple(parse_address(f"demo/{name}") for name in ("market/k1", "market/k2", "depot/k3"))
SITES: Final = ("market", "depot")
SKUS: Final = ("tea", "cups")
MAX_REQUESTS: Final = 6  # that are said again together; each is a transaction


class AskingNetwork(Network):
    """A network that can say again what was said urgently."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Message] = []

    def send_up(self, message: Message) -> None:
        super().send_up(message)
        if message.topic.endswith(UP_REQUESTS) and len(self.requests) < MAX_REQUESTS:
            self.requests.append(message)


HubMaker = Callable[[Path, Network, MachineClock, Callable[[], str]], RightsHub]


class World:
    """Everything there is."""

    def __init__(self, folder: Path, make_hub: HubMaker = RightsHub) -> None:
        self.folder = folder
        self.clock = MachineClock()
        self.latest = self.clock.at  # that the clock ever showed before it was set back
        self.network = AskingNetwork()
        self._ids = itertools.count(1)  # may be asked by many at once
        self.shelves = {site: Shelf() for site in SITES}
        self.vans: dict[str, Van] = {}
        self.moves: dict[str, tuple[str, int, str, int, str]] = {}  # to be accepted: to, its epoch, sku, amount, giver
        self.ever: dict[str, tuple[RightsKiosk, Noted]] = {}  # by digest
        self.ended: set[str] = set()  # reservations whose shopper has the goods, or no longer wants them
        self.answers: dict[str, PromiseResolved] = {}
        self.tellers: dict[str, RightsKiosk] = {}
        self.unbooked = 0  # how often goods went or came that nobody told the books of
        self.stray_spent: dict[tuple[str, str], int] = defaultdict(int)
        self.hub = make_hub(folder / "hub", self.network, self.clock, self.new_id)
        self.kiosks = [
            RightsKiosk(folder / "cards" / one.kiosk, one, self.network, self.clock, self.new_id) for one in KIOSKS
        ]

    def new_id(self) -> str:
        return f"id-{next(self._ids):06}"

    # ------------------------------------------------------------------------------------------------- what is recorded

    def observe(self) -> None:
        """Look at what kiosks recorded since, and do by hand what staff does because of it."""
        for kiosk in self.kiosks:
            for noted in kiosk.new_facts():
                self.ever[digest(noted.raw)] = (kiosk, noted)
                self._heed(kiosk, noted)
            self._hear_answers(kiosk)

    def _heed(self, kiosk: RightsKiosk, noted: Noted) -> None:
        shelf = self.shelves[kiosk.address.site]
        match noted.data:
            case ReservationHeld(reservation=name, lines=lines):
                if name not in self.ended:
                    shelf.set_aside(name, {line.sku: line.quantity.amount for line in lines})
                    if kiosk.stray:
                        for line in lines:
                            self.stray_spent[kiosk.address.site, line.sku] += line.quantity.amount
            case ReservationCollected(reservation=name):
                self.ended.add(name)
            case ReservationLapsed(reservation=name) | ReservationCancelled(reservation=name):
                self.ended.add(name)
                shelf.put_back(name)
            case _:
                pass
        if kiosk.stray:
            for sku, amount in came(noted.data).items():
                self.stray_spent[kiosk.address.site, sku] += max(0, -amount)

    def _hear_answers(self, kiosk: RightsKiosk) -> None:
        for promise in promises.told(kiosk.journal.connection):
            if promise.answer is None or promise.state is not PromiseState.TOLD:
                continue
            teller = self.tellers.setdefault(promise.id, kiosk)
            known = self.answers.setdefault(promise.id, promise.answer)
            if teller is kiosk and not kiosk.stray:
                same = (known.answer, known.lines, known.site, known.code) == (
                    promise.answer.answer,
                    promise.answer.lines,
                    promise.answer.site,
                    promise.answer.code,
                )
                if not same and self.was_broken(promise.id):
                    self.answers[promise.id] = promise.answer  # the hub wrote down that it broke the one before
                    continue
                assert same, f"promise {promise.id}: told {promise.answer} after {known}"

    def was_broken(self, promise: str) -> bool:
        """Return whether an answer of the hub's was broken, by its books; one put back may have forgotten."""
        rows = self.hub.reader.execute("SELECT earlier FROM promises WHERE id = ?", (promise,)).fetchall()
        return bool(self.hub.restored or any(earlier for (earlier,) in rows))

    def sale(self, goods: Mapping[str, int]) -> SaleRecorded:
        lines = [
            SaleLine(Sku(sku), sku, Quantity(amount), Money(100), Money(100 * amount)) for sku, amount in goods.items()
        ]
        total = Money(sum(line.amount_minor for line in lines))
        basket = BasketId(f"basket-{self.new_id()}")
        return SaleRecorded(Receipt(""), basket, self.clock.at, day.EUR, lines, total, day.paid(total))

    # -------------------------------------------------------------------------------------------------------- the link

    def connect(self, kiosk: RightsKiosk) -> None:
        """Connect one; the broker ends an older connection under the same name."""
        for other in self.kiosks:
            if other is not kiosk and other.address == kiosk.address:
                other.disconnect()
        kiosk.connect()

    def deliver_down(self, message: Message | None) -> None:
        if message:
            address, _ = parse_topic(message.topic)
            for kiosk in self.kiosks:
                if kiosk.address == address:
                    kiosk.receive(message)

    def deliver_all(self) -> None:
        """Let everything that is under way arrive, in order; what is answered meanwhile is under way next time."""
        up, self.network.up = self.network.up, []
        down, self.network.down = self.network.down, []
        self.hub.take_all(up)
        for message in down:
            self.deliver_down(message)

    def work(self, seconds: float) -> None:
        """Pass a while in which everything goes well."""
        self.clock.advance(seconds)
        for kiosk in self.kiosks:
            kiosk.turn()
        self.deliver_all()
        self.hub.step()
        self.deliver_all()
        for kiosk in self.kiosks:
            kiosk.back()
        self.observe()

    # ------------------------------------------------------------------------------------------------------------ cards

    def newest_epoch(self, kiosk: RightsKiosk) -> int:
        """Return the newest epoch that the hub knows of a kiosk, which its operator gives a new card one above."""
        row = self.hub.reader.execute(
            "SELECT max(epoch) FROM kiosks WHERE site = ? AND kiosk = ?", (kiosk.address.site, kiosk.address.kiosk)
        ).fetchone()
        return row[0] or 0

    def clone(self, kiosk: RightsKiosk) -> RightsKiosk:
        """Return a second kiosk with a copy of the card, under the same name."""
        folder = self.folder / "cards" / f"clone{len(self.kiosks)}"
        copy_card(kiosk.folder, folder)
        twin = RightsKiosk(folder, kiosk.address, self.network, self.clock, self.new_id)
        twin.known = dict(kiosk.known)
        twin.stray = True
        self.kiosks.append(twin)
        return twin

    def unheard(self, is_held: "frozenset[str]", closed: "frozenset[tuple[str, int]]") -> Counter[tuple[str, str]]:
        """Return what facts that the hub has not heard of took without any right, by site and sku."""
        found: Counter[tuple[str, str]] = Counter()
        for mark, (kiosk, noted) in self.ever.items():
            if mark in is_held:
                continue
            site = kiosk.address.site
            if (str(kiosk.address), noted.epoch) not in closed:
                found.update({(site, sku): amount for sku, amount in beyond(noted.data).items()})
            else:
                found.update({(site, sku): max(0, -amount) for sku, amount in came(noted.data).items()})
                if isinstance(noted.data, ReservationHeld) and noted.data.reservation not in self.ended:
                    found.update({(site, line.sku): line.quantity.amount for line in noted.data.lines})
        return found

    def close(self) -> None:
        self.hub.close()
        for kiosk in self.kiosks:
            kiosk.close()


def make_template(folder: Path) -> Path:
    """Return a folder of empty databases for worlds to begin with: migrating takes the longest."""
    store = open_store(f"sqlite:///{folder / 'hub' / 'hub.db'}")
    migrate(store)
    store.close()
    for one in KIOSKS:
        card = folder / "cards" / one.kiosk
        card.mkdir(parents=True)
        RightsKiosk(card, one, Network(), MachineClock(), str).close()
    return folder


def first_epoch(told: bool, newest: int) -> Epoch:  # noqa: FBT001
    return Epoch(newest + 1 if told else 1)
