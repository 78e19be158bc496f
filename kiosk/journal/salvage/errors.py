"""Why a card was not salvaged; each message says what, why and what to do."""

from collections.abc import Sequence
from pathlib import Path

from contract.values import Address
from kiosk.journal.errors import JournalError


class CannotSalvage(JournalError):
    """The card was not salvaged; nothing of it was taken over."""


class NothingToSalvage(CannotSalvage):
    """What was named holds no journal, or more than one: another name is needed."""


class Unreadable(CannotSalvage):
    """A file or a folder of the card cannot be opened at all."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the path and what the system said."""
        super().__init__(
            f"cannot read {path}: {why}: run this as root; if the card is dying, copy it with ddrescue first"
        )


class ForeignCard(CannotSalvage):
    """The card is another kiosk's."""

    def __init__(self, device: Path, whose: Sequence[str], address: Address) -> None:
        """Name the owners found, and who asked."""
        found = ", ".join(whose[:5])
        super().__init__(
            f"{device} belongs to kiosk {found}, this folder to {address}: salvage it on a kiosk set up under that "
            "name, or name with --data a folder that holds its kiosk.toml and certificates"
        )


class NewerFacts(CannotSalvage):
    """The card holds facts that a newer release wrote."""

    def __init__(self, device: Path, what: str) -> None:
        """Name one type."""
        super().__init__(
            f"{device} holds facts of a newer release ({what}): install that release here, then salvage again"
        )


class NoRoom(CannotSalvage):
    """The disk has no room for a copy."""

    def __init__(self, folder: Path, free: int, needed: int) -> None:
        """Name both sizes."""
        super().__init__(f"{folder} has {free >> 20} MiB free, a copy of the card needs {needed >> 20} MiB: free space")


class Busy(CannotSalvage):
    """Another salvage is at work."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        super().__init__(f"another salvage is at work in {folder}: wait until it ends, then try again")
