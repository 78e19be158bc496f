"""All that a person at a till works with, as one value that dialogues take; and the ports that only they need."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from msgspec import Struct

from contract.sales import SaleRecorded
from contract.shop import Person, Role, Shop
from contract.values import Quantity, SiteId, Sku
from kiosk.core.counter import Counter
from kiosk.core.notices import Notice
from kiosk.core.ports import LastSale, Stockroom
from kiosk.core.slips import LANGUAGES, Figures

MAX_ERRORS: Final = 20  # as many as a person would look through; a screen shows half of them at once


class There(Struct, frozen=True):
    """What another site has, as the hub told last; ``shown`` as :mod:`contract.availability` says it."""

    site: SiteId
    shown: str
    age: timedelta | None


class Elsewhere(Protocol):
    """What other sites have: news, not a promise."""

    def find(self, sku: Sku) -> Sequence[There]:
        """Return what is known of ``sku``; nothing if nobody told. Raises DeskError."""
        ...

    def sites(self) -> Sequence[SiteId]:
        """Return the sites that anything was told of, by name. Raises DeskError."""
        ...


class Staff(Protocol):
    """Who works here, and whether a PIN is theirs."""

    def people(self, role: Role) -> Sequence[Person]:
        """Return who may do what ``role`` may."""
        ...

    def check(self, person: Person, pin: str) -> bool:
        """Return whether the PIN is right.

        Raises: DeskError after several wrong ones, saying how long to wait.
        """
        ...


class Scanned(Struct, frozen=True):
    """A code that a scanner on a line of its own read: no keys, so it is a scan on every screen."""

    code: str


class Devices(Protocol):
    """What stands around the till. Nothing here ever keeps the till waiting, and none of it ever stops a sale."""

    def weigh(self) -> Quantity:
        """Return what lies on the scale.

        Raises: DeskError: there is none, it does not settle, it does not answer.
        """
        ...

    def listen(self, wake: Callable[[], object]) -> None:
        """Begin: call ``wake``, from any thread, once for each thing that ``hear`` then gives."""
        ...

    def hear(self) -> Scanned | Notice | None:
        """Return the oldest thing that came and was not taken yet: a scan, or what somebody must know once."""
        ...

    def warnings(self) -> Sequence[str]:
        """Return what is wrong with a device as long as it is wrong, with what to do."""
        ...

    def after_sale(self, sale: SaleRecorded, shop: Shop) -> None:
        """Open the drawer if cash moved, then print the receipt, once. ``sale`` is as it was recorded, and synced."""
        ...

    def show_shopper(self, top: str, bottom: str) -> None:
        """Let the shopper read two rows."""
        ...


class Station:
    """One till, for its dialogues. ``selected`` is the basket's line that is meant; -1: there is none.

    ``typed`` is what stood in the entry line when the key of an action was pressed: ``red`` and the key of hold put
    the basket aside as red. A dialogue that has a use for it takes it as an answer; what is not taken stays there.
    """

    def __init__(
        self,
        counter: Counter,
        stockroom: Stockroom,
        elsewhere: Elsewhere,
        staff: Staff,
        devices: Devices,
        *,
        figures: Figures,
        language: str = LANGUAGES[0],
    ) -> None:
        """Take the parts; ``figures`` write money and moments on a shopper's slip, in ``language`` unless asked."""
        self.counter = counter
        self.stockroom = stockroom
        self.elsewhere = elsewhere
        self.staff = staff
        self.devices = devices
        self.figures = figures
        self.language = language
        self.errors: deque[str] = deque(maxlen=MAX_ERRORS)  # what went wrong, oldest first
        self.selected = -1
        self.typed = ""
        counter.on_sold = self.sold

    def take_typed(self) -> str:
        """Return what was typed before the key of an action, once; empty if nothing was."""
        taken, self.typed = self.typed, ""
        return taken

    def sold(self, sale: SaleRecorded) -> None:
        """Do what follows a sale that is on record: the drawer, the receipt. Whoever records a sale calls it once."""
        self.counter.last_sale = LastSale(sale.receipt, sale.total_minor, sale.currency)
        self.devices.after_sale(sale, self.counter.shop)
