"""What the pump needs of the kiosk it serves: its journals, for reading, and a file of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from mqtt_bridge.urgent import Urgent


class Outbox(Protocol):
    """The journals, for reading."""

    def newest(self) -> Mapping[str, int]:
        """Return the last position of every stream."""
        ...

    def priority(self, stream: str) -> int:
        """Return how urgent a stream is; smaller goes first."""
        ...

    def read(self, stream: str, first: int) -> Sequence[bytes]:
        """Return stored facts from ``first`` on, as many as one batch holds."""
        ...

    def digest(self, stream: str, position: int) -> str | None:
        """Return the digest of the fact at ``position``, if there is one."""
        ...

    def urgent(self, acked: Mapping[str, int]) -> Sequence[Urgent]:
        """Return the requests above ``acked`` that nobody answered, oldest first; the same object if none changed."""
        ...

    def stirred(self) -> bool:
        """Return whether something was written since :meth:`newest` was asked; called a hundred times a second."""
        ...


class Store(Protocol):
    """What must outlive the process: acknowledgements, and what came down."""

    def incarnation(self) -> int:
        """Return the highest incarnation heard."""
        ...

    def acks(self) -> Mapping[str, int]:
        """Return the acknowledged position of every stream."""
        ...

    def save_acks(self, positions: Mapping[str, int], *, incarnation: int, at: datetime) -> None:
        """Store acknowledgements, synced."""
        ...

    def save_strayed(self, lane: str, epoch: int, position: int) -> None:
        """Store that the hub holds what the lane's journal does not, synced."""
        ...

    def save_state(self, *, connected: bool, problem: str) -> None:
        """Store the state of the link."""
        ...

    def down_positions(self) -> Mapping[tuple[str, int], int]:
        """Return how far each log of each generation was received."""
        ...

    def down_bytes(self) -> int:
        """Return how many bytes of down facts are stored."""
        ...

    def accept(self, log: str, generation: int, first: int, facts: tuple[bytes, ...]) -> None:
        """Store down facts, synced."""
        ...
