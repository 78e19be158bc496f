"""What happened on the wires: faults that bit, and what the broker acknowledged and then lost. Shared by threads."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, NamedTuple

from storm.mqtt_frames import Publish

Count = Literal["cuts", "cuts_under_way", "delayed", "duplicated", "reordered", "facts_delivered", "broker_lost_acked"]

FACTS: Final = "/up/facts/"  # in the topic of every batch of facts
SETTLE_S: Final = 10.0  # for what a dead broker had sent before to be read; milliseconds, unless a wire is stuck


class Parcel(NamedTuple):
    """A batch of facts on its way: what its payload is known by, and how many facts its head speaks of."""

    digest: bytes
    facts: int


class Tally:
    """Counts. A wire adds to it, anybody may read it at any moment.

    ``cuts`` are those that ended a connection; ``cuts_under_way`` those among them that met a batch of facts which was
    published and not yet acknowledged. ``facts_delivered`` counts each fact as often as it was handed to the hub.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.cuts = 0
        self.cuts_under_way = 0
        self.delayed = 0
        self.duplicated = 0
        self.reordered = 0
        self.facts_delivered = 0
        self.broker_lost_acked = 0
        self._owed: set[bytes] = set()  # acknowledged by the broker, and not delivered
        self._delivered: set[bytes] = set()  # 100 bytes each: 200,000 batches are 20 MB
        self._listening = 0  # connections on which a broker may still say something
        self._changed = threading.Condition()

    def add(self, what: Count, by: int = 1) -> None:
        """Add to one count."""
        with self._changed:
            setattr(self, what, getattr(self, what) + by)

    def counts(self) -> dict[str, int]:
        """Return every count by its name."""
        with self._changed:
            return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def acknowledged(self, digest: bytes) -> None:
        """Note that the broker told a kiosk that it has taken this payload."""
        with self._changed:
            if digest not in self._delivered:
                self._owed.add(digest)

    def delivered(self, digest: bytes) -> None:
        """Note that the broker sent this payload to the hub. It may do so before it acknowledges it."""
        with self._changed:
            self._delivered.add(digest)
            self._owed.discard(digest)

    def acknowledged_not_delivered(self) -> int:
        """Return how many payloads the broker has acknowledged and not yet sent to the hub.

        The broker alive, they may be on their way; the broker killed, they are lost: ask :meth:`settle_broker_loss`,
        which first reads what the broker had sent.
        """
        with self._changed:
            return len(self._owed)

    def settle_broker_loss(self, *, within_s: float = SETTLE_S) -> int:
        """Move what a killed broker has lost to ``broker_lost_acked``, forget it, and return how much it was.

        Raises: TimeoutError if a broker is still heard.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._listening, within_s):
                raise TimeoutError(f"{self._listening} connections to the broker are still open after {within_s:g} s")
            lost = len(self._owed)
            self.broker_lost_acked += lost
            self._owed.clear()
            return lost

    @contextmanager
    def listening(self) -> Iterator[Callable[[], None]]:
        """Say that a broker may speak on a connection, until the function that this gives is called, or it is left."""
        still = [1]

        def end() -> None:
            with self._changed:
                self._listening -= still.pop() if still else 0
                self._changed.notify_all()

        with self._changed:
            self._listening += 1
        try:
            yield end
        finally:
            end()


def parcel_of(publish: Publish) -> Parcel | None:
    """Return the batch of facts in a message, None where it is something else."""
    if FACTS not in publish.topic:
        return None
    return Parcel(hashlib.sha256(publish.payload).digest(), _count_facts(publish.payload))


def _count_facts(payload: bytes) -> int:
    """Return how many facts the head of a batch says there are; what is no batch has none."""
    try:
        head: Any = json.loads(payload.partition(b"\n")[0])
    except ValueError:
        return 0
    count = head.get("count") if isinstance(head, dict) else None
    return count if isinstance(count, int) else 0
