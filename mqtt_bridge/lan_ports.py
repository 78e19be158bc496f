"""What the LAN link needs of the kiosk it serves: its till's journal, for reading, and its part of ``link.db``."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from contract.codec import Stamp
from contract.lan import Holds, Mark, Presence


class Moving(NamedTuple):
    """Rights that left for a life of another till and are not known to have arrived: the stored fact."""

    receiver: str
    epoch: int
    raw: bytes


class Standing(NamedTuple):
    """What this till has to say, as its journal stands. ``asks``: by neighbour, the question's id and message.

    ``mark``: its last fact, if it has any in this life.
    """

    presence: Presence
    holds: Holds
    asks: Mapping[str, tuple[str, bytes]]
    moves: Mapping[str, Moving]
    mark: Mark | None = None


class TillView(Protocol):
    """The till's journal, for reading."""

    def standing(self) -> Standing | None:
        """Return what the till has to say, the same object while nothing changed; None before it has a journal."""
        ...

    def acceptance(self, move: str) -> bytes | None:
        """Return the stored fact by which a move was accepted, empty if the fact is lost; None if it was not."""
        ...

    def gave(self, move: str) -> bool:
        """Return whether rights ever left under this id."""
        ...

    def digest(self, epoch: int, position: int) -> str | None:
        """Return the digest of the fact at ``position``, if there is one."""
        ...


class LanStore(Protocol):
    """What was heard, for the backroom."""

    def hub_connected(self) -> bool:
        """Return whether the link to the hub's broker is up."""
        ...

    def put_presence(self, kiosk: str, told: Presence, now: Stamp, *, live: bool) -> bool:
        """Store where a till is; return False if there are too many."""
        ...

    def put_holds(self, kiosk: str, told: Holds) -> None:
        """Store what a till holds, if it is known."""
        ...

    def forget(self, kiosk: str) -> None:
        """Forget a till."""
        ...

    def put_heard(self, kind: str, kiosk: str, name: str, raw: bytes, now: Stamp) -> bool:
        """Store a message that waits for the backroom; return False if too many wait."""
        ...

    def clear_heard(self) -> None:
        """Forget what waits for the backroom."""
        ...

    def drop(self, kind: str, kiosk: str, name: str) -> None:
        """Forget a message."""
        ...

    def save_strayed(self, epoch: int, position: int) -> None:
        """Store that others hold what the till's journal does not, synced."""
        ...

    def save_state(self, *, connected: bool, problem: str, refused: int) -> None:
        """Store what a person may want to know."""
        ...
