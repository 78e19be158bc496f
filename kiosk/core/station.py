"""All that a person at a till works with, as one value that dialogues take; and the ports that only they need."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from contract.shop import Person, Role
from contract.values import Quantity, SiteId, Sku
from kiosk.core.counter import Counter
from kiosk.core.ports import Stockroom


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


class Devices(Protocol):
    """What stands around the till. Nothing here ever keeps the till waiting."""

    def weigh(self) -> Quantity:
        """Return what lies on the scale.

        Raises: DeskError: there is none, it does not settle, it does not answer.
        """
        ...


class Station:
    """One till, for its dialogues. ``selected`` is the basket's line that is meant; -1: there is none."""

    def __init__(
        self, counter: Counter, stockroom: Stockroom, elsewhere: Elsewhere, staff: Staff, devices: Devices
    ) -> None:
        """Take the parts."""
        self.counter = counter
        self.stockroom = stockroom
        self.elsewhere = elsewhere
        self.staff = staff
        self.devices = devices
        self.selected = -1
