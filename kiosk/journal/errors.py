"""What can go wrong with a kiosk's databases; each message says what, where and what to do."""

from pathlib import Path

from contract.stock import StockKey
from kiosk.core.deliveries import received_already
from kiosk.core.ports import AlreadySold, DeskError, NoLongerHeld
from kiosk.core.words import say


class JournalError(DeskError):
    """The journal could not do what was asked; nothing of it was written."""


class NewerDatabase(JournalError):
    """The file was written by a newer release."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        """Name the file and both versions."""
        super().__init__(
            say(
                "{path} is of database version {found}, this program knows {known}: install the newer release again",
                path=str(path),
                found=found,
                known=known,
            )
        )


class StorageFailed(JournalError):
    """The disk is full, read-only or broken."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the file and what the database said."""
        told = say(
            "cannot write {path}: {why}: free space, or make the folder writable, then try again",
            path=str(path),
            why=why,
        )
        super().__init__(told)
        self.path = path
        self.why = why


class NotADatabase(JournalError):
    """The file exists and is no database of ours."""

    def __init__(self, path: Path, why: str) -> None:
        """Name the file and what the database said."""
        told = say(
            "{path} cannot be read as a database: {why}: move it away and restore a copy", path=str(path), why=why
        )
        super().__init__(told)


class BasketClosed(JournalError, AlreadySold):
    """The basket was sold before, or is not there; it cannot be sold again."""

    def __init__(self, basket: str) -> None:
        """Name the basket."""
        super().__init__(say("basket {basket} is closed already: nothing was sold twice", basket=basket))


class RightsMissing(JournalError):
    """This kiosk has not the rights to set so much aside, to give it away or to promise it."""

    def __init__(self, sku: str, wanted: int, there: int) -> None:
        """Name the goods, what was wanted and what is there."""
        told = say(
            "{sku}: {wanted} wanted, {there} there by right: take less, or ask the hub for the rest",
            sku=sku,
            wanted=wanted,
            there=there,
        )
        super().__init__(told)
        self.sku = sku
        self.wanted = wanted
        self.there = there


class NotHeld(JournalError, NoLongerHeld):
    """The reservation ended before, or this life of the kiosk never held it."""

    def __init__(self, reservation: str, state: str) -> None:
        """Name the reservation and what became of it."""
        told = say(
            "reservation {id} is {state}: nothing was taken from it; look it up again", id=reservation, state=state
        )
        super().__init__(told)


class KnownAlready(JournalError):
    """The id of a reservation or a promise was used before."""

    def __init__(self, what: str, name: str) -> None:
        """Name it."""
        told = say(
            "{what} {name} is known already: nothing was done twice; give it an id of its own", what=what, name=name
        )
        super().__init__(told)


class BookedAlready(JournalError):
    """What a passage brought is in this kiosk's books."""

    def __init__(self, what: str, name: str, *, next_part: int | None = None) -> None:
        """Name it, and how what came besides is booked."""
        told = say(
            "{what} {name} was booked here already: nothing was booked twice; count what lies there",
            what=what,
            name=name,
        )
        if next_part:
            told = say("{told}; if more of it came since, that is part {part}", told=told, part=next_part)
        super().__init__(told)


class PartMissing(JournalError):
    """A part of a transfer was named before the one that comes before it."""

    def __init__(self, transfer: str, part: int) -> None:
        """Name the part that is next."""
        told = say(
            "the next part of transfer {transfer} that is booked here is {part}: book part {part}",
            transfer=transfer,
            part=part,
        )
        super().__init__(told)


class ReceivedAlready(JournalError):
    """A line of a delivery was received at this kiosk before."""

    def __init__(self, advice: str, what: StockKey) -> None:
        """Name the delivery and the goods."""
        super().__init__(str(received_already(advice, what)))


class WrongKiosk(JournalError):
    """The folder belongs to another kiosk."""

    def __init__(self, path: Path, found: str, wanted: str) -> None:
        """Name both kiosks."""
        super().__init__(f"{path} belongs to kiosk {found}, the settings say {wanted}: correct one of them")
