"""Puts a till's station together: its counter and, over the same files, all that its dialogues need."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Final

from contract.codes import CODES
from contract.sales import SaleRecorded
from contract.shop import Person, Role, Shop
from contract.values import Currency, Money, Quantity, SiteId, Sku
from kiosk.bootstrap import LocalDesk, new_id
from kiosk.core.counter import Counter
from kiosk.core.ports import DeskError
from kiosk.core.slips import Figures
from kiosk.core.station import Devices, Station, There
from kiosk.core.words import say
from kiosk.journal.elsewhere import FILE, ElsewhereReader
from kiosk.people import PinGuard
from kiosk.stockroom import LocalStockroom
from kiosk.till.speech import ENGLISH, Speech


class LocalElsewhere:
    """What the hub told of other sites, from this kiosk's own file."""

    def __init__(self, desk: LocalDesk) -> None:
        """Read beside ``desk``."""
        self._reader = ElsewhereReader(desk.data_dir / FILE)
        self._clock = desk.clock

    def find(self, sku: Sku) -> list[There]:
        """Return what is known of ``sku``."""
        found = self._reader.find(sku, self._clock.stamp().at)
        return [There(SiteId(one.site), one.shown, _span(one.age_s)) for one in found]

    def sites(self) -> list[SiteId]:
        """Return the sites that anything was told of."""
        return [SiteId(site) for site in self._reader.sites()]

    def close(self) -> None:
        """Close the file."""
        self._reader.close()


class LocalStaff:
    """Who works here, as the shop says."""

    def __init__(self, desk: LocalDesk) -> None:
        """Ask ``desk`` for the shop."""
        self._desk = desk
        self._pins = PinGuard(desk.data_dir, desk.clock)

    def people(self, role: Role) -> Sequence[Person]:
        """Return who may do what ``role`` may."""
        return [one for one in self._desk.shop().staff if role is Role.STAFF or one.role is Role.MANAGER]

    def check(self, person: Person, pin: str) -> bool:
        """Return whether the PIN is right; see :class:`kiosk.people.PinGuard`."""
        return self._pins.check(person, pin)


class NoDevices:
    """A till with nothing around it."""

    def weigh(self) -> Quantity:
        """Refuse."""
        raise DeskError(say("there is no scale here: type the weight"))

    def listen(self, wake: Callable[[], object]) -> None:
        """Never wake anybody."""

    def hear(self) -> None:
        """Say nothing."""

    def warnings(self) -> Sequence[str]:
        """Miss nothing."""
        return ()

    def after_sale(self, sale: SaleRecorded, shop: Shop) -> None:
        """Open and print nothing."""

    def show_shopper(self, top: str, bottom: str) -> None:
        """Show nothing."""


@contextmanager
def open_station(desk: LocalDesk, speech: Speech = ENGLISH) -> Iterator[Station]:
    """Give the station of a desk, whose receipts are in the language of ``speech``; raises DeskError."""
    with ExitStack() as stack:
        devices = _devices(desk, speech, stack)
        elsewhere = LocalElsewhere(desk)
        stack.callback(elsewhere.close)
        room = LocalStockroom(
            desk.config,
            desk.clock,
            desk.journal,
            desk.catalogue,
            new_id=new_id,
            draw=lambda: secrets.randbelow(CODES),
            lan=desk.lan if desk.config.lan.broker else None,
        )
        yield Station(
            Counter(desk), room, elsewhere, LocalStaff(desk), devices, figures=FIGURES, language=speech.language
        )


def _money(amount: Money, currency: Currency, language: str) -> str:
    from kiosk.tools import figures  # noqa: PLC0415 - it loads Babel: only slips need it

    return figures.money(amount, currency, language)


def _moment(at: datetime, language: str) -> str:
    from kiosk.tools import figures  # noqa: PLC0415 - as money

    return figures.moment(at, language)


def _devices(desk: LocalDesk, speech: Speech, stack: ExitStack) -> Devices:
    config = desk.config.devices
    if not any((config.scanner, config.scale, config.printer, config.drawer, config.display)):
        return NoDevices()
    from kiosk.devices.local import LocalDevices  # noqa: PLC0415 - a till without devices starts without them

    head = config.head or [str(desk.config.site)]
    devices = LocalDevices(config, head=head, speak=speech.say, money=speech.money)
    stack.callback(devices.close)
    return devices


FIGURES: Final = Figures(_money, _moment)


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
