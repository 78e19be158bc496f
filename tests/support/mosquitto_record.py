"""What a link told, with deadlines to wait for it."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from broker import Broker

from mqtt_bridge.backoff import Backoff
from mqtt_bridge.link import BrokerUrl, LinkEvent

E = TypeVar("E")

DEADLINE_S = 15.0  # a TLS connection takes 0.05 s here; a loaded machine was seen to need seconds


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # jitter is no secret


QUICK = Backoff(seeded(7), min_s=0.05, max_s=0.2)  # tests need not spare a broker


def url_of(broker: Broker, *, tls: bool = False) -> BrokerUrl:
    return BrokerUrl(broker.host, broker.port, tls)


class Record:
    """Receives events; each one is expected once, in any order."""

    def __init__(self) -> None:
        self._told: list[LinkEvent] = []
        self._news = threading.Condition()

    def __call__(self, event: LinkEvent) -> None:
        with self._news:
            self._told.append(event)
            self._news.notify_all()

    def expect(self, kind: type[E], where: Callable[[E], bool] = lambda _: True, within_s: float = DEADLINE_S) -> E:
        """Return the first event of this kind that fits and was not expected before; wait for it."""
        give_up_at_s = time.monotonic() + within_s
        with self._news:
            while True:
                for place, event in enumerate(self._told):
                    if isinstance(event, kind) and where(event):
                        del self._told[place]
                        return event
                left_s = give_up_at_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError(f"no such {kind.__name__} within {within_s:g} s; told last: {self._told[-3:]}")
                self._news.wait(left_s)

    def all_of(self, kind: type[E]) -> list[E]:
        """Return what of this kind was told and not expected."""
        with self._news:
            return [event for event in self._told if isinstance(event, kind)]
